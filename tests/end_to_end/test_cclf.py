"""The reader of CCLF as a user runs it: on the samples that CMS's BCDA tests itself with, good and bad, and on a small
network that knows nothing but its claims.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from features.catalogue import CATALOGUE
from features.dataset import build
from features.definitions.cohort import prediction_cohort
from features.definitions.stays import final_stays
from features.errors import BadInput
from features.record import tables
from features.record.record import open_record
from features.sources.cli import load as load_command
from tests.cclf import line, write
from tests.feeds import day, rows_of

pytestmark = pytest.mark.slow


def _run(given: Path, store: Path, *words: str) -> Result:
    words = (*words, "--json", str(store.with_suffix(".json")))
    return CliRunner().invoke(load_command, ["cclf", str(given), "--store", str(store), *words])


def _load(given: Path, store: Path, *words: str) -> dict[str, Any]:
    """The JSON report of a run that ended well."""
    done = _run(given, store, *words)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(store.with_suffix(".json").read_text())
    return found


# ---- the samples of BCDA


@pytest.fixture(scope="module")
def samples(data_dir: Path) -> Path:
    return data_dir / "cms_samples" / "bcda_cclf"


@pytest.fixture(scope="module")
def sample(samples: Path) -> Path:
    """A zip without an ending that holds files 0, 8 and 9."""
    return samples / "archives" / "valid" / "T.BCD.A0001.ZCY18.D181120.T1000000"


def test_a_sample_loads_as_it_is_and_once(sample: Path, tmp_path: Path) -> None:
    report = _load(sample, tmp_path / "store")
    counts = {name.split(".ZC")[1][0]: (file["read"], file["loaded"]) for name, file in report["files"].items()}
    # file 0 counts nine files that are not in the zip
    assert counts == {"0": (12, 3), "8": (7, 7), "9": (6, 6)}
    assert sum(report["reasons"].values()) == report["quarantined"] == 9
    assert all("was not delivered" in reason for reason in report["reasons"])
    again = _load(sample, tmp_path / "store")
    assert (again["read"], again["loaded"]) == (0, 0)


def test_what_a_sample_says_of_people(sample: Path, tmp_path: Path) -> None:
    """Its file 9 makes one beneficiary of four numbers, and speaks of three older ones; one row of file 8 is there
    twice.
    """
    _load(sample, tmp_path / "store")
    columns = ("person_id", "birth_day", "sex", "entitlement_code")
    people = open_record(tmp_path / "store")[tables.PERSON].select(*columns).to_pyarrow().to_pylist()
    assert {row["person_id"] for row in people} == {"1A69B98CD30", "1A69B98CD31", "1A69B98CD35"}
    first = dict(zip(columns, ("1A69B98CD30", day("1940-10-27"), "male", "0"), strict=True))
    assert first in people
    assert len(people) == 6
    covered = rows_of(tmp_path / "store", tables.COVERAGE, "person_id", "dual_status_code", "from_day")
    assert ("1A69B98CD33", "08", day("2018-11-01")) in covered
    assert ("1A69B98CD31", None, day("2018-11-01")) in covered


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ("archives/corrupted", "which is damaged"),
        ("archives/8/invalid", "no data file"),
        ("archives/csv", "no data file"),
        ("mixed/with_invalid_filenames", "tells no day of delivery"),
        ("files/9/valid_names", "its length is not 55"),
    ],
)
def test_a_bad_sample_is_refused_with_what_is_wrong(samples: Path, tmp_path: Path, case: str, says: str) -> None:
    done = _run(samples / case, tmp_path / "store")
    assert isinstance(done.exception, BadInput)
    assert says in str(done.exception)
    assert not (tmp_path / "store" / "manifest.json").exists()


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("archives/invalid_bcd/P.BCD.A0001.ZCY18.D181121.T2000000", "its length is not 549"),
        ("archives/0/missing_data", "not a row of file 0"),
        ("mixed/with_folders", "not a row of file 0"),
    ],
)
def test_what_is_wrong_within_a_sample_is_set_aside(samples: Path, tmp_path: Path, case: str, reason: str) -> None:
    report = _load(samples / case, tmp_path / "store")
    assert any(reason in found for found in report["reasons"])
    assert report["read"] == report["loaded"] + report["quarantined"]
    assert sum(report["reasons"].values()) == report["quarantined"]


# ---- a network that has its claims and nothing else


def _stay(number: str, first: str, last: str, **more: str) -> str:
    return line("1", CUR_CLM_UNIQ_ID=number, CLM_FROM_DT=first, CLM_THRU_DT=last, **more)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A beneficiary with a stay, a visit, a fill and a second stay, in a back-load. Read only."""
    folder = tmp_path_factory.mktemp("network")
    headers = [
        _stay("100", "2024-03-01", "2024-03-05"),
        _stay("110", "2024-03-20", "2024-03-24", CLM_EFCTV_DT="2024-04-10"),
    ]
    write(folder / "in", "1", headers)
    for kind in "245678":
        write(folder / "in", kind, [line(kind)])
    report = _load(folder / "in", folder / "store", "--back-load-delay", "14")
    assert report["quarantined"] == 0
    return folder


def _features(store: Path) -> pd.DataFrame:
    record = open_record(store)
    return build(record, prediction_cohort(record).rows, CATALOGUE)


@pytest.fixture(scope="module")
def told_by_claims(network: Path) -> pd.DataFrame:
    return _features(network / "store")


def test_stays_are_told_by_claims_and_predictions_asked_at_declared_discharges(
    network: Path, told_by_claims: pd.DataFrame
) -> None:
    record = open_record(network / "store")
    stays = final_stays(record).to_pyarrow().to_pylist()
    assert sorted((stay["admit_day"], stay["discharge_day"]) for stay in stays) == [
        (day("2024-03-01"), day("2024-03-05")),
        (day("2024-03-20"), day("2024-03-24")),
    ]
    cohort = prediction_cohort(record).rows
    assert cohort["discharge_day"].tolist() == [day("2024-03-05"), day("2024-03-24")]
    assert len(told_by_claims) == 2
    assert told_by_claims.notna().any(axis=None)


def test_a_claim_adjusted_after_the_prediction_changes_nothing(
    network: Path, told_by_claims: pd.DataFrame, tmp_path: Path
) -> None:
    """The visit and the first stay are taken back and billed anew, months later: nobody knew it at either discharge."""
    shutil.copytree(network / "store", tmp_path / "store")
    changed = {"CLM_ADJSMT_TYPE_CD": "2", "CLM_EFCTV_DT": "2024-07-01"}
    more = {"PRNCPL_DGNS_CD": "C9200", "DGNS_DRG_CD": "0834", "CLM_PMT_AMT": "90000.00"}
    write(tmp_path / "in", "1", [_stay("101", "2024-03-01", "2024-03-05", **changed, **more)], "240715")
    write(tmp_path / "in", "5", [line("5", CUR_CLM_UNIQ_ID="201", CLM_DGNS_1_CD="C9200", **changed)], "240715")
    assert _load(tmp_path / "in", tmp_path / "store")["loaded"] == 2
    after = _features(tmp_path / "store")
    pd.testing.assert_frame_equal(told_by_claims, after)
    told = rows_of(tmp_path / "store", tables.DIAGNOSIS, "code")
    assert ("C9200",) in told, "the store holds the new versions"
