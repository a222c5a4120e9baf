"""FHIR files to resources: bulk NDJSON (one resource a line), Bundles, and single resources.

Each resource comes with its place: the line in NDJSON, the number of the entry in a Bundle. What cannot be read comes
as Unreadable with the reason; the words hold nothing of the content.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from features.errors import BadInput
from features.sources.files import InputFile

ENDINGS = (".json", ".ndjson")
LINES_TO_TRY = 100
KEPT = 10_000  # characters of what is no JSON that the quarantine keeps
NOT_JSON, NO_RESOURCE = "not JSON in UTF-8", "not a FHIR resource: no resourceType"
NO_ENTRY = "a Bundle entry without a resource"


@dataclass(frozen=True)
class Unreadable:
    """What stands at a place where a resource was expected."""

    reason: str
    raw: str


@dataclass
class Place:
    """Where a resource stands: `line` in its file, and `keys`, which names each resource of its Bundle by full URL."""

    line: int = 0
    keys: Mapping[str, str] = field(default_factory=dict)
    resource: Any = None  # the whole resource, for what is contained in it


def resources(file: InputFile) -> Iterator[tuple[Place, dict[str, Any] | Unreadable]]:
    """Every resource of a file. The Place is the same object each time, moved on: do not keep it."""
    if file.path.suffix.lower() == ".ndjson":
        yield from _lines(file)
        return
    import orjson

    with file.path.open("rb") as data:
        one_a_line = any(_is_resource(_parsed(line)) for line in islice(data, 1))
    if one_a_line:
        yield from _lines(file)
        return
    try:
        content = file.path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except OSError:
        raise BadInput(got=f"{file.name}, which cannot be read", expected="JSON", do="Fetch it again.") from None
    if not content.strip():
        return
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError:
        with file.path.open("rb") as data:
            some_a_line = any(_is_resource(_parsed(line)) for line in islice(data, LINES_TO_TRY))
        if some_a_line:
            yield from _lines(file)
        else:
            yield Place(1), _unreadable(NOT_JSON, content)
        return
    place = Place(1)
    many = document if isinstance(document, list) else [document]
    for number, one in enumerate(many, 1):
        place.line = number
        yield from _opened(one, place)


def _parsed(line: bytes) -> Any:
    import orjson

    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


def _is_resource(found: Any) -> bool:
    return isinstance(found, dict) and isinstance(found.get("resourceType"), str)


def _lines(file: InputFile) -> Iterator[tuple[Place, dict[str, Any] | Unreadable]]:
    import orjson

    loads, wrong = orjson.loads, orjson.JSONDecodeError
    place = Place()
    with file.path.open("rb") as data:
        for number, line in enumerate(data, 1):
            place.line = number
            try:
                found = loads(line)
            except wrong:
                line = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip()
                if not line:
                    continue
                found = _parsed(line)
                if found is None:
                    yield place, _unreadable(NOT_JSON, line)
                    continue
            if type(found) is dict and found.get("resourceType") != "Bundle" and _is_resource(found):
                place.resource = found
                yield place, found
            else:
                yield from _opened(found, place)


def _opened(found: Any, place: Place) -> Iterator[tuple[Place, dict[str, Any] | Unreadable]]:
    """A resource, or those of a Bundle; a Bundle's own place is its line, its entries are counted from 1."""
    if not _is_resource(found):
        yield place, _unreadable(NO_RESOURCE, found)
    elif found["resourceType"] != "Bundle":
        place.resource = found
        yield place, found
    else:
        entries = found.get("entry", [])
        entries = entries if isinstance(entries, list) else [entries]
        keys = _keys(entries)
        for number, entry in enumerate(entries, 1):
            inner = Place(number, keys)
            resource = entry.get("resource") if isinstance(entry, dict) else None
            if resource is None:
                yield inner, _unreadable(NO_ENTRY, entry)
            else:
                yield from _opened(resource, inner)


def _keys(entries: list[Any]) -> dict[str, str]:
    """`Type/id` of each entry by its full URL: what `urn:uuid:...` within the Bundle refers to."""
    keys = {}
    for entry in entries:
        url = entry.get("fullUrl") if isinstance(entry, dict) else None
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(url, str) and isinstance(resource, dict) and _is_resource(resource):
            own = resource.get("id")
            found = own if isinstance(own, str) and own else url.rsplit("/", 1)[-1].rsplit(":", 1)[-1]
            keys[url] = f"{resource['resourceType']}/{found}"
    return keys


def as_json(content: Any) -> str:
    """What was parsed, as text again; empty where it is nested too deeply to be written."""
    import orjson

    try:
        return orjson.dumps(content).decode("utf-8", "replace").replace("\\u0000", "")
    except orjson.JSONEncodeError:
        return ""


def _unreadable(reason: str, content: Any) -> Unreadable:
    raw = content[:KEPT].decode("utf-8", "replace") if isinstance(content, bytes) else as_json(content)
    return Unreadable(reason, raw[:KEPT].replace("\0", ""))
