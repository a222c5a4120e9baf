"""CCLF file 7: medicines dispensed under Part D.

The natural key is the day of the fill, the pharmacy and what kind of number it goes by, whether the fill was partial,
the prescription's number, the number of the fill, and the beneficiary's current number. The file tells what the
beneficiary paid, not what the plan did.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from features.codes.systems import NDC
from features.record.tables import DISPENSING
from features.sources import values
from features.sources.cclf_claims import key, rejects, time, with_versions
from features.sources.cclf_layouts import RECORDS
from features.sources.files import InputFile
from features.sources.reader import Delivery, Layout

if TYPE_CHECKING:
    import ibis.expr.types as ir

NPI = "01"  # kind of number by which a prescriber goes
KEY = (
    *("CLM_LINE_FROM_DT", "PRVDR_SRVC_ID_QLFYR_CD", "CLM_SRVC_PRVDR_GNRC_ID_NUM", "CLM_DSPNSNG_STUS_CD"),
    *("CLM_LINE_RX_SRVC_RFRNC_NUM", "CLM_LINE_RX_FILL_NUM"),
)


def _rejects(raw: ir.Table) -> Mapping[str, ir.BooleanValue]:
    return {
        **rejects(raw, ("CLM_LINE_FROM_DT",), ("CLM_LINE_SRVC_UNIT_QTY",)),
        **values.none_given(raw, ("CLM_LINE_FROM_DT",)),
        "CLM_LINE_DAYS_SUPLY_QTY is not a number of 0 or more": raw.CLM_LINE_DAYS_SUPLY_QTY.notnull()
        & ~(raw.CLM_LINE_DAYS_SUPLY_QTY.try_cast("int64") >= 0).fill_null(False),
    }


def _facts(raw: ir.Table, delivery: Delivery) -> ir.Table:
    filled = values.day(raw.CLM_LINE_FROM_DT)
    return with_versions(raw, key("D", *(raw[name] for name in KEY)), filled, filled, delivery)


def _dispensings(raw: ir.Table, file: InputFile, delivery: Delivery) -> ir.Table:
    import ibis

    return raw.select(
        *("person_id", "claim_id", "version", "cancels"),
        ndc_code=values.of_system(raw.CLM_LINE_NDC_CD, NDC),
        quantity=values.thousandths(raw.CLM_LINE_SRVC_UNIT_QTY).abs(),
        days_supply=raw.CLM_LINE_DAYS_SUPLY_QTY.cast("int64"),
        prescriber_id=ibis.ifelse(raw.PRVDR_PRSBNG_ID_QLFYR_CD == NPI, raw.CLM_PRSBNG_PRVDR_GNRC_ID_NUM, None),
        **time(raw, raw.started, raw.ended),
    )


FILLS = Layout(
    name="CCLF7 fills",
    marks=(),
    needs=RECORDS["7"].names,
    rejects=_rejects,
    fills={DISPENSING: _dispensings},
    derives=_facts,
)
