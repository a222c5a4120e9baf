"""The care gaps: quality measures as data, their value sets, and the official answers."""

from __future__ import annotations

from features.measures import breast_cancer

MEASURES = (breast_cancer.MEASURE,)
