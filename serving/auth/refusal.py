"""Why a request is refused before it reaches a route."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(eq=False)
class Refusal(Exception):
    """The status, the field that is not right, what kind of thing was got there (never itself) and what was expected.
    `challenge`: what a 401 asks for. `allow`: the methods that a 405 names. `retry_after` in seconds.
    """

    status: int
    field: str
    got: str
    expected: str
    challenge: str = "Bearer"
    allow: frozenset[str] = frozenset()
    retry_after: int | None = None

    def told(self) -> dict[str, str]:
        """It as one of the errors in our JSON form."""
        return {"field": self.field, "got": self.got, "expected": self.expected}

    def headers(self) -> list[tuple[bytes, bytes]]:
        """What HTTP wants told beside the body."""
        made = []
        if self.status == 401:
            made.append((b"www-authenticate", self.challenge.encode()))
        if self.allow:
            made.append((b"allow", ", ".join(sorted(self.allow)).encode()))
        if self.retry_after is not None:
            made.append((b"retry-after", str(self.retry_after).encode()))
        return made
