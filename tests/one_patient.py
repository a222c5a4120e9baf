"""One invented patient, told in four formats: what each of them can carry, and what is the same in all.

The patient: a woman born in 1950; a stay for heart failure from 1 to 5 May 2023, a visit in June, a fill in January, a
creatinine in February, and a stay from 1 to 5 March 2024, after whose discharge she is scored.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from features import windows
from features.catalogue import CATALOGUE
from features.catalogue.algebra import Feature
from features.dataset import build, columns
from features.definitions.cohort import prediction_cohort
from features.definitions.stays import final_stays
from features.record.record import Record, open_record
from features.sources.formats import reader
from features.sources.load import load
from features.sources.reader import Delivery
from tests import cclf
from tests.feeds import ZONE, write_feed
from tests.fhir_feeds import ICD10, LOINC, NDC, a, beside, concept, ndjson

HOSPITAL = "330001"
STAYS = (("s1", "2023-05-01", "2023-05-05"), ("s2", "2024-03-01", "2024-03-05"))
VISIT, FILL, DRAWN = "2023-06-10", "2024-01-10", "2024-02-20"
FUROSEMIDE = "00054429731"
DIAGNOSES = ("I50.23", "N17.9")
DOCTOR = "1003000126"
CONCEPTS = (
    ("3016723", "Measurement", "LOINC", "2160-0", "Creatinine"),
    ("38000175", "Type Concept", "Drug Type", "x4", "Prescription dispensed in pharmacy"),
)
MONTHS = {"start": "2023-01-01", "end": "2024-06-30"}
DELAY = 15  # days from payment to delivery, in every format that has claims


def _tuva(folder: Path) -> None:
    stay = {"claim_type": "institutional", "bill_type_code": "111", "admit_type_code": "1", "admit_source_code": "1"}
    stay |= {"discharge_disposition_code": "01", "drg_code": "291", "drg_code_type": "ms-drg", "facility_npi": HOSPITAL}
    codes = {f"diagnosis_code_{place}": code for place, code in enumerate(DIAGNOSES, 1)}
    claims: list[dict[str, str]] = [
        {**stay, **codes, "claim_id": claim, "admission_date": first, "discharge_date": last, "claim_start_date": first,
         "claim_end_date": last, "paid_amount": "9000.50", "paid_date": _later(last, 20), "revenue_center_code": "0120"}
        for claim, first, last in STAYS
    ]  # fmt: skip
    visit = {
        "claim_id": "v",
        "place_of_service_code": "11",
        "hcpcs_code": "99214",
        "diagnosis_code_1": "E11.9",
        "rendering_npi": DOCTOR,
    }
    dates = {"claim_start_date": VISIT, "claim_end_date": VISIT, "paid_date": _later(VISIT, 20), "paid_amount": "80.00"}
    write_feed(folder, "medical_claim", [*claims, {**visit, **dates}])
    fill = {"claim_id": "f", "dispensing_date": FILL, "ndc_code": FUROSEMIDE, "days_supply": "30", "quantity": "30"}
    write_feed(folder, "pharmacy_claim", [{**fill, "paid_date": FILL, "paid_amount": "5.00"}])
    months = {"enrollment_start_date": "2023-01-01", "enrollment_end_date": "2024-06-30", "gender": "female"}
    write_feed(folder, "eligibility", [{**months, "race": "white", "original_reason_entitlement_code": "0"}])
    result = {"lab_result_id": "r", "source_component": "creatinine", "result": "1.4", "normalized_units": "mg/dL"}
    when = {"collection_datetime": f"{DRAWN} 08:00:00", "result_datetime": f"{DRAWN} 10:00:00", "status": "final"}
    write_feed(folder, "lab_result", [{**result, **when}])


def _cclf(folder: Path) -> None:
    bills, codes, centres = [], [], []
    for number, (_, first, last) in enumerate(STAYS):
        days = {"CLM_FROM_DT": first, "CLM_THRU_DT": last, "CUR_CLM_UNIQ_ID": f"10{number}"}
        days |= {"PRVDR_OSCAR_NUM": HOSPITAL}
        paid = {"CLM_EFCTV_DT": _later(last, 20), "PRNCPL_DGNS_CD": "I5023", "ADMTG_DGNS_CD": ""}
        bills.append(cclf.line("1", **days, **paid, FAC_PRVDR_NPI_NUM=""))
        codes.append(cclf.line("4", **days, CLM_DGNS_CD="N179", CLM_POA_IND=""))
        centre = {"CLM_LINE_PROD_REV_CTR_CD": "0120", "CLM_LINE_HCPCS_CD": "", "CLM_LINE_CVRD_PD_AMT": ""}
        lines = {"CLM_LINE_FROM_DT": first, "CLM_LINE_THRU_DT": last}
        centres.append(cclf.line("2", **days, **centre, **lines))
    cclf.write(folder, "1", bills)
    cclf.write(folder, "2", centres)
    cclf.write(folder, "4", codes)
    dates = {f"CLM_{which}_DT": VISIT for which in ("FROM", "THRU", "LINE_FROM", "LINE_THRU")}
    visit = {**dates, "CLM_EFCTV_DT": _later(VISIT, 20), "CLM_DGNS_1_CD": "E119", "CLM_DGNS_9_CD": ""}
    cclf.write(folder, "5", [cclf.line("5", **visit)])
    fill = {"CLM_LINE_FROM_DT": FILL, "CLM_EFCTV_DT": FILL, "CLM_LINE_NDC_CD": FUROSEMIDE}
    cclf.write(folder, "7", [cclf.line("7", **fill)])
    # of a back-load file 8 tells the months from the beginning of Part A to its delivery
    cclf.write(folder, "8", [cclf.line("8", BENE_PART_A_ENRLMT_BGN_DT=MONTHS["start"])], "240615")


def _fhir(folder: Path) -> None:
    code = "http://terminology.hl7.org/CodeSystem/claim-type"
    usual = {"birthDate": "1950-01-31", "gender": "female"}
    person = {"resourceType": "Patient", "id": "p1", **usual}
    told: list[dict[str, Any]] = [person]
    told.append(a("Coverage", id="cov", period=MONTHS, meta={"lastUpdated": "2024-07-01T00:00:00-04:00"}))
    for claim, first, last in STAYS:
        principal, *others = DIAGNOSES
        listed = [
            {"sequence": 1, "type": [concept("x", "principal")], "diagnosisCodeableConcept": concept(ICD10, principal)}
        ]
        listed += [
            {"sequence": 2, "type": [concept("x", "other")], "diagnosisCodeableConcept": concept(ICD10, other)}
            for other in others
        ]
        facts = [
            beside("admissionperiod", timingPeriod={"start": first, "end": last}),
            beside("drg", code=concept("x", "291")),
            beside("discharge-status", code=concept("x", "01")),
            beside("admtype", code=concept("x", "1")),
            beside("pointoforigin", code=concept("x", "1")),
            beside("typeofbill", code=concept("x", "0111")),
        ]
        paid = {"date": _later(last, 20), "amount": {"value": 9000.5}}
        told.append(
            a(
                "ExplanationOfBenefit",
                id=claim,
                type=concept(code, "institutional"),
                subType=concept("x", "inpatient"),
                billablePeriod={"start": first, "end": last},
                payment=paid,
                supportingInfo=facts,
                diagnosis=listed,
                facility={"identifier": {"value": HOSPITAL}},
                item=[{"sequence": 1, "revenue": concept("x", "0120"), "servicedDate": first}],
            )
        )
    office = {"sequence": 1, "productOrService": concept("http://www.ama-assn.org/go/cpt", "99214")}
    told.append(
        a(
            "ExplanationOfBenefit",
            id="v",
            type=concept(code, "professional"),
            billablePeriod={"start": VISIT, "end": VISIT},
            payment={"date": _later(VISIT, 20), "amount": {"value": 80}},
            diagnosis=[
                {
                    "sequence": 1,
                    "type": [concept("x", "principal")],
                    "diagnosisCodeableConcept": concept(ICD10, "E11.9"),
                }
            ],
            careTeam=[
                {"sequence": 1, "role": concept("x", "rendering"), "provider": {"identifier": {"value": DOCTOR}}}
            ],
            item=[{**office, "servicedDate": VISIT, "locationCodeableConcept": concept("x", "11")}],
        )
    )
    told.append(
        a(
            "ExplanationOfBenefit",
            id="f",
            type=concept(code, "pharmacy"),
            payment={"date": FILL},
            supportingInfo=[beside("dayssupply", valueQuantity={"value": 30})],
            item=[
                {
                    "sequence": 1,
                    "productOrService": concept(NDC, FUROSEMIDE),
                    "servicedDate": FILL,
                    "quantity": {"value": 30},
                    "adjudication": [{"category": concept("x", "paidtoprovider"), "amount": {"value": 5}}],
                }
            ],
        )
    )
    told.append(
        a(
            "Observation",
            id="r",
            category=[concept("http://terminology.hl7.org/CodeSystem/observation-category", "laboratory")],
            code=concept(LOINC, "2160-0"),
            effectiveDateTime=f"{DRAWN}T08:00:00-05:00",
            issued=f"{DRAWN}T10:00:00-05:00",
            valueQuantity={"value": 1.4, "unit": "mg/dL", "code": "mg/dL"},
        )
    )
    folder.mkdir(parents=True)
    for kind in dict.fromkeys(one["resourceType"] for one in told):
        (folder / f"{kind}.ndjson").write_text(ndjson([one for one in told if one["resourceType"] == kind]))


def _omop(folder: Path) -> None:
    person = {"person_id": "1", "gender_concept_id": "8532", "year_of_birth": "1950", "month_of_birth": "1"}
    person |= {"day_of_birth": "31", "race_concept_id": "8527", "ethnicity_concept_id": "0"}
    person |= {"person_source_value": "p1", "gender_source_value": "F"}
    _table(folder, "PERSON", person)
    span = {"observation_period_start_date": "2023-01-01", "observation_period_end_date": "2024-06-30"}
    _table(folder, "OBSERVATION_PERIOD", {"observation_period_id": "1", "person_id": "1", **span})
    visits = [(str(n), "9201", first, last) for n, (_, first, last) in enumerate(STAYS, 1)] + [
        ("3", "9202", VISIT, VISIT)
    ]
    _table(
        folder,
        "VISIT_OCCURRENCE",
        *(
            {"visit_occurrence_id": visit, "person_id": "1", "visit_concept_id": kind, "visit_start_date": first,
             "visit_end_date": last, "care_site_id": HOSPITAL,
             "discharged_to_source_value": "01" if kind == "9201" else ""}
            for visit, kind, first, last in visits
        ),
    )  # fmt: skip
    conditions = [(first, code, str(n)) for n, (_, first, _) in enumerate(STAYS, 1) for code in DIAGNOSES]
    _table(
        folder,
        "CONDITION_OCCURRENCE",
        *(
            {"condition_occurrence_id": str(place), "person_id": "1", "condition_start_date": first,
             "condition_concept_id": "0", "condition_source_value": code, "condition_source_concept_id": "0",
             "condition_type_concept_id": "32020", "visit_occurrence_id": visit}
            for place, (first, code, visit) in enumerate([*conditions, (VISIT, "E11.9", "3")], 1)
        ),
    )  # fmt: skip
    drug = {"drug_exposure_id": "1", "person_id": "1", "drug_exposure_start_date": FILL, "quantity": "30"}
    drug |= {"days_supply": "30", "drug_concept_id": "0", "drug_source_value": FUROSEMIDE}
    _table(folder, "DRUG_EXPOSURE", {**drug, "drug_source_concept_id": "0", "drug_type_concept_id": "38000175"})
    test = {"measurement_id": "1", "person_id": "1", "measurement_date": DRAWN, "measurement_concept_id": "3016723"}
    test |= {"measurement_datetime": f"{DRAWN} 08:00:00", "measurement_source_value": "2160-0"}
    test |= {"measurement_type_concept_id": "32817", "value_as_number": "1.4", "unit_source_value": "mg/dL"}
    _table(folder, "MEASUREMENT", {**test, "measurement_source_concept_id": "0"})
    names = ("concept_id", "domain_id", "vocabulary_id", "concept_code", "concept_name")
    _table(folder, "CONCEPT", *(dict(zip(names, concept_, strict=True)) for concept_ in CONCEPTS))


def _table(folder: Path, name: str, *rows: Mapping[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.csv").open("w", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _later(day: str, days: int) -> str:
    return windows.iso(windows.parse_day(day) + days)


WRITERS: Mapping[str, Callable[[Path], None]] = {"tuva": _tuva, "cclf": _cclf, "fhir": _fhir, "omop": _omop}


@dataclass(frozen=True)
class Told:
    """The patient as one format tells her: her stays, and the features after the second one, null as nan."""

    stays: tuple[tuple[str, str], ...]
    features: Mapping[str, float]
    lacks: Mapping[str, str]
    quarantined: Mapping[str, int]


def told(name: str, folder: Path, features: Sequence[Feature] = CATALOGUE) -> Told:
    """Write, load and read the patient in one format."""
    WRITERS[name](folder / "files")
    # file 8 of CCLF and everything of FHIR and OMOP say themselves when they were told
    report = load(reader(name), folder / "files", folder / "store", Delivery(DELAY), ZONE)
    record: Record = open_record(folder / "store")
    stays = record.con.to_pyarrow(final_stays(record)).to_pylist()
    days = sorted((windows.iso(one["admit_day"]), windows.iso(one["discharge_day"])) for one in stays)
    rows = prediction_cohort(record).rows
    last = rows[rows.discharge_day == windows.parse_day(STAYS[1][2])]
    made = build(record, last, features)
    found = {str(column): float(made[column].iloc[0]) for column in made.columns}
    assert len(made) == 1
    record.con.disconnect()
    return Told(tuple(days), found, record.lacks, report.reasons)


def agreed(all_told: Mapping[str, Told]) -> list[str]:
    """The features that two formats both tell of, and not alike."""
    names = next(iter(all_told.values())).features
    return [name for name in names if len({one.features[name] for one in all_told.values() if _is_told(one, name)}) > 1]


def _is_told(one: Told, name: str) -> bool:
    return not math.isnan(one.features[name])


def page(all_told: Mapping[str, Told]) -> str:
    """docs/formats.md: what each format can carry of the patient, ending in a newline."""
    formats = list(all_told)
    groups: dict[str, list[str]] = {}
    for column in columns(CATALOGUE):
        if any(_is_told(one, column.name) for one in all_told.values()):
            groups.setdefault(column.group, []).append(column.name)
    lines = [
        OPENING,
        f"| features about | columns | {' | '.join(formats)} |",
        f"| --- | --- |{' --- |' * len(formats)}",
    ]
    for group, names in sorted(groups.items()):
        counts = [sum(_is_told(one, name) for name in names) for one in all_told.values()]
        cells = ["all" if count == len(names) else str(count) if count else "none" for count in counts]
        lines.append(f"| {group} | {len(names)} | {' | '.join(cells)} |")
    lines += ["", "What keeps the others from being told, as each format's reader declares it:", ""]
    lines += ["| format | fact | why |", "| --- | --- | --- |"]
    lines += [
        f"| {name} | `{fact}` | {why} |"
        for name in formats
        for fact, why in reader(name).lacks.items()
        if fact in NEEDED
    ]
    return "\n".join([*lines, ""])


NEEDED = frozenset(fact for feature in CATALOGUE for fact in getattr(feature, "needs", ()))
OPENING = """# The same patient in four formats

