"""Quality measures by example: tiny patients of our own, in a deck like the official ones."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from features.errors import BadInput, Failure
from features.measures import MEASURES, blood_pressure, breast_cancer, depression_screening, glycemic_status
from features.measures.check import Report, check, chosen, needed
from features.measures.cli import measures
from features.measures.events import gather
from features.measures.left_out import HOSPICE_DIAGNOSIS, HOUSING_STATUS, NURSING_HOME_RESIDENT
from features.measures.measure import evaluate, sets_of, value_sets_of
from features.measures.panel import Panel, nobody
from features.measures.period import Period
from features.measures.sets import DIABETES, OFFICE_VISIT
from features.measures.value_set import ValueSet
from features.record.record import open_record
from features.windows import parse_day, parse_instant
from tests import measures_page
from tests.fhir_feeds import load_resources
from tests.measure_decks import (
    OurCase,
    Resource,
    concept,
    condition,
    patient,
    procedure,
    quantity,
    read_cases,
    read_csv,
    result,
    sets_held,
    visit,
    words,
    write_cases,
    write_csv,
    write_deck,
)

BREAST, BREAST_2025 = "BreastCancerScreeningFHIR", "CMS125FHIRBreastCancerScreening"
DEPRESSION, DEPRESSION_2025 = "PCSDepressionScreenAndFollowUpFHIR", "CMS2FHIRPCSDepressionScreenAndFollowUp"
GLYCEMIC, PRESSURE = "DiabetesGlycemicStatusAssessmentGreaterThan9PercentFHIR", "ControllingHighBloodPressureFHIR"
IN = {"initial-population": 1, "denominator": 1}
OUT, CLOSED = {**IN, "denominator-exclusion": 1}, {**IN, "numerator": 1}
EXCEPTED = {**IN, "denominator-exception": 1}
SEEN = visit(OFFICE_VISIT, "2025-03-01T09:00:00Z", "2025-03-01T09:30:00Z")
WOMAN = patient("1965-05-05")
MAMMOGRAM = breast_cancer.MAMMOGRAPHY


def mammogram(at: str, category: str = "imaging", **more: Any) -> Resource:
    return result(MAMMOGRAM, at, category, **more)


def pressure(at: str, systolic: float | None, diastolic: float | None, visit_id: str | None = None) -> Resource:
    parts = [
        {"code": concept(code), **quantity(value, "mm[Hg]")}
        for code, value in ((blood_pressure.SYSTOLIC, systolic), (blood_pressure.DIASTOLIC, diastolic))
        if value is not None
    ]
    met: dict[str, Any] = {"encounter": {"reference": f"Encounter/{visit_id}"}} if visit_id else {}
    return result(blood_pressure.BLOOD_PRESSURE, at, "vital-signs", component=parts, **met)


def hba1c(at: str, percent: float | None, **more: Any) -> Resource:
    return result(glycemic_status.HBA1C, at, **({} if percent is None else quantity(percent, "%")), **more)


SEX_2025: dict[str, Any] = {
    "extension": [{"url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-sex", "valueCode": "248152002"}]
}
SEEN_FOR_IT = visit(depression_screening.VISITS[0], "2025-03-01T09:00:00Z", "2025-03-01T09:30:00Z")
SCREENING = depression_screening.ADULT
POSITIVE = result(SCREENING.code, "2025-02-25", "survey", valueCodeableConcept=concept(depression_screening.POSITIVE))
NOT_DONE_REASON = "http://hl7.org/fhir/us/qicore/StructureDefinition/qicore-notDoneReason"


def medicine(written: str, intent: str, start: str, end: str) -> Resource:
    """A depression medicine taken between two days."""
    taken = {"timing": {"repeat": {"boundsPeriod": {"start": start, "end": end}}}}
    return {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": intent,
        "medicationCodeableConcept": concept(SCREENING.medicines),
        "authoredOn": written,
        "dosageInstruction": [taken],
    }


def declined(issued: str) -> Resource:
    """A screening that was declined at a time."""
    why = {"url": NOT_DONE_REASON, "valueCodeableConcept": concept(depression_screening.DECLINED)}
    return result(SCREENING.code, "2025-03-01", "survey", status="cancelled", issued=issued, extension=[why])


BIPOLAR = condition(depression_screening.BIPOLAR, "2025-03-01T08:00:00Z")
DECLINED = declined("2025-03-01T15:00:00Z")
PLANNED = medicine("2025-03-02", "plan", "2025-03-02", "2025-04-01")
REORDERED = medicine("2025-03-02", "reflex-order", "2025-04-02", "2025-05-01")
TAKEN = medicine("2024-11-01", "order", "2024-11-01", "2025-03-02")
TAKEN_BEFORE = medicine("2024-11-01", "order", "2024-11-01", "2025-03-01")
HYPERTENSIVE = condition(blood_pressure.HYPERTENSION, "2020-01-01")
DIABETIC = condition(DIABETES, "2020-01-01")
CASES = {
    BREAST: [
        OurCase("a woman of the age, seen, without a mammogram", [WOMAN, SEEN], IN),
        OurCase("a man", [patient("1965-05-05", "male"), SEEN]),
        OurCase("51 on the last day of the period", [patient("1974-01-01"), SEEN]),
        OurCase("52 on the last day", [patient("1973-12-31"), SEEN], IN),
        OurCase("seen before the period", [WOMAN, visit(OFFICE_VISIT, "2024-12-31T09:00:00Z", "2024-12-31T10:00:00Z")]),
        OurCase(
            "an encounter that has not ended",
            [WOMAN, visit(OFFICE_VISIT, "2025-03-01T09:00:00Z", status="in-progress")],
        ),
        OurCase("a mammogram on the first day that counts", [WOMAN, SEEN, mammogram("2023-10-01T08:00:00Z")], CLOSED),
        OurCase("a mammogram a day too early", [WOMAN, SEEN, mammogram("2023-09-30T08:00:00Z")], IN),
        OurCase("a mammogram that is preliminary", [WOMAN, SEEN, mammogram("2025-02-01", status="preliminary")], IN),
        OurCase("in 2024 a mammogram of any category", [WOMAN, SEEN, mammogram("2025-02-01", "exam")], CLOSED),
        OurCase(
            "a mammogram without a value, with the reason",
            [WOMAN, SEEN, mammogram("2025-02-01", dataAbsentReason=words("x", "unknown")[0])],
            CLOSED,
        ),
        OurCase(
            "a mammogram and hospice: excluded, and so in no numerator",
            [WOMAN, SEEN, mammogram("2025-02-01"), condition(HOSPICE_DIAGNOSIS, "2025-06-01")],
            OUT,
        ),
        OurCase(
            "hospice over before the period",
            [WOMAN, SEEN, condition(HOSPICE_DIAGNOSIS, "2024-06-01", abatementDateTime="2024-12-31T12:00:00Z")],
            IN,
        ),
        OurCase(
            "hospice no longer active, nobody says since when",
            [WOMAN, SEEN, condition(HOSPICE_DIAGNOSIS, "2025-06-01", "inactive")],
            IN,
        ),
        OurCase(
            "one breast removed, the other gone before",
            [
                WOMAN,
                SEEN,
                procedure(breast_cancer.LEFT_REMOVED, "2020-01-01T10:00:00Z", "2020-01-01T12:00:00Z"),
                condition(breast_cancer.ONE_REMOVED, "2019-01-01", bodySite=[concept(breast_cancer.RIGHT)]),
            ],
            OUT,
        ),
        OurCase(
            "twice the same breast",
            [
                WOMAN,
                SEEN,
                procedure(breast_cancer.LEFT_REMOVED, "2020-01-01T10:00:00Z", "2020-01-01T12:00:00Z"),
                condition(breast_cancer.ONE_REMOVED, "2019-01-01", bodySite=[concept(breast_cancer.LEFT)]),
            ],
            IN,
        ),
        OurCase(
            "an operation that was never told to have ended",
            [WOMAN, SEEN, procedure(breast_cancer.BOTH_REMOVED, "2020-01-01T10:00:00Z")],
            IN,
        ),
        OurCase(
            "66 or older in a nursing home, by the last housing status",
            [
                patient("1955-05-05"),
                SEEN,
                result(HOUSING_STATUS, "2024-05-01", "survey", valueCodeableConcept=concept(OFFICE_VISIT)),
                result(HOUSING_STATUS, "2025-05-01", "survey", valueCodeableConcept=concept(NURSING_HOME_RESIDENT)),
            ],
            OUT,
        ),
        OurCase(
            "a further code of the same encounter counts too",
            [WOMAN, {**SEEN, "type": [concept(MAMMOGRAM, OFFICE_VISIT)]}],
            IN,
        ),
    ],
    BREAST_2025: [
        OurCase("43 in 2025, by the sex for clinical use", [patient("1982-05-05", **SEX_2025), SEEN], IN),
        OurCase("a woman by her papers only", [patient("1982-05-05"), SEEN]),
        OurCase(
            "a mammogram that is no imaging",
            [patient("1982-05-05", **SEX_2025), SEEN, mammogram("2025-02-01", "exam")],
            IN,
        ),
        OurCase("a mammogram", [patient("1982-05-05", **SEX_2025), SEEN, mammogram("2025-02-01")], CLOSED),
        OurCase(
            "hospice that was refuted",
            [
                patient("1982-05-05", **SEX_2025),
                SEEN,
                condition(HOSPICE_DIAGNOSIS, "2025-06-01", verificationStatus=words("x", "refuted")[0]),
            ],
            IN,
        ),
    ],
    GLYCEMIC: [
        OurCase("never tested", [WOMAN, SEEN, DIABETIC], CLOSED),
        OurCase("9.0 per cent", [WOMAN, SEEN, DIABETIC, hba1c("2025-05-01", 9.0)], IN),
        OurCase("9.1 per cent", [WOMAN, SEEN, DIABETIC, hba1c("2025-05-01", 9.1)], CLOSED),
        OurCase(
            "the last of two tests counts",
            [WOMAN, SEEN, DIABETIC, hba1c("2025-05-01", 9.1), hba1c("2025-06-01", 7)],
            IN,
        ),
        OurCase(
            "the lowest of the last day counts",
            [WOMAN, SEEN, DIABETIC, hba1c("2025-06-01T08:00:00Z", 7), hba1c("2025-06-01T09:00:00Z", 9.1)],
            IN,
        ),
        OurCase(
            "the last test has no value",
            [
                WOMAN,
                SEEN,
                DIABETIC,
                hba1c("2025-05-01", 7),
                hba1c("2025-06-01", None, dataAbsentReason=words("x", "unknown")[0]),
            ],
            CLOSED,
        ),
        OurCase(
            "9.1 of another unit",
            [WOMAN, SEEN, DIABETIC, result(glycemic_status.HBA1C, "2025-05-01", **quantity(9.1, "mmol/mol"))],
            IN,
        ),
        OurCase("diabetes that began after the period", [WOMAN, SEEN, condition(DIABETES, "2026-01-01")]),
    ],
    PRESSURE: [
        OurCase("never measured", [WOMAN, SEEN, HYPERTENSIVE], IN),
        OurCase("139 over 89", [WOMAN, SEEN, HYPERTENSIVE, pressure("2025-05-01", 139, 89)], CLOSED),
        OurCase("140 over 89", [WOMAN, SEEN, HYPERTENSIVE, pressure("2025-05-01", 140, 89)], IN),
        OurCase(
            "the lowest of each on the last day",
            [
                WOMAN,
                SEEN,
                HYPERTENSIVE,
                pressure("2025-05-01T08:00:00Z", 139, 95),
                pressure("2025-05-01T09:00:00Z", 150, 85),
            ],
            CLOSED,
        ),
        OurCase(
            "one of the last day without a diastolic",
            [WOMAN, SEEN, HYPERTENSIVE, pressure("2025-05-01", 120, 80), pressure("2025-05-01", 120, None)],
            IN,
        ),
        OurCase(
            "the last day without any value",
            [WOMAN, SEEN, HYPERTENSIVE, pressure("2025-05-01", 120, 80), pressure("2025-06-01", None, None)],
            IN,
        ),
        OurCase(
            "a later one taken in hospital does not count",
            [
                WOMAN,
                SEEN,
                HYPERTENSIVE,
                pressure("2025-05-01", 120, 80),
                visit(
                    MAMMOGRAM, "2025-06-01T08:00:00Z", "2025-06-02T08:00:00Z", id="ward", **{"class": {"code": "IMP"}}
                ),
                pressure("2025-06-01", 180, 100, "ward"),
            ],
            CLOSED,
        ),
        OurCase("hypertension from July on", [WOMAN, SEEN, condition(blood_pressure.HYPERTENSION, "2025-07-01")]),
        OurCase("hypertension in June", [WOMAN, SEEN, condition(blood_pressure.HYPERTENSION, "2025-06-30")], IN),
    ],
    DEPRESSION: [
        OurCase("a bipolar disorder told on the day of the visit, before it", [WOMAN, SEEN_FOR_IT, BIPOLAR], OUT),
        OurCase("declined on the day of the visit, after it", [WOMAN, SEEN_FOR_IT, DECLINED], IN),
        OurCase("positive, and a medicine planned", [WOMAN, SEEN_FOR_IT, POSITIVE, PLANNED], IN),
        OurCase("positive, and a reflex order", [WOMAN, SEEN_FOR_IT, POSITIVE, REORDERED], IN),
        OurCase("positive, and under treatment since November", [WOMAN, SEEN_FOR_IT, POSITIVE, TAKEN], IN),
    ],
    DEPRESSION_2025: [
        OurCase("a bipolar disorder told on the day of the visit, before it", [WOMAN, SEEN_FOR_IT, BIPOLAR], IN),
        OurCase("declined on the day of the visit, after it", [WOMAN, SEEN_FOR_IT, DECLINED], EXCEPTED),
        OurCase("positive, and a medicine planned", [WOMAN, SEEN_FOR_IT, POSITIVE, PLANNED], IN),
        OurCase("positive, and a reflex order", [WOMAN, SEEN_FOR_IT, POSITIVE, REORDERED], CLOSED),
        OurCase("positive, and under treatment since November", [WOMAN, SEEN_FOR_IT, POSITIVE, TAKEN], CLOSED),
        OurCase("positive, and treated until the visit", [WOMAN, SEEN_FOR_IT, POSITIVE, TAKEN_BEFORE], IN),
    ],
}


@pytest.fixture(scope="module")
def deck(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_deck(tmp_path_factory.mktemp("deck") / "deck", CASES)


@pytest.fixture(scope="module")
def report(deck: Path) -> Report:
    return check(deck)


@pytest.mark.parametrize(
    ("name", "number"), [(name, number) for name, cases in CASES.items() for number in range(len(cases))]
)
def test_each_patient_is_in_the_populations_that_the_logic_says(name: str, number: int, report: Report) -> None:
    case = CASES[name][number]
    rows = [row for row in report.rows if (row.answer.measure, row.answer.case_id) == (name, f"case-{number}")]
    got = {row.answer.population: row.got for row in rows if row.got}
    assert len(rows) == (5 if name in (DEPRESSION, DEPRESSION_2025) else 4), "exceptions, where the measure has them"
    assert got == case.expected, case.says


@pytest.mark.slow
def test_nothing_but_the_period_of_an_answer_is_read(deck: Path, report: Report, tmp_path: Path) -> None:
    """A check that looked at the answers would agree with whatever they say."""
    other = write_deck(tmp_path / "deck", {GLYCEMIC: CASES[GLYCEMIC]})
    file = other / "cases" / f"{GLYCEMIC}.ndjson.gz"
    told = read_cases(file)
    for case in told:
        case["resources"] = [
            {"resourceType": "MeasureReport", "period": each["period"], "group": [{"population": [{"count": 7}]}]}
            if each["resourceType"] == "MeasureReport"
            else each
            for each in case["resources"]
        ]
    write_cases(file, told)
    truth = read_csv(other / "truth.csv")
    shuffled = [{**row, "expected_count": 1 - int(row["expected_count"])} for row in truth]
    shuffled = shuffled[7:][::-1] + shuffled[:7]
    write_csv(other / "truth.csv", shuffled)

    def got(of: Report) -> dict[tuple[str, str], int | None]:
        return {(r.answer.case_id, r.answer.population): r.got for r in of.rows if r.answer.measure == GLYCEMIC}

    again = check(other)
    assert got(again) == got(report)
    assert len(again.disagreements) == len(truth), "every answer was turned round"


# ---- a deck that is not right


@pytest.mark.slow
def test_the_command_writes_every_row_and_fails_where_one_disagrees(tmp_path: Path) -> None:
    wrong = [OurCase("an answer that is not so", [WOMAN, SEEN], CLOSED)]
    deck = write_deck(tmp_path / "deck", {BREAST: wrong})
    words = ("check", str(deck), "--measure", "CMS125", "--out", str(tmp_path / "out.csv"))
    done = CliRunner().invoke(measures, words)
    assert isinstance(done.exception, Failure)
    assert "1 rows that disagree" in str(done.exception)
    assert f"{BREAST} numerator: 0 of 1 agree" in done.output
    rows = (tmp_path / "out.csv").read_text().splitlines()
    assert rows[0] == "measure,case_id,group,population,expected,got"
    assert f"{BREAST},case-0,0,numerator,1,0" in rows


@pytest.mark.parametrize("name", ["CMS999", "CMS12", "cms125", "BreastCancer", "CervicalCancerScreeningFHIR"])
def test_an_unknown_measure_is_named_with_the_choices(name: str) -> None:
    with pytest.raises(BadInput, match=rf"measure {name}.*CMS125 \({BREAST}\)"):
        chosen([name], [BREAST])


def test_a_file_that_is_cut_short_stops_the_check(tmp_path: Path) -> None:
    deck = write_deck(tmp_path / "deck", {BREAST: CASES[BREAST][:3]})
    file = deck / "cases" / f"{BREAST}.ndjson.gz"
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])
    with pytest.raises(BadInput, match="damaged"):
        check(deck)
    file.write_bytes(gzip.compress(gzip.decompress(whole)[:-200]))
    with pytest.raises(BadInput, match=r"line 3.*cut short"):
        check(deck)


def test_a_value_set_that_cannot_be_trusted_stops_its_measure(tmp_path: Path) -> None:
    """Without the mammograms everybody would seem to have a gap."""
    deck = write_deck(tmp_path / "deck", {BREAST: CASES[BREAST][:1]})
    rows = read_csv(deck / "valuesets.csv.gz")
    write_csv(deck / "valuesets.csv.gz", [row for row in rows if row["oid"] != MAMMOGRAM.oid])
    with pytest.raises(BadInput, match=r"CMS125 without its value sets: Mammography .*not there"):
        check(deck)
    write_csv(deck / "valuesets.csv.gz", [{**row, "truncated": "1"} for row in rows])
    with pytest.raises(BadInput, match="cut short"):
        check(deck)
    write_csv(deck / "valuesets.csv.gz", [{**row, "code": ""} for row in rows])
    with pytest.raises(BadInput, match=r"valuesets\.csv\.gz line 2, without OID, system or code"):
        check(deck)
    (deck / "valuesets.csv.gz").unlink()
    with pytest.raises(BadInput, match=r"valuesets\.csv\.gz, which cannot be read"):
        check(deck)


@pytest.mark.slow
def test_a_measure_without_its_value_sets_says_so_and_the_others_are_worked_out(tmp_path: Path) -> None:
    deck = write_deck(tmp_path / "deck", {BREAST: CASES[BREAST][:1], GLYCEMIC: CASES[GLYCEMIC][:1]})
    rows = read_csv(deck / "valuesets.csv.gz")
    write_csv(deck / "valuesets.csv.gz", [row for row in rows if row["oid"] != MAMMOGRAM.oid])
    report = check(deck)
    assert list(report.refused) == [BREAST]
    got = {(row.answer.measure, row.got) for row in report.rows}
    assert got == {(BREAST, None), (GLYCEMIC, 0), (GLYCEMIC, 1)}, "not worked out is not 0"
    assert {row.answer.measure for row in report.disagreements} == {BREAST}


@pytest.mark.slow
def test_a_case_that_is_none_is_named_and_not_counted_as_nothing(tmp_path: Path) -> None:
    """Without its patient, or with one that the reader sets aside, a case has no answer; 0 would look like one."""
    dead = {**WOMAN, "deceasedDateTime": "1960-01-01"}
    cases = [CASES[BREAST][0], OurCase("nobody", [SEEN]), OurCase("dead before birth", [dead, SEEN])]
    report = check(write_deck(tmp_path / "deck", {BREAST: cases}))
    assert report.unusable == (f"{BREAST}.ndjson.gz line 2 with 0 patients",)
    assert {row.answer.case_id for row in report.rows if row.got is None} == {"case-1", "case-2"}
    assert {row.answer.case_id for row in report.disagreements} == {"case-1", "case-2"}


def test_what_is_no_deck_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no cases"):
        check(tmp_path)
    deck = write_deck(tmp_path / "deck", {BREAST: CASES[BREAST][:1]})
    (deck / "truth.csv").write_text("measure,case_id\n")
    with pytest.raises(BadInput, match=r"truth\.csv without the column group"):
        check(deck)


# ---- as of a date


@pytest.mark.slow
def test_what_was_not_known_by_then_closes_nothing(tmp_path: Path) -> None:
    """A mammogram of February whose report came in May leaves the gap open in April."""
    ours = [WOMAN, SEEN, mammogram("2025-02-01T08:00:00Z", issued="2025-05-01T08:00:00Z")]
    resources = [{"id": f"r{i}", "subject": {"reference": "Patient/somebody"}, **each} for i, each in enumerate(ours)]
    resources[0].pop("subject")
    load_resources(tmp_path, *({**each, "id": each["id"] if i else "somebody"} for i, each in enumerate(resources)))
    edition = breast_cancer.MEASURE.editions[0]
    held = sets_held(BREAST)
    sets = needed([(breast_cancer.MEASURE, edition)])
    record = open_record(tmp_path / "store")
    year = Period(parse_day("2025-01-01"), parse_day("2025-12-31"))

    def closed(day: str) -> list[bool]:
        facts = gather(record, sets, held, parse_instant(f"{day}T12:00:00Z"))
        (found,) = evaluate(breast_cancer.MEASURE, facts, year, edition)
        return [bool(found.counts[name][0]) for name in ("denominator", "numerator")]

    assert closed("2025-02-15") == [False, False], "not seen yet"
    assert closed("2025-04-01") == [True, False]
    assert closed("2025-06-01") == [True, True]


# ---- measures as data


def test_every_deck_name_belongs_to_one_edition() -> None:
    names = [name for measure in MEASURES for edition in measure.editions for name in edition.names]
    assert len(names) == len(set(names)) == 18
    assert len({measure.cms for measure in MEASURES}) == 10


def test_an_edition_changes_what_cms_changed() -> None:
    ages = {edition.year: edition.ages for edition in breast_cancer.MEASURE.editions}
    assert ages == {2024: (52, 74), 2025: (42, 74)}


def test_what_a_measure_asks_for_is_known_without_asking_about_anybody() -> None:
    """What it does not ask for then would be asked for later, and be silently empty."""
    for measure in MEASURES:
        for edition in measure.editions:
            asked = sets_of(measure, edition)
            assert set(edition.visits) <= asked
            assert value_sets_of(measure, edition) == {each for each in asked if isinstance(each, ValueSet)}


def test_the_next_step_asks_for_nothing_that_the_measure_does_not() -> None:
    """What only the words ask for would not be gathered, and the words would be wrong."""
    for measure in MEASURES:
        for edition in measure.editions:
            panel = Panel(nobody(), Period(0, 364), edition)
            for step in (step for group in measure.groups for step in group.steps):
                step.met(panel)
            assert panel.asked <= sets_of(measure, edition)


def test_the_page_of_the_measures_is_what_the_declarations_say() -> None:
    written = (Path(__file__).resolve().parents[2] / "docs" / "measures.md").read_text()
    assert written == measures_page.page(), "run: python -m tests.measures_page > docs/measures.md"
