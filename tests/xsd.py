"""Enough of XML Schema to check a document against a schema of named types that are sequences of elements or text.

Whatever else a schema holds is refused, so that nothing passes unread. Written for tests: no package that we need can
read XSD.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

XS = "{http://www.w3.org/2001/XMLSchema}"
Element = ElementTree.Element


def faults(schema: Path, document: str) -> list[str]:
    """Where the document is not what the schema says; empty where it is."""
    root = ElementTree.parse(schema).getroot()  # noqa: S314  # of the test data
    types = {found.attrib["name"]: found for found in root.findall(f"{XS}complexType")}
    [top] = root.findall(f"{XS}element")
    _understood(root)
    namespace = f"{{{root.attrib['targetNamespace']}}}"
    given = ElementTree.fromstring(document)  # noqa: S314  # our own, or of the test data
    if given.tag != namespace + top.attrib["name"]:
        return [f"{given.tag} at the top"]
    return _of_sequence(given, _sequence(top[0]), types, namespace)


def _understood(root: Element) -> None:
    """Fails where the schema says something that is not read here."""
    known = {XS + name for name in ("schema", "import", "element", "complexType", "sequence")}
    attributes = {"name", "type", "minOccurs", "maxOccurs", "ref"}
    for element in root.iter():
        assert element.tag in known, f"{element.tag} is not read by this check"
        if element.tag == f"{XS}element":
            assert set(element.attrib) <= attributes


def _sequence(kind: Element) -> Element:
    found = kind.find(f"{XS}sequence")
    assert found is not None
    return found


def _of_sequence(given: Element, sequence: Element, types: dict[str, Element], namespace: str) -> list[str]:
    """The children in their order, as often as allowed; `sequence` itself may repeat."""
    said = [f"text beside elements in {given.tag}"] if (given.text or "").strip() or given.attrib else []
    children, place = list(given), 0
    most = _most(sequence)
    for _ in range(min(most, len(children) + 1)):
        before = place
        place, wrong = _once(children, place, sequence, types, namespace)
        said += wrong
        if place == before or wrong:
            break
    if place < len(children) and not said:
        said.append(f"{children[place].tag} is not expected there")
    return said


def _once(
    children: list[Element], place: int, sequence: Element, types: dict[str, Element], namespace: str
) -> tuple[int, list[str]]:
    said: list[str] = []
    optional = sequence.attrib.get("minOccurs") == "0" and place >= len(children)
    for rule in sequence:
        count = 0
        name = rule.attrib.get("name")
        while name and place < len(children) and children[place].tag == namespace + name and count < _most(rule):
            said += _of_type(children[place], rule.attrib["type"], types, namespace)
            place, count = place + 1, count + 1
        if count < int(rule.attrib.get("minOccurs", "1")) and not optional:
            said.append(f"{name} is missing")
    return place, said


def _of_type(given: Element, kind: str, types: dict[str, Element], namespace: str) -> list[str]:
    if kind == "xs:string":
        return [f"elements in the text {given.tag}"] if len(given) or given.attrib else []
    return _of_sequence(given, _sequence(types[kind.removeprefix("mc:")]), types, namespace)


def _most(rule: Element) -> int:
    most = rule.attrib.get("maxOccurs", "1")
    return 10**6 if most == "unbounded" else int(most)
