"""Keys of machines: what each opens, until when, and that nothing keeps the key itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from features import windows
from features.errors import BadInput, BadSetting
from serving.audit.entries import AUDIT
from serving.auth import CARE_MANAGER, INTEGRATION, Caller, keys, presented
from serving.auth.presented import BOOTSTRAP, KEYRING, by_key
from serving.auth.refusal import Refusal
from serving.database import current, upgrade
from serving.settings import settings

FIRST = "the-first-key-of-all"
NURSE = Caller(
    "desk",
    frozenset({CARE_MANAGER}),
    frozenset({"sensitive:substance_use"}),
    frozenset({"North", "Harbour Family Practice"}),
)
EHR = Caller("ehr", frozenset({INTEGRATION}))


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setenv("AFTERWARD_API_KEY", FIRST)
    monkeypatch.setenv("AFTERWARD_STORE", str(tmp_path))
    monkeypatch.setenv("AFTERWARD_DATABASE_URL", f"sqlite:///{tmp_path / 'a.db'}")
    for cached in (settings, current):
        cached.cache_clear()
    KEYRING.forget()
    upgrade(current())
    yield current()
    current().dispose()
    for cached in (settings, current):
        cached.cache_clear()
    KEYRING.forget()


def caller_with(key: str, header: str = "x-api-key") -> Caller | None:
    scope: dict[str, Any] = {"headers": [(header.encode(), key.encode("latin-1"))]}
    return asyncio.run(by_key(scope))


def test_a_key_tells_who_calls_and_what_they_may(engine: Engine) -> None:
    made = keys.add(engine, NURSE, None, "someone")
    assert caller_with(made) == NURSE
    assert caller_with(f"Bearer {made}", "authorization") == NURSE
    assert caller_with(FIRST) == BOOTSTRAP, "the first key goes on working"


def test_only_the_whole_key_opens(engine: Engine) -> None:
    made = keys.add(engine, EHR, None, "someone")
    _, key_id, secret = made.split("_", 2)
    (kept,) = keys.every(engine)
    for wrong in (
        made[:-1], made + "x", made.upper(), secret, key_id, f"afterward_{key_id}_", f"afterward_{key_id}_{kept.hash}",
        f"afterward__{secret}", f"other_{key_id}_{secret}", "", "afterward__", f"afterward_{key_id}_\xff",
    ):  # fmt: skip
        assert caller_with(wrong) is None


def test_the_key_itself_is_kept_nowhere(engine: Engine, tmp_path: Path) -> None:
    secret = keys.add(engine, EHR, None, "someone").split("_", 2)[2]
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"ehr" in written
    assert secret.encode() not in written


def test_a_key_that_was_taken_back_opens_nothing_and_says_so(engine: Engine) -> None:
    made = keys.add(engine, EHR, None, "someone")
    assert keys.revoke(engine, "ehr", "someone") == 1
    with pytest.raises(Refusal) as refused:
        caller_with(made)
    assert (refused.value.status, "taken back" in refused.value.got) == (401, True)


def test_taking_back_reaches_a_process_that_read_the_keys_before(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr(presented, "monotonic", lambda: clock[0])
    made = keys.add(engine, EHR, None, "someone")
    assert caller_with(made) == EHR
    keys.revoke(engine, "ehr", "someone")
    clock[0] += presented.SECONDS_KEPT + 0.1
    with pytest.raises(Refusal):
        caller_with(made)


def test_a_key_runs_out_with_its_last_second(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = windows.now() + 1_000
    made = keys.add(engine, EHR, ends, "someone")
    monkeypatch.setattr(windows, "now", lambda: ends - 1)
    assert caller_with(made) == EHR
    monkeypatch.setattr(windows, "now", lambda: ends)
    with pytest.raises(Refusal):
        caller_with(made)


def test_after_a_rotation_both_work_for_a_while_and_then_the_new_one(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A caller must be able to change its key without a moment in which neither works."""
    old = keys.add(engine, NURSE, None, "someone")
    new = keys.rotate(engine, "desk", 24, "someone")
    assert caller_with(old) == caller_with(new) == NURSE
    later = windows.hours_after(windows.now(), 25)
    monkeypatch.setattr(windows, "now", lambda: later)
    assert caller_with(new) == NURSE
    with pytest.raises(Refusal):
        caller_with(old)
    newest = keys.rotate(engine, "desk", 0, "someone")
    KEYRING.forget()
    assert caller_with(newest) == NURSE
    with pytest.raises(Refusal):
        caller_with(new)


def test_a_key_that_runs_out_does_not_outlive_its_day_by_rotation(engine: Engine) -> None:
    ends = windows.now() + 1_000
    keys.add(engine, EHR, ends, "someone")
    keys.rotate(engine, "ehr", 24, "someone")
    assert [key.expires for key in keys.every(engine)] == [ends, ends]


def test_one_name_has_one_key_until_it_is_taken_back(engine: Engine) -> None:
    keys.add(engine, EHR, None, "someone")
    with pytest.raises(BadInput, match="keys rotate"):
        keys.add(engine, EHR, None, "someone")
    keys.revoke(engine, "ehr", "someone")
    keys.add(engine, EHR, None, "someone")
    for absent in ("nobody", ""):
        with pytest.raises(BadInput, match="no valid key"):
            keys.revoke(engine, absent, "someone")
        with pytest.raises(BadInput, match="no valid key"):
            keys.rotate(engine, absent, 1, "someone")


@pytest.mark.parametrize("roles", [[], ["boss"], ["admin", "Admin"]])
def test_a_role_that_there_is_not_is_refused(roles: list[str]) -> None:
    with pytest.raises(BadInput, match="integration, care_manager, data_scientist, committee, admin"):
        keys.checked_roles(roles)


def test_who_made_and_took_back_which_key_is_in_the_audit_log(engine: Engine) -> None:
    made = keys.add(engine, EHR, None, "someone")
    keys.revoke(engine, "ehr", "someone else")
    with engine.connect() as connection:
        lines = connection.execute(select(AUDIT.c.action, AUDIT.c.agent, AUDIT.c.about).order_by(AUDIT.c.seq)).all()
    assert [(line.action, line.agent) for line in lines] == [("C", "someone"), ("D", "someone else")]
    assert all(made.split("_")[1] in line.about and made not in line.about for line in lines)


def test_a_service_that_nobody_could_ask_does_not_start(engine: Engine) -> None:
    with pytest.raises(BadSetting, match="AFTERWARD_API_KEY"):
        keys.expect_somebody(engine)
    keys.add(engine, EHR, None, "someone")
    keys.expect_somebody(engine)
    keys.revoke(engine, "ehr", "someone")
    with pytest.raises(BadSetting):
        keys.expect_somebody(engine)
