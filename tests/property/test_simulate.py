"""Laws of the simulated network: the planted risk is what happens, what is called visible is in the files in time, and
the same seed gives the same bytes.
"""

# ruff: noqa: S608  # every word of the questions below is ours
from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.codes.medicines import PRODUCTS
from features.simulate import conditions, planted, therapies
from features.simulate.frame import chosen_by_row, generator, logistic, ragged
from features.simulate.ground import ground
from features.simulate.network import simulate

MEMBERS, SEED = 5000, 5
Floats = npt.NDArray[np.float64]


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Every file of a network as a view of its name, and `product`: what each NDC is."""
    out: Path = tmp_path_factory.mktemp("planted")
    simulate(MEMBERS, 3, SEED, out)
    con = duckdb.connect()
    for path in sorted(out.glob("*.parquet")):
        con.execute(f"create view \"{path.stem}\" as select * from '{path}'")
    con.execute("create table product (ndc_code text, drug_class text, cardiac boolean, harmful boolean)")
    con.executemany(
        "insert into product values (?, ?, ?, ?)",
        [(p.ndc, p.drug_class, p.drug_class in therapies.CARDIAC, p.drug_class in therapies.HARMFUL) for p in PRODUCTS],
    )
    con.execute("create table chronic (diagnosis text, condition text)")
    con.executemany(
        "insert into chronic values (?, ?)",
        [(code, condition.key) for condition in conditions.CONDITIONS for code in condition.codes],
    )
    con.execute("create table poor (zip_code text)")
    soil = ground(MEMBERS)
    con.executemany("insert into poor values (?)", [(soil.zips[i],) for i in np.flatnonzero(soil.deprived).tolist()])
    yield con
    con.close()


def columns(ask: duckdb.DuckDBPyConnection, question: str) -> dict[str, npt.NDArray[Any]]:
    found: dict[str, npt.NDArray[Any]] = ask.execute(question).fetchnumpy()
    return found


def area_under_curve(happened: npt.NDArray[np.bool_], risk: Floats) -> float:
    """Share of the pairs (one with, one without the event) in which the one with it has the higher risk."""
    order = np.argsort(risk, kind="stable")
    ranks = np.empty(len(risk))
    ranks[order] = np.arange(1, len(risk) + 1)
    with_event = int(happened.sum())
    without = len(happened) - with_event
    return float((ranks[happened].sum() - with_event * (with_event + 1) / 2) / (with_event * without))


# ---- the planted risk is what happens


@pytest.mark.parametrize("seen", ["visible", "hidden"])
@pytest.mark.parametrize(
    ("outcome", "risk"), [("readmitted_30d", "readmission"), ("adverse_event_21d", "adverse_event")]
)
def test_risks_are_calibrated_in_every_fifth(
    ask: duckdb.DuckDBPyConnection, outcome: str, risk: str, seen: str
) -> None:
    found = columns(ask, f"select {outcome} as happened, {risk}_risk_{seen} as risk from truth order by risk")
    for part in np.array_split(np.arange(len(found["risk"])), 5):
        expected = float(found["risk"][part].sum())
        spread = float(np.sqrt((found["risk"][part] * (1 - found["risk"][part])).sum()))
        assert abs(float(found["happened"][part].sum()) - expected) < 4 * spread, "the stated risk is not what happens"


def test_visible_risk_is_worth_what_was_asked_for(ask: duckdb.DuckDBPyConnection) -> None:
    found = columns(ask, "select readmitted_30d, readmission_risk_visible, readmission_risk_hidden, age from truth")
    happened = found["readmitted_30d"].astype(bool)
    visible = area_under_curve(happened, found["readmission_risk_visible"])
    assert 0.70 < visible < 0.79
    assert area_under_curve(happened, found["readmission_risk_hidden"]) > visible, "the hidden state tells nothing"
    assert 0.13 < happened[found["age"] >= 65].mean() < 0.175
    assert len(happened) > 0.75 * MEMBERS


def test_adverse_events_are_as_frequent_as_was_asked_for(ask: duckdb.DuckDBPyConnection) -> None:
    found = columns(ask, "select adverse_event_21d, adverse_event_risk_visible from truth")
    assert 0.06 < found["adverse_event_21d"].mean() < 0.10
    assert area_under_curve(found["adverse_event_21d"].astype(bool), found["adverse_event_risk_visible"]) > 0.65


def test_planned_and_transferred_stays_are_as_frequent_as_was_asked_for(ask: duckdb.DuckDBPyConnection) -> None:
    found = columns(
        ask,
        """
        select avg((admit_type_code = '3')::int) as planned, avg((admit_source_code = '4')::int) as moved
        from adt_event where event_type = 'A03' and patient_class = 'I'""",
    )
    assert 0.08 < found["planned"][0] < 0.13
    assert 0.01 < found["moved"][0] < 0.035


def test_hospitals_differ_by_what_is_planted(ask: duckdb.DuckDBPyConnection) -> None:
    found = columns(ask, "select facility_npi, hospital_effect from truth group by all order by facility_npi")
    soil = ground(MEMBERS)
    effects = {facility.npi: effect for facility, effect in zip(soil.facilities, soil.hospital_effect, strict=False)}
    assert all(effects[npi] == effect for npi, effect in zip(*found.values(), strict=True))


# ---- the visible risk is exact


@given(st.floats(-6, 2), st.floats(0, 1), st.floats(0, 1))
def test_visible_risk_is_the_mean_over_the_hidden_facts(log_odds: float, long_stay: float, surgical: float) -> None:
    shares = planted.hidden_shares(np.array([long_stay]), np.array([surgical]))
    exact = planted.visible_risk(np.array([log_odds]), shares, planted.READMISSION_WEIGHTS)[0]
    drawn = np.random.default_rng(1).random((20_000, len(planted.HIDDEN))) < shares
    mean = logistic(log_odds + drawn @ np.array(planted.READMISSION_WEIGHTS)).mean()
    assert abs(exact - mean) < 0.01


# ---- what is called visible is in the files by the moment of discharge

TOLD = "told_by_message and discharge_datetime < timestamp '2024-12-31'"
ADMISSIONS = """
    select person_id, admit_datetime::date as day from adt_event where event_type = 'A01'
      and message_datetime <= t.discharge_datetime and admit_source_code <> '4' and person_id = t.person_id
    union select person_id, admission_date from medical_claim where bill_type_code in ('111', '112', '117')
      and admit_source_code <> '4' and file_date < t.discharge_date and person_id = t.person_id"""
EMERGENCIES = """
    select a.person_id, a.admit_datetime::date as day from adt_event a where a.event_type = 'A04'
      and a.person_id = t.person_id and a.message_datetime <= t.discharge_datetime
      and not exists (select 1 from adt_event i where i.visit_number = a.visit_number and i.event_type = 'A01')
    union select person_id, claim_start_date from medical_claim where bill_type_code in ('131', '137')
      and person_id = t.person_id and file_date < t.discharge_date"""
LATEST = """(select {pick}(result::double, result_datetime) from lab_result r where r.encounter_id = t.visit_number
    and r.source_component_code = '{loinc}' and r.result_datetime <= t.discharge_datetime)"""
BEGUN = """(select count(*) from (select drug_class, min(dispensing_date) as day from pharmacy_claim
    join product using (ndc_code) where person_id = t.person_id and {only} group by 1)
    where day <= t.discharge_date - {ago})"""
APPOINTMENTS = """(select count(*) from appointment a where a.person_id = t.person_id
    and a.normalized_status = '{status}' and a.appointment_specialty in ({specialty})
    and a.start_datetime::date between t.discharge_date - 365 and t.admit_date - 1)"""


def latest(loinc: str, pick: str = "max_by") -> str:
    return LATEST.format(loinc=loinc, pick=pick)


def named(*keys: str) -> str:
    """Whether a bill delivered by the day before discharge names one of the conditions (office and hospital bills)."""
    listed = ", ".join(f"'{key}'" for key in keys)
    return f"""exists (select 1 from known_conditions k where k.person_id = t.person_id and k.condition in ({listed})
        and k.known < t.discharge_date)"""


VISIBLE: dict[str, str] = {
    "stay_7_plus": "discharge_date - admit_date >= 7",
    "unplanned": "exists (select 1 from adt_event a where a.visit_number = t.visit_number and a.event_type = 'A03' "
    "and (a.admit_type_code <> '3'))",
    "anaemic": f"coalesce({latest('718-7')} < 12, false)",
    "low_sodium": f"coalesce({latest('2951-2')} < 135, false)",
    "low_albumin": f"coalesce({latest('1751-7')} < 3.0, false)",
    "creatinine_rose": f"coalesce({latest('2160-0')} - {latest('2160-0', 'min_by')} >= 0.295, false)",
    "low_pressure": "discharge_date > admit_date and exists (select 1 from observation o where "
    "o.encounter_id = t.visit_number and o.source_code = '8480-6' and o.result::double < 105)",
    "result_pending": 'exists (select 1 from "order" o where o.encounter_id = t.visit_number '
    "and o.order_type = 'laboratory' and o.ordered_datetime <= t.discharge_datetime "
    "and (o.resulted_datetime is null or o.resulted_datetime > t.discharge_datetime))",
    "visit_booked": "exists (select 1 from appointment a where a.person_id = t.person_id "
    "and a.booked_datetime <= t.discharge_datetime and a.start_datetime > t.discharge_datetime "
    "and a.start_datetime::date <= t.discharge_date + 7)",
    "off_hours": "isodow(discharge_date) >= 6 or hour(discharge_datetime) >= 18",
    "admitted_often": f"(select count(*) from ({ADMISSIONS}) where day >= t.discharge_date - 365 "
    "and day < t.admit_date) >= 2",
    "emergency_often": f"(select count(*) from ({EMERGENCIES}) where day >= t.admit_date - 180 "
    "and day < t.admit_date) >= 2",
    "unsteady": "coalesce((select sum(days_supply) from (select distinct dispensing_date, ndc_code, days_supply "
    "from pharmacy_claim join product using (ndc_code) where cardiac and person_id = t.person_id) "
    "where dispensing_date between t.discharge_date - 240 and t.discharge_date - 61), 0) < 90 * "
    + BEGUN.format(only="cardiac", ago=240),
    "many_medicines": BEGUN.format(only="true", ago=60) + " >= 10",
    "harmful_at_80": "age >= 80 and " + BEGUN.format(only="harmful", ago=60) + " > 0",
    "missed_visits": APPOINTMENTS.format(status="noshow", specialty="'primary care', 'specialist'") + " >= 2",
    "no_primary_care": APPOINTMENTS.format(status="fulfilled", specialty="'primary care'") + " = 0",
    "dual": "exists (select 1 from eligibility e where e.person_id = t.person_id and e.dual_status_code = '02')",
    "deprived_area": "exists (select 1 from eligibility join poor using (zip_code) where person_id = t.person_id)",
    "heart_failure": named("heart failure"),
    "heart_and_kidney": f"{named('heart failure')} and {named('kidney disease 3', 'kidney disease 4')}",
    "mind_or_substance": named("depression", "substance use"),
    "dementia_alone": f"{named('dementia')} and exists (select 1 from contact c where c.person_id = t.person_id "
    "and c.caregiver_name is null)",
}


@pytest.fixture(scope="module")
def shown(ask: duckdb.DuckDBPyConnection) -> dict[str, npt.NDArray[Any]]:
    """Each fact of a sample of discharges as the truth has it (`fact_...`) and as the files show it in time."""
    listed = " union all ".join(
        f"select person_id, diagnosis_code_{slot} as diagnosis, file_date from medical_claim" for slot in range(1, 17)
    )  # fmt: skip
    ask.execute(f"""
        create table known_conditions as select person_id, condition, min(file_date) as known
        from ({listed}) join chronic using (diagnosis) group by all""")
    chosen = ", ".join(f'({expression}) as "{key}", fact_{key}' for key, expression in VISIBLE.items())
    return columns(ask, f"select {chosen} from (select * from truth where {TOLD} "
                   "order by hash(visit_number) limit 1200) t")  # fmt: skip


@pytest.mark.parametrize("key", sorted(VISIBLE))
def test_visible_facts_are_in_the_files_in_time(shown: dict[str, npt.NDArray[Any]], key: str) -> None:
    from_files, planted_fact = shown[key].astype(bool), shown[f"fact_{key}"].astype(bool)
    assert planted_fact.any(), "nobody has the fact"
    # reversed bills and two visits on one day leave a few differences; a fact read from the future would leave many
    assert (from_files == planted_fact).mean() > 0.985


# ---- the planted closing of care gaps


def test_gaps_stay_open_as_often_as_planted(ask: duckdb.DuckDBPyConnection) -> None:
    """One month's end a year and person, so that rows are draws of their own."""
    for measure in ("CMS122", "CMS165", "CMS347", "CMS951"):
        found = columns(ask, f"select still_open_chance as chance, still_open as happened from gap_truth "
                        f"where measure = '{measure}' and month(as_of) = 4 order by chance")  # fmt: skip
        for part in np.array_split(np.arange(len(found["chance"])), 5):
            chance = found["chance"][part]
            spread = float(np.sqrt((chance * (1 - chance)).sum()))
            assert abs(float(found["happened"][part].sum()) - float(chance.sum())) < 4 * spread, measure


