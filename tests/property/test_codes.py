"""Laws of the codes room: a column and a single code are read alike, and the canonical form is stable."""

from __future__ import annotations

import ibis
from hypothesis import example, given, settings
from hypothesis import strategies as st

from features.codes.systems import ICD9CM, NDC, SYSTEMS, System

# characters that make up codes, those that almost do (dotless i, long s, Kelvin sign), and blanks
ALPHABET = "0123456789ABCDEFGMTUVXaefuvx.- \t\n\u00a0\u0131\u017f\u212aß"
WRITTEN = st.one_of(st.text(ALPHABET, max_size=16), *(st.from_regex(f.pattern) for s in SYSTEMS for f in s.forms))


@settings(deadline=None, max_examples=25)
@given(texts=st.lists(st.one_of(st.none(), WRITTEN), min_size=20, max_size=60))
@example(
    texts=["e11.9\n", " 250.00", "E878.8", "1234-5678-90", "12345-6789-0", "1234567890", "003", "0470", "\u017f0099"]
)
def test_a_column_is_read_exactly_as_each_of_its_codes(texts: list[str | None]) -> None:
    table = ibis.memtable({"row": list(range(len(texts))), "text": texts}, schema={"row": "int64", "text": "string"})
    read = table.select("row", **{s.name: s.expression(table.text) for s in SYSTEMS}).order_by("row").to_pyarrow()
    for system in SYSTEMS:
        alone = [None if text is None else system.normalise(text) for text in texts]
        assert read[system.name].to_pylist() == alone, system.name


@given(system=st.sampled_from(SYSTEMS), text=WRITTEN)
def test_reading_a_canonical_or_a_written_code_again_changes_nothing(system: System, text: str) -> None:
    code = system.normalise(text)
    if code is not None:
        assert system.normalise(code) == code
        assert system.normalise(system.written(code)) == code


@given(st.from_regex(r"[0-9]{10}", fullmatch=True))
def test_ten_bare_digits_are_never_an_ndc(text: str) -> None:
    assert NDC.normalise(text) is None


@given(st.from_regex(r"[0-9]{3,5}", fullmatch=True))
def test_a_numeric_icd_9_code_keeps_its_leading_zeros(text: str) -> None:
    assert ICD9CM.normalise(text) == text
