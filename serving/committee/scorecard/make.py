"""From a store to a scorecard, and from a scorecard to its files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import BadInput
from features.measures.gaps import NAMES
from features.measures.value_sets import ValueSets
from features.pages.write import as_json, html, printed, save
from features.record.record import Record
from serving.committee.scorecard.benchmarks import read
from serving.committee.scorecard.compare import compared
from serving.committee.scorecard.counted import counted
from serving.committee.scorecard.measures import MEMBERS, STAYS
from serving.committee.scorecard.page import Scorecard, page
from serving.committee.scorecard.shares import gap_closure, shares

if TYPE_CHECKING:
    import pandas as pd

PROVIDER_COLUMNS = (
    *("measure", "kind", "provider", "rows", "observed", "expected", "ratio", "low", "high"),
    *("shrunken", "shrunken_low", "shrunken_high", "rank", "rank_low", "rank_high", "reading"),
)


def made(
    record: Record, days: tuple[int, int], held: ValueSets, benchmarks: Path | None, region: str | None, stem: str
) -> Scorecard:
    """Everything, of the discharges and months from the first day to the last."""
    known = tuple(dict.fromkeys((*(each.name for each in (*STAYS, *MEMBERS)), *NAMES)))
    others = read(benchmarks, region, known) if benchmarks else {}
    given = counted(record, *days)
    closed, refused = gap_closure(record, given, held, days[1])
    return Scorecard(
        counted=given,
        compared=compared(given),
        shares=(*shares(given), *closed),
        benchmarks=others,
        refused={**given.refused, **refused},
        cases=f"{stem}.cases.csv",
        providers=f"{stem}.providers.csv",
    )


def written(found: Scorecard, out: Path) -> tuple[Path, ...]:
    """The page, the same as JSON and PDF (where Chromium is), the cases, and every provider; or BadInput."""
    if out.suffix.lower() != ".html":
        raise BadInput(
            got=f"--out {out.name}", expected="a name that ends in .html", do="Write it like scorecard.html."
        )
    told = page(found)
    texts = {
        out.name: html(told),
        out.with_suffix(".json").name: as_json(told),
        found.cases: found.compared.cases.to_csv(index=False, lineterminator="\n"),
        found.providers: every_provider(found).to_csv(index=False, lineterminator="\n"),
    }
    pdf = out.with_suffix(".pdf")
    paths = save(texts, out.parent)
    return (*paths, pdf) if printed(out, pdf) else paths


def every_provider(found: Scorecard) -> pd.DataFrame:
    """PROVIDER_COLUMNS of every judged provider, and of care that was due; empty where it is withheld."""
    import pandas as pd

    lines: list[tuple[object, ...]] = []
    for one in found.compared.judged:
        for unit in one.units:
            of = (unit.ratio, unit.shrunken, unit.rank)
            ends = [end for each in of for end in (each.value, each.low, each.high)]
            lines.append(
                (one.measure, one.kind, unit.name, unit.rows, unit.observed, unit.expected, *ends, unit.reading)
            )
    for due in found.shares:
        for part in due.parts:
            ends = [part.share.value, part.share.low, part.share.high]
            lines.append((due.measure, due.kind, part.name, part.due, None, None, *ends, *[None] * 6, ""))
    return pd.DataFrame(lines, columns=list(PROVIDER_COLUMNS))
