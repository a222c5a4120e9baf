"""The planted truth of every discharge alive. It is never loaded; tests and audits compare with it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from features.simulate import closing as closings
from features.simulate import planted, write
from features.simulate.claims import member_columns
from features.simulate.frame import NO_DAY, Flags, Floats, Frame, Ints, take
from features.simulate.ground import Ground
from features.simulate.population import People, Period

# facts of the stay itself: without a message about it, the files do not show them by discharge
OF_THE_STAY: tuple[str, ...] = (
    "stay_4_to_6", "stay_7_plus", "unplanned", "to_nursing_home", "to_home_care", "against_advice", "to_hospice",
    "from_nursing_home", "off_hours",
)  # fmt: skip


def columns(
    people: People, ground: Ground, period: Period, stays: Frame, truths: Frame, visit: Ints
) -> dict[str, pa.Array]:
    """One row a stay that ended alive by the network's today, in the order of person and day."""
    rows = np.flatnonzero(truths["alive"] & (stays["last"] <= period.end))
    rows = rows[np.lexsort((stays["day"][rows], stays["person"][rows]))]
    stay, truth = take(stays, rows), take(truths, rows)
    silent = ~stay["told"]
    harmed = truth["harmed"] & ((stay["harm_day"] != NO_DAY) | stay["return_harmed"])
    found = {
        "person_id": member_columns(people, stay["person"])["person_id"].cast(pa.string()),
        "facility_npi": write.coded(stay["hospital"], [f.npi for f in ground.facilities]).cast(pa.string()),
        "admit_date": write.dates(stay["day"]),
        "discharge_date": write.dates(stay["last"]),
        "discharge_datetime": write.times(stay["left"]),
        "visit_number": write.numbered("V", visit[rows], 9),
        "age": pa.array(stay["age"].astype(np.int64)),
        "told_by_message": pa.array(stay["told"]),
        "readmission_risk_visible": pa.array(_visible(truth, "readmission", silent)),
        "readmission_risk_hidden": pa.array(truth["readmission_risk_hidden"]),
        "adverse_event_risk_visible": pa.array(_visible(truth, "adverse", silent)),
        "adverse_event_risk_hidden": pa.array(truth["adverse_event_risk_hidden"]),
        "needed_readmission_30d": pa.array(truth["needed"]),
        "readmitted_30d": pa.array(truth["returns"]),
        "adverse_event_21d": pa.array(harmed),
        "hospital_effect": pa.array(truth["hospital_effect"]),
    }
    for key in planted.KEYS:
        found[f"fact_{key}"] = pa.array(truth[key] > 0)
    for fact in planted.HIDDEN:
        found[f"hidden_{fact.key}"] = pa.array(truth[fact.key])
    return found


def gap_columns(people: People, closing: closings.Closings, period: Period) -> dict[str, pa.Array]:
    """One row a person, measure and month's end at which the gap is open by what is planted."""
    found = closings.truth(people, closing, period)
    measures = tuple(each.measure for each in closings.CLOSINGS)
    return {
        "person_id": member_columns(people, found["person"])["person_id"].cast(pa.string()),
        "measure": write.coded(found["measure"], measures).cast(pa.string()),
        "as_of": write.dates(found["as_of"]),
        "still_open_chance": pa.array(found["still_open_chance"]),
        "closes_next_month": pa.array(found["closes_next_month"]),
        "still_open": pa.array(found["still_open"]),
    }


def _visible(truth: Frame, outcome: str, silent: Flags) -> Floats:
    """The visible risk. Where no message told of the stay, its own facts are not visible: the mean risk of the told
    discharges with about the same other facts (a fiftieth of them) stands in."""
    key = "adverse_event" if outcome == "adverse" else outcome
    risk = truth[f"{key}_risk_visible"].copy()
    told = np.flatnonzero(~silent)
    if len(told) < 100 or not silent.any():
        return np.asarray(risk, dtype=np.float64)
    other = truth[f"{outcome}_log_odds"] - truth["hospital_effect"] * (1.0 if outcome == "readmission" else 0.5)
    for fact in planted.FACTS:
        if fact.key in OF_THE_STAY:
            other = other - (fact.readmission if outcome == "readmission" else fact.adverse) * truth[fact.key]
    order = told[np.argsort(other[told], kind="stable")]
    edges = other[order]
    share = max(len(told) // 50, 50)
    middle = np.searchsorted(edges, other[silent])
    low = np.clip(middle - share // 2, 0, max(len(told) - share, 0))
    sums = np.concatenate([[0.0], np.cumsum(risk[order])])
    high = np.minimum(low + share, len(told))
    risk[silent] = (sums[high] - sums[low]) / (high - low)
    return np.asarray(risk, dtype=np.float64)
