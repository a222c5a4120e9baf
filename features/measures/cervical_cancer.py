"""CMS124: a smear every three years, or from 30 years on an HPV test every five."""

from __future__ import annotations

from features.measures.edition import Edition
from features.measures.left_out import HOSPICE, OF_AGE_AT_END, PALLIATIVE, SEEN, WOMAN
from features.measures.measure import Criterion, Group, Measure, found
from features.measures.panel import Panel
from features.measures.rows import Bools, Rows
from features.measures.sets import (
    HOME_CARE,
    OFFICE_VISIT,
    PREVENTIVE_ESTABLISHED,
    PREVENTIVE_INITIAL,
    TELEPHONE,
    VIRTUAL,
)
from features.measures.value_set import ValueSet

_NCQA = "2.16.840.1.113883.3.464.1003"
NO_CERVIX = ValueSet("Congenital or Acquired Absence of Cervix", f"{_NCQA}.111.12.1016")
CERVIX_REMOVED = ValueSet("Hysterectomy with No Residual Cervix", f"{_NCQA}.198.12.1014")
HPV_TEST = ValueSet("HPV Test", f"{_NCQA}.110.12.1059")
SMEAR = ValueSet("Pap Test", f"{_NCQA}.108.12.1017")
VISITS = (OFFICE_VISIT, PREVENTIVE_ESTABLISHED, PREVENTIVE_INITIAL, HOME_CARE, TELEPHONE, VIRTUAL)
HPV_FROM_AGE = 30


def no_cervix(at: Panel) -> Bools:
    """Born without, or removed."""
    removed = at.procedures(CERVIX_REMOVED).only("completed").ended_by(at.period.last)
    return removed.exist() | at.conditions(NO_CERVIX).started_by(at.period.last).exist()


def smear(at: Panel) -> Rows:
    """A smear, with a result, in three years."""
    tests = at.results(SMEAR).only("settled", "laboratory", "has_value")
    return tests.latest_during(at.period.from_years_before(2))


def hpv_test(at: Panel) -> Rows:
    """An HPV test, with a result, in five years, taken at 30 years of age or later."""
    tests = at.results(HPV_TEST).only("settled", "laboratory", "has_value")
    tests = tests.latest_during(at.period.from_years_before(4))
    return tests.where(at.age_of(tests["who"], tests.latest_day) >= HPV_FROM_AGE)


MEASURE = Measure(
    cms="CMS124",
    name="cervical_cancer",
    title="Cervical cancer screening",
    better="higher",
    evidence="US Preventive Services Task Force 2018, grade A, from 21 to 65 years",
    editions=(
        Edition(2024, ("CervicalCancerScreeningFHIR",), ages=(24, 64), visits=VISITS),
        Edition(
            2025,
            ("CMS124FHIRCervicalCancerScreening",),
            ages=(24, 64),
            sex="clinical_sex",
            verified=True,
            follows_references=True,
            visits=VISITS,
        ),
    ),
    groups=(
        Group(
            initial=(OF_AGE_AT_END, WOMAN, SEEN),
            exclusions=(HOSPICE, Criterion("no cervix", no_cervix), PALLIATIVE),
            numerator=(found("a smear", smear), found("an HPV test", hpv_test)),
            care=(smear, hpv_test),
            closes="a smear, or from 30 years on an HPV test",
            steps=(
                Criterion("a smear, or an HPV test", lambda at: at.age(at.period.last) >= HPV_FROM_AGE),
                Criterion("a smear", lambda at: at.age(at.period.last) < HPV_FROM_AGE),
            ),
        ),
    ),
)
