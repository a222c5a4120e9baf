"""The only door through which features see the record.

    known(record, rows).events(TABLE)      rows of TABLE with `known_at <= as_of`, once for each index row
    known(record, rows).versions(derived)  the version valid at `as_of`: `known_from <= as_of < known_until`

The law, tested on random histories: what is read at `t` equals what a store holding only the rows known by `t` gives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from features.record.record import Record
from features.record.schema import Table
from features.record.tables import (
    ADT_EVENT,
    APPOINTMENT,
    CLAIM_LINE,
    DISCHARGE_NOTICE,
    DISPENSING,
    ENCOUNTER,
    ORDER,
    PRESCRIPTION,
    PROBLEM,
    RESULT,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

FOREVER = 2**62  # a version that nothing has revised
# of messages known and sent at the same instant, so that the order of loading decides nothing
ORDER_OF_MESSAGES = (
    *("event_type", "discharged_at", "discharge_disposition_code", "admitted_at", "patient_class"),
    *("hospital_service", "admit_type_code", "admit_source_code", "code_system", "code"),
)
CLAIM = ("person_id", "source", "claim_id")  # what names a claim: each sender numbers its own


@dataclass(frozen=True)
class Known:
    """The record as it was known at each index row's `as_of`.

    `rows` has row_id, person_id, as_of (instant), as_of_day, stay_id, admit_day and discharge_day.
    """

    record: Record
    rows: ir.Table
    cut: dict[str, ir.Table] = field(default_factory=dict)

    def keep(self, name: str, expression: Callable[[Known], ir.Table]) -> ir.Table:
        """The result of `expression` on what is known, worked out once and kept until `forget`."""
        if name not in self.cut:
            import ibis

            table = ibis.util.gen_name(name)
            self.cut[name] = self.record.con.create_table(table, expression(self), temp=True)
        return self.cut[name]

    def forget(self) -> None:
        """Drop what was kept, the index rows included."""
        for table in (*self.cut.values(), self.rows):
            self.record.con.drop_table(table.op().name)
        self.cut.clear()

    def events(self, table: Table) -> ir.Table:
        """Rows of a canonical table known at `as_of`, with row_id, as_of_day, admit_day and the index stay's id."""
        rows = self.record[table]
        joined = self._index.inner_join(rows, "person_id")
        return joined.filter(joined.known_at <= joined.as_of).drop("bucket")

    def versions(self, derived: ir.Table) -> ir.Table:
        """Versions of something derived that were valid at `as_of`."""
        joined = self._index.inner_join(derived, "person_id")
        return joined.filter(joined.known_from <= joined.as_of, joined.as_of < joined.known_until)

    @property
    def _index(self) -> ir.Table:
        names = {"stay_id": "index_stay_id", "admit_day": "index_admit_day", "discharge_day": "index_discharge_day"}
        return self.rows.select(
            "row_id", "person_id", "as_of", "as_of_day", *(self.rows[old].name(new) for old, new in names.items())
        )


def claim_versions(record: Record) -> ir.Table:
    """One row for each valid version of a claim: CLAIM, version, known_at, known_from, known_until.

    A version that cancels its claim, or that another one replaces at the same instant, is valid at no time.
    """
    return record.conclude("claim_versions", lambda r: _claim_versions(r, CLAIM_LINE))


def dispensing_versions(record: Record) -> ir.Table:
    """The same for pharmacy claims."""
    return record.conclude("dispensing_versions", lambda r: _claim_versions(r, DISPENSING))


def _claim_versions(record: Record, table: Table) -> ir.Table:
    import ibis

    rows = record[table]
    heads = rows.group_by(*CLAIM, "known_at", "version").aggregate(cancels=rows.cancels.max())
    order = ibis.window(group_by=CLAIM, order_by=["known_at", "version"])
    heads = heads.mutate(known_from=heads.known_at, known_until=heads.known_at.lead().over(order).fill_null(FOREVER))
    return heads.filter(heads.cancels == 0, heads.known_from < heads.known_until).drop("cancels")


def with_claim_versions(record: Record, table: Table) -> ir.Table:
    """Rows of a table that stand on claims (claim_line, diagnosis, procedure), netted: with known_from, known_until."""
    return _with_versions(record, table, claim_versions(record))


def dispensings(record: Record) -> ir.Table:
    """Netted fills, with known_from and known_until."""
    return _with_versions(record, DISPENSING, dispensing_versions(record))


def _with_versions(record: Record, table: Table, versions: ir.Table) -> ir.Table:
    return record[table].inner_join(versions, [*CLAIM, "known_at", "version"]).drop("bucket")


def states(record: Record, table: Table, *identity: str) -> ir.Table:
    """Rows of a table that tells the state of a thing again and again (order, appointment, ADT visit), as versions.

    `identity` are the columns that name the thing within a person: its number, and who gave it. The later known row
    replaces the earlier; among rows known at the same instant the later happening one holds.
    """
    return _replaced(record[table], identity, ("status",)).drop("bucket")


def _replaced(rows: ir.Table, identity: Sequence[str], last: Sequence[str]) -> ir.Table:
    import ibis

    order = ibis.window(group_by=["person_id", *identity], order_by=["known_at", "happened_from", *last])
    versions = rows.mutate(known_from=rows.known_at, known_until=rows.known_at.lead().over(order).fill_null(FOREVER))
    return versions.filter(versions.known_from < versions.known_until)


def order_states(record: Record) -> ir.Table:
    """Orders as versions: ordered, resulted, reviewed or cancelled."""
    return record.conclude("order_states", lambda r: states(r, ORDER, "source", "order_id"))


def appointment_states(record: Record) -> ir.Table:
    """Appointments as versions: booked, kept, missed or cancelled."""
    return record.conclude("appointment_states", lambda r: states(r, APPOINTMENT, "source", "appointment_id"))


