"""One model of the gaps of all measures, a challenger of those of one measure each."""

from __future__ import annotations

from features.catalogue.gaps import FORESEEN
from models.specs.gap import gap_spec

SPEC = gap_spec("gap_pooled", "Care gap still open at the end of the year", "a care gap of any measure", *FORESEEN)
