"""CMS130: a test for cancer of the bowel, of whichever kind, in its time."""

from __future__ import annotations

from features.measures.edition import Edition
from features.measures.left_out import FRAIL_AND_ILL, HOSPICE, NURSING_HOME, OF_AGE_AT_END, PALLIATIVE, SEEN
from features.measures.measure import Criterion, Group, Measure, found
from features.measures.panel import Panel
from features.measures.rows import Bools, Rows
from features.measures.sets import ADULT_OUTPATIENT
from features.measures.value_set import ValueSet

_NCQA = "2.16.840.1.113883.3.464.1003"
COLONOSCOPY = ValueSet("Colonoscopy", f"{_NCQA}.108.12.1020")
COLONOGRAPHY = ValueSet("CT Colonography", f"{_NCQA}.108.12.1038")
STOOL_BLOOD = ValueSet("Fecal Occult Blood Test (FOBT)", f"{_NCQA}.198.12.1011")
STOOL_DNA = ValueSet("sDNA FIT Test", f"{_NCQA}.108.12.1039")
SIGMOIDOSCOPY = ValueSet("Flexible Sigmoidoscopy", f"{_NCQA}.198.12.1010")
COLON_CANCER = ValueSet("Malignant Neoplasm of Colon", f"{_NCQA}.108.12.1001")
COLON_REMOVED = ValueSet("Total Colectomy", f"{_NCQA}.198.12.1019")


def has_had_cancer(at: Panel) -> Bools:
    """Cancer of the colon at any time."""
    return at.conditions(COLON_CANCER).started_by(at.period.last).exist()


def no_colon_left(at: Panel) -> Bools:
    """The whole colon removed."""
    return at.procedures(COLON_REMOVED).only("completed").ended_by(at.period.last).exist()


def stool_blood(at: Panel) -> Rows:
    """A test for blood in the stool, with a result, in the period."""
    return at.results(STOOL_BLOOD).only("settled", "laboratory", "has_value").latest_during(at.period)


def stool_dna(at: Panel) -> Rows:
    """A stool DNA test, with a result, in three years."""
    tests = at.results(STOOL_DNA).only("settled", "laboratory", "has_value")
    return tests.latest_during(at.period.from_years_before(2))


def sigmoidoscopy(at: Panel) -> Rows:
    """A sigmoidoscopy in five years."""
    return at.procedures(SIGMOIDOSCOPY).only("completed").ending(at.period.from_years_before(4))


def colonography(at: Panel) -> Rows:
    """A CT colonography in five years."""
    return at.imaged(at.results(COLONOGRAPHY)).ending(at.period.from_years_before(4))


def colonoscopy(at: Panel) -> Rows:
    """A colonoscopy in ten years."""
    return at.procedures(COLONOSCOPY).only("completed").ending(at.period.from_years_before(9))


MEASURE = Measure(
    cms="CMS130",
    name="colorectal_cancer",
    title="Colorectal cancer screening",
    better="higher",
    evidence="US Preventive Services Task Force 2021: grade A from 50 to 75 years, B from 45",
    editions=(
        Edition(2024, ("ColonCancerScreeningFHIR",), ages=(46, 75), visits=ADULT_OUTPATIENT),
        Edition(
            2025,
            ("CMS130FHIRColorectalCancerScreening",),
            ages=(46, 75),
            verified=True,
            follows_references=True,
            visits=ADULT_OUTPATIENT,
        ),
    ),
    groups=(
        Group(
            initial=(OF_AGE_AT_END, SEEN),
            exclusions=(
                HOSPICE,
                Criterion("has had cancer of the colon", has_had_cancer),
                Criterion("the colon removed", no_colon_left),
                FRAIL_AND_ILL,
                NURSING_HOME,
                PALLIATIVE,
            ),
            numerator=(
                found("a test for blood in the stool", stool_blood),
                found("a stool DNA test", stool_dna),
                found("a sigmoidoscopy", sigmoidoscopy),
                found("a CT colonography", colonography),
                found("a colonoscopy", colonoscopy),
            ),
            care=(stool_blood, stool_dna, sigmoidoscopy, colonography, colonoscopy),
            closes="a test for blood in the stool, or another test of the bowel",
        ),
    ),
)
