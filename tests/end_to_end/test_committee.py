"""What the quality committee runs: the audit and the monitor, by their commands, on what the chain made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.chains import MODEL, Chain, afterward
from tests.markup import faults

pytestmark = pytest.mark.slow


def run(chain: Chain, folder: Path, name: str, *words: str | Path) -> dict[str, Any]:
    """The JSON of a page that a command wrote; the page itself must be sound."""
    out = folder / f"{name}.html"
    done = afterward(name, *words, "--store", chain.store, "--out", out, releases=chain.releases)
    assert done.returncode == 0, done.stderr
    assert faults(out.read_text()) == []
    told: dict[str, Any] = json.loads(out.with_suffix(".json").read_text())
    return told


def table(page: dict[str, Any], caption: str) -> pd.DataFrame:
    for section in page["sections"]:
        for part in section["parts"]:
            if part.get("caption") == caption:
                return pd.DataFrame(part["rows"], columns=part["heads"])
    raise AssertionError(caption)


def test_the_audit_judges_every_group_and_tells_the_price_of_what_could_be_done(
    simulated_chain: Chain, tmp_path: Path
) -> None:
    codes, files = tmp_path / "areas.csv", simulated_chain.store.parent / "files"
    zips = pd.Series(pd.read_parquet(files / "eligibility.parquet").zip_code.dropna().unique(), name="zip_code")
    zips.to_frame().assign(area=["rural" if place % 2 else "urban" for place in range(len(zips))]).to_csv(codes)
    page = run(simulated_chain, tmp_path, "audit", MODEL, "--areas", codes, "--places-by", "area")
    judged = table(page, "Each group")
    columns = {group.split(": ")[0] for group in judged.group}
    assert {"age", "sex", "race", "ethnicity", "language", "practice", "facility", "area"} <= columns
    assert set(judged.verdict) <= {"fair", "unfair", "too few to judge"}
    options = table(page, "Other lists of as many places").set_index("what")
    assert set(options.index) == {"another label", "reweighting", "capacity by area"}
    assert all(price["value"] is not None for price in options["price in sensitivity"])
    logged = (simulated_chain.releases / MODEL / "audits.jsonl").read_text().splitlines()
    assert {one["name"] for one in json.loads(logged[-1])["options"]} == set(options.index)


def test_a_threshold_for_each_race_is_refused_before_any_work(simulated_chain: Chain, tmp_path: Path) -> None:
    words = ("audit", MODEL, "--places-by", "race", "--store", simulated_chain.store, "--out", tmp_path / "a.html")
    done = afterward(*words, releases=simulated_chain.releases)
    assert done.returncode == 2
    assert "45 CFR 92.210" in done.stderr


@pytest.mark.soak
def test_the_monitor_finds_nothing_where_nothing_changed(simulated_chain: Chain, tmp_path: Path) -> None:
    page = run(simulated_chain, tmp_path, "monitor", "--months", "4")
    assert page["lead"].startswith("No chart left its limits.")
    months = table(page, "Outcomes by month")
    assert months.iloc[-1]["AUROC"] == "not known yet", "the last month is immature, not worse"
    assert len(months) == 16
