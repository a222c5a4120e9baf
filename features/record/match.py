"""Who is one person: identifiers that two numbers share, then linkage of what is told of them, then a clerk.

A pair is merged when it shares an identifier, or when linkage gives it at least the threshold, unless something speaks
against it (DOUBTS) or the two, or others already merged with them, were held apart before: such pairs, and those in the
grey zone below the threshold, go to review. A payer that gives one number to a whole family, or twins of one address,
are for a clerk, not for a rule, and so are two numbers that one source gives and linkage alone would join: it may know
why. What a clerk decides is a merge or an apart of its own and is never asked again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features import windows
from features.errors import BadInput
from features.record.identity import APART, MERGED, in_force, merge_id
from features.record.linkage import COLUMNS, likely
from features.record.record import Record, open_record
from features.record.store import Batch, Writer, batch_id, commit, loading, read_manifest
from features.record.tables import CONTACT_DETAILS, IDENTIFIER, PERSON, PERSON_MERGE

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

THRESHOLD, GREY_FROM = 0.95, 0.5
ONE_PERSONS = (
    "mbi",
    "mrn",
    "member",
)  # identifiers that are given to one person; of the last two only with their owner
MOST_SHARING = 10  # a number that more people share than this is a placeholder
HELD_APART = "held apart before"
# what speaks against a pair, in the engine's words on the two people's facts
DOUBTS = {
    "sexes differ": "a.sex <> b.sex",
    "days of birth differ": "damerau_levenshtein(a.birth, b.birth) > 1",
    # the family name may have been written first
    "first names differ": "jaro_winkler_similarity(a.first_name, b.first_name) < 0.7"
    " AND coalesce(jaro_winkler_similarity(a.first_name, b.last_name) < 0.7, true)"
    " AND coalesce(jaro_winkler_similarity(a.last_name, b.first_name) < 0.7, true)",
    "Medicare numbers differ": "NOT list_has_any(a.mbi, b.mbi)",
    "no day of birth": "evidence = 'linkage' AND (a.birth IS NULL OR b.birth IS NULL)",
    "one source tells them apart": "evidence = 'linkage' AND list_has_any(a.sources, b.sources)",
}


@dataclass(frozen=True)
class Pair:
    """Two numbers that may be one person. `known_at` is when that could be concluded, `doubt` what speaks against."""

    one: str
    other: str
    evidence: str
    known_at: int
    probability: float | None = None
    doubt: str | None = None


@dataclass(frozen=True)
class Matched:
    """What a match did: pairs merged, pairs for review, and how many identifiers more than MOST_SHARING people share.
    `people` holds the facts (COLUMNS) by number, for who reviews.
    """

    people: Mapping[str, Mapping[str, str | None]]
    merged: tuple[Pair, ...] = ()
    review: tuple[Pair, ...] = ()
    decided: int = 0
    placeholders: int = 0

    @property
    def by_evidence(self) -> Counter[str]:
        """How many pairs were merged, by evidence."""
        return Counter(pair.evidence for pair in self.merged)


@dataclass
class _Groups:
    """Numbers merged so far, and the pairs held apart."""

    of: dict[str, frozenset[str]] = field(default_factory=dict)
    apart: dict[str, set[str]] = field(default_factory=dict)

    def group(self, number: str) -> frozenset[str]:
        return self.of.get(number, frozenset((number,)))

    def held_apart(self, pair: Pair) -> bool:
        few, many = sorted((self.group(pair.one), self.group(pair.other)), key=len)
        return any(self.apart.get(number, set()) & many for number in few)

    def join(self, pair: Pair) -> None:
        both = self.group(pair.one) | self.group(pair.other)
        self.of.update(dict.fromkeys(both, both))


def match(store: Path, threshold: float, decisions: Mapping[tuple[str, str], str]) -> Matched:
    """Merge who is one person in a store, in one batch. `decisions` are a clerk's, `merged` or `apart`, by pair. Raises
    BadInput where one of the people decided on is not in the store.
    """
    read_manifest(store)  # where there is no store, none is made
    with loading(store) as writer:
        record = open_record(store)
        before = record.con.to_pyarrow(record.told[PERSON_MERGE.name]).to_pylist()
        facts = people(record)
        clerks = _decided(decisions, before, {*facts["person_id"].to_pylist(), *_numbers(record)})
        shared, placeholders = _shared(record)
        linked = likely(facts.select(["person_id", *COLUMNS]), GREY_FROM)
        pairs = with_doubts(facts, [*shared, *_linked(linked, facts)])
        merged, review = settle(pairs, [*before, *clerks], threshold)
        _write(writer, [*clerks, *(_row(pair, MERGED) for pair in merged)])
        asked = {number for pair in (*merged, *review) for number in (pair.one, pair.other)}
        of_them = {row["person_id"]: row for row in facts.to_pylist() if row["person_id"] in asked}
    return Matched(of_them, tuple(merged), tuple(review), len(clerks), placeholders)


def unmatch(store: Path, name: str) -> None:
    """Undo a merge by its id: from now on it never was. Raises BadInput where no such merge holds."""
    read_manifest(store)  # where there is no store, none is made
    with loading(store) as writer:
        record = open_record(store)
        rows = record.con.to_pyarrow(record.told[PERSON_MERGE.name]).to_pylist()
        held = [merge for merge in in_force(rows) if merge_id(merge.survivor, merge.absorbed) == name]
        if not held:
            raise BadInput(
                got="a merge that does not hold", expected="a merge_id of `afterward match --merges`", do="Look it up."
            )
        pair = Pair(held[0].survivor, held[0].absorbed, "review", _after(rows, name))
        _write(writer, [_row(pair, APART)])


def merges(record: Record) -> list[dict[str, str]]:
    """Every merge that holds: merge_id, person_id, absorbed_id, evidence, probability (of linkage) and known_at."""
    rows = record.con.to_pyarrow(record.told[PERSON_MERGE.name]).to_pylist()
    told = {(row["merge_id"], row["known_at"]): row for row in rows if row["status"] == MERGED}
    found = []
    for merge in record.merges:
        row = told[merge_id(merge.survivor, merge.absorbed), merge.known_at]
        probability = "" if row["probability"] is None else f"{row['probability'] / 1000:.3f}"
        names = {name: str(row[name]) for name in ("merge_id", "person_id", "absorbed_id", "evidence")}
        found.append({**names, "probability": probability, "known_at": windows.stamp(merge.known_at, record.zone)})
    return found


# ---- what is told of people


def people(record: Record) -> pa.Table:
    """Each number's facts as last told, in one spelling: person_id, COLUMNS, mbi (all of them), sources, and known_at,
    since when all of these were known.
    """
    import ibis

    told = ibis.union(*_told(record))
    values = told.group_by("person_id", "column", "value").aggregate(
        since=told.known_at.min(), last=told.known_at.max()
    )
    # of two told at once the greater, so that the order of rows decides nothing
    order = ibis.window(group_by=["person_id", "column"], order_by=[ibis.desc("last"), ibis.desc("value")])
    latest = values.mutate(place=ibis.row_number().over(order)).filter(lambda t: t.place == 0)
    facts = latest.group_by("person_id").aggregate(
        **{name: latest["value"].max(where=latest["column"] == name) for name in COLUMNS},
        known_at=latest.since.max(),
    )
    by_source = told.group_by("person_id").aggregate(sources=told.source.collect(distinct=True))
    numbers = record.told[IDENTIFIER.name]
    numbers = numbers.filter(numbers.system == "mbi").group_by("person_id").aggregate(mbi=numbers.value.collect())
    facts = facts.left_join(by_source, "person_id").drop("person_id_right")
    facts = facts.left_join(numbers, "person_id").drop("person_id_right")
    return _with_dates(record.con.to_pyarrow(facts.order_by("person_id")))


def _told(record: Record) -> list[ir.Table]:
    """What was told of each number, in long form: person_id, source, column, value, known_at."""
    import ibis

    who, reach = record.told[PERSON.name], record.told[CONTACT_DETAILS.name]
    phone = reach.phone.re_replace("[^0-9]", "").nullif("")
    columns: list[tuple[str, ir.Table, ir.StringValue]] = [
        ("birth", who, who.birth_day.cast("string")),
        ("sex", who, who.sex.nullif("unknown")),
        ("zip_code", who, _plain(who.zip_code).substr(0, 5)),
        ("phone", reach, ibis.ifelse(phone.length() > 10, phone.right(10), phone)),
        ("email", reach, reach.email.lower().strip().nullif("")),
        *((name, reach, _plain(reach[name])) for name in ("first_name", "last_name", "address", "city")),
    ]
    parts = [
        rows.select("person_id", "source", "known_at", column=ibis.literal(name), value=value)
        for name, rows, value in columns
    ]
    return [part.filter(part["value"].notnull()) for part in parts]


def _plain(text: ir.StringValue) -> ir.StringValue:
    return text.lower().re_replace(r"[^\p{L}\p{N}]", "").nullif("")


def _with_dates(table: pa.Table) -> pa.Table:
    import pyarrow as pa

    days = table["birth"].to_pylist()
    births = pa.array([None if day is None else windows.iso(int(day)) for day in days], pa.string())
    return table.set_column(table.column_names.index("birth"), "birth", births)


def _numbers(record: Record) -> list[str]:
    found: list[str] = record.con.to_pyarrow(record.told[IDENTIFIER.name].select("person_id"))["person_id"].to_pylist()
    return found


# ---- pairs


def _shared(record: Record) -> tuple[list[Pair], int]:
    """Pairs that share an identifier, known from when the later of the two told it; and how many are placeholders."""
    import ibis

    rows = record.told[IDENTIFIER.name]
    rows = rows.filter(rows.system.isin(ONE_PERSONS), (rows.system == "mbi") | rows.owner.notnull())
    rows = rows.mutate(owner=rows.owner.fill_null(""))
    key = ["system", "owner", "value"]
    rows = rows.group_by(*key, "person_id").aggregate(known_at=rows.known_at.min())
    sharing = rows.group_by(key).aggregate(people=rows.count()).filter(lambda t: t.people > 1)
    rows = rows.inner_join(sharing, key)
    few = rows.filter(rows.people <= MOST_SHARING)
    pairs = few.inner_join(few.view(), key)
    pairs = pairs.filter(pairs.person_id < pairs.person_id_right)
    pairs = pairs.mutate(known=ibis.greatest(pairs.known_at, pairs.known_at_right))
    found = pairs.group_by("person_id", "person_id_right").aggregate(known=pairs.known.min())
    listed = record.con.to_pyarrow(found.order_by("person_id", "person_id_right")).to_pylist()
    many = int(record.con.to_pyarrow(sharing.filter(sharing.people > MOST_SHARING).count()).as_py())
    return [Pair(row["person_id"], row["person_id_right"], "identifier", row["known"]) for row in listed], many


def _linked(found: Iterable[Any], facts: pa.Table) -> list[Pair]:
    known = dict(zip(facts["person_id"].to_pylist(), facts["known_at"].to_pylist(), strict=True))
    return [
        Pair(pair.one, pair.other, "linkage", max(known[pair.one], known[pair.other]), pair.probability)
        for pair in found
    ]


def with_doubts(facts: pa.Table, pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs with the first thing that speaks against each; what one of the two did not tell speaks against none."""
    import duckdb
    import pyarrow as pa

    con = duckdb.connect()
    con.register("facts", facts)
    texts = {name: pa.array([getattr(p, name) for p in pairs], pa.string()) for name in ("one", "other", "evidence")}
    con.register("pairs", pa.table({"place": pa.array(range(len(pairs)), pa.int64()), **texts}))
    cases = " ".join(f"WHEN {sql} THEN '{doubt}'" for doubt, sql in DOUBTS.items())
    found = con.execute(
        f"SELECT place, CASE {cases} END FROM pairs "  # noqa: S608  # declared words only
        "LEFT JOIN facts a ON a.person_id = one LEFT JOIN facts b ON b.person_id = other ORDER BY place"
    ).fetchall()
    return [replace(pair, doubt=doubt) for pair, (_, doubt) in zip(pairs, found, strict=True)]


