"""The value sets that come with Afterward beside the published ones of the deck of 2024."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from features.codes.editions import title
from features.codes.systems import HCPCS, ICD10CM, ICD10PCS, SNOMED
from features.measures import MEASURES
from features.measures.deck import value_sets
from features.measures.measure import value_sets_of
from features.measures.shipped import CPT, SHIPPED, SNOMED_CT, Shipped, codes_of
from features.measures.value_sets import ValueSets

DIVIDED = (ICD10CM.name, ICD10PCS.name)
OURS_ALONE = ("ndc", "kind-of-visit")
TITLES = {system.name: system.title for system in (ICD10CM, ICD10PCS)} | {SNOMED.name: SNOMED_CT}
TITLES |= {"loinc": "LOINC", "rxnorm": "RxNorm", "hcpcs": "HCPCS", CPT: CPT}
NOT_ASKED_IN_2024 = ("Telemedicine Services",)  # the deck of 2024 has no such set
COMPARED = pytest.mark.parametrize(
    "shipped", [each for each in SHIPPED if each.of.name not in NOT_ASKED_IN_2024], ids=lambda each: each.of.name
)


@pytest.fixture(scope="module")
def published(data_dir: Path) -> ValueSets:
    return value_sets(data_dir / "ecqm_decks_2024")


def test_every_set_that_a_measure_asks_for_is_said_whether_it_comes_with_us() -> None:
    """One that is not said would be missing without a word on whose it is."""
    asked = {each for measure in MEASURES for edition in measure.editions for each in value_sets_of(measure, edition)}
    assert {each.name for each in asked - {each.of for each in SHIPPED}} == set()
    assert len(SHIPPED) == len({each.of.oid for each in SHIPPED})


@COMPARED
def test_what_comes_with_us_is_part_of_the_published_set(shipped: Shipped, published: ValueSets) -> None:
    """A code too many would put people into a measure, or close their gaps, whom CMS does not count."""
    theirs = by_system(published.content[shipped.of.oid].codes)
    for system, codes in by_system(codes_of(shipped)).items():
        if system not in OURS_ALONE:
            beyond = codes - theirs.get(system, set())
            assert [
                code for code in sorted(beyond) if not _of_another_edition(system, code, theirs.get(system, set()))
            ] == []


@COMPARED
def test_a_set_says_in_which_systems_it_lacks_codes(shipped: Shipped, published: ValueSets) -> None:
    """Whoever closes gaps by a set that lacks codes without saying so tells people that they are overdue."""
    ours = by_system(codes_of(shipped))
    lacking = {
        TITLES.get(system, system)
        for system, codes in by_system(published.content[shipped.of.oid].codes).items()
        if codes - ours.get(system, set())
    }
    assert set(shipped.lacks) == lacking


def by_system(codes: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """Codes by system; the numbers of CPT, which the record keeps with HCPCS, apart."""
    found: dict[str, set[str]] = {}
    for system, code in codes:
        found.setdefault(CPT if system == HCPCS.name and code[0].isdigit() else system, set()).add(code)
    return found


def _of_another_edition(system: str, code: str, theirs: set[str]) -> bool:
    """Whether an edition divided a code, so that one list has the whole and the other its parts; or the code is newer
    than the editions of 2024.
    """
    if system not in DIVIDED:
        return False
    new = title(ICD10CM if system == ICD10CM.name else ICD10PCS, code) is None
    return new or any(code.startswith(each) or each.startswith(code) for each in theirs)


def shares(published: ValueSets) -> dict[str, tuple[int, int]]:
    """Of each system, how many of the published codes of these sets come with us, and how many there are."""
    found: dict[str, tuple[int, int]] = {}
    for each in SHIPPED:
        if each.of.oid in published.content:
            ours = by_system(codes_of(each))
            for system, codes in by_system(published.content[each.of.oid].codes).items():
                both, all_ = found.get(system, (0, 0))
                found[system] = both + len(codes & ours.get(system, set())), all_ + len(codes)
    return found


def test_the_share_of_the_published_codes_that_comes_with_us(published: ValueSets) -> None:
    """Nearly half or more of the codes that we may ship, and no number of CPT or SNOMED CT."""
    found = {system: both / all_ for system, (both, all_) in shares(published).items()}
    assert found["hcpcs"] > 0.6
    assert found["loinc"] > 0.45
    assert found["icd-10-cm"] > 0.4
    assert found["icd-10-pcs"] > 0.5
    assert found[CPT] == found["snomed-ct"] == 0
