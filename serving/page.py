"""The outreach list as one self-contained page: no script, no outside request, readable on a phone and on paper."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from features import windows
from features.measures.gaps_file import TITLES
from serving import campaign
from serving.campaign import Campaign
from serving.outreach import OutreachList, accounted

if TYPE_CHECKING:
    from jinja2 import Environment


def page(given: OutreachList) -> str:
    """The page as HTML. Everything that comes from the record is escaped."""
    return _environment().get_template("outreach.html").render(list=given, urgency=urgency, accounted=accounted(given))


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["day"] = windows.spoken
    return environment


def campaign_page(given: Campaign) -> str:
    """The campaign list as a page of the same kind, with what a call is assumed to do above it."""
    template = _environment().get_template("campaign.html")
    return template.render(campaign=given, titles=TITLES, accounted=campaign.accounted(given))


def urgency(due: int, today: int) -> str:
    """How a due day stands to the list's last day: overdue, due today, or due later."""
    if due < today:
        return "overdue"
    return "due today" if due == today else "due"
