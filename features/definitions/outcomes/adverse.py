"""Harm within 21 days of discharge, and any acute care within them. The list of harms is ours (features.codes.harms)
and so are the look-backs: no published claims definition of a post-discharge adverse event exists.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial, reduce
from operator import and_, or_
from typing import TYPE_CHECKING

from features.codes.harms import COMPONENTS, HARM_CODES, HARMS, Component
from features.definitions.encounters import encounters
from features.definitions.outcomes.outcome import Outcome
from features.definitions.outcomes.readmission import next_stays
from features.definitions.stays import final_stays
from features.record.known import CLAIM, FOREVER, with_claim_versions
from features.record.record import Record
from features.record.tables import DIAGNOSIS
from features.windows import OutcomeWindow

if TYPE_CHECKING:
    import ibis.expr.types as ir

ACUTE = ("emergency", "observation", "inpatient")
# present on admission: yes, cannot be told clinically, exempt; and no, or not documented well enough to tell
BEFORE_ADMISSION, WITHIN_STAY = ("Y", "W", "1"), ("N", "U")
WINDOW = OutcomeWindow(0, 21)
STEM = 6  # characters of a code without the seventh, which tells only how far the treatment is


@dataclass(frozen=True)
class LookBack:
    """When a harm is new: neither its code nor, with `any_code`, another code of its kind stands on a claim of these
    days up to the discharge, the index stay's own included. The seventh character, first treatment or later, makes no
    other code.
    """

    days: int
    any_code: bool
    why: str


# by the label in features.codes.harms that must be new; all ours
LOOK_BACKS = {
    "adverse_drug_effect": LookBack(90, any_code=False, why="another medicine's effect is another harm"),
    "complication_of_care": LookBack(365, any_code=False, why="a complication is coded for as long as it is treated"),
    "fall_or_fracture": LookBack(365, any_code=False, why="the same way of falling may be coded again at follow-up"),
    "c_difficile": LookBack(56, any_code=True, why="within eight weeks it is the same infection or its recurrence"),
    "vte": LookBack(365, any_code=True, why="a clot is coded throughout its treatment"),
    "acute_kidney_injury": LookBack(30, any_code=True, why="an injury of the stay itself is still coded weeks later"),
    "hypoglycaemia": LookBack(30, any_code=True, why="each episode is short, its coding may linger"),
    "bleeding": LookBack(90, any_code=True, why="one bleed is seen several times"),
    "delirium": LookBack(30, any_code=True, why="delirium of the stay itself is still coded weeks later"),
    "pressure_ulcer": LookBack(365, any_code=False, why="another place or a worse stage is a new harm"),
}


def any_acute_care(record: Record, given: ir.Table) -> ir.Table:
    """The first emergency, observation or inpatient encounter after the day of discharge, as finally told; a stay in
    hospital also where no bill tells of it yet.
    """
    claims = _acute_claims(record, given).select("row_id", "from_day", event_known="known_from")
    back = next_stays(record, given).inner_join(given.select("row_id", "discharge_day"), "row_id")
    back = back.filter((back.event_day - back.discharge_day).between(WINDOW.first, WINDOW.last))
    return _first_day(
        claims.union(back.select("row_id", from_day=back.event_day.cast("int32"), event_known="event_known"))
    )


def acute_care_in_words(record: Record, given: ir.Table, event_day: int) -> str:
    """The settings of that day."""
    claims = _acute_claims(record, given)
    return ", ".join(sorted(set(claims.filter(claims.from_day == event_day).setting.to_pandas()))) or "inpatient"


def _acute_claims(record: Record, given: ir.Table) -> ir.Table:
    return _after(record, encounters(record).filter(encounters(record).setting.isin(ACUTE)), given)


def _first_day(events: ir.Table) -> ir.Table:
    """The first day of each row's events, and when one of that day was first known."""
    days = events.group_by("row_id", "from_day").aggregate(event_known=events.event_known.min())
    return days.group_by("row_id").aggregate(
        event_day=days.from_day.min(), event_known=days.event_known.argmin(days.from_day)
    )


