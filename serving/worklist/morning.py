"""Who belongs on the list as of a day: everyone whom some model lists, once, and those whom no model may score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from features import windows
from features.codes.places import EXPIRED, HOSPICE
from features.definitions.cohort import ADULT, LATE, prediction_cohort
from features.definitions.present import dead, in_hospital
from features.errors import BadModel
from features.record.record import Record, persons_now
from serving.outreach import LANGUAGES, Entry, OutreachList, outreach_list
from serving.score import Champion
from serving.worklist import facts, rules

if TYPE_CHECKING:
    from features.measures.gaps_file import OpenGap

EVERYBODY = 1_000_000
TIER_ORDER = {"high": 0, "medium": 1, "low": 2, "": 3}
OUTSIDE = {ADULT.name: "under 18", LATE: "the discharge became known more than a day later"}


@dataclass(frozen=True)
class Risk:
    """What one model says of one discharge."""

    model: str
    title: str
    version: int
    risk: float
    tier: str


@dataclass(frozen=True)
class Candidate:
    """One person who belongs on the list by one discharge. `risks` are those of every model, the one that places them
    first; none for whoever is outside the validated population, and `outside` then says why.
    """

    person_id: str
    stay_id: str
    name: str
    practice: str
    facility: str
    whereabouts: str
    discharge_day: int
    risks: tuple[Risk, ...]
    open_gaps: int
    pending_results: int
    facts: dict[str, Any]
    outside: str = ""

    @property
    def tier(self) -> str:
        """The tier of the model that places the person."""
        return self.risks[0].tier if self.risks else ""


@dataclass(frozen=True)
class Morning:
    """What the record tells as of the evening of a day. `people_now` says by which number a person goes; `back`,
    `dead`, `hospice` and `opted_out` are people; `stays` are the acute stays known of each; `lists` are those of the
    models, in the order in which they were named.
    """

    day: int
    zone: str
    candidates: tuple[Candidate, ...]
    people_now: Mapping[str, str]
    back: frozenset[str]
    dead: frozenset[str]
    hospice: frozenset[str]
    opted_out: frozenset[str]
    stays: Mapping[str, list[dict[str, Any]]]
    lists: tuple[OutreachList, ...] = ()


def morning(
    record: Record,
    champions: Sequence[Champion],
    first_day: int,
    day: int,
    gaps: Mapping[str, tuple[OpenGap, ...]],
    on_the_list: Sequence[str] = (),
) -> Morning:
    """Everyone discharged from `first_day` to `day`, and what became of the people who are on the list already."""
    evening = int(windows.end_of_day(day, record.zone))
    lists = [outreach_list(record, with_, first_day, day, EVERYBODY, gaps) for with_ in champions]
    entries = by_person(lists)
    outside = _outside(record, first_day, day, evening)
    now = dict(zip(on_the_list, persons_now(record, on_the_list), strict=True))
    people = sorted({*entries, *outside, *now.values()})
    told = facts.reach(record, evening, people)
    own = facts.stays(record, evening, people)
    opted_out = frozenset(person for person in people if told[person].get("contact_opt_out") == 1)
    hospice = frozenset(person for person in people if _last_end(own.get(person, [])) in HOSPICE)
    died = dead(record, evening) | {person for person in people if _last_end(own.get(person, [])) in EXPIRED}
    back = in_hospital(record, evening)
    unscored = {person: why for person, why in outside.items() if person not in entries}
    off = {*died, *back, *opted_out, *hospice}
    wanted = {**dict.fromkeys(entries, ""), **{p: why for p, (_, why) in unscored.items() if p not in off}}
    stay_of = {**{p: es[0].stay_id for p, es in entries.items()}, **{p: stay for p, (stay, _) in unscored.items()}}
    candidates = _candidates(record, evening, day, wanted, stay_of, entries, told, own, gaps)
    return Morning(day, record.zone, candidates, now, back, frozenset(died), hospice, opted_out, own, tuple(lists))


def by_person(lists: Sequence[OutreachList]) -> dict[str, list[Entry]]:
    """The entries of each person, the one that places them first: by tier, then by risk, then as models are named."""
    found: dict[str, list[Entry]] = {}
    for made in lists:
        for entry in made.entries:
            found.setdefault(entry.person_id, []).append(entry)
    return {
        person: sorted(entries, key=lambda one: (TIER_ORDER[one.tier], -one.risk, one.model))
        for person, entries in found.items()
    }


def _outside(record: Record, first_day: int, day: int, evening: int) -> dict[str, tuple[str, str]]:
    """Stay and reason of each person discharged in these days whom no model may score, though a call is due."""
    cohort = prediction_cohort(record, first_day, day)
    out = cohort.excluded[cohort.excluded.excluded_by.isin(list(OUTSIDE))]
    found = {}
    for person, row in zip(persons_now(record, out.person_id), out.to_dict("records"), strict=True):
        found[person] = (str(row["stay_id"]), OUTSIDE[str(row["excluded_by"])])
    known = facts.stays(record, evening, sorted(found))
    return {
        person: (stay, why)
        for person, (stay, why) in found.items()
        if any(one["stay_id"] == stay and one["over"] == 1 for one in known.get(person, []))
    }


def _last_end(own: Sequence[Mapping[str, Any]]) -> str:
    """How the last stay that is over ended, by its code."""
    over = [stay for stay in own if stay["over"] == 1]
    return (over[-1]["discharge_disposition_code"] or "") if over else ""


def _candidates(
    record: Record,
    evening: int,
    day: int,
    wanted: Mapping[str, str],
    stay_of: Mapping[str, str],
    entries: Mapping[str, Sequence[Entry]],
    told: facts.Facts,
    own: Mapping[str, list[dict[str, Any]]],
    gaps: Mapping[str, tuple[OpenGap, ...]],
) -> tuple[Candidate, ...]:
    people = list(wanted)
    places, since = facts.facility_names(record), day - facts.TIMELINE_DAYS
    visits = facts.care(record, evening, people, since)
    booked = facts.appointments(record, evening, people)
    index = {
        person: _stay(own.get(person, []), stay_of[person], [entry.discharge_day for entry in entries.get(person, ())])
        for person in people
    }
    spans = {person: (stay["admit_day"], stay["discharge_day"]) for person, stay in index.items() if stay}
    waiting = facts.pending(record, evening, spans)
    made = []
    for person in people:
        stay, listed = index[person], entries.get(person, ())
        if stay is None:
            continue
        open_gaps = gaps.get(person, ())
        line = facts.timeline(own.get(person, ()), visits.get(person, ()), booked.get(person, ()), places, since)
        shown = {
            **_shown(told[person], listed, day),
            "gaps": [{"title": gap.title, "due": gap.due, "closes": gap.closes} for gap in open_gaps],
            "pending": waiting.get(person, []),
            "appointments": [one for one in booked.get(person, []) if one["day"] >= day and one["status"] == "booked"],
            "timeline": line,
            "stay": facts.of_stay(stay, places),
            "outside": wanted[person],
        }
        names = [told[person].get(part) or "" for part in ("first_name", "last_name")]
        made.append(
            Candidate(
                person_id=person,
                stay_id=stay_of[person],
                name=" ".join(filter(None, names)),
                practice=(listed[0].practice if listed else told[person]["practice"]) or "",
                facility=places.get(stay["facility_id"] or "", stay["facility_id"] or ""),
                whereabouts=facts.whereabouts(stay["discharge_disposition_code"]),
                discharge_day=stay["discharge_day"],
                risks=tuple(_risk(entry) for entry in listed),
                open_gaps=len(open_gaps),
                pending_results=len(waiting.get(person, [])),
                facts=shown,
                outside=wanted[person],
            )
        )
    return tuple(made)


def _stay(own: Sequence[dict[str, Any]], stay_id: str, days: Sequence[int]) -> dict[str, Any] | None:
    """The stay of that name, else the one of that day of discharge (it may go by another name since people were
    merged), else what the list says of it.
    """
    ended = [one for one in own if one["discharge_day"] is not None]
    for one in ended:
        if one["stay_id"] == stay_id:
            return one
    for one in ended:
        if one["discharge_day"] in days:
            return one
    blank = dict.fromkeys(("facility_id", "admit_type_code", "discharge_disposition_code"))
    return {**blank, "admit_day": days[0], "discharge_day": days[0]} if days else None


def _shown(told: Mapping[str, Any], listed: Sequence[Entry], day: int) -> dict[str, Any]:
    language = told.get("preferred_language") or ""
    born = told.get("birth_day")
    return {
        "phone": told.get("phone") or "",
        "language": LANGUAGES.get(language.split("-")[0].lower(), language),
        "interpreter": told.get("interpreter_needed") == 1,
        "best_time": told.get("best_time") or "",
        "caregiver": told.get("caregiver_name") or "",
        "caregiver_phone": told.get("caregiver_phone") or "",
        "doctor": told.get("doctor") or "",
        "age": None if born is None else int(windows.age_in_years([born], [day])[0]),
        "born": "" if born is None else windows.spoken(born),
        "reasons": [asdict(reason) for reason in listed[0].reasons] if listed else [],
        "other_risks": [vars(_risk(entry)) for entry in listed[1:]],
        "title": _title(listed[0].model) if listed else "",
        "model_version": listed[0].model_version if listed else None,
    }


def _risk(entry: Entry) -> Risk:
    return Risk(entry.model, _title(entry.model), entry.model_version, entry.risk, entry.tier)


def _title(model: str) -> str:
    from models.specs import spec

    return spec(model).title


def placed(tier: str, risk: float | None, discharge_day: int, stay_id: str) -> tuple[int, float, int, str]:
    """What orders the list: tier, then risk, then who left first, then the stay's name. None of it ever changes for a
    discharge, so two people change places only when one of them comes or goes.
    """
    return TIER_ORDER[tier], -(risk or 0.0), discharge_day, stay_id


def named(models: Sequence[str]) -> tuple[Champion, ...]:
    """The champions of these models; where none is named, of every model that has one. Raises BadModel for none."""
    from models import pointer
    from models.specs import OF_DISCHARGES
    from serving.score import champion

    wanted = models or [one.name for one in OF_DISCHARGES if pointer.champion_version(one.name) is not None]
    if not wanted:
        raise BadModel(
            got="no model that was promoted",
            expected="a champion to rank by",
            do="Run `afterward train` and `afterward promote` first.",
        )
    return tuple(champion(name) for name in wanted)


def first_day_of(day: int, last_fill: int | None, back: int) -> int:
    """From which day discharges are looked at: `back` days, and further where the list was not filled since, but never
    before the 30 days that the work is about.
    """
    reach = day - back + 1 if last_fill is None else min(day - back + 1, last_fill)
    return max(reach, day - rules.PERIOD_DAYS + 1)
