"""Pages by example: what is told stands in HTML and JSON alike, and no number leads back to a few people."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from features.errors import BadDeclaration, BadInput
from features.pages.content import NONE, Estimate, Facts, Figure, Items, Page, Part, Section, Share, Table, Text, shown
from features.pages.few import FEWEST_PEOPLE, few, withheld
from features.pages.figures import Axes, Series, bars, curves, dots
from features.pages.write import as_json, html, printed, save
from tests.markup import SVG, faults, read

TABLE = Table(
    "Metrics", ("", "AUROC"), (("model", Estimate(0.7123, 0.69, 0.73)), ("base rate", None)), note="By person."
)


def figures() -> tuple[Figure, ...]:
    steps = [Series("smoothed", [0.1, 0.3], [0.1, 0.4]), Series("right", [0, 1], [0, 1], quiet=True)]
    groups = Series("tenths", [0.1, 0.3], [0.2, 0.4], "points", [(0.1, 0.3), (0.3, 0.5)])
    found = [("65 to 74", Estimate(0.7, 0.6, 0.8)), ("85 and over", Estimate(None))]
    return (
        curves("calibration", "Calibration", "It lies above the diagonal.", Axes("told", "seen"), [*steps, groups]),
        bars("strength", "Strength", "Age is strongest.", Axes("log-odds", "group"), [("age", 0.3), ("<sex>", 0.1)]),
        dots("groups", "Groups", "They are alike.", Axes("AUROC", "group"), found, reference=0.7),
    )


def page(*parts: Part) -> Page:
    return Page("A title", "A kind", "A lead.", (Section("only", "Only", parts),), "A foot.")


@pytest.fixture(scope="module")
def whole() -> Page:
    return page(
        Text("Tom & <Jerry>"), Items(("one", "two")), Facts({"rows": 1204, "rate": Share(0.123)}), TABLE, *figures()
    )


# ---- a page


def test_a_page_is_valid_asks_nobody_and_tells_every_figure_in_words(whole: Page) -> None:
    assert faults(html(whole)) == []
    assert len(list(read(html(whole)).iter(f"{SVG}svg"))) == 3


@pytest.mark.parametrize(
    ("whole_part", "broken", "fault"),
    [
        ('<th scope="row">', "<th>", "scope"),
        ('role="img"', "", "text alternative"),
        ("<p>", '<p id="only">', "times"),
        ("<p>", '<p><script src="a.js"></script>', "script"),
        ('href="#only"', 'href="#nowhere"', "nowhere"),
        ('href="#only"', 'href="https://elsewhere.example"', "request"),
    ],
)
def test_what_watches_over_pages_sees_each_fault(whole: Page, whole_part: str, broken: str, fault: str) -> None:
    assert whole_part in html(whole)
    assert any(fault in said for said in faults(html(whole).replace(whole_part, broken, 1)))


def test_the_same_page_gives_the_same_bytes(whole: Page) -> None:
    again = page(*whole.sections[0].parts[:4], *figures())
    assert html(again) == html(whole)
    assert as_json(again) == as_json(whole)


def test_the_json_tells_all_that_the_page_shows_in_full(whole: Page) -> None:
    told = json.loads(as_json(whole))
    text, items, facts, table, curve, bar, dot = told["sections"][0]["parts"]
    assert (text["text"], items["items"]) == ("Tom & <Jerry>", ["one", "two"])
    assert facts["facts"] == {"rows": 1204, "rate": 0.123}
    assert table["rows"] == [["model", {"value": 0.7123, "low": 0.69, "high": 0.73}], ["base rate", None]]
    assert curve["says"] == "It lies above the diagonal."
    assert ["tenths", 0.1, {"value": 0.2, "low": 0.1, "high": 0.3}] in curve["numbers"]["rows"]
    assert "right" not in {row[0] for row in curve["numbers"]["rows"]}, "what others are held against is no finding"
    assert bar["numbers"]["rows"] == [["age", 0.3], ["<sex>", 0.1]]
    assert dot["numbers"]["rows"][1] == ["85 and over", {"value": None, "low": None, "high": None}]


def test_what_comes_from_elsewhere_is_escaped(whole: Page) -> None:
    assert "Tom &amp; &lt;Jerry&gt;" in html(whole)
    assert "<sex>" not in html(whole)


def test_long_names_may_break_and_what_is_typed_is_code(whole: Page) -> None:
    told = html(page(Text("run `afterward report` on hospital_without_p_from_1")))
    assert "run <code>afterward report</code> on hospital_<wbr />without_<wbr />p_<wbr />from_<wbr />1" in told
    assert faults(told) == []


def test_a_name_is_drawn_as_it_is_written() -> None:
    found = bars("odd", "Odd", "Words.", Axes("x"), [("$a_1$ & <b>", 0.2), ("\u8840\u538b", 0.1)])
    told = page(found)
    assert faults(html(told)) == []
    assert {"$a_1$ & <b>", "\u8840\u538b"} <= {e.text for e in read(html(told)).iter(f"{SVG}text")}


def test_cells_are_told_as_people_read_them() -> None:
    told = [shown(cell) for cell in (Estimate(0.7123, 0.69, 0.73), Estimate(0.5), Share(0.1234), 1204, -0.0001, None)]
    assert told == ["0.712 (0.690 to 0.730)", "0.500", "12.3 %", "1,204", "0.000", NONE]
    assert [shown(cell) for cell in (float("nan"), Share(None), 12345.67, "text")] == [NONE, NONE, "12,345.7", "text"]


def test_a_figure_without_words_cannot_be_made() -> None:
    with pytest.raises(BadDeclaration, match="text alternative"):
        Figure("curve", "Curve", "", "<svg/>", TABLE)


def test_a_table_with_a_cell_too_few_cannot_be_made() -> None:
    with pytest.raises(BadDeclaration, match="1 rows not 2 cells long"):
        Table("Metrics", ("", "AUROC"), (("model",),))


def test_two_sections_of_one_name_cannot_stand_on_a_page() -> None:
    with pytest.raises(BadDeclaration, match="only twice"):
        Page("t", "k", "l", (Section("only", "1", ()), Section("only", "2", ())))


# ---- written and printed


def test_a_page_is_written_with_its_json_beside(whole: Page, tmp_path: Path) -> None:
    told, _ = save({"report.html": html(whole), "report.json": as_json(whole)}, tmp_path / "deep")
    assert told.read_text(encoding="utf-8") == html(whole)
    assert json.loads((tmp_path / "deep" / "report.json").read_text())["title"] == "A title"


def test_a_folder_that_cannot_be_written_is_told(whole: Page, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="--out"):
        save({"report.html": html(whole)}, tmp_path / "file")


def test_without_chromium_nothing_is_printed_and_nothing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not printed(tmp_path / "report.html", tmp_path / "report.pdf")


def test_a_browser_that_fails_is_not_taken_for_a_printed_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "chromium").write_text(f"#!{sys.executable}\nraise SystemExit(1)\n")
    (tmp_path / "chromium").chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not printed(tmp_path / "report.html", tmp_path / "report.pdf")


# ---- few people


def test_counts_of_one_to_ten_are_few() -> None:
    assert [few(count) for count in (0, 1, 10, FEWEST_PEOPLE)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("counts", "shown_are"),
    [
        ((100, 50, 20), (True, True, True)),
        ((100, 50, 0), (True, True, True)),
        ((100, 20, 5), (True, False, False)),  # 5 alone would be the total less the others
        ((100, 20, 6, 5), (True, True, False, False)),
        ((100, 20, 2, 3), (True, False, False, False)),  # of two that make 5 together one knows nearly all
        ((100, 5), (False, False)),
        ((5,), (False,)),
        ((), ()),
    ],
)
def test_a_count_that_could_be_worked_out_is_withheld_too(counts: tuple[int, ...], shown_are: tuple[bool, ...]) -> None:
    assert tuple(not hides for hides in withheld(counts)) == shown_are
