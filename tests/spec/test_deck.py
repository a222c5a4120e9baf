"""The deck of vignettes: what is concluded of each stay, who is scored and measured, and what happened next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from features.definitions.cohort import Cohort, prediction_cohort
from features.definitions.deaths import deaths
from features.definitions.hwr import hwr_cohort
from features.definitions.outcomes import (
    ADVERSE_EVENT_21D,
    ANY_ACUTE_CARE_21D,
    ED_VISIT_30D,
    PARTS,
    READMISSION_30D,
    Outcome,
    labels,
)
from features.definitions.outcomes.outcome import DATA_END, LEFT_NETWORK, NOT_TOLD, WENT_ON
from features.definitions.stays import DISPUTABLE, final_stays
from features.record.record import Record
from tests.definitions_page import page
from tests.histories import Rows, record_of
from tests.spec.deck import CHAPTERS, VIGNETTES
from tests.spec.deck.vignette import FILES_END, Vignette, directory, rows_of
from tests.spec.tables import day, parse, same, short, together

Told = dict[str, str | None]
SHORT = {
    DATA_END: "the data end",
    LEFT_NETWORK: "left the network",
    WENT_ON: "went on",
    NOT_TOLD: "not told whether on admission",
}
NAMED = {
    "readmission": READMISSION_30D,
    "harm": ADVERSE_EVENT_21D,
    "acute": ANY_ACUTE_CARE_21D,
    "emergency": ED_VISIT_30D,
    **{part.name.removesuffix("_21d"): part for part in PARTS},
}
COLUMNS = ("in", "out", "hospitals", "scored", "measured", "readmission")


@pytest.fixture(scope="module")
def concluded() -> Mapping[str, list[Told]]:
    """What is concluded of every vignette's stays, by title; one network for each day on which its files end."""
    found: dict[str, list[Told]] = {}
    for files_end in {vignette.files_end for vignette in VIGNETTES}:
        group = [vignette for vignette in VIGNETTES if vignette.files_end == files_end]
        rows: Rows = {**together(map(rows_of, group)), "facility": directory()}
        through = day(files_end)
        record = replace(record_of(rows), claims_complete_to=through, admissions_complete_to=through)
        found |= _concluded(record, group)
    return found


def _asked(vignette: Vignette) -> list[str]:
    return [cell.strip() for cell in vignette.expected.strip().splitlines()[0].split("|")]


def _concluded(record: Record, group: list[Vignette]) -> dict[str, list[Told]]:
    stays = final_stays(record).to_pandas().sort_values(["person_id", "admit_day", "discharge_day", "stay_id"])
    stays = stays.reset_index(drop=True)
    scored, measured = _membership(prediction_cohort(record)), _membership(hwr_cohort(record))
    ended = stays[stays.discharge_day.notna()].reset_index(drop=True)
    ended.insert(0, "row_id", range(len(ended)))
    asked = {name for vignette in group for name in _asked(vignette)}
    said = {name: _said(record, ended, outcome) for name, outcome in NAMED.items() if name in asked}
    found: dict[str, list[Told]] = {vignette.title: [] for vignette in group}
    for _, stay in stays.iterrows():
        first, last = stay.first_facility_id, stay.facility_id
        over = pd.notna(stay.discharge_day)
        key = _end(stay.person_id, stay.admit_day, stay.discharge_day) if over else None
        disputed = [name.replace("_", " ") for name in DISPUTABLE if stay[f"disputed_{name}"]]
        found[stay.person_id].append(
            {
                "in": short(stay.admit_day),
                "out": short(stay.discharge_day),
                "hospitals": first if first == last else f"{first} > {last}",
                "scored": scored[key] if key else "not discharged",
                "measured": measured[key] if key else "not discharged",
                **{name: labels_of.get(stay.stay_id) for name, labels_of in said.items()},
                "disputed": ", ".join(disputed) or None,
                "ended": "told" if over else ("over, nobody told when" if stay.over else "still there"),
            }
        )
    return found


def _membership(cohort: Cohort) -> dict[tuple[str, float, bool], str]:
    out = {
        key: f"no: {rule}"
        for key, rule in zip(_ends(cohort.excluded), cohort.excluded.excluded_by.tolist(), strict=True)
    }
    kept = _ends(cohort.rows)
    assert len(kept) == len(set(kept)), "one discharge is scored once"
    return out | dict.fromkeys(kept, "yes")


def _ends(stays: pd.DataFrame) -> list[tuple[str, float, bool]]:
    days = stays[["person_id", "admit_day", "discharge_day"]]
    return [_end(*one) for one in days.itertuples(index=False)]


def _end(person: str, admitted: float, left: float) -> tuple[str, float, bool]:
    """Whose discharge, when, and whether it ended a stay within the day: a stay may have been scored under another
    name, and who came back on the day of discharge may have left again on it.
    """
    return person, float(left), admitted == left


def _said(record: Record, rows: pd.DataFrame, outcome: Outcome) -> dict[str, str]:
    told = labels(record, rows, outcome)
    died = rows[["person_id"]].merge(deaths(record).to_pandas(), on="person_id", how="left").death_day
    # as the labels take it: nobody died before they were discharged
    told["death_day"] = died.clip(lower=rows.discharge_day)
    return {stay: _worded(one) for stay, (_, one) in zip(rows.stay_id, told.iterrows(), strict=True)}


def _worded(one: pd.Series) -> str:
    if pd.isna(one.label):
        return f"not known: {SHORT[one.null_reason]}"
    if one.label == 1:
        return f"1: {short(one.event_day)}"
    if one.competing == "planned":
        return f"0: planned {short(one.event_day)}"
    if one.competing == "death":
        return f"0: death {short(one.death_day)}"
    return "0"


@pytest.mark.parametrize("vignette", VIGNETTES, ids=lambda vignette: vignette.title)
def test_what_is_concluded_of(vignette: Vignette, concluded: Mapping[str, list[Told]]) -> None:
    same(concluded[vignette.title], vignette.expected)


def test_the_deck_is_complete_and_every_vignette_says_all() -> None:
    titles = [vignette.title for vignette in VIGNETTES]
    assert len(titles) == len(set(titles)) >= 80
    for vignette in VIGNETTES:
        assert tuple(_asked(vignette)[: len(COLUMNS)]) == COLUMNS, vignette.title
        assert vignette.rule.endswith("."), vignette.title
        assert all(parse(table) for table in vignette.told.values()), vignette.title
    assert {vignette.files_end for vignette in VIGNETTES} > {FILES_END}, "some networks' files end early"
    asked = {name for vignette in VIGNETTES for name in _asked(vignette)}
    assert set(NAMED) <= asked, f"no vignette of {sorted(set(NAMED) - asked)}"
    assert all(chapter.says for chapter in CHAPTERS)


def test_the_manual_is_what_the_rules_and_the_deck_say() -> None:
    written = (Path(__file__).resolve().parents[2] / "docs" / "definitions.md").read_text()
    assert written == page(), "run: python -m tests.definitions_page > docs/definitions.md"
