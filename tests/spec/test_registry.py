"""What a user is told of an MLflow that does not answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.errors import BadSetting
from models import pointer
from tests.champions import longer_is_riskier
from training import registry

pytestmark = pytest.mark.slow


def test_a_server_that_does_not_answer_is_not_a_model_that_it_does_not_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who reads "not registered" trains anew; who reads "no answer" starts the server."""
    monkeypatch.setenv(pointer.HOME, str(tmp_path))
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv(registry.URI, "http://user:secret@127.0.0.1:9")
    with pytest.raises(BadSetting, match="no answer from MLflow") as silent:
        registry.make_champion(longer_is_riskier().release, {})
    assert "secret" not in str(silent.value)
