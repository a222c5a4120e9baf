"""Events known at `as_of`, ready for a family: row_id, age, and label, value or moment where they have one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.catalogue.sequences import first_by_key
from features.codes.grouping import Grouping
from features.codes.laboratory import LABS, VITALS
from features.codes.medicines import PRODUCTS
from features.definitions.encounters import encounters
from features.definitions.planned import planned_stays
from features.record.known import (
    Known,
    appointment_states,
    dispensings,
    order_states,
    visit_states,
    with_claim_versions,
)
from features.record.tables import COVERAGE, DIAGNOSIS, RESULT

if TYPE_CHECKING:
    import ibis.expr.types as ir


def label_of(name: str) -> str:
    """A name as a label fit for a column."""
    return "_".join("".join(c if c.isalnum() else " " for c in name.lower()).split())


# ---- care


def known_encounters(then: Known) -> ir.Table:
    """Claims of care before the index admission: label (setting), value (cents), provider_id, the flags."""

    def cut(then: Known) -> ir.Table:
        at = then.versions(encounters(then.record))
        at = at.mutate(age=at.index_admit_day - at.from_day, label=at.setting, value=at.paid)
        return at.filter(at.age > 0).select(
            "row_id", "age", "label", "value", "provider_id", "facility_id", "transitional", "wellness"
        )

    return then.keep("known_encounters", cut)


def earlier_stays(then: Known) -> ir.Table:
    """Stays that ended before the index admission: value (days in hospital), and what was told of them."""

    def cut(then: Known) -> ir.Table:
        import ibis

        at = then.versions(planned_stays(then.record))
        at = at.filter(
            at.stay_id != at.index_stay_id,
            at.discharge_day <= at.index_admit_day,
            at.admit_day < at.index_admit_day,
        )
        # who left on the very day of admission left one day before, as windows before admission do not hold that day
        age = ibis.greatest(at.index_admit_day - at.discharge_day, 1)
        return at.mutate(age=age, value=at.discharge_day - at.admit_day).select(
            "row_id",
            "age",
            "value",
            "admit_day",
            "discharge_day",
            "admit_type_code",
            "discharge_disposition_code",
            "admitting_system",
            "admitting_code",
            "principal_system",
            "principal_code",
            "planned",
        )

    return then.keep("earlier_stays", cut)


def emergency_stays(then: Known) -> ir.Table:
    """Earlier stays that began as an emergency (type of admission 1)."""
    stays = earlier_stays(then)
    return stays.filter(stays.admit_type_code == "1")


def messages_of_class(then: Known) -> ir.Table:
    """Emergency and outpatient visits told by hospital messages, before the index admission: label emergency or other.

    Messages come at once, so these are known when the claims of the same visits are not yet.
    """
    at = then.versions(visit_states(then.record))
    at = at.filter(at.patient_class.isin(["E", "O"]), at.event_type != "A11")
    return at.select(
        "row_id",
        age=at.index_admit_day - at.admission_day,
        label=at.patient_class.cases(("E", "emergency"), else_="outpatient"),
    )


# ---- conditions


def known_diagnoses(then: Known) -> ir.Table:
    """Diagnoses on claims known at `as_of`, the index stay's own included once they are known; age to admission, at
    least 0."""

    def cut(then: Known) -> ir.Table:
        import ibis

        rows = with_claim_versions(then.record, DIAGNOSIS)
        rows = rows.filter(rows.role != "admitting").select(
            "person_id", "known_from", "known_until", "from_day", "code_system", "code"
        )
        at = then.versions(rows.distinct())
        return at.select(
            "row_id", "code_system", "code", age=ibis.greatest(at.index_admit_day - at.from_day, 0)
        ).distinct()

    return then.keep("known_diagnoses", cut)


def conditions(grouping: Grouping) -> Grouped:
    """Diagnoses sorted under the labels of a grouping."""
    return Grouped(grouping)


class Grouped:
    """Known diagnoses under a grouping's labels; callable, and equal where the grouping is."""

    def __init__(self, grouping: Grouping) -> None:
        self.grouping = grouping

    def __call__(self, then: Known) -> ir.Table:
        import ibis

        codes = ibis.memtable(self.grouping.table())
        return then.keep(
            f"conditions_{self.grouping.name}", lambda t: known_diagnoses(t).inner_join(codes, ["code_system", "code"])
        )


