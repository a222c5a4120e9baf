"""Clinical scores by example: points by value, published worked examples, and what they are made of at a discharge.

Every person is admitted on 1 June and discharged on 5 June 2024 at 15:00. A table tells what was known of one person
beside that, and the values that follow; `-` is null.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from features.catalogue import CATALOGUE
from features.catalogue import scores as catalogue
from features.catalogue.person import DEMOGRAPHICS, INDEX_STAY
from features.catalogue.utilisation import STAYS
from features.codes.groupings import CHARLSON, LACE_CONDITIONS
from features.codes.systems import ICD9CM, ICD10CM
from features.dataset import build
from features.definitions import scores
from features.definitions.cohort import prediction_cohort
from features.definitions.scores import BANDS_FROM_1, BANDS_FROM_2, HOSPITAL, LACE
from features.errors import BadDeclaration
from features.record.record import Record
from models.log_odds import log_odds, risk_of
from tests.histories import record_of
from tests.spec.tables import parse, person_rows, together
from training import baselines

Floats = npt.NDArray[np.float64]
FEATURES = (DEMOGRAPHICS, INDEX_STAY, STAYS, *catalogue.FEATURES)


def of(*values: float) -> Floats:
    return np.array(values, dtype=np.float64)


# ---- points by value

POINTS: tuple[tuple[str, Callable[[Floats], Floats], str], ...] = (
    ("LACE, L", scores.lace_length_of_stay, "0:0 1:1 2:2 3:3 4:4 6:4 7:5 13:5 14:7 90:7 -:-"),
    ("LACE, A", scores.lace_acute, "0:0 1:3 -:-"),
    ("LACE, C", scores.lace_comorbidity, "0:0 1:1 2:2 3:3 4:5 20:5 -:-"),
    ("LACE, E", scores.lace_emergency_visits, "0:0 1:1 2:2 3:3 4:4 9:4 -:-"),
    ("HOSPITAL, H", scores.hospital_haemoglobin, "11.9:1 12:0 12.1:0 -:-"),
    ("HOSPITAL, O", scores.hospital_oncology, "0:0 1:2 -:-"),
    ("HOSPITAL, S", scores.hospital_sodium, "134.9:1 135:0 140:0 -:-"),
    ("HOSPITAL, P", scores.hospital_procedure, "0:0 1:1 -:-"),
    ("HOSPITAL, IT", scores.hospital_index_type, "0:0 1:1 -:-"),
    (
        "HOSPITAL, A from 1",
        lambda stays: scores.hospital_admissions(stays, BANDS_FROM_1),
        "0:0 1:2 2:2 5:2 6:5 12:5 -:-",
    ),
    (
        "HOSPITAL, A from 2",
        lambda stays: scores.hospital_admissions(stays, BANDS_FROM_2),
        "0:0 1:0 2:2 5:2 6:5 12:5 -:-",
    ),
    ("HOSPITAL, L", scores.hospital_length_of_stay, "0:0 4:0 5:2 30:2 -:-"),
)


@pytest.mark.parametrize(("part", "points", "expected"), POINTS, ids=[part for part, _, _ in POINTS])
def test_a_part_gives_the_published_points(part: str, points: Callable[[Floats], Floats], expected: str) -> None:
    pairs = [[np.nan if cell == "-" else float(cell) for cell in pair.split(":")] for pair in expected.split()]
    values, wanted = np.array(pairs).T
    assert np.array_equal(points(values), wanted, equal_nan=True), part


def test_lace_of_the_published_worked_examples() -> None:
    """The two examples of the R package cliot: a long acute stay of a sick person, and a short elective one."""
    assert scores.lace(of(5), of(1), of(5), of(2)).tolist() == [14]
    assert scores.lace(of(2), of(0), of(0), of(0)).tolist() == [2]


def test_lace_runs_from_0_to_19() -> None:
    assert scores.lace(of(0, 14), of(0, 1), of(0, 4), of(0, 4)).tolist() == [0, 19]
    assert sum(LACE.parts.values()) == 19


def test_hospital_runs_from_0_to_13() -> None:
    least = scores.hospital(of(14), of(0), of(140), of(0), of(0), of(0), of(1), BANDS_FROM_1)
    most = scores.hospital(of(8), of(1), of(120), of(1), of(1), of(6), of(5), BANDS_FROM_1)
    assert (least.tolist(), most.tolist()) == ([0], [13])
    assert sum(HOSPITAL.parts.values()) == 13


def test_one_admission_in_the_year_tells_the_two_published_variants_apart() -> None:
    patient = (of(14), of(0), of(140), of(0), of(1), of(1), of(1))
    assert [scores.hospital(*patient, bands).tolist() for bands in scores.ADMISSION_BANDS] == [[3], [1]]
    assert BANDS_FROM_1.source != BANDS_FROM_2.source


def test_a_score_is_not_known_where_a_part_is_not() -> None:
    assert np.isnan(scores.lace(of(5), of(np.nan), of(5), of(2))).all()
    assert np.isnan(scores.hospital(of(np.nan), of(0), of(140), of(0), of(1), of(1), of(1), BANDS_FROM_1)).all()


def test_what_is_left_of_a_score_is_named_for_what_it_is() -> None:
    assert LACE.named("LACE") == "LACE"
    assert LACE.named("LCE") == "LACE without A"
    assert LACE.named(["L", "C"]) == "LACE without A and E"
    assert HOSPITAL.named(["A", "L", "IT", "O"]) == "HOSPITAL without H, S and P"
    assert LACE.total({"L": of(4), "C": of(5), "E": of(2)}).tolist() == [11]
    for wrong in ("", "LX"):
        with pytest.raises(BadDeclaration, match="some of L, A, C, E"):
            LACE.named(wrong)


# ---- LACE's own weights of conditions


def lace_items(*codes: str) -> set[str]:
    return {item for code in codes for item in LACE_CONDITIONS.labels_of(ICD10CM, code)}


def test_lace_weights_conditions_its_own_way() -> None:
    """Table 1 of BMC Cardiovasc Disord 14:97; AIDS by BMJ Open 2017, e016921."""
    points = LACE_CONDITIONS.points("lace_2010")
    assert sorted(points.values()) == [1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 4, 4, 6]
    for code, wanted in (
        *(("I252", 1), ("I639", 1), ("I739", 1), ("E119", 1), ("I5022", 2), ("E1122", 2), ("J449", 2), ("K703", 2)),
        *(("N1830", 2), ("C3490", 2), ("C9000", 2), ("F0390", 3), ("M059", 3), ("B20", 4), ("K7290", 4), ("N186", 4)),
        ("C7951", 6),
    ):
        assert [points[item] for item in lace_items(code)] == [wanted], code


def test_what_is_no_item_of_lace_gives_no_points() -> None:
    """Peptic ulcer and hemiplegia are Charlson's."""
    assert CHARLSON.labels_of(ICD10CM, "K259") == ("peptic_ulcer_disease",)
    assert lace_items("K259", "G8190") == set()


