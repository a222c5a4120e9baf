"""One patient, told in four formats: the same stays, and where a format carries the facts the same features."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.catalogue.conditions import CHARLSON_CONDITIONS
from features.catalogue.person import ENROLMENT
from features.catalogue.treatment import FILLS, LABORATORY
from features.catalogue.utilisation import DRUG_COST
from tests.conftest import PROJECT
from tests.one_patient import STAYS, WRITERS, Told, agreed, everyone, page

pytestmark = pytest.mark.slow


FEATURES = (ENROLMENT, CHARLSON_CONDITIONS, FILLS, DRUG_COST, LABORATORY)


# two formats in every run, since a patient takes seconds to load and read; all four in the long one
@pytest.fixture(
    scope="module", params=[("tuva", "cclf"), pytest.param(tuple(WRITERS), marks=pytest.mark.soak)], ids=len
)
def all_told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Told]:
    return everyone(tmp_path_factory.mktemp("one"), FEATURES, request.param)


def test_every_row_of_the_patient_is_loaded_and_her_stays_are_the_same(all_told: dict[str, Told]) -> None:
    days = tuple((first, last) for _, first, last in STAYS)
    assert {name: one.stays for name, one in all_told.items()} == dict.fromkeys(all_told, days)
    assert {name: dict(one.quarantined) for name, one in all_told.items()} == {name: {} for name in all_told}


def test_what_two_formats_both_tell_of_is_told_alike(all_told: dict[str, Told]) -> None:
    """A model would score the same person differently by who sent the file."""
    assert agreed(all_told) == []
    for name, one in all_told.items():
        assert sum(value == value for value in one.features.values()) > 10, f"{name} tells of next to nothing"


@pytest.mark.soak
def test_of_all_features_what_is_told_is_told_alike_and_the_page_says_what_is_not(tmp_path: Path) -> None:
    all_told = everyone(tmp_path)
    assert agreed(all_told) == []
    written = (PROJECT / "docs" / "formats.md").read_text()
    assert written == page(all_told), "run python -m tests.one_patient > docs/formats.md"
