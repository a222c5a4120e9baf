"""The care gaps: quality measures as data, their value sets, and the official answers."""

from __future__ import annotations

from features.measures import (
    blood_pressure,
    bmi_screening,
    breast_cancer,
    cervical_cancer,
    colorectal_cancer,
    depression_screening,
    eye_exam,
    glycemic_status,
    kidney_health,
    statin_therapy,
)

MEASURES = (
    depression_screening.MEASURE,
    bmi_screening.MEASURE,
    glycemic_status.MEASURE,
    cervical_cancer.MEASURE,
    breast_cancer.MEASURE,
    colorectal_cancer.MEASURE,
    eye_exam.MEASURE,
    blood_pressure.MEASURE,
    statin_therapy.MEASURE,
    kidney_health.MEASURE,
)
