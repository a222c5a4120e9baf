"""A call or visit within two business days of discharge."""

from __future__ import annotations

from features import windows
from features.measures.transitions import after_care, discharges
from features.measures.transitions.transition import Transition

BUSINESS_DAYS = 2

TRANSITION = Transition(
    name="contact_2_business_days",
    title="Contact within two business days of discharge",
    evidence="CMS transitional care management (CPT 99495, 99496): contact within two business days",
    opened_by="a discharge home, whatever its reason",
    opens=discharges.discharges,
    due_in_words="the second business day after it (Monday to Friday less federal holidays)",
    due=lambda days: windows.business_days_after_each(days, BUSINESS_DAYS),
    until=lambda days: days + discharges.PERIOD_DAYS,
    care=after_care.contacts,
    closed_by="a call, message or visit; a bill for transitional care proves one in time",
    closes=after_care.or_the_visit_booked("a call that is answered, or a visit"),
    needs=(*discharges.NEEDS, *after_care.NEEDS),
)
