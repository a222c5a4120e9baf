"""Deployment values, read once from the environment. Clinical definitions are code; learned values are in releases."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from features.errors import BadSetting

SHORTEST_KEY = 8
LARGEST_BODY = 8 * 2**20
REQUESTS_PER_SECOND = 500.0
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
    `kept`: the folder of the feature rows of every score given. `issuers`: whose tokens are
    believed, and `audience` what they must be meant for; `token_roles`: the roles that a token may bring.
    `requests_per_second`: of one caller.
    """

    store: Path
    api_key: Secret | None
    database: Secret = Secret(DATABASE)
    largest_body: int = LARGEST_BODY
    issuers: frozenset[str] = frozenset()
    audience: str = ""
    token_roles: frozenset[str] = frozenset({"integration"})
    requests_per_second: float = REQUESTS_PER_SECOND
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
    return Settings(
        Path(store),
        Secret(key) if key else None,
        database(environment),
        kept=kept(environment),
        issuers=_issuers(environment),
        audience=environment.get("AFTERWARD_OIDC_AUDIENCE", "").strip(),
        token_roles=frozenset(_listed(environment, "AFTERWARD_OIDC_ROLES") or ["integration"]),
        requests_per_second=_rate(environment),
    )


def _issuers(environment: Mapping[str, str]) -> frozenset[str]:
    told = _listed(environment, "AFTERWARD_OIDC_ISSUER")
    if told and not environment.get("AFTERWARD_OIDC_AUDIENCE", "").strip():
        raise BadSetting(
            got="AFTERWARD_OIDC_ISSUER without AFTERWARD_OIDC_AUDIENCE",
            expected="both: a token that was made for another service must open nothing here",
            do="Set AFTERWARD_OIDC_AUDIENCE to what the issuer writes into tokens for this service.",
        )
    return frozenset(told)


def _rate(environment: Mapping[str, str]) -> float:
    told = environment.get("AFTERWARD_REQUESTS_PER_SECOND", "").strip()
    if not told:
        return REQUESTS_PER_SECOND
    if not re.fullmatch(r"\d{1,6}(\.\d{1,3})?", told) or float(told) <= 0:
        raise BadSetting(
            got="an AFTERWARD_REQUESTS_PER_SECOND that is no rate",
            expected="a number above 0, such as 500",
            do="Set it to how often one caller may ask.",
        )
    return float(told)


def _listed(environment: Mapping[str, str], name: str) -> list[str]:
    return [one.strip() for one in environment.get(name, "").split(",") if one.strip()]


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


def settled(environment: Mapping[str, str]) -> dict[str, str]:
    """The same environment with paths that a process in another folder reads alike."""
    made = dict(environment)
    file = database(environment).reveal().partition("sqlite:///")[2]
    if file and file != ":memory:":
        made["AFTERWARD_DATABASE_URL"] = f"sqlite:///{Path(file).absolute()}"
    for name in ("AFTERWARD_STORE", "AFTERWARD_AUDIT_ANCHORS", "AFTERWARD_KEPT"):
        if made.get(name, "").strip():
            made[name] = str(Path(made[name].strip()).absolute())
    return made


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read at the first call and then fixed."""
    return read(os.environ)
