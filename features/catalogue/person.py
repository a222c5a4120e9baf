"""Who the person is, and the index stay as the hospital knows it at discharge."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from features import windows
from features.catalogue.algebra import Facts, Family, Statistic
from features.catalogue.declaration import Column
from features.catalogue.events import enrolled_months, label_of
from features.codes.sensitive import TELLS
from features.definitions.stays import stay_versions
from features.record.known import Known, latest
from features.record.tables import COVERAGE, PERSON

if TYPE_CHECKING:
    import ibis.expr.types as ir

YES = "yes or no"
# CMS dual status codes: Medicaid pays something beside Medicare. 00 and NA are not dual, 09 has no Medicaid, 10 is CHIP
DUAL = ("01", "02", "03", "04", "05", "06", "08")


def _demographics(then: Known) -> ir.Table:
    told = then.events(PERSON)
    kidney = told.entitlement_code.isin(["2", "3"])
    facts = told.group_by("row_id", "index_admit_day").aggregate(
        birth_day=latest(told.birth_day, told.known_at),
        female=latest(told.sex.cases(("female", 1), ("male", 0), else_=None), told.known_at),
        disabled=latest((told.entitlement_code == "1").cast("int64"), told.known_at),
        kidney=latest(kidney.cast("int64"), told.known_at),
    )
    months = then.events(COVERAGE)
    # what holds is what the latest month says that had begun
    months = months.filter(months.from_day <= months.as_of_day)
    covered = months.group_by("row_id").aggregate(
        dual=latest(months.dual_status_code.isin(DUAL).fill_null(False).cast("int64"), months.from_day),
        managed=latest(months.managed_care.cast("int64"), months.from_day),
    )
    facts = facts.left_join(covered, "row_id")
    return facts.select(
        "row_id",
        age_years=windows.expression_of_age(facts.birth_day, facts.index_admit_day),
        female=facts.female,
        entitled_by_disability=facts.disabled,
        entitled_by_kidney_failure=facts.kidney,
        dual_eligible=facts.dual,
        managed_care=facts.managed,
    )


def _fact(name: str, group: str, unit: str, sentence: str, actionable: bool = False, family: str = "person") -> Column:
    return Column(
        name=name,
        family=family,
        group=group,
        unit=unit,
        window="at discharge",
        missing=f"{group}: not told",
        sentence=sentence,
        actionable=actionable,
    )


DEMOGRAPHICS = Facts(
    "person",
    _demographics,
    (
        _fact("age_years", "age", "years", "{value} old"),
        _fact("female", "sex", YES, "female: {value}"),
        _fact("entitled_by_disability", "disability", YES, "Medicare through disability: {value}"),
        _fact("entitled_by_kidney_failure", "kidney failure", YES, "Medicare through kidney failure: {value}"),
        _fact("dual_eligible", "Medicaid beside Medicare", YES, "Medicaid beside Medicare: {value}"),
        _fact("managed_care", "managed care", YES, "in a managed-care plan: {value}"),
    ),
    needs={
        "entitled_by_disability": ("person.entitlement_code",),
        "entitled_by_kidney_failure": ("person.entitlement_code",),
        "dual_eligible": ("coverage.dual_status_code",),
        "managed_care": ("coverage.managed_care",),
    },
)

ENROLMENT = Family(
    "enrolled_months",
    group="time known to us",
    events=enrolled_months,
    windows=(windows.Lookback(365, through_anchor=True), windows.Lookback(730, through_anchor=True)),
    statistics=(Statistic.COUNT,),
    words="months enrolled",
    needs=("coverage",),
    anchor="discharge",
    spoken=False,
)

_DISPOSITION = "claim_line.discharge_disposition_code"
HOME, SKILLED, HOME_HEALTH, AGAINST_ADVICE, REHABILITATION = "01", "03", "06", "07", "62"


def _index_stay(then: Known) -> ir.Table:
    at = then.versions(stay_versions(then.record))
    at = at.filter(at.stay_id == at.index_stay_id)
    hours = then.rows.select("row_id", "as_of_hour")
    at = at.inner_join(hours, "row_id")
    weekday = windows.expression_of_weekday(at.as_of_day)
    leaving = at.discharge_disposition_code
    return at.select(
        "row_id",
        length_of_stay=at.as_of_day - at.index_admit_day,
        emergency_admission=(at.admit_type_code == "1").cast("int64"),
        urgent_admission=(at.admit_type_code == "2").cast("int64"),
        elective_admission=(at.admit_type_code == "3").cast("int64"),
        came_from_nursing_home=(at.admit_source_code == "5").cast("int64"),
        came_from_hospital=at.admit_source_code.isin(["4", "6"]).cast("int64"),
        hospitals=at.hospitals,
        went_home=(leaving == HOME).cast("int64"),
        went_to_skilled_nursing=(leaving == SKILLED).cast("int64"),
        went_home_with_help=(leaving == HOME_HEALTH).cast("int64"),
        went_to_rehabilitation=(leaving == REHABILITATION).cast("int64"),
        left_against_advice=(leaving == AGAINST_ADVICE).cast("int64"),
        weekend_discharge=(weekday >= 5).cast("int64"),
        discharge_weekday=weekday,
        discharge_hour=at.as_of_hour,
    )


def _stay(name: str, group: str, unit: str, sentence: str, actionable: bool = False) -> Column:
    return _fact(name, group, unit, sentence, actionable, family="index_stay")


INDEX_STAY = Facts(
    "index_stay",
    _index_stay,
    (
        _stay("length_of_stay", "length of stay", "days", "in hospital for {value}"),
        _stay("emergency_admission", "how the stay began", YES, "admitted as an emergency: {value}"),
        _stay("urgent_admission", "how the stay began", YES, "admitted urgently: {value}"),
        _stay("elective_admission", "how the stay began", YES, "admission was planned: {value}"),
        _stay("came_from_nursing_home", "where they came from", YES, "came from a nursing home: {value}"),
        _stay("came_from_hospital", "where they came from", YES, "came from another hospital: {value}"),
        _stay("hospitals", "hospitals in this stay", "", "hospitals in this stay: {value}"),
        _stay("went_home", "where they went", YES, "went home without services: {value}", True),
        _stay("went_to_skilled_nursing", "where they went", YES, "went to skilled nursing: {value}", True),
        _stay("went_home_with_help", "where they went", YES, "went home with home health: {value}", True),
        _stay("went_to_rehabilitation", "where they went", YES, "went to rehabilitation: {value}", True),
        _stay("left_against_advice", "left against advice", YES, "left against medical advice: {value}", True),
        _stay("weekend_discharge", "when they left", YES, "discharged at a weekend: {value}", True),
        replace(
            _stay("discharge_weekday", "when they left", "", "weekday of discharge (0 is Monday): {value}"),
            spoken=False,
        ),
        _stay("discharge_hour", "when they left", "", "discharged at {value} o'clock", True),
    ),
    needs={
        "emergency_admission": ("claim_line.admit_type_code",),
        "urgent_admission": ("claim_line.admit_type_code",),
        "elective_admission": ("claim_line.admit_type_code",),
        "came_from_nursing_home": ("claim_line.admit_source_code",),
        "came_from_hospital": ("claim_line.admit_source_code",),
        "went_home": (_DISPOSITION,),
        "went_to_skilled_nursing": (_DISPOSITION,),
        "went_home_with_help": (_DISPOSITION,),
        "went_to_rehabilitation": (_DISPOSITION,),
        "left_against_advice": (_DISPOSITION,),
        "discharge_hour": ("adt_event",),
    },
)

# how hospital messages name a service (HL7 v2 table 0069 and its local extensions): the first letters, in any case
SERVICES = {
    "car": "cardiology",
    "int": "intensive care",
    "icu": "intensive care",
    "med": "general medicine",
    "neu": "neurology",
    "onc": "oncology",
    "ort": "orthopaedics",
    "psy": "psychiatry",
    "pul": "pulmonology",
    "sur": "surgery",
    "uro": "urology",
}


def index_service(then: Known) -> ir.Table:
    """The service from which the person leaves, as messages name it."""
    import ibis

    at = then.versions(stay_versions(then.record))
    at = at.filter(at.stay_id == at.index_stay_id)
    begins = at.hospital_service.lower().substr(0, 3)
    service = begins.cases(*((start, label_of(words)) for start, words in SERVICES.items()), else_=None)
    return at.select("row_id", label=service, age=ibis.literal(0, "int64")).filter(lambda t: t.label.notnull())


SERVICE = Family(
    "service",
    group="service",
    events=index_service,
    windows=(windows.Lookback(1, through_anchor=True),),
    statistics=(Statistic.ANY,),
    words={label_of(words): f"on the service {words}" for words in SERVICES.values()},
    tells=TELLS["services"],
    needs=("adt_event",),
    anchor="discharge",
    when="on the day of {anchor}",
)
