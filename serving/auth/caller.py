"""Who is asking, and what they may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

INTEGRATION = "integration"
CARE_MANAGER = "care_manager"
DATA_SCIENTIST = "data_scientist"
COMMITTEE = "committee"
ADMIN = "admin"
ROLES = (INTEGRATION, CARE_MANAGER, DATA_SCIENTIST, COMMITTEE, ADMIN)
SEES_EVERYONE = frozenset({INTEGRATION})
SENSITIVE = "sensitive:"
ON_SCOPE = "afterward.caller"


@dataclass(frozen=True)
class Caller:
    """Who presented a valid key, token or session. `scopes`: as granted, such as sensitive:substance_use. `panels`: the
    practices, by the id that attribution gives them, whose people a care manager may see; it widens no other role.
    """

    name: str
    roles: frozenset[str]
    scopes: frozenset[str] = frozenset()
    panels: frozenset[str] = frozenset()


def sees(caller: Caller, practice: str | None) -> bool:
    """Whether the caller may see a person of this practice. A person of no practice is on nobody's panel; data
    scientists, the committee and administrators see no single person.
    """
    if caller.roles & SEES_EVERYONE:
        return True
    return CARE_MANAGER in caller.roles and practice is not None and practice in caller.panels


def may_word(caller: Caller) -> frozenset[str]:
    """The sensitive categories (features.codes.sensitive.CATEGORIES) that may be put into words for the caller."""
    return frozenset(scope.removeprefix(SENSITIVE) for scope in caller.scopes if scope.startswith(SENSITIVE))


def caller_of(scope: Mapping[str, Any]) -> Caller:
    """Who asks, as Guard found them. A path on the open list has no caller: that is a KeyError, and a fault of ours."""
    found = scope[ON_SCOPE]
    assert isinstance(found, Caller)
    return found
