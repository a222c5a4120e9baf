"""A release of a model of somebody's own table: a directory of text and JSON, like a release built from the record.

    about.json        model, kind `table`, label, person and time columns, seed, fingerprint of the table, counts
    model.txt         LightGBM's own text
    calibration.json  the calibrator as numbers
    table.json        each column: its kind, the values or the range that were seen
    metrics.json      cross-validated by person, with intervals, the baselines beside
    findings.json     curves and what moves the scores: sums over 11 people or more
    card.md           from what, how well, and the limits
    self_check.json   50 invented rows with their numbers and scores, worked out again at load
    manifest.json     sha256 of each of these files

The invented rows draw each column by itself from the values and ranges of table.json: none is a row of the table.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from features.errors import BadModel
from models import calibration
from models.calibration import Calibrator
from models.log_odds import Floats, risk_of
from models.release import (
    ABOUT,
    CALIBRATION,
    CARD,
    FINDINGS,
    MANIFEST,
    METRICS,
    MODEL,
    SELF_CHECK,
    TAKE_AGAIN,
    as_json,
    published,
    sha256,
)
from models.self_check import RISK_TOLERANCE
from models.table.history import times, with_history
from models.table.preparation import Prepared, TableColumn, prepare

if TYPE_CHECKING:
    import pandas as pd
    from lightgbm import Booster

FORMAT = 1
KIND = "table"
TABLE = "table.json"
FILES = (ABOUT, MODEL, CALIBRATION, TABLE, METRICS, FINDINGS, CARD, SELF_CHECK)
INVENTED_ROWS, ROWS_A_PERSON = 50, 2


@dataclass(frozen=True)
class TableContents:
    """All that a release holds, before it is written. `time` is null where the rows of a person have no order."""

    model: str
    label: str
    person: str
    time: str | None
    seed: int
    table_fingerprint: str
    rows: int
    events: int
    columns: tuple[TableColumn, ...]
    booster: Booster
    calibrator: Calibrator
    metrics: Mapping[str, object]
    card: str
    findings: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class TableRelease:
    """A release that was read and whose sums and self-check agree."""

    path: Path
    model: str
    version: int
    label: str
    person: str
    time: str | None
    seed: int
    data_fingerprint: str
    table_columns: tuple[TableColumn, ...]
    booster: Booster
    calibrator: Calibrator

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names that LightGBM knows the inputs by: their places."""
        return tuple(self.booster.feature_name())

    @property
    def metrics(self) -> dict[str, Any]:
        """The figures, cross-validated by person."""
        return dict(_json(self.path, METRICS))

    def prepared(self, text: pd.DataFrame) -> Prepared:
        """The model's inputs of a table of text, in the model's order. BadInput for a time column that gives no order,
        BadModel where the person or time column is absent.
        """
        for name in filter(None, (self.person, self.time)):
            if name not in text:
                raise BadModel(
                    got=f"a table without the column {name}",
                    expected=f"the columns of persons and times that {self.model} version {self.version} knows",
                    do="Add it, or train anew without.",
                )
        made = prepare(text, self.table_columns)
        if self.time is None:
            return made
        when = times(text, self.person, self.time)
        return Prepared(with_history(made.X, self.table_columns, text[self.person], when), made.absent, made.unseen)

    def log_odds(self, X: npt.NDArray[np.float64]) -> Floats:
        """(rows,): the model's own score."""
        if len(X) == 0:
            return np.zeros(0)
        return np.asarray(self.booster.predict(X, raw_score=True), dtype=np.float64)

    def predict(self, X: npt.NDArray[np.float64]) -> Floats:
        """(rows,): calibrated risk."""
        return calibration.apply(self.calibrator, risk_of(self.log_odds(X)))


def is_of_table(path: Path) -> bool:
    """Whether a release directory holds a model of somebody's own table."""
    try:
        return bool(json.loads((path / ABOUT).read_text(encoding="utf-8")).get("kind") == KIND)
    except (OSError, ValueError):
        return False


def write(contents: TableContents) -> Path:
    """Write a release as the next version of its model; gives its directory, which appears complete or not at all."""
    about = {
        **{name: getattr(contents, name) for name in ("model", "label", "person", "time", "seed", "rows", "events")},
        "kind": KIND,
        "data_fingerprint": contents.table_fingerprint,
    }
    texts = {
        ABOUT: as_json(about),
        MODEL: contents.booster.model_to_string(),
        CALIBRATION: as_json(calibration.to_json(contents.calibrator)),
        TABLE: as_json({"columns": [asdict(column) for column in contents.columns]}),
        METRICS: as_json(contents.metrics),
        FINDINGS: as_json(contents.findings),
        CARD: contents.card,
    }
    # worked out by what will be read, so that the check holds from the first reading on
    with TemporaryDirectory() as scratch:
        for name, text in texts.items():
            (Path(scratch) / name).write_text(text, encoding="utf-8", newline="\n")
        check = _self_check(_read(Path(scratch), 0), invented(contents))
    return published(contents.model, {**texts, SELF_CHECK: check}, FORMAT)


