"""Coding systems as types: what counts as a code, its canonical stored form, and how a person writes it.

Names are Tuva's spellings and are what the column `code_system` holds. Only the shape is checked: whether a well-formed
code exists in some edition is asked of `features.codes.editions`. Check digits (LOINC, SNOMED CT) are not verified.
Codes are ASCII; letters of any case are read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from features.errors import BadInput

if TYPE_CHECKING:
    import ibis.expr.types as ir

BLANKS = r"[ \t\r\n]*"


@dataclass(frozen=True)
class Form:
    """One accepted way of writing a code: a pattern, and the groups and fixed text that make its canonical form."""

    pattern: str
    parts: tuple[int | str, ...]


@dataclass(frozen=True, eq=False)
class System:
    """A coding system. Its forms exclude one another; `width` pads the canonical form with zeros on the left.

    `dots` are (pattern, parts) pairs that turn a canonical code into what a person writes; the first that fits is used.
    """

    name: str
    title: str
    forms: tuple[Form, ...]
    width: int = 0
    dots: tuple[Form, ...] = ()

    def normalise(self, code: str) -> str | None:
        """The canonical stored form; null where the text is not a code of this system."""
        for form in self.forms:
            found = re.fullmatch(BLANKS + form.pattern + BLANKS, code)
            if found:
                return _joined(found, form).upper().rjust(self.width, "0")
        return None

    def written(self, code: str) -> str:
        """The code as a person writes it, such as `E11.9`; text that is no code of this system comes back as it is."""
        canonical = self.normalise(code)
        if canonical is None:
            return code
        for form in self.dots:
            found = re.fullmatch(form.pattern, canonical)
            if found:
                return _joined(found, form)
        return canonical

    def expression(self, text: ir.StringColumn) -> ir.StringColumn:
        """`normalise` for a whole column; null where the text is null or is not a code of this system."""
        import ibis

        found = ibis.null("string")
        for form in self.forms:
            # \z, not $: a $ would let a trailing line break through in some engines
            pattern = rf"^{BLANKS}{form.pattern}{BLANKS}\z"
            written = "".join(rf"\{part}" if isinstance(part, int) else part for part in form.parts)
            found = ibis.cases((text.re_search(pattern), text.re_replace(pattern, written)), else_=found)
        found = found.upper()
        return found.lpad(self.width, "0") if self.width else found


def _joined(found: re.Match[str], form: Form) -> str:
    return "".join(found[part] if isinstance(part, int) else part for part in form.parts)


_DOT_AFTER_THREE = Form(r"(...)(.+)", (1, ".", 2))

# the second character is a digit, but for the QA0 category that fiscal year 2026 brought
ICD10CM = System(
    "icd-10-cm",
    "ICD-10-CM",
    (Form(r"([A-Za-z][0-9][0-9A-Za-z]|[Qq][Aa][0-9])\.?([0-9A-Za-z]{0,4})", (1, 2)),),
    dots=(_DOT_AFTER_THREE,),
)
ICD9CM = System(
    "icd-9-cm",
    "ICD-9-CM",
    (
        Form(r"([0-9]{3})\.?([0-9]{0,2})", (1, 2)),
        Form(r"([Vv][0-9]{2})\.?([0-9]{0,2})", (1, 2)),
        Form(r"([Ee][0-9]{3})\.?([0-9]?)", (1, 2)),
    ),
    dots=(Form(r"(E...)(.)", (1, ".", 2)), Form(r"([^E]..)(.+)", (1, ".", 2))),
)
ICD10PCS = System("icd-10-pcs", "ICD-10-PCS", (Form(r"([0-9A-HJ-NP-Za-hj-np-z]{7})", (1,)),))
ICD9PCS = System(
    "icd-9-pcs",
    "ICD-9-CM volume 3 procedures",
    (Form(r"([0-9]{2})\.?([0-9]{0,2})", (1, 2)),),
    dots=(Form(r"(..)(.+)", (1, ".", 2)),),
)
# CPT numbers (category I, II F, III T, PLA U, administrative M) and HCPCS level II; a modifier is another column
HCPCS = System("hcpcs", "HCPCS", (Form(r"([0-9]{4}[0-9AFMTUafmtu]|[A-Za-z][0-9]{4})", (1,)),))
# ten digits without hyphens could be 4-4-2, 5-3-2 or 5-4-1, so they are nothing
NDC = System(
    "ndc",
    "NDC",
    (
        Form(r"([0-9]{11})", (1,)),
        Form(r"([0-9]{5})-([0-9]{4})-([0-9]{2})", (1, 2, 3)),
        Form(r"([0-9]{4})-([0-9]{4})-([0-9]{2})", ("0", 1, 2, 3)),
        Form(r"([0-9]{5})-([0-9]{3})-([0-9]{2})", (1, "0", 2, 3)),
        Form(r"([0-9]{5})-([0-9]{4})-([0-9])", (1, 2, "0", 3)),
    ),
    dots=(Form(r"(.{5})(.{4})(..)", (1, "-", 2, "-", 3)),),
)
RxNorm = System("rxnorm", "RxNorm", (Form(r"0*([1-9][0-9]{0,7})", (1,)),))
LOINC = System("loinc", "LOINC", (Form(r"0*([1-9][0-9]{0,6}-[0-9])", (1,)),))
SNOMED = System("snomed-ct", "SNOMED CT", (Form(r"([1-9][0-9]{5,17})", (1,)),))
CVX = System("cvx", "CVX", (Form(r"0*([1-9][0-9]{0,2})", (1,)),), width=2)
RevenueCentre = System("revenue-center", "revenue centre", (Form(r"([0-9]{1,4})", (1,)),), width=4)
MSDRG = System("ms-drg", "MS-DRG", (Form(r"0*([1-9][0-9]{0,2})", (1,)),), width=3)

SYSTEMS = (
    ICD10CM,
    ICD9CM,
    ICD10PCS,
    ICD9PCS,
    HCPCS,
    NDC,
    RxNorm,
    LOINC,
    SNOMED,
    CVX,
    RevenueCentre,
    MSDRG,
)


def system(name: str) -> System:
    """The system of a stored name. Raises BadInput, listing the names, for an unknown one."""
    for each in SYSTEMS:
        if each.name == name:
            return each
    raise BadInput(
        got=f"coding system {name!r}",
        expected=", ".join(each.name for each in SYSTEMS),
        do="Use one of these spellings.",
    )
