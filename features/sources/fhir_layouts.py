"""What the layouts of all FHIR resources share: how a resource is told apart, rejected and dated.

A moment in FHIR carries its offset and is moved to the network's clock. What is dated by a day counts as known when
that day ends, by a month or a year likewise. Source: HL7 FHIR R4 (4.0.1), US Core, CARIN Blue Button.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from features import windows
from features.codes.systems import System
from features.record.schema import Table
from features.sources.files import InputFile
from features.sources.reader import Delivery, Facts, Layout, Rows, Rules

if TYPE_CHECKING:
    import ibis.expr.types as ir

SOURCE = "fhir"
VOID = ("entered-in-error", "cancelled", "not-done", "declined")


def layout(
    name: str,
    rejects: Rules,
    fills: Mapping[Table, Rows],
    unless: Mapping[Table, Table] | None = None,
    derives: Facts | None = None,
) -> Layout:
    """A layout of resources or of members of them. The same resource may be in a delivery twice: equal rows are one."""
    once = {table: _once(rows) for table, rows in fills.items()}
    return Layout(name, marks=(), needs=(), rejects=rejects, fills=once, unless=unless or {}, derives=derives)


def _once(rows: Rows) -> Rows:
    def distinct(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
        return rows(raw, file, delivery).distinct()

    return distinct


def nothing_wrong(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    """The rules of rows that are as good as their resource."""
    return {}


def of_a_patient(raw: ir.Table) -> dict[str, ir.BooleanValue]:
    """The rules of every resource about a patient: whose it is, and which it is."""
    return {"no patient that is told by a reference": raw.person_id.isnull(), "no id": raw.id.isnull()}


def void(raw: ir.Table, words: Sequence[str] = VOID) -> dict[str, ir.BooleanValue]:
    """The rule of what never was."""
    return {"status says that it was cancelled, not done or entered in error": raw.status.lower().isin(words)}


def happened(raw: ir.Table, name: str, known_at: ir.IntegerValue) -> dict[str, ir.Value]:
    """The columns of time of what happened at the time taken as `name`."""
    import ibis

    return {
        "happened_from": raw[f"{name}_from"],
        "happened_to": raw[f"{name}_to"],
        "precision": raw[f"{name}_precision"],
        "known_at": known_at,
        "source": ibis.literal(SOURCE),
    }


def whole(thousandths: ir.IntegerValue) -> ir.IntegerValue:
    """A count from thousandths, rounded; what is below 0 is 0."""
    import ibis

    return ibis.ifelse(thousandths < 0, 0, (thousandths + 500) // 1000)


def before(last: ir.IntegerValue, first: ir.IntegerValue) -> ir.BooleanValue:
    """Whether an end comes before its start."""
    return last < first - windows.REPEATED_HOUR


def identity(key: ir.StringValue) -> ir.StringValue:
    """The id of `Type/id`."""
    return key.re_replace("^[A-Za-z]+/", "")


def one_of(value: ir.StringValue, choices: Sequence[str]) -> ir.StringValue:
    """The value in small letters; null where it is none of the choices."""
    import ibis

    low = value.lower()
    return ibis.ifelse(low.isin(choices), low, None)


def as_listed(code: ir.StringValue, names: Mapping[str, str]) -> ir.StringValue:
    """What a list has for a code; a code that is not in it comes back as it is."""
    import ibis

    return ibis.cases(*((code.lower() == name, listed) for name, listed in names.items()), else_=code)


def code_of(raw: ir.Table, name: str = "code") -> dict[str, ir.StringValue]:
    """`code_system` and `code` of what was taken as `name`."""
    return {"code_system": raw[f"{name}_system"], "code": raw[name]}


def only_of(raw: ir.Table, name: str, system: System) -> ir.StringValue:
    """A code of one system; null where it is of another or of none."""
    import ibis

    return ibis.ifelse(raw[f"{name}_system"] == system.name, raw[name], None)
