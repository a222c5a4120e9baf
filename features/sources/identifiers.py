"""Numbers by which somebody is known, in the one spelling in which two sources can be compared.

What is an MBI is told by its form. Source: CMS, Understanding the Medicare Beneficiary Identifier (MBI) Format.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir

_LETTER = "[AC-HJKMNP-RT-Y]"
_EITHER = "[0-9AC-HJKMNP-RT-Y]"
MBI = f"[1-9]{_LETTER}{_EITHER}[0-9]{_LETTER}{_EITHER}[0-9]{_LETTER}{{2}}[0-9]{{2}}"
_NOT_WRITTEN = "[ \t-]"


def plain(number: str) -> str:
    """Letters in capitals, without blanks and hyphens."""
    return re.sub(_NOT_WRITTEN, "", number).upper()


def is_mbi(number: str) -> bool:
    """Whether a number has the form of a Medicare Beneficiary Identifier."""
    return re.fullmatch(MBI, plain(number)) is not None


def expression_of_plain(number: ir.StringValue) -> ir.StringValue:
    """`plain` of a column; null where nothing is left."""
    return number.re_replace(_NOT_WRITTEN, "").upper().nullif("")


def expression_of_mbi(number: ir.StringValue) -> ir.BooleanValue:
    """`is_mbi` of a column."""
    return expression_of_plain(number).re_search(f"^{MBI}$")