def test_kidney_disease_is_severe_from_stage_4_and_one_item_with_the_liver() -> None:
    mild, severe = {"mild_liver_or_renal_disease"}, {"severe_liver_or_renal_disease"}
    for code in ("N181", "N1830", "N189", "N19", "I1310", "K703"):
        assert lace_items(code) == mild, code
    for code in ("N184", "N185", "N186", "I120", "I1311", "Z940", "Z992", "K7290"):
        assert lace_items(code) == severe, code
    assert LACE_CONDITIONS.labels_of(ICD9CM, "5853") == LACE_CONDITIONS.labels_of(ICD9CM, "585") == tuple(mild)
    assert LACE_CONDITIONS.labels_of(ICD9CM, "5856") == LACE_CONDITIONS.labels_of(ICD9CM, "V560") == tuple(severe)


def test_every_code_of_an_item_is_one_of_charlsons_and_the_other_way_round() -> None:
    left_out = {"peptic_ulcer_disease", "hemiplegia_or_paraplegia"}
    charlson, lace = CHARLSON.table().to_pylist(), LACE_CONDITIONS.table().to_pylist()
    theirs = {(row["code_system"], row["code"]) for row in charlson if row["label"] not in left_out}
    assert {(row["code_system"], row["code"]) for row in lace} == theirs


# ---- what they are made of at a discharge

STAY = "sent | event | visit | in | out | hospital | class | status | service | admit\n"
INDEX = STAY + "06-05 15:00 | A03 | v1 | 06-01 | 06-05 15:00 | h1 | I | 01 | ONC | 1\n"


