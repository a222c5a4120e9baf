"""Training as a user does it, on a simulated network: train, evaluate, promote; what is written, what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from features.errors import BadInput, BadModel, BadStore
from features.simulate.network import simulate
from features.sources.formats import reader
from features.sources.load import load
from features.sources.reader import Delivery
from models import pointer, release, specs
from models.specs import any_acute_care_21d, spec
from training import decisions, registry
from training.cli import compare, evaluate, promote, rollback, train
from training.compare import METRICS
from training.evaluate import HEADLINE
from training.peers import OURS, PEERS, installed

pytestmark = pytest.mark.slow
MODEL = "readmission_30d"
MEMBERS, YEARS, SEED = 3_000, 3, 21


def run(command: object, *words: str) -> Result:
    from click import Command

    assert isinstance(command, Command)
    return CliRunner().invoke(command, [*words], catch_exceptions=False)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("network")
    simulate(MEMBERS, YEARS, SEED, folder / "files")
    load(reader("tuva"), folder / "files", folder / "store", Delivery())
    return folder / "store"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, store: Path) -> Path:
    """Releases after the same training twice."""
    folder = tmp_path_factory.mktemp("releases")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(pointer.HOME, str(folder))
        patch.delenv(registry.URI, raising=False)
        for _ in range(2):
            found = run(train, MODEL, "--store", str(store), "--seed", "5")
            assert found.exit_code == 0
    return folder


def test_a_new_model_is_one_file_and_its_name_in_the_tuple(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else knows the models by name: a spec that nobody has seen trains, with a search, and is judged."""
    added = replace(any_acute_care_21d.SPEC, name="never_seen_before")
    monkeypatch.setattr(specs, "SPECS", (*specs.SPECS, added))
    done = run(train, added.name, "--store", str(store), "--trials", "2")
    assert done.exit_code == 0
    assert "| never_seen_before " in done.output
    assert json.loads((pointer.existing(added.name) / release.SPLIT).read_text())["tuning"]["trials"] == 2
    assert run(evaluate, added.name, "--store", str(store)).exit_code == 0


@pytest.fixture(autouse=True)
def at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(pointer.HOME, str(home))


def test_the_same_data_seed_and_threads_give_the_same_bytes(home: Path) -> None:
    first, second = home / MODEL / "1", home / MODEL / "2"
    names = sorted(path.name for path in first.iterdir())
    assert names == sorted([*release.FILES, release.MANIFEST])
    different = [name for name in names if (first / name).read_bytes() != (second / name).read_bytes()]
    assert different == []


def test_the_release_verifies_and_holds_people_who_never_lived(home: Path) -> None:
    made = release.load(home / MODEL / "1")
    release.verify(made, spec(MODEL).features)
    people = made.read(release.SELF_CHECK)["people"]
    assert len(people["index"]["person_id"]) == 50


def test_evaluation_writes_the_figures_of_the_held_out_period(home: Path, store: Path, tmp_path: Path) -> None:
    found = run(evaluate, MODEL, "--store", str(store), "--json", str(tmp_path / "deep" / "eval.json"))
    assert found.exit_code == 0
    written = json.loads((tmp_path / "deep" / "eval.json").read_text())
    assert {*(m.name for m in HEADLINE), "rows", "events", "baselines"} <= set(written)
    assert all(set(written[m.name]) == {"value", "low", "high"} for m in HEADLINE)
    at_training = release.load(home / MODEL / "2").read(release.METRICS)
    again = {name: value for name, value in written.items() if name != "version"}
    assert again == at_training, "the same rows, judged again from the store, give the same figures"
    assert written["auroc"]["value"] > written["baselines"]["base rate"]["auroc"]["value"]


@pytest.mark.soak
def test_others_learn_on_our_split_and_are_judged_on_our_rows(home: Path, store: Path, tmp_path: Path) -> None:
    """What is compared is what `train` made of the same seed, to the last digit: another split would flatter."""
    words = ("--store", str(store), "--seed", "5", "--json", str(tmp_path / "compared.json"))
    found = run(compare, MODEL, *words)
    written = json.loads((tmp_path / "compared.json").read_text())
    at_training = release.load(home / MODEL / "2").read(release.METRICS)
    standings = {found["name"]: found for found in written["standings"]}
    here = [peer.name for peer in installed()]
    assert list(standings)[: len(here) + 1] == [OURS.name, *here]
    assert set(standings) == {OURS.name, *here, *at_training["baselines"]}
    assert {*here, *written["left_out"]} == {peer.name for peer in PEERS}
    ours = standings[OURS.name]
    assert {metric.name: ours[metric.name] for metric in METRICS} == {m.name: at_training[m.name] for m in METRICS}
    for name, figures in at_training["baselines"].items():
        assert standings[name]["auroc"]["value"] == figures["auroc"]["value"]
    for name in here:
        peer, less = standings[name], standings[name]["less_ours"]["auroc"]
        assert peer["auroc"]["low"] > 0.5, f"{name} learned nothing of a network where there is much to learn"
        assert less["value"] == pytest.approx(peer["auroc"]["value"] - ours["auroc"]["value"])
        assert less["high"] - less["low"] < peer["auroc"]["high"] - peer["auroc"]["low"], "the same people are drawn"
        assert f"\n| {name} " in found.output
    assert ours["less_ours"] is None


