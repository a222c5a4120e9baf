"""Whose gap of statin therapy (CMS347) stays open until the end of the year."""

from __future__ import annotations

from models.specs.gap import gap_spec

SPEC = gap_spec(
    "gap_cms347", "Statin gap still open at the end of the year", "a gap of statin therapy (CMS347)", "CMS347"
)