def load(path: Path) -> TableRelease:
    """Read a release; BadModel names the file where a sum differs, or says that the invented rows are scored
    otherwise.
    """
    manifest = _json(path, MANIFEST)
    if manifest.get("format") != FORMAT:
        raise BadModel(got="a release of another format", expected=f"format {FORMAT}", do="Train anew.")
    for name in FILES:
        if not (path / name).is_file() or manifest["sha256"].get(name) != sha256(path / name):
            raise BadModel(got=f"{name} changed since it was released", expected="its sha256", do=TAKE_AGAIN)
    found = _read(path, int(path.name) if path.name.isdecimal() else 0)
    _check(found, _json(path, SELF_CHECK))
    return found


def invented(contents: TableContents) -> pd.DataFrame:
    """Rows of people who never lived, as text: each column drawn by itself from what was seen, two rows a person."""
    import pandas as pd

    draw = np.random.default_rng(contents.seed)
    made: dict[str, Sequence[object]] = {}
    for column in contents.columns:
        if column.kind == "number":
            drawn: list[object] = [f"{value:.4g}" for value in draw.uniform(column.low, column.high, INVENTED_ROWS)]
        else:
            drawn = [column.values[place] for place in draw.integers(0, max(1, len(column.values)), INVENTED_ROWS)]
        absent = draw.random(INVENTED_ROWS) < column.missing
        made[column.name] = [None if gone else value for gone, value in zip(absent, drawn, strict=True)]
    made[contents.person] = [f"invented {row // ROWS_A_PERSON}" for row in range(INVENTED_ROWS)]
    if contents.time is not None:
        made[contents.time] = [str(row) for row in range(INVENTED_ROWS)]
    return pd.DataFrame(made, dtype=object)


def _self_check(release: TableRelease, rows: pd.DataFrame) -> str:
    X = release.prepared(rows).X.to_numpy("float64")
    written = {
        "rows": rows.to_dict("list"),
        "inputs": [[None if np.isnan(value) else value for value in row] for row in X.tolist()],
        "log_odds": release.log_odds(X).tolist(),
        "risk": release.predict(X).tolist(),
    }
    return json.dumps(written, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False) + "\n"


def _check(release: TableRelease, written: Mapping[str, Any]) -> None:
    """The inputs and the model's own score to the bit, the risk to 12 digits (models.self_check says why)."""
    import pandas as pd

    X = release.prepared(pd.DataFrame(written["rows"], dtype=object)).X
    then = np.asarray([[np.nan if v is None else v for v in row] for row in written["inputs"]], dtype=np.float64)
    now = X.to_numpy("float64")
    different = [name for place, name in enumerate(X.columns) if not _equal(now[:, place], then[:, place])]
    if different:
        raise _differs(f"a column {different[0]} that is made otherwise of the invented rows")
    if not np.array_equal(release.log_odds(then), np.asarray(written["log_odds"])):
        raise _differs(f"a {MODEL} that scores the invented rows otherwise")
    if not np.allclose(release.predict(then), np.asarray(written["risk"]), rtol=RISK_TOLERANCE, atol=0):
        raise _differs(f"a {CALIBRATION} that gives the invented rows other risks")


def _equal(one: Floats, other: Floats) -> bool:
    return bool(np.array_equal(one, other, equal_nan=True))


def _differs(got: str) -> BadModel:
    return BadModel(
        got=got,
        expected="the same to the last bit as when it was released",
        do="Do not use this release here: train anew, or use the library versions it was trained with.",
    )


def _read(path: Path, version: int) -> TableRelease:
    import lightgbm as lgb

    about = _json(path, ABOUT)
    columns = _json(path, TABLE)["columns"]
    return TableRelease(
        path=path,
        model=str(about["model"]),
        version=version,
        label=str(about["label"]),
        person=str(about["person"]),
        time=None if about["time"] is None else str(about["time"]),
        seed=int(about["seed"]),
        data_fingerprint=str(about["data_fingerprint"]),
        table_columns=tuple(TableColumn(**{**column, "values": tuple(column["values"])}) for column in columns),
        booster=lgb.Booster(model_str=(path / MODEL).read_text(encoding="utf-8")),
        calibrator=calibration.from_json(_json(path, CALIBRATION)),
    )


def _json(path: Path, name: str) -> Any:
    try:
        return json.loads((path / name).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        raise BadModel(got=f"a release without a readable {name}", expected="every file", do=TAKE_AGAIN) from None
