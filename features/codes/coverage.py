"""How many coded rows a grouping does not know: reported when data is loaded, never swallowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from features.codes.grouping import Grouping
from features.codes.systems import SYSTEMS

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True)
class Coverage:
    """Rows of one coding system: `unknown` of `rows` carry a code on which the grouping does not decide."""

    grouping: str
    code_system: str
    rows: int
    unknown: int

    @property
    def share_unknown(self) -> float:
        """0 where every code is known, 1 where none is; a Coverage always has a row."""
        return self.unknown / self.rows


def coverage(coded: ir.Table, grouping: Grouping) -> tuple[Coverage, ...]:
    """The coverage of each coding system in `coded` (columns code_system and code), in the order of SYSTEMS.

    A system that the grouping does not cover is left out: it is not evaluable there. Rows without a code are not
    counted. A grouping by beginnings (Charlson, harms) knows every code of the editions, labelled or not; a grouping by
    a list (CCS) knows the codes in the list and those that it declares known.
    """
    import ibis

    covered = [system.name for system in grouping.systems]
    # counted by code first, so that the join sees each code once
    counts = coded.filter(coded.code_system.isin(covered) & coded.code.notnull())
    counts = counts.group_by("code_system", "code").agg(rows=lambda t: t.count())
    decided = ibis.memtable(grouping.decided()).mutate(known=ibis.literal(True))
    joined = counts.left_join(decided, ["code_system", "code"])
    totals = joined.group_by("code_system").agg(
        rows=joined.rows.sum(), unknown=joined.known.isnull().ifelse(joined.rows, 0).sum()
    )
    found = {row["code_system"]: row for row in totals.to_pyarrow().to_pylist()}
    return tuple(
        Coverage(grouping.name, system.name, found[system.name]["rows"], found[system.name]["unknown"])
        for system in SYSTEMS
        if system.name in found
    )
