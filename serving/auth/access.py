"""Which path is for whom: one table for all that the server answers, and one list of what is open. Nothing else is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from serving.auth.caller import ADMIN, CARE_MANAGER, DATA_SCIENTIST, INTEGRATION, ROLES


@dataclass(frozen=True)
class Rule:
    """`path` from the root of the server; a segment in braces stands for any one segment. GET brings HEAD with it."""

    methods: frozenset[str]
    path: str
    roles: frozenset[str]


def _rule(methods: str, path: str, *roles: str) -> Rule:
    asked = frozenset(methods.split())
    return Rule(asked | {"HEAD"} if "GET" in asked else asked, path, frozenset(roles))


OTHER = "/(other)"

# what may be had without saying who one is
OPEN: tuple[Rule, ...] = (
    _rule("GET", "/healthz"),
    _rule("GET POST", "/worklist/sign-in"),
    _rule("GET", "/worklist/static/{file}"),
    # these forms ask for the session themselves: where it is over they answer with the sign-in and keep what was
    # written, which a refusal here would lose
    _rule("POST", "/worklist/people/{item}"),
    _rule("POST", "/worklist/assign"),
    _rule("POST", "/worklist/sign-out"),
)

# whoever adds a route adds its line here: without one nobody can reach it
RULES: tuple[Rule, ...] = (
    _rule("POST", "/v1/score", INTEGRATION),
    _rule("POST", "/v1/explain", INTEGRATION),
    _rule("GET", "/v1/models", *ROLES),
    _rule("GET", "/v1/outreach", INTEGRATION, CARE_MANAGER),
    _rule("GET", "/v1/ready", ADMIN, DATA_SCIENTIST, INTEGRATION),
    _rule("GET", "/v1/openapi.json", *ROLES),
    _rule("GET", "/worklist", CARE_MANAGER),
    _rule("GET", "/worklist/", CARE_MANAGER),
    _rule("GET", "/worklist/list.csv", CARE_MANAGER),
    _rule("GET", "/worklist/people/{item}", CARE_MANAGER),
    _rule("GET", "/worklist/people/{item}/sheet", CARE_MANAGER),
    _rule("GET", "/worklist/supervisor", CARE_MANAGER),
    _rule("GET", "/fhir/metadata", *ROLES),
    _rule("GET", "/fhir/RiskAssessment", INTEGRATION),
    _rule("GET", "/fhir/RiskAssessment/{id}", INTEGRATION),
    _rule("GET POST", "/fhir/Measure/$care-gaps", INTEGRATION),
    _rule("GET", "/metrics", ADMIN, DATA_SCIENTIST),
    _rule("GET", "/livez", ADMIN, DATA_SCIENTIST, INTEGRATION),
    _rule("GET", "/readyz", ADMIN, DATA_SCIENTIST, INTEGRATION),
)


def is_open(method: str, path: str, raw: bytes) -> bool:
    """Whether anybody may ask this. Only as it is written in OPEN: nothing encoded, nothing doubled."""
    return raw in (b"", path.encode()) and any(method in rule.methods for rule in _matching(OPEN, path, raw))


def roles_for(method: str, path: str, raw: bytes) -> frozenset[str]:
    """The roles that may ask this; none where no rule speaks of it."""
    return frozenset[str]().union(*(rule.roles for rule in _matching(RULES, path, raw) if method in rule.methods))


def methods_of(path: str, raw: bytes) -> frozenset[str]:
    """The methods that some rule has for this path."""
    return frozenset[str]().union(*(rule.methods for rule in _matching(RULES, path, raw)))


def pattern_of(path: str, raw: bytes) -> str:
    """The path as the tables have it, for logs and metrics: an id in it is never told."""
    found = _matching(OPEN + RULES, path, raw)
    return found[0].path if found else OTHER


def _matching(rules: tuple[Rule, ...], path: str, raw: bytes) -> list[Rule]:
    return [rule for rule in rules if _pattern(rule.path).fullmatch(path)] if _is_plain(path, raw) else []


def _is_plain(path: str, raw: bytes) -> bool:
    """Whether there is one way to read it. What decodes to another separator, a step up, or an empty segment is read
    differently by different servers, so no rule speaks of it. `raw` is empty where a server does not tell it.
    """
    segments = path.split("/")[1:]
    if not path.startswith("/") or any(segment in ("", ".", "..") for segment in segments[:-1]):
        return False
    if segments[-1] in (".", "..") or re.search(r"[\\%;\x00-\x1f\x7f]", path):
        return False
    return not raw or (raw.count(b"/") == path.count("/") and unquote_to_bytes(raw) == path.encode())


@lru_cache(maxsize=256)
def _pattern(path: str) -> re.Pattern[str]:
    parts = ("[^/]+" if part.startswith("{") else re.escape(part) for part in path.split("/"))
    return re.compile("/".join(parts))
