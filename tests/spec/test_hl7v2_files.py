"""Files of HL7 version 2 messages: how they may be written, what comes again or late, and the public ones."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from features.definitions.cohort import prediction_cohort
from features.definitions.stays import final_stays
from features.record import tables
from features.record.record import open_record
from features.sources.hl7v2 import tells
from features.sources.hl7v2_frames import holds
from features.sources.messages import Rejected
from tests.feeds import ZONE, clock, day, rows_of
from tests.hl7 import Fields, adt, load_messages, message, write_messages

pytestmark = pytest.mark.slow

ADMITTED, LEFT = "202403010930-0500", "202403051130-0500"


# ---- files


TWO = [adt("A01", pv1={19: "V1", 44: ADMITTED}), adt("A03", pv1={19: "V2", 44: ADMITTED, 45: LEFT})]


def _framed(messages: list[bytes]) -> bytes:
    return b"".join(b"\x0b" + each + b"\r\x1c\r" for each in messages)


WRITTEN = {
    "carriage returns": b"\r".join(TWO),
    "line feeds": b"\n".join(TWO).replace(b"\r", b"\n"),
    "both": b"\r\n".join(each.replace(b"\r", b"\r\n") for each in TWO) + b"\r\n\r\n",
    "MLLP": _framed(TWO),
    "MLLP without the last return": _framed(TWO).replace(b"\r\x1c\r", b"\r\x1c"),
    "batch": b"\r".join([b"FHS|^~\\&|X", b"BHS|^~\\&|X", *TWO, b"BTS|2", b"FTS|1"]),
    "byte order mark": b"\xef\xbb\xbf" + b"\r\n".join(TWO),
    "blank lines": b"\n\n  \n" + b"\n\n".join(TWO),
}


def _rows(store: Path) -> list[tuple[Any, ...]]:
    return rows_of(store, tables.ADT_EVENT, "visit_number", "event_type", "admitted_at", "discharged_at", "known_at")


@pytest.mark.parametrize("written", WRITTEN, ids=str)
def test_every_way_to_write_messages_into_a_file_is_read(written: str, tmp_path: Path) -> None:
    (tmp_path / "a.hl7").write_bytes(WRITTEN[written])
    report = load_messages(tmp_path / "a.hl7", tmp_path / "store")
    assert (report.read, report.loaded) == (2, 2)
    assert _rows(tmp_path / "store") == [
        ("V1^^^NORTH", "A01", "2024-03-01 09:30:00", None, "2024-03-05 12:00:00"),
        ("V2^^^NORTH", "A03", "2024-03-01 09:30:00", "2024-03-05 11:30:59", "2024-03-05 12:00:00"),
    ]


def test_gzips_zips_and_texts_are_opened_as_they_come(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.hl7.gz").write_bytes(gzip.compress(TWO[0]))
    with zipfile.ZipFile(tmp_path / "in" / "b.zip", "w") as archive:
        archive.writestr("deep/b.txt", TWO[1])
    (tmp_path / "in" / "notes.txt").write_text("not a message\n")
    report = load_messages(tmp_path / "in", tmp_path / "store")
    assert (report.loaded, report.unread) == (2, ("notes.txt",))


def test_what_stands_before_the_first_header_is_counted_and_set_aside(tmp_path: Path) -> None:
    (tmp_path / "a.hl7").write_bytes(b"PID|1||77\rPV1|1\r" + TWO[0])
    report = load_messages(tmp_path / "a.hl7", tmp_path / "store")
    assert (report.read, report.loaded, dict(report.reasons)) == (2, 1, {"no message header (MSH)": 1})


def test_what_stands_behind_a_batch_belongs_to_no_message(tmp_path: Path) -> None:
    (tmp_path / "a.hl7").write_bytes(b"BHS|^~\\&\r" + adt("A08", pid={18: "A"}) + b"\rBTS|1\rPV1|1|I\r")
    report = load_messages(tmp_path / "a.hl7", tmp_path / "store")
    assert (report.read, report.loaded, dict(report.reasons)) == (2, 1, {"no message header (MSH)": 1})


def test_only_messages_are_taken_for_messages() -> None:
    assert holds(b"\xef\xbb\xbfMSH|^~\\&|") is True
    assert holds(b"BHS|^~\\&|") is True
    assert holds(b"id,MSHcode\n1,MSH|\n") is False


# ---- late, again, out of order, cancelled, class changed


VISIT = [
    adt("A04", "20240301080000", pv1={2: "E", 44: "20240301080000"}),
    adt("A06", "20240301120000", pv1={2: "I", 44: "20240301080000"}),
    adt("A02", "20240302090000", pv1={44: "20240301080000", 3: "ICU^1^A^NORTH HOSPITAL"}),
    adt("A12", "20240302100000", pv1={44: "20240301080000"}),
    adt("A03", "20240303110000", pv1={44: "20240301080000", 45: "20240303110000", 36: "01"}),
    adt("A13", "20240303113000", pv1={44: "20240301080000", 45: "20240303110000"}),
    adt("A03", "20240305110000", pv1={44: "20240301080000", 45: "20240305110000", 36: "06"}),
    adt("A01", "20240306080000", pv1={19: "V2", 44: "20240306080000"}),
    adt("A11", "20240306090000", pv1={19: "V2", 44: "20240306080000"}),
    adt("A01", "20240307080000", pv1={19: "V3", 44: "20240307080000"}),
    adt("A07", "20240307120000", pv1={19: "V3", 2: "O", 44: "20240307080000"}),
]


def _content(store: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in (store / "batches").glob("*/*.parquet"):
        if path.stem not in ("quarantine", "messages"):
            found.setdefault(path.stem, []).extend(map(repr, pq.read_table(path).to_pylist()))
    return {name: sorted(rows) for name, rows in found.items()}


def test_messages_late_again_and_out_of_order_give_the_same_rows_and_stays(tmp_path: Path) -> None:
    orders = {
        "as sent": [VISIT],
        "backwards": [VISIT[::-1]],
        "in two files, the later first": [VISIT[6:], VISIT[:6]],
        "again, within a file and across": [VISIT[3:], VISIT[:7] + VISIT[:2], VISIT[::2]],
    }
    stores = {}
    for name, files in orders.items():
        for number, messages in enumerate(files):
            path = write_messages(tmp_path / name, f"{number}.hl7", messages)
            report = load_messages(path, tmp_path / "stores" / name)
            assert report.read == len(messages) == report.loaded + report.quarantined
        stores[name] = _content(tmp_path / "stores" / name)
    assert len(stores["as sent"]["adt_event"]) == len(VISIT)
    assert all(content == stores["as sent"] for content in stores.values())
    stays = final_stays(open_record(tmp_path / "stores" / "backwards")).to_pandas()
    assert stays[["admit_day", "discharge_day", "discharge_disposition_code"]].values.tolist() == [
        [day("2024-03-01"), day("2024-03-05"), "06"]
    ], "the cancelled admission and the outpatient visit are no stays; the discharge taken back is none"


def test_a_discharge_to_expired_and_a_visit_of_no_inpatient_score_nobody(tmp_path: Path) -> None:
    left = {44: ADMITTED, 45: LEFT, 36: "01"}
    visits: dict[str, tuple[Fields, Fields]] = {
        "alive": ({}, left),
        "expired": ({}, {**left, 36: "20"}),
        "expired in words": ({}, {**left, 36: "EXP"}),
        "dead by the person": ({30: "Y"}, left),
        "emergency": ({}, {**left, 2: "E"}),
        "outpatient": ({}, {**left, 2: "O"}),
        "observation": ({}, {**left, 2: "OBS"}),
    }
    messages = [
        adt("A03", pid={3: f"{who}^^^NORTH^MR", 7: "19500131", **pid}, pv1={19: who, **pv1})
        for who, (pid, pv1) in visits.items()
    ]
    load_messages(write_messages(tmp_path, "a.hl7", messages), tmp_path / "store")
    scored = prediction_cohort(open_record(tmp_path / "store")).rows
    assert scored.person_id.tolist() == ["alive^^^NORTH"]
    assert clock(int(scored.as_of[0])) == "2024-03-05 12:00:00", "the moment at which the message came"


def test_a_message_that_is_in_the_store_is_set_aside_as_that(tmp_path: Path) -> None:
    load_messages(write_messages(tmp_path, "a.hl7", TWO), tmp_path / "store")
    again = load_messages(write_messages(tmp_path, "b.hl7", TWO[:1], end=b"\r\n"), tmp_path / "store")
    assert dict(again.reasons) == {"the same message again: its content is in the store": 1}


def test_a_message_that_was_set_aside_may_come_again(tmp_path: Path) -> None:
    """A reader that has learned more must not find that a message which it could not take is held already."""
    write_messages(tmp_path, "a.hl7", [message("ADT^A31", ("PID", {})), TWO[0]])
    load_messages(tmp_path / "a.hl7", tmp_path / "store")
    held = pq.read_table(next((tmp_path / "store").rglob("messages.parquet")))
    assert held.num_rows == 1, "the one that was taken"


# ---- files that nobody here wrote


@pytest.mark.slow
def test_the_public_messages_load_completely(data_dir: Path, tmp_path: Path) -> None:
    """linuxforhealth (4 files) and microsoft (141): every message of a kind that is read and whole is taken."""
    report = load_messages(data_dir / "hl7v2_adt", tmp_path / "store")
    assert (len(report.files), report.read, report.loaded, report.quarantined) == (145, 146, 48, 98)
    assert {name: report.rows[name] for name in ("adt_event", "result", "order", "appointment")} == {
        "adt_event": 26,
        "result": 49,
        "order": 9,
        "appointment": 13,
    }
    assert report.rows["person_merge"] == 3, "two A40 are honoured, one of them of two numbers"
    assert {reason: n for reason, n in report.reasons.items() if not reason.endswith("is not read")} == {
        "no time of the message (MSH-7, EVN-2)": 3
    }
    events = rows_of(tmp_path / "store", tables.ADT_EVENT, "event_type")
    counts = {event: events.count((event,)) for event in sorted({event for (event,) in events})}
    assert counts == {"A01": 7, "A02": 2, "A03": 2, "A04": 5, "A06": 2, "A07": 2, "A08": 2, "A11": 2, "A13": 2}
    again = load_messages(data_dir / "hl7v2_adt", tmp_path / "store")
    assert (again.read, again.loaded) == (0, 0)


@pytest.mark.slow
def test_a_strict_second_reader_finds_the_same_numbers_and_classes(data_dir: Path) -> None:
    """hl7apy, written by others, on the public messages; it refuses two in whose header a mark stands twice."""
    from hl7apy.exceptions import InvalidEncodingChars
    from hl7apy.parser import parse_message

    compared = refused = 0
    for path in sorted((data_dir / "hl7v2_adt").rglob("*.hl7")):
        content = path.read_bytes().removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\r").replace(b"\n", b"\r")
        try:
            [row] = tells(content, ZONE)[tables.ADT_EVENT]
            parsed = parse_message(content.decode(), find_groups=False)
        except (Rejected, KeyError):
            continue
        except InvalidEncodingChars:
            refused += 1
            continue
        numbers = [part.split("^")[0] for part in parsed.pid.pid_3.to_er7().split("~")]
        visit, account = parsed.pv1.pv1_19.to_er7().split("^")[0], parsed.pid.pid_18.to_er7().split("^")[0]
        assert str(row["person_id"]).split("^^^")[0] in numbers
        assert str(row["visit_number"]).split("^^^")[0] == (visit or account)
        assert row["patient_class"] == parsed.pv1.pv1_2.to_er7().split("^")[0]
        assert (row["discharged_at"] is None) == (parsed.pv1.pv1_45.to_er7() == "" or row["event_type"] == "A13")
        compared += 1
    assert (compared, refused) == (24, 2)
