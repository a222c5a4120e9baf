"""The scorecard and what calls are worth, as a committee runs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from features import windows
from features.record.record import open_record
from features.record.tables import PERSON
from tests.chains import Chain, afterward

pytestmark = pytest.mark.slow


def _page(path: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(path.with_suffix(".json").read_text())
    return {section["name"]: section for section in told["sections"]}


def _people(store: Path) -> list[str]:
    record = open_record(store)
    return [
        str(name)
        for name in record.con.to_pyarrow(record[PERSON].select("person_id").distinct())["person_id"].to_pylist()
    ]


def test_a_scorecard_of_a_small_network_judges_little_and_names_nobody(simulated_store: Path, tmp_path: Path) -> None:
    out = tmp_path / "scorecard.html"
    benchmarks = tmp_path / "benchmarks.csv"
    benchmarks.write_text("measure,region,year,value,source\nvisit_7_days,North,2023,0.61,invented for this test\n")
    words = ("--from", "2023-01-01", "--to", "2024-06-30", "--benchmarks", benchmarks, "--out", out)
    done = afterward("scorecard", "--store", simulated_store, *words, releases=tmp_path / "releases")
    assert done.returncode == 0, done.stderr
    sections = _page(out)
    assert {"questions", "facility", "practice", "clinician", "trend", "method"} <= set(sections)
    assert "too few to judge" in json.dumps(sections["clinician"])
    assert "61.0% (North 2023)" in json.dumps(sections["shares-practice"])
    html = out.read_text()
    assert [person for person in _people(simulated_store) if f">{person}<" in html] == []
    assert (tmp_path / "scorecard.cases.csv").exists()
    providers = pd.read_csv(tmp_path / "scorecard.providers.csv")
    cost = providers[(providers.measure == "cost") & (providers.kind == "practice")]
    assert len(cost) > 0
    assert (cost.low < cost.ratio).all()
    assert (cost.ratio < cost.high).all()


def test_what_calls_are_worth_is_foretold_and_calls_made_are_judged(simulated_chain: Chain, tmp_path: Path) -> None:
    ranked = pd.read_csv(simulated_chain.listed).assign(places=5, contacted=0)
    day = windows.iso(windows.parse_day(str(ranked.discharge_date.max())))
    log = ranked.rename(columns={"discharge_date": "discharge_day"}).assign(day=day)
    log.to_csv(tmp_path / "log.csv", index=False)
    out = tmp_path / "impact.html"
    words = ("--from", "2024-04-01", "--to", "2024-06-30", "--calls", "5", "--log", tmp_path / "log.csv", "--out", out)
    done = afterward(
        "impact", "readmission_30d", "--store", simulated_chain.store, *words, releases=simulated_chain.releases
    )
    assert done.returncode == 0, done.stderr
    sections = _page(out)
    assert "are avoided" in json.dumps(sections["expected"])
    assert "too few people near the cutoff" in json.dumps(sections["cutoff"]), "a list of one day tells nothing"
    html = out.read_text()
    assert [person for person in ranked.person_id if str(person) in html] == []