def test_files_show_the_planted_closing_in_time(ask: duckdb.DuckDBPyConnection) -> None:
    """Of people who stay in the network: the care that closes a gap is on file by the month's end if and only if the
    gap is planted closed by then.
    """
    care = {
        "CMS122": "select person_id, result_datetime::date as day from lab_result "
        "where source_component_code = '4548-4' and result::double <= 9",
        "CMS951": "select person_id, result_datetime::date as day from lab_result "
        "where source_component_code = '9318-7'",
        "CMS347": "select person_id, file_date as day from pharmacy_claim join product using (ndc_code) "
        "where drug_class = 'statin'",
    }
    for measure, day in care.items():
        wrong = columns(
            ask,
            f"""
            with care as ({day}),
            whole as (select person_id from eligibility group by person_id having count(*) = 1
                      and min(enrollment_start_date) <= date '2022-01-01'
                      and max(enrollment_end_date) > date '2025-01-01'
                      and count(death_date) = 0),
            months as (select distinct as_of from gap_truth),
            open as (select distinct person_id, as_of from gap_truth where measure = '{measure}'),
            of as (select distinct person_id, year(as_of) as year from gap_truth where measure = '{measure}'),
            told as (
              select o.person_id, m.as_of, exists (
                select 1 from care c where c.person_id = o.person_id and c.day <= m.as_of
                  and year(c.day) = year(m.as_of)) as closed,
                exists (select 1 from open p where p.person_id = o.person_id and p.as_of = m.as_of) as still
              from of o join whole using (person_id) join months m on year(m.as_of) = o.year)
            select avg((closed = still)::int) as share, count(*) as size from told""",
        )
        assert wrong["size"][0] > 1000
        assert wrong["share"][0] < 0.01, f"{measure}: the files tell another story than the truth"


