"""What so many calls a week may be expected to avoid and to save, under the declared assumptions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from features.definitions.encounters import encounters
from features.definitions.stays import final_stays
from features.record.known import FOREVER
from features.record.record import Record
from models.intervals import TAIL, Interval
from models.log_odds import Floats
from serving.committee.impact.assumptions import CALL_DOLLARS, EVENT_DOLLARS_SPREAD, REACHED, Effect, Range

if TYPE_CHECKING:
    import pandas as pd

DRAWS = 20_000
WEEK = 7
FEWEST_STAYS = 30  # from which a mean cost is told


@dataclass(frozen=True)
class EventCost:
    """What one event costs, in dollars, with the standard error of the mean, and how it is known."""

    dollars: float
    error: float
    says: str


@dataclass(frozen=True)
class Foretold:
    """A year of so many calls a week under one effect: events expected among the called, avoided, dollars saved."""

    calls: int
    effect: Effect
    called: float
    events: float
    avoided: Interval
    saved: Interval


def local_cost(record: Record, first_day: int, last_day: int) -> EventCost | None:
    """What inpatient bills of a stay that began in these days were paid; null where hardly any bill tells it."""
    stays = final_stays(record)
    stays = stays.filter(stays.admit_day.between(first_day, last_day), stays.discharge_day.notnull())
    told = encounters(record)
    bills = told.filter(told.setting == "inpatient", told.known_until == FOREVER, told.paid.notnull())
    at = stays.select("person_id", "stay_id", "admit_day", "discharge_day").inner_join(bills, "person_id")
    at = at.filter(at.from_day.between(at.admit_day, at.discharge_day))
    paid = at.group_by("stay_id").aggregate(cents=at.paid.sum())
    dollars = paid.filter(paid.cents > 0).to_pandas().cents.to_numpy("float64") / 100
    if len(dollars) < FEWEST_STAYS:
        return None
    error = float(dollars.std(ddof=1) / np.sqrt(len(dollars)))
    return EventCost(float(dollars.mean()), error, f"mean of {len(dollars):,} stays of this store, inpatient bills")


def given_cost(dollars: float) -> EventCost:
    """A cost that somebody gives."""
    return EventCost(dollars, dollars * EVENT_DOLLARS_SPREAD, "given with --event-cost")


def called_in_a_year(scored: pd.DataFrame, calls: int) -> tuple[float, float]:
    """(people called, events among them without calls) in a year, where each week the `calls` people at highest risk of
    those discharged in it are called. `scored`: discharge_day and risk.
    """
    days = scored.discharge_day - scored.discharge_day.min()
    weeks = int(days.max()) // WEEK + 1
    order = scored.assign(week=days // WEEK).sort_values(["week", "risk"], ascending=[True, False], kind="stable")
    top = order.groupby("week").head(calls)
    a_year = 365.25 / WEEK / weeks
    return len(top) * a_year, float(top.risk.sum()) * a_year


def foretold(called: float, events: float, calls: int, effect: Effect, cost: EventCost, seed: int = 0) -> Foretold:
    """Avoided = events x reached x (1 - relative risk); saved = avoided x cost of an event - calls x cost of a call.
    The intervals are of draws of the effect, of who is reached and of both costs; the risks are taken as calibrated.
    """
    draw = np.random.default_rng(seed)
    width = np.log(effect.high / effect.low) / (2 * 1.959964)
    ratio = np.exp(np.log(effect.ratio) + width * draw.standard_normal(DRAWS))
    reached, a_call = (_triangle(draw, one) for one in (REACHED, CALL_DOLLARS))
    an_event = cost.dollars + cost.error * draw.standard_normal(DRAWS)
    avoided = events * reached * (1 - ratio)
    saved = avoided * an_event - called * a_call
    plain = events * REACHED.value * (1 - effect.ratio)
    return Foretold(
        calls=calls,
        effect=effect,
        called=called,
        events=events,
        avoided=_around(plain, avoided),
        saved=_around(plain * cost.dollars - called * CALL_DOLLARS.value, saved),
    )


def _triangle(draw: np.random.Generator, of: Range) -> Floats:
    return draw.triangular(of.low, of.value, of.high, DRAWS)


def _around(value: float, drawn: Floats) -> Interval:
    low, high = np.quantile(drawn, [TAIL, 1 - TAIL])
    return Interval(float(value), float(low), float(high))
