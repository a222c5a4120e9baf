"""Bring a champion from an MLflow that is elsewhere: its release into the folder of releases, the pointer upon it.

What arrives is trusted as little as any release: its sums must be those of its manifest, the manifest the one that was
registered, and its self-check must come out here as it did there. Until all of that holds, nothing here is changed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from features import windows
from features.errors import BadModel, BadSetting
from models import pointer, release
from models.login import who
from training import decisions, registry
from training.decisions import PULL, Decision
from training.promote import verified

RELEASE_FOLDER = "release"  # as registry.log names it among a run's artefacts
GATE_TAG, WHY_TAG = "afterward.gate.", "afterward.why"


@dataclass(frozen=True)
class Registered:
    """The version that MLflow calls champion: its own `number`, the run that made it, and what its tags say of it."""

    model: str
    number: str
    run_id: str
    version: int
    manifest_sha256: str
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Pulled:
    """What is the champion here now; `before` is the version until then (null: none), `brought` whether its release
    had to be fetched.
    """

    found: Registered
    before: int | None
    brought: bool

    @property
    def path(self) -> Path:
        """The folder of the release."""
        return pointer.release_path(self.found.model, self.found.version)


def pull(model: str) -> Pulled:
    """Make the champion of MLFLOW_TRACKING_URI the champion here, fetching its release where it is not yet here.

    BadSetting where no MLflow is named or none answers, or the folder of releases cannot be written; BadModel where
    MLflow has no such champion, where what arrives does not verify, or where another release has its number here.
    """
    _check_named()
    found = registered_champion(model)
    path, before = pointer.release_path(model, found.version), pointer.champion_version(model)
    here = path.is_dir()
    if here:
        _check_same(found, path)
    if here and before == found.version:
        return Pulled(found, before, brought=False)
    if here:
        verified(path)
    else:
        _fetch(found, path)
    decisions.record(model, _decision(found, before))
    pointer.point(model, found.version)
    return Pulled(found, before, brought=not here)


def registered_champion(model: str) -> Registered:
    """What MLflow says of the champion of a model; BadModel where it knows no such model or no champion of it, or the
    champion is no release of ours.
    """
    from mlflow.exceptions import MlflowException

    with registry.client_of_registry() as client:
        try:
            aliases = client.get_registered_model(model).aliases
        except MlflowException as refused:
            if refused.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            raise _absent(f"{model}, which MLflow does not know", "a model that was trained") from None
        if registry.CHAMPION not in aliases:
            raise _absent(f"{model}, of which MLflow has no champion", f"a version with the alias {registry.CHAMPION}")
        there = client.get_model_version(model, aliases[registry.CHAMPION])
    version, sum_ = (str(there.tags.get(name, "")) for name in (registry.RELEASE_TAG, registry.SUM_TAG))
    if not version.isdecimal() or not sum_ or not there.run_id:
        raise BadModel(
            got=f"a champion of {model} in MLflow that is no release",
            expected=f"the tags {registry.RELEASE_TAG} and {registry.SUM_TAG}, and a run",
            do=f"Promote it with `afterward promote {model}`: an alias moved by hand may name a model of other making.",
        )
    return Registered(model, str(there.version), str(there.run_id), int(version), sum_, dict(there.tags))


def _fetch(found: Registered, path: Path) -> None:
    """Download the release beside its place, and move it there in one step when it verifies."""
    with _writing(path.parent / f".pulling.{os.getpid()}") as scratch:
        arrived = _downloaded(found, scratch).rename(scratch / path.name)
        if release.sha256(arrived / release.MANIFEST) != found.manifest_sha256:
            raise BadModel(
                got=f"{release.MANIFEST} of {found.model} version {found.version} other than the one registered",
                expected=f"the sum in the tag {registry.SUM_TAG}",
                do="Someone changed it where MLflow keeps its files: promote a version that is whole, and pull again.",
            )
        made = verified(arrived)
        if made.model != found.model:
            raise BadModel(
                got=f"a release of another model under the name {found.model}",
                expected=f"a release of {found.model}",
                do=f"Promote one with `afterward promote {found.model}`.",
            )
        arrived.rename(path)


def _downloaded(found: Registered, folder: Path) -> Path:
    """Where the files of the release now lie; BadModel where MLflow has none of them."""
    with registry.client_of_registry() as client:
        there = [entry.path for entry in client.list_artifacts(found.run_id, RELEASE_FOLDER)]
        if f"{RELEASE_FOLDER}/{release.MANIFEST}" not in there:
            raise BadModel(
                got=f"a champion of {found.model} whose run has lost its release",
                expected=f"{release.MANIFEST} among the files of run {found.run_id}",
                do="Look whether MLflow can read its store of artefacts; or train and promote anew.",
            )
        return Path(client.download_artifacts(found.run_id, RELEASE_FOLDER, str(folder)))


@contextmanager
def _writing(scratch: Path) -> Iterator[Path]:
    """A folder of releases to be, gone afterwards; BadSetting where it cannot be written."""
    try:
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        yield scratch
    except OSError:
        raise BadSetting(
            got="a folder of releases that cannot be written",
            expected=f"a folder with room at {pointer.HOME}",
            do="Check who owns it and how full the disk is, and repeat the command.",
        ) from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _check_same(found: Registered, path: Path) -> None:
    manifest = path / release.MANIFEST
    if not manifest.is_file() or release.sha256(manifest) != found.manifest_sha256:
        raise BadModel(
            got=f"another release that is {found.model} version {found.version} here",
            expected=f"the one registered as version {found.number} in MLflow, or none",
            do=f"Nothing was changed. Pull into a folder of its own: set {pointer.HOME} to one where nobody trains.",
        )


def _check_named() -> None:
    if not os.environ.get(registry.URI):
        raise BadSetting(
            got=f"no {registry.URI}",
            expected="the address of the MLflow that the champion is in",
            do="Set it, such as to https://mlflow.example.org, and repeat the command.",
        )


def _decision(found: Registered, before: int | None) -> Decision:
    """What is written down here; who moved the champion there, and why, is in MLflow."""
    why = f"champion in MLflow, version {found.number} there: {found.tags.get(WHY_TAG, 'no reason on record')}"
    gates = [
        {"name": name.removeprefix(GATE_TAG).replace("_", " "), "verdict": verdict, "says": "as MLflow tells"}
        for name, verdict in sorted(found.tags.items())
        if name.startswith(GATE_TAG)
    ]
    return Decision(windows.now(), who(), PULL, found.version, before, why, None, gates)


def _absent(got: str, expected: str) -> BadModel:
    return BadModel(got=got, expected=expected, do="Train it there and run `afterward promote`, then pull again.")
