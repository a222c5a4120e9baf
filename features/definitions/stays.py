"""One stay: a continuous acute hospitalisation, transfers joined, as versions in time.

At every moment at which evidence of a person changes, the stays that it may touch are worked out anew from the
evidence valid then; each result is a version, `known_from <= t < known_until`. So what is read at `t` equals what a
store of only the rows known by `t` would give, by construction.

What is one stay:
- Word of one admission to one hospital on one day, whoever told it, is word of one stay.
- Bills of one hospital are one stay when they share a night or tell the same days, when they are interim bills of one
  another (the next may begin up to a week later), or when the person came back on the day of discharge for the same
  principal diagnosis.
- Two stays chain as a transfer only between two different acute hospitals, when the second began before the first
  ended, on that day or on the next, whatever the discharge code says.
- What kind of hospital or unit it was is told by beds, by a service or by a unit's number before the hospital's number.
- Messages of one long visit that never say that the person moved to a unit are parted where that unit's bill stands.
- A hospital that nobody named is taken for the one before: nothing says that it was another.
- Only short-term acute and critical access hospitals count; a hospital whose kind nothing decides is taken for one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.codes.places import ACUTE_FACILITIES, ADMIT_SOURCES, codes_of
from features.definitions.evidence import BILL, LAPSE_DAYS, MESSAGE, PROCEDURES, TOLD, stay_evidence
from features.definitions.units import parted
from features.record.known import FOREVER
from features.record.record import Record

if TYPE_CHECKING:
    import ibis.expr.types as ir

OPEN = 1_000_000  # the day on which a stay without a discharge ends, until told otherwise
PLANNED_WHERE_ADMITTED = ("always_planned", "potentially_planned")
BILLING_GAP_DAYS = 7  # a stay goes on from an interim bill to the next one that comes within so many days; ours
WORDS_AT_ONCE = 250_000  # rows of evidence worked on together: about 1 GB
PLACES = 10_000  # more beds than one person can have at a moment
FROM_A_HOSPITAL = codes_of(ADMIT_SOURCES, "hospital")
# facts on which bill and message are compared: 1 in `disputed_...` where both told it and not alike
DISPUTABLE = (
    "admit_day",
    "discharge_day",
    "discharge_disposition_code",
    "admit_type_code",
    "admit_source_code",
    "kind",
)
_PART = ["person_id", "island", "moment", "until"]


def stay_versions(record: Record) -> ir.Table:
    """Acute stays as versions: person_id, stay_id, known_from, known_until, admit_day, discharge_day (null while open,
    and where it is over and nobody told when), over (1 when the person is known to have left), admitted_at and
    discharged_at (instants; the end of the day where only the day is known), first and last facility, `hospital` and
    `kind` of the last, how many hospitals, `billed` (1 once a bill is known), `told_discharge` (rank of who told the
    day of discharge), what was told of it (null where nobody told), first_principal_system and _code (of the hospital
    that admitted), PROCEDURES, and disputed_... for each of DISPUTABLE.

    `stay_id` is a hash of the person, the day of admission and the first hospital. Principal diagnosis, DRG and
    disposition are those of the last hospital; how the stay began is told by the first. The first principal diagnosis
    is the first hospital's last word over all its interim bills of the stay.
    """
    return record.conclude("stay_versions", lambda r: _of_kind(r, 1))


def other_stays(record: Record) -> ir.Table:
    """The same for long-term, rehabilitation and psychiatric hospitals and units: no index stay and no readmission."""
    return record.conclude("other_stays", lambda r: _of_kind(r, 0))


def final_stays(record: Record) -> ir.Table:
    """The stays as everything loaded so far tells them; only labels and reports may look at these."""
    versions = stay_versions(record)
    return versions.filter(versions.known_until == FOREVER)


def _of_kind(record: Record, acute: int) -> ir.Table:
    rows = record.conclude_in_parts("hospital_stays", stay_evidence(record), _hospital_stays, WORDS_AT_ONCE)
    return rows.filter(rows.acute == acute).drop("acute")


def _hospital_stays(told: ir.Table) -> ir.Table:
    """`told`: all evidence of some people."""
    return _joined(_chained(_with_ends(_beds(parted(_at_each_moment(told), _PART)))))


def _at_each_moment(told: ir.Table) -> ir.Table:
    """Evidence at each moment at which evidence of its island changes. An island is a run of days of one person that no
    other evidence touches, at whatever time it was valid: nothing outside it can change what is concluded within.
    """
    import ibis

    told = told.mutate(farthest=ibis.coalesce(told.discharge_day, told.seen_day + LAPSE_DAYS))
    # every row has a place of its own: windows that sort ties apart would count them apart
    order = ["admit_day", "farthest", "rank", "evidence_id", "known_from", "facility_id", "lapsed"]
    within = ibis.window(group_by="person_id", order_by=order)
    so_far = ibis.cumulative_window(group_by="person_id", order_by=order)
    told = told.mutate(reached=told.farthest.max().over(so_far))
    apart = told.admit_day > told.reached.lag().over(within) + 1
    told = told.mutate(begins=apart.fill_null(False).cast("int64"))
    told = told.mutate(island=told.begins.sum().over(so_far)).drop("begins", "reached", "farthest")
    keys = ["person_id", "island"]
    moments = ibis.union(
        told.select(*keys, moment=told.known_from),
        told.filter(told.known_until < FOREVER).select(*keys, moment=told.known_until),
    ).distinct()
    following = ibis.window(group_by=keys, order_by="moment")
    moments = moments.mutate(until=moments.moment.lead().over(following).fill_null(FOREVER))
    at = moments.inner_join(told, keys)
    return at.filter(at.known_from <= at.moment, at.moment < at.known_until).drop("known_from", "known_until")


def _beds(at: ir.Table) -> ir.Table:
    """Word of one admission to one hospital on one day is one row, whoever told it. Whoever came and left within the
    day and was admitted there again on that day had two admissions: `turn` 0 and 1.
    """
    import ibis

    at = at.mutate(ends=at.discharge_day.fill_null(OPEN), hospital=at.hospital.fill_null(""))
    of_one_teller = ibis.window(group_by=[*_PART, "hospital", "admit_day", "rank"])
    within_a_day = (at.ends == at.admit_day) & (at.interim == 0)
    at = at.mutate(turn=ibis.ifelse(within_a_day & (at.ends.max().over(of_one_teller) > at.admit_day), 0, 1))
    at = at.mutate(first_turn=at.turn.min().over(ibis.window(group_by=[*_PART, "hospital", "admit_day"])))
    keys = [*_PART, "hospital", "admit_day", "turn"]
    # of interim bills the one that reaches furthest has the last word
    last = ibis.ifelse(at.discharge_day.isnull(), -OPEN, at.discharge_day)
    order = ibis.window(group_by=keys, order_by=[at["rank"], last, at.seen_day, at.evidence_id, *(at[n] for n in TOLD)])
    at = at.mutate(weight=ibis.row_number().over(order))
    at = at.mutate(last_left=at.discharge_day.max().over(ibis.window(group_by=keys)))
    by_bill, by_message = at["rank"] == BILL, at["rank"] == MESSAGE
    # the message tells the hour, a bill only the day, so the hour is taken from the message that tells the same day
    leaving = (at.discharge_day == at.last_left) & at.discharged_at.notnull()
    disputed = {
        f"disputed_{name}": _differ(at[name].max(where=by_bill), at[name].max(where=by_message))
        for name in DISPUTABLE
        if name != "admit_day"
    }
    return at.group_by(keys).aggregate(
        discharge_day=at.discharge_day.max(),
        told_discharge=at["rank"].max(where=at.discharge_day == at.last_left),
        seen_day=at.seen_day.max(),
        admitted_at=ibis.coalesce(at.admitted_at.argmax(at.weight, where=by_message), at.admitted_at.min()),
        discharged_at=ibis.coalesce(
            at.discharged_at.max(where=leaving & by_message), at.discharged_at.max(where=leaving)
        ),
        facility_id=at.facility_id.argmax(at.weight, where=at.facility_id.notnull()),
        kind=ibis.coalesce(
            at.kind.argmax(at.weight, where=at.kind.notnull() & (at.kind_told == 1)),
            at.kind.argmax(at.weight, where=at.kind.notnull()),
        ),
        again=(at.turn - at.first_turn).max(),
        interim=at.interim.max(),
        lapsed=at.lapsed.min(),
        visit_only=at.visit_only.min(),
        billed=by_bill.max().cast("int64"),
        told=(~by_bill).max().cast("int64"),
        messaged=by_message.max().cast("int64"),
        **{name: at[name].max() for name in PROCEDURES},
        **{name: at[name].argmax(at.weight, where=at[name].notnull()) for name in TOLD},
        **disputed,
    )


def _differ(one: ir.Value, other: ir.Value) -> ir.IntegerValue:
    return (one != other).fill_null(False).cast("int64")


def _with_ends(beds: ir.Table) -> ir.Table:
    """`ends`: the day of discharge; OPEN while the person is there. A stay whose end nobody told is over when the
    person is admitted again later: on that day where they came from a hospital, else on the last day of which anybody
    told.
    """
    import ibis

    everywhere = ibis.window(group_by=_PART)
    in_order = ibis.window(group_by=_PART, order_by=["admit_day", "turn", "admitted_at", "hospital"])
    beds = beds.mutate(
        acute=beds.kind.isin(ACUTE_FACILITIES).fill_null(True).cast("int64"),
        number=ibis.row_number().over(in_order),
        count=beds.admit_day.count().over(everywhere),
        latest=beds.admit_day.max().over(everywhere),
        next_day=beds.admit_day.lead().over(in_order),
        next_hospital=beds.hospital.lead().over(in_order),
        next_source=beds.admit_source_code.lead().over(in_order),
    )
    untold = beds.discharge_day.isnull()
    admitted_again = (beds.number < beds["count"] - 1) & (beds.latest >= beds.seen_day)
    over = untold & ((beds.lapsed == 1) | admitted_again)
    moved = beds.next_source.isin(FROM_A_HOSPITAL) & (beds.next_hospital != beds.hospital)
    moved = moved & (beds.next_day - beds.seen_day).between(0, LAPSE_DAYS)
    left = ibis.ifelse(moved.fill_null(False), beds.next_day, beds.seen_day)
    ends = ibis.coalesce(beds.discharge_day, ibis.ifelse(over, left, OPEN))
    return beds.mutate(ends=ends, over=(over | ~untold).cast("int64")).drop(
        "number", "count", "latest", "next_day", "next_hospital", "next_source"
    )


def _chained(beds: ir.Table) -> ir.Table:
    """`number`: beds of one number are one stay. Each bed is held against the one that reached furthest so far; a short
    absence to another hospital changes neither the hospital nor the end. Beds that are not acute chain with their own
    hospital's only.
    """
    import ibis

    line = ibis.ifelse(beds.acute == 1, "acute", ibis.coalesce(beds.kind, "") + "|" + beds.hospital)
    beds = beds.mutate(line=line)
    keys, order = [*_PART, "line"], ["admit_day", "turn", "ends", "hospital"]
    within = ibis.window(group_by=keys, order_by=order)
    so_far = ibis.cumulative_window(group_by=keys, order_by=order)
    beds = beds.mutate(place=ibis.row_number().over(within).cast("int64"))
    beds = beds.mutate(reach=beds.ends * PLACES + beds.place)
    beds = beds.mutate(furthest=beds.reach.max().over(so_far))
    beds = beds.mutate(before=beds.furthest.lag().over(within))
    facts = ("hospital", "discharge_day", "interim", "principal_system", "principal_code", "billed", "told")
    earlier = beds.select(*keys, before="reach", **{f"before_{name}": beds[name] for name in facts})
    beds = beds.left_join(earlier, [*keys, "before"])
    beds = beds.drop(*(name for name in beds.columns if name.endswith("_right")))
    gap = beds.admit_day - beds.before // PLACES
    named = (beds.hospital != "") & (beds.before_hospital != "")
    elsewhere = named & (beds.hospital != beds.before_hospital)
    same_reason = (beds.principal_system == beds.before_principal_system) & (
        beds.principal_code == beds.before_principal_code
    )
    # one bill and one message that touch, and end within a day of one another: they tell other days of one short stay
    told_apart = (beds.discharge_day - beds.before_discharge_day <= 1) & (
        beds.billed + beds.before_billed + beds.told + beds.before_told == 2
    )
    told_apart = told_apart & (beds.billed != beds.before_billed)
    # a hospital that said "still a patient" and bills on has told no discharge
    still_there = beds.before_discharge_day.isnull() & (beds.before_interim == 1)
    goes_on_billing = still_there & ((gap <= 1) | ((beds.interim == 1) & (gap <= BILLING_GAP_DAYS)))
    goes_on = (
        (gap < 0)
        | (elsewhere & (beds.acute == 1) & (gap <= 1))
        | (~elsewhere & (gap == 0) & (same_reason.fill_null(False) | told_apart.fill_null(False)))
        | (~elsewhere & goes_on_billing)
    )
    beds = beds.mutate(starts=ibis.ifelse(goes_on.fill_null(False), 0, 1))
    return beds.mutate(number=beds.starts.sum().over(so_far))


def _joined(beds: ir.Table) -> ir.Table:
    """One row a stay from the beds of one number."""
    import ibis

    keys = [*_PART, "line", "number"]
    stay = ibis.window(group_by=keys)
    beds = beds.mutate(latest_end=beds.ends.max().over(stay), last_reach=beds.reach.max().over(stay))
    beds = beds.mutate(first_place=beds.place.min().over(stay))
    beds = beds.mutate(first_end=ibis.ifelse(beds.place == beds.first_place, beds.ends, None).max().over(stay))
    last_hospital = ibis.ifelse(beds.reach == beds.last_reach, beds.hospital, None)
    is_first = beds.place == beds.first_place
    first_hospital = ibis.ifelse(is_first, beds.hospital, None)
    beds = beds.mutate(
        at_last=beds.hospital == last_hospital.max().over(stay),
        at_first=beds.hospital == first_hospital.max().over(stay),
        billed_on=ibis.ifelse(is_first, beds.interim, 0).max().over(stay) * beds.interim == 1,
    )
    # the first admission with the interim bills that go on with it
    admission = is_first | (beds.at_first & beds.billed_on)

    def last(name: str, where: ir.BooleanValue) -> ir.Value:
        return beds[name].argmax(beds.reach, where=where & beds[name].notnull())

    def first(name: str, where: ir.BooleanValue) -> ir.Value:
        return beds[name].argmin(beds.place, where=where & beds[name].notnull())

    anywhere = beds.reach.notnull()
    at_the_end = beds.at_last & (beds.ends == beds.latest_end)
    began = ("admit_type_code", "admit_source_code", "admitting_system", "admitting_code")
    # of a visit that began in observation a bill tells the day of admission
    since = beds.at_first & (beds.visit_only == 0) & (beds.admit_day <= beds.first_end)
    stays = beds.group_by([*keys, "acute", "latest_end"]).aggregate(
        admit_day=ibis.coalesce(beds.admit_day.min(where=since), beds.admit_day.min()),
        discharge_day=beds.discharge_day.max(where=at_the_end),
        over=beds.over.min(where=at_the_end),
        told_discharge=beds.told_discharge.max(where=at_the_end),
        admitted_at=ibis.coalesce(beds.admitted_at.min(where=since), beds.admitted_at.min()),
        discharged_at=beds.discharged_at.argmax(
            beds.reach, where=beds.discharged_at.notnull() & (beds.discharge_day == beds.latest_end)
        ),
        facility_id=beds.facility_id.argmax(beds.reach),
        hospital=beds.hospital.argmax(beds.reach).nullif(""),
        kind=beds.kind.argmax(beds.reach),
        hospitals=beds.hospital.nullif("").nunique(),
        billed=beds.billed.max().cast("int8"),
        first_facility_id=beds.facility_id.argmin(beds.place),
        again=beds.again.argmin(beds.place),
        first_principal_system=ibis.coalesce(
            last("principal_system", admission), first("principal_system", beds.at_first)
        ),
        first_principal_code=ibis.coalesce(last("principal_code", admission), first("principal_code", beds.at_first)),
        # where an earlier hospital sent the person says nothing of where they went in the end
        discharge_disposition_code=last("discharge_disposition_code", at_the_end),
        hospital_service=last("hospital_service", anywhere),
        **{name: last(name, beds.at_last) for name in ("principal_system", "principal_code", "drg_code")},
        **{name: first(name, anywhere) for name in began},
        # what an admission was planned for is done where the person was admitted, not where they were sent on
        **{name: beds[name].max(where=beds.at_first) for name in PLANNED_WHERE_ADMITTED},
        **{name: beds[name].max() for name in PROCEDURES if name not in PLANNED_WHERE_ADMITTED},
        disputed_admit_day=_differ(
            beds.admit_day.min(where=(beds.billed == 1) & beds.at_first),
            beds.admit_day.min(where=(beds.messaged == 1) & beds.at_first),
        ),
        **{f"disputed_{name}": beds[f"disputed_{name}"].max() for name in DISPUTABLE if name != "admit_day"},
    )
    named = stays.person_id + "|" + stays.admit_day.cast("string") + "|" + stays.first_facility_id.fill_null("")
    named = named + ibis.ifelse(stays.again == 1, "|again", "")
    return stays.mutate(
        stay_id=named.hexdigest("md5").substr(0, 16),
        discharged_at=ibis.ifelse(stays.discharge_day.isnull(), None, stays.discharged_at),
        known_from=stays.moment,
        known_until=stays.until,
    ).drop("island", "moment", "until", "line", "number", "latest_end", "again")