@dataclass(frozen=True)
class Example:
    """A person's tables (see `person_rows`), and `column | value` of what follows."""

    name: str
    values: str
    told: dict[str, str] = field(default_factory=dict)
    messages: str = INDEX


def index_stay(admit: str = "1", service: str = "CAR", came: str = "06-01", left: str = "06-05 15:00") -> str:
    return f"{STAY}{left} | A03 | v1 | {came} | {left} | h1 | I | 01 | {service} | {admit}\n"


EXAMPLES = (
    Example(
        "four days, an emergency, heart failure and diabetes, two visits: LACE 4 + 3 + 3 + 2",
        """
        column                     | value
        lace_length_of_stay        | 4
        lace_acute                 | 3
        lace_conditions_sum_730d   | 3
        lace_comorbidity           | 3
        emergency_visits_days_180d | 2
        lace_emergency_visits      | 2
        lace                       | 12
        """,
        {
            "visits": """
            claim | known | day   | setting
            v1    | 05-20 | 05-02 | emergency
            v2    | 05-20 | 03-01 | office
            v3    | 05-20 | 2023-12-04 | emergency
            """,
            "codes": "claim | code\nv2 | I5022\nv2 | E119",
        },
    ),
    Example(
        "a bill that came after the discharge gives nothing, nor does a visit 181 days before",
        """
        column                     | value
        lace_comorbidity           | 0
        emergency_visits_days_180d | 0
        lace                       | 7
        """,
        {
            "visits": """
            claim | known | day        | setting
            v1    | 06-06 | 05-02      | emergency
            v2    | 05-20 | 2023-12-03 | emergency
            """,
            "codes": "claim | code\nv1 | C7951",
        },
    ),
    Example(
        "the visit that led to the stay is none of those before it, whether told by message or bill",
        """
        column                     | value
        emergency_visits_days_180d | 0
        """,
        {"visits": "claim | known | day | setting\nc1 | 06-03 | 06-01 | emergency"},
        messages=index_stay()
        + "06-01 02:00 | A03 | v0 | 05-31 23:00 | 06-01 02:00 | h1 | E | 01 | - | -\n"
        + "05-31 22:00 | A04 | v9 | 05-31 22:00 | - | h1 | E | - | - | -\n",
    ),
    Example(
        "one visit told by message and bill is one; a message called off is none",
        """
        column                     | value
        emergency_visits_days_180d | 2
        lace_emergency_visits      | 2
        """,
        {"visits": "claim | known | day | setting\nc1 | 05-20 | 05-02 | emergency"},
        messages=index_stay()
        + "05-02 20:00 | A03 | v2 | 05-02 18:00 | 05-02 20:00 | h1 | E | 01 | - | -\n"
        + "05-28 20:00 | A03 | v3 | 05-28 18:00 | 05-28 20:00 | h2 | E | 01 | - | -\n"
        + "05-27 20:00 | A11 | v4 | 05-27 18:00 | - | h2 | E | - | - | -\n",
    ),
    Example(
        "an admission after an injury is acute",
        "column | value\nacute_admission | 1\nlace_acute | 3\nhospital_index_type | 1",
        messages=index_stay(admit="5"),
    ),
    Example(
        "an elective one is not",
        "column | value\nacute_admission | 0\nlace_acute | 0\nhospital_index_type | 0",
        messages=index_stay(admit="3"),
    ),
    Example(
        "where the type of admission is not available, the score is not known and its other parts are",
        """
        column              | value
        acute_admission     | -
        lace_acute          | -
        lace                | -
        lace_length_of_stay | 4
        """,
        messages=index_stay(admit="9"),
    ),
    Example(
        "anaemia, low sodium, from oncology: HOSPITAL without P 1 + 2 + 1 + 1, and its two variants of one stay before",
        """
        column                    | value
        hospital_haemoglobin      | 1
        hospital_oncology         | 2
        hospital_sodium           | 1
        hospital_index_type       | 1
        hospital_admissions_from_1| 2
        hospital_admissions_from_2| 0
        hospital_length_of_stay   | 0
        hospital_without_p_from_1 | 7
        hospital_without_p_from_2 | 5
        """,
        {
            "bills": "claim | known | in | out | hospital\nc1 | 05-20 | 04-28 | 05-02 | h1",
            "results": """
            issued      | drawn       | test        | value
            06-02 10:00 | 06-02 09:00 | haemoglobin | 13.0
            06-05 10:00 | 06-05 08:00 | haemoglobin | 9.3
            06-04 10:00 | 06-04 09:00 | sodium      | 130
            """,
        },
    ),
    Example(
        "a result from before the stay is none at discharge, nor is one issued later",
        """
        column                             | value
        at_discharge_haemoglobin_last_365d | -
        at_discharge_sodium_last_365d      | 140
        hospital_haemoglobin               | -
        hospital_sodium                    | 0
        hospital_without_p_from_1          | -
        """,
        {
            "results": """
            issued      | drawn       | test        | value
            05-31 10:00 | 05-31 09:00 | haemoglobin | 9.3
            06-05 16:00 | 06-05 08:00 | haemoglobin | 9.3
            06-01 10:00 | 06-01 09:00 | sodium      | 140
            """
        },
    ),
    Example(
        "a service that nobody told",
        "column | value\nfrom_oncology | -\nhospital_oncology | -",
        messages=index_stay(service="-"),
    ),
    Example(
        "five days in hospital",
        "column | value\nhospital_length_of_stay | 2\nlace_length_of_stay | 4",
        messages=index_stay(came="05-31"),
    ),
    Example(
        "Elixhauser index: heart failure 14, severe renal failure 7 in the place of the moderate 3, obesity -7",
        """
        column                    | value
        elixhauser_index_sum_365d | 14
        elixhauser_index_sum_730d | 14
        """,
        {
            "visits": "claim | known | day | setting\nv1 | 05-20 | 03-01 | office",
            "codes": "claim | code\nv1 | I5022\nv1 | N186\nv1 | N1830\nv1 | E669",
        },
    ),
)


