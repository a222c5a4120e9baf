"""Care gaps of the simulated network, by the command, beside a plain second way from the files themselves."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from features.measures.cli import gaps

pytestmark = pytest.mark.slow
DAY = "2024-09-30"
DIABETES = ("E10", "E11", "E13")
VISITS = ("99202", "99203", "99204", "99205", "99211", "99212", "99213", "99214", "99215", "G0438", "G0439")
DATES = ("file_date", "paid_date", "claim_start_date")
HBA1C, FILTRATION, URINE = "4548-4", "98979-8", "9318-7"


class Plain:
    """What the files of a network had told by a day, read with pandas."""

    def __init__(self, files: Path) -> None:
        import pandas as pd

        claims = pd.read_parquet(files / "medical_claim.parquet")
        claims = claims.assign(**{name: pd.to_datetime(claims[name]) for name in DATES})
        claims = claims[claims.file_date <= pd.Timestamp(DAY)]
        for delivered in ("file_date", "paid_date"):
            claims = claims[claims[delivered] == claims.groupby("claim_id")[delivered].transform("max")]
        self.claims: Any = claims[claims.paid_amount.astype(float) >= 0]
        labs = pd.read_parquet(files / "lab_result.parquet")
        labs = labs.assign(day=pd.to_datetime(labs.collection_datetime).dt.normalize())
        self.labs: Any = labs[(labs.result_datetime < f"{DAY} 23:59:59") & (labs.day >= "2024-01-01")]
        people = pd.read_parquet(files / "eligibility.parquet").drop_duplicates("person_id").set_index("person_id")
        self.born: Any = pd.to_datetime(people.birth_date)
        self.died: set[str] = set(people.index[people.death_date.notna()])  # whenever anybody knew

    def diabetic(self) -> set[str]:
        columns = [name for name in self.claims.columns if name.startswith("diagnosis_code_") and name[-1].isdigit()]
        ill = self.claims[columns].apply(lambda codes: codes.str.startswith(DIABETES, na=False)).any(axis=1)
        return set(self.claims[ill].person_id)

    def seen(self) -> set[str]:
        this_year = self.claims[self.claims.claim_start_date.dt.year == 2024]
        return set(this_year[this_year.hcpcs_code.isin(VISITS)].person_id)

    def aged(self, first: int, last: int, on: str) -> set[str]:
        years = int(on[:4]) - self.born.dt.year - (self.born.dt.strftime("%m-%d") > on[5:])
        return set(years.index[(years >= first) & (years <= last)])

    def tested(self, code: str) -> Any:
        return self.labs[self.labs.normalized_component_code == code]


@pytest.fixture(scope="module")
def plain(simulated_store: Path) -> Plain:
    return Plain(simulated_store.parent / "files")


@pytest.fixture(scope="module")
def written(simulated_store: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    out = tmp_path_factory.mktemp("gaps") / "gaps.csv"
    done = CliRunner().invoke(gaps, ("--store", str(simulated_store), "--as-of", DAY, "--out", str(out)))
    assert done.exit_code == 0, done.output
    with out.open(newline="") as data:
        return list(csv.DictReader(data))


def of(written: list[dict[str, str]], measure: str) -> dict[str, str]:
    """The status of whoever the measure asks about."""
    rows = ((row["person_id"], row["status"]) for row in written if row["measure"] == measure)
    return {who: status for who, status in rows if status != "not applicable"}


def closed(status: dict[str, str]) -> set[str]:
    return {who for who, said in status.items() if said == "closed"}


def test_four_of_the_ten_and_what_follows_a_discharge_are_worked_out(written: list[dict[str, str]]) -> None:
    measures = list(dict.fromkeys(row["measure"] for row in written))
    assert measures[:4] == ["CMS122", "CMS165", "CMS347", "CMS951"]
    assert len(measures) == 11
    for measure in (*measures[:4], "contact_2_business_days", "annual_wellness_visit"):
        assert {"open", "closed"} <= set(of(written, measure).values()), measure


def test_glycaemic_status_is_what_the_files_say(written: list[dict[str, str]], plain: Plain) -> None:
    tests = plain.tested(HBA1C)
    newest = tests[tests.day == tests.groupby("person_id").day.transform("max")]
    lowest = newest.assign(value=newest.result.astype(float)).groupby("person_id").value.min()
    people = plain.diabetic() & plain.seen() & plain.aged(18, 75, "2024-12-31")
    same(of(written, "CMS122"), people, set(lowest.index[lowest <= 9]), plain)


def test_both_kidney_tests_are_those_of_the_files(written: list[dict[str, str]], plain: Plain) -> None:
    both = set(plain.tested(FILTRATION).person_id) & set(plain.tested(URINE).person_id)
    people = plain.diabetic() & plain.seen() & plain.aged(18, 85, "2024-01-01")
    same(of(written, "CMS951"), people, both, plain)


def same(status: dict[str, str], people: set[str], good: set[str], plain: Plain) -> None:
    """Whoever is excluded is in the measure, and has no status that the plain way could tell."""
    assert set(status) - plain.died == people - plain.died
    excluded = {who for who, said in status.items() if said == "excluded"}
    assert closed(status) - plain.died == (people & good) - excluded - plain.died
    assert 0 < len(closed(status)) < len(people)
