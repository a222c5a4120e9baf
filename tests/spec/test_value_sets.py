"""Value sets as others write them, and what the import makes of them. The codes are invented."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from features.codes.systems import LOINC
from features.errors import BadInput
from features.measures.cli import valuesets
from features.measures.value_set import Code, ValueSet
from features.measures.value_set_files import CUT_SHORT, WITHOUT_CODES, read_files
from features.measures.value_sets import Content, ValueSets, read, stored, together, write

OID, OTHER = "2.16.840.1.113883.3.1.1", "2.16.840.1.113883.3.1.2"
SNOMED = "http://snomed.info/sct"
TWO = frozenset({("snomed-ct", "123456789"), ("icd-10-cm", "E119")})


def a_set(**given: Any) -> dict[str, Any]:
    url = f"http://cts.nlm.nih.gov/fhir/ValueSet/{OID}"
    return {"resourceType": "ValueSet", "url": url, "title": "Some", "version": "1", **given}


def codes(system: str, *found: str) -> list[dict[str, str]]:
    return [{"system": system, "code": code} for code in found]


EXPANDED = codes(SNOMED, "123456789") + codes("http://hl7.org/fhir/sid/icd-10-cm", "E11.9")


def put(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_text(content)
    return path


def test_an_expansion_gives_codes_as_the_record_writes_them(tmp_path: Path) -> None:
    """A dot that is there in one and not in the other would make every diabetic a gap."""
    file = put(tmp_path, "a.json", json.dumps(a_set(expansion={"total": 2, "contains": EXPANDED})))
    assert read_files([file]).content == {OID: Content("Some", "1", TWO)}


def test_codes_nested_in_others_count_and_groups_do_not(tmp_path: Path) -> None:
    nested = [{"abstract": True, "system": SNOMED, "code": "999999999", "contains": EXPANDED}]
    file = put(tmp_path, "a.json", json.dumps(a_set(expansion={"contains": nested})))
    assert read_files([file]).content[OID].codes == TWO


def test_a_definition_that_lists_its_codes_is_taken_and_one_with_rules_is_not(tmp_path: Path) -> None:
    listed = {"system": SNOMED, "concept": [{"code": "123456789"}]}
    whole = put(tmp_path, "a.json", json.dumps(a_set(compose={"include": [listed]})))
    assert read_files([whole]).content[OID].codes == {("snomed-ct", "123456789")}
    rule = {"system": SNOMED, "filter": [{"property": "concept", "op": "is-a", "value": "1"}]}
    half = put(tmp_path, "b.json", json.dumps(a_set(compose={"include": [listed, rule]})))
    assert read_files([half]).unusable == {OID: CUT_SHORT}
    none = put(tmp_path, "c.json", json.dumps(a_set(compose={"include": [rule]})))
    assert read_files([none]).unusable == {OID: WITHOUT_CODES}


def test_an_expansion_of_fewer_codes_than_its_total_is_cut_short(tmp_path: Path) -> None:
    file = put(tmp_path, "a.json", json.dumps(a_set(expansion={"total": 1000, "contains": EXPANDED})))
    found = read_files([file])
    assert found.lacking((ValueSet("Some", OID),)) == {ValueSet("Some", OID): CUT_SHORT}
    with pytest.raises(BadInput, match=rf"Some \({OID}\): .*cut short"):
        found.codes(ValueSet("Some", OID))


@pytest.mark.parametrize(
    "said",
    [
        {"parameter": [{"name": "limitedExpansion", "valueBoolean": True}]},
        {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/valueset-toocostly", "valueBoolean": True}]},
    ],
)
def test_a_server_that_left_codes_out_is_believed(said: dict[str, Any], tmp_path: Path) -> None:
    file = put(tmp_path, "a.json", json.dumps(a_set(expansion={"contains": EXPANDED, **said})))
    assert read_files([file]).unusable == {OID: CUT_SHORT}


def test_bundles_and_lines_are_read_alike(tmp_path: Path) -> None:
    one = a_set(expansion={"contains": EXPANDED})
    bundle = {"resourceType": "Bundle", "entry": [{"resource": one}, {"resource": {"resourceType": "Patient"}}]}
    lines = json.dumps(one) + "\n" + json.dumps({**one, "url": None, "identifier": [{"value": f"urn:oid:{OTHER}"}]})
    assert read_files([put(tmp_path, "a.json", json.dumps(bundle))]).content[OID].codes == TWO
    assert set(read_files([put(tmp_path, "b.ndjson", lines)]).content) == {OID, OTHER}


HEADS = "Code,Description,Code System,Code System Version,Code System OID"
LINES = "123456789,a thing,SNOMEDCT,2024-09,2.16.840.1.113883.6.96\nE11.9,another,ICD10CM,2025,2.16.840.1.113883.6.90"


def test_a_spreadsheet_of_one_value_set_names_it_above_the_codes(tmp_path: Path) -> None:
    sheet = f"Value Set Name,Some\nOID,{OID}\nDefinition Version,1\n\nExpanded Code List\n\n{HEADS}\n{LINES}\n"
    assert read_files([put(tmp_path, "a.csv", sheet)]).content == {OID: Content("Some", "1", TWO)}


def test_a_spreadsheet_of_many_value_sets_names_each_in_its_row(tmp_path: Path) -> None:
    heads = "CMS ID\tValue Set Name\tValue Set OID\tCode\tDescription\tCode System"
    rows = [f"CMS1\tSome\t{OID}\tE11.9\tx\tICD10CM", f"CMS1\tOther\t{OTHER}\t2160-0\tx\tLOINC"]
    found = read_files([put(tmp_path, "a.txt", "\n".join([heads, *rows]))]).content
    assert found == {
        OID: Content("Some", "", frozenset({("icd-10-cm", "E119")})),
        OTHER: Content("Other", "", frozenset({("loinc", "2160-0")})),
    }


def workbook(path: Path, rows: list[list[str]]) -> Path:
    """An .xlsx with one sheet, every second text shared, as Excel and VSAC write them."""
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    shared: list[str] = []
    lines = []
    for number, row in enumerate(rows, 1):
        cells = []
        for place, text in enumerate(row):
            name = f"{'ABCDEFGH'[place]}{number}"
            if not text:
                continue
            if place % 2:
                cells.append(f'<c r="{name}" t="inlineStr"><is><t>{text}</t></is></c>')
            else:
                cells.append(f'<c r="{name}" t="s"><v>{len(shared)}</v></c>')
                shared.append(text)
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    texts = "".join(f"<si><r><t>{text[:1]}</t></r><r><t>{text[1:]}</t></r></si>" for text in shared)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "xl/worksheets/sheet1.xml", f"<worksheet {space}><sheetData>{''.join(lines)}</sheetData></worksheet>"
        )
        archive.writestr("xl/sharedStrings.xml", f"<sst {space}>{texts}</sst>")
    return path


def test_an_excel_workbook_is_the_same_as_its_csv(tmp_path: Path) -> None:
    table = [["OID", OID], ["Value Set Name", "Some"], [], HEADS.split(","), *(x.split(",") for x in LINES.split("\n"))]
    assert read_files([workbook(tmp_path / "a.xlsx", table)]).content == {OID: Content("Some", "", TWO)}


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    broken = put(tmp_path, "a.xlsx", "no zip")
    with pytest.raises(BadInput, match=r"a\.xlsx, which is damaged or no workbook"):
        read_files([broken])
    with pytest.raises(BadInput, match=r"b\.json, which is no JSON"):
        read_files([put(tmp_path, "b.json", "{")])
    with pytest.raises(BadInput, match="no value set in what was given"):
        read_files([put(tmp_path, "c.json", "{}")])
    with pytest.raises(BadInput, match="without an OID or a code system"):
        read_files([put(tmp_path, "d.csv", f"{HEADS}\n{LINES}")])


def test_what_is_imported_again_replaces_what_was_there(tmp_path: Path) -> None:
    into = tmp_path / "kept" / "sets.csv"
    first = put(tmp_path, "a.json", json.dumps(a_set(expansion={"contains": EXPANDED})))
    less = put(tmp_path, "b.json", json.dumps(a_set(version="2", expansion={"contains": EXPANDED[:1]})))
    cut = put(tmp_path, "c.json", json.dumps(a_set(expansion={"total": 9, "contains": EXPANDED})))
    for file, wanted in ((first, 2), (less, 1), (cut, 1)):
        done = CliRunner().invoke(valuesets, ("import", str(file), "--into", str(into)))
        assert done.exit_code == 0, done.output
        assert len(read(into).content[OID].codes) == wanted
    assert f"not imported: {OID} (its file says that it was cut short)" in done.output


def test_the_file_gives_back_what_was_written_and_is_refused_where_it_is_damaged(tmp_path: Path) -> None:
    sets = ValueSets({OID: Content("Some, with a comma", "1", TWO)})
    write(sets, tmp_path / "sets.csv")
    assert read(tmp_path / "sets.csv") == sets
    (tmp_path / "sets.csv").write_text("oid,name\n")
    with pytest.raises(BadInput, match=r"sets\.csv, whose rows are not"):
        read(tmp_path / "sets.csv")
    with pytest.raises(BadInput, match="cannot be read"):
        read(tmp_path / "absent.csv")


def test_codes_are_stored_in_the_form_of_their_system() -> None:
    assert stored("http://loinc.org", "02160-0") == ("loinc", "2160-0")
    assert stored("http://www.ada.org/cdt", "d0120") == ("hcpcs", "D0120")
    assert stored("https://nahdo.org/sopt", "1") == ("https://nahdo.org/sopt", "1")
    assert ValueSets().codes(Code("creatinine", LOINC, "2160-0")) == {("loinc", "2160-0")}


def test_of_two_files_of_one_value_set_the_later_holds() -> None:
    old, new = ({OID: Content("Some", version, TWO)} for version in ("1", "2"))
    assert together(ValueSets(old, {OID: CUT_SHORT}), ValueSets(new)) == ValueSets(new)
