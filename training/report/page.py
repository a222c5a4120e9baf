"""The report as one page."""

from __future__ import annotations

from features.pages.content import Page
from training.report import data, performance
from training.report.civil_rights import civil_rights
from training.report.explanations import explanations
from training.report.recorded import Recorded
from training.report.source_attributes import source_attributes
from training.report.tripod import tripod

FOOT = (
    "Made by `afterward report` from what the release recorded and the decisions kept of it: the same of both "
    "gives the same page. Numbers are sums over people; nothing is told of fewer than 11. The model orders a list for "
    "people who call. It is not for deciding whether someone is discharged, covered or treated."
)


def page(found: Recorded) -> Page:
    """All sections, in the order in which a committee reads."""
    sections = (
        data.summary(found),
        data.use(found),
        data.gates(found),
        data.decided(found),
        performance.performance(found),
        performance.calibration(found),
        performance.decision(found),
        performance.lists(found),
        performance.subgroups(found),
        explanations(found),
        data.cohort(found),
        data.people(found),
        data.splits(found),
        data.inputs(found),
        data.making(found),
        data.limits(found),
        civil_rights(found),
        source_attributes(found),
    )
    return Page(
        title=found.spec.title,
        kind=f"Report of {found.release.model} version {found.release.version}",
        lead=f"{found.spec.intended_use} What it was made of, how well it does, for whom, and what it is not for.",
        sections=(*sections, tripod(sections)),
        foot=FOOT,
    )
