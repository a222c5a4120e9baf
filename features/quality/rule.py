"""A rule of data quality: one named thing with its limit and why; what it found is a share of rows and a verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from features.quality.seen import Seen


class Verdict(Enum):
    """What a rule says, the worst last."""

    NOT_JUDGED = "not judged"  # nothing there that the rule could be asked of
    PASS = "pass"  # noqa: S105  # a verdict, no password
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Limits:
    """The shares (0 to 1) above which a rule warns and fails."""

    warn: float
    fail: float

    def verdict(self, bad: int, of: int) -> Verdict:
        """What `bad` of `of` means; nothing is judged where there is nothing."""
        if of == 0:
            return Verdict.NOT_JUDGED
        if bad / of > self.fail:
            return Verdict.FAIL
        return Verdict.WARN if bad / of > self.warn else Verdict.PASS


@dataclass(frozen=True)
class Finding:
    """What a rule found of one thing: `bad` of `of`, told of `people` people (null where they are about nobody)."""

    about: str
    bad: int
    of: int
    people: int | None
    verdict: Verdict


@dataclass(frozen=True)
class Rule:
    """`looks_for` and `limit` in words for a reader of the page, `why` it matters; `find` asks the store."""

    name: str
    looks_for: str
    limit: str
    why: str
    find: Callable[[Seen], tuple[Finding, ...]]


def worst(findings: tuple[Finding, ...]) -> Verdict:
    """The worst verdict of some findings; where there are none nothing was judged."""
    order = list(Verdict)
    return max((finding.verdict for finding in findings), key=order.index, default=Verdict.NOT_JUDGED)


def told(limits: Limits, what: str) -> str:
    """Limits in words: `warns above 1 %, fails above 5 % of the claim lines`."""
    warns = f"warns above {100 * limits.warn:g} %" if limits.warn < limits.fail else ""
    fails = f"fails above {100 * limits.fail:g} %" if limits.fail < 1 else ""
    return ", ".join(filter(None, [warns, fails])) + f" of {what}"
