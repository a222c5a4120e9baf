"""What a gap is to a person: four words, and the columns of the flat table that explains them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from features import windows
from features.measures.rows import Bools, Ints

if TYPE_CHECKING:
    import pyarrow as pa

NOT_APPLICABLE, EXCLUDED, CLOSED, OPEN_GAP = "not applicable", "excluded", "closed", "open"
COLUMNS = (
    *("person_id", "measure", "status", "why", "evidence_table", "evidence_id", "evidence_date"),
    *("open_since", "due", "closes", "as_of"),
)


def flat(name: str, person_id: Any, as_of_day: int, columns: Mapping[str, Any]) -> pa.Table:
    """A table of COLUMNS, a row a person. The columns given are texts but for the days; what says nothing of a status
    is left out: evidence of what is not closed, days and the next step of what is not open.
    """
    import pyarrow as pa

    status = columns["status"]
    every = np.ones(len(status), dtype=np.bool_)
    closed, still = status == CLOSED, status == OPEN_GAP
    found = {
        "person_id": pa.array(person_id, pa.string()),
        "measure": pa.array([name] * len(status), pa.string()),
        "status": pa.array(status, pa.string()),
        "why": _texts(columns["why"], columns["why"] != ""),
        "evidence_table": _texts(columns["evidence_table"], closed),
        "evidence_id": _texts(columns["evidence_id"], closed),
        "evidence_date": _dates(columns["evidence_date"], closed),
        "open_since": _dates(columns["open_since"], still),
        "due": _dates(columns["due"], still),
        "closes": _texts(columns["closes"], still),
        "as_of": _dates(np.full(len(status), as_of_day), every),
    }
    return pa.table({each: found[each] for each in COLUMNS})


def _texts(values: Any, holds: Bools) -> Any:
    import pyarrow as pa

    return pa.array(values, pa.string(), mask=~holds)


def _dates(days: Ints, holds: Bools) -> Any:
    import pyarrow as pa

    return pa.array(windows.days_to_dates(np.where(holds, days, 0)), pa.date32(), mask=~holds)
