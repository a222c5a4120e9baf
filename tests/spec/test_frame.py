"""The table that a data scientist takes: who is in it, what null means, and that every column is explained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pandas as pd
import pytest
from click.testing import CliRunner

import afterward
from features.catalogue import CATALOGUE
from features.catalogue.person import DEMOGRAPHICS
from features.catalogue.treatment import COVERED, FILLS, ON_TREATMENT, SUPPLY_OF_ALL
from features.catalogue.utilisation import STAYS
from features.dataset import build, columns
from features.record.record import Record, of_buckets, persons_now, with_merges
from features.record.store import bucket_of
from features.record.tables import PERSON_MERGE
from models.groups import groups_of
from models.population import labelled
from models.specs import readmission_30d
from tests.histories import arrow, record_of, row
from tests.spec.tables import day, moment, person_rows, together
from training.dictionary import BESIDE, dictionary, needs, not_evaluable
from training.frame import KEYS, OUTCOME, POPULATIONS, frame, write_frame

SMALL = replace(readmission_30d.SPEC, features=(DEMOGRAPHICS, STAYS))
DATA_END = "2024-09-30"


def _attributed(known: str, practice: str | None, clinician: str | None = None) -> dict[str, object]:
    first = day("2024-01-01")
    return row(first, first, moment(known), person_id="back", practice=practice, provider_id=clinician)


def _clinician(number: str, practice: str) -> dict[str, object]:
    first = day("2024-01-01")
    return row(first, first, moment("01-01"), provider_id=number, practice=practice)


@pytest.fixture(scope="module")
def record() -> Record:
    """`back` returns after 20 days, `recent` is discharged when the data end, `gone` goes to a hospice."""
    covered = "from | to\n2023-01 | 2024-12"
    people = together(
        [
            person_rows("back", covered=covered, messages=_stays(("1", "03-01", "03-05"), ("2", "03-25", "03-28"))),
            person_rows("recent", covered=covered, messages=_stays(("3", "09-20", "09-24"))),
            person_rows("gone", covered=covered, messages=_stays(("4", "03-01", "03-05"), status="50")),
        ]
    )
    attribution = [
        _attributed("02-01", "North Street"),
        _attributed("03-20", None, "1234"),
        _attributed("04-15", "Hill Road"),
    ]
    rows = {**people, "attribution": attribution, "provider": [_clinician("1234", "South Street")]}
    until = day(DATA_END)
    return replace(record_of(rows), claims_complete_to=until, admissions_complete_to=until)


def _stays(*stays: tuple[str, str, str], status: str = "01") -> str:
    lines = [
        f"{out} 12:00 | A03 | {number} | {first} 09:00 | {out} 11:00 | A | {status}" for number, first, out in stays
    ]
    return "\n".join(["sent | event | visit | in | out | hospital | status", *lines])


@pytest.fixture(scope="module")
def made(record: Record) -> pd.DataFrame:
    return frame(record, SMALL)


def test_everyone_whom_the_model_scores_has_a_row_with_the_label_or_why_there_is_none(made: pd.DataFrame) -> None:
    shown = made[["person_id", "discharge_day", "label", "null_reason", "complete", "trained", "measured"]]
    assert shown.astype(object).where(shown.notna(), None).to_numpy().tolist() == [
        ["back", pd.Timestamp("2024-03-05"), 1.0, None, True, True, True],
        ["back", pd.Timestamp("2024-03-28"), 0.0, None, True, True, True],
        ["recent", pd.Timestamp("2024-09-24"), None, "the data end within the window", False, False, False],
    ], "who went to a hospice is not scored, and a window that is not over teaches nothing"


def test_the_prediction_time_is_an_instant_and_days_are_dates(made: pd.DataFrame) -> None:
    assert made.as_of[0] == pd.Timestamp("2024-03-05 12:00", tz="America/New_York"), "when the message came"
    assert made.event_day[0] == pd.Timestamp("2024-03-25")
    assert made.event_day.isna().tolist() == [False, True, True]


def test_groups_are_what_was_known_at_the_discharge(record: Record, made: pd.DataFrame) -> None:
    assert made.group_age.tolist() == ["65 to 74"] * 3
    assert made.group_practice.astype(object).where(made.group_practice.notna(), None).tolist() == [
        "North Street",
        "South Street",
        None,
    ], "of a clinician the practice, and nothing of what was told after the discharge"
    rows = labelled(record, SMALL, SMALL.scored).rows
    assert groups_of(record, rows[::-1]).practice.tolist()[::-1][:2] == ["North Street", "South Street"], (
        "in any order of rows"
    )


def test_the_features_are_those_of_build(record: Record, made: pd.DataFrame) -> None:
    rows = labelled(record, SMALL, SMALL.scored).rows
    pd.testing.assert_frame_equal(made[[c.name for c in columns(SMALL.features)]], build(record, rows, SMALL.features))


def test_the_file_holds_the_same_as_the_frame(made: pd.DataFrame, tmp_path: Path) -> None:
    write_frame(made, tmp_path / "frame.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "frame.parquet"), made)
    assert [path.name for path in tmp_path.iterdir()] == ["frame.parquet"]


@pytest.mark.slow
def test_two_numbers_of_one_person_are_in_one_share(record: Record) -> None:
    """`back` is merged into `recent`, of another bucket, after the first of its discharges: its outcome is then told
    under the other number, and must be found where only its own bucket is read.
    """
    assert [bucket_of(person, 2) for person in ("back", "recent")] == [0, 1]
    merge = {
        **row(day("03-10"), day("03-10"), moment("03-10"), person_id="recent", absorbed_id="back"),
        "merge_id": "m",
        "status": "merged",
        "evidence": "message",
    }
    bucketed = {
        name: table.mutate(bucket=_bucket(table)).select(table.columns) if "person_id" in table.columns else table
        for name, table in record.told.items()
    }
    merges = {"person_merge": ibis.memtable(arrow(PERSON_MERGE, [{**merge, "bucket": 1}]))}
    one = with_merges(replace(record, buckets=2), {**bucketed, **merges})
    whole = labelled(one, SMALL, SMALL.scored).rows
    assert persons_now(one, whole.person_id) == ["recent"] * len(whole)
    before, after = whole[whole.person_id == "back"], whole[whole.person_id == "recent"]
    assert (len(before), len(after)) == (1, 2), "before the merge by the number that they then had"
    assert before.label.tolist() == [1.0], "they came back under the other number"
    pd.testing.assert_frame_equal(labelled(of_buckets(one, [1]), SMALL, SMALL.scored).rows, whole)


def test_a_share_without_anybody_is_an_empty_table(record: Record, made: pd.DataFrame) -> None:
    nobody = frame(of_buckets(record, [1]), SMALL)
    assert nobody.empty
    assert list(nobody.columns) == list(made.columns)


def _bucket(table: ir.Table) -> ir.IntegerValue:
    return table.person_id.cases(("back", 0), ("recent", 1), else_=0).cast("int16")


def test_the_dictionary_explains_every_column_in_the_order_of_the_table(made: pd.DataFrame) -> None:
    told = dictionary(SMALL.features)
    assert [entry["name"] for entry in told] == list(made.columns)
    assert set(BESIDE) == {*KEYS, *OUTCOME, *POPULATIONS}
    assert all(entry["says"] if entry["role"] != "feature" else entry["sentence"] for entry in told)
    assert all(entry["missing"] for entry in told)
    stays = next(entry for entry in told if entry["name"] == "stays_count_180d")
    assert (stays["unit"], stays["window"], stays["actionable"]) == ("", "in the 180 days before admission", False)


def test_a_ratio_needs_what_its_parts_need() -> None:
    found = needs((DEMOGRAPHICS, FILLS, SUPPLY_OF_ALL, ON_TREATMENT, COVERED))
    assert found["proportion_of_days_covered_180d"] == ["dispensing"]
    assert found["dual_eligible"] == ["coverage.dual_status_code"]
    assert found["age_years"] == []


def test_it_is_said_what_the_sources_cannot_tell() -> None:
    lacks = {"dispensing": "no pharmacy sends", "person.entitlement_code": "not asked", "result": "no laboratory sends"}
    assert not_evaluable((DEMOGRAPHICS, STAYS, FILLS), lacks) == {
        "dispensing": len(FILLS.columns()),
        "person.entitlement_code": 2,
    }, "of what no column needs nothing is said"


def test_the_command_writes_the_dictionary_of_the_catalogue(tmp_path: Path) -> None:
    out = tmp_path / "columns.json"
    done = CliRunner().invoke(afterward.cli, ("columns", "--out", str(out)), catch_exceptions=False)
    assert done.exit_code == 0
    told = pd.read_json(out)
    assert (told.role == "feature").sum() == len(columns(CATALOGUE))
