"""Runs and versions in MLflow: what was tried, on what, how well, and which version is `champion` or `challenger`.

MLflow sees counts, metrics, fingerprints and the release: never a person's id, row or value. `MLFLOW_TRACKING_URI` says
where it is; the default lies beside the releases.
"""

from __future__ import annotations

import logging
import math
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from features.errors import BadSetting
from models import pointer, release

if TYPE_CHECKING:
    from lightgbm import Booster
    from mlflow import MlflowClient
    from mlflow.models.model import ModelInfo

URI = "MLFLOW_TRACKING_URI"
CHAMPION, CHALLENGER = "champion", "challenger"
RELEASE_TAG, SUM_TAG = "afterward.release", "afterward.manifest_sha256"


class Released(Protocol):
    """What MLflow needs of a release, of whatever kind."""

    @property
    def path(self) -> Path:
        """Its directory."""

    @property
    def model(self) -> str:
        """Its name."""

    @property
    def version(self) -> int:
        """Its number."""

    @property
    def booster(self) -> Booster:
        """The trees."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the trees' inputs, in order."""


@dataclass(frozen=True)
class Run:
    """What MLflow is told of one training, beyond the release itself. `artefacts` maps a file name to its bytes.
    `tried` are the trials of settings (name, parameters, metrics), each a run within the run.
    """

    parameters: Mapping[str, object]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    artefacts: Mapping[str, bytes]
    tried: tuple[tuple[str, Mapping[str, float], Mapping[str, float | None]], ...] = ()


def default_uri() -> str:
    """A SQLite file beside the releases."""
    return f"sqlite:///{pointer.home() / 'mlflow.db'}"


def tracking_uri() -> str:
    """MLFLOW_TRACKING_URI, or the default."""
    return os.environ.get(URI) or default_uri()


def log(trained: Released, run: Run) -> str:
    """Record a run, register its model as a version with the alias `challenger`; gives the run's id."""
    with client_of_registry() as client:
        import mlflow

        mlflow.set_experiment(experiment_id=_experiment(client, trained.model))
        with mlflow.start_run(run_name=f"{trained.model} {trained.version}") as active:
            mlflow.set_tags({**run.tags, **_identity(trained)})
            mlflow.log_params(dict(run.parameters))
            mlflow.log_metrics({name: value for name, value in run.metrics.items() if math.isfinite(value)})
            _log_tried(run.tried)
            mlflow.log_artifacts(str(trained.path), artifact_path="release")
            for name, content in run.artefacts.items():
                _log_bytes(active.info.run_id, name, content)
            logged = _log_booster(trained)
            version = _registered(client, trained, logged, active.info.run_id)
        client.set_registered_model_alias(trained.model, CHALLENGER, version)
        return str(active.info.run_id)


def _log_tried(tried: Iterable[tuple[str, Mapping[str, float], Mapping[str, float | None]]]) -> None:
    import mlflow

    for name, parameters, metrics in tried:
        with mlflow.start_run(run_name=name, nested=True):
            mlflow.log_params(dict(parameters))
            mlflow.log_metrics({what: value for what, value in metrics.items() if value is not None})


def make_champion(trained: Released, tags: Mapping[str, str]) -> str | None:
    """Move the alias `champion` to the registered version of a release and tag it; gives that version, or null when
    MLflow does not know the release.
    """
    with client_of_registry() as client:
        latest = _registered_as(client, trained)
        if latest is not None:
            _tag(client, trained.model, latest, tags)
            client.set_registered_model_alias(trained.model, CHAMPION, latest)
        return latest


def tag(trained: Released, tags: Mapping[str, str]) -> None:
    """Tag the registered version of a release, where MLflow knows it."""
    with client_of_registry() as client:
        latest = _registered_as(client, trained)
        if latest is not None:
            _tag(client, trained.model, latest, tags)


def _tag(client: MlflowClient, model: str, version: str, tags: Mapping[str, str]) -> None:
    for name, value in tags.items():
        client.set_model_version_tag(model, version, name, value)


def _registered_as(client: MlflowClient, trained: Released) -> str | None:
    """MLflow's own number of a release's latest registration; null when it does not know the release."""
    from mlflow.exceptions import MlflowException

    try:
        known = client.search_model_versions(f"name='{trained.model}'")
    except MlflowException as refused:
        if refused.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None
    mine = _identity(trained)
    same = [found for found in known if all(found.tags.get(name) == value for name, value in mine.items())]
    return str(max(int(found.version) for found in same)) if same else None


@contextmanager
def client_of_registry() -> Iterator[MlflowClient]:
    """A client on the tracking URI, MLflow's chatter and telemetry off."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")  # its own seven keep a user waiting for minutes
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import mlflow

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    uri, given = tracking_uri(), os.environ.get(URI)
    pointer.home().mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # MLflow's quarrel with SQLAlchemy, which nobody here can settle
            yield mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
    except (mlflow.MlflowException, OSError) as fault:
        raise _silent(fault, given) from None
    finally:
        # MLflow writes its address into the environment, where it would pass for the user's own wish
        os.environ.pop(URI, None)
        if given is not None:
            os.environ[URI] = given


def _silent(fault: Exception, given: str | None) -> BadSetting:
    """The address may hold a password, and what MLflow says may hold the address: neither is told."""
    return BadSetting(
        got=f"no answer from MLflow ({getattr(fault, 'error_code', type(fault).__name__)})",
        expected=f"a server or a database at {URI}" if given else "a database in AFTERWARD_RELEASES",
        do="Check that it runs and can be written, and repeat the command.",
    )


def _experiment(client: MlflowClient, model: str) -> str:
    """The id of the model's experiment, made where there is none; its files lie beside a database of our own."""
    name = f"afterward/{model}"
    there = client.get_experiment_by_name(name)
    if there is not None:
        return str(there.experiment_id)
    ours = tracking_uri() == default_uri()
    return str(client.create_experiment(name, artifact_location=(pointer.home() / "mlflow").as_uri() if ours else None))


def _registered(client: MlflowClient, trained: Released, logged: ModelInfo, run_id: str) -> str:
    """MLflow's own number of the version; its tags say which release it is."""
    from mlflow.exceptions import MlflowException

    try:
        client.get_registered_model(trained.model)
    except MlflowException:
        client.create_registered_model(trained.model)
    made = client.create_model_version(
        trained.model,
        logged.model_uri,
        run_id,
        tags=_identity(trained),
        model_id=logged.model_id,  # a server, unlike a database, takes no address of a model without it
    )
    return str(made.version)


def _identity(trained: Released) -> dict[str, str]:
    return {RELEASE_TAG: str(trained.version), SUM_TAG: release.sha256(Path(trained.path) / release.MANIFEST)}


def _log_booster(trained: Released) -> ModelInfo:
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    signature = ModelSignature(
        inputs=Schema([ColSpec("double", name) for name in trained.inputs]),
        outputs=Schema([ColSpec("double", "risk_before_calibration")]),
    )
    return mlflow.lightgbm.log_model(
        trained.booster,
        name="model",
        signature=signature,
        pip_requirements=[f"{package}=={installed(package)}" for package in ("lightgbm", "numpy", "pandas")],
    )


def _log_bytes(run_id: str, name: str, content: bytes) -> None:
    from tempfile import TemporaryDirectory

    import mlflow

    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        mlflow.log_artifact(str(path), run_id=run_id)
