"""Laws of the record: what is read at a time is what a store of only the rows known by then would give; and what goes
into a store comes out of it, in its bucket, in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features import windows
from features.errors import BadDeclaration
from features.record import known as door
from features.record.record import Record, known_by
from features.record.schema import Table
from features.record.store import BUCKETS, loading
from features.record.tables import (
    ALLERGY,
    APPOINTMENT,
    CLAIM_LINE,
    CLINICAL_PROCEDURE,
    CONSENT,
    DIAGNOSIS,
    DISPENSING,
    ENCOUNTER,
    NOT_DONE,
    ORDER,
    PERSON,
    PRESCRIPTION,
    PROBLEM,
    PROCEDURE,
    RESULT,
    TABLES,
)
from tests.histories import DAY_ZERO, ZONE, end, random_rows, record_of, row

FEW = settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
LAST = 6  # a history is a week: small enough that ties and overtaking happen in nearly all of them


# ---- the law of known.py


def _index(record: Record, persons: Iterable[str], instant: int) -> Any:
    """One index row a person, all at one time."""
    import ibis

    people = list(persons)
    day = int(windows.local_day([instant], ZONE)[0])
    return ibis.memtable(
        pa.table(
            {
                "row_id": list(range(len(people))),
                "person_id": people,
                "as_of": [instant] * len(people),
                "as_of_day": [day] * len(people),
                "stay_id": people,
                "admit_day": [day] * len(people),
                "discharge_day": [day] * len(people),
            }
        )
    )


# what the provider's own record tells again and again, and by what each is known again
STATES: dict[Table, str] = {
    ENCOUNTER: "encounter_id",
    PROBLEM: "condition_id",
    ALLERGY: "allergy_id",
    PRESCRIPTION: "prescription_id",
    CONSENT: "consent_id",
    CLINICAL_PROCEDURE: "procedure_id",
    NOT_DONE: "not_done_id",
    RESULT: "result_id",
}
# columns that are never null there
ALWAYS: dict[Table, dict[str, str]] = {
    ENCOUNTER: {"encounter_type": "outpatient"},
    NOT_DONE: {"kind": "result"},
    CONSENT: {"scope": "research"},  # one about privacy may take the person out, whatever the time
    RESULT: {"kind": "laboratory", "code_system": "loinc", "code": "2160-0"},
}


def _states_of(table: Table, identity: str) -> Any:
    return lambda then: then.versions(door.states(then.record, table, identity))


def _told_again(seed: int, people: int) -> dict[str, list[dict[str, Any]]]:
    """Each thing told at one to three times, of which some are the same."""
    rng = np.random.default_rng(seed)
    rows: dict[str, list[dict[str, Any]]] = {table.name: [] for table in STATES}
    for table, identity in STATES.items():
        choices = table.column("status").choices or ("preliminary", "final", "amended")
        for thing in range(people * 2):
            began = DAY_ZERO + int(rng.integers(-100, 400))
            for known in rng.integers(0, 90, int(rng.integers(1, 4))):
                told = {"person_id": f"p{thing % people}", identity: f"t{thing}", "status": str(rng.choice(choices))}
                told |= ALWAYS.get(table, {})
                rows[table.name].append(row(began, began, end(began + int(known)), **told))
    return rows


READINGS: dict[str, Any] = {
    **{table.name: _states_of(table, identity) for table, identity in STATES.items()},
    "events of results": lambda then: then.events(RESULT),
    "results as last told": lambda then: then.versions(door.result_states(then.record)),
    "encounters": lambda then: then.versions(door.encounter_states(then.record)),
    "problems": lambda then: then.versions(door.problem_states(then.record)),
    "prescriptions as last told": lambda then: then.versions(door.prescription_states(then.record)),
    "claim lines": lambda then: then.versions(door.with_claim_versions(then.record, CLAIM_LINE)),
    "diagnoses": lambda then: then.versions(door.with_claim_versions(then.record, DIAGNOSIS)),
    "procedures": lambda then: then.versions(door.with_claim_versions(then.record, PROCEDURE)),
    "dispensings": lambda then: then.versions(door.dispensings(then.record)),
    "orders": lambda then: then.versions(door.order_states(then.record)),
    "appointments": lambda then: then.versions(door.appointment_states(then.record)),
    "visits": lambda then: then.versions(door.visit_states(then.record)),
}


def _read(record: Record, persons: Iterable[str], instant: int, reading: str) -> list[str]:
    """What the door gives, sorted. When a version was revised is not known at the time, so it is left out."""
    found = READINGS[reading](door.known(record, _index(record, persons, instant)))
    columns = [name for name in found.columns if name != "known_until"]
    return sorted(repr(one) for one in found.select(columns).to_pyarrow().to_pylist())


@settings(FEW, max_examples=4)
@given(st.integers(0, 10_000), st.integers(-100, 500))
@pytest.mark.slow
def test_reading_at_a_time_is_reading_what_was_known_by_then(seed: int, days: int) -> None:
    record = record_of({**random_rows(seed, people=8), **_told_again(seed, people=8)})
    instant = end(DAY_ZERO + days)
    only = known_by(record, instant)
    people = [f"p{number}" for number in range(8)]
    for reading in READINGS:
        assert _read(record, people, instant, reading) == _read(only, people, instant, reading), reading


# ---- claim versions against brute force


versions = st.lists(
    st.tuples(st.integers(0, LAST), st.integers(0, 2), st.booleans()), max_size=4, unique_by=lambda v: (v[0], v[1])
)
histories = st.lists(versions, min_size=30, max_size=60)
CLAIM = {"claim_line_number": 1, "claim_type": "professional"}


def _oracle(history: Sequence[tuple[int, int, bool]], day: int) -> tuple[int, int] | None:
    """(known day, version) of the version that holds on a day: the last one told, unless it takes the claim back."""
    told = sorted(version for version in history if version[0] <= day)
    return None if not told or told[-1][2] else told[-1][:2]


@FEW
@given(histories)
def test_the_version_of_a_claim_that_counts_is_the_last_told_unless_it_takes_the_claim_back(
    claims: list[list[tuple[int, int, bool]]],
) -> None:
    rows = [
        row(
            DAY_ZERO,
            DAY_ZERO,
            end(DAY_ZERO + known),
            **CLAIM,
            person_id=f"p{number}",
            claim_id=f"c{number}",
            version=version,
            cancels=int(cancels),
        )
        for number, history in enumerate(claims)
        for known, version, cancels in history
    ]
    record = record_of({"claim_line": rows})
    lines = door.with_claim_versions(record, CLAIM_LINE).to_pyarrow().to_pylist()
    for day in range(LAST + 1):
        instant = end(DAY_ZERO + day)
        valid = {
            (line["person_id"], line["known_at"], line["version"])
            for line in lines
            if line["known_from"] <= instant < line["known_until"]
        }
        expected = {
            (f"p{number}", end(DAY_ZERO + holds[0]), holds[1])
            for number, history in enumerate(claims)
            if (holds := _oracle(history, day))
        }
        assert valid == expected


# ---- the store gives back what it was given


people = st.lists(
    st.tuples(st.text("abc-0'", min_size=1, max_size=4), st.integers(-30_000, 30_000), st.integers(0, 40_000)),
    min_size=1,
    max_size=50,
)


@FEW
@given(people)
def test_what_is_written_comes_back_in_one_bucket_a_person_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, told: list[tuple[str, int, int]]
) -> None:
    rows = [{"person_id": who, "birth_day": born, "known_at": windows.local_end(day)} for who, born, day in told]
    with loading(tmp_path_factory.mktemp("store"), ZONE) as writer:
        assert _write(writer, PERSON, rows) == len(rows)
        file = pq.ParquetFile(writer.path(PERSON))
        groups = [file.read_row_group(number).to_pylist() for number in range(file.num_row_groups)]
    found = [one for group in groups for one in group]
    assert sorted((one["person_id"], one["birth_day"], one["known_at"]) for one in found) == sorted(
        (who, born, end(day)) for who, born, day in told
    )
    assert all(len({one["bucket"] for one in group}) == 1 for group in groups)
    assert [one["bucket"] for one in found] == sorted(one["bucket"] for one in found)
    assert all(0 <= one["bucket"] < BUCKETS for one in found)
    homes: dict[str, set[int]] = {}
    for one in found:
        homes.setdefault(one["person_id"], set()).add(one["bucket"])
    assert all(len(buckets) == 1 for buckets in homes.values())
    for group in groups:
        assert [one["person_id"] for one in group] == sorted((one["person_id"] for one in group), key=str.encode)


def _write(writer: Any, table: Any, rows: Sequence[Mapping[str, object]]) -> int:
    handed = writer.engine.create_table("handed", pa.Table.from_pylist([{"source": "s", **one} for one in rows]))
    return int(writer.write(table, handed))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"sex": "F"}, "rows of person whose sex is none of female, male, unknown"),
        ({"known_at": None}, "rows of person whose known_at is null"),
        ({"shoe_size": 1}, r"unknown columns \['shoe_size'\]"),
    ],
)
def test_a_reader_that_breaks_a_tables_declaration_is_refused(
    wrong: dict[str, object], says: str, tmp_path: Path
) -> None:
    """Nothing that no column declares may reach the store, where every engine would have to guess."""
    good = {"person_id": "p", "birth_day": 1, "sex": "female", "known_at": 5}
    with pytest.raises(BadDeclaration, match=says), loading(tmp_path / "store", ZONE) as writer:
        _write(writer, PERSON, [{**good, **wrong}, good])
    assert not (tmp_path / "store").exists(), "of a load that failed nothing is left"


def test_every_table_that_tells_states_has_a_reading_in_the_law() -> None:
    """A table with a status or versions that is read some other way would escape the law above."""
    told_again = {t.name for t in TABLES if {"version", "status", "event_type"} & {c.name for c in t.columns}}
    covered = {CLAIM_LINE, DIAGNOSIS, PROCEDURE, DISPENSING, ORDER, APPOINTMENT, *STATES}
    assert told_again == {table.name for table in covered} | {"adt_event", "person_merge"}