def encounter_states(record: Record) -> ir.Table:
    """Encounters as versions: begun, then ended."""

    def versions(record: Record) -> ir.Table:
        rows = record[ENCOUNTER]
        rows = rows.mutate(over=(rows.status == "finished").cast("int8"))
        return _replaced(rows, ("source", "encounter_id"), ("over",)).drop("bucket", "over")

    return record.conclude("encounter_states", versions)


def problem_states(record: Record) -> ir.Table:
    """Problems as versions: as recorded, then gone."""
    return record.conclude("problem_states", lambda r: states(r, PROBLEM, "source", "condition_id"))


def prescription_states(record: Record) -> ir.Table:
    """Prescriptions as versions: as written, then ended."""
    return record.conclude("prescription_states", lambda r: states(r, PRESCRIPTION, "source", "prescription_id"))


def result_states(record: Record) -> ir.Table:
    """Results as versions: as told first, then as amended. One that its source gave no number stands as it is."""

    def versions(record: Record) -> ir.Table:
        import ibis

        rows = record[RESULT]
        rows = rows.mutate(number=rows.result_id.fill_null(rows.part_of))
        alone = rows.filter(rows.number.isnull())
        alone = alone.mutate(known_from=alone.known_at, known_until=ibis.literal(FOREVER, "int64"))
        told = _replaced(rows.filter(rows.number.notnull()), ("source", "number", "code_system", "code"), ("status",))
        return alone.union(told).drop("bucket", "number")

    return record.conclude("result_states", versions)


VISIT = ("source", "facility_id", "visit_number")  # each hospital numbers its own visits
# what a later message about a visit need not repeat; a discharge holds until a message takes it back or begins anew
REPEATED = (
    *("patient_class", "admitted_at", "admission_day", "admit_type_code", "admit_source_code", "hospital_service"),
    *("code_system", "code"),
)
LEAVING = ("discharged_at", "discharge_day", "discharge_disposition_code")
NOT_LEFT = ("A01", "A04", "A13")  # admitted, registered, discharge cancelled


def visit_states(record: Record) -> ir.Table:
    """ADT visits as versions: what the messages known by then said. A fact that the last message leaves out holds as
    an earlier one told it.
    """
    return record.conclude("visit_states", _visit_states)


def _visit_states(record: Record) -> ir.Table:
    import ibis

    rows = record[ADT_EVENT]
    within = {"group_by": ["person_id", *VISIT], "order_by": ["known_at", "happened_from", *ORDER_OF_MESSAGES]}
    so_far = ibis.cumulative_window(**within)
    rows = rows.mutate(place=ibis.row_number().over(ibis.window(**within)))
    said = {name: rows[name].argmax(_where(rows[name].notnull(), rows.place)).over(so_far) for name in REPEATED}
    left = rows.discharged_at.notnull() | rows.discharge_day.notnull()
    # the place of the last message that spoke of leaving, either way
    spoke = _where(left | rows.event_type.isin(NOT_LEFT), rows.place).max().over(so_far)
    rows = rows.mutate(spoke=spoke, **said)
    words = rows.select("person_id", *VISIT, spoke="place", **{f"{name}_then": rows[name] for name in LEAVING})
    rows = rows.mutate(**{name: rows[name].fill_null("") for name in VISIT})
    words = words.mutate(**{name: words[name].fill_null("") for name in VISIT})
    told = rows.left_join(words, ["person_id", *VISIT, "spoke"])
    told = told.mutate(**{name: told[f"{name}_then"] for name in LEAVING})
    told = told.mutate(**{name: told[name].nullif("") for name in VISIT})
    return _replaced(told.select(*record[ADT_EVENT].columns), VISIT, ORDER_OF_MESSAGES).drop("bucket")


def _where(condition: ir.BooleanValue, value: ir.IntegerValue) -> ir.IntegerValue:
    import ibis

    return ibis.ifelse(condition, value, None)


def notice_states(record: Record) -> ir.Table:
    """Discharge notices as versions. One that was declared from a claim holds until its claim is revised or taken back:
    from then on the claim speaks for itself.
    """
    return record.conclude("notice_states", _notice_states)


def _notice_states(record: Record) -> ir.Table:
    import ibis

    rows = record[DISCHARGE_NOTICE]
    # a hospital's own notice has no claim: it is about the stay that began on that day
    rows = rows.mutate(about=ibis.coalesce(rows.claim_id, rows.admission_day.cast("string")))
    notices = _replaced(rows, ("source", "facility_id", "about"), ("happened_to",)).drop("bucket", "about")
    lines = record[CLAIM_LINE]
    told = lines.group_by(*CLAIM, "known_at", "version").aggregate()
    order = ibis.window(group_by=CLAIM, order_by=["known_at", "version"])
    revised = told.mutate(turn=ibis.row_number().over(order)).filter(lambda t: t.turn == 1)
    notices = notices.left_join(revised.select(*CLAIM, revised_at="known_at"), CLAIM)
    until = ibis.least(notices.known_until, notices.revised_at.fill_null(FOREVER))
    held = notices.drop(*(f"{name}_right" for name in CLAIM)).mutate(known_until=until).drop("revised_at")
    return held.filter(held.known_from < held.known_until)


def latest(value: ir.IntegerValue, when: ir.IntegerValue) -> ir.IntegerValue:
    """The latest value that is not null (below 2**20 either way); the larger of two of the same time, so that the order
    of rows does not matter.
    """
    return value.argmax(when.cast("int64") * (1 << 21) + value, where=value.notnull())


def known(record: Record, rows: ir.Table) -> Known:
    """The record as known at each row's `as_of`."""
    return Known(record, rows)