class Weighted:
    """One event for each label a person has, with the label's published points: the latest mention gives the age.

    Of two tiers of one disease only the severe one earns points (the grouping's `overrules`): where both are in a
    window, a second event, as old as the severe one, takes the points of the mild one away again.
    """

    def __init__(self, grouping: Grouping, scheme: str) -> None:
        self.grouping, self.scheme = grouping, scheme

    def __call__(self, then: Known) -> ir.Table:
        import ibis
        import pyarrow as pa

        points = self.grouping.points(self.scheme)
        weights = ibis.memtable(pa.table({"label": list(points), "value": pa.array(points.values(), pa.int64())}))
        found = then.keep(f"labels_{self.grouping.name}", lambda t: first_by_key(Grouped(self.grouping)(t), "label"))
        earned = found.inner_join(weights, "label").select("row_id", "age", "value")
        if not self.grouping.overrules:
            return earned
        severe, mild = zip(*self.grouping.overrules, strict=True)
        pairs = ibis.memtable(pa.table({"severe": severe, "label": mild}))
        worse = found.select("row_id", severe="label", severe_age="age")
        both = found.inner_join(pairs, "label").inner_join(worse, ["row_id", "severe"])
        # a tier that two others overrule loses its points once, to the later mentioned of the two
        lost = both.group_by("row_id", "label", "age").aggregate(severe_age=both.severe_age.min())
        lost = lost.inner_join(weights, "label")
        taken = lost.select("row_id", age=ibis.greatest(lost.age, lost.severe_age), value=-lost.value)
        return earned.union(taken)


class Distinct:
    """The labels of a grouping that a person has; callable, and equal where the grouping is."""

    def __init__(self, grouping: Grouping) -> None:
        self.grouping = grouping

    def __call__(self, then: Known) -> ir.Table:
        return first_by_key(Grouped(self.grouping)(then), "label")


def social_codes(then: Known) -> ir.Table:
    """Z55-Z65: persons with potential health hazards related to socioeconomic and psychosocial circumstances."""
    rows = known_diagnoses(then)
    return rows.filter(rows.code_system == "icd-10-cm", rows.code >= "Z55", rows.code < "Z66")


class CodesFrom:
    """Known ICD-10-CM diagnoses whose code begins with one of these."""

    def __init__(self, *beginnings: str) -> None:
        self.beginnings = beginnings

    def __call__(self, then: Known) -> ir.Table:
        import ibis

        rows = known_diagnoses(then)
        begins = ibis.or_(*(rows.code.startswith(start) for start in self.beginnings))
        return rows.filter(rows.code_system == "icd-10-cm", begins)


# ---- medicines

DRUG_CLASSES = {label_of(p.drug_class): p.drug_class for p in PRODUCTS}


def known_fills(then: Known) -> ir.Table:
    """Fills before admission: label (class), ingredient, value (days supply), from_day, high_risk; age to admission."""

    def cut(then: Known) -> ir.Table:
        import ibis
        import pyarrow as pa

        products = ibis.memtable(
            pa.table(
                {
                    "ndc_code": [p.ndc for p in PRODUCTS],
                    "ingredient": [p.ingredient for p in PRODUCTS],
                    "label": [label_of(p.drug_class) for p in PRODUCTS],
                    "high_risk": pa.array([int(p.high_risk) for p in PRODUCTS], pa.int64()),
                }
            )
        )
        at = then.versions(dispensings(then.record)).left_join(products, "ndc_code")
        at = at.mutate(
            ingredient=ibis.coalesce(at.ingredient, at.ndc_code),
            high_risk=at.high_risk.fill_null(0),
            value=at.days_supply,
        )
        at = at.mutate(age=at.index_admit_day - at.from_day)
        return at.filter(at.age > 0).select(
            "row_id", "age", "label", "ingredient", "value", "high_risk", "from_day", "index_admit_day", "paid"
        )

    return then.keep("known_fills", cut)