def harms(record: Record, given: ir.Table, components: tuple[Component, ...] = COMPONENTS) -> ir.Table:
    """The first such encounter that carries the codes of one of the components, new since discharge; and `unsure_day`,
    that of the first on which nobody told whether they were there on admission.
    """
    import ibis

    new = new_harms(record, given)
    labels = sorted({label for one in components for label in one.needs})
    one_encounter = (
        new.filter(new.label.isin(labels))
        .group_by("row_id", "source", "claim_id", "from_day")
        .aggregate(
            event_known=new.known_from.min(),
            **{label: ((new.label == label) & (new.unsure == 0)).max() for label in labels},
            **{f"perhaps_{label}": (new.label == label).max() for label in labels},
        )
    )

    def carries(prefix: str) -> ir.BooleanValue:
        whole = (reduce(and_, (one_encounter[prefix + label] for label in one.needs)) for one in components)
        return reduce(or_, whole)

    counted = one_encounter.filter(carries(""))
    perhaps = one_encounter.filter(~carries(""), carries("perhaps_"))
    unsure = perhaps.group_by("row_id").aggregate(unsure_day=perhaps.from_day.min())
    first = _first_day(counted.select("row_id", "from_day", "event_known"))
    return first.outer_join(unsure, "row_id").select(
        "event_day", "event_known", "unsure_day", row_id=lambda t: ibis.coalesce(t.row_id, t.row_id_right)
    )


def harms_in_words(
    record: Record, given: ir.Table, event_day: int, components: tuple[Component, ...] = COMPONENTS
) -> str:
    """The new codes of harm of that day, each with its setting; or the death."""
    new = new_harms(record, given)
    labels = sorted({label for one in components for label in one.needs})
    seen = new.filter(new.from_day == event_day, new.label.isin(labels), new.unsure == 0).to_pandas()
    told = {f"{HARM_CODES[one.label][0]} ({one.code}, {one.setting})" for one in seen.itertuples()}
    return ", ".join(sorted(told)) or "death"


def new_harms(record: Record, given: ir.Table) -> ir.Table:
    """Codes of harm on acute encounters in the window that no look-back finds: the columns of `harm_codes` and of the
    rows.
    """
    import ibis

    fresh = harm_codes(record)
    codes = ibis.memtable(HARMS.table()).select("code_system", "code", "label")
    earlier = _seen_before(record, final_diagnoses(record).inner_join(codes, ["code_system", "code"]))
    after = _after(record, fresh, given)
    days = ibis.cases(*((after.label == label, each.days) for label, each in LOOK_BACKS.items()), else_=-1)
    by_kind = after.label.isin([label for label, each in LOOK_BACKS.items() if each.any_code])
    after = after.mutate(look_back=days, by_kind=by_kind)
    seen = after.inner_join(earlier, ["person_id", "label"])
    # what began on the day of discharge came after the stay, but for its own bills: those that end with it, where the
    # stay itself began on that day or the bill is of a bed and begins no stay of its own
    own_bill = (seen.admit_day == seen.discharge_day) | ((seen.in_bed == 1) & (seen.begins == 0))
    of_the_stay = (seen.seen_to <= seen.discharge_day) & own_bill
    seen = seen.filter(
        # a claim is of all its days: a long stay's own codes are seen up to its end
        (seen.seen < seen.discharge_day) | ((seen.seen == seen.discharge_day) & of_the_stay),
        seen.seen_to >= seen.discharge_day - seen.look_back,
        seen.by_kind | (seen.seen_code.substr(0, STEM) == seen.code.substr(0, STEM)),
    )
    return after.anti_join(seen.select("row_id", "label", "code").distinct(), ["row_id", "label", "code"])


def _seen_before(record: Record, coded: ir.Table) -> ir.Table:
    """Codes of harm as a look-back sees them: person_id, label, seen_code, seen, seen_to (first and last day), in_bed
    (1 on an inpatient bill) and begins (1 where a stay begins with a bill of that day and place).
    """
    import ibis

    version = [*CLAIM, "version", "known_from"]
    claims = encounters(record).select(*version, "setting", "facility_id", came="from_day")
    joined = coded.left_join(claims, version)
    rows = joined.select(
        *("person_id", "label"),
        seen_code=joined.code,
        seen=ibis.coalesce(joined.came, joined.from_day),
        seen_to=joined.to_day,
        in_bed=joined.setting.isin(("inpatient", "other_inpatient")).fill_null(False).cast("int64"),
        seen_at=joined.facility_id.fill_null(""),
    ).distinct()
    stays = final_stays(record)
    began = stays.select(
        "person_id", seen=stays.admit_day.cast("int32"), seen_at=stays.first_facility_id.fill_null("")
    ).distinct()
    found = rows.left_join(began.mutate(begins=1), ["person_id", "seen", "seen_at"])
    return found.select(
        *("person_id", "label", "seen_code", "seen", "seen_to", "in_bed"), begins=found.begins.fill_null(0)
    ).distinct()


def final_diagnoses(record: Record) -> ir.Table:
    """Principal and other diagnoses on claims as finally told."""
    coded = with_claim_versions(record, DIAGNOSIS)
    return coded.filter(coded.known_until == FOREVER, coded.role != "admitting")


