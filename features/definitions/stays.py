"""One stay: a continuous acute hospitalisation, transfers joined, as versions in time.

Evidence of a stay comes from inpatient bills (netted), hospital messages (ADT) and discharge notices, each known at its
own time. At every moment at which evidence of a person changes, that person's stays are worked out anew from the
evidence valid then; each result is a version, `known_from <= t < known_until`. So what is read at `t` equals what a
store of only the rows known by `t` would give, by construction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.record.known import FOREVER, visit_states, with_claim_versions
from features.record.record import Record
from features.record.tables import CLAIM_LINE, DIAGNOSIS, DISCHARGE_NOTICE

if TYPE_CHECKING:
    import ibis.expr.types as ir

INPATIENT_BILL = "11"  # type of bill: hospital, inpatient (Part A)
STILL_A_PATIENT = "30"  # patient status of an interim bill
OPEN = 1_000_000  # the day on which a stay without a discharge ends, until told otherwise
PLACES = 10_000  # more beds than one person can have at a moment

# whose word counts where several tell the same fact: the bill, then the message, then the notice; of days of discharge
# the latest counts, whoever told it
BILL, MESSAGE, NOTICE = 3, 2, 1
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
_COLUMNS = (
    "person_id",
    "rank",
    "evidence_id",
    "known_from",
    "known_until",
    "admit_day",
    "discharge_day",
    "admitted_at",
    "discharged_at",
    "facility_id",
    *TOLD,
)


def stay_versions(record: Record) -> ir.Table:
    """Stays as versions: person_id, stay_id, known_from, known_until, admit_day, discharge_day (null while open),
    discharged_at (instant; the end of the day where only the day is known), first and last facility, how many
    hospitals, `billed` (1 once a bill is known), and what was told of it (null where nobody told).

    `stay_id` is a hash of the person, the day of admission and the first hospital.
    """
    return record.conclude("stay_versions", _stay_versions)


def stay_evidence(record: Record) -> ir.Table:
    """Each bill, message and notice that tells of an inpatient stay, with the time in which it was valid."""
    return record.conclude("stay_evidence", _stay_evidence)


def _stay_evidence(record: Record) -> ir.Table:
    import ibis

    return ibis.union(_bills(record), _messages(record), _notices(record))


def _bills(record: Record) -> ir.Table:
    import ibis

    lines = with_claim_versions(record, CLAIM_LINE)
    inpatient = lines.filter(lines.bill_type_code.startswith(INPATIENT_BILL), lines.admission_day.notnull())
    keys = ["person_id", "claim_id", "version", "known_from", "known_until"]
    heads = inpatient.group_by(keys).aggregate(
        admit_day=inpatient.admission_day.min(),
        discharge_day=inpatient.discharge_day.max(),
        admitted_at=inpatient.happened_from.min(),
        discharged_at=inpatient.happened_to.max(),
        **{
            name: inpatient[name].max()
            for name in (
                "facility_id",
                "discharge_disposition_code",
                "admit_type_code",
                "admit_source_code",
                "drg_code",
            )
        },
    )
    coded = with_claim_versions(record, DIAGNOSIS)
    codes = coded.group_by("person_id", "claim_id", "version", "known_from").aggregate(
        **{
            f"{role}_{what}": coded[column].max(where=coded.role == role)
            for role in ("principal", "admitting")
            for what, column in (("system", "code_system"), ("code", "code"))
        }
    )
    rows = heads.left_join(codes, ["person_id", "claim_id", "version", "known_from"])
    still_a_patient = (rows.discharge_disposition_code == STILL_A_PATIENT).fill_null(False)
    return rows.select(
        *_columns(
            rows,
            rank=ibis.literal(BILL, "int64"),
            evidence_id=rows.claim_id,
            discharge_day=ibis.ifelse(still_a_patient, None, rows.discharge_day),
            discharged_at=ibis.ifelse(still_a_patient, None, rows.discharged_at),
            discharge_disposition_code=ibis.ifelse(still_a_patient, None, rows.discharge_disposition_code),
        )
    )


def _messages(record: Record) -> ir.Table:
    import ibis

    visits = visit_states(record)
    inpatient = visits.filter(visits.patient_class == "I", visits.event_type != "A11", visits.from_day.notnull())
    rows = inpatient.filter(inpatient.admission_day.notnull())
    return rows.select(
        *_columns(
            rows,
            rank=ibis.literal(MESSAGE, "int64"),
            evidence_id=rows.visit_number,
            admit_day=rows.admission_day,
            admitting_system=rows.code_system,
            admitting_code=rows.code,
        )
    )


def _notices(record: Record) -> ir.Table:
    import ibis

    rows = record[DISCHARGE_NOTICE]
    return rows.select(
        *_columns(
            rows,
            rank=ibis.literal(NOTICE, "int64"),
            evidence_id=rows.claim_id.fill_null("notice"),
            known_from=rows.known_at,
            known_until=ibis.literal(FOREVER, "int64"),
            admit_day=rows.admission_day,
            admitted_at=rows.happened_from,
            discharged_at=rows.happened_to,
            admitting_system=rows.code_system,
            admitting_code=rows.code,
        )
    )


def _columns(rows: ir.Table, **given: ir.Value) -> list[ir.Value]:
    import ibis

    numbers = ("rank", "known_from", "known_until", "admit_day", "discharge_day", "admitted_at", "discharged_at")
    columns = []
    for name in _COLUMNS:
        value = given.get(name, rows[name] if name in rows.columns else ibis.null())
        columns.append(value.cast("int64" if name in numbers else "string").name(name))
    return columns


def _stay_versions(record: Record) -> ir.Table:
    import ibis

    evidence = stay_evidence(record)
    moments = ibis.union(
        evidence.select("person_id", moment=evidence.known_from),
        evidence.filter(evidence.known_until < FOREVER).select("person_id", moment=evidence.known_until),
    ).distinct()
    following = ibis.window(group_by="person_id", order_by="moment")
    moments = moments.mutate(until=moments.moment.lead().over(following).fill_null(FOREVER))
    at = moments.inner_join(evidence, "person_id")
    at = at.filter(at.known_from <= at.moment, at.moment < at.known_until).drop("known_from", "known_until")
    return _joined_by_transfer(_one_row_a_bed(at))


def _one_row_a_bed(at: ir.Table) -> ir.Table:
    """Evidence of one admission to one hospital on one day is one row: interim bills, its message and its notice."""
    import ibis

    keys = ["person_id", "moment", "until", "facility_id", "admit_day"]
    at = at.mutate(left=at.discharge_day.fill_null(-OPEN))
    # of interim bills the one that reaches furthest has the last word
    order = ibis.window(group_by=keys, order_by=[at["rank"], at.left, at.evidence_id, at.admitting_code])
    at = at.mutate(weight=ibis.row_number().over(order), last_left=at.left.max().over(ibis.window(group_by=keys)))
    told = {name: at[name].argmax(at.weight, where=at[name].notnull()) for name in TOLD}
    message = at["rank"] == MESSAGE
    # the message tells the hour, a bill only the day, so the hour is taken from the message that tells the same day
    ends = (at.left == at.last_left) & at.discharged_at.notnull()
    return at.group_by(keys).aggregate(
        discharge_day=at.discharge_day.max(),
        discharged_at=ibis.coalesce(
            at.discharged_at.max(where=ends & message),
            at.discharged_at.max(where=ends),
        ),
        admitted_at=ibis.coalesce(at.admitted_at.argmax(at.weight, where=message), at.admitted_at.min()),
        billed=(at["rank"] == BILL).max().cast("int8"),
        **told,
    )


def _joined_by_transfer(beds: ir.Table) -> ir.Table:
    """Beds of one person that overlap, or that follow one another in two hospitals on the same or the next day, are one
    stay. A return to the same hospital, even on the day of discharge, is another stay.

    What is compared is the bed that ended latest so far, and a stay is discharged from the bed that ends latest: a
    short absence to another hospital changes neither.
    """
    import ibis

    beds = beds.mutate(ends=beds.discharge_day.fill_null(OPEN), hospital=beds.facility_id.fill_null(""))
    order = ["admit_day", "ends", "hospital"]
    within = ibis.window(group_by=["person_id", "moment"], order_by=order)
    so_far = ibis.cumulative_window(group_by=["person_id", "moment"], order_by=order)
    beds = beds.mutate(place=ibis.row_number().over(within))
    beds = beds.mutate(reach=beds.ends * PLACES + beds.place)
    beds = beds.mutate(latest=beds.ends.max().over(so_far), from_=beds.hospital.argmax(beds.reach).over(so_far))
    beds = beds.mutate(ended=beds.latest.lag().over(within), previous=beds.from_.lag().over(within))
    gap = beds.admit_day - beds.ended
    elsewhere = (beds.hospital != beds.previous) | (beds.hospital == "")
    goes_on = (gap < 0) | (elsewhere & (gap <= 1))
    beds = beds.mutate(starts=ibis.ifelse(goes_on.fill_null(False), 0, 1))
    beds = beds.mutate(number=beds.starts.sum().over(so_far))
    keys = ["person_id", "moment", "until", "number"]
    beds = beds.mutate(latest_end=beds.ends.max().over(ibis.window(group_by=keys)))
    last_told = {name: beds[name].argmax(beds.reach, where=beds[name].notnull()) for name in TOLD}
    for name in ("admit_type_code", "admit_source_code", "admitting_system", "admitting_code"):
        last_told[name] = beds[name].argmin(beds.place, where=beds[name].notnull())
    # where an earlier hospital sent the person says nothing of where they went in the end
    leaving = beds.discharge_disposition_code
    last_told["discharge_disposition_code"] = leaving.argmax(
        beds.reach, where=leaving.notnull() & (beds.ends == beds.latest_end)
    )
    stays = beds.group_by([*keys, "latest_end"]).aggregate(
        admit_day=beds.admit_day.min(),
        admitted_at=beds.admitted_at.min(),
        discharged_at=beds.discharged_at.argmax(beds.reach, where=beds.discharged_at.notnull()),
        facility_id=beds.facility_id.argmax(beds.reach),
        hospitals=beds.facility_id.nunique(),
        billed=beds.billed.max(),
        first_facility_id=beds.facility_id.argmin(beds.place),
        **last_told,
    )
    is_open = stays.latest_end == OPEN
    identity = stays.person_id + "|" + stays.admit_day.cast("string") + "|" + stays.first_facility_id.fill_null("")
    return stays.mutate(
        stay_id=identity.hexdigest("md5").substr(0, 16),
        discharge_day=ibis.ifelse(is_open, None, stays.latest_end),
        discharged_at=ibis.ifelse(is_open, None, stays.discharged_at),
        known_from=stays.moment,
        known_until=stays.until,
    ).drop("moment", "until", "number", "latest_end")


def final_stays(record: Record) -> ir.Table:
    """The stays as everything loaded so far tells them; only labels and reports may look at these."""
    versions = stay_versions(record)
    return versions.filter(versions.known_until == FOREVER)
