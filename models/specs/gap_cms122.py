"""Whose gap of diabetes control (CMS122) stays open until the end of the year."""

from __future__ import annotations

from models.specs.gap import gap_spec

SPEC = gap_spec(
    "gap_cms122", "Blood sugar gap still open at the end of the year", "a gap of diabetes control (CMS122)", "CMS122"
)
