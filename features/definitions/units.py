"""Where a hospital's messages tell of one long stay, and the bill of its psychiatric or rehabilitation unit says that a
part of it was the unit's: some hospitals send no transfer message (A02), or one that does not name the unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from features.codes.places import ACUTE_FACILITIES
from features.definitions.evidence import BILL, LAPSE_DAYS

if TYPE_CHECKING:
    import ibis.expr.types as ir

_ORDER = ("rank", "evidence_id", "facility_id", "admit_day", "discharge_day", "seen_day", "admitted_at")


def parted(at: ir.Table, moment: Sequence[str]) -> ir.Table:
    """Evidence (the columns of `stay_evidence` but the times of its validity) at each moment, which the columns
    `moment` name, where a message's or notice's word of an acute stay is parted by the unit's bills within it: a word
    up to the day on which the unit's bill begins, and one from the day on which it ends. A word that names no service
    and lies wholly within a unit's bill is word of the unit. A unit's bill without a discharge reaches to the unit's
    next one, or as long as word of it is believed (LAPSE_DAYS).
    """
    import ibis

    key = [*moment, "hospital"]
    other = at.kind.notin(ACUTE_FACILITIES).fill_null(False)
    mixed = at.filter(at["rank"] == BILL, other).select("person_id").distinct()
    units = _units(at, key)
    some = at.semi_join(mixed, "person_id")
    is_word = (some["rank"] != BILL) & ~some.kind.notin(ACUTE_FACILITIES).fill_null(False)
    words = some.filter(is_word)
    number = ibis.row_number().over(ibis.window(group_by=list(moment), order_by=list(_ORDER)))
    words = words.mutate(word=number)
    untouched = at.anti_join(mixed, "person_id").union(some.filter(~is_word))

    name = [*moment, "word"]
    meets = words.select(
        *key,
        "word",
        *("admit_day", "admitted_at", "discharge_day", "hospital_service"),
        last=ibis.coalesce(words.discharge_day, words.seen_day),
    ).inner_join(units, key)
    meets = meets.filter(meets.begins < meets["last"], meets.out > meets.admit_day)
    within = meets.filter(meets.begins <= meets.admit_day, meets.out >= meets["last"], meets.hospital_service.isnull())
    within = within.group_by(name).aggregate(unit=within.unit.max())
    cuts = meets.filter(meets.begins > meets.admit_day)
    parts = _before(cuts, name).union(_after(cuts, name))

    whole = words.anti_join(cuts, name).left_join(within, name)
    whole = whole.mutate(kind=ibis.coalesce(whole.unit, whole.kind))
    pieces = words.drop("admit_day", "admitted_at").inner_join(parts, name)
    goes_on = pieces.until_day.isnull()
    pieces = pieces.mutate(
        evidence_id=pieces.evidence_id + "/" + pieces.admit_day.cast("string"),
        discharge_day=ibis.coalesce(pieces.until_day, pieces.discharge_day),
        discharged_at=ibis.ifelse(goes_on, pieces.discharged_at, pieces.until_at),
        seen_day=ibis.coalesce(pieces.until_day, pieces.seen_day),
        discharge_disposition_code=ibis.ifelse(goes_on, pieces.discharge_disposition_code, None),
        lapsed=ibis.ifelse(goes_on, pieces.lapsed, 0),
    )
    found = (untouched, *(each.select(*at.columns).cast(at.schema()) for each in (whole, pieces)))
    return ibis.union(*found)


def _units(at: ir.Table, key: Sequence[str]) -> ir.Table:
    """Each admission to a unit that a bill tells of, of a night or more: key, unit (its kind), begins, out (days), came
    and left (instants; left null where the unit's next bill goes on with it).
    """
    import ibis

    bills = at.filter(at["rank"] == BILL, at.kind.notin(ACUTE_FACILITIES).fill_null(False))
    units = bills.group_by(*key, begins=bills.admit_day).aggregate(
        unit=bills.kind.max(),
        came=bills.admitted_at.min(),
        out=bills.discharge_day.max(),
        left=bills.discharged_at.argmax(bills.discharge_day),
        seen=bills.seen_day.max(),
    )
    following = ibis.window(group_by=list(key), order_by="begins")
    lapse = ibis.least(units.begins.lead().over(following), units.seen + LAPSE_DAYS)
    units = units.mutate(out=ibis.coalesce(units.out, lapse)).drop("seen")
    return units.filter(units.out > units.begins)


def _before(cuts: ir.Table, name: Sequence[str]) -> ir.Table:
    """The part of a word before each unit, from its beginning or from the unit before."""
    import ibis

    earlier = ibis.window(group_by=list(name), order_by="begins", preceding=(None, 1))
    parts = cuts.mutate(reached=cuts.out.max().over(earlier), left_before=cuts.left.max().over(earlier))
    parts = parts.select(
        *name,
        admit_day=ibis.coalesce(parts.reached, parts.admit_day),
        admitted_at=ibis.ifelse(
            parts.reached.isnull(), parts.admitted_at, ibis.coalesce(parts.left_before, parts.admitted_at)
        ),
        until_day=parts.begins,
        until_at=parts.came,
    )
    return parts.filter(parts.admit_day < parts.until_day)


def _after(cuts: ir.Table, name: Sequence[str]) -> ir.Table:
    """The part of a word after the last unit, where it tells of later days."""
    import ibis

    last = cuts.group_by(*name, "last", "discharge_day").aggregate(
        reached=cuts.out.max(), left=cuts.left.max(), admitted_at=cuts.admitted_at.max()
    )
    last = last.filter(last.reached < last["last"])
    return last.select(
        *name,
        admit_day=last.reached,
        admitted_at=ibis.coalesce(last.left, last.admitted_at),
        until_day=ibis.null("int64"),
        until_at=ibis.null("int64"),
    )
