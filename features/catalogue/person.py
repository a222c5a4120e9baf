"""Who the person is, and the index stay as the hospital knows it at discharge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features import windows
from features.catalogue.algebra import Facts, Family, Statistic
from features.catalogue.declaration import Column
from features.catalogue.events import enrolled_months
from features.definitions.stays import stay_versions
from features.record.known import Known
from features.record.tables import COVERAGE, PERSON

if TYPE_CHECKING:
    import ibis.expr.types as ir

YES = "yes or no"


def _demographics(then: Known) -> ir.Table:
    told = then.events(PERSON)
    facts = told.group_by("row_id", "index_admit_day").aggregate(
        birth_day=told.birth_day.argmax(told.known_at, where=told.birth_day.notnull()),
        sex=told.sex.argmax(told.known_at, where=told.sex.notnull()),
        entitlement=told.entitlement_code.argmax(told.known_at, where=told.entitlement_code.notnull()),
    )
    months = then.events(COVERAGE)
    covered = months.group_by("row_id").aggregate(
        dual=months.dual_status_code.argmax(months.known_at, where=months.known_at.notnull()).notnull().cast("int64"),
        managed=months.managed_care.argmax(months.known_at, where=months.managed_care.notnull()),
    )
    facts = facts.left_join(covered, "row_id")
    return facts.select(
        "row_id",
        age_years=windows.expression_of_age(facts.birth_day, facts.index_admit_day),
        female=(facts.sex == "female").cast("int64"),
        entitled_by_disability=(facts.entitlement == "1").cast("int64"),
        entitled_by_kidney_failure=facts.entitlement.isin(["2", "3"]).cast("int64"),
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
)

_DISPOSITION = "claim_line.discharge_disposition_code"
HOME, SKILLED, HOME_HEALTH, AGAINST_ADVICE, REHABILITATION = "01", "03", "06", "07", "62"


def _index_stay(then: Known) -> ir.Table:
    import ibis

    at = then.versions(stay_versions(then.record))
    at = at.filter(at.stay_id == at.index_stay_id)
    hours = then.rows.select("row_id", "as_of_hour")
    at = at.inner_join(hours, "row_id")
    weekday = (at.as_of_day + 3) % 7
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
        surgical_service=at.hospital_service.lower().contains("surg").cast("int64"),
        cardiac_service=at.hospital_service.lower().contains("card").cast("int64"),
        oncology_service=at.hospital_service.lower().contains("onc").cast("int64"),
        intensive_service=ibis.or_(
            at.hospital_service.lower().contains("intens"), at.hospital_service.lower().contains("icu")
        ).cast("int64"),
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
        _stay("discharge_weekday", "when they left", "", "weekday of discharge (0 is Monday): {value}"),
        _stay("discharge_hour", "when they left", "", "discharged at {value} o'clock", True),
        _stay("surgical_service", "service", YES, "on a surgical service: {value}"),
        _stay("cardiac_service", "service", YES, "on a cardiac service: {value}"),
        _stay("oncology_service", "service", YES, "on an oncology service: {value}"),
        _stay("intensive_service", "service", YES, "in intensive care: {value}"),
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
        "surgical_service": ("adt_event",),
        "cardiac_service": ("adt_event",),
        "oncology_service": ("adt_event",),
        "intensive_service": ("adt_event",),
    },
)
