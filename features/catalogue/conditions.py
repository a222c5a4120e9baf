"""What the person suffers from, as claims known at discharge tell it, and the working diagnosis of the index stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.catalogue.algebra import Family, Measured, Statistic
from features.catalogue.events import CodesFrom, Distinct, Weighted, conditions, social_codes
from features.codes.grouping import Grouping
from features.codes.groupings import CCS_DIAGNOSIS, CHARLSON, ELIXHAUSER, HFRS
from features.codes.sensitive import TELLS
from features.definitions.stays import stay_versions
from features.record.known import Known
from features.windows import Lookback

if TYPE_CHECKING:
    import ibis.expr.types as ir

# through the day of admission: what is coded on the index claims counts once they are known
QUARTER, YEAR, TWO_YEARS = (Lookback(days, through_anchor=True) for days in (90, 365, 730))


def _words(grouping: Grouping) -> dict[str, str]:
    return {label: grouping.description(label).lower() for label in grouping.labels}


COMORBIDITIES = Family(
    "elixhauser",
    group="chronic conditions",
    events=conditions(ELIXHAUSER),
    windows=(YEAR, TWO_YEARS),
    statistics=(Statistic.DAYS,),
    words=_words(ELIXHAUSER),
    tells=TELLS["elixhauser"],
    needs=("diagnosis",),
)
CHARLSON_CONDITIONS = Family(
    "charlson",
    group="chronic conditions",
    events=conditions(CHARLSON),
    windows=(TWO_YEARS,),
    statistics=(Statistic.ANY, Statistic.SINCE),
    words=_words(CHARLSON),
    tells=TELLS["charlson"],
    needs=("diagnosis",),
)
CHARLSON_INDEX = Family(
    "charlson_index",
    group="burden of disease",
    events=Weighted(CHARLSON, "quan_2011"),
    windows=(YEAR, TWO_YEARS),
    statistics=(Statistic.SUM,),
    words="Charlson index",
    needs=("diagnosis",),
    measured=Measured("points"),
    spoken=False,
)
CHARLSON_COUNT = Family(
    "charlson_conditions",
    group="burden of disease",
    events=Distinct(CHARLSON),
    windows=(YEAR, TWO_YEARS),
    statistics=(Statistic.COUNT,),
    words="different long-term conditions",
    needs=("diagnosis",),
)
FRAILTY = Family(
    "frailty",
    group="frailty",
    events=Weighted(HFRS, "gilbert_2018"),
    windows=(TWO_YEARS,),
    statistics=(Statistic.SUM,),
    words="hospital frailty risk score",
    needs=("diagnosis", "diagnosis.icd-10-cm"),
    measured=Measured("points", 10),
    spoken=False,
)
# CCS categories that bring people back or make them come: single-level CCS numbers
CCS_CHOSEN = tuple(
    f"ccs_{number}"
    for number in (
        2, 42, 49, 50, 53, 55, 59, 98, 99, 100, 101, 102, 103, 106, 108, 109, 114, 115, 117, 118, 122, 127, 128, 129,
        130, 131, 133, 145, 151, 153, 155, 157, 158, 159, 197, 199, 203, 226, 233, 237, 238, 244, 245, 250, 251, 252,
        653, 657, 659, 660, 661, 663,
    )
)  # fmt: skip
_CCS_WORDS = {label: CCS_DIAGNOSIS.description(label).lower() for label in CCS_CHOSEN}
CATEGORIES = Family(
    "dx",
    group="recent diagnoses",
    events=conditions(CCS_DIAGNOSIS),
    windows=(QUARTER, YEAR),
    statistics=(Statistic.DAYS,),
    words=_CCS_WORDS,
    tells=TELLS["ccs"],
    needs=("diagnosis",),
)


def working_diagnosis(then: Known) -> ir.Table:
    """The index stay's admitting or working diagnosis as known at discharge, by CCS category."""
    import ibis

    at = then.versions(stay_versions(then.record))
    at = at.filter(at.stay_id == at.index_stay_id)
    codes = ibis.memtable(CCS_DIAGNOSIS.table())
    at = at.select("row_id", code_system="admitting_system", code="admitting_code").inner_join(
        codes, ["code_system", "code"]
    )
    return at.select("row_id", "label", age=ibis.literal(0, "int64"))


WORKING = Family(
    "working",
    group="why they were in hospital",
    events=working_diagnosis,
    windows=(Lookback(1, through_anchor=True),),
    statistics=(Statistic.ANY,),
    words={label: f"working diagnosis {words}" for label, words in _CCS_WORDS.items()},
    tells=TELLS["ccs"],
    needs=(),
    when="on the day of {anchor}",
)
SOCIAL = Family(
    "social",
    group="social needs",
    events=social_codes,
    windows=(YEAR, TWO_YEARS),
    statistics=(Statistic.DAYS,),
    words="social needs recorded",
    needs=("diagnosis", "diagnosis.icd-10-cm"),
    actionable=True,
)
LIVES_ALONE = Family(
    "lives_alone",
    group="social needs",
    events=CodesFrom("Z602", "Z742", "Z743"),
    windows=(TWO_YEARS,),
    statistics=(Statistic.ANY,),
    words="lives alone or lacks help at home",
    needs=("diagnosis", "diagnosis.icd-10-cm"),
    actionable=True,
)
FALLS = Family(
    "falls",
    group="falls",
    events=CodesFrom("W0", "W1", "Z9181", "R296"),
    windows=(YEAR,),
    statistics=(Statistic.DAYS,),
    words="falls recorded",
    needs=("diagnosis", "diagnosis.icd-10-cm"),
    actionable=True,
)
NOT_TAKING = Family(
    "not_taking",
    group="medicines not taken",
    events=CodesFrom("Z9114", "Z9111", "Z9112", "Z9113", "Z9119"),
    windows=(YEAR,),
    statistics=(Statistic.DAYS,),
    words="treatment not followed, as recorded",
    needs=("diagnosis", "diagnosis.icd-10-cm"),
    actionable=True,
)
FEATURES = (
    COMORBIDITIES,
    CHARLSON_CONDITIONS,
    CHARLSON_INDEX,
    CHARLSON_COUNT,
    FRAILTY,
    CATEGORIES,
    WORKING,
    SOCIAL,
    LIVES_ALONE,
    FALLS,
    NOT_TAKING,
)
