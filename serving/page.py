"""The outreach list as one self-contained page: no script, no outside request, readable on a phone and on paper."""

from __future__ import annotations

from pathlib import Path

from features import windows
from serving.outreach import OutreachList, accounted


def page(given: OutreachList) -> str:
    """The page as HTML. Everything that comes from the record is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["day"] = windows.spoken
    return environment.get_template("outreach.html").render(list=given, urgency=urgency, accounted=accounted(given))


def urgency(due: int, today: int) -> str:
    """How a due day stands to the list's last day: overdue, due today, or due later."""
    if due < today:
        return "overdue"
    return "due today" if due == today else "due"
