"""Whom to call first, and why: the ranked list of the people discharged in a range of days."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from features import windows
from features.codes.places import DISPOSITIONS
from features.codes.sensitive import MENTAL, allowed
from features.definitions.cohort import prediction_cohort
from features.definitions.present import dead, in_hospital
from features.definitions.stays import stay_versions
from features.errors import BadInput
from features.record.record import Record, cut_to_persons, persons_now
from features.record.tables import ATTRIBUTION, CONTACT_DETAILS, FACILITY, PROVIDER
from models.explain import Reason
from serving.score import Champion, Scored, explain, score, strangeness, tiers_of

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

    from features.measures.gaps_file import OpenGap

LEFT_OUT = {  # a rule's name says whom it keeps; here, what became of those whom it left out
    "discharged alive": "died in hospital",
    "not to hospice": "went to hospice",
    "not transferred out": "went on to another hospital",
    "not back in hospital already": "back in hospital already",
    "adult": "under 18",
}
FIRST_CONTACT_BUSINESS_DAYS = 2  # CPT 99495 and 99496: contact within two business days of discharge
ELSEWHERE = "another institution"
LANGUAGES = {
    "en": "English",
    "es": "Spanish",
    "zh": "Chinese",
    "vi": "Vietnamese",
    "ru": "Russian",
    "ht": "Haitian Creole",
    "ko": "Korean",
    "pt": "Portuguese",
    "ar": "Arabic",
    "tl": "Tagalog",
    "fr": "French",
    "pl": "Polish",
}


@dataclass(frozen=True)
class Entry:
    """One person on the list. Text that the record does not have is empty, and so is `went_to` of whom went home. `due`
    is a day number; `gaps` are the care gaps that are open, where they were given.
    """

    rank: int
    person_id: str
    stay_id: str
    name: str
    risk: float
    tier: str
    reasons: tuple[Reason, ...]
    discharge_day: int
    facility: str
    practice: str
    due: int
    phone: str
    language: str
    interpreter: bool
    model: str
    model_version: int
    went_to: str = ""
    gaps: tuple[OpenGap, ...] = ()


@dataclass(frozen=True)
class OutreachList:
    """The list and what was left off it. `stays` ended in these days, of `people`; `left_off` counts people by reason.

    `warnings` say how the store differs from what the model was trained on. `scored` is everyone who could be called,
    whom `top` were taken from; null where there was nobody.
    """

    entries: tuple[Entry, ...]
    title: str
    model: str
    model_version: int
    first_day: int
    last_day: int
    stays: int
    people: int
    left_off: dict[str, int]
    warnings: tuple[str, ...] = ()
    top: int = 0
    scored: Scored | None = field(default=None, repr=False)  # whoever prints a list prints no features


def outreach_list(
    record: Record,
    with_: Champion,
    first_day: int,
    last_day: int,
    top: int,
    gaps: Mapping[str, tuple[OpenGap, ...]] | None = None,
    scopes: Collection[str] = (),
) -> OutreachList:
    """The `top` people by calibrated risk among those discharged from `first_day` to `last_day`, both included.

    Each stay is scored at its own prediction time and each person stands once, by the latest index stay. Whoever is
    known at the end of `last_day` to be in hospital, dead, or not wanting calls is left off. Equal risks keep the order
    of discharge, then of the stay's id. `gaps` are shown beside the risk and move nobody. `scopes` are the sensitive
    categories that the readers of the list may be told of: others are in the risk and in no word. Raises BadInput for
    days or a number that cannot be, and for days of which the record has no discharge before and after.
    """
    if last_day < first_day:
        raise BadInput(got="--from after --to", expected="--from on or before --to", do="Swap them.")
    if top < 1:
        raise BadInput(got=f"--top {top}", expected="1 or more", do="Say how many calls there is time for.")
    _check_covered(record, first_day, last_day)
    evening = int(windows.end_of_day(last_day, record.zone))
    cohort = prediction_cohort(record, first_day, last_day)
    rows = cohort.rows[cohort.rows.as_of <= evening]  # news that came later belongs to the next evening's list
    rows = rows.assign(one=persons_now(record, rows.person_id))  # a stay may be told under a number given up since
    latest = rows.sort_values(["as_of", "stay_id"]).drop_duplicates("one", keep="last")
    told = latest_contact(record, evening, latest.one.tolist())
    gone = {
        "in hospital again": in_hospital(record, evening),
        "died": dead(record, evening),
        "asked not to be called": frozenset(told.person_id[told.contact_opt_out == 1]),
        **_left_since(latest, _by_one(record, cohort.excluded[cohort.excluded.as_of <= evening])),
    }
    left_off: dict[str, int] = {}
    callable_ = latest
    for reason, people in gone.items():
        stays = callable_.one.isin(people)
        left_off[reason] = int(stays.sum())
        callable_ = callable_[~stays]
    callable_ = callable_.sort_values(["as_of", "stay_id"]).reset_index(drop=True)
    entries: tuple[Entry, ...] = ()
    scored: Scored | None = None
    if len(callable_):
        scored = score(cut_to_persons(record, callable_.person_id.tolist()), callable_, with_)
        places = np.argsort(-scored.risk, kind="stable")[:top].tolist()
        entries = _entries(record, scored, places, with_, told, evening, gaps or {}, scopes)
    return OutreachList(
        entries=entries,
        title=with_.spec.title,
        model=with_.spec.name,
        model_version=with_.release.version,
        first_day=first_day,
        last_day=last_day,
        stays=len(rows),
        people=len(latest),
        left_off=left_off,
        warnings=strangeness(record, with_),
        top=top,
        scored=scored,
    )


def _by_one(record: Record, stays: pd.DataFrame) -> pd.DataFrame:
    return stays.assign(one=persons_now(record, stays.person_id))


def accounted(given: OutreachList) -> str:
    """Who was discharged, who is listed, who is not and why, in sentences."""
    off = sum(given.left_off.values())
    below = given.people - off - len(given.entries)
    whys = ", ".join(f"{count} {reason}" for reason, count in given.left_off.items() if count)
    people, stays = _counted(given.people, "person", "people"), _counted(given.stays, "stay", "stays")
    said = [f"{people} left hospital in these days ({stays})."]
    if given.entries:
        listed = f"The {len(given.entries)} at highest risk {_are(len(given.entries))} listed"
        said.append(listed + (f", {below} at lower risk {_are(below)} not." if below else "."))
    if off:
        said.append(f"{off} {_are(off)} not to be called: {whys}.")
    if not given.entries:
        said.append("Nobody is left whom one could call.")
    return " ".join(said)


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _check_covered(record: Record, first_day: int, last_day: int) -> None:
    stays = stay_versions(record)
    ended = stays.filter(stays.discharge_day.notnull())
    span = record.con.to_pyarrow(ended.aggregate(first=ended.discharge_day.min(), last=ended.discharge_day.max()))
    [found] = span.to_pylist()
    if found["first"] is None:
        raise BadInput(got="a store without a discharge", expected="stays that ended", do="Load claims or messages.")
    if last_day < found["first"] or first_day > found["last"]:
        covered = f"{windows.iso(found['first'])} to {windows.iso(found['last'])}"
        raise BadInput(
            got=f"days from {windows.iso(first_day)} to {windows.iso(last_day)}",
            expected=f"days within the store's discharges, {covered}",
            do="Change --from and --to, or load newer files.",
        )


def _left_since(latest: pd.DataFrame, excluded: pd.DataFrame) -> dict[str, frozenset[str]]:
    """People whose later stay a rule left out, by rule: whoever went to hospice or on to another hospital is not called
    about the stay before.
    """
    both = excluded.merge(latest[["one", "discharge_day"]], on="one", suffixes=("", "_listed"))
    later = both[both.discharge_day > both.discharge_day_listed]
    return {
        LEFT_OUT.get(str(rule), f"left out by the rule {rule}"): frozenset(people)
        for rule, people in later.groupby("excluded_by").one
    }


def _entries(
    record: Record,
    scored: Scored,
    places: list[int],
    with_: Champion,
    told: pd.DataFrame,
    evening: int,
    gaps: Mapping[str, tuple[OpenGap, ...]],
    scopes: Collection[str],
) -> tuple[Entry, ...]:
    why = explain(scored, places, with_, scopes)
    tier = tiers_of(scored, with_)
    people = persons_now(record, scored.rows.person_id.iloc[places])
    contacts = told.set_index("person_id")
    practices = latest_practice(record, evening, people)
    facilities = _facility_names(record, scored.rows.facility_id.iloc[places].dropna().unique().tolist())
    went_to = _went_to(record, scored.rows.stay_id.iloc[places].tolist(), evening, scopes)
    entries = []
    for rank, (person, place, because) in enumerate(zip(people, places, why, strict=True), 1):
        row = scored.rows.iloc[place]
        contact: Any = contacts.loc[person] if person in contacts.index else None
        facility = row.facility_id if isinstance(row.facility_id, str) else ""
        entries.append(
            Entry(
                rank=rank,
                person_id=person,
                stay_id=row.stay_id,
                name="" if contact is None else " ".join(filter(None, [contact.first_name, contact.last_name])),
                risk=float(scored.risk[place]),
                tier=str(tier[place]),
                reasons=because.reasons,
                discharge_day=int(row.discharge_day),
                facility=facilities.get(facility, facility),
                went_to=went_to.get(row.stay_id, ""),
                practice=practices.get(person, ""),
                due=windows.business_days_after(int(row.discharge_day), FIRST_CONTACT_BUSINESS_DAYS),
                phone="" if contact is None else contact.phone or "",
                language="" if contact is None else language_of(contact.preferred_language),
                interpreter=contact is not None and bool(contact.interpreter_needed == 1),
                model=with_.spec.name,
                model_version=with_.release.version,
                gaps=gaps.get(person, ()),
            )
        )
    return tuple(entries)


def language_of(tag: str | None) -> str:
    """A language in words, by its tag; one that we have no word for as its tag."""
    return "" if not tag else LANGUAGES.get(tag.split("-")[0].lower(), tag)


def latest_contact(record: Record, instant: int, people: Sequence[str]) -> pd.DataFrame:
    """Contact details known at an instant, one row a person; what was never told is null."""
    names = ("first_name", "last_name", "phone", "preferred_language", "interpreter_needed", "contact_opt_out")
    found: pd.DataFrame = latest_told(record[CONTACT_DETAILS], instant, people, names).to_pandas()
    return found.astype(object).where(found.notna(), None)


def latest_practice(record: Record, instant: int, people: Sequence[str]) -> dict[str, str]:
    """The practice that answers for each person; where only a clinician is named, the clinician's."""
    import ibis

    clinicians = record[PROVIDER].group_by("provider_id").aggregate(theirs=record[PROVIDER].practice.max())
    rows = record[ATTRIBUTION].left_join(clinicians, "provider_id")
    rows = rows.mutate(practice=ibis.coalesce(rows.practice, rows.theirs))
    found = latest_told(rows, instant, people, ("practice",)).to_pandas().dropna()
    return dict(zip(found.person_id, found.practice, strict=True))


