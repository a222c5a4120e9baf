"""One person from several numbers, by example: what is merged, what is left to a clerk, and how it is undone."""

from __future__ import annotations

import csv
import stat
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner

from afterward import cli
from features.errors import BadInput
from features.record import tables
from features.record.identity import merge_id
from features.record.linkage import COLUMNS, likely
from features.record.match import HELD_APART, Pair, match, merges, settle, unmatch, with_doubts
from features.record.record import Record, lacked_by_all, of_persons, open_record
from features.record.review import read_decisions
from features.record.schema import Table
from features.record.store import read_manifest
from features.sources.identifiers import is_mbi
from tests.feeds import load_feed, write_feed
from tests.fhir_feeds import load_resources
from tests.hl7 import adt, load_messages, message, write_messages

MBI = "1EG4-TE5-MK73"  # the example that CMS prints
BORN, ELSE = "1950-01-31", "1981-07-09"


def _store(tmp_path: Path, *members: dict[str, Any], messages: tuple[bytes, ...] = ()) -> Path:
    """Members of a plan (Tuva) and patients of a hospital (HL7 v2) in one store."""
    if members:
        write_feed(tmp_path / "plan", "eligibility", [{"payer": "plan", **member} for member in members])
        load_feed(tmp_path / "plan", tmp_path / "store")
    if messages:
        write_messages(tmp_path / "hospital", "a.hl7", messages)
        load_messages(tmp_path / "hospital", tmp_path / "store")
    return tmp_path / "store"


def _patient(number: str, *others: str, born: str = "19500131") -> bytes:
    return adt("A08", pid={3: "~".join([f"{number}^^^NORTH^MR", *others]), 7: born})


def _people(store: Path, table: Table = tables.PERSON) -> list[str]:
    return sorted(set(open_record(store)[table].person_id.to_pyarrow().to_pylist()))


def _rows(record: Record) -> dict[str, list[str]]:
    return {
        name: sorted(map(repr, rows.to_pyarrow().to_pylist()))
        for name, rows in record.tables.items()
        if name != "person_merge"
    }


# ---- identifiers


def test_a_shared_medicare_number_makes_one_person_of_two_sources(tmp_path: Path) -> None:
    """It is known when the later of the two told the number: before the message came, nobody could conclude it."""
    store = _store(tmp_path, {"member_id": MBI.lower()}, messages=(_patient("77", f"{MBI}^^^CMS^MC"),))
    done = match(store, 0.95, {})
    assert [(pair.evidence, pair.doubt) for pair in done.merged] == [("identifier", None)]
    assert len(_people(store)) == 1
    [merge] = open_record(store).merges
    told = open_record(store).told["identifier"].to_pyarrow().to_pylist()
    assert merge.known_at == max(row["known_at"] for row in told if row["system"] == "mbi")
    assert match(store, 0.95, {}).merged == (), "what is merged is not merged again"


def test_one_number_at_two_hospitals_or_payers_is_no_evidence(tmp_path: Path) -> None:
    store = _store(
        tmp_path,
        {"member_id": "77"},
        {"person_id": "p2", "payer": "other", "member_id": "77"},
        messages=(_patient("77"),),
    )
    assert match(store, 0.95, {}).merged == ()
    assert len(_people(store)) == 3


def test_a_family_on_one_number_is_for_a_clerk(tmp_path: Path) -> None:
    """Many payers give the subscriber's number to spouse and children: read as one they would share their stays."""
    store = _store(tmp_path, {"member_id": "M1"}, {"person_id": "p2", "member_id": "M1", "birth_date": ELSE})
    done = match(store, 0.95, {})
    assert [pair.doubt for pair in done.review] == ["days of birth differ"]
    assert done.merged == ()


def test_a_number_that_many_share_is_a_placeholder(tmp_path: Path) -> None:
    store = _store(tmp_path, *({"person_id": f"p{n}", "member_id": "UNKNOWN"} for n in range(12)))
    done = match(store, 0.95, {})
    assert (done.merged, done.review, done.placeholders) == ((), (), 1)


