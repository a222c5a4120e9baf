"""People who never lived, with their record, features and scores: a release works them out again before it is trusted.

Features and the model's own score (a sum of doubles in a fixed order) must agree to the bit. The calibrated risk goes
through exp and log, whose last bit depends on the processor's library, so it must agree to 12 digits.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from features.catalogue.declaration import Column
from features.errors import BadModel
from models.log_odds import Floats

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from features.catalogue.algebra import Feature

PEOPLE = 50
MEMBERS, YEARS, SEED = 400, 2, 50  # the network from which they are taken; its seed is the release's own
RISK_TOLERANCE = 1e-12
DO = "Do not use this release here: train anew, or use the library versions it was trained with."


@dataclass(frozen=True)
class People:
    """Index rows (one a person), the canonical rows of these people by table, the zone, and what the record lacks."""

    index: pd.DataFrame
    tables: Mapping[str, pa.Table]
    zone: str
    lacks: Mapping[str, str]


@dataclass(frozen=True)
class SelfCheck:
    """`features` (people, columns), `log_odds` and `risk` (people,). `people` is null where rows were invented without
    a record (a model of someone's own table).
    """

    features: Floats
    log_odds: Floats
    risk: Floats
    people: People | None

    def check_scores(self, log_odds: Floats, risk: Floats) -> None:
        """BadModel unless these, worked out now from `features`, are the ones recorded."""
        different = int((log_odds != self.log_odds).sum())
        if different:
            raise _differs(f"a model.txt that scores {different} of {len(log_odds)} self-check people otherwise")
        if not np.allclose(risk, self.risk, rtol=RISK_TOLERANCE, atol=0):
            raise _differs("a calibration.json that gives the self-check people other risks")

    def check_features(self, columns: Sequence[Column], features: Sequence[Feature]) -> None:
        """BadModel naming the first column that this code builds otherwise from the people's record."""
        if self.people is None:
            return
        built = _built(self.people, features)
        for place, column in enumerate(columns):
            if column.name not in built.columns:
                raise _differs(f"features without {column.name}")
            now, then = built[column.name].to_numpy("float64"), self.features[:, place]
            if not np.array_equal(now, then, equal_nan=True):
                raise _differs(f"column {column.name} built otherwise for {int((now != then).sum())} self-check people")

    def as_text(self) -> str:
        """One JSON object, read back to the bit by `from_json`."""
        written = {
            "features": [[None if np.isnan(value) else value for value in row] for row in self.features.tolist()],
            "log_odds": self.log_odds.tolist(),
            "risk": self.risk.tolist(),
            "people": None if self.people is None else _written(self.people),
        }
        return json.dumps(written, sort_keys=True, separators=(",", ":"), allow_nan=False) + "\n"


def _built(people: People, features: Sequence[Feature]) -> pd.DataFrame:
    from features.dataset import build
    from features.record.record import from_rows

    return build(from_rows(people.tables, people.zone, people.lacks), people.index, features)


def features_of(people: People, features: Sequence[Feature]) -> Floats:
    """(people, columns): what these declarations make of their record."""
    return np.asarray(_built(people, features).to_numpy("float64"))


def from_json(written: Mapping[str, Any]) -> SelfCheck:
    """What `as_text` wrote."""
    values = [[np.nan if value is None else value for value in row] for row in written["features"]]
    return SelfCheck(
        features=np.asarray(values, dtype=np.float64),
        log_odds=np.asarray(written["log_odds"], dtype=np.float64),
        risk=np.asarray(written["risk"], dtype=np.float64),
        people=None if written["people"] is None else _read(written["people"]),
    )


def simulated(kept_in: Path) -> People:
    """The people of every release: the last index stay of each of 50 of a small simulated network.

    Simulating and loading them takes seconds, so they are kept in a folder under a hash of the code that made them.
    """
    kept = kept_in / f"{_code_of_features()}.json"
    if not kept.is_file():
        kept_in.mkdir(parents=True, exist_ok=True)
        building = kept.with_name(f".{kept.name}.{os.getpid()}")
        building.write_text(json.dumps(_written(_simulated())), encoding="utf-8")
        building.replace(kept)
    return _read(json.loads(kept.read_text(encoding="utf-8")))


def _code_of_features() -> str:
    """A hash of every line that decides what these people's record is."""
    import features

    digest = hashlib.sha256()
    folder = Path(str(features.__file__)).parent
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _simulated() -> People:
    from features.definitions.cohort import prediction_cohort
    from features.record.record import of_persons, open_record
    from features.record.tables import TABLES
    from features.simulate.network import simulate
    from features.sources.formats import reader
    from features.sources.load import load
    from features.sources.reader import Delivery

    with TemporaryDirectory() as folder:
        files, store = Path(folder) / "files", Path(folder) / "store"
        simulate(MEMBERS, YEARS, SEED, files)
        load(reader("tuva"), files, store, Delivery())
        record = open_record(store)
        rows = prediction_cohort(record).rows.drop_duplicates("person_id", keep="last").head(PEOPLE)
        theirs = of_persons(record, rows.person_id)
        tables = {t.name: record.con.to_pyarrow(theirs[t].order_by(theirs[t].columns)) for t in TABLES}
    used = {name: table for name, table in tables.items() if table.num_rows}
    return People(rows.reset_index(drop=True), used, record.zone, record.lacks)


def _written(people: People) -> dict[str, object]:
    return {
        "index": people.index.to_dict("list"),
        "tables": {
            name: {
                column: table[column].to_pylist()
                for column in table.column_names
                if table[column].null_count < len(table)
            }
            for name, table in people.tables.items()
        },
        "zone": people.zone,
        "lacks": dict(people.lacks),
    }


def _read(written: Mapping[str, Any]) -> People:
    import pandas as pd

    from features.record.tables import TABLES

    tables = {t.name: _table(t.schema(), written["tables"][t.name]) for t in TABLES if t.name in written["tables"]}
    return People(pd.DataFrame(written["index"]), tables, str(written["zone"]), dict(written["lacks"]))


def _table(schema: pa.Schema, columns: Mapping[str, list[object]]) -> pa.Table:
    import pyarrow as pa

    rows = max(map(len, columns.values()))
    return pa.table(
        {name: pa.array(columns.get(name, [None] * rows), schema.field(name).type) for name in schema.names}
    )


def _differs(got: str) -> BadModel:
    return BadModel(got=got, expected="the same to the last bit as when it was released", do=DO)
