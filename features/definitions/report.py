"""What a committee reads first: who counts and who was left out by which rule, how many came back, and what this source
could not tell. Counts of stays only; nobody is named, hospitals with few stays are not shown alone, and of no year,
specialty or hospital a number of readmissions is told that leads back to a few people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from features import windows
from features.codes.readmission import HWR_EXCLUSIONS, SPECIALTY
from features.definitions.cohort import HWR, PREDICTION, Cohort, prediction_cohort
from features.definitions.hwr import CMS_2021, Scope, hwr_cohort
from features.definitions.outcomes import OUTCOMES, READMISSION_30D, labels
from features.definitions.outcomes.outcome import DIED, PLANNED
from features.definitions.planned import planned_stays
from features.definitions.stays import DISPUTABLE, other_stays
from features.pages.few import few, withheld
from features.record.known import FOREVER
from features.record.record import Record, lacked

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

FEWEST_STAYS = 11  # CMS shows no count of 1 to 10 people; a hospital with fewer index stays is not shown alone
LINES_SHOWN = 25  # hospitals in the printed report, the largest first; the JSON has them all
FEW, NOT_NAMED = "fewer than 11 stays each, and those joined to hide them", "not named by who told of the stay"

WITHHELD = "withheld"  # a count of 1 to 10, or one that would give such a count away
NOT_SORTED = "not billed, or sorted by no table"
SURGICAL = "surgery and gynaecology"

Lines = list[tuple[object, ...]]


@dataclass(frozen=True)
class Section:
    """One table of the report. `about` is a cohort, `stays` or `outcomes`; `name` its key in the JSON."""

    about: str
    name: str
    title: str
    table: pd.DataFrame


def report(record: Record, scope: Scope = CMS_2021) -> tuple[Section, ...]:
    """Every table, both cohorts first; `scope` is whom the retrospective one is about."""
    scored, measured = prediction_cohort(record), hwr_cohort(record, scope)
    stays = _final(record)
    return (
        *_of_cohort(record, PREDICTION, "prediction cohort, whom the models score", scored, stays),
        *_of_cohort(record, HWR, "HWR cohort, measured afterwards as CMS does", measured, stays),
        Section("stays", "not_evaluable", "All acute stays: what could not be evaluated", not_evaluable(stays)),
        Section("stays", "disputed", "Acute stays on which bill and message (or notice) disagree", disputed(stays)),
        Section("stays", "ends", "How acute stays ended", ends(stays)),
        Section("stays", "other_kinds", "Stays in other hospitals, left out everywhere", other_kinds(record)),
        Section("outcomes", "rates", "Outcomes of the prediction cohort", outcomes(record, scored)),
    )


def _of_cohort(record: Record, about: str, wording: str, cohort: Cohort, stays: pd.DataFrame) -> tuple[Section, ...]:
    rows = judged(record, cohort, stays)
    found = (
        ("attrition", "who counts", cohort.attrition[["rule", "removed", "left", "not_evaluable"]]),
        ("overall", "readmission within 30 days", overall(rows)),
        ("by_year", "by year of discharge", by_year(rows)),
        ("by_specialty", "by the measure's specialty cohorts", by_specialty(rows)),
        ("by_hospital", "by the hospital that discharged", by_hospital(rows)),
        ("first_returns", "what decided whether the first return was planned", first_returns(rows)),
        ("censored", "no label, because", censored(rows)),
        ("not_evaluable", "what could not be evaluated of the index stays", not_evaluable(rows)),
    )
    return tuple(Section(about, name, f"{wording}: {title}", table) for name, title, table in found)


def judged(record: Record, cohort: Cohort, stays: pd.DataFrame) -> pd.DataFrame:
    """The index stays of a cohort with their readmission label, `followed` and the facts of `stays` (final, by
    stay_id): null where the stay is no more, everything being told.
    """
    rows = cohort.rows.merge(labels(record, cohort.rows, READMISSION_30D), on="row_id", validate="one_to_one")
    facts = stays.drop(columns=["person_id", "admit_day", "discharge_day"])
    rows = rows.merge(facts, on="stay_id", how="left", validate="many_to_one")
    hospital = rows.hospital.fillna(rows.facility_id).fillna(NOT_NAMED)
    return rows.assign(hospital=hospital, followed=_followed(rows))


def _followed(told: pd.DataFrame) -> pd.Series:
    """A label, and the whole window in the data. At the end of the data only events still have a label: a rate of all
    that have one would be too high.
    """
    return told.label.notna() & told.complete.astype("bool")


def overall(rows: pd.DataFrame) -> pd.DataFrame:
    """What became of the index stays: what, stays, share, and of which stays it is a share."""
    seen = rows[rows.followed]
    planned, returns = int((seen.competing == PLANNED).sum()), int(seen.why.notna().sum())
    lines = (
        ("index stays", len(rows), len(rows), "index stays"),
        ("with a label", int(rows.label.notna().sum()), len(rows), "index stays"),
        ("followed: a label, and the whole window in the data", len(seen), len(rows), "index stays"),
        ("readmitted unplanned (label 1)", int(seen.label.sum()), len(seen), "followed"),
        ("first return planned (label 0)", planned, len(seen), "followed"),
        ("died unreadmitted (label 0)", int((seen.competing == DIED).sum()), len(seen), "followed"),
        ("first returns that were planned", planned, returns, "first returns"),
    )
    return _frame(
        ["what", "stays", "share", "of"], [(what, stays, _share(stays, whole), of) for what, stays, whole, of in lines]
    )


def by_year(rows: pd.DataFrame) -> pd.DataFrame:
    """Of each year of discharge: index stays, those followed, readmissions of these, and their rate."""
    return _rates(rows, rows.discharge_day.map(windows.year_of).astype("string"), "year").sort_values("year")


def by_specialty(rows: pd.DataFrame) -> pd.DataFrame:
    """The same of each specialty cohort of the HWR measure: surgery and gynaecology by procedure, the others by the
    principal diagnosis of the last hospital; one line for those that no table sorts.
    """
    return _rates(rows, rows.specialty.fillna(NOT_SORTED), "specialty").sort_values("specialty").reset_index(drop=True)


def by_hospital(rows: pd.DataFrame) -> pd.DataFrame:
    """The same of each hospital, the largest first, and in one line (with how many they are) those with fewer than
    FEWEST_STAYS. Where that line would itself be so small, the next smallest hospitals join it.
    """
    counts = rows.groupby("hospital").size().sort_values(kind="stable")
    small = int((counts < FEWEST_STAYS).sum())
    while 0 < small < len(counts) and counts.iloc[:small].sum() < FEWEST_STAYS:
        small += 1
    hidden = counts.index[:small]
    of = rows.hospital.where(~rows.hospital.isin(hidden), FEW)
    found = _rates(rows, of, "hospital")
    found.insert(1, "hospitals", (found.hospital == FEW) * (small - 1) + 1)
    last = (found.hospital == FEW).astype("int64")
    order = found.assign(last=last).sort_values(["last", "index_stays", "hospital"], ascending=[True, False, True])
    return order.drop(columns="last").reset_index(drop=True)


def first_returns(rows: pd.DataFrame) -> pd.DataFrame:
    """First returns of followed index stays by the rule that decided: decided_by, planned (yes, no), returns, share."""
    told = rows[rows.followed & rows.why.notna()]
    counts = told.assign(planned=told.competing == PLANNED).groupby(["planned", "why"], as_index=False).size()
    counts = counts.sort_values(["planned", "size", "why"], ascending=[False, False, True])
    lines: Lines = [
        (why, "yes" if planned else "no", int(count), _share(int(count), len(told)))
        for planned, why, count in counts.to_numpy().tolist()
    ]
    return _frame(["decided_by", "planned", "returns", "share"], lines)


def censored(rows: pd.DataFrame) -> pd.DataFrame:
    """Index stays without a label: because, stays, share of all index stays."""
    counts = rows.null_reason.value_counts()
    return _frame(["because", "stays", "share"], [(why, int(n), _share(n, len(rows))) for why, n in counts.items()])


def not_evaluable(stays: pd.DataFrame) -> pd.DataFrame:
    """What the rules could not be asked of these stays: fact, stays, share."""
    known = stays.billed.notna()
    lines = (
        ("no bill is known, so neither diagnosis nor procedures", known & (stays.billed == 0)),
        ("billed without a principal diagnosis", (stays.billed == 1) & stays.principal_code.isna()),
        ("principal diagnosis not known to the tables", stays.principal_decided == 0),
        ("a procedure that no grouping knows", stays.procedures_not_grouped > 0),
        ("kind of hospital not decided, taken for acute", known & stays.kind.isna()),
        ("the stay is no more, everything being told", ~known),
    )
    return _frame(
        ["fact", "stays", "share"],
        [(fact, int(those.sum()), _share(those.sum(), len(stays))) for fact, those in lines],
    )


def disputed(stays: pd.DataFrame) -> pd.DataFrame:
    """Acute stays of which bill and message both tell a fact, and not alike: fact, stays, share of all acute stays. A
    notice counts as a message for the day of admission.
    """
    counts = [(name.replace("_", " "), int(stays[f"disputed_{name}"].sum())) for name in DISPUTABLE]
    return _frame(["fact", "stays", "share"], [(name, count, _share(count, len(stays))) for name, count in counts])


def ends(stays: pd.DataFrame) -> pd.DataFrame:
    """Whether anybody told the end of an acute stay: how, stays, share."""
    told = stays.discharge_day.notna()
    lines = (
        ("discharge told", told),
        ("over, and nobody told when it ended", ~told & (stays.over == 1)),
        ("still in hospital, as far as anybody told", ~told & (stays.over == 0)),
    )
    return _frame(
        ["how", "stays", "share"], [(how, int(those.sum()), _share(those.sum(), len(stays))) for how, those in lines]
    )


def other_kinds(record: Record) -> pd.DataFrame:
    """Stays in hospitals and units that are not acute, by kind: neither index stay nor readmission."""
    others = other_stays(record)
    final = others.filter(others.known_until == FOREVER)
    counts = final.group_by("kind").aggregate(stays=final.count()).to_pandas()
    counts = counts.sort_values(["stays", "kind"], ascending=[False, True])
    return _frame(["kind", "stays"], [(str(one.kind).replace("_", " "), int(one.stays)) for one in counts.itertuples()])


def outcomes(record: Record, cohort: Cohort) -> pd.DataFrame:
    """Every outcome on the index stays of a cohort: outcome, labelled, events (of the followed), followed, their
    rate, and `not_evaluable` with the reason where the source cannot tell it (the counts are null then, not 0).
    """
    lines: Lines = []
    for outcome in OUTCOMES:
        told = labels(record, cohort.rows, outcome)
        if lacked(outcome.needs, record.lacks):
            lines.append((outcome.name, None, None, None, None, next(iter(told.null_reason), "no index stay")))
        else:
            seen = told.label[_followed(told)]
            counts = (int(told.label.notna().sum()), int(seen.sum()), len(seen))
            lines.append((outcome.name, *counts, _share(int(seen.sum()), len(seen)), None))
    return _frame(["outcome", "labelled", "events", "followed", "rate", "not_evaluable"], lines)


def _final(record: Record) -> pd.DataFrame:
    """Acute stays as everything loaded tells them, and whether the tables know the principal diagnosis
    (`principal_decided`: 1 or 0, null where none was told); specialty (in words; null where no table sorts it).
    """
    import ibis

    stays = planned_stays(record)
    stays = stays.filter(stays.known_until == FOREVER)
    decided = ibis.memtable(HWR_EXCLUSIONS.decided()).select("code_system", "code").distinct().mutate(decided=1)
    principal = [("principal_system", "code_system"), ("principal_code", "code")]
    at = stays.left_join(decided, principal).drop("code_system", "code")
    at = at.left_join(ibis.memtable(SPECIALTY.flags), principal)
    names = [(at[label] == 1, SPECIALTY.description(label)) for label in SPECIALTY.labels]
    specialty = ibis.cases((at.surgical == 1, SURGICAL), *names, else_=ibis.null("string"))
    found: pd.DataFrame = at.select(
        *("person_id", "stay_id", "admit_day", "discharge_day", "over", "hospital", "kind", "billed"),
        *("principal_code", "procedures_not_grouped", *(f"disputed_{name}" for name in DISPUTABLE)),
        principal_decided=_where_told(at.principal_code, at.decided),
        specialty=specialty,
    ).to_pandas()
    return found


def _where_told(code: ir.StringValue, decided: ir.IntegerValue) -> ir.IntegerValue:
    import ibis

    return ibis.ifelse(code.notnull(), decided.fill_null(0), None)


def _rates(rows: pd.DataFrame, by: pd.Series, name: str) -> pd.DataFrame:
    """Index stays, followed, readmissions and rate of each. Readmissions and rate are null where those readmitted or
    those not are 1 to 10, and in one more line where these could be worked out from the total.
    """
    import numpy as np

    counts = (
        rows.assign(**{name: by, "came_back": rows.label.where(rows.followed, 0.0)})
        .groupby(name)
        .agg(index_stays=("row_id", "size"), followed=("followed", "sum"), readmissions=("came_back", "sum"))
        .reset_index()
    )
    counts = counts.astype({"followed": "int64", "readmissions": "int64"})
    counts = counts.assign(rate=(counts.readmissions / counts.followed).where(counts.followed > 0))
    rest = counts.followed - counts.readmissions
    hidden = np.array(withheld(counts.readmissions.tolist()), dtype=np.bool_) | rest.map(few) | counts.followed.map(few)
    found = counts.astype({"followed": "object", "readmissions": "object", "rate": "object"})
    found.loc[hidden, ["readmissions", "rate"]] = None
    found.loc[counts.followed.map(few), "followed"] = None
    return found


def _share(count: int, whole: int) -> float | None:
    return None if whole == 0 else int(count) / int(whole)


def _frame(names: list[str], lines: Sequence[tuple[object, ...]]) -> pd.DataFrame:
    """Cells as they are: a count stays whole beside a null."""
    import pandas as pd

    return pd.DataFrame(lines, columns=names, dtype=object)


# ---- as text and as JSON


def told(sections: tuple[Section, ...]) -> list[str]:
    """The report as lines of text. Of the hospitals the largest are shown, and how many more there are."""
    lines: list[str] = []
    for section in sections:
        lines += ["", section.title[0].upper() + section.title[1:], ""]
        table = section.table
        if section.name == "by_hospital" and len(table) > LINES_SHOWN + 1:
            shown = [*range(LINES_SHOWN), len(table) - 1] if table.hospital.iloc[-1] == FEW else [*range(LINES_SHOWN)]
            lines += _aligned(table.iloc[shown])
            lines.append(f"  ... and {len(table) - len(shown):,} more hospitals, in the JSON (--json)")
        elif table.empty:
            lines.append("  none")
        else:
            lines += _aligned(table)
    return lines[1:]


def to_json(sections: tuple[Section, ...]) -> dict[str, dict[str, list[dict[str, object]]]]:
    """The same: by cohort (or `stays`, `outcomes`) and table, a list of rows; null where nothing can be said."""
    found: dict[str, dict[str, list[dict[str, object]]]] = {}
    for section in sections:
        columns = {name: [_plain(cell) for cell in section.table[name]] for name in section.table.columns}
        rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
        found.setdefault(section.about, {})[section.name] = rows
    return found


def _plain(cell: object) -> object:
    """A value that JSON knows: numpy's own numbers as Python's, a missing one as null."""
    value = cell.item() if hasattr(cell, "item") else cell
    return None if value is None or value != value else value


def _aligned(table: pd.DataFrame) -> list[str]:
    heads = [name.replace("_", " ") for name in table.columns]
    cells = [[_shown(name, table[name].iloc[place]) for name in table.columns] for place in range(len(table))]
    widths = [max(len(row[i]) for row in (heads, *cells)) for i in range(len(heads))]
    texts = [all(isinstance(_plain(cell), str | None) for cell in table[name]) for name in table.columns]

    def line(row: list[str]) -> str:
        padded = (c.ljust(w) if text else c.rjust(w) for c, w, text in zip(row, widths, texts, strict=True))
        return "  " + "  ".join(padded).rstrip()

    return [line(heads), *map(line, cells)]


def _shown(name: str, cell: object) -> str:
    value = _plain(cell)
    if value is None:
        return WITHHELD if name in ("readmissions", "followed") else "-"
    if name in ("share", "rate"):
        return f"{value:.2%}"
    return f"{value:,}" if isinstance(value, int) else str(value)
