"""How often one caller may ask: a bucket for each, which fills at the rate of the settings and holds two seconds of it.
A caller whose program runs wild waits; the others do not notice. Counted in each process of the service for itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from time import monotonic

from serving.auth.refusal import Refusal

SECONDS_HELD = 2.0
MOST_CALLERS = 10_000


@dataclass
class Buckets:
    """What each caller has left, and since when, by name."""

    left: dict[str, tuple[float, float]] = field(default_factory=dict)

    def take(self, name: str, a_second: float) -> None:
        """Take one request's share. Raises Refusal where none is left."""
        now, full = monotonic(), max(1.0, a_second * SECONDS_HELD)
        had, since = self.left.get(name, (full, now))
        has = min(full, had + (now - since) * a_second)
        if has < 1:
            self.left[name] = (has, now)
            raise Refusal(
                429,
                "Authorization",
                "more requests than one caller may send",
                f"at most {a_second:g} a second",
                retry_after=ceil((1 - has) / a_second),
            )
        if len(self.left) >= MOST_CALLERS and name not in self.left:
            self.left.clear()  # names come from issuers: what they invent must not fill the memory
        self.left[name] = (has - 1, now)
