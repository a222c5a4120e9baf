"""Three simpler definitions of a readmission, as they are commonly written, held against ours on the same store:
`python -m tests.peers.simpler_definitions --store S`.

They are SQL of our own over the canonical claim lines. What is compared are index stays, one by one, and their labels;
each difference is put down to the rule of ours that makes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from features.codes.places import ACUTE_FACILITIES
from features.definitions.cohort import Cohort, prediction_cohort
from features.definitions.evidence import BILL, stay_evidence
from features.definitions.hwr import hwr_cohort
from features.definitions.outcomes import READMISSION_30D, labels
from features.definitions.outcomes.outcome import DIED, PLANNED, WENT_ON
from features.definitions.planned import NOT_BILLED
from features.definitions.stays import OPEN, final_stays
from features.record.known import FOREVER
from features.record.record import Record, open_record
from features.record.tables import CLAIM_LINE

if TYPE_CHECKING:
    import pandas as pd

# ---- the simpler definitions

# inpatient claims, the last version of each: the ground of all three
BILLS = """
create or replace temp table bills as
with told as (
    select *, rank() over (partition by person_id, source, claim_id order by known_at desc, version desc) as place
    from claim_line
)
select person_id, claim_id as bill, max(discharge_disposition_code) as status,
       min(admission_day) as admit_day, max(discharge_day) as discharge_day
