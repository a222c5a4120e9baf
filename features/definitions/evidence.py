"""What tells of a stay in hospital: inpatient bills, hospital messages, discharge notices, each with its time.

One row of evidence is one sender's word on one admission, valid from when it was known until that sender said something
else. Nothing is joined here; `stays` concludes stays from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.codes.places import (
    ACUTE_FACILITIES,
    INTERIM_FREQUENCIES,
    ORDINARY_BEDS,
    STILL_PATIENT,
    UNIT_BEDS,
    UNIT_SERVICES,
)
from features.codes.readmission import PLANNED_PROCEDURES, SURGERY
from features.codes.systems import HCPCS
from features.definitions.facilities import facilities
from features.record.known import CLAIM, FOREVER, VISIT, notice_states, visit_states, with_claim_versions
from features.record.record import Record
from features.record.tables import CLAIM_LINE, DIAGNOSIS, PROCEDURE
from features.windows import REPEATED_HOUR, SECONDS_A_DAY

if TYPE_CHECKING:
    import ibis.expr.types as ir

INPATIENT_BILL = "11"  # type of bill: hospital, inpatient (Part A); swing beds bill 18, skilled nursing 21
# events of which a visit that has none later was no stay: admission cancelled, foreseen, or foreseen and cancelled
NOT_ADMITTED = ("A11", "A05", "A14", "A27", "A38")
LAPSE_DAYS = 120  # after so long without a word nobody believes that someone is still in hospital; declared by us

# whose word counts where several tell the same fact: the bill, then the message, then the notice
BILL, MESSAGE, NOTICE = 3, 2, 1
TELLERS = {BILL: "bill", MESSAGE: "message", NOTICE: "notice"}
# what was told of a stay, in the words of whoever told it
TOLD = (
    "discharge_disposition_code",
    "admit_type_code",
    "admit_source_code",
    "hospital_service",
    "admitting_system",
    "admitting_code",
    "principal_system",
    "principal_code",
    "drg_code",
)
# 1 when a coded procedure of the bill is of that kind (groupings in features.codes.readmission); 0 without bill.
# `procedures_not_grouped` counts codes that the grouping does not know (ICD-9, or newer than it): not evaluable
PROCEDURES = ("always_planned", "potentially_planned", "surgical", "procedures_not_grouped")
_INTEGERS = (
    *("rank", "known_from", "known_until", "admit_day", "discharge_day", "seen_day", "admitted_at", "discharged_at"),
    *("interim", "lapsed", "kind_told", "visit_only", *PROCEDURES),
)
_ZERO = ("interim", "lapsed", "kind_told", "visit_only", *PROCEDURES)
ORDINARY = "ordinary"  # beds of no unit
_COLUMNS = ("person_id", "evidence_id", "facility_id", "hospital", "kind", *_INTEGERS, *TOLD)
_SAID = (*_COLUMNS, "beds")


def stay_evidence(record: Record) -> ir.Table:
    """Each bill, message and notice that tells of an inpatient stay, while it was valid: person_id, evidence_id, rank
    (BILL, MESSAGE, NOTICE), known_from, known_until (instants), facility_id, hospital (its certification number; a
    unit's is its hospital's), kind (of facility or unit; null where nothing decides it), kind_told (1 where the word
    itself tells it: by beds, by a service, by the number of a place that is no acute hospital; 0 where only the
    hospital's number does), admit_day, discharge_day (null while not discharged), seen_day (the last day of which it
    tells), admitted_at, discharged_at, interim (1 on a bill of a stay that another bill goes on with), lapsed (1 once
    nothing was heard for LAPSE_DAYS), visit_only (1 where admit_day is the beginning of a visit, of which nobody told
    since when it was one of an inpatient), TOLD and PROCEDURES.
    """
    return record.conclude("stay_evidence", _stay_evidence)


def _stay_evidence(record: Record) -> ir.Table:
    import ibis

    told = record.conclude("words_on_stays", lambda r: ibis.union(_bills(r), _messages(r), _notices(r)))
    return _lapsing(_at_hospital(record, told))


def _bills(record: Record) -> ir.Table:
    import ibis

    lines = with_claim_versions(record, CLAIM_LINE)
    inpatient = lines.filter(lines.bill_type_code.startswith(INPATIENT_BILL))
    # a bill that tells no day of admission begins with its first day, or its stay would be lost without a word
    inpatient = inpatient.mutate(admission_day=ibis.coalesce(inpatient.admission_day, inpatient.from_day))
    inpatient = inpatient.filter(inpatient.admission_day.notnull())
    told = ("facility_id", "discharge_disposition_code", "admit_type_code", "admit_source_code", "drg_code")
    heads = inpatient.group_by(*CLAIM, "version", "known_from", "known_until").aggregate(
        admit_day=inpatient.admission_day.min(),
        out_day=inpatient.discharge_day.max(),
        admitted_at=_came_at(inpatient).min(),
        ended_at=inpatient.happened_to.max(),
        beds=beds_of(inpatient),
        through_day=inpatient.to_day.max(),
        frequency=inpatient.bill_type_code.substr(2, 1).max(),
        **{name: inpatient[name].max() for name in told},
    )
    version = [*CLAIM, "version", "known_from"]
    rows = heads.left_join(_codes(record), version).drop(*(f"{name}_right" for name in version))
    rows = rows.left_join(_procedures(record), version).drop(*(f"{name}_right" for name in version))
    goes_on = rows.frequency.isin(INTERIM_FREQUENCIES[:-1]).fill_null(False)
    still = goes_on | rows.discharge_disposition_code.isin(STILL_PATIENT).fill_null(False)
    interim = still | rows.frequency.isin(INTERIM_FREQUENCIES).fill_null(False)
    return rows.select(
        *_columns(
            rows,
            rank=ibis.literal(BILL, "int64"),
            evidence_id=rows.claim_id,
            discharge_day=ibis.ifelse(still, None, rows.out_day),
            discharged_at=ibis.ifelse(still | rows.out_day.isnull(), None, rows.ended_at),
            seen_day=ibis.greatest(rows.admit_day, ibis.coalesce(rows.out_day, rows.through_day)),
            discharge_disposition_code=ibis.ifelse(still, None, rows.discharge_disposition_code),
            interim=interim.cast("int64"),
            **{name: rows[name].fill_null(0) for name in PROCEDURES},
        )
    )


def _came_at(lines: ir.Table) -> ir.IntegerValue:
    """The start of the first day, or of the day of admission where outpatient services of the days before are billed
    with the stay. The clock may have been put back between: an hour more, and it is that day for certain.
    """
    import ibis

    days = lines.admission_day - lines.from_day
    later = lines.happened_from + days.cast("int64") * SECONDS_A_DAY + REPEATED_HOUR
    return ibis.ifelse((days > 0).fill_null(False), later, lines.happened_from)


def beds_of(lines: ir.Table) -> ir.StringValue:
    """Whose beds the lines of a bill name by their revenue centres, as an aggregate: a kind of unit where they are that
    unit's only, else ORDINARY; null where they name none.
    """
    import ibis

    def named(codes: tuple[str, ...]) -> ir.BooleanValue:
        return lines.revenue_center_code.isin(codes).fill_null(False).max()

    units = [(named(codes), ibis.literal(unit)) for unit, codes in UNIT_BEDS.items()]
    return ibis.cases((named(ORDINARY_BEDS), ibis.literal(ORDINARY)), *units, else_=ibis.null("string"))


def _codes(record: Record) -> ir.Table:
    """Principal and admitting diagnosis of each bill."""
    coded = with_claim_versions(record, DIAGNOSIS)
    return coded.group_by(*CLAIM, "version", "known_from").aggregate(
        **{
            f"{role}_{what}": coded[column].max(where=coded.role == role)
            for role in ("principal", "admitting")
            for what, column in (("system", "code_system"), ("code", "code"))
        }
    )


def _procedures(record: Record) -> ir.Table:
    """What kinds of procedure stand on each bill: PROCEDURES as 0 or 1, the last as a count."""
    import ibis

    done = with_claim_versions(record, PROCEDURE)
    code = ["code_system", "code"]
    planned = ibis.memtable(PLANNED_PROCEDURES.flags).mutate(known=ibis.literal(1))
    surgery = ibis.memtable(SURGERY.flags).rename(surgical=SURGERY.labels[0])
    rows = done.left_join(planned, code).drop(*(f"{name}_right" for name in code))
    rows = rows.left_join(surgery, code).drop(*(f"{name}_right" for name in code))
    kinds = ("always_planned", "potentially_planned", "surgical")
    return rows.group_by(*CLAIM, "version", "known_from").aggregate(
        **{kind: rows[kind].max().fill_null(0).cast("int64") for kind in kinds},
        procedures_not_grouped=((rows.code_system != HCPCS.name) & rows.known.isnull()).sum(),
    )


def _messages(record: Record) -> ir.Table:
    """Each visit of an inpatient; where a transfer message took the person to a unit of another kind, the part before
    and the part after it are words of their own.
    """
    import ibis

    visits = _from_inpatient(visit_states(record))
    inpatient = visits.filter(visits.patient_class == "I", visits.event_type.notin(NOT_ADMITTED))
    inpatient = inpatient.filter(inpatient.from_day.notnull())
    rows = inpatient.filter(inpatient.admission_day.notnull())
    at = rows.inner_join(_moves(rows), ["person_id", *VISIT])
    at = at.filter(at.moved_from <= at.known_from, at.known_from < at.undone_from)
    version = ["person_id", *VISIT, "known_from"]
    in_order = ibis.window(group_by=version, order_by="moved_from")
    at = at.mutate(number=ibis.row_number().over(in_order), before_day=at.moved_day.lag().over(in_order))
    at = at.mutate(before_at=at.moved_at.lag().over(in_order))
    before = at.mutate(
        visit_number=at.visit_number + "/" + at.number.cast("string"),
        admission_day=ibis.coalesce(at.before_day, at.admission_day),
        admitted_at=ibis.coalesce(at.before_at, at.admitted_at),
        discharge_day=at.moved_day,
        discharged_at=at.moved_at,
        discharge_disposition_code=ibis.null("string"),
        hospital_service=at.left_service,
        visit_only=ibis.ifelse(at.before_day.isnull(), at.visit_only, 0),
    )
    since = at.group_by(version).aggregate(since_day=at.moved_day.max(), since_at=at.moved_at.max())
    now = rows.left_join(since, version).drop(*(f"{name}_right" for name in version))
    now = now.mutate(
        admission_day=ibis.coalesce(now.since_day, now.admission_day),
        admitted_at=ibis.coalesce(now.since_at, now.admitted_at),
        visit_only=ibis.ifelse(now.since_day.isnull(), now.visit_only, 0),
    )
    told = ibis.union(before.select(*rows.columns), now.select(*rows.columns))
    told = told.filter(told.discharge_day.isnull() | (told.discharge_day >= told.admission_day))
    return told.select(
        *_columns(
            told,
            rank=ibis.literal(MESSAGE, "int64"),
            evidence_id=told.visit_number,
            admit_day=told.admission_day,
            seen_day=ibis.greatest(told.admission_day, ibis.coalesce(told.discharge_day, told.from_day)),
            admitting_system=told.code_system,
            admitting_code=told.code,
        )
    )


def _from_inpatient(visits: ir.Table) -> ir.Table:
    """A visit that was observed or seen as an emergency first is one of an inpatient from when a message says so: where
    that message repeats the time at which the visit began, the admission is the time of the message itself. A discharge
    (A03) that is the first to call it inpatient does not tell since when: `visit_only` is 1.
    """
    import ibis

    of_visit = {"group_by": ["person_id", *VISIT], "order_by": "known_from"}
    in_order, so_far = ibis.window(**of_visit), ibis.cumulative_window(**of_visit)
    rows = visits.mutate(
        place=ibis.row_number().over(in_order),
        class_before=visits.patient_class.lag().over(in_order),
        began_at=ibis.coalesce(visits.admitted_at.lag().over(in_order), visits.happened_from.lag().over(in_order)),
    )
    became = ((rows.patient_class == "I") & (rows.class_before != "I")).fill_null(False)
    turn = ibis.ifelse(became, rows.place, None)

    def then(name: str) -> ir.Value:
        return ibis.ifelse(became, rows[name], None).argmax(turn).over(so_far)

    told = {name: then(name) for name in ("event_type", "from_day", "happened_from", "began_at")}
    rows = rows.mutate(**{f"became_{name}": value for name, value in told.items()})
    repeats = rows.admitted_at.isnull() | (rows.admitted_at == rows.became_began_at).fill_null(False)
    gone_before = (rows.discharge_day < rows.became_from_day).fill_null(False)
    untold = rows.became_from_day.notnull() & repeats
    since = untold & (rows.became_event_type != "A03").fill_null(False) & ~gone_before
    return rows.mutate(
        admission_day=ibis.ifelse(since, rows.became_from_day, rows.admission_day),
        admitted_at=ibis.ifelse(since, rows.became_happened_from, rows.admitted_at),
        visit_only=(untold & ~since).cast("int64"),
    ).select(*visits.columns, "visit_only")


def _moves(visits: ir.Table) -> ir.Table:
    """Transfers within a visit (A02) to a unit of another kind: person_id, VISIT, moved_from (when it was known),
    moved_day, moved_at, left_service, undone_from (when a message A12 took it back, as the next word of the visit).
    """
    import ibis

    in_order = ibis.window(group_by=["person_id", *VISIT], order_by="known_from")
    rows = visits.mutate(unit=_unit(visits).fill_null(""))
    rows = rows.mutate(
        left_unit=rows.unit.lag().over(in_order),
        left_service=rows.hospital_service.lag().over(in_order),
        next_event=rows.event_type.lead().over(in_order),
        next_from=rows.known_from.lead().over(in_order),
    )
    moved = rows.filter(rows.event_type == "A02", rows.unit != rows.left_unit)
    return moved.select(
        *("person_id", *VISIT, "left_service"),
        moved_from="known_from",
        moved_day="from_day",
        moved_at="happened_from",
        undone_from=ibis.ifelse(moved.next_event == "A12", moved.next_from, FOREVER).fill_null(FOREVER),
    )


def _unit(told: ir.Table) -> ir.StringValue:
    """The kind of unit that a service names; null where it names none."""
    return told.hospital_service.lower().substr(0, 3).cases(*UNIT_SERVICES.items(), else_=None)


def _notices(record: Record) -> ir.Table:
    import ibis

    rows = notice_states(record)
    return rows.select(
        *_columns(
            rows,
            rank=ibis.literal(NOTICE, "int64"),
            evidence_id=rows.claim_id.fill_null("notice"),
            admit_day=rows.admission_day,
            seen_day=rows.discharge_day,
            admitted_at=rows.happened_from,
            discharged_at=rows.happened_to,
            admitting_system=rows.code_system,
            admitting_code=rows.code,
        )
    )


def _columns(rows: ir.Table, **given: ir.Value) -> list[ir.Value]:
    import ibis

    columns = []
    for name in _SAID:
        nothing = ibis.literal(0) if name in _ZERO else ibis.null()
        value = given.get(name, rows[name] if name in rows.columns else nothing)
        columns.append(value.cast("int64" if name in _INTEGERS else "string").name(name))
    return columns


def _at_hospital(record: Record, told: ir.Table) -> ir.Table:
    """`hospital` and `kind`, by the directory; where that names an acute hospital or nothing, by the unit whose beds a
    bill or whose service a message names.
    """
    import ibis

    told = told.drop("hospital", "kind").left_join(facilities(record, told), "facility_id")
    unit = ibis.coalesce(told.beds, _unit(told)).nullif(ORDINARY)
    acute = told.kind.isin(ACUTE_FACILITIES).fill_null(True)
    kind_told = ~acute | told.beds.notnull() | unit.notnull()
    return told.mutate(
        kind=ibis.ifelse(acute & unit.notnull(), unit, told.kind), kind_told=kind_told.cast("int64")
    ).select(*_COLUMNS)


def _lapsing(told: ir.Table) -> ir.Table:
    """Word of a stay without discharge is word of an open one for LAPSE_DAYS after the last day that it tells of, and
    from then on word of one that is over, nobody knows since when.
    """
    import ibis

    is_open = told.discharge_day.isnull()
    # days are counted from midnight in UTC here, which the network's clock is hours from: LAPSE_DAYS is no exact number
    lapse = ibis.greatest(told.known_from, (told.seen_day + LAPSE_DAYS) * SECONDS_A_DAY)
    until = ibis.ifelse(is_open, ibis.least(told.known_until, lapse), told.known_until)
    first = told.mutate(known_until=until)
    after = told.filter(is_open).mutate(known_from=lapse.name("lapse"), lapsed=ibis.literal(1, "int64"))
    both = ibis.union(first.select(*_COLUMNS), after.select(*_COLUMNS))
    return both.filter(both.known_from < both.known_until)
