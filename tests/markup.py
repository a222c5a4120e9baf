"""What every page must keep to, asked of its markup: it is read as XML, which forgives nothing that HTML would."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

HTML, SVG = "{http://www.w3.org/1999/xhtml}", "{http://www.w3.org/2000/svg}"


def read(page: str) -> ElementTree.Element:
    """The tree of a page; fails where a tag is not closed or an attribute stands twice."""
    assert page.startswith("<!doctype html>\n")
    return ElementTree.fromstring(page.removeprefix("<!doctype html>"))  # noqa: S314  # our own page


def faults(page: str) -> list[str]:
    """What would keep a page from being valid, printed, read aloud or opened where there is no network."""
    tree = read(page)
    ids = [e.attrib["id"] for e in tree.iter() if "id" in e.attrib]
    said = [f"the id {name} stands {ids.count(name)} times" for name in sorted(set(ids)) if ids.count(name) > 1]
    for element in tree.iter():
        tag = element.tag.split("}")[1]
        said += [f"{tag} points to {there}, which is not there" for there in _pointed(element) if there not in ids]
        if tag in ("script", "iframe", "object", "link", "img", "form"):
            said.append(f"a {tag} in the page")
        if tag == "th" and element.attrib.get("scope") not in ("col", "row"):
            said.append("a table header without scope")
        if tag == "table" and element.find(f"{HTML}caption") is None:
            said.append("a table without a caption")
        if tag == "svg" and not _told(element, tree):
            said.append("a figure without a text alternative")
        said += [f"an attribute {name} in {tag}" for name in element.attrib if name.startswith("on")]
    said += [
        f"a request of {there}" for there in re.findall(r"(?:src|href|url\()=?[\"'(]?((?:https?:)?//[^\"')\s]+)", page)
    ]
    levels = [int(e.tag[-1]) for e in tree.iter() if re.fullmatch(re.escape(HTML) + r"h\d", e.tag)]
    if levels.count(1) != 1 or any(after - before > 1 for before, after in pairwise(levels)):
        said.append(f"headings of levels {levels}")
    return said


def _pointed(element: ElementTree.Element) -> list[str]:
    """The ids that an element points to."""
    named = " ".join(element.attrib.get(name, "") for name in ("aria-labelledby", "aria-describedby")).split()
    links = [element.attrib["href"][1:]] if element.attrib.get("href", "").startswith("#") else []
    return [*named, *links, *re.findall(r"url\(#([^)]+)\)", " ".join(element.attrib.values()))]


def _told(svg: ElementTree.Element, tree: ElementTree.Element) -> bool:
    """Whether a drawing is an image with a title and words that describe it."""
    title = svg.find(f"{SVG}title")
    words = next((e for e in tree.iter() if e.attrib.get("id") == svg.attrib.get("aria-describedby")), None)
    named = title is not None and bool(title.text) and title.attrib.get("id") == svg.attrib.get("aria-labelledby")
    return svg.attrib.get("role") == "img" and named and words is not None and bool(words.text)
