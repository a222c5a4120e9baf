"""The cards that others ask for are whole: the source attributes of HTI-1, the elements of CHAI's model card."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests import reports, xsd
from training.report.chai import NAMESPACE, card
from training.report.source_attributes import RULE, attributes, source_attributes

NAME = f"{{{NAMESPACE}}}"


@pytest.fixture(scope="module")
def schema(data_dir: Path) -> Path:
    return data_dir / "chai_model_card" / "v0.2" / "schema.xsd"


@pytest.fixture(scope="module")
def ours() -> str:
    return card(reports.small())


def test_the_thirty_one_source_attributes_are_there_in_the_order_of_the_rule(reference_dir: Path) -> None:
    text = (reference_dir / "hti1-dsi-source-attributes.md").read_text(encoding="utf-8")
    predictive = text.split("## (iv)(B)")[1].split("## (iv)(A)")[0]
    expected, group = [], ""
    for line in predictive.splitlines():
        if heading := re.match(r"(\(\d\)) ", line):
            group = heading.group(1)
        elif item := re.match(r"\s*\d+\.\s+(\([iv]+\))", line):
            expected.append(group + item.group(1))
    told = attributes(reports.small())
    assert len(expected) == 31
    assert [attribute.paragraph for attribute in told] == expected
    assert len({attribute.name for attribute in told}) == 31


def test_the_rule_and_its_version_are_named_and_nobody_claims_to_comply() -> None:
    section = source_attributes(reports.small())
    [said] = [part.text for part in section.parts if hasattr(part, "text")]
    assert RULE in said
    assert "89 FR 1192" in said
    assert "is no claim that anyone complies" in said
    answers = " ".join(attribute.answer for attribute in attributes(reports.small()))
    assert not re.search(r"compl(y|ies|iant)|certified", answers, re.IGNORECASE)


def test_the_model_card_is_valid_by_chai_s_schema(schema: Path, ours: str) -> None:
    assert xsd.faults(schema, ours) == []


def test_the_cards_that_chai_publishes_pass_the_same_check(schema: Path) -> None:
    examples = sorted((schema.parent / "examples").glob("*.xml"))
    assert len(examples) == 18
    assert [path.name for path in examples if xsd.faults(schema, path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    ("whole", "broken"),
    [
        (r"<ReleaseVersion>.*?</ReleaseVersion>", ""),
        (r"<ModelName>", "<Extra>x</Extra><ModelName>"),
        (r"(<ModelName>.*?</ModelName>)\s*(<ModelDeveloper>.*?</ModelDeveloper>)", r"\2\1"),
        (r"<Results>.*?</Results>", "<Results></Results>"),
        (r"<Bibliography>.*?</Bibliography>", "<Bibliography><b>x</b></Bibliography>"),
        (r"<Bibliography>", "<Bibliography>x</Bibliography><Bibliography>"),
        (NAMESPACE, NAMESPACE.replace("v0.2", "v0.1")),
    ],
)
def test_a_card_that_is_not_right_is_told(schema: Path, ours: str, whole: str, broken: str) -> None:
    changed = re.sub(whole, broken, ours, count=1, flags=re.DOTALL)
    assert changed != ours
    assert xsd.faults(schema, changed) != []


def test_no_element_is_empty_and_every_value_is_json(ours: str) -> None:
    root = ElementTree.fromstring(ours)  # noqa: S314  # our own card
    assert [element.tag for element in root.iter() if not len(element) and not (element.text or "").strip()] == []
    values = [json.loads(str(element.text)) for element in root.iter(f"{NAME}ValueJson")]
    assert len(values) > 5
    assert all(value["kind"] == "single" for value in values)


def test_the_figures_of_the_card_are_those_that_were_recorded(ours: str) -> None:
    results = ElementTree.fromstring(ours).iter(f"{NAME}MetricResult")  # noqa: S314  # our own card
    told = {
        str(found.findtext(f"{NAME}Label")): json.loads(str(found.findtext(f"{NAME}ValueJson"))) for found in results
    }
    recorded = reports.small().metrics
    assert {name: told["AUROC"][name] for name in ("value", "low", "high")} == recorded["auroc"]
    assert told["Calibration slope"]["value"] == recorded["calibration_slope"]["value"]
    assert told["Observed over expected, sex: female"]["value"] > 0