from told
where place = 1 and cancels = 0 and bill_type_code like '11%'
group by person_id, source, claim_id
having min(admission_day) is not null and max(discharge_day) is not null
"""

# every claim is an index stay; readmitted where the person's next claim begins within 30 days
NEXT_CLAIM = """
select *, coalesce(next_day - discharge_day between 0 and 30, false)::int as label
from (
    select person_id, bill, admit_day, discharge_day,
           lead(admit_day) over later as next_day, lead(bill) over later as next_bill
    from bills
    window later as (partition by person_id order by admit_day, discharge_day, bill)
)
"""

# claims are one stay where the discharge code says transfer and the next begins that day or the next
TRANSFER_CODE = """
with linked as (
    select *, coalesce(lag(status) over seen in ('02', '05', '43', '66')
                       and admit_day - lag(discharge_day) over seen between 0 and 1, false) as arrives
    from bills
    window seen as (partition by person_id order by admit_day, discharge_day, bill)
),
numbered as (
    select *, sum((not arrives)::int) over (partition by person_id order by admit_day, discharge_day, bill) as stay
    from linked
),
stays as (
    select person_id, stay, min(admit_day) as admit_day, max(discharge_day) as discharge_day,
           first(bill order by admit_day, discharge_day, bill) as first_bill,
           last(bill order by admit_day, discharge_day, bill) as bill
    from numbered
    group by person_id, stay
)
select * exclude (stay), coalesce(next_day - discharge_day between 0 and 30, false)::int as label
from (
    select person_id, stay, bill, admit_day, discharge_day,
           lead(admit_day) over later as next_day, lead(first_bill) over later as next_bill
    from stays
    window later as (partition by person_id order by stay)
)
"""

# as the first, but whoever has no later claim is left out
LATER_ONLY = """
select *, (next_day - discharge_day between 0 and 30)::int as label
from (
    select person_id, bill, admit_day, discharge_day,
           lead(admit_day) over later as next_day, lead(bill) over later as next_bill
    from bills
    window later as (partition by person_id order by admit_day, discharge_day, bill)
)
where next_day is not null
"""

DEFINITIONS: Mapping[str, str] = MappingProxyType(
    {
        "next inpatient claim": NEXT_CLAIM,
        "transfers by discharge code": TRANSFER_CODE,
        "no later stay dropped": LATER_ONLY,
    }
)

# ---- the rule of ours behind a difference

RETURN_PLANNED = "planned: the first return does not count"
TRANSFER = "transfer joined: one stay for us"
INTERIM = "interim bills: one stay for us"
SAME_STAY = "bills of the same days, or a same-day return for the same diagnosis: one stay for us"
NOT_ACUTE = "not an acute hospital"
NO_BILL = "its end, or the return, told by message or notice alone, no bill"
OTHER_DAYS = "bill and message tell different days"
TOLD_OTHERWISE = "taken back or told otherwise later"
CODE_ALONE = "transfer code before a return to the same hospital: two stays for us"
OVERLAPPING = "their next claim began before this one ended, and hides the return"
NO_LATER_WELL = "no later stay: not readmitted, label 0"
NO_LATER_DIED = "no later stay: died within the window, label 0"
NO_LATER_UNKNOWN = "no later stay: nobody can know, label null"
NO_LATER_RETURNED = "no later stay billed: a return told by message, label 1"
UNEXPLAINED = "none of our rules explains it"

ONLY_THEIRS, ONLY_OURS = "index stay of theirs only", "index stay of ours only"
COUNTED, NOT_COUNTED = "readmitted for them, not for us", "readmitted for us, not for them"
UNKNOWN = "a label for them, null for us"
DIFFERENCES = (ONLY_THEIRS, ONLY_OURS, COUNTED, NOT_COUNTED, UNKNOWN)


def excluded_by(rule: str) -> str:
    """The kind of an index stay that a rule of the cohort leaves out."""
    return f"excluded: {rule}"


def simpler(record: Record, query: str) -> pd.DataFrame:
    """The index stays of a simpler definition: person_id, bill (its last claim), admit_day, discharge_day, next_day and
    next_bill (null without a later claim), label (1 or 0).
    """
    names = ("person_id", "source", "claim_id", "version", "cancels", "known_at", "bill_type_code")
    days = ("discharge_disposition_code", "admission_day", "discharge_day")
    record.con.create_table("claim_line", record[CLAIM_LINE].select(*names, *days), temp=True, overwrite=True)
    record.con.con.execute(BILLS)
    found: pd.DataFrame = record.con.con.execute(query).df()
    record.con.drop_table("claim_line")
    return _numbers(found)


def _numbers(rows: pd.DataFrame) -> pd.DataFrame:
    """Days and flags as numbers that may be missing: null is not equal to anything."""
    from pandas.api.types import is_numeric_dtype

    return rows.astype({name: "float64" for name in rows.columns if is_numeric_dtype(rows[name].dtype)})


def compared(record: Record, cohort: Cohort, query: str) -> pd.DataFrame:
    """Index stays of both, matched by person and day of discharge: person_id, theirs and ours (whether each has it),
    label, our_label, followed (ours has a label and its whole window lies in the data), difference (one of DIFFERENCES;
    null where they agree) and kind (the rule of ours behind it).
    """
    import pandas as pd

    bills = _bills(record)
    theirs = _with_bills(simpler(record, query), bills)
    every = _with_bills(simpler(record, NEXT_CLAIM), bills)
    ours = _ours(record, cohort, every)
    keys = ["person_id", "discharge_day", "turn"]
    both = _numbered(theirs.assign(other=theirs.acute != 1), ["other", "admit_day", "bill"]).merge(
        _numbered(ours, ["our_admit_day", "stay_id"]), on=keys, how="outer", indicator="found"
    )
    excluded = cohort.excluded.drop_duplicates(["person_id", "discharge_day"])
    both = both.merge(excluded[["person_id", "discharge_day", "excluded_by"]], on=keys[:2], how="left")
    rows = list(both.itertuples(index=False))
    told = pd.DataFrame(
        {
            "person_id": both.person_id,
            "theirs": both.found != "right_only",
            "ours": both.found != "left_only",
            "label": both.label,
            "our_label": both.our_label,
            "followed": both.our_label.notna() & (both.complete == 1),
            "difference": pd.Series([_difference(row) for row in rows], dtype=object),
        }
    )
    behind = [_kind(row, what) for row, what in zip(rows, told.difference, strict=True)]
    return told.assign(kind=pd.Series(behind, dtype=object))


def _numbered(rows: pd.DataFrame, order: list[str]) -> pd.DataFrame:
    """`turn` tells apart several stays of one person that end on one day."""
    rows = rows.sort_values(["person_id", "discharge_day", *order])
    return rows.assign(turn=rows.groupby(["person_id", "discharge_day"]).cumcount())


def _bills(record: Record) -> pd.DataFrame:
    """Each bill as we read it, and the acute stay of ours that it belongs to (null where to none): person_id, bill,
    acute, interim, hospital, stay, stay_admit, stay_end, hospitals, and how many bills the stay has.
    """
    told = stay_evidence(record)
    told = told.filter(told["rank"] == BILL, told.known_until == FOREVER)
    acute = told.kind.isin(ACUTE_FACILITIES).fill_null(True).cast("int64")
    bills = told.select(
        "person_id", "admit_day", "discharge_day", "hospital", "interim", bill="evidence_id", acute=acute
    )
    stays = final_stays(record)
    stays = stays.select(
        "person_id", "hospitals", stay="stay_id", stay_admit="admit_day", stay_end=stays.discharge_day.fill_null(OPEN)
    )
    within = bills.inner_join(stays, "person_id")
    ends = within.discharge_day.fill_null(within.admit_day)
    within = within.filter(within.acute == 1, within.stay_admit <= within.admit_day, within.stay_end >= ends)
    found = within.select("person_id", "bill", "stay", "stay_admit", "stay_end", "hospitals").to_pandas()
    found = found.sort_values(["stay_admit", "stay_end"], ascending=[False, True], kind="stable")
    found = found.drop_duplicates(["person_id", "bill"])
    found["bills"] = found.groupby(["person_id", "stay"]).bill.transform("size")
    rows: pd.DataFrame = bills.drop("admit_day", "discharge_day").distinct().to_pandas()
    return _numbers(rows.merge(found, on=["person_id", "bill"], how="left"))


def _with_bills(rows: pd.DataFrame, bills: pd.DataFrame) -> pd.DataFrame:
    """The facts of each row's own bill, and as `next_...` those of the next."""
    rows = rows.merge(bills, on=["person_id", "bill"], how="left")
    following = bills.rename(columns={name: f"next_{name}" for name in bills.columns if name != "person_id"})
    return rows.merge(following, on=["person_id", "next_bill"], how="left")


