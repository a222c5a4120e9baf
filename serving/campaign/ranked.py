"""Whom a campaign calls about care that is due: people by how many gaps one call is expected to close.

For each open gap that is its chance of staying open without a call times what a call is assumed to do (`call_effects`);
a person's gaps add up, as one call is about all of them.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from features import windows
from features.definitions.present import in_hospital
from features.errors import BadInput
from features.measures.gaps import gaps
from features.measures.gaps_file import TITLES
from features.measures.month_ends import enrolled
from features.measures.status import OPEN_GAP
from features.measures.value_sets import ValueSets
from features.record.record import Record
from models.explain import Reason
from serving.campaign.call_effects import CallEffect, by_measure
from serving.campaign.chances import scored, some_champion_of_gaps
from serving.outreach import cell, language_of, latest_contact, latest_practice
from serving.score import Champion, explain

if TYPE_CHECKING:
    import pandas as pd

REASONS = 3
DUE = ["measure", "chance", "closed", "due", "closes"]


@dataclass(frozen=True)
class Due:
    """One open gap of somebody on the list: its chance of staying open, and how much of it one call is to close."""

    measure: str
    title: str
    chance: float
    closed_by_a_call: float
    due: int
    closes: str


@dataclass(frozen=True)
class Called:
    """One person of the campaign. `expected` is closures per call; `reasons` are of the first of `gaps`, which are in
    the order of what a call is to close. Text that the record does not have is empty.
    """

    rank: int
    person_id: str
    name: str
    expected: float
    gaps: tuple[Due, ...]
    reasons: tuple[Reason, ...]
    practice: str
    phone: str
    language: str
    interpreter: bool


@dataclass(frozen=True)
class Campaign:
    """The list, by whom its chances were told (`models`: version by model), what a call is assumed to do, how many
    people had an open gap, who of them was left off, and which measures nobody foretells or could work out (`without`).
    """

    called: tuple[Called, ...]
    as_of_day: int
    models: Mapping[str, int]
    effects: tuple[CallEffect, ...]
    people: int
    left_off: Mapping[str, int]
    without: Mapping[str, str]

    @property
    def expected(self) -> float:
        """Closures that all calls of the list are expected to bring."""
        return float(sum(each.expected for each in self.called))


def campaign(record: Record, as_of_day: int, capacity: int) -> Campaign:
    """The `capacity` people for whom a call is expected to close most, on what was known at the end of a day.

    Left off are the dead, who is not enrolled, who is in hospital and who asked not to be called. Equal expectations
    keep the order of ids. BadModel where no model of gaps is in use; BadInput for a number that cannot be, and where no
    measure can be worked out on the record.
    """
    if capacity < 1:
        raise BadInput(got=f"--capacity {capacity}", expected="1 or more", do="Say how many calls there is time for.")
    champions = some_champion_of_gaps()
    found = gaps(record, ValueSets(), as_of_day, tuple(champions))
    effects = by_measure()
    parts = [
        _of_measure(record, table, measure, as_of_day, champions[measure], effects[measure])
        for measure, table in found.tables.items()
    ]
    away = in_hospital(record, int(windows.end_of_day(as_of_day, record.zone)))
    return ranked(record, parts, champions, found.refused, as_of_day, capacity, away)


@dataclass(frozen=True)
class Part:
    """The open gaps of one measure: rows of person_id, chance, closed, due, closes, and what explains them."""

    measure: str
    rows: pd.DataFrame
    scored: Any
    champion: Champion


def _of_measure(record: Record, table: Any, measure: str, as_of_day: int, with_: Champion, effect: CallEffect) -> Part:
    rows = table.select(["person_id", "status", "due", "closes"]).to_pandas()
    rows = rows[rows.status == OPEN_GAP].sort_values("person_id").reset_index(drop=True)
    given = rows.assign(as_of=int(windows.end_of_day(as_of_day, record.zone)), as_of_day=as_of_day)
    rows = rows[enrolled(record, given)].reset_index(drop=True)
    told = scored(record, rows.person_id.tolist(), measure, as_of_day, with_) if len(rows) else None
    chance = told.risk if told is not None else np.zeros(0)
    due = [windows.day_number(day) for day in rows.due]
    return Part(
        measure, rows.assign(chance=chance, closed=chance * effect.share, due=due, place=range(len(rows))), told, with_
    )


def ranked(
    record: Record,
    parts: list[Part],
    champions: Mapping[str, Champion],
    refused: Mapping[str, str],
    as_of_day: int,
    capacity: int,
    away: frozenset[str],
) -> Campaign:
    """The list of the open gaps of some measures, told by `champions`; `refused` says why others were not worked out,
    and `away` who is in hospital.
    """
    import pandas as pd

    evening = int(windows.end_of_day(as_of_day, record.zone))
    every = pd.concat([part.rows.assign(measure=part.measure) for part in parts], ignore_index=True)
    people = every.groupby("person_id").closed.sum()
    contacts = latest_contact(record, evening, people.index.tolist())
    silent = frozenset(contacts.person_id[contacts.contact_opt_out == 1])
    left_off = {"in hospital": int(people.index.isin(away).sum()),
                "asked not to be called": int(people.index.isin(silent - away).sum())}  # fmt: skip
    callable_ = people[~people.index.isin(away | silent)]
    first = callable_.sort_index().sort_values(ascending=False, kind="stable").head(capacity)
    listed = every[every.person_id.isin(first.index)].sort_values(["closed", "measure"], ascending=[False, True])
    why = _reasons(listed, parts)
    practices = latest_practice(record, evening, first.index.tolist())
    told = contacts.set_index("person_id")
    theirs = {str(who): rows for who, rows in listed.groupby("person_id", sort=False)}
    called = tuple(
        _called(rank, str(who), float(expected), theirs[str(who)], why, practices, told)
        for rank, (who, expected) in enumerate(first.items(), 1)
    )
    used = {with_.spec.name: with_.release.version for with_ in champions.values()}
    shown = tuple(effect for effect in by_measure().values() if effect.measure in {part.measure for part in parts})
    without = {**dict.fromkeys(sorted(set(by_measure()) - set(champions)), "no model of it is in use"), **refused}
    return Campaign(called, as_of_day, used, shown, len(people), left_off, without)


def _reasons(listed: pd.DataFrame, parts: list[Part]) -> dict[str, tuple[Reason, ...]]:
    """Why the gap that a call is most likely to close has its chance, by person."""
    first = listed.drop_duplicates("person_id")
    found: dict[str, tuple[Reason, ...]] = {}
    for part in parts:
        theirs = first[first.measure == part.measure]
        why = explain(part.scored, theirs.place.astype(int).tolist(), part.champion) if len(theirs) else ()
        found |= {who: each.reasons[:REASONS] for who, each in zip(theirs.person_id, why, strict=True)}
    return found


def _called(
    rank: int,
    who: str,
    expected: float,
    theirs: pd.DataFrame,
    why: Mapping[str, tuple[Reason, ...]],
    practices: Mapping[str, str],
    contacts: pd.DataFrame,
) -> Called:
    contact: Any = contacts.loc[who] if who in contacts.index else None
    return Called(
        rank=rank,
        person_id=who,
        name="" if contact is None else " ".join(filter(None, [contact.first_name, contact.last_name])),
        expected=expected,
        gaps=tuple(
            Due(measure, TITLES[measure], chance, closed, due, closes)
            for measure, chance, closed, due, closes in theirs[DUE].itertuples(index=False, name=None)
        ),
        reasons=why.get(who, ()),
        practice=practices.get(who, ""),
        phone="" if contact is None else contact.phone or "",
        language="" if contact is None else language_of(contact.preferred_language),
        interpreter=contact is not None and bool(contact.interpreter_needed == 1),
    )


CSV_COLUMNS = (
    *("rank", "person_id", "name", "expected_closures_per_call", "gaps", "reasons", "practice", "phone", "language"),
    *("interpreter", "models", "assumed_effects"),
)


def write_csv(given: Campaign, path: Path) -> None:
    """The list as CSV, one row a person in order of rank; what a call is assumed to do stands in every row."""
    models = "; ".join(f"{name} version {version}" for name, version in sorted(given.models.items()))
    assumed = "; ".join(f"{effect.measure} {effect.share:g}" for effect in given.effects)
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        for each in given.called:
            row = (
                each.rank,
                each.person_id,
                each.name,
                f"{each.expected:.6f}",
                "; ".join(f"{gap.title} ({gap.chance:.0%} to stay open): {gap.closes}" for gap in each.gaps),
                "; ".join(f"{reason.sentence} ({reason.direction} the chance)" for reason in each.reasons),
                each.practice,
                each.phone,
                each.language,
                "yes" if each.interpreter else "",
                models,
                assumed,
            )
            writer.writerow([cell(value) for value in row])


def accounted(given: Campaign) -> str:
    """How many people have an open gap, how many are listed, who is not and why, in sentences."""
    off = sum(given.left_off.values())
    whys = ", ".join(f"{count} {why}" for why, count in given.left_off.items() if count)
    below = given.people - off - len(given.called)
    said = [f"{given.people:,} people have a gap that is open and foretold."]
    said.append(
        f"{len(given.called):,} are listed" + (f", {below:,} for whom a call is to do less are not." if below else ".")
    )
    if off:
        said.append(f"{off:,} are not to be called: {whys}.")
    said.append(f"Their calls are expected to close {given.expected:.1f} gaps.")
    return " ".join(said)
