"""Whatever bytes come, the reader of messages takes them or says why not: no crash, no hang, no value in a reason."""

from __future__ import annotations

import io
import logging
import re
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.record.schema import Kind
from features.sources import hl7v2_frames
from features.sources.hl7v2 import tells
from features.sources.hl7v2_frames import split
from features.sources.messages import Rejected, Told
from features.windows import compact_moment
from tests.feeds import ZONE
from tests.hl7 import adt, load_messages, message

pytestmark = pytest.mark.slow

CANARY = "CANARY7719"
MANY = settings(max_examples=max(400, settings().max_examples))
TEXTS = (Kind.TEXT, Kind.IDENTIFIER, Kind.CODE)
MARKED = {3: f"{CANARY}^^^NORTH^MR", 5: f"{CANARY}^{CANARY}", 11: f"{CANARY}^^{CANARY}^NY", 13: CANARY, 18: CANARY}
WHOLE = [
    adt("A01", pid=MARKED, pv1={44: "20240301093000"}),
    adt("A03", pid=MARKED, pv1={44: "20240301093000", 45: "20240305113000", 36: "20"}),
    message(
        "ORU^R01",
        ("PID", MARKED),
        ("OBR", {2: CANARY, 4: "24323-8^x^LN", 7: "20240305", 22: "20240305113000", 25: "F"}),
        ("OBX", {2: "NM", 3: "2160-0^x^LN", 5: "1.25", 6: "mg/dL", 11: "F", 14: "20240305081500"}),
        ("OBX", {2: "SN", 3: "2160-0^x^LN", 5: "<^0.1", 6: "mg/dL", 11: "C"}),
    ),
    message("SIU^S12", ("SCH", {1: CANARY}), ("TQ1", {7: "20240320140000"}), ("PID", MARKED), ("AIP", {3: CANARY})),
    message("ADT^A40", ("PID", MARKED), ("MRG", {1: CANARY})),
]  # fmt: skip
PIECES = [
    b"|",
    b"^",
    b"~",
    b"\\",
    b"&",
    b"\r",
    b"\n",
    b"\x0b",
    b"\x1c",
    b"MSH|",
    b"\\X4\\",
    b"\\.sp99999999\\",
    b'""',
    b"\xff",
]
PIECES += [b"-0500", b"99999999999999", b"\x00", "\u00b2".encode(), b"\\E\\", b"OBX|", b"PID|", b"#"]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A message of which some bytes were cut, doubled, or overwritten by pieces that mean something."""
    content = draw(st.sampled_from(WHOLE))
    for _ in range(draw(st.integers(1, 8))):
        at, length = draw(st.integers(0, len(content))), draw(st.integers(0, 12))
        piece = draw(st.sampled_from(PIECES) | st.binary(max_size=6) | st.just(content[at : at + length]))
        content = content[:at] + piece + content[at + draw(st.sampled_from((0, length))) :]
    return content


def _check(told: Told) -> None:
    """Rows keep to the declarations of their tables: the store would refuse the whole load for one that does not."""
    assert any(told.values()), "a message that is taken tells something"
    for table, rows in told.items():
        for row in rows:
            assert set(row) <= {column.name for column in table.all_columns}
            for column in table.all_columns:
                value = row.get(column.name)
                assert value is not None or not column.required, column.name
                if value is None:
                    continue
                assert isinstance(value, str if column.kind in TEXTS else int), column.name
                assert not column.choices or value in column.choices, column.name
                if isinstance(value, str):
                    assert value.isprintable(), column.name
                    assert value.strip(), column.name
                else:
                    assert abs(value) < 2**62


def _try(content: bytes) -> None:
    told, reason = _outcome(content)
    if told is None:
        assert reason
        assert CANARY not in reason
    else:
        _check(told)


def _outcome(content: bytes) -> tuple[Told | None, str]:
    try:
        return tells(content, ZONE), ""
    except Rejected as why:
        return None, why.reason


@given(content=st.binary(max_size=300) | st.binary(max_size=200).map(lambda rest: b"MSH|^~\\&|" + rest))
@MANY
def test_any_bytes_are_taken_or_set_aside_with_a_reason(content: bytes) -> None:
    _try(content)


@given(content=mutated())
@MANY
def test_a_damaged_message_is_taken_or_set_aside_with_a_reason_that_holds_no_value(content: bytes) -> None:
    _try(content)


@given(content=mutated())
def test_nothing_of_a_message_is_logged_or_printed(content: bytes) -> None:
    """The parser's own reading of escape sequences writes the field into a log: it must not be used."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    logging.getLogger().addHandler(handler)
    try:
        _try(content + b"\rZZZ|\\Q\\" + CANARY.encode())
    finally:
        logging.getLogger().removeHandler(handler)
    assert written.getvalue() == ""