def _ours(record: Record, cohort: Cohort, every: pd.DataFrame) -> pd.DataFrame:
    """Our index stays with their labels, who tells the stay's end by now, and what the claims that end on that day
    are followed by (`claim_there`, `later_there`, `later_acute`).
    """
    told = labels(record, cohort.rows, READMISSION_30D).rename(columns={"label": "our_label"})
    rows = _numbers(
        cohort.rows[["row_id", "person_id", "stay_id", "admit_day", "discharge_day"]].merge(told, on="row_id")
    )
    final = final_stays(record)
    final = final.select(
        "stay_id", our_teller="told_discharge", our_hospitals="hospitals", our_dispute="disputed_discharge_day"
    ).to_pandas()
    rows = rows.merge(final, on="stay_id", how="left").rename(columns={"admit_day": "our_admit_day"})
    ending = every.assign(later=every.next_day.notna().astype("float64"), onward=every.next_acute.fillna(1))
    ending = ending.groupby(["person_id", "discharge_day"], as_index=False).agg(
        later_there=("later", "max"), later_acute=("onward", "min")
    )
    return rows.merge(ending.assign(claim_there=1.0), on=["person_id", "discharge_day"], how="left")


def _difference(row: Any) -> str | None:
    if row.found == "left_only":
        return ONLY_THEIRS
    if row.found == "right_only":
        return ONLY_OURS
    if row.our_label != row.our_label:
        return UNKNOWN
    if row.label == row.our_label:
        return None
    return COUNTED if row.label == 1 else NOT_COUNTED


def _kind(row: Any, difference: str | None) -> str | None:
    return None if difference is None else _KINDS[difference](row)


def _only_theirs(row: Any) -> str:
    if row.acute == 0:
        return NOT_ACUTE
    if isinstance(row.excluded_by, str):
        return excluded_by(row.excluded_by)
    if row.stay_end > row.discharge_day:
        alone = row.bills == 1 and row.hospitals == 1 and row.interim != 1
        return OTHER_DAYS if alone else _joined(row)
    if row.bills > 1 and row.turn > 0:
        return _joined(row)
    return OTHER_DAYS if row.stay_end != row.discharge_day else UNEXPLAINED


