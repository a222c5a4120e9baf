"""The whole chain as a user types it: from files to a ranked, explained list; and what is said when it cannot be."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from features import windows
from features.definitions.present import dead, in_hospital
from features.errors import Refused
from features.record.record import open_record
from models import pointer
from serving.outreach import CSV_COLUMNS
from tests.chains import MODEL, Chain, afterward, run_chain_with_recalibration
from tests.feeds import write_feed, write_synpuf_slice
from training import decisions
from training.promote import judge, promote

LONG = [pytest.mark.slow, pytest.mark.timeout(900)]  # of the first test that waits for the chain
CANARY = "CANARY-7719"
FIGURES = ("auroc", "auprc", "brier", "calibration_slope", "calibration_intercept")


@pytest.fixture(scope="module")
def synpuf_chain(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """The same on people of DE-SynPUF who were in hospital at least once."""
    folder = tmp_path_factory.mktemp("synpuf_chain")
    write_synpuf_slice(data_dir, folder / "files", persons=5_000)
    days, recent = ("2010-06-01", "2010-06-14"), ("2010-02-01", "2010-04-30")
    return run_chain_with_recalibration("synpuf", folder / "files", folder, *days, recent)


@pytest.fixture(params=[pytest.param("simulated_chain", marks=LONG), pytest.param("synpuf_chain", marks=LONG)])
def chain(request: pytest.FixtureRequest) -> Chain:
    made = request.getfixturevalue(request.param)
    assert isinstance(made, Chain)
    return made


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def gates_of(release: Path) -> dict[str, dict[str, Any]]:
    return {gate["name"]: gate for gate in json.loads((release / "gates.json").read_text())["gates"]}


# ---- from files to a list


def test_the_same_command_twice_gives_the_same_bytes(chain: Chain) -> None:
    assert chain.listed.read_bytes() == chain.again.read_bytes()
    assert chain.listed.with_suffix(".html").read_bytes() == chain.again.with_suffix(".html").read_bytes()


def test_the_list_has_one_row_a_person_ranked_by_risk_with_reasons(chain: Chain) -> None:
    rows = rows_of(chain.listed)
    assert tuple(rows[0]) == CSV_COLUMNS
    assert 10 <= len(rows) <= 50
    assert len({row["person_id"] for row in rows}) == len(rows), "somebody would be called twice"
    assert [row["rank"] for row in rows] == [str(number) for number in range(1, len(rows) + 1)]
    risks = [float(row["risk"]) for row in rows]
    assert risks == sorted(risks, reverse=True)
    assert len(set(risks)) > len(risks) // 2, "a model that tells nobody apart ranks nobody"
    assert all(chain.first <= row["discharge_date"] <= chain.last for row in rows)
    assert all(re.search(r"\((raises|lowers) risk\)", row["reasons"]) for row in rows)
    assert all(row["first_contact_due"] > row["discharge_date"] for row in rows)
    assert {(row["model"], row["model_version"]) for row in rows} == {(MODEL, str(chain.version))}
    assert "nan" not in chain.listed.read_text().lower().split()


def test_nobody_listed_was_known_to_be_dead_or_in_hospital_that_evening(chain: Chain) -> None:
    record = open_record(chain.store)
    evening = int(windows.end_of_day(windows.parse_day(chain.last), record.zone))
    gone = dead(record, evening) | in_hospital(record, evening)
    assert gone, "someone died or was in hospital, or this shows nothing"
    assert not gone & {row["person_id"] for row in rows_of(chain.listed)}


def test_the_evaluation_has_each_figure_with_its_interval(chain: Chain) -> None:
    told = json.loads(chain.evaluation.read_text())
    assert {*FIGURES, "rows", "events", "baselines"} <= set(told)
    for name in FIGURES:
        assert set(told[name]) == {"value", "low", "high"}
        assert told[name]["low"] <= told[name]["value"] <= told[name]["high"]
    assert 0 < told["events"] < told["rows"]
    assert told["baselines"], "a model that is compared with nothing is not known to be worth anything"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_rate_that_falls_stops_the_plain_version_and_recalibration_mends_it(
    synpuf_chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DE-SynPUF's readmissions fall from year to year, so a model of the earlier ones promises too many."""
    monkeypatch.setenv(pointer.HOME, str(synpuf_chain.releases))
    plain, mended = (gates_of(pointer.release_path(MODEL, version)) for version in (1, 2))
    assert plain["calibration"]["verdict"] == "fail"
    assert plain["calibration"]["figures"]["observed_to_expected"]["high"] < 0.95
    # its few events leave the slope to chance; the level is what recalibration is for
    level = mended["calibration"]["figures"]["observed_to_expected"]
    assert level["low"] < 1 < level["high"]
    off = [abs(gate["calibration"]["figures"]["observed_to_expected"]["value"] - 1) for gate in (plain, mended)]
    assert off[1] < off[0] / 2
    assert "the trees are those of version 1" in (pointer.release_path(MODEL, 2) / "card.md").read_text()
    before, after = ((pointer.release_path(MODEL, version) / "model.txt").read_bytes() for version in (1, 2))
    assert before == after
    with pytest.raises(Refused, match="calibration: fail"):
        promote(judge(MODEL, 1))
    assert pointer.champion_version(MODEL) == 2
    (moved, refused) = decisions.decisions(MODEL)
    assert (moved.what, refused.what) == ("promote", "refused")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_rows_that_the_trees_learned_from_never_calibrate_them_again(
    synpuf_chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(pointer.HOME, str(synpuf_chain.releases))
    plain, mended = (pd.read_parquet(pointer.rows_path(MODEL, version)) for version in (1, 2))
    learned = set(plain.stay_id[plain.slice == "train"])
    assert learned == set(mended.stay_id[mended.slice == "train"])
    assert not learned & set(mended.stay_id[mended.slice.isin(["calibrate", "holdout"])])
    calibrating, judged = (mended[mended.slice == name] for name in ("calibrate", "holdout"))
    assert calibrating.discharge_day.max() < judged.discharge_day.min()
    assert not set(calibrating.person_id) & set(judged.person_id)
    assert mended.risk.notna().eq(mended.slice == "holdout").all()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_simulated_list_tells_how_to_reach_people(simulated_chain: Chain) -> None:
    rows = rows_of(simulated_chain.listed)
    for column in ("facility", "practice", "phone", "language"):
        assert sum(bool(row[column]) for row in rows) > len(rows) // 2, f"{column} is hardly ever told"


# ---- what cannot be


def refused(words: Sequence[str | Path], releases: Path) -> str:
    """The one line that a command that cannot be is answered with."""
    done = afterward(*words, releases=releases)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr + done.stdout
    assert CANARY not in done.stderr + done.stdout
    lines = [line for line in done.stderr.splitlines() if not line.startswith(f"{MODEL}: ")]  # progress of a training
    assert len(lines) == 1, done.stderr
    assert re.fullmatch(r"afterward: got .+; expected .+\. .+", lines[0]), lines[0]
    return lines[0]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders with files that are not right, a store whose only row was rejected, and one with a single claim."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "nothing").mkdir()
    claim = {"claim_id": CANARY, "person_id": CANARY}
    write_feed(folder / "lacking", "medical_claim", [claim], without=["claim_id"])
    write_feed(folder / "one", "medical_claim", [claim])
    write_feed(folder / "wrong", "medical_claim", [claim | {"claim_start_date": "2024-02-30"}])
    done = afterward("load", "tuva", folder / "one", "--store", folder / "store", releases=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("load tuva {0}/lacking --store {0}/new", "claim_id"),
        ("load x12 {0}/one --store {0}/new", "one of synpuf, tuva"),
        ("load tuva {0}/nothing --store {0}/new", "medical_claim|file"),
        ("load tuva {0}/absent --store {0}/new", "absent"),
        ("train readmission_30d --store {0}/absent", "store"),
        ("train readmission_30d --store {0}/store", "train|learn|more"),
        ("train everything --store {0}/store", "readmission_30d"),
        ("evaluate readmission_30d --store {0}/store", "never trained"),
        ("promote readmission_30d", "never trained"),
        ("score readmission_30d --store {0}/store --from 2024-01-01 --to 2024-01-02 --out l.csv", "never trained"),
        ("score everything --store {0}/store --from 2024-01-01 --to 2024-01-02 --out l.csv", "readmission_30d"),
        ("score readmission_30d --store {0}/store --from 2024-02-30 --to 2024-03-02 --out l.csv", "YYYY-MM-DD"),
        ("score readmission_30d --store {0}/store --from 2024-01-01 --to 2024-01-02 --out l.txt", "ends in .csv"),
        ("serve --store {0}/store", "AFTERWARD_API_KEY"),
        ("score readmission_30d --stor {0}/store", "--stor.*score --help`"),
        ("scor", "scor"),
        ("load tuva {0}/one", "--store"),
    ],
)
def test_bad_input_is_one_line_that_says_what_to_do(small: Path, words: str, told: str) -> None:
    """Never a traceback, never a patient's value."""
    assert re.search(told, refused(words.format(small).split(), small / "releases"))


