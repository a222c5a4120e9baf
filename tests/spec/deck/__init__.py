"""The published deck: vignettes that a clinician can check by hand. They run as tests and print docs/definitions.md."""

from __future__ import annotations

from tests.spec.deck import cohorts, harms, readmissions, stays

CHAPTERS = (*stays.CHAPTERS, *cohorts.CHAPTERS, *readmissions.CHAPTERS, *harms.CHAPTERS)
VIGNETTES = tuple(vignette for chapter in CHAPTERS for vignette in chapter.vignettes)