def _only_ours(row: Any) -> str:
    if row.claim_there == 1 and row.later_there == 0:
        return _no_later(row)
    if row.claim_there == 1 and row.turn == 0:
        return CODE_ALONE if row.later_acute == 1 else NOT_ACUTE
    if row.our_dispute == 1:
        return OTHER_DAYS
    if row.null_reason == WENT_ON:
        return TRANSFER if row.our_hospitals > 1 else TOLD_OTHERWISE
    return NO_BILL if row.our_teller < BILL else UNEXPLAINED


def _no_later(row: Any) -> str:
    if row.our_label != row.our_label:
        return NO_LATER_UNKNOWN
    if row.our_label == 1:
        return NO_LATER_RETURNED
    return NO_LATER_DIED if row.competing == DIED else NO_LATER_WELL


def _unknown(row: Any) -> str:
    if row.null_reason != WENT_ON:
        return str(row.null_reason)
    return _joined(row) if row.stay_end > row.discharge_day else TOLD_OTHERWISE


def _counted(row: Any) -> str:
    if row.competing == PLANNED:
        return RETURN_PLANNED
    if row.next_acute == 0:
        return NOT_ACUTE
    if row.next_stay == row.stay:
        return _joined(row)
    return OTHER_DAYS if row.next_stay_admit != row.next_day else UNEXPLAINED


def _not_counted(row: Any) -> str:
    if row.next_day < row.discharge_day:
        return OVERLAPPING
    if row.why == NOT_BILLED:
        return NO_BILL
    return OTHER_DAYS if row.next_stay_admit != row.next_day else UNEXPLAINED


_KINDS: Mapping[str, Callable[[Any], str]] = MappingProxyType(
    {
        ONLY_THEIRS: _only_theirs,
        ONLY_OURS: _only_ours,
        UNKNOWN: _unknown,
        COUNTED: _counted,
        NOT_COUNTED: _not_counted,
    }
)


def _joined(row: Any) -> str:
    """Why several bills are one stay."""
    if row.interim == 1:
        return INTERIM
    if row.hospitals > 1:
        return TRANSFER
    return SAME_STAY


# ---- the table


def summary(told: pd.DataFrame) -> dict[str, int]:
    """How many index stays each has and shares, and how many differ in which way."""
    counts = {
        "index stays of theirs": int(told.theirs.sum()),
        "index stays of ours": int(told.ours.sum()),
        "of both": int((told.theirs & told.ours).sum()),
        "of both, the same label": int(told.difference.isna().sum()),
    }
    return counts | {difference: int((told.difference == difference).sum()) for difference in DIFFERENCES}


def kinds(told: pd.DataFrame) -> list[tuple[str, str, int]]:
    """(difference, kind, count), in the order of DIFFERENCES, the most frequent first."""
    counts = told.dropna(subset=["difference"]).groupby(["difference", "kind"], as_index=False).size()
    found = [(str(row[0]), str(row[1]), int(row[2])) for row in counts.to_numpy().tolist()]
    return sorted(found, key=lambda one: (DIFFERENCES.index(one[0]), -one[2], one[1]))


def lines(record: Record, cohort: Cohort) -> list[str]:
    """The tables of one cohort, as text. Counts only."""
    text = []
    for name, query in DEFINITIONS.items():
        told = compared(record, cohort, query)
        ours = told.our_label[told.followed].mean()
        text += ["", f"{name}: {told.label.mean():.2%} readmitted; ours {ours:.2%} of those followed"]
        text += [f"  {count:>8,}  {what}" for what, count in summary(told).items()]
        text.append("  by the rule of ours behind it:")
        text += [f"  {count:>8,}  {difference}: {kind}" for difference, kind, count in kinds(told)]
    return text


@click.command()
@click.option("--store", required=True, type=click.Path(path_type=Path), help="The store, as `afterward load` made it.")
def main(store: Path) -> None:
    """Print how three simpler definitions differ from both cohorts of ours."""
    record = open_record(store)
    for wording, cohort in (("prediction cohort", prediction_cohort(record)), ("HWR cohort", hwr_cohort(record))):
        click.echo(f"\nAgainst our {wording}")
        for line in lines(record, cohort):
            click.echo(line)


if __name__ == "__main__":
    main()
