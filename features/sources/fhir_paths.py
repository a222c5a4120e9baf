"""What to take from a resource, as data: paths through its JSON, and what stands at their end.

A path is names with dots between. A list is searched for its first member that leads somewhere. A name may ask for
members of a kind: `supportingInfo[category=drg|clm_drg_cd].code` takes those whose `category` has one of these codes
(of a URL its last part counts, in small letters). Several paths are tried one after the other. The empty path is the
node itself: a member of a list that is a coding.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

from features.codes.systems import System
from features.errors import BadDeclaration
from features.sources.fhir_resources import Place
from features.sources.fhir_systems import TO_LOOK_UP, Choice, choice, chosen

NOT_A_VALUE = "(not a value)"  # an object where a text or number was expected: no date, number or code looks like this
NPI = "us-npi"


class Of(Enum):
    """What stands at the end of a path."""

    TEXT = "text"
    CODES = "codes"  # all codes of a concept or a list of them, in small letters, with blanks between and around
    TIME = "time"  # three columns: NAME_from, NAME_to (wall-clock seconds) and NAME_precision
    PERSON = "person"  # the logical id of the patient referred to
    REFERENCE = "reference"  # `Type/id` of what is referred to
    WHO = "who"  # a clinician or place: the NPI where it stands there, else `Type/id`, to be looked up
    CODED = "coded"  # two columns in canonical form: NAME_system and NAME


@dataclass(frozen=True)
class Take:
    """One thing to take. `systems` are those of a CODED one, the most preferred first."""

    of: Of
    paths: tuple[str, ...]
    systems: tuple[System, ...] = ()


def text(*paths: str) -> Take:
    """A text, number, code or flag; of a list the first."""
    return Take(Of.TEXT, paths)


def codes(*paths: str) -> Take:
    """The codes of concepts, as one text to be searched for ` code `."""
    return Take(Of.CODES, paths)


def time(*paths: str) -> Take:
    """A time or a Period."""
    return Take(Of.TIME, paths)


def person(*paths: str) -> Take:
    """Who it is about."""
    return Take(Of.PERSON, paths)


def reference(*paths: str) -> Take:
    """Another resource."""
    return Take(Of.REFERENCE, paths)


def who(*paths: str) -> Take:
    """A clinician or a place of care."""
    return Take(Of.WHO, paths)


def coded(systems: Sequence[System], *paths: str) -> Take:
    """A code of one of these systems."""
    return Take(Of.CODED, paths, tuple(systems))


# ---- walking


Steps = tuple[tuple[str, str, frozenset[str]], ...]
_STEP = re.compile(r"([A-Za-z]+)(?:\[([A-Za-z]+)=([^\]]+)\])?")


def steps(path: str) -> Steps:
    """The steps of a path: (name, name by which members are asked for or empty, wanted codes)."""
    found = []
    for part in re.findall(r"[^.\[]+(?:\[[^\]]*\])?", path):
        step = _STEP.fullmatch(part)
        if step is None:
            raise BadDeclaration(got=f"path {path}", expected="names with dots between", do="Mend the reader.")
        found.append((step[1], step[2] or "", frozenset((step[3] or "").split("|"))))
    return tuple(found)


def walk(node: Any, path: Steps, start: int = 0) -> Any:
    """What stands at the end of a path, lists as they are; null where it leads nowhere."""
    for number in range(start, len(path)):
        if type(node) is list:
            return _first(node, path, number)
        if type(node) is not dict:
            return None
        name, asked, wanted = path[number]
        node = node.get(name)
        if node is None:
            return None
        if asked:
            members = node if type(node) is list else (node,)
            kind = [one for one in members if type(one) is dict and _is_of(one.get(asked), wanted)]
            return _first(kind, path, number + 1) if number + 1 < len(path) else kind or None
    return node


def _first(nodes: list[Any], path: Steps, start: int) -> Any:
    for one in nodes:
        found = walk(one, path, start)
        if found is not None:
            return found
    return None


@lru_cache(maxsize=4096)
def _label(code: str) -> str:
    return code.rsplit("/", 1)[-1].lower()


def _is_of(node: Any, wanted: frozenset[str]) -> bool:
    if type(node) is dict:
        codings = node.get("coding")
        if type(codings) is list:
            for coding in codings:
                code = coding.get("code") if type(coding) is dict else None
                if type(code) is str and _label(code) in wanted:
                    return True
            return False
    return not wanted.isdisjoint(labels(node))


def labels(node: Any) -> frozenset[str]:
    """The codes of a concept, a coding, a text, a flag or a list of these: small letters, of a URL the last part."""
    if type(node) is str:
        return frozenset((_label(node),))
    if type(node) is bool:
        return frozenset(("true" if node else "false",))
    if type(node) is list:
        return frozenset(label for member in node for label in labels(member))
    if type(node) is dict:
        if "coding" in node:
            return labels(node["coding"])
        return labels(node.get("code")) if type(node.get("code")) is str else frozenset()
    return frozenset()


def members(node: Any, path: Steps) -> list[Any]:
    """All objects at the end of a path of plain names, those of nested lists one after the other."""
    found = [node]
    for name, _, _ in path:
        inner = [one.get(name) for one in found if type(one) is dict]
        found = [member for one in inner for member in (one if type(one) is list else [one]) if member is not None]
    return [one for one in found if type(one) is dict]


def scalar(value: Any) -> str | None:
    """A text without blanks around it, a number or flag as text; null where empty; of a list the first member's."""
    if type(value) is str:
        return value.strip() or None
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) in (int, float):
        return repr(value)
    if type(value) is list:
        return next((found for found in map(scalar, value) if found is not None), None)
    return None if value is None else NOT_A_VALUE


