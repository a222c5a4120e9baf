"""Whose gap of blood pressure control (CMS165) stays open until the end of the year."""

from __future__ import annotations

from models.specs.gap import gap_spec

SPEC = gap_spec(
    "gap_cms165",
    "Blood pressure gap still open at the end of the year",
    "a gap of blood pressure control (CMS165)",
    "CMS165",
)
