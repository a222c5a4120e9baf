"""What the alarms of a month are a sign of, in a word: a shift with what it was named by.

A feed that breaks moves the scores too, so what the feeds explain is not told as other people; and a fall of O/E among
those who were contacted alone is treatment, not drift.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from models.drift import Kind, Signal
from models.drift_of_scores import CONTACTED, NOT_CONTACTED


class Cause(StrEnum):
    """What happened."""

    MISSING_FEED = "missing feed"
    MORE_ROWS = "more rows than usual"
    CODING = "coding change"
    MISSING_VALUES = "missing values"
    LAG = "lag jump"
    SICKER = "sicker intake"
    HEALTHIER = "healthier intake"
    OTHER_PEOPLE = "other people or inputs"
    CALIBRATION = "calibration drift"
    TREATED = "treated"


OF_FEEDS = (Cause.MISSING_FEED, Cause.MORE_ROWS, Cause.CODING, Cause.MISSING_VALUES, Cause.LAG)
NOT_DRIFT = (Cause.TREATED,)
BY_KIND = {
    Kind.UNMAPPED: Cause.CODING,
    Kind.UNSEEN: Cause.CODING,
    Kind.MISSING: Cause.MISSING_VALUES,
    Kind.LAG: Cause.LAG,
}


@dataclass(frozen=True)
class Shift:
    """A shift that was named, the month of its first alarm, and the signals behind it."""

    cause: Cause
    about: str
    month: int
    signals: tuple[Signal, ...]

    @property
    def drift(self) -> bool:
        """Whether it is one: what contact explains is none."""
        return self.cause not in NOT_DRIFT


def named(feeds: Sequence[Signal], scores: Sequence[Signal], ratios: Sequence[Signal]) -> tuple[Shift, ...]:
    """The shifts, earliest first; each is named once for what it is about."""
    late = {(one.about, one.month) for one in feeds if one.alarm and one.kind is Kind.LAG and one.value > one.usual}
    told = [one for one in feeds if one.alarm and not _only_late(one, late)]
    of_feeds = _collected([(_of_feed(one), one.about, one) for one in told])
    broken = [shift.month for shift in of_feeds]
    of_people = _collected([(_of_people(one, broken), one.about, one) for one in scores if one.alarm])
    found = [*of_feeds, *_intake_first(of_people), *_of_ratios(ratios)]
    return tuple(sorted(found, key=lambda shift: (shift.month, shift.cause, shift.about)))


def _only_late(signal: Signal, late: Collection[tuple[str, int]]) -> bool:
    """Whether fewer rows came because they come later: what is there is late in the same month or in the next."""
    comes = {(signal.about, signal.month), (signal.about, signal.month + 1)}
    return signal.kind is Kind.VOLUME and signal.value < signal.usual and bool(comes & set(late))


def _of_feed(signal: Signal) -> Cause:
    if signal.kind is Kind.VOLUME:
        return Cause.MISSING_FEED if signal.value < signal.usual else Cause.MORE_ROWS
    return BY_KIND[signal.kind]


def _of_people(signal: Signal, broken: Sequence[int]) -> Cause:
    if signal.kind is not Kind.INTAKE or any(month <= signal.month for month in broken):
        return Cause.OTHER_PEOPLE
    return Cause.SICKER if signal.value > signal.usual else Cause.HEALTHIER


def _intake_first(shifts: Sequence[Shift]) -> list[Shift]:
    """Sicker or healthier people give other inputs and scores too: that is then no shift of its own."""
    intake = [shift for shift in shifts if shift.cause is not Cause.OTHER_PEOPLE]
    if not intake:
        return list(shifts)
    others = [signal for shift in shifts if shift.cause is Cause.OTHER_PEOPLE for signal in shift.signals]
    return [replace(intake[0], signals=(*intake[0].signals, *others)), *intake[1:]]


def _of_ratios(ratios: Sequence[Signal]) -> list[Shift]:
    """Calibration that drifted, and falls that contact explains: those not contacted are as they were, those contacted
    fell below them.
    """
    found: list[tuple[Cause, str, Signal]] = []
    by_about = {(one.about, one.month): one for one in ratios}
    for one in ratios:
        if not one.alarm:
            continue
        who = one.about.split(",")[0]
        beside = {
            each: by_about.get((one.about.replace(who, each, 1), one.month)) for each in (CONTACTED, NOT_CONTACTED)
        }
        found.append((Cause.TREATED if _explained(one, who, beside) else Cause.CALIBRATION, who, one))
    return _collected(found)


def _explained(one: Signal, who: str, beside: dict[str, Signal | None]) -> bool:
    contacted, others = beside[CONTACTED], beside[NOT_CONTACTED]
    if one.value > one.usual or who == NOT_CONTACTED or contacted is None or others is None or others.alarm:
        return False
    return contacted.value / contacted.usual < others.value / others.usual


def _collected(alarms: Sequence[tuple[Cause, str, Signal]]) -> list[Shift]:
    """One shift for each cause and what it is about."""
    together: dict[tuple[Cause, str], list[Signal]] = {}
    for cause, about, signal in alarms:
        together.setdefault((cause, about), []).append(signal)
    return [
        Shift(cause, about, min(one.month for one in signals), tuple(signals))
        for (cause, about), signals in together.items()
    ]