def test_patients_numbers_of_fhir_say_what_they_are_or_are_not_used(tmp_path: Path) -> None:
    numbers = [
        {"system": "http://hl7.org/fhir/sid/us-mbi", "value": MBI},
        {"system": "urn:north", "type": {"coding": [{"code": "MR"}]}, "value": "a 77"},
        {"system": "urn:unknown", "value": "5"},
    ]
    patient = {"resourceType": "Patient", "id": "f1", "birthDate": BORN, "identifier": numbers}
    load_resources(tmp_path, patient)
    rows = open_record(tmp_path / "store")[tables.IDENTIFIER].to_pyarrow().to_pylist()
    found = sorted((row["system"], row["owner"], row["value"]) for row in rows)
    assert found == [("mbi", None, MBI.replace("-", "")), ("mrn", "urn:north", "A77")]


@pytest.mark.parametrize(("number", "is_one"), [(MBI, True), ("1EG4TE5MK7", False), ("1SG4TE5MK73", False)])
def test_what_is_a_medicare_number_is_told_by_its_form(number: str, is_one: bool) -> None:
    assert is_mbi(number) is is_one


# ---- which pairs are merged


def _pair(one: str, other: str, probability: float | None, doubt: str | None = None) -> Pair:
    return Pair(one, other, "identifier" if probability is None else "linkage", 5, probability, doubt)


def _told(one: str, other: str, status: str) -> dict[str, Any]:
    pair = {"person_id": one, "absorbed_id": other, "merge_id": merge_id(one, other)}
    return {**pair, "status": status, "known_at": 9}


def test_from_the_threshold_on_a_pair_is_merged_and_below_it_is_asked() -> None:
    merged, review = settle([_pair("a", "b", 0.95), _pair("c", "d", 0.9499)], [], 0.95)
    assert ([pair.one for pair in merged], [pair.one for pair in review]) == (["a"], ["c"])


def test_what_was_held_apart_is_not_joined_by_way_of_a_third() -> None:
    """Else an undo would last until the next match."""
    merged, review = settle([_pair("a", "c", 0.99), _pair("b", "c", 0.98)], [_told("a", "b", "apart")], 0.95)
    assert [(pair.one, pair.other) for pair in merged] == [("a", "c")]
    assert [(pair.one, pair.other, pair.doubt) for pair in review] == [("b", "c", HELD_APART)]


def test_a_pair_that_surer_evidence_has_made_one_is_not_asked() -> None:
    merged, review = settle([_pair("a", "b", 0.6), _pair("a", "c", None), _pair("b", "c", None)], [], 0.95)
    assert (len(merged), review) == (2, [])


# ---- messages, undo, review


def _a40(going_on: str, given_up: str, sent: str = "20240401120000-0400") -> bytes:
    ids = ("PID", {3: f"{going_on}^^^NORTH^MR"}), ("MRG", {1: f"{given_up}^^^NORTH^MR"})
    return message("ADT^A40", *ids, sent=sent)


@pytest.mark.slow
def test_a_merge_message_is_honoured_and_undone(tmp_path: Path) -> None:
    """The stay told under the old number is the person's; after the undo every row is where it was."""
    stays = (
        adt("A01", pid={3: "66^^^NORTH^MR"}, pv1={19: "V1", 44: "20240301"}),
        adt("A01", pid={3: "77^^^NORTH^MR"}, pv1={19: "V2", 44: "20240310"}),
    )
    before = _rows(open_record(_store(tmp_path / "before", messages=stays)))
    store = _store(tmp_path, messages=(*stays, _a40("77", "66")))
    assert _people(store, tables.ADT_EVENT) == ["77^^^NORTH"]
    record = of_persons(open_record(store), ["77^^^NORTH"])
    assert record[tables.ADT_EVENT].count().to_pyarrow().as_py() == 2, "one patient's read has all of the numbers"
    [held] = merges(open_record(store))
    assert (held["evidence"], held["absorbed_id"]) == ("message", "66^^^NORTH")
    unmatch(store, held["merge_id"])
    after = _rows(open_record(store))
    assert after["adt_event"] == before["adt_event"]
    assert merges(open_record(store)) == []
    with pytest.raises(BadInput, match="does not hold"):
        unmatch(store, held["merge_id"])


