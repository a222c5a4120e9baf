"""What came after one discharge, and why each of it did or did not decide an outcome: the other half of a label 0."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from features import windows
from features.codes.harms import COMPONENTS, HARM_CODES, HARMS, Component
from features.definitions.encounters import encounters
from features.definitions.outcomes import ANY_ACUTE_CARE_21D, ED_VISIT_30D, READMISSION_30D, Outcome
from features.definitions.outcomes.adverse import ACUTE, LOOK_BACKS, WITHIN_STAY, final_diagnoses, harm_codes, new_harms
from features.definitions.outcomes.outcome import index_stays
from features.definitions.planned import planned_stays
from features.definitions.stays import other_stays
from features.record.known import CLAIM, FOREVER
from features.record.record import Record

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

BEYOND_DAYS = 30  # shown behind the window too, so that its end can be checked
STAY, OTHER = "stay", "stay in no acute hospital"
COUNTS = "this decided"

NEW = "new since discharge"
BILL, EMERGENCY = "inpatient bill", "emergency visit"

Thing = Mapping[Any, Any]  # what, day, where, id, about, planned and claim of one stay or visit


def later_care(
    record: Record, given: ir.Table, outcome: Outcome, event_day: float | None
) -> tuple[dict[str, str], ...]:
    """Every stay, emergency visit and observation that begins from the day of discharge to BEYOND_DAYS after the window
    of `given` (one row, as `labels` takes it), in order: what, begins, days, where, id (of a stay) and says, which is
    why it did or did not decide. `event_day` is the day that decided, null where none did.
    """
    row = given.to_pandas().iloc[0]
    discharge, last = int(row.discharge_day), outcome.window.last
    found = _stays(record, given, discharge + last + BEYOND_DAYS)
    found += _visits(record, given, discharge + last + BEYOND_DAYS)
    codes = _codes_of_harm(record, given, outcome)
    return tuple(
        {
            "what": one["what"],
            "begins": windows.iso(one["day"]),
            "days": str(one["day"] - discharge),
            "where": one["where"] if isinstance(one["where"], str) else "not told",
            "id": one["id"],
            "says": _why(outcome, one, one["day"] - discharge, event_day, codes),
        }
        for one in sorted(found, key=lambda one: (one["day"], one["what"], one["id"], str(one["claim"])))
    )


def _stays(record: Record, given: ir.Table, through: int) -> list[dict[str, Any]]:
    final = planned_stays(record)
    final = final.filter(final.known_until == FOREVER)
    index = index_stays(record, given).select("index_id", index_row="row_id")
    acute = final.anti_join(index, [final.stay_id == index.index_id])
    others = other_stays(record)
    others = others.filter(others.known_until == FOREVER)
    found: list[dict[str, Any]] = []
    for what, rows in ((STAY, acute), (OTHER, others)):
        near = rows.inner_join(given.select("person_id", left="discharge_day"), "person_id")
        near = near.filter(near.admit_day >= near.left, near.admit_day <= through)
        for one in near.to_pandas().itertuples():
            kind = one.kind if isinstance(one.kind, str) else None
            about = one.planned_why if what == STAY else (kind or "").replace("_", " ")
            planned = int(one.planned) if what == STAY else 0
            told = {"what": what, "day": int(one.admit_day), "where": one.first_facility_id, "id": one.stay_id}
            found.append({**told, "about": about, "planned": planned, "claim": None})
    return found


def _visits(record: Record, given: ir.Table, through: int) -> list[dict[str, Any]]:
    told = encounters(record)
    near = told.filter(told.known_until == FOREVER, told.setting.isin(ACUTE))
    near = near.inner_join(given.select("person_id", left="discharge_day"), "person_id")
    near = near.filter(near.from_day >= near.left, near.from_day <= through)
    found: list[dict[str, Any]] = []
    for one in near.to_pandas().itertuples():
        what = {"inpatient": BILL, "emergency": EMERGENCY}.get(one.setting, one.setting)
        about = {"what": what, "day": int(one.from_day), "where": one.facility_id, "id": "", "about": one.setting}
        found.append({**about, "planned": 0, "claim": (one.source, one.claim_id)})
    return found


def _why(outcome: Outcome, one: Thing, days: int, event_day: float | None, codes: Mapping[Any, str]) -> str:
    """`codes`: what is to be said of the codes of each claim, where the outcome is about codes."""
    if days > outcome.window.last:
        return f"after the window of {outcome.window.last} days"
    never = _never(outcome, one, codes)
    if never is not None:
        return never
    if event_day is not None and one["day"] > event_day:
        return "later than the first that counts"
    if outcome is READMISSION_30D:
        return f"came first; {'planned, so the label is 0' if one['planned'] else 'unplanned'}: {one['about']}"
    said = codes.get(one["claim"])
    if event_day is not None and one["day"] == event_day and (said is None or NEW in said):
        return COUNTS if said is None else f"{COUNTS}: {said}"
    if days < max(1, outcome.window.first):
        return "on the day of discharge: nobody tells whether before or after it"
    return said or "led to a stay on its day or the next"


def _never(outcome: Outcome, one: Thing, codes: Mapping[Any, str]) -> str | None:
    """Why a thing of this kind never counts in this outcome; null where it may."""
    what = one["what"]
    if what == OTHER:
        return f"no acute hospital: {one['about'] or 'kind not told'}"
    if outcome is READMISSION_30D:
        return None if what == STAY else ("told with its stay" if what == BILL else "no stay in hospital")
    if outcome is ED_VISIT_30D:
        return None if what == EMERGENCY else "no emergency visit"
    if outcome is ANY_ACUTE_CARE_21D:
        return None
    if what == STAY:
        return "its codes stand on its bills"
    return None if one["claim"] in codes else "carries no code of such a harm"


def _codes_of_harm(record: Record, given: ir.Table, outcome: Outcome) -> dict[Any, str]:
    """For each claim after the discharge its codes of the outcome's harms, each with why it does or does not count."""
    if outcome in (READMISSION_30D, ED_VISIT_30D, ANY_ACUTE_CARE_21D):
        return {}
    labels = sorted({label for one in _components(outcome) for label in one.needs})
    told: dict[Any, list[str]] = {}
    for one in _coded(record, given, labels).to_dict("records"):
        told.setdefault((one["source"], one["claim_id"]), []).append(_judged(one))
    return {claim: "; ".join(sorted(set(said))) for claim, said in told.items()}


