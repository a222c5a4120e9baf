"""A vignette: a tiny patient as tables, the rule that it exercises, and what is to be concluded of each stay.

Whoever is in the deck is a woman born on 1 March 1950, enrolled in Medicare from January 2023 to December 2024, in a
network whose files are complete to the end of 2024, unless the vignette says otherwise. Where no hospital message is
told, each bill also tells a discharge notice on the day of discharge, as a source of claims alone declares it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.histories import Rows, end, row
from tests.spec.tables import day, parse, person_rows

# name: CMS certification number. Of "Elsewhere" nobody knows what it is
HOSPITALS = {
    "General": "330101",
    "County": "330102",
    "Cottage": "331301",
    "Oncology": "330154",
    "Children": "333301",
    "Psychiatric": "334001",
    "LongTerm": "332001",
    "Rehab": "333025",
    "GenRehab": "33T101",
    "GenPsych": "33S101",
    "GenSwing": "33U101",
    "GenWard": "330101",
    "Elsewhere": None,
}
KINDS = {
    "General": "a short-term acute hospital",
    "County": "another short-term acute hospital",
    "Cottage": "a critical access hospital",
    "Oncology": "a cancer hospital that prospective payment leaves out",
    "Children": "a children's hospital",
    "Psychiatric": "a psychiatric hospital",
    "LongTerm": "a long-term care hospital",
    "Rehab": "a rehabilitation hospital",
    "GenRehab": "the rehabilitation unit of General",
    "GenPsych": "the psychiatric unit of General",
    "GenSwing": "the swing beds of General",
    "GenWard": "what bills under General's number and the directory calls a psychiatric unit",
    "Elsewhere": "a hospital of which the directory says nothing",
}
WORDS = {"GenWard": "psychiatric unit"}  # what the directory says beside the number
ENROLLED = "from | to\n2023-01 | 2024-12"
FILES_END = "2024-12-31"


@dataclass(frozen=True)
class Vignette:
    """`expected` has a row for each stay in an acute hospital as finally told: in, out, hospitals, scored (whether it
    is in the prediction cohort, else the first rule that leaves it out), measured (the same for HWR), readmission
    (label and why); and where a vignette is about them `harm` (the adverse-event label), `acute` (any acute care), the
    name of a kind of harm (its own outcome), `disputed`, or `ended` (how the stay is known to have ended).
    """

    title: str
    rule: str
    expected: str
    bills: str = ""
    messages: str = ""
    notices: str = ""
    visits: str = ""
    codes: str = ""
    deaths: str = ""
    covered: str = ENROLLED
    born: str = "1950-03-01"
    files_end: str = FILES_END

    @property
    def told(self) -> dict[str, str]:
        """The tables of what was told, by name."""
        names = ("bills", "messages", "notices", "visits", "codes", "deaths")
        return {name: getattr(self, name) for name in names if getattr(self, name).strip()}


@dataclass(frozen=True)
class Chapter:
    """Vignettes of one subject, with what the manual says before them."""

    title: str
    says: str
    vignettes: tuple[Vignette, ...]


def rows_of(vignette: Vignette) -> Rows:
    """The canonical rows of a vignette's patient, whose id is the vignette's title."""
    rows = person_rows(
        vignette.title,
        bills=vignette.bills,
        messages=vignette.messages,
        notices=vignette.notices,
        visits=vignette.visits,
        codes=vignette.codes,
        deaths=vignette.deaths,
        covered=vignette.covered,
        born=vignette.born,
    )
    if not vignette.messages.strip() and not vignette.notices.strip():
        rows["discharge_notice"] = [*_declared(vignette)]
    return rows


def _declared(vignette: Vignette) -> list[dict[str, Any]]:
    """The notice that a claims-only reader declares of each bill as it was first sent."""
    notices = []
    for bill in parse(vignette.bills) if vignette.bills.strip() else []:
        first_sent = (bill.get("version") or "0") == "0" and bill.get("status") != "30"
        inpatient = (bill.get("type") or "111") in ("111", "114")  # 112 and 113 say that the stay goes on
        if first_sent and inpatient and bill.get("out"):
            first, last = day(str(bill["in"])), day(str(bill["out"]))
            facts = {"admission_day": first, "discharge_day": last, "facility_id": bill.get("hospital") or "General"}
            told = row(first, last, end(last), claim_id=bill["claim"], **facts)
            notices.append({**told, "person_id": vignette.title})
    return notices


def directory() -> list[dict[str, Any]]:
    """The directory of facilities."""
    known = end(0)
    return [
        {"facility_id": name, "ccn": ccn, "facility_type": WORDS.get(name), "known_at": known, "source": "test"}
        for name, ccn in HOSPITALS.items()
    ]
