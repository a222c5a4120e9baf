"""Stays against a naive second implementation: one person at a time, one moment at a time, in plain Python."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features import windows
from features.definitions.outcomes import READMISSION_30D, labels
from features.definitions.stays import final_stays, stay_versions
from features.record.known import FOREVER
from features.record.record import known_by
from tests.histories import DAY_ZERO, ZONE, Rows, end, random_evidence, record_of, shifted
from tests.histories import row as told_row

Row = Mapping[str, Any]
Bed = dict[str, Any]
COLUMNS = [
    *("person_id", "stay_id", "admit_day", "discharge_day", "discharged_at", "first_facility_id", "facility_id"),
    *("hospitals", "billed", "discharge_disposition_code", "admit_type_code", "drg_code"),
]
BILL, MESSAGE, NOTICE = 3, 2, 1


# ---- the oracle


def naive_stays(rows: Rows, instant: int) -> list[dict[str, Any]]:
    """Every person's stays as the rows known by an instant tell them."""
    known = {table: [one for one in given if one["known_at"] <= instant] for table, given in rows.items()}
    people = sorted({one["person_id"] for given in known.values() for one in given})
    stays = []
    for person in people:
        own = {table: [one for one in given if one["person_id"] == person] for table, given in known.items()}
        stays += [_stay(person, beds) for beds in _chains(_beds(own))]
    return stays


FACTS = ("discharge_day", "discharged_at", "discharge_disposition_code", "admit_type_code", "drg_code", "claim_id")


def _evidence(own: Rows) -> Iterator[tuple[int, Row]]:
    claims: dict[str, list[Row]] = {}
    for line in own.get("claim_line", []):
        claims.setdefault(line["claim_id"], []).append(line)
    for lines in claims.values():
        last = max(lines, key=lambda one: (one["known_at"], one["version"]))
        if not last["cancels"] and last["bill_type_code"].startswith("11"):
            interim = last["discharge_disposition_code"] == "30"
            ends = ("discharge_day", "discharged_at", "discharge_disposition_code")
            unsaid = dict.fromkeys(ends) if interim else {}
            yield BILL, _told(last, **({"discharged_at": last["happened_to"]} | unsaid))
    visits: dict[str, list[Row]] = {}
    for message in own.get("adt_event", []):
        visits.setdefault(message["visit_number"], []).append(message)
    for messages in visits.values():
        last = max(messages, key=lambda one: (one["known_at"], one["happened_from"]))
        if last["patient_class"] == "I" and last["event_type"] != "A11":
            yield MESSAGE, _told(last, claim_id=last["visit_number"])
    for notice in own.get("discharge_notice", []):
        yield NOTICE, _told(notice, discharged_at=notice["happened_to"])


def _told(one: Row, **more: Any) -> Row:
    return {**dict.fromkeys(FACTS), **one, **more}


def _beds(own: Rows) -> list[Bed]:
    """One bed for each hospital and day of admission."""
    grouped: dict[tuple[str, int], list[tuple[int, Row]]] = {}
    for rank, one in _evidence(own):
        grouped.setdefault((one["facility_id"], one["admission_day"]), []).append((rank, one))
    return [_bed(hospital, admitted, told) for (hospital, admitted), told in grouped.items()]


def _bed(hospital: str, admitted: int, told: list[tuple[int, Row]]) -> Bed:
    ends = [one["discharge_day"] for _, one in told if one["discharge_day"] is not None]
    end = max(ends, default=None)
    leaving = [(rank, one["discharged_at"]) for rank, one in told if end is not None and one["discharge_day"] == end]
    by_message = [at for rank, at in leaving if rank == MESSAGE]
    told = sorted(told, key=lambda pair: (pair[0], pair[1]["discharge_day"] or -1, pair[1]["claim_id"]))

    def last(name: str) -> Any:
        return next((one[name] for _, one in reversed(told) if one[name] is not None), None)

    return {
        "hospital": hospital,
        "admit_day": admitted,
        "end": end,
        "left": max(by_message or [at for _, at in leaving], default=None),
        "billed": int(any(rank == BILL for rank, _ in told)),
        **{name: last(name) for name in ("discharge_disposition_code", "admit_type_code", "drg_code")},
    }


def _ends(bed: Bed) -> float:
    return np.inf if bed["end"] is None else bed["end"]


