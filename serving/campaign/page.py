"""The campaign list as one self-contained page, with what a call is assumed to do above it."""

from __future__ import annotations

from pathlib import Path

from features.measures.gaps_file import TITLES
from serving.campaign.ranked import Campaign, accounted
from serving.page import environment


def page(given: Campaign) -> str:
    """The page as HTML. Everything that comes from the record is escaped."""
    template = environment(Path(__file__).parent).get_template("campaign.html")
    return template.render(campaign=given, titles=TITLES, accounted=accounted(given))