def latest_told(rows: ir.Table, instant: int, people: Sequence[str], names: Sequence[str]) -> ir.Table:
    """For each person the latest known value of each column: a later row without it does not take it away."""
    import ibis

    kept = rows.filter(rows.known_at <= instant, rows.person_id.isin(list(people)))
    order = ibis.window(group_by="person_id", order_by=["known_at", "happened_from", *names])
    kept = kept.mutate(place=ibis.row_number().over(order))
    told = {name: kept[name].argmax(kept.place, where=kept[name].notnull()) for name in names}
    return kept.group_by("person_id").aggregate(**told).order_by("person_id")


def _went_to(record: Record, stays: Sequence[str], instant: int, scopes: Collection[str]) -> dict[str, str]:
    """Where each stay sent the person, as told by an instant, in words; nothing for home and where nobody told. That it
    is a psychiatric hospital is told within the scope only.
    """
    versions = stay_versions(record)
    now = versions.filter(
        versions.stay_id.isin(list(stays)), versions.known_from <= instant, instant < versions.known_until
    )
    found = now.select("stay_id", "discharge_disposition_code").to_pandas().dropna()
    words = {
        place.code: place.wording if place.kind != "psychiatric" or allowed(MENTAL, scopes) else ELSEWHERE
        for place in DISPOSITIONS
        if place.kind != "home"
    }
    return {stay: words[code] for stay, code in zip(found.iloc[:, 0], found.iloc[:, 1], strict=True) if code in words}