def _chains(beds: list[Bed]) -> list[list[Bed]]:
    chains: list[list[Bed]] = []
    for bed in sorted(beds, key=lambda one: (one["admit_day"], _ends(one), one["hospital"])):
        if chains:
            # every bed so far, as an earlier stay may reach further than the last one
            before = [one for chain in chains for one in chain]
            latest = max(enumerate(before), key=lambda pair: (_ends(pair[1]), pair[0]))[1]
            gap = bed["admit_day"] - _ends(latest)
            if gap < 0 or (gap <= 1 and bed["hospital"] != latest["hospital"]):
                chains[-1].append(bed)
                continue
        chains.append([bed])
    return chains


def _stay(person: str, beds: list[Bed]) -> dict[str, Any]:
    first = beds[0]
    last = max(enumerate(beds), key=lambda pair: (_ends(pair[1]), pair[0]))[1]
    name = f"{person}|{first['admit_day']}|{first['hospital']}"

    def of(name: str, given: list[Bed]) -> Any:
        return next((bed[name] for bed in given if bed[name] is not None), None)

    by_end = [bed for _, bed in sorted(enumerate(beds), key=lambda pair: (_ends(pair[1]), pair[0]), reverse=True)]
    return {
        "person_id": person,
        "stay_id": hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()[:16],
        "admit_day": first["admit_day"],
        "discharge_day": last["end"],
        "discharged_at": None if last["end"] is None else last["left"],
        "first_facility_id": first["hospital"],
        "facility_id": last["hospital"],
        "hospitals": len({bed["hospital"] for bed in beds}),
        "billed": max(bed["billed"] for bed in beds),
        "discharge_disposition_code": of(
            "discharge_disposition_code", [bed for bed in by_end if _ends(bed) == _ends(last)]
        ),
        "admit_type_code": of("admit_type_code", beds),
        "drg_code": of("drg_code", by_end),
    }


# ---- the laws


def _plain(stays: pd.DataFrame) -> list[tuple[Any, ...]]:
    rows = stays[COLUMNS].sort_values(["person_id", "admit_day", "stay_id"]).itertuples(index=False)
    return [tuple(None if pd.isna(value) else value for value in row) for row in rows]


def _oracle(rows: Rows, instant: int) -> list[tuple[Any, ...]]:
    return _plain(pd.DataFrame(naive_stays(rows, instant), columns=COLUMNS))


def _moments(rows: Rows) -> list[int]:
    moments = sorted({one["known_at"] for given in rows.values() for one in given})
    return [moments[0] - 1, *moments, moments[-1] + 10**9]


def _at(versions: pd.DataFrame, instant: int) -> pd.DataFrame:
    return versions[(versions.known_from <= instant) & (instant < versions.known_until)]


