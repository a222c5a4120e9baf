"""Value sets as a measure names them: by their OID, or one code named outright. What is in them is never here."""

from __future__ import annotations

from dataclasses import dataclass

from features.codes.systems import System


@dataclass(frozen=True)
class ValueSet:
    """A published value set. The name is for people: the OID says which it is."""

    name: str
    oid: str


@dataclass(frozen=True)
class Code:
    """One code that a measure names outright."""

    name: str
    system: System
    code: str


CodeSet = ValueSet | Code
