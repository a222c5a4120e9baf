"""Laboratory tests and vital signs by LOINC number, as facts.

Source: the numbers, units and the usual adult reference limits are facts recalled from the LOINC table (release 2.78,
2024) and from common laboratory practice; limits differ between laboratories, and these are ours. Short names are our
own words, never LOINC's.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Lab:
    """One test. `low` and `high` are the usual adult reference limits in `unit`; null where there is no such limit."""

    loinc: str
    name: str
    unit: str
    low: float | None
    high: float | None


LABS: tuple[Lab, ...] = (
    Lab("718-7", "haemoglobin", "g/dL", 12.0, 17.5),
    Lab("2951-2", "sodium", "mmol/L", 135.0, 145.0),
    Lab("2823-3", "potassium", "mmol/L", 3.5, 5.1),
    Lab("2160-0", "creatinine", "mg/dL", 0.6, 1.3),
    Lab("98979-8", "filtration rate", "mL/min/1.73m2", 60.0, None),
    Lab("3094-0", "urea nitrogen", "mg/dL", 7.0, 20.0),
    Lab("1751-7", "albumin", "g/dL", 3.5, 5.0),
    Lab("6690-2", "white cells", "10*3/uL", 4.0, 11.0),
    Lab("777-3", "platelets", "10*3/uL", 150.0, 400.0),
    Lab("2345-7", "glucose", "mg/dL", 70.0, 140.0),
    Lab("30934-4", "natriuretic peptide", "pg/mL", None, 100.0),
    Lab("89579-7", "troponin", "ng/L", None, 14.0),
    Lab("6301-6", "clotting ratio", "{INR}", 0.8, 1.2),
    Lab("4548-4", "glycated haemoglobin", "%", 4.0, 5.6),
    Lab("13457-7", "LDL cholesterol", "mg/dL", None, 100.0),
    Lab("9318-7", "urine albumin to creatinine", "mg/g", None, 30.0),
    Lab("3016-3", "thyrotropin", "m[IU]/L", 0.4, 4.5),
    Lab("2132-9", "vitamin B12", "pg/mL", 200.0, 900.0),
    Lab("600-7", "blood culture", "1", None, None),
    Lab("22637-3", "pathology report", "1", None, None),
)

VITALS: tuple[Lab, ...] = (
    Lab("8480-6", "systolic pressure", "mm[Hg]", 90.0, 140.0),
    Lab("8462-4", "diastolic pressure", "mm[Hg]", 60.0, 90.0),
    Lab("39156-5", "body mass index", "kg/m2", 18.5, 25.0),
    Lab("29463-7", "weight", "kg", None, None),
    Lab("44261-6", "depression score", "{score}", None, 9.0),
)