*Written by `python -m tests.one_patient > docs/formats.md`; a test loads the patient anew and compares.*

One invented patient (two stays, a visit, a fill, a laboratory result) is written as Tuva files, as CCLF, as FHIR (what
a payer exports) and as OMOP, loaded by each reader and scored after her second stay. **Her two stays are the same in
all four. So is every feature that two formats both tell of, to the bit.** What a format cannot carry is null in it.
The table counts, by what features are about, the columns that any of the four tells of, and how many of them each does.
All four were loaded as a first delivery of history (`--back-load-delay 15`).

OMOP has no claims: its diagnoses and procedures are a clinical record's, and the features of billed diagnoses, cost and
utilisation are not evaluable on it. Its visits count as the hospital's own word, so they alone tell at discharge where
she went; a claim tells it weeks later. CCLF has no laboratory results. Of what none of the four told here (messages,
orders, appointments) nothing is said.
"""


def everyone(
    folder: Path, features: Sequence[Feature] = CATALOGUE, formats: Sequence[str] = tuple(WRITERS)
) -> dict[str, Told]:
    """The patient in some formats."""
    return {name: told(name, folder / name, features) for name in formats}


if __name__ == "__main__":
    import sys
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as made:
        sys.stdout.write(page(everyone(Path(made))))