@pytest.mark.slow
def test_a_load_of_no_right_row_makes_no_store(small: Path) -> None:
    words = ("load", "tuva", small / "wrong", "--store", small / "empty")
    assert "none can be loaded (1 because claim_start_date is not a date)" in refused(words, small / "releases")
    assert not (small / "empty").exists()
    assert "without a store" in refused(("train", MODEL, "--store", small / "empty"), small / "releases")


def test_the_service_does_not_start_without_a_store(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERWARD_API_KEY", "a-key-of-some-length")
    assert "without a store" in refused(("serve", "--store", small / "empty"), small / "releases")


@pytest.mark.slow
def test_rows_that_are_not_right_are_quarantined_and_never_stop_a_load(tmp_path: Path) -> None:
    good = {"claim_id": "c1", "person_id": "p1"}
    stay = {"claim_id": CANARY, "person_id": CANARY, "claim_type": "institutional", "bill_type_code": "111"}
    rows = [
        good,
        stay | {"claim_start_date": "2024-02-30"},
        stay | {"admission_date": "2024-03-05", "discharge_date": "2024-03-01"},
        {"claim_id": "c4", "person_id": "p1", "hcpcs_code": CANARY},
    ]
    write_feed(tmp_path / "in", "medical_claim", rows)
    report = tmp_path / "report.json"
    words = ("load", "tuva", tmp_path / "in", "--store", tmp_path / "store", "--json", report)
    done = afterward(*words, releases=tmp_path)
    assert done.returncode == 0, done.stderr
    assert CANARY not in done.stdout + done.stderr + report.read_text()
    told = json.loads(report.read_text())
    assert (told["read"], told["loaded"], told["quarantined"]) == (4, 2, 2)
    assert told["unmapped"]["claim_line.hcpcs_code"] == {"codes": 1, "unmapped": 1}, "counted, not swallowed"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_questions_that_no_list_answers_are_refused(simulated_chain: Chain, tmp_path: Path) -> None:
    asked = ("score", MODEL, "--store", simulated_chain.store, "--out", tmp_path / "l.csv")
    days = ("--from", "2024-12-18", "--to", "2024-12-31")
    backwards = ("--from", "2024-12-31", "--to", "2024-12-18")
    assert "--from after --to" in refused((*asked, *backwards), simulated_chain.releases)
    assert "--top 0" in refused((*asked, *days, "--top", "0"), simulated_chain.releases)
    (tmp_path / MODEL / "1").mkdir(parents=True)
    assert "never promoted" in refused((*asked, *days), tmp_path)