def settle(pairs: Sequence[Pair], told: Sequence[Mapping[str, Any]], threshold: float) -> tuple[list[Pair], list[Pair]]:
    """(merged, for review). The surest pairs first; a pair that is one already, or was decided, is in neither."""
    state = _Groups()
    held = {merge_id(merge.survivor, merge.absorbed): merge for merge in in_force(told)}
    for merge in held.values():
        state.join(Pair(merge.survivor, merge.absorbed, "", merge.known_at))
    for row in told:
        if row["merge_id"] not in held:
            for one, other in ((row["person_id"], row["absorbed_id"]), (row["absorbed_id"], row["person_id"])):
                state.apart.setdefault(one, set()).add(other)
    merged, review = [], []
    order = sorted(pairs, key=lambda p: (p.evidence != "identifier", -(p.probability or 1), p.known_at, p.one, p.other))
    for pair in order:
        if pair.other in state.group(pair.one) or pair.other in state.apart.get(pair.one, set()):
            continue
        if state.held_apart(pair):
            review.append(replace(pair, doubt=HELD_APART))
        elif pair.doubt is not None or (pair.probability is not None and pair.probability < threshold):
            review.append(pair)
        else:
            state.join(pair)
            merged.append(pair)
    # what was merged by surer pairs afterwards need not be asked
    return merged, _once(pair for pair in review if pair.other not in state.group(pair.one))


