"""Units of laboratory tests and vital signs that features read, and the values that a living person can have.

Features read a result's number in the unit that `features.codes.laboratory` declares, so another unit makes a wrong
number. Spellings and limits are facts of laboratory practice recalled by us; the limits are wide on purpose: what lies
outside them is a mistake of unit or entry, not an illness.
"""

from __future__ import annotations

from features.codes.laboratory import LABS, VITALS

# how else a unit is written, lower case; each means the same number
SPELLINGS = {
    "mmol/L": ("meq/l",),
    "mL/min/1.73m2": ("ml/min", "ml/min/{1.73_m2}", "ml/min/1.73 m2", "ml/min/1.73_m2", "ml/min/{1.73m2}"),
    "10*3/uL": ("10^3/ul", "k/ul", "10*9/l", "10^9/l", "x10e3/ul", "10*3/mm3", "thousand/ul"),
    "{INR}": ("inr", "1", "ratio", "{ratio}"),
    "ng/L": ("pg/ml",),
    "pg/mL": ("ng/l",),
    "mg/g": ("ug/mg", "mg/g{creat}", "mg/g creat"),
    "m[IU]/L": ("miu/l", "uiu/ml", "u[iu]/ml", "mu/l"),
    "mm[Hg]": ("mmhg", "mm hg"),
    "kg/m2": ("kg/m^2", "kg/m*2"),
    "%": ("percent", "%{hb}", "% of total hgb"),
    "{score}": ("1", "score", "points"),
    "1": ("",),
}
# lowest and highest value of a living person, in the declared unit
POSSIBLE = {
    "718-7": (1, 30),
    "2951-2": (90, 200),
    "2823-3": (1, 12),
    "2160-0": (0, 50),
    "98979-8": (0, 250),
    "3094-0": (0, 350),
    "1751-7": (0, 9),
    "6690-2": (0, 900),
    "777-3": (0, 4_000),
    "2345-7": (5, 2_500),
    "30934-4": (0, 200_000),
    "89579-7": (0, 1_000_000),
    "6301-6": (0, 50),
    "4548-4": (2, 25),
    "13457-7": (0, 1_500),
    "9318-7": (0, 50_000),
    "3016-3": (0, 1_000),
    "2132-9": (0, 50_000),
    "8480-6": (20, 350),
    "8462-4": (0, 250),
    "39156-5": (5, 150),
    "29463-7": (0, 600),
    "44261-6": (0, 27),
}


def accepted(unit: str) -> tuple[str, ...]:
    """The spellings, in lower case, that mean the declared unit."""
    return (unit.lower(), *SPELLINGS.get(unit, ()))


TESTS = tuple(test for test in (*LABS, *VITALS) if test.loinc in POSSIBLE)
