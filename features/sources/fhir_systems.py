"""FHIR's names of coding systems (URIs and OIDs), and the code to take where a concept carries several.

Sources: HL7 Terminology (terminology.hl7.org), "Using codes with FHIR"; the OID registry of HL7 for the OIDs; and the
variables of the CMS Blue Button API, which names systems by pages of its own. One URI may stand for two of our systems:
CMS writes diagnoses and procedures under one name. The column that is filled decides which is meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from features.codes.systems import (
    CVX,
    HCPCS,
    ICD9CM,
    ICD9PCS,
    ICD10CM,
    ICD10PCS,
    LOINC,
    MSDRG,
    NDC,
    SNOMED,
    SYSTEMS,
    RevenueCentre,
    RxNorm,
    System,
)
from features.sources.unmapped import UNMAPPED

_VARIABLES = "https://bluebutton.cms.gov/resources/variables/"
_PAYMENT = "https://www.cms.gov/Medicare/Medicare-Fee-for-Service-Payment/"
_SETS = "https://bluebutton.cms.gov/fhir/CodeSystem/"

URIS: dict[str, tuple[System, ...]] = {
    "http://hl7.org/fhir/sid/icd-10-cm": (ICD10CM,),
    "http://hl7.org/fhir/sid/icd-10": (ICD10CM, ICD10PCS),  # the international list; in US feeds it is the American one
    "http://hl7.org/fhir/sid/icd-10-us": (ICD10CM,),
    "http://hl7.org/fhir/sid/icd-10-pcs": (ICD10PCS,),
    "http://www.cms.gov/Medicare/Coding/ICD10": (ICD10PCS,),
    "https://www.cms.gov/Medicare/Coding/ICD10": (ICD10PCS,),
    "http://hl7.org/fhir/sid/icd-9-cm": (ICD9CM, ICD9PCS),
    "http://hl7.org/fhir/sid/icd-9-cm/diagnosis": (ICD9CM,),
    "http://hl7.org/fhir/sid/icd-9-cm/procedure": (ICD9PCS,),
    "http://terminology.hl7.org/CodeSystem/icd9cm": (ICD9CM, ICD9PCS),
    "http://terminology.hl7.org/CodeSystem/ICD-9CM-diagnosiscodes": (ICD9CM,),
    "http://terminology.hl7.org/CodeSystem/ICD-9CM-procedurecodes": (ICD9PCS,),
    "http://www.ama-assn.org/go/cpt": (HCPCS,),
    "https://www.ama-assn.org/go/cpt": (HCPCS,),
    "http://terminology.hl7.org/CodeSystem/HCPCS-all-codes": (HCPCS,),
    "http://terminology.hl7.org/CodeSystem/HCPCS": (HCPCS,),
    "http://www.nlm.nih.gov/research/umls/hcpcs": (HCPCS,),
    "http://www.ada.org/cdt": (HCPCS,),  # dental codes are the letter D of HCPCS
    "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets": (HCPCS,),
    "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets": (HCPCS,),
    "https://bluebutton.cms.gov/resources/codesystem/hcpcs": (HCPCS,),
    f"{_VARIABLES}hcpcs_cd": (HCPCS,),
    "http://hl7.org/fhir/sid/ndc": (NDC,),
    "http://www.nlm.nih.gov/research/umls/rxnorm": (RxNorm,),
    "http://loinc.org": (LOINC,),
    "https://loinc.org": (LOINC,),
    "http://snomed.info/sct": (SNOMED,),
    "http://hl7.org/fhir/sid/cvx": (CVX,),
    "https://www.nubc.org/CodeSystem/RevenueCodes": (RevenueCentre,),
    "https://www.nubc.org/CodeSystem/RevenueCode": (RevenueCentre,),
    f"{_VARIABLES}rev_cntr": (RevenueCentre,),
    f"{_SETS}CLM-REV-CNTR-CD": (RevenueCentre,),
    f"{_PAYMENT}AcuteInpatientPPS/MS-DRG-Classifications-and-Software": (MSDRG,),
    f"{_VARIABLES}clm_drg_cd": (MSDRG,),
    f"{_SETS}CLM-DRG-CD": (MSDRG,),
}
OIDS: dict[str, tuple[System, ...]] = {
    "2.16.840.1.113883.6.90": (ICD10CM,),
    "2.16.840.1.113883.6.3": (ICD10CM,),
    "2.16.840.1.113883.6.4": (ICD10PCS,),
    "2.16.840.1.113883.6.103": (ICD9CM,),
    "2.16.840.1.113883.6.104": (ICD9PCS,),
    "2.16.840.1.113883.6.12": (HCPCS,),
    "2.16.840.1.113883.6.285": (HCPCS,),
    "2.16.840.1.113883.6.14": (HCPCS,),
    "2.16.840.1.113883.6.69": (NDC,),
    "2.16.840.1.113883.6.88": (RxNorm,),
    "2.16.840.1.113883.6.1": (LOINC,),
    "2.16.840.1.113883.6.96": (SNOMED,),
    "2.16.840.1.113883.12.292": (CVX,),
    "2.16.840.1.113883.6.59": (CVX,),
    "2.16.840.1.113883.6.301.3": (RevenueCentre,),
}
EVERY = {**URIS, **{f"urn:oid:{oid}": systems for oid, systems in OIDS.items()}}
NAMED = {system.name: system for system in SYSTEMS}
TO_LOOK_UP = "to look up"  # in place of a system: the code is that of another resource, whose key stands there

Choice = dict[str, tuple[int, str]]


def choice(systems: Sequence[System]) -> Choice:
    """For each URI of a system that a column takes: how much it is preferred (0 most), and the system's name."""
    rank = {system: place for place, system in enumerate(systems)}
    found = {}
    for uri, named in EVERY.items():
        taken = [system for system in named if system in rank]
        if taken:
            best = min(taken, key=lambda system: rank[system])
            found[uri] = (rank[best], best.name)
    return found


def chosen(concept: Any, wanted: Choice) -> tuple[str, str] | None:
    """(system, code) of the most preferred coding of a CodeableConcept, or of a single Coding; `unmapped` and the first
    code where none of its systems is one that the column takes; null where it holds no code.
    """
    if type(concept) is not dict:
        return None
    codings = concept.get("coding", (concept,))
    best: tuple[int, str, str] | None = None
    for coding in codings if type(codings) in (list, tuple) else ():
        code = coding.get("code") if type(coding) is dict else None
        if type(code) is not str or not code or code.isspace():
            continue
        system = coding.get("system")
        rank, name = wanted.get(system, _OTHER) if type(system) is str else _OTHER
        if (best is None or rank < best[0]) and not (name == UNMAPPED and _says_nothing(system)):
            best = (rank, name, code)
    return None if best is None else best[1:]


_OTHER = (1_000, UNMAPPED)


def _says_nothing(system: Any) -> bool:
    return type(system) is str and system.endswith(("/data-absent-reason", "/v3-NullFlavor"))


def canonical(system: str | None, code: str | None) -> tuple[str | None, str | None]:
    """The stored form of a code; `unmapped` and the text as it came where it has no form of its system."""
    if system is None or code is None:
        return None, None
    if system == TO_LOOK_UP:
        return system, code
    found = NAMED[system].normalise(code) if system in NAMED else None
    return (UNMAPPED, code.strip().upper()) if found is None else (system, found)
