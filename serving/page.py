"""The outreach list as one self-contained page: no script, no outside request, readable on a phone and on paper."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from features import windows
from serving.outreach import OutreachList, accounted

if TYPE_CHECKING:
    from jinja2 import Environment


def page(given: OutreachList) -> str:
    """The page as HTML. Everything that comes from the record is escaped."""
    template = environment(Path(__file__).parent).get_template("outreach.html")
    return template.render(list=given, urgency=urgency, accounted=accounted(given))


def environment(folder: Path) -> Environment:
    """How pages are made of the templates of a folder: everything escaped, days in words."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    made.filters["day"] = windows.spoken
    return made


def urgency(due: int, today: int) -> str:
    """How a due day stands to the list's last day: overdue, due today, or due later."""
    if due < today:
        return "overdue"
    return "due today" if due == today else "due"
