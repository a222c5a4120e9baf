"""How good a list of N people is: what a care team that can call N of them gets from the ranking.

The list is the `capacity` rows of highest risk. People tied at the edge of the list share its last places evenly, which
is what drawing lots among them gives on average. With weights, or in a resample, the list is the same share of the
weight. Called like every metric: `ppv_at(50)(y, risk)`; any score will do except for net benefit.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable

import numpy as np

from features.errors import BadInput
from models.log_odds import Floats
from models.metrics import Levels, Metric, named_metric, weighed


def ppv_at(capacity: int) -> Metric:
    """Positive predictive value of a list of `capacity` people."""
    _check_capacity(capacity)

    def ppv(at: Levels) -> Floats:
        """Positive predictive value: events on the list / people on it. 0 means that nobody on it has the event."""
        return _events_called(at, capacity) / _places(at, capacity)

    return named_metric(f"ppv_at_{capacity}", ppv)


def sensitivity_at(capacity: int) -> Metric:
    """Sensitivity of a list of `capacity` people."""
    _check_capacity(capacity)

    def sensitivity(at: Levels) -> Floats:
        """Sensitivity: events on the list / all events. 0 means that the list finds none of them."""
        return _events_called(at, capacity) / at.all_events

    return named_metric(f"sensitivity_at_{capacity}", sensitivity)


def lift_at(capacity: int) -> Metric:
    """Lift of a list of `capacity` people."""
    _check_capacity(capacity)

    def lift(at: Levels) -> Floats:
        """Lift: positive predictive value of the list / share of events. 1 means drawing lots, 0 that it finds none."""
        share_called = _places(at, capacity) / (at.all_events + at.all_nonevents)
        return _events_called(at, capacity) / (at.all_events * share_called)

    return named_metric(f"lift_at_{capacity}", lift)


def number_needed_to_call_at(capacity: int) -> Metric:
    """People called per event found by a list of `capacity` people."""
    _check_capacity(capacity)

    def number_needed_to_call(at: Levels) -> Floats:
        """Number needed to call: people on the list / events on it. 1 is best, infinite where the list finds none."""
        return _places(at, capacity) / _events_called(at, capacity)

    return named_metric(f"number_needed_to_call_at_{capacity}", number_needed_to_call)


def net_benefit(threshold: float) -> Metric:
    """Net benefit of calling everyone whose risk is at least `threshold` (between 0 and 1)."""
    odds = _threshold_odds(threshold)

    def benefit(at: Levels) -> Floats:
        """Net benefit: (events called - non-events called x t / (1 - t)) / people, calling risks of t or more.

        0 means no better than calling nobody; in units of events found per person. Vickers and Elkin, Med Decis
        Making 2006;26:565-574.
        """
        called = at.probability >= threshold
        return (weighed(at.events, called) - odds * weighed(at.nonevents, called)) / (at.all_events + at.all_nonevents)

    return named_metric(f"net_benefit_at_{threshold:g}", benefit)


def net_benefit_of_calling_all(threshold: float) -> Metric:
    """Net benefit of calling everyone, which a model must beat at `threshold` to be of use."""
    odds = _threshold_odds(threshold)

    def benefit(at: Levels) -> Floats:
        """Net benefit of calling everyone: rate - (1 - rate) x t / (1 - t). 0 means no better than calling nobody."""
        return (at.all_events - odds * at.all_nonevents) / (at.all_events + at.all_nonevents)

    return named_metric(f"net_benefit_of_calling_all_at_{threshold:g}", benefit)


def list_stability(earlier: Collection[Hashable], later: Collection[Hashable]) -> float:
    """Share of the earlier list who are still on the later one; 0 means nobody, `nan` an empty earlier list."""
    before = set(earlier)
    return len(before & set(later)) / len(before) if before else float("nan")


def _places(at: Levels, capacity: int) -> Floats:
    """(resamples,): the weight of the list, never more than everyone's."""
    rows = int(at.rows.sum())
    return (at.all_events + at.all_nonevents) * (min(capacity, rows) / rows)


def share_called(at: Levels, capacity: int) -> Floats:
    """(resamples, levels): which share of the people at each risk is on the list; 0 at a risk that nobody has."""
    people = at.total[:, ::-1]
    above = np.cumsum(people, axis=1) - people
    called = np.clip(_places(at, capacity)[:, np.newaxis] - above, 0.0, people)
    return np.divide(called, people, out=np.zeros_like(people), where=people > 0)[:, ::-1]


def _events_called(at: Levels, capacity: int) -> Floats:
    """(resamples,): the weight of events on the list."""
    return weighed(at.events[:, ::-1], share_called(at, capacity)[:, ::-1])


def _check_capacity(capacity: int) -> None:
    if capacity < 1:
        raise BadInput(got=f"a capacity of {capacity}", expected="at least 1 person", do="Say how many can be called.")


def _threshold_odds(threshold: float) -> float:
    if not 0 < threshold < 1:
        raise BadInput(got=f"a threshold of {threshold:g}", expected="a risk between 0 and 1", do="Give such a risk.")
    return threshold / (1 - threshold)
