"""A champion that is promoted answers without anybody waiting, and one that does not verify never does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event
from time import monotonic, sleep

import pytest

from features.errors import BadModel
from models import pointer
from serving.score import Champion
from serving.watch import Watch
from tests.champions import longer_is_riskier

MODEL = "readmission_30d"


@pytest.fixture
def releases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two versions that are only folders; what is loaded of them is up to the test."""
    monkeypatch.setenv(pointer.HOME, str(tmp_path))
    for version in (1, 2, 3):
        (tmp_path / MODEL / str(version)).mkdir(parents=True)
    pointer.point(MODEL, 1)
    return tmp_path


def pointed(model: str) -> Champion:
    """What the pointer names, without reading it."""
    path, one = pointer.champion(model), longer_is_riskier()
    return replace(one, release=replace(one.release, path=path, version=int(path.name)))


def settled(watch: Watch, version: int) -> int:
    """The version that answers, when it is this one or after ten seconds."""
    until = monotonic() + 10
    while monotonic() < until and watch.of(MODEL).release.version != version:
        sleep(0.01)
    return watch.of(MODEL).release.version


@pytest.mark.usefixtures("releases")
def test_while_a_new_champion_is_loaded_the_one_before_it_answers() -> None:
    may_go_on = Event()

    def slowly(model: str) -> Champion:
        found = pointed(model)
        assert found.release.version == 1 or may_go_on.wait(10)
        return found

    watch = Watch(slowly)
    assert watch.of(MODEL).release.version == 1
    pointer.point(MODEL, 2)
    assert [watch.of(MODEL).release.version for _ in range(5)] == [1] * 5
    may_go_on.set()
    assert settled(watch, 2) == 2
    assert watch.versions() == {MODEL: 2}


@pytest.mark.usefixtures("releases")
def test_a_version_that_does_not_verify_never_answers_and_the_next_one_does() -> None:
    tried = []

    def but_not_two(model: str) -> Champion:
        found = pointed(model)
        tried.append(found.release.version)
        if found.release.version == 2:
            raise BadModel(got="model.txt changed", expected="its sha256", do="Take it again.")
        return found

    watch = Watch(but_not_two)
    watch.of(MODEL)
    pointer.point(MODEL, 2)
    until = monotonic() + 10
    while 2 not in tried and monotonic() < until:
        watch.of(MODEL)
    sleep(0.05)
    assert watch.of(MODEL).release.version == 1
    assert tried.count(2) == 1, "a damaged release is not read again with each request"
    pointer.point(MODEL, 3)
    assert settled(watch, 3) == 3


def test_a_pointer_that_is_gone_stops_nobody(releases: Path) -> None:
    watch = Watch(pointed)
    watch.of(MODEL)
    (releases / MODEL / pointer.CHAMPION).unlink()
    assert watch.of(MODEL).release.version == 1


def test_without_a_champion_it_says_so_and_answers_once_there_is_one(releases: Path) -> None:
    (releases / MODEL / pointer.CHAMPION).unlink()
    watch = Watch(pointed)
    with pytest.raises(BadModel, match="never promoted"):
        watch.of(MODEL)
    pointer.point(MODEL, 3)
    assert watch.of(MODEL).release.version == 3