# ---- references


def key(node: Any, place: Place) -> str | None:
    """`Type/id` of what a Reference (or its text) refers to; `#id` of what is contained; the value asked for of a
    search such as `Practitioner?identifier=system|value`; null where it refers to nothing that has an identity.
    """
    told = node.get("reference") if type(node) is dict else node
    if told is None and type(node) is dict and type(node.get("actor")) is dict:  # of an appointment
        told = node["actor"].get("reference")
    if type(told) is not str or not told:
        return None
    known = place.keys.get(told)
    if known is not None:
        return known
    return _named(told)


@lru_cache(maxsize=65_536)
def _named(told: str) -> str | None:
    if told.startswith(("#", "urn:")):
        return told.removeprefix("urn:uuid:").removeprefix("urn:oid:")
    if "?" in told:
        return told.rsplit("|", 1)[1].strip() or None if "|" in told else None
    parts = [part for part in told.split("/") if part]
    if "_history" in parts:
        parts = parts[: parts.index("_history")]
    return "/".join(parts[-2:]) or None


def contained(mark: str, place: Place) -> Any:
    """The resource contained under `#id`; null where there is none."""
    inside = place.resource.get("contained") if type(place.resource) is dict else None
    if type(inside) is not list:
        return None
    return next((one for one in inside if type(one) is dict and one.get("id") in (mark, mark[1:])), None)


def _person(node: Any, place: Place) -> str | None:
    """The id of the patient referred to; what is contained has no identity of its own but an identifier."""
    for one in node if type(node) is list else [node]:
        found = key(one, place)
        if found is None:
            continue
        if found.startswith("#"):
            return scalar(walk(contained(found, place), _IDENTIFIER))
        kind, _, rest = found.rpartition("/")
        if kind in ("", "Patient") and rest:
            return rest
    return None


_IDENTIFIER, _NPI = steps("identifier.value"), steps(f"identifier[system={NPI}].value")


def _who(node: Any, place: Place) -> str | None:
    for one in node if type(node) is list else [node]:
        found = key(one, place)
        if found is not None and found.startswith("Patient/"):
            continue
        if found is not None and found.startswith("#"):
            inside = contained(found, place)
            number = scalar(walk(inside, _NPI)) or scalar(walk(inside, _IDENTIFIER))
        else:
            number = found or scalar(walk(one, _IDENTIFIER))
        if number is not None:
            return number
    return None


# ---- taking


def taker(take: Take) -> Callable[[Any, Place], Any]:
    """The function that takes it from a node: gives one text or null; of a CODED one the pair (system, code)."""
    paths = tuple(steps(path) for path in take.paths)
    if take.of is Of.CODED:
        return _code_of(paths, choice(take.systems))
    plain = {Of.TEXT: _scalars, Of.TIME: _times, Of.CODES: _all_codes}
    referring = {Of.PERSON: _person, Of.WHO: _who, Of.REFERENCE: _reference}
    return plain[take.of](paths) if take.of in plain else _at(paths, referring[take.of])


