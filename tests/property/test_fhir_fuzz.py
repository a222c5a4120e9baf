"""Whatever a FHIR file holds, a load ends, accounts for every resource, says why it set one aside, and says nothing of
whose it is.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features import windows
from features.errors import Failure
from features.sources import fhir
from features.sources.cli import told
from features.sources.fhir_paths import Of, members, steps, taker
from features.sources.fhir_resources import Place
from features.sources.fhir_sheets import unfold
from features.sources.load import LoadReport
from tests.fhir_feeds import ICD10, LOINC, NDC, PATIENT, PERSON, RXNORM, SNOMED, a, concept, load_fhir, write

pytestmark = pytest.mark.slow
FEW = settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
CANARY = "CANARY7719"  # stands wherever an identifier, a name or a value could

# resources in which most of what is read is filled, to be spoilt
WHOLE: tuple[dict[str, Any], ...] = (
    {**PERSON, "id": CANARY, "name": [{"family": CANARY}], "telecom": [{"system": "phone", "value": CANARY}]},
    a(
        "Encounter",
        period={"start": "2024-03-01", "end": "2024-03-05"},
        hospitalization={"admitSource": concept("x", "emd")},
    ),
    a(
        "Condition",
        code=concept(ICD10, "I10"),
        onsetDateTime="2024",
        abatementPeriod={"start": "2024-05", "end": "2024-06"},
    ),
    a("Procedure", code=concept(SNOMED, "38341003"), performedPeriod={"start": "2024-03-01T08:00:00Z"}),
    a("Observation", code=concept(LOINC, "2160-0"), effectiveDateTime="2024-03-01", valueQuantity={"value": 1.5}),
    a(
        "Observation",
        code=concept(LOINC, "1-8"),
        issued="2024-03-01T08:00:00Z",
        component=[{"code": concept(LOINC, "2-6")}],
    ),
    a("DiagnosticReport", basedOn=[{"reference": "ServiceRequest/r1"}], issued="2024-03-01T08:00:00Z"),
    a("ServiceRequest", authoredOn="2024-03-01", code=concept(LOINC, "2160-0"), category=[concept("x", "laboratory")]),
    a("MedicationRequest", authoredOn="2024-03-01", medicationCodeableConcept=concept(RXNORM, "314076")),
    a(
        "MedicationDispense",
        whenHandedOver="2024-03-01",
        medicationReference={"reference": "#m"},
        contained=[{"id": "m"}],
    ),
    a("Medication", code=concept(NDC, "00093721401")),
    a("Immunization", occurrenceDateTime="2024-03-01", vaccineCode=concept("http://hl7.org/fhir/sid/cvx", "8")),
    a("AllergyIntolerance", recordedDate="2024-03-01", code=concept(RXNORM, "7980")),
    a("AdverseEvent", subject=PATIENT, recordedDate="2024-03-01", event=concept(RXNORM, "7980")),
    a("DeviceRequest", subject=PATIENT, authoredOn="2024-03-01", codeCodeableConcept=concept(SNOMED, "183240000")),
    a("Appointment", start="2024-03-01T10:00:00Z", end="2024-03-01T11:00:00Z"),
    a("Consent", dateTime="2024-03-01", provision={"type": "deny"}),
    a("Coverage", period={"start": "2024-01-01", "end": "2024-02-01"}),
    a("Practitioner", identifier=[{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1111111111"}]),
    a("Organization", name="House"),
    a("Location", name="House", type=[concept("x", "HOSP")]),
    a(
        "ExplanationOfBenefit",
        type=concept("x", "institutional", "60"),
        billablePeriod={"start": "2024-03-01", "end": "2024-03-05"},
        payment={"date": "2024-04-01", "amount": {"value": 10}},
        diagnosis=[{"diagnosisCodeableConcept": concept(ICD10, "I10"), "type": [concept("x", "principal")]}],
        procedure=[{"date": "2024-03-02", "procedureReference": {"reference": "Procedure/r1"}}],
        supportingInfo=[{"category": concept("x", "drg"), "code": concept("x", "291")}],
        related=[{"relationship": concept("x", "prior"), "reference": {"value": "N1"}}],
        item=[{"sequence": 1, "quantity": {"value": 1}, "adjudication": [{"category": concept("x", "benefit")}]}],
    ),
)

WORDS = st.sampled_from(
    (
        *("", " ", CANARY, "-1", "1e999", "\0", "'", '";--', "\ud7ff", "\u0663", "final", "x" * 5_000),
        *("2024-13-45", "9999-12-31", "0001-01-01", "2024-03-01T24:61:00Z"),
        *("Patient/", "urn:uuid:", "#", "?", "|", "/", "Patient/p1/_history", "http://"),
    )
)
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63), st.floats(allow_nan=False, allow_infinity=False), WORDS
)
KEYS = st.sampled_from(("reference", "coding", "code", "system", "value", "start", "end", "id", "url", "identifier"))
JSON = st.recursive(
    LEAVES, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)), max_leaves=6
)


def _places(node: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in a resource."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [at, *(place for name, one in inner for place in _places(one, (*at, name)))]


@st.composite
def spoilt(draw: st.DrawFn) -> Any:
    """A whole resource of which one to three things are something else, or not there."""
    resource = copy.deepcopy(draw(st.sampled_from(WHOLE)))
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from([place for place in _places(resource) if place]))
        holder = resource
        for name in way:
            holder = holder[name]
        if draw(st.booleans()):
            holder[last] = draw(JSON)
        else:
            del holder[last]
    return resource


lines = st.one_of(
    st.one_of(spoilt(), st.sampled_from(WHOLE)).map(json.dumps),
    st.sampled_from(WHOLE).map(lambda each: json.dumps(each)[: len(each) * 7]),
    st.sampled_from(WHOLE).map(lambda each: json.dumps({"resourceType": "Bundle", "entry": [{"resource": each}, 3]})),
    JSON.map(json.dumps),
    st.sampled_from(("[" * 5_000, '{"resourceType":' * 2_000, "NaN", "{", "\ufeff{}", '{"resourceType": "Bundle"}')),
)


def _accounts_for_everything(report: LoadReport) -> None:
    assert all(file.read == file.loaded + file.quarantined for file in report.files)
    assert sum(report.reasons.values()) == report.quarantined


@FEW
@given(st.lists(lines, min_size=1, max_size=60), st.binary(max_size=20))
def test_any_ndjson_is_loaded_or_set_aside_with_a_reason(
    tmp_path_factory: pytest.TempPathFactory, content: list[str], bytes_: bytes
) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    data = "\n".join(content).encode("utf-8", "surrogatepass") + b"\n" + bytes_
    write(folder / "in" / "delivery.ndjson", data)
    report = load_fhir(folder / "in", folder / "store")
    _accounts_for_everything(report)
    assert CANARY not in "\n".join(told(report))


@FEW
@given(st.recursive(st.sampled_from(WHOLE) | spoilt() | JSON, lambda inner: st.lists(inner, max_size=4)), st.booleans())
def test_any_json_document_is_loaded_set_aside_or_told_to_be_none(
    tmp_path_factory: pytest.TempPathFactory, document: Any, bundled: bool
) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    whole = {"resourceType": "Bundle", "entry": [{"fullUrl": CANARY, "resource": document}]} if bundled else document
    write(folder / "in" / "some.json", json.dumps(whole, indent=1).encode("utf-8", "surrogatepass"))
    said = []
    try:
        report = load_fhir(folder / "in", folder / "store")
        _accounts_for_everything(report)
        said = told(report)
    except Failure as failure:
        said = [str(failure)]
    assert said
    assert CANARY not in "\n".join(said)


TAKERS = [
    (take, taker(take), steps(sheet.each)) for sheet in fhir.SHEETS for take in sheet.takes.values()
]  # far more examples than whole loads allow


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(spoilt() | st.dictionaries(KEYS, JSON))
def test_what_is_taken_of_any_object_is_text_or_nothing(resource: dict[str, Any]) -> None:
    """A column of text that once got an object would stop a load of millions of rows."""
    place = Place(1, {}, resource)
    for take, found, each in TAKERS:
        for node in members(resource, each) if each else [resource]:
            given_ = found(node, place)
            texts = given_ if take.of is Of.CODED else (given_,)
            assert all(text is None or isinstance(text, str) for text in texts)
            assert len(texts) == (2 if take.of is Of.CODED else 1)


def test_what_is_nested_deeper_than_can_be_followed_is_set_aside(tmp_path: Path) -> None:
    deep: Any = CANARY
    for _ in range(900):
        deep = [deep]
    wrong = a("Observation", category=deep, code=concept(LOINC, "1-8"), effectiveDateTime="2024-03-01")
    write(tmp_path / "in" / "d.ndjson", json.dumps(PERSON) + "\n" + json.dumps(wrong) + "\n")
    report = load_fhir(tmp_path / "in", tmp_path / "store")
    assert (report.read, report.loaded, report.reasons) == (2, 1, {"nested too deeply": 1})


def test_the_reader_is_what_is_fuzzed() -> None:
    """Every type that a sheet is about has a whole resource here; a new one would go untested."""
    assert {sheet.resource for sheet in fhir.SHEETS} == {each["resourceType"] for each in WHOLE}
    assert unfold.__module__ == "features.sources.fhir_sheets"


@given(
    st.integers(windows.first_day_of_year(1900), windows.first_day_of_year(2099)),
    st.integers(0, windows.SECONDS_A_DAY - 1),
    st.integers(-14 * 60, 14 * 60),
    st.sampled_from(("America/New_York", "America/Phoenix", "Pacific/Honolulu", "Europe/Berlin")),
)
def test_a_moment_is_the_same_instant_whatever_offset_it_was_told_with(
    day: int, second: int, offset: int, zone: str
) -> None:
    """But for the hour that the zone's clock tells twice, in which the later one is meant."""
    clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    sign, minutes = "-" if offset < 0 else "+", abs(offset)
    told_at = f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"
    text = f"{windows.iso(day)}T{clock}.5{told_at}"
    instant = windows.parse_instant(f"{windows.iso(day)}T{clock}{told_at}")
    span = windows.told_span(text, zone)
    assert span is not None
    first, last, precision = span
    assert (first, precision) == (last, "instant")
    assert first == int(windows.to_local([instant], zone)[0])
    assert int(windows.to_instant([first], zone)[0]) - instant in (0, windows.REPEATED_HOUR)
    assert windows.told_span(windows.on_clock(text, zone), zone) == span
