"""The applied model card of the Coalition for Health AI, version 0.2, as XML, filled from what the release recorded.

The elements and their order are those of the schema at https://mc.chai.org/v0.2/schema.xsd. What no release knows says
so, with who would have to tell it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

from features.pages.content import Estimate
from training.report.data import calibrator, in_words, verdict
from training.report.recorded import Recorded, estimate
from training.report.source_attributes import COMMITTEE, NETWORK, NOT_KNOWN, OUTSIDE, Attribute, attributes

NAMESPACE = "https://mc.chai.org/v0.2/schema.xsd"
Content = str | Mapping[str, "Content"] | Sequence[Mapping[str, "Content"]]

# elements that no release knows, and who would have to tell them
OPEN = {
    "DeveloperContact": NETWORK,
    "ReleaseDate": "whoever reads the run in MLflow",
    "GlobalAvailability": NETWORK,
    "ClinicalRiskLevel": COMMITTEE,
    "StakeholdersConsulted": NETWORK,
    "Security": NETWORK,
    "PeerReviewedPublications": NETWORK,
    "PatientConsentOrDisclosure": NETWORK,
}
KEYWORDS = ("risk prediction", "hospital discharge", "care management", "clinically integrated network")
HOW_TO_USE = (
    "Read the list from the top: each person stands there with a risk and its reasons in words. Call, and decide with "
    "what the person tells"
)
BIBLIOGRAPHY = (
    "Lundberg et al., Nat Mach Intell 2020;2:56-67 (explanations). Van Calster et al., BMC Med 2019;17:230 "
    "(calibration). Vickers and Elkin, Med Decis Making 2006;26:565-574 (decision curve). Collins et al., BMJ "
    "2024;385:e078378 (what a report should tell)"
)
TESTED = "Held out in time: a later period of the same network, of people of whom nothing was learned from"


def card(found: Recorded) -> str:
    """The card as XML; the same release gives the same bytes."""
    root = ElementTree.Element("AppliedModelCard", {"xmlns": NAMESPACE})
    _fill(root, _content(found))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _content(found: Recorded) -> Mapping[str, Content]:
    told = {attribute.paragraph: _told(attribute) for attribute in attributes(found)}
    spec, release = found.spec, found.release
    return {
        "BasicInfo": {"ModelName": f"{spec.title} ({release.model})", "ModelDeveloper": told["(1)(i)"],
                      "DeveloperContact": _open(found, "DeveloperContact")},
        "ReleaseInfo": {
            "ReleaseStage": "Trained and judged on a later period. Gates: " + verdict(found),
            "ReleaseDate": f"{_open(found, 'ReleaseDate')}; judged on {spec.rows_are} to {_last(found)}",
            "ReleaseVersion": str(release.version),
            "GlobalAvailability": _open(found, "GlobalAvailability"),
        },
        "ModelSummary": {
            "Summary": f"{spec.intended_use} It foretells {spec.outcome.says}. {in_words(found)}",
            "Keywords": [{"Keyword": word} for word in KEYWORDS],
        },
        "UsesAndDirections": {
            "IntendedUseAndWorkflow": f"{spec.intended_use} {told['(2)(iv)']}.",
            "PrimaryIntendedUsers": told["(2)(iii)"],
            "HowToUse": HOW_TO_USE,
            "TargetedPatientPopulation": told["(2)(ii)"],
            "CautionedOutOfScopeSettings": told["(3)(i)"],
        },
        "Warnings": {
            "KnownRisksAndLimitations": told["(3)(ii)"],
            "KnownBiasesOrEthicalConsiderations": told["(7)(ii)"],
            "ClinicalRiskLevel": f"{_open(found, 'ClinicalRiskLevel')}; people decide whom to call and about care",
        },
        "TrustIngredients": {"AISystemFacts": _facts(found, told), "TransparencyInformation": {
            "FundingSource": told["(1)(ii)"],
            "ThirdPartyInformation": "LightGBM grows the trees; code tables come from published packages",
            "StakeholdersConsulted": _open(found, "StakeholdersConsulted"),
        }},
        "KeyMetrics": _metrics(found, told),
        "Resources": {"EvaluationReferences": told["(7)(v)"],
                      "PeerReviewedPublications": _open(found, "PeerReviewedPublications"),
                      "PatientConsentOrDisclosure": _open(found, "PatientConsentOrDisclosure")},
        "Bibliography": BIBLIOGRAPHY,
    }  # fmt: skip


def _facts(found: Recorded, told: Mapping[str, str]) -> Mapping[str, Content]:
    release = found.release
    return {
        "OutcomesAndOutputs": told["(1)(iii)"],
        "ModelType": f"Gradient-boosted trees, {release.booster.num_trees()} of them, with a calibrator "
                     f"({calibrator(release.calibrator)})",
        "InputDataSource": ", ".join(release.sources) or NOT_KNOWN,
        "OutputAndInputDataTypes": f"In: {len(release.columns)} numbers of a patient as known at "
                                   f"{release.prediction_time}. Out: a probability",
        "DevelopmentDataCharacterization": f"{told['(4)(iv)']}. {told['(4)(i)']}. {told['(4)(iii)']}",
        "BiasMitigationApproaches": f"{told['(5)(i)']}. {told['(5)(ii)']}",
        "OngoingMaintenance": f"{told['(9)(i)']}. Watched: {told['(8)(i)']}",
        "Security": _open(found, "Security"),
        "Transparency": "The release is text and JSON: trees, calibrator, declarations of every input; its report is a "
                        "page that anyone can read",
    }  # fmt: skip


def _metrics(found: Recorded, told: Mapping[str, str]) -> Mapping[str, Content]:
    lists = found.findings["lists"]
    useful = [("AUROC", found.metric("auroc")), ("AUPRC", found.metric("auprc"))]
    useful += [
        (f"Share of outcomes found by {line['called']:,} calls", estimate(line["sensitivity"])) for line in lists
    ]
    groups = [
        (f"Observed over expected, {line['attribute']}: {line['group']}", estimate(line["observed_to_expected"]))
        for line in found.findings["subgroups"]
        if line.get("observed_to_expected")
    ]
    names = ("calibration_slope", "calibration_intercept", "observed_to_expected", "brier")
    safe = [(name.replace("_", " ").capitalize(), found.metric(name)) for name in names]
    return {
        "UsefulnessUsabilityEfficacy": _metric("Tell apart who will have the outcome", useful, told["(7)(i)"], found),
        "FairnessEquity": _metric("As many outcomes as foretold in every group", groups, told["(7)(ii)"], found),
        "SafetyReliability": _metric("Risks that are right", safe, in_words(found), found),
    }


def _metric(goal: str, results: Sequence[tuple[str, Estimate]], says: str, found: Recorded) -> Mapping[str, Content]:
    told, first, last = found.metrics, found.metrics["period"]["first"], _last(found)
    shown_are = results or [("Groups with enough people to be told of", Estimate(0))]
    return {
        "MetricGoal": goal,
        "Results": [{"MetricResult": {"Label": label, "ValueJson": _value(value)}} for label, value in shown_are],
        "Interpretation": says,
        "TestType": TESTED,
        "TestingDataDescription": f"{told['rows']:,} {found.spec.rows_are} of {told['people']:,} people, {first} to "
                                  f"{last}, {told['events']:,} with the outcome",
        "ValidationProcessAndJustification": "Intervals by a bootstrap of people. Validation outside the network: "
                                             + _unknown(OUTSIDE),
    }  # fmt: skip


def _last(found: Recorded) -> str:
    """The last day of the held-out period."""
    return str(found.metrics["period"]["last"])


def _value(value: Estimate) -> str:
    ends = {} if value.low is None else {"low": value.low, "high": value.high}
    return json.dumps({"kind": "single", "value": value.value, **ends}, allow_nan=False)


def _told(attribute: Attribute) -> str:
    if attribute.answer == NOT_KNOWN:
        return _unknown(attribute.ask)
    return attribute.answer + (f"; the rest is to be told by {attribute.ask}" if attribute.ask else "")


def _open(found: Recorded, element: str) -> str:
    """What the network told of an element, or who would have to."""
    return found.answers.get(element) or _unknown(OPEN[element])


def _unknown(who: str) -> str:
    return f"{NOT_KNOWN}, to be told by {who}"


def _fill(parent: ElementTree.Element, content: Content) -> None:
    """Elements in the order given; a list repeats what stands in it."""
    if isinstance(content, str):
        parent.text = content
    elif isinstance(content, Mapping):
        for name, inner in content.items():
            _fill(ElementTree.SubElement(parent, name), inner)
    else:
        for one in content:
            _fill(parent, one)
