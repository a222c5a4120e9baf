"""CMS's Claim and Claim Line Feed (CCLF), as accountable care organisations receive it: files 0 to 9, A and B of fixed
width, in zips or as they are, by the names that CMS gives them.

Source: CMS, CCLF Information Packet, versions 36 and 38; see `cclf_layouts` for where its positions were read. Part A,
B, D and the people are in `cclf_part_a`, `cclf_part_b`, `cclf_part_d` and `cclf_people`, and when each was known.

File 0 counts the records of the other files of its delivery. A count that differs from what was read, and a file that
it names and that is nowhere, put its row in the quarantine with that reason; the records themselves are loaded.

Files 1 to 4 and A of a delivery are loaded together: a line of 2, 3, 4 or A whose header is in none of these files is
set aside.

Checked on files of others: 0, 8 and 9, on the samples of CMS's BCDA. Files 1 to 7, A and B are checked by files of our
own only, whose widths were typed from another source than the reader's positions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from features.record.store import FileCount, Writer
from features.sources import cclf_claims, cclf_lines, cclf_part_a, cclf_part_b, cclf_part_d
from features.sources.cclf_layouts import TITLES
from features.sources.cclf_people import DEMOGRAPHICS, XREF
from features.sources.files import InputFile
from features.sources.reader import Delivery, Layout, Reader, Unfolded

if TYPE_CHECKING:
    import ibis.expr.types as ir

CLAIMS_LAG_DAYS = 90  # from so many days before the last claim, claims are still on their way
NO_USE = {"0": "summary statistics", "B": "flags of Part B"}
OLD_NUMBERS = "rows of file 9 about numbers before MBIs (HICN)"
CAME_AGAIN = "records of claims that were told before"
CLAIMS = {
    "1": cclf_part_a.CLAIMS,
    "5": cclf_part_b.PHYSICIANS,
    "6": cclf_part_b.EQUIPMENT,
    "7": cclf_part_d.FILLS,
}

Good = tuple[tuple[Layout, "ir.Table"], ...]


@dataclass(frozen=True)
class _Load:
    writer: Writer
    found: cclf_lines.Read
    delivery: Delivery

    def has(self, kind: str) -> bool:
        return kind in self.found.lines

    def set_aside(self, layout: Layout, view: str) -> ir.Table:
        """The rows of a view that no rule of the layout objects to; the others are noted with their reason."""
        import ibis

        engine, con = self.writer.engine, self.writer.con
        raw = engine.table(view)
        cases = [(wrong.fill_null(False), ibis.literal(why)) for why, wrong in layout.rejects(raw).items()]
        marked = raw.select(number=raw.number, reason=ibis.cases(*cases, else_=ibis.null("string")))
        con.execute(f"INSERT INTO cclf_wrong {engine.compile(marked.filter(marked.reason.notnull()))}")
        return raw.anti_join(engine.table("cclf_wrong"), "number")


def _unfold(writer: Writer, files: Sequence[InputFile], scratch: Path, delivery: Delivery) -> Unfolded:
    says = [(file, cclf_lines.told(file)) for file in files]
    ours = [(file, told) for file, told in says if told is not None]
    unread = tuple(file.name for file, told in says if told is None)
    if not ours:
        return Unfolded((), _nothing(), (), unread)
    found = cclf_lines.read(ours, scratch)
    cclf_lines.make_views(writer, found)
    load = _Load(writer, found, delivery)
    writer.con.execute("CREATE TEMP TABLE cclf_wrong (number BIGINT, reason VARCHAR)")
    claims, again = _claims(load)
    good = (*_people(load), *claims, *_under_headers(load))
    if load.has("B"):
        load.set_aside(cclf_part_b.ENHANCEMENTS, "cclf_told_B")
    _check_statistics(load)
    rejected = _rejected(load)
    counts = _counts(load)
    return Unfolded(good, rejected, counts, unread, _unused(load, counts, again))


def _with_person(load: _Load, kind: str, more: str = "", joins: str = "") -> str:
    """The name of a view of a file's records with `person_id`: the beneficiary's number."""
    load.writer.con.execute(
        f"CREATE TEMP VIEW cclf_{kind} AS SELECT t.*, t.BENE_MBI_ID AS person_id{more} FROM cclf_told_{kind} t {joins}"  # noqa: S608
    )
    return f"cclf_{kind}"


def _people(load: _Load) -> Good:
    good: list[tuple[Layout, ir.Table]] = []
    if load.has("8"):
        good.append((DEMOGRAPHICS, load.set_aside(DEMOGRAPHICS, _with_person(load, "8"))))
    if load.has("9"):
        good.append((XREF, load.set_aside(XREF, "cclf_told_9")))
    return tuple(good)


def _claims(load: _Load) -> tuple[Good, int]:
    """New records of claims with their facts, and how many came again; also the table `cclf_headers` of Part A, with
    `again` where the header did.
    """
    engine = load.writer.engine
    kept = {}
    for kind, layout in CLAIMS.items():
        if load.has(kind):
            view = _with_person(load, kind, *(_beside_headers(load) if kind == "1" else ()))
            kept[kind] = load.set_aside(layout, view)
    if not kept:
        return (), 0
    again = cclf_claims.remember(load.writer, [load.found.lines[kind] for kind in kept])
    good = []
    for kind, rows in kept.items():
        layout = CLAIMS[kind]
        if layout.derives is not None:
            facts = engine.create_table(f"cclf_facts_{kind}", layout.derives(rows, load.delivery), temp=True)
            rows = rows.inner_join(facts, "line")
        if kind == "1":
            came = rows.number.isin(engine.table("cclf_again").number)
            chosen = rows.select("delivery", "CUR_CLM_UNIQ_ID", *cclf_part_a.HEADER, again=came)
            engine.create_table("cclf_headers", chosen, temp=True)
        good.append((layout, rows.anti_join(engine.table("cclf_again"), "number")))
    return tuple(good), again


def _beside_headers(load: _Load) -> tuple[str, str]:
    """What other files tell of a header: the day of admission (A), and whether its principal diagnosis was present on
    admission (4).
    """
    columns, joins = [], []
    for kind, key, value, name in (
        ("A", "", "CLM_ACTV_CARE_FROM_DT", "active_care"),
        ("4", "CLM_DGNS_CD", "CLM_POA_IND", "principal_poa"),
    ):
        if not load.has(kind):
            columns.append(f"NULL::VARCHAR AS {name}")
            continue
        also, on = (f", {key}", f" AND {name}.{key} = t.PRNCPL_DGNS_CD") if key else ("", "")
        columns.append(f"{name}.{name}")
        joins.append(
            f"LEFT JOIN (SELECT delivery, CUR_CLM_UNIQ_ID{also}, min({value}) AS {name} FROM cclf_told_{kind} "  # noqa: S608
            f"GROUP BY ALL) {name} ON {name}.delivery = t.delivery AND {name}.CUR_CLM_UNIQ_ID = t.CUR_CLM_UNIQ_ID{on}"
        )
    return ", " + ", ".join(columns), " ".join(joins)


def _under_headers(load: _Load) -> Good:
    """Lines, procedures and diagnoses of new versions of Part A claims, with the facts of their headers."""
    con, good = load.writer.con, []
    facts = ", ".join(f"h.{name}" for name in (*cclf_part_a.HEADER, "again"))
    if not load.has("1"):
        nothing = ", ".join(f"NULL::VARCHAR AS {name}" for name in ("delivery", "CUR_CLM_UNIQ_ID", *cclf_part_a.HEADER))
        con.execute(f"CREATE TEMP TABLE cclf_headers AS SELECT {nothing}, false AS again WHERE false")
    for kind, layout in cclf_part_a.UNDER.items():
        if load.has(kind):
            con.execute(
                f"CREATE TEMP VIEW cclf_{kind} AS SELECT t.*, {facts} FROM cclf_told_{kind} t "  # noqa: S608
                "LEFT JOIN cclf_headers h USING (delivery, CUR_CLM_UNIQ_ID)"
            )
            rows = load.set_aside(layout, f"cclf_{kind}")
            if load.has("1"):
                good.append((layout, rows.filter(~rows.again)))
    return tuple(good)


# ---- file 0


def _check_statistics(load: _Load) -> None:
    """Note the rows of file 0 that do not agree with what was read of their delivery, now or before."""
    if not load.has(cclf_lines.STATISTICS):
        return
    read = _records((says, lines) for _, says, lines in load.found.files)
    held = [file for batch in load.writer.manifest.batches if batch.reader == READER.name for file in batch.files]
    before = _records((says, file.read) for file in held if (says := cclf_lines.told_by(file.name)) is not None)
    read = {**before, **read}
    query = "SELECT number, delivery, text FROM read_parquet(?) JOIN cclf_files USING (place)"
    path = str(load.found.lines[cclf_lines.STATISTICS])
    wrong = [
        (number, reason)
        for number, delivery, text in load.writer.con.execute(query, [path]).fetchall()
        if (reason := _disagrees(text, delivery, read)) is not None
    ]
    if wrong:
        load.writer.con.executemany("INSERT INTO cclf_wrong VALUES (?, ?)", wrong)


def _records(files: Iterable[tuple[cclf_lines.Told, int]]) -> dict[tuple[str, str], int]:
    """How many records each kind of file has, by (delivery, file)."""
    read: dict[tuple[str, str], int] = {}
    for says, lines in files:
        read[says.delivery, says.file] = read.get((says.delivery, says.file), 0) + lines
    return read


def _disagrees(text: str, delivery: str, read: Mapping[tuple[str, str], int]) -> str | None:
    """What is wrong with a row of file 0: name | title | records | length, parted by bars at varying places."""
    cells = [cell.strip() for cell in text.split("|")]
    if len(cells) != 4:
        return "not a row of file 0: it has not four parts between bars"
    name, _, told, _ = cells
    if name == "File Number":
        return None
    file = name.removeprefix("CCLF")
    if file == name or file not in TITLES or not told.isdecimal():
        return "not a row of file 0: it names no file of the feed with a number of records"
    count = read.get((delivery, file))
    if count is None:
        return f"file {file} ({TITLES[file]}) was not delivered, and file 0 counts records of it" if int(told) else None
    if count != int(told):
        return f"file {file} ({TITLES[file]}) has other than the number of records that file 0 counts"
    return None


# ---- the account


def _rejected(load: _Load) -> ir.Table:
    """file, line, reason and the line itself, of broken lines and of records that a rule objects to."""
    import pyarrow as pa

    con = load.writer.con
    names = [file.name for file, _, _ in load.found.files]
    con.register(
        "cclf_names",
        pa.table({"place": pa.array(range(len(names)), pa.int64()), "file": pa.array(names, pa.string())}),
    )
    lines = cclf_lines.literal(*load.found.lines.values())
    kept = "SELECT place, stands, reason, text FROM "
    why = "(SELECT number, min(reason) AS reason FROM cclf_wrong GROUP BY number)"
    ruled = f"UNION ALL {kept} read_parquet({lines}) JOIN {why} USING (number)" if load.found.lines else ""
    con.execute(
        "CREATE TEMP TABLE cclf_rejected AS SELECT n.file, r.place, r.stands AS line, r.reason, r.text AS raw "  # noqa: S608
        f"FROM ({kept} read_parquet({cclf_lines.literal(load.found.broken)}) {ruled}) r JOIN cclf_names n USING (place)"
    )
    return load.writer.engine.table("cclf_rejected").select("file", "line", "reason", "raw")


def _counts(load: _Load) -> tuple[FileCount, ...]:
    query = "SELECT place, count(*) FROM cclf_rejected GROUP BY place"
    wrong = dict(load.writer.con.execute(query).fetchall())
    return tuple(
        FileCount(
            file.name,
            file.sha256,
            f"CCLF{told.file} {TITLES[told.file]}",
            lines,
            lines - wrong.get(place, 0),
            wrong.get(place, 0),
        )
        for place, (file, told, lines) in enumerate(load.found.files)
    )


def _unused(load: _Load, counts: Sequence[FileCount], again: int) -> dict[str, int]:
    """Good rows that become nothing."""
    files = [told.file for _, told, _ in load.found.files]
    found = {
        f"rows of file {kind} ({says})": sum(c.loaded for c, of in zip(counts, files, strict=True) if of == kind)
        for kind, says in NO_USE.items()
    }
    found |= {CAME_AGAIN: again, OLD_NUMBERS: _old_numbers(load)}
    return {says: count for says, count in found.items() if count}


def _old_numbers(load: _Load) -> int:
    if not load.has("9"):
        return 0
    good = "number NOT IN (SELECT number FROM cclf_wrong)"
    query = f"SELECT count(*) FROM cclf_told_9 WHERE HICN_MBI_XREF_IND = 'H' AND {good}"  # noqa: S608  # own names
    (found,) = load.writer.con.execute(query).fetchall()
    return int(found[0])


def _nothing() -> ir.Table:
    import ibis

    return ibis.memtable({"file": [], "line": [], "reason": [], "raw": []}).cast(
        {"file": "string", "line": "int64", "reason": "string", "raw": "string"}
    )


READER = Reader(
    name="cclf",
    says="CMS's Claim and Claim Line Feed: files named as CMS names them, such as P.A1234.ACO.ZC1Y24.D240115.T1200000",
    layouts=(DEMOGRAPHICS, XREF, *CLAIMS.values(), *cclf_part_a.UNDER.values(), cclf_part_b.ENHANCEMENTS),
    lacks={
        "person.ethnicity": "CMS's race code has no ethnicity beside it",
        "coverage.plan": "file 8 does not say which plan",
        "coverage.managed_care": "file 8 does not say in which months a managed-care plan paid",
        "coverage.drug_coverage": "file 8 does not say whether medicines are covered",
        "dispensing.paid": "file 7 says what the beneficiary paid, not what the plan did",
        "provider": "files 5 and 6 name clinicians by number only, and specialties by CMS's numbers for them",
        "contact_details.phone": "file 8 has no telephone numbers",
        "contact_details.preferred_language": "file 8 has no languages",
    },
    claims_lag=CLAIMS_LAG_DAYS,
    admissions_lag=CLAIMS_LAG_DAYS,
    unfolds=_unfold,
    named=cclf_lines.NAMED,
)
