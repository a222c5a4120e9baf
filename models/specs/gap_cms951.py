"""Whose gap of kidney tests in diabetes (CMS951) stays open until the end of the year."""

from __future__ import annotations

from models.specs.gap import gap_spec

SPEC = gap_spec(
    "gap_cms951",
    "Kidney tests still open at the end of the year",
    "a gap of kidney tests in diabetes (CMS951)",
    "CMS951",
)
