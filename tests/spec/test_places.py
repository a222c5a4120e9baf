"""Places by example: kinds of facility, how a stay began and ended, and which numbers are which visit."""

from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path

import pytest

from features.codes.places import (
    ACUTE_FACILITIES,
    ADMIT_SOURCES,
    ADMIT_TYPES,
    BILL_TYPES,
    CANCER_HOSPITALS,
    CCN_RANGES,
    DISPOSITIONS,
    EXPIRED,
    HOSPICE,
    PLACES_OF_SERVICE,
    TO_ACUTE_HOSPITAL,
    VISITS,
    Fact,
    facility_type,
    facility_words,
    fact,
    hospital_of,
)
from features.codes.systems import HCPCS, RevenueCentre


@pytest.mark.parametrize(
    ("ccn", "kind"),
    [
        ("330154", "short_term_acute"),
        ("330879", "short_term_acute"),
        ("330880", None),
        ("331300", "critical_access"),
        ("332299", "long_term"),
        ("333024", None),
        ("333025", "rehabilitation"),
        ("333300", "childrens"),
        ("334499", "psychiatric"),
        ("335000", "skilled_nursing"),
        ("331500", "hospice"),
        ("33S154", "psychiatric_unit"),
        ("33T154", "rehabilitation_unit"),
        ("21SA26", "psychiatric_unit"),
        ("33M300", "psychiatric_unit"),
        ("33U154", "swing_bed"),
        ("33Z300", "swing_bed"),
        ("2600GD", "short_term_acute"),  # made up by DE-SynPUF: 0000 to 0099
        ("23006G", "short_term_acute"),
        ("2613AB", "critical_access"),
        ("2608AB", None),  # 0800 to 0899 is of two kinds
        ("2630AB", None),  # 3000 to 3099 is of two kinds
        ("26UWAB", None),
        ("33015E", None),
        ("1234567893", None),
        ("", None),
    ],
)
def test_a_facility_is_known_by_its_certification_number(ccn: str, kind: str | None) -> None:
    assert facility_type(ccn) == kind


@pytest.mark.parametrize(
    ("unit", "hospital"),
    [("33S154", "330154"), ("33T154", "330154"), ("33M300", "331300"), ("33Z300", "331300"), ("33U154", "330154")],
)
def test_a_unit_is_part_of_a_hospital(unit: str, hospital: str) -> None:
    assert hospital_of(unit) == hospital
    assert hospital_of(hospital) == hospital


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Critical Access Hospital", "critical_access"),
        ("acute psychiatric hospital", "psychiatric"),
        ("Inpatient Rehabilitation Facility", "rehabilitation"),
        ("long-term acute care", "long_term"),
        ("short term acute", "short_term_acute"),
        ("clinic", None),
    ],
)
def test_a_directory_says_a_kind_in_words(words: str, kind: str | None) -> None:
    assert facility_words(words) == kind


def test_ranges_of_certification_numbers_do_not_overlap() -> None:
    assert all(first <= last for first, last, _ in CCN_RANGES)
    assert all(before[1] < after[0] for before, after in pairwise(CCN_RANGES))
    assert len(CANCER_HOSPITALS) == 11
    assert {facility_type(ccn) for ccn in CANCER_HOSPITALS} <= set(ACUTE_FACILITIES)


@pytest.mark.parametrize(
    "facts", [BILL_TYPES, DISPOSITIONS, ADMIT_TYPES, ADMIT_SOURCES, PLACES_OF_SERVICE], ids=lambda f: f[0].wording
)
def test_a_short_list_has_each_code_once(facts: tuple[Fact, ...]) -> None:
    assert len({each.code for each in facts}) == len(facts)


def test_how_a_stay_ended() -> None:
    assert EXPIRED == ("20", "40", "41", "42")
    assert HOSPICE == ("50", "51")
    assert TO_ACUTE_HOSPITAL == ("02", "82", "05", "85", "43", "88", "66", "94")
    known = fact(DISPOSITIONS, "90")
    assert known is not None
    assert known.kind == "rehabilitation"
    assert known.wording.endswith("a return to acute care being planned")
    assert fact(DISPOSITIONS, "00") is None
    assert fact(DISPOSITIONS, None) is None


def test_dispositions_and_admissions_leave_out_no_published_code(reference_dir: Path) -> None:
    for file, facts, without in (
        ("hwr-readmissions/discharge_disposition_code.csv", DISPOSITIONS, {"00"}),  # 00 is unknown
        ("tuva-terminology/admit_source.csv", ADMIT_SOURCES, {"0", "A"}),  # 0 anomaly, A reserved
        ("tuva-terminology/admit_type.csv", ADMIT_TYPES, {"6", "7", "8"}),  # reserved
    ):
        with (reference_dir / file).open(newline="", encoding="utf-8-sig") as lines:
            published = {row[0] for row in list(csv.reader(lines))[1:]}
        assert published - without <= {each.code for each in facts}


def test_visits_are_known_by_number_and_revenue_centre() -> None:
    assert VISITS.labels_of(HCPCS, "99284") == VISITS.labels_of(RevenueCentre, "0450") == ("emergency",)
    assert VISITS.labels_of(RevenueCentre, "0762") == ("observation",)
    assert VISITS.labels_of(RevenueCentre, "0760") == (), "a treatment room is not observation"
    assert VISITS.labels_of(RevenueCentre, "0981") == ("emergency",)
    assert VISITS.labels_of(HCPCS, "99214") == ("office",)
    assert VISITS.labels_of(HCPCS, "99496") == ("transitional_care",)