def _facility_names(record: Record, ids: Sequence[str]) -> dict[str, str]:
    rows = record[FACILITY]
    kept = rows.filter(rows.facility_id.isin(list(ids)), rows.name.notnull())
    found = kept.group_by("facility_id").aggregate(name=kept.name.max()).to_pandas()
    return dict(zip(found.facility_id, found.name, strict=True))


FORMULA = ("=", "+", "-", "@", "\t", "\r")
PHONE = re.compile(r"\+[0-9 ().-]+")
CSV_COLUMNS = (
    "rank",
    "person_id",
    "name",
    "risk",
    "tier",
    "reasons",
    "discharge_date",
    "facility",
    "went_to",
    "practice",
    "first_contact_due",
    "open_gaps",
    "phone",
    "language",
    "interpreter",
    "model",
    "model_version",
    "stay_id",
)


def write_csv(given: OutreachList, path: Path) -> None:
    """The list as CSV, one row a person in order of rank; the same list gives the same bytes."""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        writer.writerows([cell(value) for value in _row(entry)] for entry in given.entries)


def _row(entry: Entry) -> tuple[str | int, ...]:
    return (
        entry.rank,
        entry.person_id,
        entry.name,
        f"{entry.risk:.6f}",
        entry.tier,
        "; ".join(f"{reason.sentence} ({reason.direction} risk)" for reason in entry.reasons),
        windows.iso(entry.discharge_day),
        entry.facility,
        entry.went_to,
        entry.practice,
        windows.iso(entry.due),
        "; ".join(map(_gap, entry.gaps)),
        entry.phone,
        entry.language,
        "yes" if entry.interpreter else "",
        entry.model,
        entry.model_version,
        entry.stay_id,
    )


def _gap(gap: OpenGap) -> str:
    chance = "" if gap.chance is None else f", {gap.chance:.0%} to stay open"
    return f"{gap.title} (due {windows.iso(gap.due)}{chance}): {gap.closes}"


def cell(value: str | int) -> str | int:
    """Text that a spreadsheet would run as a formula gets an apostrophe before it; a telephone number is none."""
    if isinstance(value, str) and value[:1] in FORMULA and not PHONE.fullmatch(value):
        return f"'{value}"
    return value
