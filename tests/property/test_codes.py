"""Laws of the codes room: a column and a single code are read alike, and scores are the ones that others compute."""

from __future__ import annotations

import random

import ibis
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from features.codes.grouping import Grouping
from features.codes.groupings import CHARLSON, ELIXHAUSER, ELIXHAUSER_QUAN, HFRS
from features.codes.places import ACUTE_FACILITIES, CCN_UNITS, facility_type, hospital_of
from features.codes.systems import ICD9CM, ICD10CM, NDC, SYSTEMS, System

pytestmark = pytest.mark.slow  # too long for `make check`

# characters that make up codes, those that almost do (dotless i, long s, Kelvin sign), and blanks
ALPHABET = "0123456789ABCDEFGMTUVXaefuvx.- \t\n\u00a0\u0131\u017f\u212aß"
WRITTEN = st.one_of(st.text(ALPHABET, max_size=16), *(st.from_regex(f.pattern) for s in SYSTEMS for f in s.forms))
CCN = st.one_of(st.text("0123456789", min_size=6, max_size=6), st.text("0123456789ADESTUZx \n", max_size=7))


def column(texts: list[str | None]) -> ibis.Table:
    """The texts in a table, with their row numbers."""
    return ibis.memtable(pa.table({"row": pa.array(range(len(texts))), "text": pa.array(texts, pa.string())}))


@settings(max_examples=25)
@given(texts=st.lists(st.one_of(st.none(), WRITTEN), min_size=20, max_size=60))
@example(
    texts=["e11.9\n", " 250.00", "E878.8", "1234-5678-90", "12345-6789-0", "1234567890", "003", "0470", "\u017f0099"]
)
def test_a_column_is_read_exactly_as_each_of_its_codes(texts: list[str | None]) -> None:
    table = column(texts)
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


@given(CCN)
@example("33S154")
@example("33Z300")
def test_a_unit_belongs_to_a_hospital_and_is_never_one(text: str) -> None:
    assert hospital_of(hospital_of(text)) == hospital_of(text)
    if hospital_of(text) != text:
        assert facility_type(text) in {kind for kind, _ in CCN_UNITS.values()}
        assert facility_type(text) not in ACUTE_FACILITIES


@pytest.mark.parametrize(
    ("grouping", "system", "scheme", "index", "options"),
    [
        (CHARLSON, ICD10CM, "quan_2011", "CharlsonComorbidityIndex", {"implementation": "quan", "weights": "quan"}),
        (CHARLSON, ICD9CM, "charlson_1987", "CharlsonComorbidityIndex", {"implementation": "quan"}),
        (ELIXHAUSER_QUAN, ICD10CM, "van_walraven_2009", "ElixhauserComorbidityIndex", {"implementation": "quan"}),
        (
            ELIXHAUSER,
            ICD10CM,
            "ahrq_icd_10",
            "ElixhauserComorbidityIndex",
            {"implementation": "ahrq_icd10", "weights": "ahrq", "year_col": "year"},
        ),
        (
            ELIXHAUSER,
            ICD9CM,
            "ahrq_icd_9",
            "ElixhauserComorbidityIndex",
            {"implementation": "ahrq_icd9", "weights": "ahrq"},
        ),
        (HFRS, ICD10CM, "gilbert_2018", "HospitalFrailtyRiskScore", {}),
    ],
    ids=lambda x: x.name if isinstance(x, Grouping | System) else "",
)
def test_points_are_those_that_pycomorb_gives(
    grouping: Grouping, system: System, scheme: str, index: str, options: dict[str, str]
) -> None:
    import polars
    import pycomorb

    chance = random.Random(20261122)  # noqa: S311  # people for a test
    anything = grouping.decided().filter(pc.equal(grouping.decided()["code_system"], system.name))["code"]
    codes = anything.to_pylist()
    grouped = [code for code in codes if grouping.labels_of(system, code)]
    people = {n: chance.choices(codes, k=6) + chance.choices(grouped, k=chance.randint(0, 5)) for n in range(400)}
    rows = [{"id": n, "code": c, "age": 40, "year": 2027} for n, held in people.items() for c in held]
    version = "icd10" if system is ICD10CM else "icd9"
    scored = getattr(pycomorb, index)(polars.DataFrame(rows), icd_version=version, **options)
    score = next(name for name in scored.columns if name.endswith(("Comorbidity Index", "HFRS Score")))
    units = 10 if grouping is HFRS else 1
    theirs = {n: round(units * value) for n, value in zip(scored["id"], scored[score], strict=True)}

    weights = grouping.points(scheme)
    for person, held in people.items():
        labels = {label for code in held for label in grouping.labels_of(system, code)}
        labels -= {mild for severe, mild in grouping.overrules if severe in labels}
        assert sum(weights.get(label, 0) for label in labels) == theirs[person]
    assert len(set(theirs.values())) > 10, "people who all score alike would prove nothing"
