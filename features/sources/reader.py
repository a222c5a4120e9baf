"""What a reader is: a format by name, the layouts of its files, and what it fills and lacks. Checked when declared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import BadDeclaration
from features.record.schema import Table
from features.record.store import FileCount, Writer
from features.record.tables import TABLES, facts
from features.sources.files import InputFile

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True)
class Delivery:
    """How the files reached the network.

    `back_load_delay`: days from processing to delivery when this is a first back-load of history; None when each row's
    own file date says when it was delivered.
    """

    back_load_delay: int | None = None


Rows = Callable[["ir.Table", InputFile, Delivery], "ir.Table"]
Rules = Callable[["ir.Table"], Mapping[str, "ir.BooleanValue"]]
Facts = Callable[["ir.Table", Delivery], "ir.Table"]
LookUp = Callable[["ir.Table", Mapping[str, "ir.Table"]], "ir.Table"]


@dataclass(frozen=True)
class Layout:
    """One kind of file. `marks` are the columns by which it is recognised, `needs` those it cannot be read without.

    `rejects` names, for each reason, the rows to quarantine; `fills` says what the good rows become in each table. All
    columns of the rows are text, as the file has them (null where empty), beside `line`. A table in `unless` is filled
    from these files only for facilities of which nobody brought a row of the other table: what is declared for want of
    something better gives way to what was told. `derives` gives facts by `line` that are worked out once and then stand
    beside the columns of the file. `moments` are columns whose times carry an offset: they are moved to the network's
    clock first. `looks_up` gives facts by `line` before anything is checked, one row for each line, from the rows of
    the layouts in `beside`, by name, as the same delivery has them (files that the store holds already included).
    """

    name: str
    marks: tuple[str, ...]
    needs: tuple[str, ...]
    rejects: Rules
    fills: Mapping[Table, Rows]
    may: tuple[str, ...] = ()  # columns that are read when there, and are null when not
    unless: Mapping[Table, Table] = field(default_factory=dict)
    derives: Facts | None = None
    moments: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    looks_up: LookUp | None = None


@dataclass(frozen=True)
class Unfolded:
    """What files that are no tables became: the good rows of each layout that has any; the rejected ones (file, line,
    reason, raw) as a table of the engine; a count for each file; files of something else; and how many things of a kind
    that the record has no use for were read.
    """

    good: tuple[tuple[Layout, ir.Table], ...]
    rejected: ir.Table
    counts: tuple[FileCount, ...]
    unread: tuple[str, ...] = ()
    unused: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Reader:
    """A format. `lacks` says, for each fact that the format does not carry, why; such a fact is never counted as 0.

    `claims_lag` and `admissions_lag`: days before a batch's last day from which claims and admissions are incomplete.
    `unfolds` turns files that are no tables, such as JSON, into the rows of the layouts; the folder is for scratch.
    `named` is a pattern of the names of files that have no ending of data, such as `.csv`.
    """

    name: str
    says: str
    layouts: tuple[Layout, ...]
    lacks: Mapping[str, str] = field(default_factory=dict)
    claims_lag: int = 0
    admissions_lag: int = 0
    unfolds: Callable[[Writer, Sequence[InputFile], Path, Delivery], Unfolded] | None = None
    named: str = ""

    def __post_init__(self) -> None:
        names = [layout.name for layout in self.layouts]
        if len(set(names)) != len(names):
            raise BadDeclaration(got=f"two layouts of one name in {self.name}", expected="one", do="Rename one.")
        for layout in self.layouts:
            if not set(layout.marks) <= set(layout.needs):
                raise BadDeclaration(
                    got=f"marks of {layout.name} that it does not need", expected="marks among needs", do="Add them."
                )
        unknown = set(self.lacks) - facts()
        if unknown:
            raise BadDeclaration(
                got=f"lacks {sorted(unknown)}", expected="a table or table.column", do=f"Mend reader {self.name}."
            )

    @property
    def fills(self) -> tuple[Table, ...]:
        """The canonical tables that this format can fill."""
        return tuple(t for t in TABLES if any(t in layout.fills for layout in self.layouts))