@pytest.fixture(scope="module")
def record() -> Record:
    return record_of(together(person_rows(one.name, messages=one.messages, **one.told) for one in EXAMPLES))


@pytest.fixture(scope="module")
def rows(record: Record) -> pd.DataFrame:
    """The index stay of June of every person."""
    found = prediction_cohort(record).rows
    return pd.DataFrame(found[found.discharge_day == found.discharge_day.max()]).reset_index(drop=True)


@pytest.fixture(scope="module")
def built(record: Record, rows: pd.DataFrame) -> pd.DataFrame:
    return build(record, rows, FEATURES).set_index(rows.person_id)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.name)
def test_what_follows_from(example: Example, built: pd.DataFrame) -> None:
    values = dict(zip(built.columns, built.loc[example.name].to_numpy("float64"), strict=True))
    wanted = {cells["column"] or "": cells["value"] for cells in parse(example.values)}
    said = {name: None if np.isnan(values[name]) else float(values[name]) for name in wanted}
    assert said == {name: None if value is None else float(value) for name, value in wanted.items()}


@pytest.mark.slow
def test_a_part_that_the_source_cannot_tell_is_null_and_with_it_the_score(record: Record, rows: pd.DataFrame) -> None:
    lacks = {"claim_line.admit_type_code": "no type of admission", "result": "no results"}
    found = build(replace(record, lacks=lacks, derived={}), rows, FEATURES)
    gone = ["lace_acute", "lace", "hospital_haemoglobin", "hospital_sodium", "hospital_without_p_from_1"]
    assert found[gone].isna().all().all()
    assert found[["lace_length_of_stay", "lace_comorbidity", "lace_emergency_visits"]].notna().all().all()


def test_points_are_whole_numbers_within_their_score(built: pd.DataFrame) -> None:
    for part, score in ((catalogue.LACE_PARTS, LACE), (catalogue.HOSPITAL_PARTS[BANDS_FROM_1], HOSPITAL)):
        for letter, column in part.items():
            told = built[column.declared.name].dropna()
            assert told.isin(range(score.parts[letter] + 1)).all(), column.declared.name


def test_hospital_tells_in_its_name_that_procedures_are_not_known_at_discharge() -> None:
    for parts in catalogue.HOSPITAL_PARTS.values():
        assert HOSPITAL.named(parts) == "HOSPITAL without P"


# ---- as baselines


