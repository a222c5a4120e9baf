"""Value sets as others write them: FHIR ValueSet resources, VSAC's spreadsheets, and the CSV of a test deck.

A set that its file says is cut short, or that only names a rule for its codes without them, is told and not used:
whoever is not in half a value set would look like an open gap.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from features.errors import BadInput
from features.measures.value_sets import ValueSets, of_rows, stored, together

DECK_COLUMNS = ("oid", "name", "version", "truncated", "system", "code")
_OID = re.compile(r"\d+(?:\.\d+){3,}")
CUT_SHORT, WITHOUT_CODES = "its file says that it was cut short", "its file holds no code, only a rule for them"
_AGAIN = "Export or fetch it again."


def read_files(paths: Sequence[Path]) -> ValueSets:
    """The value sets of files and of the files of folders; of the same OID the last one holds. Raises BadInput where
    one cannot be read or none holds any.
    """
    files = [
        file
        for path in paths
        for file in (sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path])
    ]
    found = together(*(_read(path) for path in files))
    if not found.content and not found.unusable:
        raise BadInput(
            got="no value set in what was given",
            expected="FHIR ValueSet JSON, a VSAC spreadsheet, or a CSV with oid, system and code",
            do="Check the paths.",
        )
    return found


def _read(path: Path) -> ValueSets:
    name = path.name.lower().removesuffix(".gz")
    if name.endswith((".json", ".ndjson")):
        return of_fhir(_text(path), path.name)
    if name.endswith(".xlsx"):
        return of_sheets(_xlsx(path), path.name)
    if name.endswith((".csv", ".txt")):
        text = _text(path)
        first = next(csv.reader(io.StringIO(text)), [])
        return of_deck_csv(path) if set(DECK_COLUMNS) <= set(first) else of_sheets([_csv_rows(text)], path.name)
    raise BadInput(got=f"{path.name}", expected=".json, .ndjson, .csv, .txt or .xlsx", do="Name files of value sets.")


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
        return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError):
        raise BadInput(got=f"{path.name}, which cannot be read", expected="a whole text file", do=_AGAIN) from None


def _csv_rows(text: str) -> list[list[str]]:
    delimiter = "\t" if "\t" in text.partition("\n")[0] else ","
    return list(csv.reader(io.StringIO(text), delimiter=delimiter))


# ---- the CSV of a deck


def of_deck_csv(path: Path) -> ValueSets:
    """Rows of oid, name, version, truncated, system (a URI) and code."""
    reader = csv.DictReader(io.StringIO(_text(path)))
    lacking = [name for name in DECK_COLUMNS if name not in (reader.fieldnames or ())]
    if lacking:
        raise BadInput(
            got=f"{path.name} without the column {', '.join(lacking)}", expected=", ".join(DECK_COLUMNS), do=_AGAIN
        )
    rows, unusable = [], {}
    for row in reader:
        told = [row[name] for name in DECK_COLUMNS]
        if any(each is None for each in told) or not row["oid"] or not row["code"] or not row["system"]:
            raise BadInput(
                got=f"{path.name} line {reader.line_num}, without OID, system or code", expected="all three", do=_AGAIN
            )
        if row["truncated"] not in ("", "0"):
            unusable[row["oid"]] = CUT_SHORT
        rows.append((row["oid"], row["name"], row["version"], *stored(row["system"], row["code"])))
    return ValueSets(of_rows(rows).content, unusable)


# ---- FHIR


def of_fhir(text: str, name: str) -> ValueSets:
    """ValueSet resources: one, a Bundle of them, or one a line. The expansion is taken, else what is listed."""
    return together(*(_resource(each, name) for each in _resources(text, name)))


def _resources(text: str, name: str) -> Iterator[Mapping[str, Any]]:
    import orjson

    try:
        told = [orjson.loads(text)]
    except orjson.JSONDecodeError:
        try:
            told = [orjson.loads(line) for line in text.splitlines() if line.strip()]
        except orjson.JSONDecodeError:
            raise BadInput(got=f"{name}, which is no JSON", expected="FHIR ValueSet resources", do=_AGAIN) from None
    for one in told:
        if isinstance(one, dict) and one.get("resourceType") == "Bundle":
            entries = [each.get("resource") for each in one.get("entry", ()) if isinstance(each, dict)]
            yield from (each for each in entries if isinstance(each, dict) and each.get("resourceType") == "ValueSet")
        elif isinstance(one, dict) and one.get("resourceType") == "ValueSet":
            yield one


def _resource(told: Mapping[str, Any], name: str) -> ValueSets:
    oid = _oid_of(told)
    if oid is None:
        raise BadInput(got=f"a ValueSet without an OID in {name}", expected="its url or identifier", do=_AGAIN)
    title, version = str(told.get("title") or told.get("name") or oid), str(told.get("version") or "")
    expansion = told.get("expansion")
    if isinstance(expansion, dict):
        members = list(_expanded(expansion.get("contains", ())))
        total = expansion.get("total")
        cut = (isinstance(total, int) and total > len(members)) or _limited(expansion)
    else:
        members, cut = _listed(told.get("compose"))
    rows = [(oid, title, version, *stored(system, code)) for system, code in members]
    unusable = {oid: CUT_SHORT if members else WITHOUT_CODES} if cut or not members else {}
    return ValueSets(of_rows(rows).content, unusable)


def _limited(expansion: Mapping[str, Any]) -> bool:
    """Whether a server says that it left codes out (HL7: the parameter limitedExpansion, the extension toocostly)."""
    told = [each for each in expansion.get("parameter", ()) if isinstance(each, dict)]
    said = [each for each in expansion.get("extension", ()) if isinstance(each, dict)]
    return any(each.get("name") == "limitedExpansion" and each.get("valueBoolean") for each in told) or any(
        str(each.get("url")).endswith(("valueset-toocostly", "valueset-unclosed")) and each.get("valueBoolean")
        for each in said
    )


def _oid_of(told: Mapping[str, Any]) -> str | None:
    identifiers = [each.get("value") for each in told.get("identifier", ()) if isinstance(each, dict)]
    for text in (told.get("url"), *identifiers, told.get("id")):
        found = _OID.search(text) if isinstance(text, str) else None
        if found:
            return found[0]
    return None


def _expanded(contains: Any) -> Iterator[tuple[str, str]]:
    """The codes of an expansion, those nested in others too; what only groups others is no code."""
    for one in contains if isinstance(contains, list) else ():
        if isinstance(one, dict):
            system, code = one.get("system"), one.get("code")
            if isinstance(system, str) and isinstance(code, str) and not one.get("abstract"):
                yield system, code
            yield from _expanded(one.get("contains"))


def _listed(compose: Any) -> tuple[list[tuple[str, str]], bool]:
    """The codes that a definition lists; whether it also has rules, so that they are not all."""
    included = compose.get("include", ()) if isinstance(compose, dict) else ()
    members, rules = [], bool(isinstance(compose, dict) and compose.get("exclude"))
    for one in included if isinstance(included, list) else ():
        codes = [each.get("code") for each in one.get("concept", ()) if isinstance(each, dict)]
        rules = rules or not codes or bool(one.get("filter") or one.get("valueSet"))
        members += [(str(one.get("system")), str(code)) for code in codes]
    return members, rules


# ---- spreadsheets of the Value Set Authority Center

_SHEET_OID, _SHEET_CODE = ("value set oid", "oid"), ("code",)
_SHEET_SYSTEM = ("code system oid", "codesystem oid", "code system", "codesystem", "code system name")
_NAMES = {
    "icd10cm": "http://hl7.org/fhir/sid/icd-10-cm",
    "icd10pcs": "http://www.cms.gov/Medicare/Coding/ICD10",
    "icd9cm": "http://hl7.org/fhir/sid/icd-9-cm",
    "snomedct": "http://snomed.info/sct",
    "snomedctus": "http://snomed.info/sct",
    "loinc": "http://loinc.org",
    "lnc": "http://loinc.org",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "cpt": "http://www.ama-assn.org/go/cpt",
    "hcpcs": "http://terminology.hl7.org/CodeSystem/HCPCS-all-codes",
    "hcpcslevelii": "http://terminology.hl7.org/CodeSystem/HCPCS-all-codes",
    "cdt": "http://www.ada.org/cdt",
    "cvx": "http://hl7.org/fhir/sid/cvx",
    "ndc": "http://hl7.org/fhir/sid/ndc",
}


def of_sheets(sheets: Sequence[Sequence[Sequence[str]]], name: str) -> ValueSets:
    """The sheets of a spreadsheet, each with a row of headings (Code, Code System or its OID) and the codes below. The
    OID stands in a column, or above the headings beside the word OID, on this sheet or an earlier one.
    """
    rows: list[tuple[str, str, str, str, str]] = []
    above: dict[str, str] = {}
    for sheet in sheets:
        heads: dict[str, int] | None = None
        for row in sheet:
            cells = [cell.strip() for cell in row]
            low = [cell.lower() for cell in cells]
            if "code" in low and any(word in low for word in _SHEET_SYSTEM):
                heads = {word: low.index(word) for word in low if word}
            elif heads is not None:
                rows += _coded(cells, heads, above, name)
            elif len([cell for cell in cells if cell]) == 2:
                key, value = (cell for cell in cells if cell)
                above[key.lower().rstrip(":")] = value
    return of_rows(rows)


def _coded(
    cells: Sequence[str], heads: Mapping[str, int], above: Mapping[str, str], name: str
) -> list[tuple[str, str, str, str, str]]:
    def cell(*words: str) -> str:
        for word in words:
            place = heads.get(word)
            if place is not None and place < len(cells) and cells[place]:
                return cells[place]
        return ""

    code, system = cell(*_SHEET_CODE), cell(*_SHEET_SYSTEM)
    if not code:
        return []
    oid = cell(*_SHEET_OID) or next((above[word] for word in _SHEET_OID if word in above), "")
    if not oid or not system:
        raise BadInput(got=f"codes in {name} without an OID or a code system", expected="both", do=_AGAIN)
    title = cell("value set name") or above.get("value set name") or above.get("name") or oid
    version = cell("definition version") or above.get("definition version", "")
    return [(oid, title, version, *stored(_uri(system), code))]


def _uri(system: str) -> str:
    if _OID.fullmatch(system):
        return f"urn:oid:{system}"
    return _NAMES.get(re.sub(r"[^a-z0-9]", "", system.lower()), system)


def _xlsx(path: Path) -> list[list[list[str]]]:
    from features.measures.spreadsheet import sheets

    return sheets(path)
