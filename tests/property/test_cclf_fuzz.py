"""Whatever a CCLF file holds, a load ends, accounts for every line, says why it set one aside, and says nothing of
whose it is.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.errors import BadInput
from features.sources import cclf
from features.sources.cclf_layouts import RECORDS
from features.sources.cclf_lines import told_by, wrong
from features.sources.cli import told
from features.sources.load import load
from features.sources.reader import Delivery
from tests.cclf import WIDTHS, line, name_of, statistics
from tests.feeds import ZONE

FEW = settings(max_examples=2, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
CANARY = "CANARY7719"  # stands wherever a number, a name or a code could
HOSTILE = (
    *(
        "",
        CANARY,
        "0000-00-00",
        "9999-12-31",
        "0001-01-01",
        "2024-02-30",
        "24-1-1",
        "-1",
        "0",
        "1e9",
        "9" * 24,
        "-9.99",
    ),
    *("999999999999999.9990", "NaN", "inf", "'", '"', "%s", "\\", "é", "\x00", "\t", "|", "1 2", "0x10", "1_000"),
)

spoilings = st.one_of(
    st.tuples(st.just("field"), st.integers(0, 60), st.sampled_from(HOSTILE)),
    st.tuples(st.just("byte"), st.integers(0, 600), st.integers(0, 255).map(chr)),
    st.tuples(st.just("cut"), st.integers(0, 600), st.just("")),
    st.tuples(st.just("more"), st.integers(0, 600), st.text(st.characters(max_codepoint=255), max_size=5)),
)
files = st.fixed_dictionaries({kind: st.lists(spoilings, min_size=25, max_size=40) for kind in WIDTHS})


def _spoilt(kind: str, number: int, how: str, where: int, what: str) -> str:
    """A usual line that somebody has tampered with; line ends in it make more lines, as they would on disk."""
    own = {"CUR_CLM_UNIQ_ID": f"9{number}"} if kind == "1" else {}
    text = line(kind, **own)
    if how == "field":
        name, width = WIDTHS[kind][where % len(WIDTHS[kind])]
        return line(kind, **{**own, name: what[:width]})
    where %= len(text)
    rest = {"byte": text[where + 1 :], "cut": "", "more": text[where:]}[how]
    return text[:where] + what + rest


@pytest.mark.slow
@FEW
@given(files)
def test_a_load_ends_and_accounts_for_every_line(spoilt: Mapping[str, list[tuple[str, int, str]]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in").mkdir()
        expected = {}
        for kind, changes in spoilt.items():
            lines = [line(kind), *(_spoilt(kind, number, *change) for number, change in enumerate(changes))]
            content = "\n".join(lines).encode("latin-1")
            (folder / "in" / name_of(kind)).write_bytes(content)
            expected[name_of(kind)] = sum(bool(each.rstrip(b"\r\n")) for each in content.split(b"\n"))
        (folder / "in" / name_of("0")).write_text("\n".join(statistics(CCLF1=1, CCLF9=10**12)))
        report = load(cclf.READER, folder / "in", folder / "store", Delivery(None), ZONE)
        assert {file.name: file.read for file in report.files} == {**expected, name_of("0"): 3}
        for file in report.files:
            assert file.read == file.loaded + file.quarantined
            assert file.loaded >= 1, "the usual record is right, whatever stands beside it"
        assert sum(report.reasons.values()) == report.quarantined
        assert CANARY not in "\n".join(told(report))
        (quarantine,) = (folder / "store").glob("batches/*/quarantine.parquet")
        rows = pq.read_table(quarantine).to_pylist()
        assert len(rows) == report.quarantined
        for row in rows:
            stood = (folder / "in" / row["file"]).read_bytes().decode("latin-1").split("\n")
            assert row["raw"] == stood[row["line"] - 1].rstrip("\r\n"), "the line as it stands in the file"


@given(st.text(), st.sampled_from(sorted(RECORDS)))
def test_a_line_is_a_record_or_has_a_reason_without_what_stands_in_it(text: str, kind: str) -> None:
    reason = wrong(text, kind)
    assert reason is not None or len(text) in RECORDS[kind].lengths
    assert reason is None or (reason == wrong(text + CANARY * 99, kind) or "characters" in reason)


names = st.from_regex(r"\A[A-Z.]{0,9}\.?ZC?[0-9AB]?[YR]?[0-9]{0,3}\.?D?[0-9]{0,7}\.?T?[0-9]{0,3}\Z")


@given(st.one_of(names, st.text()))
def test_a_name_tells_a_delivery_or_nothing_or_is_refused_in_words(name: str) -> None:
    try:
        says = told_by(name)
    except BadInput as error:
        assert "no day of delivery" in str(error)  # noqa: PT017  # either way is right
    else:
        assert says is None or f".ZC{says.file}" in name
