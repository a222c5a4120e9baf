"""Small files of each format, and what a load makes of them, for tests that read like a delivery."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from features.record.schema import Table
from features.record.store import read_manifest, table_files
from features.sources import synpuf, tuva
from features.sources.load import LoadReport, load
from features.sources.reader import Delivery
from features.windows import parse_day, to_local

ZONE = "America/New_York"
Row = Mapping[str, object]

USUAL: dict[str, dict[str, str]] = {
    "medical_claim": {
        "claim_line_number": "1",
        "claim_type": "professional",
        "person_id": "p1",
        "claim_start_date": "2024-03-01",
        "claim_end_date": "2024-03-01",
        "paid_amount": "10.00",
        "diagnosis_code_type": "icd-10-cm",
    },
    "pharmacy_claim": {
        "claim_line_number": "1",
        "person_id": "p1",
        "dispensing_date": "2024-03-01",
        "paid_amount": "5",
    },
    "eligibility": {"person_id": "p1", "birth_date": "1950-01-31", "enrollment_start_date": "2024-01-01"},
    "adt_event": {"person_id": "p1", "message_id": "m1", "patient_class": "I"},
    "order": {"person_id": "p1", "order_type": "Laboratory", "code_type": "loinc", "code": "2160-0"},
    "appointment": {"person_id": "p1", "appointment_specialty": "Cardiology"},
    "lab_result": {"person_id": "p1", "normalized_component_type": "LOINC", "normalized_component_code": "2160-0"},
    "observation": {"person_id": "p1", "observation_type": "vital-signs", "source_code_type": "loinc"},
}


def write_feed(folder: Path, layout: str, rows: Sequence[Row], without: Sequence[str] = ()) -> Path:
    """A CSV of a layout of the Tuva reader: columns not given are empty, `without` are not in the file at all."""
    found = next(each for each in tuva.READER.layouts if each.name == layout)
    columns = [column for column in (*found.needs, *found.may) if column not in without]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{layout}.csv"
    with path.open("w", newline="") as out:
        writer = csv.DictWriter(out, columns, restval="", extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({"data_source": "feed", **USUAL.get(layout, {}), **row})
    return path


def load_feed(given: Path, store: Path, back_load_delay: int | None = None) -> LoadReport:
    return load(tuva.READER, given, store, Delivery(back_load_delay), ZONE)


def rows_of(store: Path, table: Table, *columns: str) -> list[tuple[Any, ...]]:
    """Rows of a table, sorted, with these columns only; `known_at` is shown as local wall-clock time."""
    found = [
        row
        for path in table_files(store, read_manifest(store), table.name)
        for row in pq.read_table(path, columns=list(columns)).to_pylist()
    ]
    return sorted((tuple(_shown(row, column) for column in columns) for row in found), key=repr)


def _shown(row: Mapping[str, Any], column: str) -> Any:
    return clock(row[column]) if column.endswith("_at") and row[column] is not None else row[column]


def clock(instant: int) -> str:
    """An instant as the network's clock shows it."""
    import numpy as np

    seconds = int(to_local([instant], ZONE)[0])
    return str(np.datetime64(seconds, "s")).replace("T", " ")


def day(text: str) -> int:
    return parse_day(text)


def midnight(text: str) -> str:
    """The last second of a day: what a date-only time means."""
    return f"{text} 23:59:59"


# ---- DE-SynPUF

SYNPUF_ARCHIVES = (
    "DE1_0_2008_Beneficiary_Summary_File_Sample_1",
    "DE1_0_2009_Beneficiary_Summary_File_Sample_1",
    "DE1_0_2010_Beneficiary_Summary_File_Sample_1",
    "DE1_0_2008_to_2010_Inpatient_Claims_Sample_1",
)


def write_synpuf_slice(data_dir: Path, folder: Path, persons: int = 120) -> dict[str, int]:
    """CSVs of a few persons of DE-SynPUF sample 1, those with a claim of two segments first; rows in each file."""
    texts = {}
    for name in SYNPUF_ARCHIVES:
        with zipfile.ZipFile(data_dir / "desynpuf_sample1" / f"{name}.zip") as archive:
            texts[name] = archive.read(f"{name}.csv").decode().splitlines()
    inpatient = texts[SYNPUF_ARCHIVES[-1]][1:]
    two = [line.split(",")[0] for line in inpatient if line.split(",")[2] == "2"]
    chosen = dict.fromkeys((*two, *(line.split(",")[0] for line in inpatient)))
    wanted = set(list(chosen)[:persons])
    folder.mkdir(parents=True, exist_ok=True)
    counts = {}
    for name, lines in texts.items():
        kept = [line for line in lines[1:] if line.split(",")[0] in wanted]
        (folder / f"{name}.csv").write_text("\n".join([lines[0], *kept]) + "\n")
        counts[f"{name}.csv"] = len(kept)
    return counts


def write_synpuf(folder: Path, year: int, people: Sequence[Row], claims: Sequence[Row] = ()) -> None:
    """Files as CMS names them, from the columns given; the others are empty."""
    folder.mkdir(parents=True, exist_ok=True)
    usual = {"DESYNPUF_ID": "A", "BENE_BIRTH_DT": "19400101", "BENE_SEX_IDENT_CD": "1", "BENE_HI_CVRAGE_TOT_MONS": "12"}
    _write_csv(
        folder / f"DE1_0_{year}_Beneficiary_Summary_File_Sample_1.csv",
        synpuf.BENEFICIARY_COLUMNS,
        [{**usual, **row} for row in people],
    )
    if claims:
        stay = {"DESYNPUF_ID": "A", "CLM_ID": "1", "SEGMENT": "1"}
        dates = {"CLM_ADMSN_DT": "20080110", "NCH_BENE_DSCHRG_DT": "20080112"}
        path = folder / "DE1_0_2008_to_2010_Inpatient_Claims_Sample_1.csv"
        _write_csv(path, synpuf.INPATIENT_COLUMNS, [{**stay, **dates, **row} for row in claims])


def _write_csv(path: Path, columns: Sequence[str], rows: Sequence[Row]) -> None:
    with path.open("w", newline="") as out:
        writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
