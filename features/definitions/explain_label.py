"""Why one stay is or is not an index stay, and how its outcome was decided: rule by rule, from the same functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from features import windows
from features.codes.groupings import CCS_DIAGNOSIS
from features.codes.places import DISPOSITIONS, fact
from features.codes.systems import system
from features.definitions.cohort import (
    LATE,
    PREDICTION_RULES,
    STATUS,
    Rule,
    can_be_asked,
    prediction_candidates,
)
from features.definitions.deaths import deaths
from features.definitions.enrolment import covered_through
from features.definitions.evidence import TELLERS, stay_evidence
from features.definitions.hwr import CMS_2021, HWR_RULES, Scope, hwr_candidates
from features.definitions.looked_at import later_care
from features.definitions.outcomes import Outcome, labels
from features.definitions.planned import planned_stays
from features.definitions.stays import DISPUTABLE, other_stays
from features.errors import BadInput
from features.record.known import FOREVER
from features.record.record import Record, cut_to_persons

if TYPE_CHECKING:
    import pandas as pd

KEPT, OUT, NOT_ASKED = "kept", "left out", "not evaluable"
TAKEN_BACK = "none: this stay was taken back or joined another"


@dataclass(frozen=True)
class Answer:
    """What one rule says of the stay: KEPT, OUT or NOT_ASKED. `facts` are what it looked at, `sense` is why the rule is
    there.
    """

    rule: str
    sense: str
    says: str
    facts: str


@dataclass(frozen=True)
class End:
    """One discharge that was told of the stay (a correction or a return to the bed tells another), and what the rules
    that decide at discharge say of it, in order. Where the news came too late no other rule is asked.
    """

    discharged: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Explanation:
    """All values are text. `stay`: facts of the stay as finally told, by name. `evidence`: who told what, and when it
    was known. `ends`: for each discharge that was told, the answers of the rules that decide who is scored. `measured`:
    the answers of those of the retrospective cohort, empty where the stay is no candidate. `outcome`: facts of the
    decision. `later`: what came after the discharge, each with why it did or did not decide.
    """

    stay: dict[str, str]
    evidence: tuple[dict[str, str], ...]
    ends: tuple[End, ...]
    measured: tuple[Answer, ...]
    outcome: dict[str, str]
    later: tuple[dict[str, str], ...] = ()


def explain_label(record: Record, stay_id: str, outcome: Outcome, scope: Scope = CMS_2021) -> Explanation:
    """Everything that decided about one stay. BadInput where no stay ever had that id."""
    versions = planned_stays(record)
    ever = versions.filter(versions.stay_id == stay_id).select("person_id").distinct().to_pandas()
    if not len(ever):
        elsewhere = other_stays(record).filter(lambda t: t.stay_id == stay_id).order_by("known_from").to_pandas()
        if len(elsewhere):
            return _not_acute(record, elsewhere.iloc[-1], scope)
        raise BadInput(
            got="an id that no stay has, or ever had",
            expected="the stay_id of a stay in hospital",
            do="Take it from the list of `afterward score` or from the service's answer.",
        )
    own = cut_to_persons(record, ever.person_id)
    mine = planned_stays(own)
    told = mine.filter(mine.stay_id == stay_id).order_by("known_from").to_pandas()
    last = told.iloc[-1]
    final = bool(last.known_until == FOREVER)
    measured = hwr_candidates(own, scope)
    measured = measured[measured.stay_id == stay_id]
    said, later = _outcome(own, last, outcome) if final else ({"label": TAKEN_BACK}, ())
    return Explanation(
        stay=_stay(last, final, record.zone),
        evidence=tuple(_evidence(own, last, record.zone)),
        ends=tuple(_ends(own, told)),
        measured=_answers(measured, HWR_RULES, record) if len(measured) else (),
        outcome=said,
        later=later,
    )


def _not_acute(record: Record, last: pd.Series, scope: Scope) -> Explanation:
    """Of a stay in a long-term, rehabilitation or psychiatric hospital or unit, or of another kind that counts for
    nothing.
    """
    own = cut_to_persons(record, [last.person_id])
    stay = last.copy()
    stay["planned"], stay["planned_why"] = 0, "not asked of a stay that is not acute"
    measured = hwr_candidates(own, scope)
    measured = measured[measured.stay_id == last.stay_id]
    kind = f"kind of the last hospital {_text(last.kind).replace('_', ' ')}"
    acute = Answer("acute stay", "only short-term acute and critical access hospitals count", OUT, kind)
    return Explanation(
        stay=_stay(stay, bool(last.known_until == FOREVER), record.zone),
        evidence=tuple(_evidence(own, last, record.zone)),
        ends=(End(_day(last.discharge_day), (acute,)),) if last.discharge_day == last.discharge_day else (),
        measured=_answers(measured, HWR_RULES, own) if len(measured) else (),
        outcome={"label": "none: it is no index stay, nor anybody's readmission"},
    )


def _ends(record: Record, told: pd.DataFrame) -> Iterator[End]:
    """`told`: the versions of the stay, in the order in which they were known."""
    candidates = prediction_candidates(record)
    ended = told[told.discharge_day.notna()]
    for day in sorted(ended.discharge_day.unique()):
        versions = ended[ended.discharge_day == day]
        first = versions.iloc[0]
        facts = f"left {windows.stamp(int(first.discharged_at), record.zone)}"
        facts += f", known {windows.stamp(int(first.known_from), record.zone)}"
        same_day = (candidates.stay_id == first.stay_id) & (candidates.discharge_day == day)
        rows = candidates[same_day].sort_values("as_of").tail(1)
        in_time = Answer(LATE, "later news cannot be scored at discharge", KEPT if len(rows) else OUT, facts)
        yield End(_day(day), (in_time, *(_answers(rows, PREDICTION_RULES, record) if len(rows) else ())))


def _answers(rows: pd.DataFrame, rules: Sequence[Rule], record: Record) -> tuple[Answer, ...]:
    found = []
    for rule in rules:
        asked = bool(can_be_asked(rule, rows, record.lacks).iloc[0])
        says = (KEPT if bool(rule.keeps(rows).iloc[0]) else OUT) if asked else NOT_ASKED
        facts = ", ".join(f"{_named(name)} {_shown(name, rows[name].iloc[0])}" for name in rule.asks)
        found.append(Answer(rule.name, rule.sense, says, facts))
    return tuple(found)


def _named(column: str) -> str:
    return column.removesuffix("_day").removesuffix("_code").replace("_", " ")


def _shown(column: str, value: object) -> str:
    if value is None or value != value:
        return "not told"
    if column.endswith("_day"):
        return _day(float(str(value)))
    if column == STATUS:
        return _status(value)
    return value.replace("_", " ") if isinstance(value, str) else str(int(float(str(value))))


def _day(value: float) -> str:
    return "not told" if value != value or value is None else windows.iso(int(value))


def _status(code: object) -> str:
    """Where somebody went, in words beside the code."""
    known = fact(DISPOSITIONS, code) if isinstance(code, str) else None
    return _text(code) if known is None else f"{known.code} ({known.wording})"


def _diagnosis(system_name: object, code: object) -> str:
    """A diagnosis with the words of its CCS category; the code alone where it has none."""
    if not isinstance(code, str) or not isinstance(system_name, str):
        return _text(code)
    at = system(system_name)
    labels_of = CCS_DIAGNOSIS.labels_of(at, code) if CCS_DIAGNOSIS.covers(at) else ()
    words = "; ".join(CCS_DIAGNOSIS.description(label) for label in labels_of)
    return f"{code} ({words})" if words else code


def _text(value: object) -> str:
    return value if isinstance(value, str) else "not told"


def _stay(stay: pd.Series, final: bool, zone: str) -> dict[str, str]:
    teller = TELLERS.get(int(stay.told_discharge)) if stay.told_discharge == stay.told_discharge else None
    disputed = [name.replace("_", " ") for name in DISPUTABLE if stay[f"disputed_{name}"]]
    ended = _day(stay.discharge_day)
    if stay.discharge_day != stay.discharge_day:
        ended = "over, nobody told when" if stay.over else "still there"
    return {
        "stay": str(stay.stay_id),
        "still so": "yes, as everything loaded tells it" if final else "no: it was taken back or joined another stay",
        "admitted": _day(stay.admit_day),
        "discharged": f"{ended}, told by {teller}" if teller else ended,
        "first hospital": _text(stay.first_facility_id),
        "last hospital": f"{_text(stay.facility_id)} ({_text(stay.kind).replace('_', ' ')})",
        "hospitals": str(int(stay.hospitals)),
        "principal diagnosis": _diagnosis(stay.principal_system, stay.principal_code),
        "patient status": _status(stay.discharge_disposition_code),
        "planned": f"{'yes' if stay.planned else 'no'}: {stay.planned_why}",
        "sources disagree on": ", ".join(disputed) or "nothing",
        "known since": windows.stamp(int(stay.known_from), zone),
    }


def _evidence(record: Record, stay: pd.Series, zone: str) -> list[dict[str, str]]:
    """Every word on stays that touch this one, whether it still holds, by when it was known."""
    rows = stay_evidence(record).to_pandas()
    last = stay.discharge_day if stay.discharge_day == stay.discharge_day else stay.admit_day
    near = (rows.admit_day <= last + 1) & (rows.discharge_day.fillna(rows.seen_day) >= stay.admit_day - 1)
    rows = rows[near].sort_values(["known_from", "rank", "evidence_id"])
    return [
        {
            "who": TELLERS[int(row["rank"])],
            "known": windows.stamp(int(row.known_from), zone),
            "until": "now" if row.known_until == FOREVER else windows.stamp(int(row.known_until), zone),
            "in": _day(row.admit_day),
            "out": _day(row.discharge_day),
            "hospital": _text(row.facility_id),
            "kind": _text(row.kind).replace("_", " "),
            "status": _text(row.discharge_disposition_code),
            "principal": _text(row.principal_code),
        }
        for _, row in rows.iterrows()
    ]


def _outcome(record: Record, stay: pd.Series, outcome: Outcome) -> tuple[dict[str, str], tuple[dict[str, str], ...]]:
    """Facts of the decision, and what came after the discharge."""
    import ibis
    import pandas as pd

    if stay.discharge_day != stay.discharge_day:
        return {"label": "none: nobody told a discharge"}, ()
    columns = ["person_id", "stay_id", "admit_day", "discharge_day"]
    rows = pd.DataFrame([stay[columns]]).reset_index(drop=True)
    rows = rows.astype({"admit_day": "int64", "discharge_day": "int64"})
    rows.insert(0, "row_id", [0])
    given = ibis.memtable(rows)
    said = labels(record, rows, outcome).iloc[0]
    event_day = None if pd.isna(said.event_day) else float(said.event_day)
    found = {"outcome": f"{outcome.name}: {outcome.says}", **_seen(record, rows, outcome)}
    later = later_care(record, given, outcome, event_day)
    if pd.isna(said.label):
        return {**found, "label": f"not known: {said.null_reason}"}, later
    found["label"] = str(int(said.label))
    if event_day is not None:
        days = int(event_day - rows.discharge_day.iloc[0])
        found["first event"] = f"{_day(event_day)}, {days} days after discharge"
        found["what it was"] = outcome.shows(record, given, int(event_day))
    if isinstance(said.competing, str):
        found["came in its place"] = said.competing
    found["label known"] = _day(said.label_known_day)
    return found, later


def _seen(record: Record, rows: pd.DataFrame, outcome: Outcome) -> dict[str, str]:
    """The window of one row, and how far anybody could see into it: death, files, enrolment."""
    discharge = int(rows.discharge_day.iloc[0])
    first, last = discharge + outcome.window.first, discharge + outcome.window.last
    found = {"window": f"{_day(first)} to {_day(last)}, both included"}
    died = deaths(record).to_pandas()
    found["death"] = "none told"
    if len(died):
        day = int(died.death_day.iloc[0])
        found["death"] = f"{_day(day)}, {day - discharge} days after discharge"
    waits = outcome.by_claims and "claim_line" not in record.lacks
    through = record.claims_complete_to if waits else record.admissions_complete_to
    found["files complete to"] = "not told" if through is None else _day(through)
    if "coverage" not in record.lacks:
        ends = rows.discharge_day + outcome.window.last
        enrolled = int(covered_through(record, rows.person_id, rows.discharge_day + outcome.window.first, ends).iloc[0])
        whole = "all the window" if enrolled >= last else _day(enrolled)
        found["in the network to"] = "not in it on the first day" if enrolled < first else whole
    return found


def as_text(told: Explanation) -> str:
    """The explanation as a person reads it."""
    parts = ["The stay", *_pairs(told.stay), "", "Who told what"]
    parts += _table(told.evidence)
    for end in told.ends:
        parts += [
            "",
            f"Is its discharge of {end.discharged} scored? (rules decidable at discharge)",
            *_rules(end.answers),
        ]
    if not told.ends:
        parts += ["", "Is it scored?", "  no candidate: no discharge was ever told"]
    parts += ["", "Is it measured? (the retrospective cohort after CMS HWR 2021)"]
    parts += _rules(told.measured) if told.measured else ["  no candidate: it is no stay any more, or has no discharge"]
    parts += ["", "What happened next", *_pairs(told.outcome)]
    if told.later:
        parts += ["", "What came after the discharge, and why it did or did not decide", *_table(told.later)]
    elif "window" in told.outcome:
        parts += ["", "After the discharge no stay, emergency visit or observation is told"]
    return "\n".join(parts)


def _pairs(facts: dict[str, str]) -> list[str]:
    width = max(map(len, facts))
    return [f"  {name:<{width}}  {value}" for name, value in facts.items()]


def _table(rows: Sequence[dict[str, str]]) -> list[str]:
    if not rows:
        return ["  nothing that still stands"]
    heads = list(rows[0])
    lines = [heads, *([row[name] for name in heads] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    return ["  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)) for line in lines]


def _rules(answers: Sequence[Answer]) -> list[str]:
    width = max(len(answer.rule) for answer in answers)
    facts = max(len(answer.facts) for answer in answers)
    lines = [
        f"  {answer.rule:<{width}}  {answer.says:<13}  {answer.facts:<{facts}}  {answer.sense}" for answer in answers
    ]
    first = next((answer.rule for answer in answers if answer.says == OUT), None)
    return [*lines, f"  => {'in' if first is None else f'left out by: {first}'}"]
