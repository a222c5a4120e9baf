"""The codes that the simulated bills may carry, each as a position in a tuple."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from features.simulate import conditions, reasons
from features.simulate.frame import Ints


def _distinct(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(codes))


ROUTINE = ("Z0000", "Z09", "Z5189", "J9601", "E43", "R6889", "Z23", "Z5111", "Z4789", "Z7189")
DIAGNOSES: tuple[str, ...] = _distinct(
    [code for condition in conditions.CONDITIONS for code in condition.codes]
    + [code for reason in reasons.REASONS for code in (*reason.principal, *reason.admitting)]
    + [code for harm in reasons.HARMS for code in (harm.first, harm.second, harm.admitting)]
    + [code for pair in reasons.EMERGENCY_FALLS for code in pair]
    + [*reasons.COMPLICATIONS, *reasons.EMERGENCY_COMPLAINTS, *ROUTINE]
)
PROCEDURES: tuple[str, ...] = _distinct(code for reason in reasons.REASONS for code in reason.procedures)
DRGS: tuple[str, ...] = _distinct(
    [drg for reason in reasons.REASONS for drg in reason.drgs] + [harm.drg for harm in reasons.HARMS]
)
HCPCS: tuple[str, ...] = (
    "99202", "99203", "99204", "99205", "99211", "99212", "99213", "99214", "99215", "G0438", "G0439", "99495", "99496",
    "99281", "99282", "99283", "99284", "99285", "G0378", "99221", "99222", "99223", "99231", "99232", "99233", "99238",
    "99239", "36415", "80053", "85025", "83036", "80061", "93000", "71046", "G0299", "G0151", "Q5001", "G0154", "96413",
)  # fmt: skip
REVENUE: tuple[str, ...] = (
    "0120", "0200", "0250", "0300", "0320", "0360", "0450", "0762", "0022", "0420", "0551", "0651", "0118", "0001",
)  # fmt: skip

_DIAGNOSIS = {code: position for position, code in enumerate(DIAGNOSES)}
_PROCEDURE = {code: position for position, code in enumerate(PROCEDURES)}
_DRG = {code: position for position, code in enumerate(DRGS)}
_HCPCS = {code: position for position, code in enumerate(HCPCS)}
_REVENUE = {code: position for position, code in enumerate(REVENUE)}


def diagnosis(code: str) -> int:
    """Position of a diagnosis code."""
    return _DIAGNOSIS[code]


def drg(code: str) -> int:
    """Position of an MS-DRG."""
    return _DRG[code]


def hcpcs(code: str) -> int:
    """Position of a HCPCS code."""
    return _HCPCS[code]


def revenue(code: str) -> int:
    """Position of a revenue centre code."""
    return _REVENUE[code]


def pick(random: np.random.Generator, options: tuple[tuple[int, ...], ...], rows: Ints) -> Ints:
    """For each row one of the positions that `options` lists for its number, at random."""
    width = max(len(choice) for choice in options)
    table = np.array([[choice[column % len(choice)] for column in range(width)] for choice in options], dtype=np.int64)
    counts = np.array([len(choice) for choice in options])
    column = (random.random(len(rows)) * counts[rows]).astype(np.int64)
    return np.asarray(table[rows, column], dtype=np.int64)


PRINCIPAL = tuple(tuple(diagnosis(code) for code in reason.principal) for reason in reasons.REASONS)
ADMITTING = tuple(tuple(diagnosis(code) for code in reason.admitting) for reason in reasons.REASONS)
CONDITION_CODES = tuple(tuple(diagnosis(code) for code in condition.codes) for condition in conditions.CONDITIONS)
REASON_PROCEDURES = tuple(
    tuple(_PROCEDURE[code] for code in reason.procedures) if reason.procedures else (-1,) for reason in reasons.REASONS
)
PROCEDURE_SHARE = np.array([reason.procedure_share for reason in reasons.REASONS])
REASON_DRGS = np.array([[drg(code) for code in reason.drgs] for reason in reasons.REASONS])
HARM_FIRST = np.array([diagnosis(harm.first) for harm in reasons.HARMS])
HARM_SECOND = np.array([diagnosis(harm.second) for harm in reasons.HARMS])
HARM_ADMITTING = np.array([diagnosis(harm.admitting) for harm in reasons.HARMS])
HARM_DRG = np.array([drg(harm.drg) for harm in reasons.HARMS])
COMPLICATIONS = np.array([diagnosis(code) for code in reasons.COMPLICATIONS])
COMPLAINTS = np.array([diagnosis(code) for code in reasons.EMERGENCY_COMPLAINTS])
FALLS = np.array([[diagnosis(code) for code in pair] for pair in reasons.EMERGENCY_FALLS])