@pytest.mark.slow
def test_a_clerk_decides_in_the_file_and_is_not_asked_again(tmp_path: Path) -> None:
    store = _store(tmp_path, {"member_id": "M1"}, {"person_id": "p2", "member_id": "M1", "birth_date": ELSE})
    review, listed = tmp_path / "review.csv", tmp_path / "merges.csv"
    words = ["match", "--store", str(store), "--review", str(review), "--merges", str(listed)]
    first = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert "1 pairs for review" in first.output
    assert "p2" not in first.output
    assert stat.S_IMODE(review.stat().st_mode) == 0o600, "it holds names"
    review.write_text(review.read_text().rstrip("\r\n") + "same\n")
    CliRunner().invoke(cli, [*words, "--decisions", str(review)], catch_exceptions=False)
    assert _people(store) == ["p1"]
    with listed.open() as given:
        [held] = csv.DictReader(given)
    assert held["evidence"] == "review"
    CliRunner().invoke(cli, ["unmatch", held["merge_id"], "--store", str(store)], catch_exceptions=False)
    last = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert "0 pairs for review" in last.output, "what was undone is decided"
    assert _people(store) == ["p1", "p2"]


def test_a_wrong_line_of_decisions_is_named_and_its_content_is_not(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("first_id,second_id,decision\np1,p2,\nCANARY,p2,perhaps\n")
    with pytest.raises(BadInput, match="line 3") as wrong:
        read_decisions(tmp_path / "d.csv")
    assert "CANARY" not in str(wrong.value)
    with pytest.raises(BadInput, match="not in the store"):
        match(_store(tmp_path, {}), 0.95, {("nobody", "p1"): "merged"})


@pytest.mark.slow
def test_a_match_takes_no_fact_from_what_the_store_is_known_to_lack(tmp_path: Path) -> None:
    store = _store(tmp_path, {"member_id": MBI}, messages=(_patient("77", f"{MBI}^^^CMS^MC"),))
    before, fingerprint = lacked_by_all(read_manifest(store)), read_manifest(store).fingerprint
    match(store, 0.95, {})
    assert lacked_by_all(read_manifest(store)) == before
    assert read_manifest(store).fingerprint != fingerprint, "a service must read the store anew"
    manifest = (store / "manifest.json").read_bytes()
    match(store, 0.95, {})
    assert (store / "manifest.json").read_bytes() == manifest


# ---- linkage


def _entry(number: int, **told: str) -> dict[str, str | None]:
    """People who have nothing in common but the town."""
    own = f"{number:03d}"
    names = {
        "first_name": f"{'abcdefghij'[number % 10] * 3}{own}",
        "last_name": f"{'klmnopqrst'[number // 10] * 4}{own}",
    }
    facts = {
        **names,
        "birth": f"19{number:02d}-0{1 + number % 9}-1{number % 10}",
        "city": "town",
        "address": f"{own}elm",
    }
    return {"person_id": own, **dict.fromkeys(COLUMNS), **facts, "zip_code": f"10{own}", **told}


@pytest.mark.slow
def test_the_same_people_in_two_sources_are_linked_and_read_as_one(tmp_path: Path) -> None:
    """40 members of a plan, of whom 20 are patients of a hospital with other numbers and one slip of the pen each."""
    people = [_entry(number) for number in range(40)]
    told = [{"birth_date": one["birth"], "person_id": f"m{n}", "gender": "female"} for n, one in enumerate(people)]
    write_feed(
        tmp_path / "plan",
        "eligibility",
        [{**who, "zip_code": p["zip_code"]} for who, p in zip(told, people, strict=True)],
    )
    reach = ("first_name", "last_name", "address", "city")
    rows = [
        {"person_id": f"m{n}", "updated_date": "2024-01-01", **{k: p[k] for k in reach}} for n, p in enumerate(people)
    ]
    write_feed(tmp_path / "plan", "contact", rows)
    load_feed(tmp_path / "plan", tmp_path / "store")
    patients = []
    for number in range(20):
        one = people[number]
        name, lives = (
            f"{one['last_name']}^{one['first_name']}x",
            f"{one['address']}^^{one['city']}^NY^{one['zip_code']}",
        )
        born = str(one["birth"]).replace("-", "")
        patients.append(adt("A08", pid={3: f"{number}^^^NORTH^MR", 5: name, 7: born, 8: "F", 11: lives}))
    store = _store(tmp_path, messages=tuple(patients))
    done = match(store, 0.95, {})
    pairs = {frozenset((pair.one, pair.other)) for pair in done.merged}
    assert pairs == {frozenset((f"m{number}", f"{number}^^^NORTH")) for number in range(20)}
    assert (done.review, done.by_evidence["linkage"]) == ((), 20)
    assert len(_people(store)) == 40
    held = merges(open_record(store))
    assert all(0.95 <= float(merge["probability"]) <= 1 for merge in held)
    assert {merge["known_at"] for merge in held} == {"2024-03-05T12:00:00-05:00"}, "when the hospital told it"


@pytest.mark.parametrize(
    ("first", "second", "doubt"),
    [
        ({}, {}, None),
        ({"sex": "male"}, {"sex": "female"}, "sexes differ"),
        ({"birth": "1950-01-31"}, {"birth": "1950-01-13"}, None),
        ({"birth": "1950-01-31"}, {"birth": "1950-02-13"}, "days of birth differ"),
        ({"birth": None}, {}, "no day of birth"),
        ({"first_name": "mia"}, {"first_name": "luke"}, "first names differ"),
        ({"first_name": "ann", "last_name": "lee"}, {"first_name": "lee", "last_name": "ann"}, None),
        ({"mbi": ["1"]}, {"mbi": ["2"]}, "Medicare numbers differ"),
        ({"mbi": ["1", "2"]}, {"mbi": ["2"]}, None),
        ({"sources": ["plan", "a"]}, {"sources": ["plan"]}, "one source tells them apart"),
    ],
)
def test_what_speaks_against_a_pair(first: dict[str, Any], second: dict[str, Any], doubt: str | None) -> None:
    """Twins, spouses on one number, and two members of one plan: whoever reads them as one mixes two people's care."""
    usual: dict[str, Any] = {**dict.fromkeys(COLUMNS), "birth": BORN, "mbi": None}
    rows = [
        {**usual, "person_id": "a", "sources": ["one"], **first},
        {**usual, "person_id": "b", "sources": ["two"], **second},
    ]
    texts = [(name, pa.string()) for name in ("person_id", *COLUMNS)]
    lists = [(name, pa.list_(pa.string())) for name in ("mbi", "sources")]
    [found] = with_doubts(pa.Table.from_pylist(rows, schema=pa.schema([*texts, *lists])), [_pair("a", "b", 0.99)])
    assert found.doubt == doubt


@pytest.mark.slow
def test_linkage_forgives_a_slip_of_the_pen_and_not_another_person() -> None:
    people = [_entry(number) for number in range(100)]
    slip = {**_entry(7, first_name="hhh07"), "person_id": "slip"}
    people += [slip, {**_entry(8), "person_id": "again"}]
    schema = pa.schema([(name, pa.string()) for name in ("person_id", *COLUMNS)])
    found = likely(pa.Table.from_pylist(people, schema=schema), 0.95)
    assert sorted((pair.one, pair.other) for pair in found) == [("007", "slip"), ("008", "again")]


def test_where_no_two_people_agree_on_what_nearly_decides_none_are_linked() -> None:
    schema = pa.schema([(name, pa.string()) for name in ("person_id", *COLUMNS)])
    assert likely(pa.Table.from_pylist([_entry(number) for number in range(9)], schema=schema), 0.5) == []
