"""Why a request is refused before it reaches a route."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(eq=False)
class Refusal(Exception):
    """The status, the field that is not right and what was expected of it; never what was given."""

    status: int
    field: str
    problem: str
    challenge: str = "Bearer"
    allow: frozenset[str] = frozenset()
    retry_after: int | None = None

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
