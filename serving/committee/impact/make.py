"""From a store, a model and a log to what calls are worth; and from that to files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from features.definitions.cohort import prediction_cohort
from features.definitions.outcomes import Outcome
from features.errors import BadInput
from features.pages.write import as_json, html, printed, save
from features.record.record import Record
from models.discontinuity import Discontinuity, discontinuity
from models.matching import Pairs, matched
from models.trial import Trial, trial
from serving.committee.impact.assumptions import Effect, effects_on
from serving.committee.impact.foretold import EventCost, Foretold, called_in_a_year, foretold, given_cost, local_cost
from serving.committee.impact.log import CHOSEN, LOTTERY
from serving.committee.impact.people import BEFORE, People, people, without_lottery

if TYPE_CHECKING:
    import pandas as pd

    from serving.score import Champion

SHARES_OF_CALLS = (0.25, 0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True)
class Expected:
    """What N calls a week may avoid in a year, for each declared effect; `course` for other numbers of calls, by the
    first effect. `discharges` were scored. `cost` is null where no bill tells it.
    """

    calls: int
    discharges: int
    cost: EventCost | None
    of_each: tuple[Foretold, ...]
    course: tuple[Foretold, ...]


@dataclass(frozen=True)
class Evaluated:
    """What outreach did: by the cutoff, by the lottery where there was one, and by matched pairs."""

    people: People
    near: pd.DataFrame
    cutoff: Discontinuity
    lottery: Trial | None
    pairs: Pairs


@dataclass(frozen=True)
class Impact:
    """All that the page tells. `evaluated` is null without a log."""

    model: str
    version: int
    outcome: Outcome
    first_day: int
    last_day: int
    expected: Expected
    evaluated: Evaluated | None


def expected(
    record: Record, with_: Champion, days: tuple[int, int], calls: int, event_dollars: float | None
) -> Expected:
    """Every discharge of the days scored at its own prediction time. BadInput where there is none."""
    from serving.score import score

    if calls < 1:
        raise BadInput(got=f"--calls {calls}", expected="1 or more", do="Say how many calls a week there is time for.")
    rows = prediction_cohort(record, *days).rows
    if rows.empty:
        raise BadInput(got="no discharge in these days", expected="some", do="Change --from and --to.")
    scored = score(record, rows, with_)
    risks = scored.rows[["discharge_day"]].assign(risk=scored.risk)
    cost = given_cost(event_dollars) if event_dollars is not None else local_cost(record, *days)
    effects = effects_on(with_.spec.outcome.name)
    return Expected(calls, len(rows), cost, *_foretold(risks, calls, effects, cost))


def _foretold(
    risks: pd.DataFrame, calls: int, effects: tuple[Effect, ...], cost: EventCost | None
) -> tuple[tuple[Foretold, ...], tuple[Foretold, ...]]:
    if not effects:
        return (), ()
    price = cost or EventCost(float("nan"), 0.0, "")
    numbers = sorted({max(1, round(calls * share)) for share in SHARES_OF_CALLS})
    course = tuple(foretold(*called_in_a_year(risks, each), each, effects[0], price) for each in numbers)
    own = called_in_a_year(risks, calls)
    return tuple(foretold(*own, calls, effect, price) for effect in effects), course


def evaluated(record: Record, log: pd.DataFrame, outcome: Outcome) -> Evaluated:
    """What the log and the record tell of the people in it."""
    found = people(record, log, outcome)
    near = without_lottery(found.rows)
    return Evaluated(
        people=found,
        near=near,
        cutoff=discontinuity(near.running, near.contacted, near.outcome, {name: near[name] for name in BEFORE}),
        lottery=_lottery(found.rows),
        pairs=matched(found.rows.risk, found.rows.contacted, found.rows.outcome),
    )


def _lottery(rows: pd.DataFrame) -> Trial | None:
    own = rows[rows[LOTTERY] != ""]
    if not len(own):
        return None
    return trial(own.day, (own[LOTTERY] == CHOSEN).astype(np.float64), own.contacted, own.outcome)


def written(found: Impact, out: Path) -> tuple[Path, ...]:
    """The page, the same as JSON, and PDF where Chromium is. BadInput where they cannot be written."""
    from serving.committee.impact.page import page

    if out.suffix.lower() != ".html":
        raise BadInput(got=f"--out {out.name}", expected="a name that ends in .html", do="Write it like impact.html.")
    told = page(found)
    pdf = out.with_suffix(".pdf")
    paths = save({out.name: html(told), out.with_suffix(".json").name: as_json(told)}, out.parent)
    return (*paths, pdf) if printed(out, pdf) else paths