# ---- the same seed, the same bytes


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.parquet"))}


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("one", 4), ("again", 4), ("other", 5)):
        simulate(200, 2, seed, tmp_path / name)
    assert digests(tmp_path / "one") == digests(tmp_path / "again"), "a demo could not be repeated"
    differing = {n for n, d in digests(tmp_path / "other").items() if d != digests(tmp_path / "one")[n]}
    assert differing >= {"medical_claim.parquet", "truth.parquet"}, "the seed is not used"


# ---- the few operations on columns


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=8))
def test_ragged_spans_list_every_position(pairs: list[tuple[int, int]]) -> None:
    low = np.array([pair[0] for pair in pairs], dtype=np.int64)
    high = np.array([pair[1] for pair in pairs], dtype=np.int64)
    rows, positions = ragged(low, high)
    expected = [(row, position) for row, (a, b) in enumerate(pairs) for position in range(a, b)]
    assert list(zip(rows.tolist(), positions.tolist(), strict=True)) == expected


def test_choice_by_row_follows_the_weights() -> None:
    weights = np.log(np.array([[0.7, 0.2, 0.1]])).repeat(30_000, axis=0)
    shares = np.bincount(chosen_by_row(generator(1, 2, 3), weights)) / 30_000
    assert np.abs(shares - [0.7, 0.2, 0.1]).max() < 0.02
