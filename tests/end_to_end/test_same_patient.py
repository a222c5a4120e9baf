"""One patient, told in four formats: the same stays, and where a format carries the facts the same features."""

from __future__ import annotations

import pytest

from tests.conftest import PROJECT
from tests.one_patient import STAYS, Told, agreed, everyone, page

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def all_told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Told]:
    return everyone(tmp_path_factory.mktemp("one"))


def test_every_row_of_the_patient_is_loaded_and_her_stays_are_the_same(all_told: dict[str, Told]) -> None:
    days = tuple((first, last) for _, first, last in STAYS)
    assert {name: one.stays for name, one in all_told.items()} == dict.fromkeys(all_told, days)
    assert {name: dict(one.quarantined) for name, one in all_told.items()} == {name: {} for name in all_told}


def test_what_two_formats_both_tell_of_is_told_alike(all_told: dict[str, Told]) -> None:
    """A model would score the same person differently by who sent the file."""
    assert agreed(all_told) == []
    for name, one in all_told.items():
        assert sum(value == value for value in one.features.values()) > 100, f"{name} tells of next to nothing"


def test_the_page_tells_what_each_format_cannot_carry(all_told: dict[str, Told]) -> None:
    written = (PROJECT / "docs" / "formats.md").read_text()
    assert written == page(all_told), "run python -m tests.one_patient > docs/formats.md"
