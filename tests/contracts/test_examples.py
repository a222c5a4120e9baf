"""The three examples of CONTRIBUTING, run: whoever copies one starts from something that works."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from features.catalogue.algebra import Family
from features.dataset import build
from features.definitions.cohort import prediction_cohort
from features.record.record import open_record
from features.record.tables import IMMUNIZATION
from features.sources.load import load
from features.sources.reader import Delivery, Reader
from models.specs import SPECS
from models.specs.spec import Spec
from tests.histories import DAY_ZERO, ZONE, end, record_of, row

PROJECT = Path(__file__).resolve().parents[2]
ADMITTED, LEFT = DAY_ZERO + 100, DAY_ZERO + 104


def _example(name: str) -> Any:
    """What an example of CONTRIBUTING binds to a name."""
    text = (PROJECT / "CONTRIBUTING.md").read_text()
    (found,) = [
        example
        for example in re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        if re.search(rf"^{name} = ", example, re.MULTILINE)
    ]
    bound: dict[str, Any] = {"__name__": "an_example"}
    exec(compile(found, f"CONTRIBUTING.md, {name}", "exec"), bound)  # noqa: S102  # our own page
    return bound[name]


def test_the_feature_counts_what_was_known() -> None:
    vaccines = _example("VACCINES")
    assert isinstance(vaccines, Family)
    who = {"person_id": "p"}
    born = DAY_ZERO - 25_000
    notice = {"admission_day": ADMITTED, "discharge_day": LEFT, "facility_id": "h1"}
    shot = {"code_system": "cvx", "code": "140"}
    record = record_of(
        {
            "person": [row(born, born, end(DAY_ZERO), **who, birth_day=born)],
            "discharge_notice": [row(ADMITTED, LEFT, end(LEFT), **who, **notice)],
            "immunization": [
                row(LEFT - 400, LEFT - 400, end(LEFT - 400), **who, **shot),
                row(LEFT - 20, LEFT - 20, end(LEFT - 13), **who, **shot),
                row(LEFT - 5, LEFT - 5, end(LEFT + 2), **who, **shot),
            ],
        }
    )
    found = build(record, prediction_cohort(record).rows, (vaccines,))
    assert found.to_dict("records") == [{"vaccines_count_365d": 1.0, "vaccines_since_365d": 20.0}]


def test_the_reader_loads_its_file(tmp_path: Path) -> None:
    reader = _example("READER")
    assert isinstance(reader, Reader)
    (tmp_path / "shots.csv").write_text("person,given_on,cvx\np1,2024-10-02,140\np1,never,140\n,2024-10-02,140\n")
    report = load(reader, tmp_path / "shots.csv", tmp_path / "store", Delivery(), ZONE)
    assert (report.read, report.loaded, report.quarantined) == (3, 1, 2)
    record = open_record(tmp_path / "store")
    rows = record[IMMUNIZATION].select("person_id", "code", "from_day", "known_at").to_pyarrow().to_pylist()
    given = DAY_ZERO + 640
    assert rows == [{"person_id": "p1", "code": "140", "from_day": given, "known_at": end(given + 7)}]


def test_the_spec_is_one() -> None:
    found = _example("SPEC")
    assert isinstance(found, Spec)
    assert found.name not in {spec.name for spec in SPECS}, "an example of a model that is there already"
