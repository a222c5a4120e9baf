"""One person from several numbers: which merges hold, and who somebody was known to be at a time.

What a source loads is never rewritten: its rows keep the number that the source gave. A merge is a row of its own
(`person_merge`): two numbers, the evidence, when it was known. The rule:

    What is read at `t` is what a record would give in which the numbers merged by `t` had been one from the start.

So a merge changes nothing that is read at a time before it was known. A row keeps its own `known_at`: what two
hospitals told of one person was known when they told it, only not that it was one person. Whoever asks by any of a
person's numbers gets the person as then known.

`known_at` of a merge is when it could first be concluded: of a message (A40) its time; of a shared identifier, or of
names and dates that agree, the moment from which both numbers had told them; of a decision in review, the decision.

A merge is undone by one more row of the same two numbers, with status `apart`. What was undone never was: it counts at
no time, so the record returns to what it was, to the bit. The later known row of a pair holds, `apart` before `merged`.

How it is read: people of several numbers have eras. The last era is the record itself; each era before is a record of
those people alone (`Record.former`), with the merges of then. Everything concluded (claims netted, stays joined) is
concluded within an era, so nothing mixes what was then two people.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from features.record.schema import Table
from features.record.tables import PERSON_MERGE, TABLES

ALWAYS, STILL = -(2**62), 2**62
MERGED, APART = "merged", "apart"


@dataclass(frozen=True)
class Merge:
    """Two numbers that are one person: `survivor` is the one that goes on, where anybody said so."""

    survivor: str
    absorbed: str
    known_at: int


@dataclass(frozen=True)
class Era:
    """By which number somebody was known from `since` until before `until`."""

    person: str
    since: int = ALWAYS
    until: int = STILL


Eras = Mapping[str, Era]  # by the number that a source gave; who was never merged is not in it


def merge_id(one: str, other: str) -> str:
    """The name of the merge of two numbers, whichever goes on."""
    return hashlib.sha256("\n".join(sorted((one, other))).encode()).hexdigest()[:16]


def renamed() -> tuple[Table, ...]:
    """The tables whose rows follow a merge; the merges themselves name the numbers as they were given."""
    return tuple(table for table in TABLES if table.about == "person" and table is not PERSON_MERGE)


def in_force(rows: Iterable[Mapping[str, object]]) -> tuple[Merge, ...]:
    """The merges that hold, from rows of `person_merge` in any order. Each is known since it was first told after the
    pair was last held apart.
    """
    held: dict[str, Merge] = {}
    by_time = sorted(rows, key=lambda row: (row["known_at"], row["status"] == APART, row["person_id"]))
    for row in by_time:
        survivor, absorbed = str(row["person_id"]), str(row["absorbed_id"])
        name = merge_id(survivor, absorbed)
        if row["status"] == APART:
            held.pop(name, None)
        elif name not in held and survivor != absorbed:
            held[name] = Merge(survivor, absorbed, int(str(row["known_at"])))
    return tuple(held[name] for name in sorted(held))


def eras(merges: Sequence[Merge]) -> tuple[Eras, ...]:
    """Who is who, the last era first: each with the people whose numbers had one more merge later than it."""
    found: list[dict[str, Era]] = []
    for together in _by_group(merges):
        times = sorted({merge.known_at for merge in together}, reverse=True)
        for place, (since, until) in enumerate(zip([*times, ALWAYS], [STILL, *times], strict=True)):
            if place == len(found):
                found.append({})
            names = _names(together, [merge for merge in together if merge.known_at <= since])
            found[place].update({number: Era(name, since, until) for number, name in names.items()})
    return tuple(found)


def _by_group(merges: Sequence[Merge]) -> list[list[Merge]]:
    """The merges parted so that no two parts share a number."""
    first = groups((merge.survivor, merge.absorbed) for merge in merges)
    parts: dict[str, list[Merge]] = {}
    for merge in merges:
        parts.setdefault(first[merge.survivor], []).append(merge)
    return [parts[name] for name in sorted(parts)]


def groups(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """For each number of the pairs the smallest number that it is joined to, over however many pairs."""
    above: dict[str, str] = {}

    def root(number: str) -> str:
        above.setdefault(number, number)
        while above[number] != number:
            above[number] = above[above[number]]
            number = above[number]
        return number

    for one, other in pairs:
        low, high = sorted((root(one), root(other)))
        above[high] = low
    return {number: root(number) for number in list(above)}


def _names(everyone: Sequence[Merge], merges: Sequence[Merge]) -> dict[str, str]:
    """By which number each number of `everyone` goes once `merges` hold: of its group the one that none absorbed; of
    several, or where there is none, the smallest.
    """
    numbers = {number for merge in everyone for number in (merge.survivor, merge.absorbed)}
    first = groups((merge.survivor, merge.absorbed) for merge in merges)
    absorbed = {merge.absorbed for merge in merges}
    going_on: dict[str, str] = {}
    for number in sorted(numbers, key=lambda number: (number in absorbed, number)):
        going_on.setdefault(first.get(number, number), number)
    return {number: going_on[first.get(number, number)] for number in numbers}