def harm_codes(record: Record) -> ir.Table:
    """Harm codes on acute encounters, as finally told: CLAIM, known_from, known_until, code, label, setting, from_day
    and unsure. On an inpatient claim only what was present on admission, or exempt from the question: it came before
    that stay. The principal diagnosis is what brought the person in, flagged or not. Of another code without a flag
    nobody told (`unsure` is 1): since 2011 claims leave exempt codes blank, and hospitals that need not flag leave all
    of them so; the list of exempt codes is not here to tell the two apart.
    """
    return record.conclude("harm_codes", _harm_codes)


def _harm_codes(record: Record) -> ir.Table:
    import ibis

    codes = ibis.memtable(HARMS.table())
    coded = final_diagnoses(record)
    acute = encounters(record).filter(encounters(record).setting.isin(ACUTE))
    version = [*CLAIM, "version", "known_from"]
    acute = acute.select(*version, "setting", "facility_id", came="from_day")
    harm = coded.inner_join(codes, ["code_system", "code"]).inner_join(acute, version)
    in_hospital = harm.setting == "inpatient"
    brought = harm.present_on_admission.isin(BEFORE_ADMISSION).fill_null(False)
    silent = ~harm.present_on_admission.isin((*BEFORE_ADMISSION, *WITHIN_STAY)).fill_null(False)
    brought = brought | (silent & (harm.role == "principal"))
    harm = harm.mutate(unsure=(in_hospital & ~brought).cast("int64"))
    admitted_with = _where_admitted(record, harm.filter(in_hospital, brought | silent))
    harm = ibis.union(harm.filter(~in_hospital), admitted_with)
    return harm.select(*CLAIM, "known_from", "known_until", "code", "label", "setting", "unsure", from_day="came")


def _where_admitted(record: Record, harm: ir.Table) -> ir.Table:
    """Codes on bills with which a stay begins: what a later hospital of the stay, or a later bill, finds present on
    its own admission may have happened within the stay.
    """
    stays = final_stays(record)
    first = stays.select("person_id", "admit_day", first_facility_id=stays.first_facility_id.fill_null(""))
    at = harm.inner_join(first, "person_id")
    begins = (at.facility_id.fill_null("") == at.first_facility_id) & (at.came - at.admit_day).between(0, 1)
    return at.filter(begins).select(*harm.columns).distinct()


def _after(record: Record, events: ir.Table, given: ir.Table) -> ir.Table:
    """Events as finally told that start in the days of the window. On the day of discharge only those of a stay that
    began on it: of a visit nobody can tell whether it came before the discharge.
    """
    final = events.filter(events.known_until == FOREVER)
    joined = given.inner_join(final, "person_id")
    days = joined.from_day - joined.discharge_day
    joined = joined.filter(days.between(WINDOW.first, WINDOW.last))
    back = next_stays(record, given).select(back_row="row_id", back_day="event_day")
    at = joined.left_join(back, [joined.row_id == back.back_row, joined.from_day == back.back_day])
    same_day = (at.from_day == at.discharge_day) & (at.setting == "inpatient") & at.back_row.notnull()
    return at.filter((at.from_day > at.discharge_day) | same_day).drop("back_row", "back_day")


_NEEDS = ("claim_line.revenue_center_code", "diagnosis.present_on_admission")
ANY_ACUTE_CARE_21D = Outcome(
    "any_acute_care_21d",
    "an emergency, observation or inpatient encounter 1 to 21 days after discharge, or a stay that begins on its day",
    WINDOW,
    any_acute_care,
    acute_care_in_words,
    by_claims=True,
    death_counts=False,
    needs=("claim_line.revenue_center_code",),
)
ADVERSE_EVENT_21D = Outcome(
    "adverse_event_21d",
    "death 0 to 21 days after discharge, or acute care 1 to 21 days after it (or a stay that begins on its day) that "
    "carries a harm code new since discharge; the list is ours",
    WINDOW,
    harms,
    harms_in_words,
    by_claims=True,
    death_counts=True,
    needs=(*_NEEDS, "death"),
)
PARTS = tuple(
    Outcome(
        f"{component.name}_21d",
        "acute care 1 to 21 days after discharge, or a stay that begins on its day, with "
        f"{component.wording}, new since discharge",
        WINDOW,
        partial(harms, components=(component,)),
        partial(harms_in_words, components=(component,)),
        by_claims=True,
        death_counts=False,
        needs=_NEEDS,
    )
    for component in COMPONENTS
)
