"""The files of a simulated network: their columns, their codes, and what a payer and a hospital would send."""

# ruff: noqa: S608  # every word of the questions below is ours
from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from features.codes.laboratory import LABS, VITALS
from features.codes.medicines import HIGH_RISK_CLASSES, PRODUCTS
from features.errors import BadInput
from features.simulate import codebook, layout
from features.simulate.network import simulate
from tests import simulated_page

MEMBERS, SEED = 1500, 11
PAGE = Path(__file__).parents[2] / "docs" / "simulated-network.md"
TUVA = ("medical_claim", "pharmacy_claim", "eligibility", "lab_result", "observation", "appointment",
        "provider_attribution", "immunization")  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out: Path = tmp_path_factory.mktemp("network")
    simulate(MEMBERS, 3, SEED, out)
    return out


@pytest.fixture(scope="module")
def ask(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Every file as a view of its name."""
    con = duckdb.connect()
    for path in sorted(folder.glob("*.parquet")):
        con.execute(f"create view \"{path.stem}\" as select * from '{path}'")
    yield con
    con.close()


def one(ask: duckdb.DuckDBPyConnection, question: str) -> Any:
    row = ask.execute(question).fetchone()
    assert row is not None
    return row[0]


def column(ask: duckdb.DuckDBPyConnection, question: str) -> set[str]:
    return {row[0] for row in ask.execute(question).fetchall() if row[0] is not None}


# ---- the page


def test_page_tells_what_is_planted() -> None:
    assert PAGE.read_text() == simulated_page.page(), "write it anew: python -m tests.simulated_page"


# ---- columns


@pytest.mark.parametrize("name", TUVA)
def test_columns_are_tuvas(name: str, data_dir: Path) -> None:
    with (data_dir / "tuva_input_layer" / "demo" / "seeds" / f"{name}.csv").open() as file:
        tuva = tuple(next(csv.reader(file)))
    ours = tuple(column for column in layout.FILES[name] if column != "booked_datetime")
    assert ours == tuva, "a network that maps to Tuva could not be loaded the same way"


def test_every_file_has_its_layout(ask: duckdb.DuckDBPyConnection) -> None:
    for name, columns in layout.FILES.items():
        found = [row[0] for row in ask.execute(f'describe "{name}"').fetchall()]
        assert tuple(found) == columns
        assert one(ask, f'select count(*) from "{name}"') > 0, f"{name} is empty"


# ---- codes


def _listed(path: Path) -> set[str]:
    with gzip.open(path, "rt", encoding="utf-8", errors="replace") as file:
        return {line.split(None, 1)[0] for line in file if line.strip()}


def test_diagnoses_are_in_the_official_list(ask: duckdb.DuckDBPyConnection, reference_dir: Path) -> None:
    official = _listed(reference_dir / "icd-ccs" / "icd10cm-codes-2024.txt.gz")
    assert set(codebook.DIAGNOSES) <= official
    for number in range(1, 26):
        written = column(ask, f"select distinct diagnosis_code_{number} from medical_claim")
        assert written <= official
    assert column(ask, "select distinct admitting_diagnosis_code from adt_event") <= official


def test_procedures_drgs_and_revenue_centres_are_real(ask: duckdb.DuckDBPyConnection, reference_dir: Path) -> None:
    assert set(codebook.PROCEDURES) <= _listed(reference_dir / "icd-ccs" / "icd10pcs-codes-2024.txt.gz")
    terminology = reference_dir / "tuva-terminology"

    def first_column(name: str) -> set[str]:
        with (terminology / name).open(encoding="utf-8-sig") as file:
            return {row[0] for row in csv.reader(file)}

    assert column(ask, "select distinct drg_code from medical_claim") <= first_column("ms_drg.csv")
    assert column(ask, "select distinct revenue_center_code from medical_claim") <= first_column(
        "revenue_center_code.csv"
    )
    lettered = {code for code in codebook.HCPCS if not code.isdigit()}
    assert lettered <= first_column("hcpcs_level_2.csv")
    assert column(ask, "select distinct place_of_service_code from medical_claim") <= first_column(
        "place_of_service.csv"
    )


def luhn(digits: str) -> bool:
    total = 0
    for position, digit in enumerate(reversed(digits)):
        number = int(digit) * (2 if position % 2 else 1)
        total += number - 9 if number > 9 else number
    return total % 10 == 0


def test_products_have_real_shaped_codes(ask: duckdb.DuckDBPyConnection) -> None:
    codes = [product.ndc for product in PRODUCTS]
    assert len(set(codes)) == len(codes) >= 120
    assert all(len(code) == 11 and code.isdigit() for code in codes)
    assert set(HIGH_RISK_CLASSES) <= {product.drug_class for product in PRODUCTS}, "a class that no product has"
    assert column(ask, "select distinct ndc_code from pharmacy_claim") <= set(codes)


def test_loinc_and_npi_check_digits_are_right(ask: duckdb.DuckDBPyConnection) -> None:
    for lab in (*LABS, *VITALS):
        assert luhn(lab.loinc.replace("-", "")), f"{lab.name} has a mistyped LOINC number"
    npis = column(ask, "select npi from practitioner union select npi from location")
    assert all(len(npi) == 10 and luhn("80840" + npi) for npi in npis)
    used = column(ask, "select rendering_npi from medical_claim union select billing_npi from medical_claim "
                  "union select facility_npi from medical_claim union select facility_npi from adt_event")  # fmt: skip
    assert used <= npis, "somebody bills whom nobody knows"


# ---- what a payer sends


def test_nothing_comes_after_today(ask: duckdb.DuckDBPyConnection) -> None:
    for name in ("medical_claim", "pharmacy_claim"):
        late = f"select count(*) from {name} where file_date > date '2024-12-31' or file_date < paid_date"
        assert one(ask, late) == 0
        not_month_end = f"select count(*) from {name} where file_date <> last_day(file_date)"
        assert one(ask, not_month_end) == 0, "the payer delivers at the month's end"
    assert one(ask, "select count(*) from adt_event where message_datetime >= timestamp '2025-01-01'") == 0
    assert one(ask, "select count(*) from lab_result where result_datetime >= timestamp '2025-01-01'") == 0


def test_half_of_the_services_are_known_within_a_month(ask: duckdb.DuckDBPyConnection) -> None:
    median = one(ask, "select median(file_date - claim_end_date) from medical_claim "
                 "where bill_type_code is null or bill_type_code not similar to '..[78]'")  # fmt: skip
    assert 25 <= median <= 35


def test_a_reversal_takes_back_every_cent(ask: duckdb.DuckDBPyConnection) -> None:
    left = """
        with versions as (
          select claim_id, claim_line_number, file_date, allowed_amount, paid_amount, charge_amount,
                 bool_or(allowed_amount < 0) over (partition by claim_id) as taken_back
          from medical_claim)
        select count(*) from (
          select claim_id, claim_line_number from versions where taken_back group by all
          having sum(allowed_amount) <> 0 or sum(paid_amount) <> 0 or sum(charge_amount) <> 0
              or count(*) <> 2 or count(distinct file_date) <> 2)"""
    assert one(ask, left) == 0
    share = one(ask, "select count(distinct claim_id) filter (allowed_amount < 0) / count(distinct claim_id) "
                "from medical_claim")  # fmt: skip
    assert 0.012 < share < 0.028


def test_frequency_digits_tell_reversals_and_adjustments(ask: duckdb.DuckDBPyConnection) -> None:
    wrong = one(ask, "select count(*) from medical_claim where claim_type = 'institutional' "
                "and (bill_type_code like '__8') <> (allowed_amount < 0)")  # fmt: skip
    assert wrong == 0
    assert one(ask, "select count(distinct claim_id) from medical_claim where bill_type_code like '__7'") > 50


def test_the_kinds_of_bills_that_the_readers_tell_apart(ask: duckdb.DuckDBPyConnection) -> None:
    kinds = column(ask, "select distinct bill_type_code from medical_claim")
    assert {"111", "112", "114", "131", "211", "329", "811"} <= kinds
    assert one(ask, "select count(*) from medical_claim where revenue_center_code = '0762'") > 0
    assert one(ask, "select count(*) from medical_claim where bill_type_code = '112' "
               "and discharge_disposition_code <> '30'") == 0  # fmt: skip
    assert {"99495", "99496", "G0438", "G0439", "99214"} <= column(ask, "select hcpcs_code from medical_claim")
    assert one(ask, "select count(*) from medical_claim where diagnosis_poa_2 = 'N' or diagnosis_poa_3 = 'N'") > 0


def test_services_fall_into_coverage(ask: duckdb.DuckDBPyConnection) -> None:
    outside = """
        select count(*) from medical_claim c where not exists (
          select 1 from eligibility e where e.person_id = c.person_id
          and c.claim_start_date between e.enrollment_start_date and e.enrollment_end_date)"""
    assert one(ask, outside) == 0
    assert one(ask, "select count(*) - count(distinct person_id) from eligibility") > 0, "nobody has a gap"


def test_nobody_is_treated_after_death(ask: duckdb.DuckDBPyConnection) -> None:
    assert one(ask, "select count(*) from medical_claim c join eligibility e using (person_id) "
               "where c.claim_start_date > e.death_date") == 0  # fmt: skip
    assert one(ask, "select count(*) from eligibility where death_date is not null") > 20


# ---- what hospitals send


def test_discharges_are_told_at_the_moment(ask: duckdb.DuckDBPyConnection) -> None:
    assert one(ask, "select count(*) from adt_event where event_type = 'A03' "
               "and message_datetime <> discharge_datetime") == 0  # fmt: skip
    early = "select count(*) from adt_event where event_type in ('A01', 'A04') and discharge_datetime is not null"
    assert one(ask, early) == 0, "an admission message cannot know the discharge"


def test_a_cancelled_message_is_put_right(ask: duckdb.DuckDBPyConnection) -> None:
    for wrong, cancel in (("A01", "A11"), ("A03", "A13")):
        open_ends = f"""
            select count(*) from adt_event c where event_type = '{cancel}' and message_datetime < timestamp '2024-12-30'
            and not exists (select 1 from adt_event r where r.visit_number = c.visit_number
                            and r.event_type = '{wrong}' and r.message_datetime > c.message_datetime)"""
        assert one(ask, open_ends) == 0
        assert one(ask, f"select count(*) from adt_event where event_type = '{cancel}'") > 0


def test_most_stays_are_told_and_every_told_stay_is_billed(ask: duckdb.DuckDBPyConnection) -> None:
    told = one(ask, "select avg(told_by_message::int) from truth")
    assert 0.95 < told < 0.99
    unbilled = """
        select count(*) from truth t where discharge_date < date '2024-06-01' and not exists (
          select 1 from medical_claim c where c.person_id = t.person_id and c.bill_type_code like '11%'
          and c.discharge_date = t.discharge_date and c.facility_npi = t.facility_npi)"""
    assert one(ask, unbilled) == 0


def test_four_of_ten_leave_with_a_result_to_come(ask: duckdb.DuckDBPyConnection) -> None:
    share = one(
        ask,
        """
        select avg((exists (select 1 from "order" o where o.encounter_id = t.visit_number
          and o.order_type = 'laboratory' and o.ordered_datetime <= t.discharge_datetime
          and (o.resulted_datetime is null or o.resulted_datetime > t.discharge_datetime)))::int) from truth t""",
    )
    assert 0.35 < share < 0.46


# ---- contact


def test_contact_details_are_fiction(ask: duckdb.DuckDBPyConnection) -> None:
    assert one(ask, "select count(*) from contact where phone not similar to '\\(\\d{3}\\) 555-01\\d\\d'") == 0
    assert one(ask, "select count(*) from contact where email not like '%@example.org'") == 0
    assert {"en", "es"} <= column(ask, "select preferred_language from contact")


# ---- the truth


def test_readmissions_of_the_truth_are_in_the_files(ask: duckdb.DuckDBPyConnection) -> None:
    missing = """
        select count(*) from truth t where readmitted_30d and discharge_date < date '2024-05-01'
        and exists (select 1 from eligibility e where e.person_id = t.person_id
                    and e.enrollment_start_date <= t.discharge_date and e.enrollment_end_date > t.discharge_date + 31)
        and not exists (select 1 from medical_claim c where c.person_id = t.person_id and c.bill_type_code like '11%'
          and c.admission_date between t.discharge_date and t.discharge_date + 30
          and coalesce(c.admit_source_code, '1') <> '4')"""
    assert one(ask, missing) == 0


def test_the_bias_takes_care_and_leaves_the_need(tmp_path: Path) -> None:
    simulate(1500, 3, SEED, tmp_path / "fair")
    simulate(1500, 3, SEED, tmp_path / "biased", label_bias=0.6)
    found = {}
    for name in ("fair", "biased"):
        group = f"""
            select avg(needed_readmission_30d::int), avg(readmitted_30d::int) from '{tmp_path}/{name}/truth.parquet'
            join (select distinct person_id from '{tmp_path}/{name}/eligibility.parquet'
                  where race = 'black or african american') using (person_id)"""
        found[name] = duckdb.execute(group).fetchone()
    assert found["fair"] is not None
    assert found["biased"] is not None
    assert found["fair"][0] == found["fair"][1], "without bias every need is met"
    assert found["biased"][1] < 0.6 * found["biased"][0], "with bias most of the need leaves no trace"


# ---- bad input


@pytest.mark.parametrize(("members", "years", "bias"), [(0, 3, 0.0), (10, 0, 0.0), (10, 3, 1.5)])
def test_numbers_out_of_range_are_refused(members: int, years: int, bias: float, tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        simulate(members, years, 1, tmp_path / "out", bias)
    assert not (tmp_path / "out").exists(), "a refused command leaves nothing behind"


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("mine")
    with pytest.raises(BadInput, match="folder"):
        simulate(10, 1, 1, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]


def test_one_person_is_a_network(tmp_path: Path) -> None:
    simulate(1, 1, 3, tmp_path / "one")
    people = duckdb.execute(f"select count(*) from '{tmp_path}/one/contact.parquet'").fetchone()
    assert people == (1,)
