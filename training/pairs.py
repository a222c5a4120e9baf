"""The risks of a version and of the champion on the same rows, of which neither learned anything.

Without a store these are the rows that both held out: each version keeps the risks of its own beside its release. With
a store, both score its newest rows anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models import pointer, release
from models.held_out import HOLDOUT, KEYS
from training.gates import Pairs

if TYPE_CHECKING:
    import pandas as pd

    from models.release import Release
    from models.specs.spec import Spec


def held_out_by_both(model: str, version: int, champion: int) -> Pairs | None:
    """Null where the rows of one of them are not kept here."""
    import pandas as pd

    paths = [pointer.rows_path(model, each) for each in (version, champion)]
    if not all(path.is_file() for path in paths):
        return None
    own, other = (rows[rows.slice == HOLDOUT] for rows in map(pd.read_parquet, paths))
    both = own[[*KEYS, "label", "risk"]].merge(other[[*KEYS, "risk"]], on=KEYS, suffixes=("", "_of_champion"))
    return _pairs(both, both.risk, both.risk_of_champion)


def newest_of_store(asked: Spec, made: Release, champion: Release, store: Path) -> Pairs:
    """Rows of a store from the version's held-out period on that neither was trained, tuned or calibrated on."""
    import pandas as pd

    from features.dataset import build
    from features.record.record import open_record
    from models.population import labelled, without

    for each in (made, champion):
        release.check_fingerprint(each, asked.features)
    record = open_record(store)
    rows = labelled(record, asked, asked.measured).rows
    saved = [pd.read_parquet(pointer.rows_path(asked.name, each.version)) for each in (made, champion)]
    rows = rows[rows.discharge_day >= saved[0].discharge_day[saved[0].slice == HOLDOUT].min()]
    learned = pd.concat([each[each.slice.notna() & (each.slice != HOLDOUT)] for each in saved])
    rows = without(rows, learned)
    X = build(record, rows, asked.features)
    return _pairs(rows, made.predict(X), champion.predict(X))


def of_one_table(model: str, version: int, champion: int) -> Pairs | None:
    """Two versions of one table: each row's risk by models that never saw its person. Null where their rows are not
    kept here; the caller knows that the table is the same.
    """
    import pandas as pd

    paths = [pointer.rows_path(model, each) for each in (version, champion)]
    if not all(path.is_file() for path in paths):
        return None
    own, other = map(pd.read_parquet, paths)
    return _pairs(own, own.risk, other.risk)


def _pairs(rows: pd.DataFrame, risk: object, champion_risk: object) -> Pairs:
    return Pairs(
        y=rows.label.to_numpy("float64"),
        risk=np.asarray(risk, dtype=np.float64),
        champion_risk=np.asarray(champion_risk, dtype=np.float64),
        persons=rows.person_id.to_numpy(),
    )