def drugs_on_hand(then: Known) -> ir.Table:
    """One event for each ingredient whose supply reached to the day of admission (15 days of grace)."""
    fills = known_fills(then)
    fills = fills.filter(fills.from_day + fills.value.fill_null(30) + 15 >= fills.index_admit_day)
    return first_by_key(fills, "ingredient")


def high_risk_on_hand(then: Known) -> ir.Table:
    """The same, of classes that often harm (features.codes.medicines.HIGH_RISK_CLASSES)."""
    fills = known_fills(then)
    fills = fills.filter(fills.high_risk == 1, fills.from_day + fills.value.fill_null(30) + 15 >= fills.index_admit_day)
    return first_by_key(fills, "ingredient")


def fill_cost(then: Known) -> ir.Table:
    """Fills with what was paid, in cents."""
    fills = known_fills(then)
    return fills.select("row_id", "age", value=fills.paid)


# ---- results, orders, appointments


TESTS = {label_of(lab.name): lab.name for lab in LABS if lab.low is not None or lab.high is not None}
SIGNS = {label_of(vital.name): vital.name for vital in VITALS}


def known_results(then: Known) -> ir.Table:
    """Numeric laboratory results and vital signs: label, value (thousandths), moment (seconds before `as_of`), age to
    discharge."""

    def cut(then: Known) -> ir.Table:
        import ibis
        import pyarrow as pa

        tests = ibis.memtable(
            pa.table(
                {"code": [x.loinc for x in (*LABS, *VITALS)], "label": [label_of(x.name) for x in (*LABS, *VITALS)]}
            )
        )
        at = then.events(RESULT)
        at = at.filter(at.value.notnull()).inner_join(tests, "code")
        return at.select(
            "row_id", "label", "value", age=at.as_of_day - at.to_day, moment=at.as_of - at.happened_from
        ).filter(lambda t: t.moment >= 0)

    return then.keep("known_results", cut)


def pending_orders(then: Known) -> ir.Table:
    """Orders without a result at `as_of`; label is the type of order, age to discharge."""
    at = then.versions(order_states(then.record))
    at = at.filter(at.status == "ordered")
    return at.select("row_id", age=at.as_of_day - at.from_day, label=at.order_type)


def known_appointments(then: Known) -> ir.Table:
    """Appointments as they stood at `as_of`: status, appointment_day, and ahead (days from discharge to the visit)."""

    def cut(then: Known) -> ir.Table:
        at = then.versions(appointment_states(then.record))
        return at.select("row_id", "status", "specialty", "provider_id", ahead=at.appointment_day - at.as_of_day)

    return then.keep("known_appointments", cut)


def booked_visits(then: Known) -> ir.Table:
    """Visits booked after discharge; the age is the days from discharge to the visit."""
    at = known_appointments(then)
    return at.filter(at.status == "booked", at.ahead >= 0).select("row_id", age=at.ahead)


def past_appointments(then: Known) -> ir.Table:
    """Appointments before discharge; label is what became of them."""
    at = known_appointments(then)
    return at.filter(at.ahead <= 0).select("row_id", age=-at.ahead, label=at.status)


# ---- continuity and enrolment


def office_visits(then: Known) -> ir.Table:
    """Office and telehealth visits with the provider."""
    at = known_encounters(then)
    return at.filter(at.label.isin(["office", "telehealth"]))


def office_providers(then: Known) -> ir.Table:
    """One event for each provider seen, at the latest visit."""
    return first_by_key(office_visits(then), "provider_id")


def enrolled_months(then: Known) -> ir.Table:
    """Covered months before discharge: age of the month's start."""
    at = then.events(COVERAGE)
    return at.select("row_id", age=at.as_of_day - at.from_day).distinct().filter(lambda t: t.age >= 0)


def transitional_visits(then: Known) -> ir.Table:
    """Transitional-care visits (99495, 99496) after earlier discharges."""
    at = known_encounters(then)
    return at.filter(at.transitional == 1)


def wellness_visits(then: Known) -> ir.Table:
    """Annual wellness visits (G0438, G0439)."""
    at = known_encounters(then)
    return at.filter(at.wellness == 1)