def _agrees(seed: int, moments: int) -> None:
    rows = random_evidence(seed, people=12)
    versions = stay_versions(record_of(rows)).to_pandas()
    every = _moments(rows)
    for instant in every[:: max(1, len(every) // moments)]:
        assert _plain(_at(versions, instant)) == _oracle(rows, instant), f"seed {seed} at {instant}"


@pytest.mark.parametrize("seed", range(2))
def test_stays_agree_with_the_naive_second_implementation(seed: int) -> None:
    _agrees(seed, moments=20)


@pytest.mark.slow
@settings(max_examples=20 if settings.get_current_profile_name() == "afterward" else 300)
@given(st.integers(100, 10**6))
def test_stays_agree_with_the_naive_second_implementation_on_more_histories(seed: int) -> None:
    _agrees(seed, moments=200)


@pytest.mark.parametrize("seed", [11])
def test_what_is_read_at_a_moment_equals_a_store_of_what_was_known(seed: int) -> None:
    record = record_of(random_evidence(seed, people=12))
    versions = stay_versions(record).to_pandas()
    moments = np.unique(versions.known_from.to_numpy())
    for instant in (int(moments[len(moments) // 3]), int(moments[2 * len(moments) // 3])):
        only = final_stays(known_by(record, instant)).to_pandas()
        assert _plain(_at(versions, instant)) == _plain(only)


def test_versions_part_time_without_gap_or_overlap() -> None:
    rows = random_evidence(21, people=12)
    versions = stay_versions(record_of(rows)).to_pandas().sort_values(["stay_id", "known_from"])
    following = versions.groupby("stay_id").known_from.shift(-1)
    assert (versions.known_from < versions.known_until).all()
    assert (following.isna() | (versions.known_until <= following)).all(), "two versions at one moment"
    assert (versions.discharge_day.isna() == versions.discharged_at.isna()).all()
    closed = versions[versions.discharge_day.notna()]
    days = windows.local_day(closed.discharged_at.to_numpy("int64"), ZONE)
    assert (days == closed.discharge_day).all(), "the hour of one day stands beside another"
    assert (closed.discharge_day >= closed.admit_day).all()


def test_the_order_of_rows_does_not_matter() -> None:
    rows = random_evidence(31, people=12)
    rng = np.random.default_rng(0)
    mixed = {table: [given[i] for i in rng.permutation(len(given))] for table, given in rows.items()}
    one, other = (stay_versions(record_of(each)).to_pandas() for each in (rows, mixed))
    keys = ["person_id", "stay_id", "known_from"]
    one, other = (each.sort_values(keys).reset_index(drop=True) for each in (one, other))
    pd.testing.assert_frame_equal(one, other)


def test_stays_move_with_their_dates() -> None:
    rows = random_evidence(41, people=12)
    days = 7 * 52 * 4 + 7  # whole weeks
    before, after = (stay_versions(record_of(each)).to_pandas() for each in (rows, shifted(rows, days)))
    keys = ["person_id", "known_from", "admit_day", "first_facility_id"]
    before, after = (each.sort_values(keys).reset_index(drop=True) for each in (before, after))
    for column in ("admit_day", "discharge_day"):
        assert (after[column] - before[column]).dropna().eq(days).all()
    same = ["person_id", "first_facility_id", "facility_id", "hospitals", "billed", "discharge_disposition_code"]
    pd.testing.assert_frame_equal(before[same], after[same])


# ---- what happened next


def naive_label(row: Any, stays: list[dict[str, Any]], died: int | None, covered: set[int], through: int) -> float:
    """The 30-day label of one index row, from the person's stays as finally told; nan where nobody can know."""
    day = int(row.discharge_day)

    def covers(stay: dict[str, Any]) -> bool:
        end = np.inf if stay["discharge_day"] is None else stay["discharge_day"]
        return bool(stay["admit_day"] <= row.admit_day and end >= day)

    index = [stay for stay in stays if stay["stay_id"] == row.stay_id] or [stay for stay in stays if covers(stay)]
    if not index or index[-1]["discharge_day"] != day:
        return np.nan
    later = [stay["admit_day"] for stay in stays if stay["stay_id"] != row.stay_id and not covers(stay)]
    if any(day <= came <= day + 30 for came in later):
        return 1
    death = died is not None and day <= died <= day + 30
    if day + 30 > through and not death:
        return np.nan
    last = min(day + 30, died) if died is not None and died >= day else day + 30
    return 0 if covered.issuperset(range(day, last + 1)) else np.nan


def _with_lives(rows: Rows, people: int, seed: int) -> tuple[Rows, dict[str, int], dict[str, set[int]]]:
    """The same people with months of enrolment and deaths after their last discharge."""
    rng = np.random.default_rng(seed)
    found: Rows = {**rows, "coverage": [], "death": []}
    died: dict[str, int] = {}
    covered: dict[str, set[int]] = {}
    for person in (f"p{number}" for number in range(people)):
        covered[person] = set()
        for month in windows.month_starts(DAY_ZERO - 40, DAY_ZERO + 120):
            last = windows.month_starts(month, month + 31)[1] - 1
            if rng.random() < 0.9:
                found["coverage"].append(told_row(month, last, end(last), person_id=person, payer="m"))
                covered[person] |= set(range(month, last + 1))
        if rng.random() < 0.3:
            died[person] = DAY_ZERO + int(rng.integers(40, 90))
            found["death"].append(told_row(died[person], died[person], end(died[person]), person_id=person))
    return found, died, covered


@pytest.mark.parametrize("seed", [61, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(62, 68))])
def test_labels_agree_with_the_naive_second_implementation(seed: int) -> None:
    people = 40
    rows, died, covered = _with_lives(random_evidence(seed, people), people, seed)
    through = DAY_ZERO + 65
    record = replace(record_of(rows), claims_complete_to=through, admissions_complete_to=through)
    index = stay_versions(record).to_pandas()
    index = index[index.discharge_day.notna()].drop_duplicates(["stay_id", "discharge_day"]).reset_index(drop=True)
    index.insert(0, "row_id", range(len(index)))
    said = labels(record, index, READMISSION_30D)
    final = naive_stays(rows, FOREVER)
    expected = [
        naive_label(
            one,
            [stay for stay in final if stay["person_id"] == one.person_id],
            died.get(str(one.person_id)),
            covered[str(one.person_id)],
            through,
        )
        for one in index.itertuples()
    ]
    assert {0.0, 1.0} < {label for label in expected if label == label} | {2.0}, "the histories hold both labels"
    assert any(label != label for label in expected), "and rows that nobody can label"
    assert np.array_equal(said.label.to_numpy("float64"), expected, equal_nan=True)
    assert (said.label.isna() == said.null_reason.notna()).all(), "null without a reason"