# a node is an object, and most of what is asked for is not there: the first name is looked up before anything is called


def _scalars(paths: tuple[Steps, ...]) -> Callable[[Any, Place], str | None]:
    if len(paths) > 1:
        named = tuple((path[0][0], path) for path in paths)
        return lambda node, place: _first_scalar(node, named)
    path, name = paths[0], paths[0][0][0]
    if len(path) == 1 and not path[0][1]:
        return lambda node, place: scalar(node.get(name))
    return lambda node, place: scalar(walk(node, path)) if name in node else None


def _first_scalar(node: Any, named: tuple[tuple[str, Steps], ...]) -> str | None:
    for name, path in named:
        if name in node:
            told = scalar(walk(node, path))
            if told is not None:
                return told
    return None


def _found(paths: tuple[Steps, ...]) -> Callable[[Any], Iterable[Any]]:
    """What stands at the end of each path that leads somewhere."""
    if len(paths) == 1:
        return _found_at(paths[0])
    named = tuple((path[0][0], path) for path in paths)

    def found(node: Any) -> Iterator[Any]:
        for name, path in named:
            if name in node:
                value = walk(node, path)
                if value is not None:
                    yield value

    return found


def _found_at(path: Steps) -> Callable[[Any], tuple[Any, ...]]:
    if not path:
        return lambda node: (node,)
    name = path[0][0]
    alone = len(path) == 1 and not path[0][1]

    def found(node: Any) -> tuple[Any, ...]:
        value = node.get(name)
        if value is not None and not alone:
            value = walk(node, path)
        return () if value is None else (value,)

    return found


def _times(paths: tuple[Steps, ...]) -> Callable[[Any, Place], str | None]:
    """A time as told; of a Period `start/end`."""
    values = _found(paths)

    def found(node: Any, place: Place) -> str | None:
        for value in values(node):
            if type(value) is list:
                value = next((one for one in value if one is not None), None)
            if type(value) is dict:
                start, end = scalar(value.get("start")), scalar(value.get("end"))
                if start is not None or end is not None:
                    return f"{start or ''}/{end or ''}"
            elif value is not None:
                told = scalar(value)
                if told is not None:
                    return told.replace("/", " ")
        return None

    return found


def _all_codes(paths: tuple[Steps, ...]) -> Callable[[Any, Place], str | None]:
    values = _found(paths)

    def found(node: Any, place: Place) -> str | None:
        every: set[str] = set()
        for value in values(node):
            for concept in value if type(value) is list else (value,):
                codings = concept.get("coding") if type(concept) is dict else None
                if type(codings) is list and len(codings) == 1 and type(codings[0]) is dict:
                    code = codings[0].get("code")
                    if type(code) is str:
                        every.add(_label(code))
                else:
                    every |= labels(concept)
        return f" {' '.join(sorted(every))} " if every else None

    return found


def _at(paths: tuple[Steps, ...], what: Callable[[Any, Place], str | None]) -> Callable[[Any, Place], str | None]:
    values = _found(paths)

    def found(node: Any, place: Place) -> str | None:
        for value in values(node):
            given = what(value, place)
            if given is not None:
                return given
        return None

    return found


def _reference(node: Any, place: Place) -> str | None:
    return next((k for k in (key(one, place) for one in (node if type(node) is list else [node])) if k), None)


_NOTHING = (None, None)


def _code_of(paths: tuple[Steps, ...], wanted: Choice) -> Callable[[Any, Place], tuple[str | None, str | None]]:
    """The code of a concept; of a Reference to a resource that carries one, that resource's key, to be looked up."""
    values = _found(paths)

    def found(node: Any, place: Place) -> tuple[str | None, str | None]:
        for value in values(node):
            for concept in value if type(value) is list else (value,):
                pair = _of_concept(concept, wanted, place)
                if pair is not None:
                    return pair
        return _NOTHING

    return found


def _of_concept(concept: Any, wanted: Choice, place: Place) -> tuple[str, str] | None:
    if type(concept) is dict and "reference" in concept:
        told = key(concept, place)
        if told is None or not told.startswith("#"):
            return None if told is None else (TO_LOOK_UP, told)
        inside = contained(told, place)
        concept = inside.get("code") if type(inside) is dict else None
    return chosen(concept, wanted)