def _once(pairs: Iterable[Pair]) -> list[Pair]:
    """Each pair once, by its surest evidence."""
    found: dict[tuple[str, str], Pair] = {}
    for pair in pairs:
        found.setdefault((pair.one, pair.other), pair)
    return list(found.values())


# ---- rows


def _decided(
    decisions: Mapping[tuple[str, str], str], before: Sequence[Mapping[str, Any]], there: set[str]
) -> list[dict[str, Any]]:
    """Rows for what a clerk decided, less what holds already."""
    latest = {merge_id(m.survivor, m.absorbed): MERGED for m in in_force(before)}
    status = {row["merge_id"]: latest.get(row["merge_id"], APART) for row in before}
    rows = []
    for (one, other), decision in sorted(decisions.items()):
        name = merge_id(one, other)
        if not {one, other} <= there:
            raise BadInput(
                got="a decision about a person who is not in the store",
                expected="a file that `afterward match --review` wrote for this store",
                do="Check --decisions.",
            )
        if status.get(name) != decision:
            rows.append(_row(Pair(one, other, "review", _after(before, name)), decision))
    return rows


def _after(before: Iterable[Mapping[str, Any]], name: str) -> int:
    """Now, or a second after what was last told of the pair."""
    return max([windows.now(), *(int(row["known_at"]) + 1 for row in before if row["merge_id"] == name)])


def _row(pair: Pair, status: str) -> dict[str, Any]:
    return {
        "person_id": pair.one,
        "absorbed_id": pair.other,
        "merge_id": merge_id(pair.one, pair.other),
        "status": status,
        "evidence": pair.evidence,
        "probability": None if pair.probability is None else int(pair.probability * 1000),
        "known_at": pair.known_at,
        "source": "match",
    }


def _write(writer: Writer, rows: Sequence[Mapping[str, Any]]) -> None:
    import pyarrow as pa

    if not rows:
        return
    zone = writer.manifest.zone
    local = windows.to_local([row["known_at"] for row in rows], zone).tolist()
    handed = [
        {**row, "known_at": at, "happened_from": at, "precision": "instant"}
        for row, at in zip(rows, local, strict=True)
    ]
    schema = pa.schema([field for field in PERSON_MERGE.schema() if field.name in handed[0]])
    writer.write(PERSON_MERGE, writer.engine.create_table("merges", pa.Table.from_pylist(handed, schema=schema)))
    names = [f"{row['merge_id']} {row['status']} {row['known_at']}" for row in rows]
    batch = Batch(batch_id(["match", *names]), "match", windows.now(), (), dict(writer.rows))
    commit(writer, batch)