def _components(outcome: Outcome) -> Iterator[Component]:
    named = [one for one in COMPONENTS if outcome.name.startswith(one.name)]
    yield from named or COMPONENTS


def _coded(record: Record, given: ir.Table, labels: list[str]) -> pd.DataFrame:
    """Codes of these harms on claims of the days after the discharge: CLAIM, code, label, present_on_admission, and 1
    or null in `fresh` (on a bill with which a stay begins, or a visit), `new` and `unsure`.
    """
    import ibis

    codes = ibis.memtable(HARMS.table())
    coded = final_diagnoses(record).inner_join(codes, ["code_system", "code"])
    coded = coded.filter(coded.label.isin(labels))
    near = coded.inner_join(given.select("person_id", left="discharge_day"), "person_id")
    near = near.filter(near.to_day >= near.left).select(*CLAIM, "code", "label", "present_on_admission")
    key = [*CLAIM, "code", "label"]
    fresh = harm_codes(record).select(*key).distinct().mutate(fresh=1)
    new = new_harms(record, given).select(*key, "unsure").distinct().mutate(new=1)
    rows = near.distinct().left_join(fresh, key).drop(*(f"{name}_right" for name in key))
    rows = rows.left_join(new, key).drop(*(f"{name}_right" for name in key))
    found: pd.DataFrame = rows.to_pandas()
    return found


def _judged(one: Thing) -> str:
    """Why one code on one claim does or does not count."""
    flag, label = one["present_on_admission"], one["label"]
    if isinstance(flag, str) and flag in WITHIN_STAY:
        why = f"arose within that stay (flag {flag})"
    elif one["new"] == 1:
        why = "nobody tells whether it was there on admission" if one["unsure"] == 1 else NEW
    elif one["fresh"] == 1:
        why = "not new: it stands on a claim of the look-back"
        why += f" of {LOOK_BACKS[label].days} days" if label in LOOK_BACKS else ""
    else:
        why = "on no bill with which a stay begins"
    return f"{HARM_CODES[label][0]} ({one['code']}): {why}"
