"""A visit or call within 7 days of an emergency visit, for people with several chronic conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.codes.systems import ICD10CM
from features.definitions.encounters import encounters
from features.definitions.stays import stay_versions
from features.measures import claims
from features.measures.transitions import after_care
from features.measures.transitions.transition import Opened, Transition, opened
from features.record.known import Known, encounter_states, problem_states, visit_states

if TYPE_CHECKING:
    import ibis.expr.types as ir

DAYS, GROUPS = 7, 2
LISTED_DAYS = 30  # how long a visit that was not followed up stays on the list; ours
IN_HOSPITAL = "admitted since"
# groups of the measure of the National Committee for Quality Assurance; the beginnings of codes are ours
CHRONIC = (
    ("lung disease", ("J41", "J42", "J43", "J44", "J45", "J47")),
    ("dementia", ("F01", "F02", "F03", "G30", "G310", "G3183")),
    ("kidney disease", ("N18", "I12", "I13", "E1022", "E1122", "E1322")),
    ("depression", ("F32", "F33", "F341")),
    ("heart failure", ("I50", "I110", "I130", "I132")),
    ("heart attack", ("I21", "I22", "I252")),
    ("atrial fibrillation", ("I48",)),
    ("stroke", ("I63", "G45", "I693", "Z8673")),
)


def _with_several(then: Known) -> ir.Table:
    """row_id of people with conditions of two groups or more, from claims and problem lists."""
    import ibis

    billed = claims.conditions(then)
    listed = then.versions(problem_states(then.record))
    codes = ibis.union(*(rows.select("row_id", "code_system", "code") for rows in (billed, listed)))
    codes = codes.filter(codes.code_system == ICD10CM.name)
    group = ibis.cases(
        *((ibis.or_(*(codes.code.startswith(start) for start in starts)), name) for name, starts in CHRONIC),
        else_=ibis.null("string"),
    )
    people = codes.mutate(group=group).group_by("row_id").aggregate(groups=lambda t: t.group.nunique())
    return people.filter(people.groups >= GROUPS).select("row_id")


def _emergencies(then: Known) -> ir.Table:
    """row_id and day on which each emergency visit ended, as claims, messages and the clinical record tell."""
    import ibis

    billed = then.versions(encounters(then.record))
    billed = billed.filter(billed.setting == "emergency")
    sent = then.versions(visit_states(then.record))
    sent = sent.filter(sent.patient_class == "E", sent.discharge_day.notnull())
    recorded = then.versions(encounter_states(then.record))
    recorded = recorded.filter(recorded.encounter_type == "emergency", recorded.encounter_end_day.notnull())
    days = (
        billed.select("row_id", "as_of_day", day=billed.to_day.cast("int64")),
        sent.select("row_id", "as_of_day", day=sent.discharge_day.cast("int64")),
        recorded.select("row_id", "as_of_day", day=recorded.encounter_end_day.cast("int64")),
    )
    rows = ibis.union(*days)
    return rows.filter(rows.day <= rows.as_of_day).select("row_id", "day").distinct()


def _stays(then: Known) -> ir.Table:
    stays = then.versions(stay_versions(then.record))
    return stays.select("row_id", "admit_day", ended=stays.discharge_day.fill_null(stays.as_of_day))


def _last_of_several(then: Known) -> Opened:
    """The last emergency visit of people with several conditions that did not end in hospital; not for whoever was
    admitted within the days after it.
    """
    import ibis

    rows = then.keep("emergencies", _emergencies).semi_join(then.keep("several_conditions", _with_several), "row_id")
    stays = then.keep("stays_then", _stays)
    within = rows.inner_join(stays, "row_id")
    within = within.filter(within.day >= within.admit_day, within.day <= within.ended).select("row_id", "day")
    rows = rows.anti_join(within.distinct(), ["row_id", "day"])
    last = rows.group_by("row_id").aggregate(day=rows.day.max())
    since = last.inner_join(stays, "row_id")
    since = since.filter(since.admit_day >= since.day, since.admit_day <= since.day + DAYS)
    since = since.select("row_id", since=ibis.literal(1, "int64")).distinct()
    last = last.left_join(since, "row_id")
    return opened(then, last.mutate(why=ibis.ifelse(last.since.notnull(), IN_HOSPITAL, "")))


TRANSITION = Transition(
    name="emergency_follow_up_7_days",
    title="Follow-up within 7 days of an emergency visit, with several chronic conditions",
    evidence="National Committee for Quality Assurance, follow-up after emergency department visit (FMC)",
    opened_by=f"an emergency visit that did not end in hospital, of somebody with {GROUPS} or more of (in ICD-10-CM): "
    + ", ".join(name for name, _ in CHRONIC),
    opens=_last_of_several,
    due_in_words=f"{DAYS} days after it",
    due=lambda days: days + DAYS,
    until=lambda days: days + LISTED_DAYS,
    care=after_care.contacts,
    closed_by="a visit, call or message, from the day of the emergency visit on",
    closes=after_care.or_the_visit_booked("a visit or call"),
    needs=(("claim_line", "adt_event", "encounter"), (claims.ICD_10, "problem"), *after_care.NEEDS),
    first=0,
)
