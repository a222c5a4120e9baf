"""What a canonical table is: columns declared once with type, unit, meaning of null and constraint.

That one declaration validates what a reader hands over, types what is stored and documents both. Every row of every
table also carries the time columns in `TIME`: when it happened and when it was known.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from features.errors import BadDeclaration

if TYPE_CHECKING:
    import pyarrow as pa


class Kind(Enum):
    """What a column holds, and so how it is stored."""

    TEXT = "text"
    IDENTIFIER = "identifier"  # names a person, provider, facility, claim: never shown outside its own purpose
    CODE = "code"  # canonical form of its coding system
    DAY = "day"  # day number
    INSTANT = "instant"  # epoch seconds; a reader hands over wall-clock seconds of the network's zone
    COUNT = "count"
    CENTS = "cents"
    MILLI = "thousandths"  # a quantity times 1,000
    FLAG = "flag"  # 0 or 1

    @property
    def stored(self) -> str:
        """The Arrow (and SQL) type on disk."""
        return {"text": "string", "identifier": "string", "code": "string", "day": "int32", "flag": "int8"}.get(
            self.value, "int64"
        )


@dataclass(frozen=True)
class Column:
    """One column: `required` means never null; otherwise `null` says what null means.

    A load refuses what breaks `required`, `at_least` or `choices`. `afterward check` judges what a sound feed keeps to:
    `filled` is the share of rows that have a value, `plausible` the lowest and highest number that can be meant (in the
    stored unit), `refers` the `table.column` in which the value stands too, `ahead` by how many days a day may lie
    after the load.
    """

    name: str
    kind: Kind
    says: str
    null: str = "not given by the source"
    required: bool = False
    at_least: int | None = None
    choices: tuple[str, ...] = ()
    filled: float = 0.0
    plausible: tuple[int, int] | None = None
    refers: str = ""
    ahead: int = 0


class Tells(Enum):
    """What the rows of a table are about in time, and so what can be asked of it."""

    EVENTS = "events"  # what happened: month after month, and known once it has happened
    PLANS = "plans"  # what is meant to happen: month after month, and known before
    MONTHS = "months"  # one row for each month of somebody's enrolment
    SUBJECTS = "subjects"  # who or what somebody is, told at any time


@dataclass(frozen=True)
class Table:
    """A canonical table. `about` names whom a row belongs to: a person, or nothing (providers, facilities)."""

    name: str
    says: str
    columns: tuple[Column, ...]
    about: str = "person"
    tells: Tells = Tells.EVENTS

    def __post_init__(self) -> None:
        names = [column.name for column in self.all_columns]
        if len(names) != len(set(names)):
            raise BadDeclaration(got=f"a column twice in {self.name}", expected="each once", do="Rename one.")

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """Subject, own and time columns, in the order on disk."""
        subject = (PERSON_ID,) if self.about == "person" else ()
        return (*subject, *self.columns, *TIME)

    def column(self, name: str) -> Column:
        """The column of that name; BadDeclaration names the choices."""
        for column in self.all_columns:
            if column.name == name:
                return column
        choices = ", ".join(c.name for c in self.all_columns)
        raise BadDeclaration(got=f"column {name}", expected=f"one of {choices}", do=f"See {self.name}.")

    def schema(self) -> pa.Schema:
        """The Arrow schema on disk, bucket column first."""
        import pyarrow as pa

        fields = [pa.field("bucket", pa.int16(), nullable=False)]
        for column in self.all_columns:
            fields.append(
                pa.field(column.name, pa.type_for_alias(column.kind.stored), metadata={"unit": column.kind.value})
            )
        return pa.schema(fields)


PERSON_ID = Column("person_id", Kind.IDENTIFIER, "the person, one across all sources", required=True)
TIME = (
    Column("happened_from", Kind.INSTANT, "first instant of what the row tells", null="no time is known"),
    Column("happened_to", Kind.INSTANT, "last instant of what the row tells", null="still going on"),
    Column("from_day", Kind.DAY, "local day of happened_from", null="no time is known"),
    Column("to_day", Kind.DAY, "local day of happened_to", null="still going on"),
    Column("precision", Kind.TEXT, "how exact the times are", choices=("instant", "day", "month", "year")),
    Column("known_at", Kind.INSTANT, "when the network could first know this row", required=True),
    Column("source", Kind.TEXT, "the feed that told it", required=True),
)