@pytest.mark.soak
def test_a_store_that_was_never_seen_is_judged_on_all_its_rows(store: Path, tmp_path: Path) -> None:
    simulate(800, 2, 22, tmp_path / "files")
    load(reader("tuva"), tmp_path / "files", tmp_path / "store", Delivery())
    found = run(evaluate, MODEL, "--store", str(tmp_path / "store"), "--version", "1")
    assert "all of a store that version 1 was not made on" in found.output


def test_rows_are_kept_here_with_the_split_as_a_column(home: Path) -> None:
    rows = pd.read_parquet(home / MODEL / "1.rows.parquet")
    assert set(rows.slice.dropna()) == {"train", "calibrate", "holdout"}
    assert rows.risk.notna().eq(rows.slice == "holdout").all(), "a risk stands only where nothing was learned from"
    by_slice = rows.groupby("slice").person_id.agg(set)
    assert not by_slice["holdout"] & by_slice["train"]


def test_mlflow_has_the_run_and_the_version_but_nobody_s_id(home: Path) -> None:
    import mlflow

    with registry.client_of_registry() as client:
        experiment = client.get_experiment_by_name(f"afterward/{MODEL}")
        runs = client.search_runs([experiment.experiment_id])
        challenger = client.get_model_version_by_alias(MODEL, registry.CHALLENGER)
    assert len(runs) == 2
    logged = runs[0].data
    assert {"auroc", "brier", "holdout_events"} <= set(logged.metrics)
    assert {"seed", "learning_rate", "train_rows"} <= set(logged.params)
    assert {"afterward.data_fingerprint", "afterward.feature_fingerprint"} <= set(logged.tags)
    assert challenger.tags[registry.RELEASE_TAG] == "2"
    assert mlflow.__version__
    persons = set(pd.read_parquet(home / MODEL / "1.rows.parquet").person_id)
    artefacts = [path for path in (home / "mlflow").rglob("*") if path.is_file() and path.name != release.SELF_CHECK]
    assert {"attrition.csv", "evaluation.json", "reliability.png", "model.txt"} <= {path.name for path in artefacts}
    texts = [path.read_text(encoding="utf-8", errors="ignore") for path in [*artefacts, home / "mlflow.db"]]
    assert not any(person in text for text in texts for person in list(persons)[:200])


def test_promotion_moves_the_alias_and_the_pointer(home: Path, store: Path) -> None:
    why = ("--force", "a test needs a champion")
    assert "from nothing to version 2" in run(promote, MODEL, *why).output
    again = run(promote, MODEL, "--version", "1", "--store", str(store), *why)
    assert "from version 2 to version 1" in again.output
    assert pointer.champion(MODEL) == home / MODEL / "1"
    compared = {gate["name"]: gate for gate in decisions.decisions(MODEL)[-1].gates}["discrimination"]
    assert compared["verdict"] == "pass", "the same trees order the same people alike"
    held_out = pd.read_parquet(pointer.rows_path(MODEL, 1)).slice.eq("holdout").sum()
    assert compared["figures"]["rows"] == held_out, "scored anew on the rows of the store that neither learned from"
    with registry.client_of_registry() as client:
        tags = client.get_model_version_by_alias(MODEL, registry.CHAMPION).tags
    assert tags[registry.RELEASE_TAG] == "1"
    assert tags["afterward.forced"] == "a test needs a champion"
    assert tags["afterward.gate.latency"] == "pass"
    assert "from version 1 to version 2" in run(rollback, MODEL).output
    with registry.client_of_registry() as client:
        assert client.get_model_version_by_alias(MODEL, registry.CHAMPION).tags[registry.RELEASE_TAG] == "2"


def test_what_cannot_be_done_is_refused_with_what_to_do(
    store: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadModel, match=f"one of {MODEL}"):
        run(train, "readmissions", "--store", str(store))
    with pytest.raises(BadStore, match="afterward load"):
        run(train, MODEL, "--store", str(tmp_path / "nothing"))
    with pytest.raises(BadModel, match="expected one of 1, 2"):
        run(promote, MODEL, "--version", "7")
    monkeypatch.setenv(pointer.HOME, str(tmp_path / "elsewhere"))
    for command in (evaluate, promote):
        words = ["--store", str(store)] if command is evaluate else []
        with pytest.raises(BadModel, match="never trained here"):
            run(command, MODEL, *words)


@pytest.mark.soak
def test_too_little_to_learn_from_is_said_with_the_counts(tmp_path: Path) -> None:
    simulate(150, 2, 23, tmp_path / "files")
    load(reader("tuva"), tmp_path / "files", tmp_path / "store", Delivery())
    with pytest.raises(BadInput, match=r"got \d+ events in the \d+ rows"):
        run(train, MODEL, "--store", str(tmp_path / "store"))
