"""A model of somebody's own table, by example: what cells become, what earlier rows tell, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.errors import BadInput
from models.table.history import ROWS_BEFORE, SINCE_LAST, times, with_history
from models.table.preparation import TableColumn, natural, prepare
from models.table.read import Asked, read
from training.question import Question
from training.table import folds
from training.table_columns import CONSTANT, NAMES_ROWS, infer

WARD = TableColumn("ward", "category", ("A", "B"))
DIAGNOSIS = TableColumn("diagnosis", "code", ("250.01", "250.13", "414", "V57"))
AGE = TableColumn("age", "number", low=20, high=90)


def _text(**columns: list[str | None]) -> pd.DataFrame:
    return pd.DataFrame(columns, dtype=object)


def _written(folder: Path, lines: str) -> Path:
    path = folder / "table.csv"
    path.write_text("\n".join(line.strip() for line in lines.strip().splitlines()) + "\n")
    return path


# ---- reading


def test_cells_are_text_in_the_order_of_the_file_and_the_usual_words_for_nothing_are_null(tmp_path: Path) -> None:
    path = _written(tmp_path, "code,n\n007,1\n?,2\nNULL,\nNone,4")
    text = read(path, Asked()).text
    assert text.code.tolist() == ["007", None, None, "None"], "a leading zero stays, and None may be an answer"
    assert text.n.tolist() == ["1", "2", None, "4"]


@pytest.mark.parametrize(
    ("label", "found"),
    [
        ('outcome == "<30"', [1, 0, 0]),
        ("outcome = '<30'", [1, 0, 0]),
        ("n > 1", [0, 1, 1]),
        ("flag", [1, 0, 1]),
    ],
)
def test_a_label_is_a_column_of_yes_and_no_or_a_condition(tmp_path: Path, label: str, found: list[float]) -> None:
    cells = read(_written(tmp_path, "outcome,n,flag\n<30,1,yes\nNO,2,no\n>30,10,yes"), Asked(label=label))
    assert cells.label.tolist() == found
    assert cells.label_columns == ({"outcome": "outcome", "n": "n", "flag": "flag"}[label.split()[0]],), (
        "what the label is made of is no input"
    )


def test_rows_are_chosen_by_sql_that_compares_numbers_as_numbers(tmp_path: Path) -> None:
    path = _written(tmp_path, "n,flag\n2,1\n10,0\n9,1")
    cells = read(path, Asked(where="n > 5", label="flag"))
    assert (cells.text.n.tolist(), cells.label.tolist()) == (["10", "9"], [0, 1])


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (Asked(where="nothing > 1"), "--where that is no condition"),
        (Asked(where="n > 99"), "--where that leaves no row"),
        (Asked(label="nothing"), "--label that is neither a column"),
        (Asked(label="n"), "neither yes nor no in 2 of 3 rows"),
    ],
)
def test_what_cannot_be_asked_of_a_table_is_told_without_a_cell(tmp_path: Path, asked: Asked, told: str) -> None:
    path = _written(tmp_path, "n,name\n1,Smith\n2,Smith\n3,Smith")
    with pytest.raises(BadInput, match=told) as refused:
        read(path, asked)
    assert "Smith" not in str(refused.value)


# ---- columns


def test_kinds_are_inferred_from_cells_and_names() -> None:
    rows = 40
    text = _text(
        age=[str(20 + row) for row in range(rows)],
        admission_type_id=[str(1 + row % 3) for row in range(rows)],
        diagnosis=[f"{250 + row % 20}" if row % 20 else "V57" for row in range(rows)],
        sex=["f" if row % 2 else None for row in range(rows)],
        record_id=[str(row) for row in range(rows)],
        note=[f"word {row}" for row in range(rows)],
        ward=["A"] * rows,
        weight=["70" if row % 3 else "90" for row in range(rows)],
        person=[str(row) for row in range(rows)],
    )
    found = infer(text, ("person",))
    assert {column.name: column.kind for column in found.columns} == {
        "age": "number",
        "admission_type_id": "category",
        "diagnosis": "code",
        "sex": "category",
        "weight": "number",
    }
    assert found.left_out == {"record_id": NAMES_ROWS, "note": NAMES_ROWS, "ward": CONSTANT}


def test_natural_order_puts_numbers_by_size_and_before_letters() -> None:
    words = ["V57", "414", "250.13", "[10-20)", "250.01", "[9-10)", "E849"]
    assert sorted(words, key=natural) == ["250.01", "250.13", "414", "E849", "V57", "[9-10)", "[10-20)"]


def test_what_was_never_seen_goes_between_its_like_or_is_not_known_and_is_counted() -> None:
    text = _text(ward=["B", "C", None], diagnosis=["414", "250.02", "V58"], age=["30", "old", None])
    made = prepare(text, (WARD, DIAGNOSIS, AGE, TableColumn("absent", "number")))
    assert made.X.ward.tolist()[0] == 1
    assert made.X.ward.isna().tolist() == [False, True, True]
    assert made.X.diagnosis.tolist() == [2, 0.5, 3.5], "beside the codes that it resembles"
    assert made.X.age.tolist()[0] == 30
    assert made.X.age.isna().tolist() == [False, True, True]
    assert made.absent == ("absent",)
    assert made.unseen == {"ward": 1, "diagnosis": 2, "age": 1}


# ---- earlier rows


def test_earlier_rows_of_the_person_tell_and_later_ones_do_not() -> None:
    text = _text(person=["x", "y", "x", "x"], time=["3", "1", "1", "2"], age=["30", "50", "10", None])
    X = prepare(text, (AGE,)).X
    told = with_history(X, (AGE,), text.person, times(text, "person", "time"))
    assert told[ROWS_BEFORE].tolist() == [2, 0, 0, 1]
    assert told[SINCE_LAST].fillna(-1).tolist() == [1, -1, -1, 1]
    assert told["age, before"].fillna(-1).tolist() == [-1, -1, -1, 10]
    assert told["age, mean before"].fillna(-1).tolist() == [10, -1, -1, 10]


def test_nobody_else_and_no_later_row_changes_a_bit_of_a_row() -> None:
    rng = np.random.default_rng(3)
    rows = 60
    text = _text(
        person=[str(rng.integers(8)) for _ in range(rows)],
        time=[str(time) for time in rng.permutation(rows)],
        age=[f"{rng.normal(50, 9):.3f}" if rng.random() < 0.9 else None for _ in range(rows)],
        ward=[str(rng.choice(["A", "B"])) for _ in range(rows)],
    )
    columns = (AGE, WARD)
    when = times(text, "person", "time")
    whole = with_history(prepare(text, columns).X, columns, text.person, when)
    for row in (5, 17, 40):
        own = (text.person == text.person[row]) & (when <= when[row])
        alone = with_history(prepare(text[own], columns).X, columns, text.person[own], when[own])
        pd.testing.assert_frame_equal(alone.loc[[row]], whole.loc[[row]])


@pytest.mark.parametrize(
    ("time", "told"),
    [
        (["1", None, "2"], "1 cells that are empty or neither"),
        (["1", "soon", "2"], "1 cells that are empty or neither"),
        (["1", "1", "1"], "one value in all 3 rows"),
        (["1", "1", "2"], "equal values within one person in 2 rows"),
    ],
)
def test_a_time_that_orders_nothing_is_refused_with_the_count(time: list[str | None], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        times(_text(person=["x", "x", "y"], time=time), "person", "time")


def test_a_date_orders_as_its_day() -> None:
    text = _text(person=["x", "x"], time=["2024-02-28", "2024-03-01"])
    assert np.diff(times(text, "person", "time")).tolist() == [2]


def test_all_rows_of_a_person_lie_in_one_fold() -> None:
    persons = np.random.default_rng(0).integers(0, 30, 200)
    persons = pd.factorize(persons)[0]
    places = folds(np.asarray(persons, dtype=np.int64), seed=1)
    assert sorted(np.concatenate(places).tolist()) == list(range(200))
    whose = [set(persons[own]) for own in places]
    assert not any(one & other for place, one in enumerate(whose) for other in whose[:place])


def test_a_name_is_a_name() -> None:
    with pytest.raises(BadInput, match="small letters"):
        Question(Path("t.csv"), "label", "person", "../elsewhere")
