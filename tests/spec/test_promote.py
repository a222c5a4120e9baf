"""When a champion is moved, when that is refused, how it comes back, and what is written down of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from features import windows
from features.catalogue.person import INDEX_STAY
from features.dataset import columns
from features.errors import BadInput, BadModel, Refused
from features.fingerprint import fingerprint
from models import calibration, pointer, release
from models.calibration import Logistic
from models.log_odds import risk_of
from models.release import Contents
from models.self_check import SelfCheck
from models.specs import readmission_30d
from models.tiers import Cuts
from models.verdicts import Verdict
from training import decisions, promote, registry, standing
from training.cli import promote as promote_command
from training.gates import Gate
from training.promote import judge, rollback

PASS, FAIL, TOO_FEW = Verdict.PASS, Verdict.FAIL, Verdict.TOO_FEW
MODEL = "readmission_30d"
FEATURES = (INDEX_STAY,)
ROWS = 600


@pytest.fixture(scope="module")
def made() -> Contents:
    """A small model of the index stay, with self-check rows that stand for nobody."""
    import lightgbm

    declared = columns(FEATURES)
    draw = np.random.default_rng(1)
    X = draw.integers(0, 9, size=(400, len(declared))).astype(np.float64)
    names = [column.name for column in declared]
    data = lightgbm.Dataset(X, draw.random(400) < X[:, 0] / 10, feature_name=names, params={"verbosity": -1})
    settings = {"objective": "binary", "num_threads": 1, "seed": 1, "verbosity": -1}
    booster = lightgbm.train(settings, data, num_boost_round=5)
    log_odds = np.asarray(booster.predict(X[:5], raw_score=True))
    return Contents(
        model=MODEL,
        outcome=MODEL,
        prediction_time="discharge",
        feature_fingerprint=fingerprint(FEATURES),
        data_fingerprint="rows",
        seed=1,
        model_text=booster.model_to_string(),
        calibrator=Logistic(0.9, -0.1),
        columns=declared,
        cuts=Cuts(0.3, 0.2),
        metrics={"auroc": {"value": 0.7, "low": 0.65, "high": 0.75}},
        split={},
        baselines=[],
        card="",
        check=SelfCheck(X[:5], log_odds, calibration.apply(Logistic(0.9, -0.1), risk_of(log_odds)), None),
    )


@pytest.fixture
def tags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[int, dict[str, str]]:
    """An empty home, and a registry that remembers the tags of each version."""
    told: dict[int, dict[str, str]] = {}

    def tag(trained: registry.Released, given: Mapping[str, str]) -> str:
        told.setdefault(trained.version, {}).update(given)
        return "1"

    monkeypatch.setenv(pointer.HOME, str(tmp_path))
    monkeypatch.setenv("LOGNAME", "ada")
    monkeypatch.setattr(registry, "make_champion", tag)
    monkeypatch.setattr(registry, "tag", tag)
    asked = replace(readmission_30d.SPEC, features=FEATURES)
    for module in (standing, promote):
        monkeypatch.setattr(module, "spec", lambda _: asked)
    return told


def gates(**verdicts: Verdict) -> list[dict[str, object]]:
    """The recorded gates of a version, all passed but those named."""
    names = dict.fromkeys(standing.AT_TRAINING, PASS) | {n.replace("_", " "): v for n, v in verdicts.items()}
    return [Gate(name, verdict, f"says {name}", {}).to_json() for name, verdict in names.items()]


def version(made: Contents, noise: float = 0.0, recorded: Sequence[Mapping[str, object]] | None = None) -> int:
    """A release with its held-out rows, whose order of people is the truer the less noise."""
    path = release.write(replace(made, gates=gates() if recorded is None else recorded))
    draw = np.random.default_rng(1)
    truth = draw.normal(-1, 1.5, ROWS)
    rows = pd.DataFrame({"person_id": np.arange(ROWS).astype(str), "stay_id": "s", "as_of": 1, "discharge_day": 20_000})
    rows["label"] = (draw.random(ROWS) < risk_of(truth)).astype(float)
    rows["slice"] = "holdout"
    rows["risk"] = risk_of(truth + draw.normal(0, noise, ROWS))
    rows.to_parquet(pointer.rows_path(MODEL, int(path.name)), index=False)
    return int(path.name)


def move(number: int, forced: str | None = None) -> int:
    return promote.promote(judge(MODEL, number), forced).version


def test_a_first_champion_with_too_few_to_judge_goes_through_with_the_words(
    made: Contents, tags: dict[int, dict[str, str]]
) -> None:
    number = version(made, recorded=gates(calibration=TOO_FEW, fairness=TOO_FEW))
    assert move(number) == 1
    assert pointer.champion_version(MODEL) == 1
    (told,) = decisions.decisions(MODEL)
    assert (told.who, told.what, told.version, told.before, told.forced) == ("ada", "promote", 1, None, None)
    assert told.why == "no gate fails; too few to judge: calibration, fairness"
    assert abs(told.at - windows.now()) < 60
    assert {gate["name"]: gate["verdict"] for gate in told.gates}["fairness"] == "too few to judge"
    assert tags[1]["afterward.gate.fairness"] == "too few to judge"
    assert tags[1]["afterward.gate.score_shift"] == "pass"
    assert json.loads(tags[1]["afterward.decision.1"])["who"] == "ada"


def test_a_version_that_a_gate_stops_is_refused_by_name_and_the_refusal_is_kept(
    made: Contents, tags: dict[int, dict[str, str]]
) -> None:
    number = version(made, recorded=gates(calibration=FAIL, fairness=TOO_FEW))
    with pytest.raises(Refused, match=r"with calibration: fail; .*afterward recalibrate.*--force REASON") as refused:
        move(number)
    assert refused.value.exit_code == 4
    assert "fairness" not in str(refused.value), "it does not speak against a first champion"
    assert pointer.champion_version(MODEL) is None
    (told,) = decisions.decisions(MODEL)
    assert (told.what, told.why) == ("refused", "refused by calibration")
    assert tags[1]["afterward.gate.calibration"] == "fail"


def test_the_command_shows_every_gate_before_it_refuses_or_moves(
    made: Contents, tags: dict[int, dict[str, str]]
) -> None:
    version(made, recorded=gates(calibration=FAIL))
    refused = CliRunner().invoke(promote_command, [MODEL])
    assert isinstance(refused.exception, Refused)
    for name in (*standing.AT_TRAINING, "discrimination", "latency", "fingerprint"):
        assert f"| {name} " in refused.output
    moved = CliRunner().invoke(promote_command, [MODEL, "--force", "seen"], catch_exceptions=False)
    assert "champion moved from nothing to version 1 (moved against calibration)" in moved.output


def test_who_knows_less_never_replaces_a_champion_that_passed(made: Contents, tags: dict[int, dict[str, str]]) -> None:
    assert move(version(made, recorded=gates(fairness=TOO_FEW))) == 1
    unsure_too = version(made, recorded=gates(fairness=TOO_FEW))
    less = version(made, recorded=gates(fairness=TOO_FEW, calibration=TOO_FEW))
    with pytest.raises(Refused, match="calibration: too few to judge"):
        move(less)
    assert move(unsure_too) == 2, "of fairness the champion knew no more"


def test_a_release_without_recorded_gates_has_passed_none(made: Contents, tags: dict[int, dict[str, str]]) -> None:
    judged = judge(MODEL, version(made, recorded=[]))
    assert set(judged.unsure) == set(standing.AT_TRAINING)


def test_a_version_that_orders_people_worse_is_refused(made: Contents, tags: dict[int, dict[str, str]]) -> None:
    good, bad, better = (version(made, noise) for noise in (0.3, 6.0, 0.0))
    assert move(good) == 1
    with pytest.raises(Refused, match="discrimination: fail"):
        move(bad)
    assert move(better) == 3


def test_only_rows_that_both_held_out_compare_two_versions(made: Contents, tags: dict[int, dict[str, str]]) -> None:
    first, second = version(made), version(made)
    path = pointer.rows_path(MODEL, first)
    rows = pd.read_parquet(path)
    rows["slice"] = np.where(np.arange(ROWS) < 500, "train", "holdout")
    rows.to_parquet(path)
    move(first)
    compared = judge(MODEL, second).gates[0]
    assert (compared.name, compared.figures["rows"]) == ("discrimination", 100)
    rows.assign(slice="train").to_parquet(path)
    assert judge(MODEL, second).gates[0].verdict is TOO_FEW
    path.unlink()
    assert judge(MODEL, second).gates[0].verdict is TOO_FEW


def test_force_needs_a_reason_that_stays(made: Contents, tags: dict[int, dict[str, str]]) -> None:
    number = version(made, recorded=gates(fairness=FAIL))
    for reason in ("", "   "):
        with pytest.raises(BadInput, match="--force without a reason"):
            move(number, reason)
    assert move(number, "the committee saw it on 3 May") == 1
    told = decisions.decisions(MODEL)[-1]
    assert (told.forced, told.why) == ("the committee saw it on 3 May", "moved against fairness")
    assert tags[1]["afterward.forced"] == "the committee saw it on 3 May"


def test_no_reason_moves_to_a_release_that_the_service_would_refuse(
    made: Contents, tags: dict[int, dict[str, str]]
) -> None:
    number = version(replace(made, feature_fingerprint="of other code"))
    with pytest.raises(Refused, match="fingerprint: fail") as refused:
        move(number, "I want it")
    assert "--force" not in str(refused.value)
    assert pointer.champion_version(MODEL) is None


def test_rollback_brings_yesterday_s_scores_back_bit_for_bit(made: Contents, tags: dict[int, dict[str, str]]) -> None:
    calibrator = Logistic(slope=0.5, intercept=0.3)
    other = replace(
        made,
        calibrator=calibrator,
        check=replace(made.check, risk=calibration.apply(calibrator, risk_of(made.check.log_odds))),
    )
    move(version(made)), move(version(other))

    def scores() -> bytes:
        return release.load(pointer.champion(MODEL)).predict(made.check.features).tobytes()

    changed = scores()
    back = rollback(MODEL)
    assert (back.before, back.version) == (2, 1)
    assert scores() == made.check.risk.tobytes() != changed
    told = decisions.decisions(MODEL)[-1]
    assert (told.what, told.version, told.before, told.who) == ("rollback", 1, 2, "ada")
    assert "afterward.decision.3" in tags[1]
    with pytest.raises(BadModel, match="with no champion left before"):
        rollback(MODEL)


def test_there_is_nothing_to_go_back_to_before_a_second_champion(
    made: Contents, tags: dict[int, dict[str, str]]
) -> None:
    with pytest.raises(BadModel, match="never promoted"):
        rollback(MODEL)
    move(version(made))
    move(1)
    with pytest.raises(BadModel, match="with no champion left before"):
        rollback(MODEL)


@pytest.mark.parametrize(
    ("moves", "pile"),
    [
        ([], []),
        ([("promote", 1, None), ("promote", 2, 1)], [1, 2]),
        ([("promote", 1, None), ("promote", 1, 1)], [1]),
        ([("promote", 1, None), ("refused", 2, 1)], [1]),
        ([("promote", 1, None), ("promote", 2, 1), ("rollback", 1, 2)], [1]),
        ([("promote", 1, None), ("promote", 2, 1), ("rollback", 1, 2), ("promote", 3, 1)], [1, 3]),
        ([("promote", 4, 2)], [2, 4]),
    ],
)
def test_champions_lie_one_upon_the_other(
    moves: list[tuple[str, int, int | None]], pile: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last is of a champion that was made before decisions were kept."""
    monkeypatch.setenv(pointer.HOME, str(tmp_path))
    (tmp_path / MODEL).mkdir()
    for what, number, before in moves:
        decisions.record(MODEL, decisions.Decision(0, "ada", what, number, before, "", None, ()))
    assert decisions.champions(MODEL) == pile


def test_a_file_of_decisions_that_somebody_wrote_in_is_not_guessed_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(pointer.HOME, str(tmp_path))
    (tmp_path / MODEL).mkdir()
    (tmp_path / MODEL / decisions.FILE).write_text('{"at": 1}\n')
    with pytest.raises(BadModel, match="a line that is none of ours"):
        decisions.decisions(MODEL)
