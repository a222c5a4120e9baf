"""Settings of an installation: what is read, what is refused, and that a secret does not show."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.errors import BadSetting
from serving.settings import read, settled

STORE = {"AFTERWARD_STORE": "store"}


def test_paths_mean_the_same_to_a_process_that_starts_in_another_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands upgrade and read one database; the server that they start must not find itself another one."""
    monkeypatch.chdir("/")
    given = {**STORE, "AFTERWARD_DATABASE_URL": "sqlite:///a.db", "AFTERWARD_AUDIT_ANCHORS": "anchors", "OTHER": "x"}
    assert settled(given) == {
        "AFTERWARD_STORE": "/store",
        "AFTERWARD_DATABASE_URL": "sqlite:////a.db",
        "AFTERWARD_AUDIT_ANCHORS": "/anchors",
        "OTHER": "x",
    }
    assert settled(STORE)["AFTERWARD_DATABASE_URL"] == "sqlite:////afterward.db"
    elsewhere = {"AFTERWARD_DATABASE_URL": "postgresql://someone@there/name"}
    assert settled(elsewhere) == elsewhere


@pytest.mark.parametrize("told", ["0", "-1", "many", "1e3", "nan", "inf", "0.0000"])
def test_a_rate_that_is_none_is_refused(told: str) -> None:
    with pytest.raises(BadSetting, match="number above 0"):
        read({**STORE, "AFTERWARD_REQUESTS_PER_SECOND": told})


def test_what_is_set_is_read_and_the_key_does_not_show() -> None:
    given = {
        **STORE,
        "AFTERWARD_API_KEY": "CANARY-7719\n",
        "AFTERWARD_REQUESTS_PER_SECOND": "0.5",
        "AFTERWARD_OIDC_ISSUER": "https://a.example.org, https://b.example.org,",
        "AFTERWARD_OIDC_AUDIENCE": " us ",
        "AFTERWARD_OIDC_ROLES": "integration,care_manager",
    }
    found = read(given)
    assert found.store == Path("store")
    assert found.api_key is not None
    assert found.api_key.reveal() == "CANARY-7719"
    assert found.issuers == {"https://a.example.org", "https://b.example.org"}
    assert found.audience == "us"
    assert found.token_roles == {"integration", "care_manager"}
    assert found.requests_per_second == 0.5
    assert "CANARY" not in repr(found)
    with pytest.raises(BadSetting) as refused:
        read({**STORE, "AFTERWARD_API_KEY": "CANARY"})
    assert "CANARY" not in str(refused.value)