@given(
    messages=st.lists(st.sampled_from(WHOLE), min_size=1, max_size=5),
    end=st.sampled_from((b"\r", b"\n", b"\r\n")),
    frame=st.sampled_from(((b"", b""), (b"\x0b", b"\x1c\r"), (b"BHS|^~\\&\r", b"BTS|1\r"), (b"\n \n", b"\n\n"))),
    block=st.integers(1, 40),
)
def test_messages_come_apart_as_they_were_put_together(
    messages: list[bytes], end: bytes, frame: tuple[bytes, bytes], block: int
) -> None:
    """However the lines end, whatever frames them and wherever a block of the file happens to be cut."""
    written = b"".join(frame[0] + each.replace(b"\r", end) + end + frame[1] for each in messages)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(hl7v2_frames, "BLOCK", block)
        found = list(split(io.BytesIO(written)))
    assert [content for _, content in found] == messages
    assert found == list(split(io.BytesIO(written))), "a line keeps its number wherever a block is cut"
    starts = [line for line, _ in found]
    assert starts == sorted(set(starts)), "each message is found by a line of its own"


@given(
    content=st.lists(st.sampled_from(PIECES) | st.binary(max_size=20), max_size=40).map(b"".join),
    block=st.integers(1, 9),
)
def test_no_byte_of_a_file_is_lost_but_line_ends_frames_and_wrappers(content: bytes, block: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(hl7v2_frames, "BLOCK", block)
        found = b"".join(each for _, each in split(io.BytesIO(content)))
    lines = [
        line for line in re.split(rb"[\r\n\x0b\x1c]", content) if not re.match(rb"[\xef\xbb\xbf \t\0]*[FB][HT]S", line)
    ]
    expected = re.sub(rb"[\s\0\xef\xbb\xbf]", b"", b"".join(lines))
    assert re.sub(rb"[\s\0\xef\xbb\xbf\r]", b"", found) == expected


def test_a_line_without_end_is_cut_and_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hl7v2_frames, "LONGEST_MESSAGE", 100)
    monkeypatch.setattr(hl7v2_frames, "BLOCK", 16)
    endless = b"MSH|^~\\&|" + b"x" * 1000 + b"\r" + WHOLE[0]
    found = [content for _, content in split(io.BytesIO(endless))]
    assert [len(content) for content in found] == [101, 101]


def test_what_is_longer_than_a_message_can_be_is_set_aside() -> None:
    with pytest.raises(Rejected, match="longer than 16777216 bytes"):
        tells(b"MSH|^~\\&|" + b"x" * (1 << 24), ZONE)


@given(
    moment=st.datetimes(datetime(1950, 1, 1), datetime(2080, 1, 1)).map(lambda at: at.replace(microsecond=0)),
    minutes=st.integers(-14 * 60, 14 * 60),
    digits=st.sampled_from((10, 12, 14)),
)
def test_a_time_with_an_offset_is_what_a_clock_in_the_zone_showed(moment: datetime, minutes: int, digits: int) -> None:
    """Against Python's own zones: the span of what was written, moved to the network's clock."""
    sign, ahead = "-" if minutes < 0 else "+", abs(minutes)
    written = f"{moment:%Y%m%d%H%M%S}"[:digits]
    found = compact_moment(f"{written}{sign}{ahead // 60:02d}{ahead % 60:02d}", ZONE)
    shown = datetime.strptime(written, "%Y%m%d%H%M%S"[: {10: 8, 12: 10, 14: 12}[digits]])
    there = shown.replace(tzinfo=timezone(timedelta(minutes=minutes))).astimezone(ZoneInfo(ZONE)).replace(tzinfo=None)
    assert found is not None
    assert found.first == int((there - datetime(1970, 1, 1)).total_seconds())
    assert found.last - found.first + 1 == {10: 3600, 12: 60, 14: 1}[digits]
    assert found.day == (shown.date() - date(1970, 1, 1)).days


@pytest.mark.slow
@given(messages=st.lists(mutated() | st.sampled_from(WHOLE) | st.binary(max_size=80), min_size=1, max_size=12))
@settings(max_examples=12)
def test_a_file_of_damaged_messages_never_stops_a_load(messages: list[bytes]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.hl7"
        path.write_bytes(b"\r".join([WHOLE[0], *messages]))
        report = load_messages(path, Path(folder) / "store")
    assert report.loaded >= 1
    assert report.read == report.loaded + report.quarantined == report.loaded + sum(report.reasons.values())
    assert not any(CANARY in reason for reason in report.reasons)