def rows_to_learn_from() -> tuple[pd.DataFrame, Floats]:
    """3,000 rows in which the risk rises with the points of LACE, of a source without the type of admission."""
    random = np.random.default_rng(11)
    parts = {letter: part.declared.name for letter, part in catalogue.LACE_PARTS.items()}
    X = pd.DataFrame({parts[letter]: random.integers(0, most + 1, 3_000) for letter, most in LACE.parts.items()})
    X = X.astype("float64").assign(**{parts["A"]: np.nan})
    total = X.sum(axis=1).to_numpy()
    X.loc[::7, parts["E"]] = np.nan
    X[baselines.PRIOR_ADMISSIONS] = random.poisson(1.0, 3_000).astype(float)
    return X, (random.random(3_000) < risk_of(-3 + 0.25 * total)).astype(np.float64)


@pytest.fixture(scope="module")
def learned() -> tuple[pd.DataFrame, dict[str, baselines.Linear]]:
    X, y = rows_to_learn_from()
    place = np.arange(len(X))
    stages = place < 1_200, (place >= 1_200) & (place < 1_500)
    return X, baselines.learn(X, y, place < 1_500, (place >= 1_500) & (place < 2_500), stages)


def test_a_score_stands_among_the_baselines_by_the_name_of_what_is_left(
    learned: tuple[pd.DataFrame, dict[str, baselines.Linear]],
) -> None:
    assert [name for name in learned[1] if name.startswith(("LACE", "HOSPITAL"))] == ["LACE without A"]


def test_its_risk_depends_on_the_points_alone_and_rises_with_them(
    learned: tuple[pd.DataFrame, dict[str, baselines.Linear]],
) -> None:
    """A point of any part adds the same to the log-odds."""
    X, found = learned
    rule = found["LACE without A"]
    assert rule.columns == ("lace_length_of_stay", "lace_comorbidity", "lace_emergency_visits")
    whole = X.dropna(subset=list(rule.columns))
    total = whole[list(rule.columns)].sum(axis=1).to_numpy()
    told = log_odds(rule.risk(whole))
    slope, level = np.polyfit(total, told, 1)
    assert slope == pytest.approx(0.25, abs=0.05), "planted: 0.25 a point"
    assert np.abs(told - (level + slope * total)).max() < 1e-9


def test_a_row_with_a_part_not_known_has_a_risk_all_the_same_and_json_keeps_every_bit(
    learned: tuple[pd.DataFrame, dict[str, baselines.Linear]],
) -> None:
    X, found = learned
    rule = found["LACE without A"]
    assert np.isfinite(rule.risk(X)).all()
    again = baselines.from_json(json.loads(json.dumps({"name": "x", **rule.to_json()})))
    assert again.risk(X).tobytes() == rule.risk(X).tobytes()


def test_each_measure_of_the_burden_of_disease_is_a_baseline_of_its_one_column(
    learned: tuple[pd.DataFrame, dict[str, baselines.Linear]],
) -> None:
    """A rule that reads a column that no feature makes would silently never be compared."""
    made = {column.name for feature in CATALOGUE for column in feature.columns()}
    assert set(baselines.BURDENS.values()) <= made
    X, _ = learned
    rng = np.random.default_rng(3)
    index = rng.integers(0, 9, len(X)).astype("float64")
    y = (rng.random(len(X)) < risk_of(-2 + 0.4 * index)).astype("float64")
    rows = X.assign(**{baselines.BURDENS["Charlson index"]: index})
    some = np.arange(len(X)) % 2 == 0
    found = baselines.learn(rows, y, some, ~some, (some, ~some))
    rule = found["Charlson index"]
    assert rule.columns == ("charlson_index_sum_365d",)
    assert np.all(np.diff(rule.risk(rows.iloc[np.argsort(index)])) >= 0), "more disease, more risk"
    assert "HCC count" not in found, "the rows tell none"


def test_names_of_baselines_are_fit_for_a_table_of_runs() -> None:
    """MLflow takes letters, digits, blanks and a few signs once colons and commas are gone."""
    for rule in baselines.CLINICAL_SCORES:
        name = (rule.score.named(rule.columns) + rule.variant).replace(":", "").replace(",", "")
        assert name.replace(" ", "").isalnum(), name
    assert len({rule.score.named(rule.columns) + rule.variant for rule in baselines.CLINICAL_SCORES}) == 3
