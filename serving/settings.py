"""Deployment values, read once from the environment. Clinical definitions are code; learned values are in releases."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from features.errors import BadSetting

SHORTEST_KEY = 8
LARGEST_BODY = 8 * 2**20
DATABASE = "sqlite:///afterward.db"
KEPT = "afterward.scores"


@dataclass(frozen=True)
class Secret:
    """Text that never shows itself, however it is printed; `reveal()` gives it."""

    _text: str = field(repr=False)

    def reveal(self) -> str:
        """The text itself."""
        return self._text


@dataclass(frozen=True)
class Settings:
    """`store`: the record that people are scored from. `api_key`: a first key of role integration, null where callers
    have keys of their own. `database`: the URL of the
    service's own database, which may hold a password. `largest_body` in bytes.
    `kept`: the folder of the feature rows of every score given.
    """

    store: Path
    api_key: Secret | None
    database: Secret = Secret(DATABASE)
    largest_body: int = LARGEST_BODY
    kept: Path = Path(KEPT)


def read(environment: Mapping[str, str]) -> Settings:
    """Settings from environment variables. Raises BadSetting for what is missing or cannot be right."""
    key = environment.get("AFTERWARD_API_KEY", "").strip()  # a key read from a file often ends in a line break
    if key and len(key) < SHORTEST_KEY:
        raise BadSetting(
            got=f"an AFTERWARD_API_KEY of {len(key)} characters",
            expected=f"a key of {SHORTEST_KEY} characters or more",
            do="Set it to a long random text, and give it to the callers.",
        )
    store = environment.get("AFTERWARD_STORE", "")
    if not store:
        raise BadSetting(
            got="no AFTERWARD_STORE",
            expected="the folder of a store",
            do="Set it, or give --store to `afterward serve`.",
        )
    return Settings(Path(store), Secret(key) if key else None, database(environment), kept=kept(environment))


def database(environment: Mapping[str, str]) -> Secret:
    """The URL of the service's own database."""
    return Secret(environment.get("AFTERWARD_DATABASE_URL", "").strip() or DATABASE)


def audit_anchors(environment: Mapping[str, str]) -> Path | None:
    """The file to which the number and hash of the audit log's last line are added; null for none."""
    told = environment.get("AFTERWARD_AUDIT_ANCHORS", "").strip()
    return Path(told) if told else None


def kept(environment: Mapping[str, str]) -> Path:
    """The folder of the feature rows: beside a database that is a file, else here."""
    told = environment.get("AFTERWARD_KEPT", "").strip()
    file = database(environment).reveal().partition("sqlite:///")[2]
    return Path(told or (Path(file).with_suffix(".scores") if file else KEPT))


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read at the first call and then fixed."""
    return read(os.environ)
