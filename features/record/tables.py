"""The canonical tables of the record. Names follow the Tuva Input Layer where it has one."""

from __future__ import annotations

from features.codes.systems import ICD9CM, ICD10CM
from features.errors import BadDeclaration
from features.record.schema import Column, Kind, Table, Tells

_T, _ID, _CODE, _DAY, _AT = Kind.TEXT, Kind.IDENTIFIER, Kind.CODE, Kind.DAY, Kind.INSTANT
_VISIT = "encounter.encounter_id"
# the tables of what a clinical record tells, each entry with a number of its own
CODED_TABLES = ("encounter", "problem", "clinical_procedure", "result", "order", "prescription", "allergy", "not_done")
DOLLARS = (-1_000_000_000, 1_000_000_000)  # cents: ten million dollars either way for one line
LIFE = 36_525  # days of a hundred years: by so much may lie ahead what has no end

PERSON = Table(
    "person",
    "Who somebody is, as one source told it at one time; the latest known value of each column holds.",
    (
        Column("birth_day", _DAY, "day of birth", filled=0.98),
        Column("sex", _T, "administrative sex", choices=("female", "male", "unknown"), filled=0.98),
        Column("clinical_sex", _T, "sex for clinical use, where told beside it", choices=("female", "male", "unknown")),
        Column("race", _T, "race as recorded, lower case"),
        Column("ethnicity", _T, "ethnicity as recorded, lower case"),
        Column("state", _T, "state of residence"),
        Column("zip_code", _T, "postal code of residence"),
        Column(
            "entitlement_code", _CODE, "original reason for Medicare entitlement (0 age, 1 disability, 2 or 3 ESRD)"
        ),
    ),
    tells=Tells.SUBJECTS,
)
DEATH = Table(
    "death", "That a person died; precision `month` means at some time in that month.", (), tells=Tells.SUBJECTS
)
CONTACT_DETAILS = Table(
    "contact_details",
    "How to reach a person. Never a feature.",
    (
        Column("first_name", _ID, "given name"),
        Column("last_name", _ID, "family name"),
        Column("phone", _ID, "telephone"),
        Column("email", _ID, "e-mail address"),
        Column("address", _ID, "street address"),
        Column("city", _ID, "city"),
        Column("preferred_language", _T, "BCP 47 tag"),
        Column("interpreter_needed", Kind.FLAG, "1 when calls need an interpreter"),
        Column("best_time", _T, "when to call"),
        Column("caregiver_name", _ID, "who helps at home"),
        Column("caregiver_phone", _ID, "telephone of who helps at home"),
        Column("contact_opt_out", Kind.FLAG, "1 when the person asked not to be called"),
    ),
    tells=Tells.SUBJECTS,
)
IDENTIFIER = Table(
    "identifier",
    "A number by which somebody knows a person, from when it was told. Never a feature.",
    (
        Column(
            "system",
            _T,
            "kind of number: mbi (Medicare), member (a payer's), mrn (a facility's), ssn, or other",
            choices=("mbi", "member", "mrn", "ssn", "other"),
            required=True,
        ),
        Column("owner", _ID, "who gives the number: payer, facility or assigning authority", null="the system says it"),
        Column("value", _ID, "the number, letters in capitals, without blanks and hyphens", required=True),
    ),
    tells=Tells.SUBJECTS,
)
PERSON_MERGE = Table(
    "person_merge",
    "That two numbers are one person, or are held apart. `person_id` goes on, `absorbed_id` is read as that person from"
    " `known_at` on; the later row of a pair holds, and what is held apart never was one.",
    (
        Column("merge_id", _ID, "names the pair, whichever of the two goes on", required=True),
        Column("absorbed_id", _ID, "the number that is given up", required=True),
        Column("status", _T, "what holds of the pair", choices=("merged", "apart"), required=True),
        Column(
            "evidence",
            _T,
            "why: a shared identifier, linkage of names and dates, a decision in review, a message",
            choices=("identifier", "linkage", "review", "message"),
            required=True,
        ),
        Column("probability", Kind.MILLI, "of linkage: how likely one person, times 1,000", null="not by linkage"),
    ),
    tells=Tells.SUBJECTS,
)
COVERAGE = Table(
    "coverage",
    "One month in which a person was enrolled; a month that is not there was not covered.",
    (
        Column("payer", _T, "payer"),
        Column("payer_type", _T, "kind of payer, lower case"),
        Column("plan", _T, "plan"),
        Column("dual_status_code", _CODE, "Medicare-Medicaid dual status", null="not dual, or not given by the source"),
        Column("managed_care", Kind.FLAG, "1 when a managed-care plan paid, so fee-for-service claims may lack"),
        Column("drug_coverage", Kind.FLAG, "1 when dispensings of the month reach the network"),
    ),
    tells=Tells.MONTHS,
)
ATTRIBUTION = Table(
    "attribution",
    "Which practice answers for a person in a month.",
    (Column("provider_id", _ID, "attributed provider"), Column("practice", _T, "attributed practice")),
    tells=Tells.MONTHS,
)
CLAIM_LINE = Table(
    "claim_line",
    "One line of one version of a claim, header facts repeated. Every version is kept; `known.py` nets them.",
    (
        Column("claim_id", _ID, "the claim, the same in every version", required=True),
        Column("version", Kind.COUNT, "order among versions known at the same instant", required=True, at_least=0),
        Column("cancels", Kind.FLAG, "1 when this version takes the claim back", required=True),
        Column("claim_line_number", Kind.COUNT, "line within the claim", required=True, at_least=0),
        Column("claim_type", _T, "form", choices=("institutional", "professional", "undetermined"), required=True),
        Column("bill_type_code", _CODE, "type of bill, three digits without the leading zero"),
        Column("place_of_service_code", _CODE, "place of service"),
        Column("admission_day", _DAY, "day of admission"),
        Column("discharge_day", _DAY, "day of discharge"),
        Column("admit_type_code", _CODE, "type of admission (1 emergency, 2 urgent, 3 elective, ...)"),
        Column("admit_source_code", _CODE, "point of origin"),
        Column("discharge_disposition_code", _CODE, "patient status at discharge, two digits"),
        Column("drg_code", _CODE, "MS-DRG, three digits"),
        Column("revenue_center_code", _CODE, "revenue centre, four digits"),
        Column("hcpcs_code", _CODE, "HCPCS or CPT"),
        Column("units", Kind.MILLI, "service units times 1,000", plausible=(-9_999_000, 9_999_000)),
        Column("rendering_id", _ID, "who did it (NPI)"),
        Column("billing_id", _ID, "who billed it (NPI)"),
        Column("facility_id", _ID, "where it was done (CCN or NPI)", refers="facility.facility_id"),
        Column("paid", Kind.CENTS, "paid by the plan", filled=0.8, plausible=DOLLARS),
        Column("allowed", Kind.CENTS, "allowed amount", plausible=DOLLARS),
    ),
)
DIAGNOSIS = Table(
    "diagnosis",
    "One diagnosis on one version of a claim.",
    (
        Column("claim_id", _ID, "the claim it stands on", required=True, refers="claim_line.claim_id"),
        Column("version", Kind.COUNT, "the claim's version", required=True, at_least=0),
        Column("role", _T, "where it stands", choices=("principal", "secondary", "admitting"), required=True),
        Column("code_system", _T, "coding system", required=True),
        Column("code", _CODE, "canonical form", required=True),
        Column("present_on_admission", _CODE, "Y, N, U, W or 1 (exempt)"),
    ),
)
PROCEDURE = Table(
    "procedure",
    "One coded procedure on one version of a claim.",
    (
        Column("claim_id", _ID, "the claim it stands on", required=True, refers="claim_line.claim_id"),
        Column("version", Kind.COUNT, "the claim's version", required=True, at_least=0),
        Column("code_system", _T, "coding system", required=True),
        Column("code", _CODE, "canonical form", required=True),
    ),
)
DISPENSING = Table(
    "dispensing",
    "One fill of a medicine, one version of its claim.",
    (
        Column("claim_id", _ID, "the claim", required=True),
        Column("version", Kind.COUNT, "order among versions known at the same instant", required=True, at_least=0),
        Column("cancels", Kind.FLAG, "1 when this version takes the fill back", required=True),
        Column("ndc_code", _CODE, "NDC, eleven digits"),
        Column("rxnorm_code", _CODE, "RxNorm concept", null="told as an NDC, or not told"),
        Column("quantity", Kind.MILLI, "quantity times 1,000", plausible=(-99_999_000, 99_999_000)),
        Column("days_supply", Kind.COUNT, "days that the fill lasts", at_least=0, filled=0.9, plausible=(0, 400)),
        Column("prescriber_id", _ID, "who prescribed (NPI)"),
        Column("paid", Kind.CENTS, "paid by the plan"),
    ),
)
ORDER = Table(
    "order",
    "An order as it stood from `known_at`: one row when ordered, one when its result came, one when it was reviewed.",
    (
        Column("order_id", _ID, "the order", required=True),
        Column("order_type", _T, "laboratory, imaging, medication, service or device", required=True),
        Column(
            "status", _T, "state", choices=("ordered", "on-hold", "resulted", "reviewed", "cancelled"), required=True
        ),
        Column("intent", _T, "order, original-order, reflex-order, filler-order or instance-order"),
        Column("code_system", _T, "coding system"),
        Column("code", _CODE, "what was ordered"),
        Column("orderer_id", _ID, "who ordered (NPI)"),
        Column("visit_number", _ID, "the hospital's number of the stay", null="not ordered in a stay"),
    ),
    tells=Tells.PLANS,
)
RESULT = Table(
    "result",
    "A laboratory result, vital sign or assessment. `known_at` is when it was issued.",
    (
        Column("kind", _T, "kind of result", choices=("laboratory", "vital", "assessment"), required=True),
        Column("result_id", _ID, "the result", null="one of several values of a result, or not numbered by the source"),
        Column("part_of", _ID, "the result of which this is one of several values", null="it stands alone"),
        Column(
            "encounter_id", _ID, "the encounter in which it was taken", null="not taken in an encounter", refers=_VISIT
        ),
        Column("status", _T, "state, such as preliminary, final, amended or corrected"),
        Column("category", _T, "categories as the source codes them, with a blank before and after each"),
        Column("timing", _T, "what the times are of", choices=("taken", "ongoing", "issued")),
        Column("issued_at", _AT, "when it was issued"),
        Column("code_system", _T, "coding system", required=True),
        Column("code", _CODE, "what was measured", required=True),
        Column("value", Kind.MILLI, "numeric value times 1,000", null="not numeric"),
        Column("unit", _T, "unit of the value"),
        Column("has_value", Kind.FLAG, "1 when a value of any kind was told: a number, a code, a text, yes or no"),
    ),
)
IMMUNIZATION = Table(
    "immunization", "A vaccine given.", (Column("code_system", _T, "system"), Column("code", _CODE, "CVX or other"))
)
ADT_EVENT = Table(
    "adt_event",
    "One admission, discharge or transfer message. `known_at` is the time of the message.",
    (
        Column("event_type", _T, "HL7 v2 trigger event, such as A03", required=True),
        Column("visit_number", _ID, "the hospital's number of the visit", required=True),
        Column("patient_class", _T, "I inpatient, E emergency, O outpatient or observation", filled=0.9),
        Column("admitted_at", _AT, "admission"),
        Column("discharged_at", _AT, "discharge", null="not discharged"),
        Column("admission_day", _DAY, "local day of admitted_at"),
        Column("discharge_day", _DAY, "local day of discharged_at", null="not discharged"),
        Column("admit_type_code", _CODE, "type of admission"),
        Column("admit_source_code", _CODE, "point of origin"),
        Column("discharge_disposition_code", _CODE, "patient status at discharge"),
        Column("hospital_service", _T, "service"),
        Column("code_system", _T, "coding system of the working diagnosis"),
        Column("code", _CODE, "working or admitting diagnosis"),
        Column("facility_id", _ID, "hospital", filled=0.9, refers="facility.facility_id"),
    ),
)
DISCHARGE_NOTICE = Table(
    "discharge_notice",
    "What a hospital tells on the day of discharge. A claims-only reader declares it from the claim.",
    (
        Column(
            "claim_id", _ID, "the claim it was declared from", null="told by a hospital", refers="claim_line.claim_id"
        ),
        Column("admission_day", _DAY, "day of admission", required=True),
        Column("discharge_day", _DAY, "day of discharge", required=True),
        Column("code_system", _T, "coding system of the admitting diagnosis"),
        Column("code", _CODE, "admitting diagnosis"),
        Column("facility_id", _ID, "hospital", refers="facility.facility_id"),
    ),
)
APPOINTMENT = Table(
    "appointment",
    "A visit as it stood from `known_at`: one row when booked, one when kept, missed or cancelled.",
    (
        Column("appointment_id", _ID, "the appointment", required=True),
        Column("status", _T, "state", choices=("booked", "kept", "missed", "cancelled"), required=True),
        Column("appointment_day", _DAY, "day of the visit", required=True, ahead=800),
        Column("specialty", _T, "specialty, lower case"),
        Column("provider_id", _ID, "with whom (NPI)"),
    ),
    tells=Tells.PLANS,
)
OUTREACH_CONTACT = Table(
    "outreach_contact",
    "A call, message or visit by which the network's care managers tried to reach somebody after a discharge, for"
    " impact and monitoring. Never a feature: it was made because of a score.",
    (
        Column("contact_id", _ID, "the contact; told again, it is the same one", required=True),
        Column("stay_id", _ID, "the stay that it was about", null="about no stay"),
        Column("kind", _T, "how", choices=("call", "message", "visit"), required=True),
        Column(
            "outcome",
            _T,
            "what became of it: nobody answered (attempted), spoken to (reached), a visit booked (scheduled), declined",
            choices=("attempted", "reached", "scheduled", "declined"),
            required=True,
        ),
        Column("spoke_to", _T, "who answered", choices=("the person", "caregiver", "facility", "practice")),
    ),
)
PROBLEM = Table(
    "problem",
    "An entry of a problem list, or a diagnosis of an encounter, as it stood from `known_at`: one row when it was"
    " recorded, one when it had gone.",
    (
        Column("condition_id", _ID, "the entry", required=True),
        Column(
            "encounter_id",
            _ID,
            "the encounter in which it was recorded",
            null="not recorded in an encounter",
            refers=_VISIT,
        ),
        Column("condition_type", _T, "problem-list-item, encounter-diagnosis or health-concern"),
        Column("category", _T, "categories as the source codes them, with a blank before and after each"),
        Column(
            "status",
            _T,
            "clinical status",
            choices=("active", "recurrence", "relapse", "inactive", "remission", "resolved"),
        ),
        Column("verification_status", _T, "how sure it is: unconfirmed, provisional, differential, confirmed, refuted"),
        Column("onset_day", _DAY, "day of onset"),
        Column("resolved_day", _DAY, "day of abatement", null="not over, as far as this row knows"),
        Column("code_system", _T, "coding system", null="told in words only"),
        Column("code", _CODE, "canonical form", null="told in words only"),
    ),
)
ALLERGY = Table(
    "allergy",
    "An allergy or other adverse reaction; one reaction that happened is of the type adverse-event. `known_at` is when"
    " it was recorded.",
    (
        Column("allergy_id", _ID, "the entry", required=True),
        Column("allergy_type", _T, "allergy, intolerance or adverse-event"),
        Column("category", _T, "food, medication, environment or biologic"),
        Column("criticality", _T, "low, high or unable-to-assess"),
        Column("status", _T, "clinical status", choices=("active", "inactive", "resolved")),
        Column("verification_status", _T, "how sure it is: unconfirmed, presumed, confirmed, refuted"),
        Column("onset_day", _DAY, "first day of onset"),
        Column("onset_end_day", _DAY, "last day of onset; of an onset on a day that day", null="no end is told"),
        Column("code_system", _T, "coding system", null="told in words only"),
        Column("code", _CODE, "to what, canonical form", null="told in words only"),
    ),
)
ENCOUNTER = Table(
    "encounter",
    "A visit or stay as the provider's own record tells it, as it stood from `known_at`: one row when it began, one"
    " when it had ended.",
    (
        Column("encounter_id", _ID, "the encounter", required=True),
        Column("status", _T, "state", choices=("in-progress", "finished"), required=True),
        Column(
            "encounter_type",
            _T,
            "setting",
            choices=("inpatient", "emergency", "observation", "outpatient", "home", "telehealth", "other"),
            required=True,
        ),
        Column("class_code", _T, "setting in the source's own code, such as AMB, IMP or VR"),
        Column(
            "told_status", _T, "state in the source's own word, which may not be finished", null="told when it began"
        ),
        Column("encounter_start_day", _DAY, "day on which it began"),
        Column("encounter_end_day", _DAY, "day on which it ended", null="not ended, as far as this row knows"),
        Column("admit_source_code", _CODE, "point of origin"),
        Column("admit_type_code", _CODE, "type of admission"),
        Column("discharge_disposition_code", _CODE, "patient status at discharge, two digits"),
        Column("attending_provider_id", _ID, "who was responsible (NPI)"),
        Column("facility_id", _ID, "where"),
        Column("code_system", _T, "coding system of the reason", null="no coded reason"),
        Column("code", _CODE, "reason for the encounter", null="no coded reason"),
    ),
)
CLINICAL_PROCEDURE = Table(
    "clinical_procedure",
    "A procedure as the provider's own record tells it; what was billed is in `procedure`.",
    (
        Column("procedure_id", _ID, "the procedure", required=True),
        Column(
            "encounter_id", _ID, "the encounter in which it was done", null="not done in an encounter", refers=_VISIT
        ),
        Column("status", _T, "state, such as in-progress or completed"),
        Column("code_system", _T, "coding system", null="told in words only"),
        Column("code", _CODE, "canonical form", null="told in words only"),
        Column("practitioner_id", _ID, "who did it (NPI)"),
    ),
)
PRESCRIPTION = Table(
    "prescription",
    "A prescription as it stood from `known_at`: one row when it was written, one when it was known to have ended.",
    (
        Column("prescription_id", _ID, "the prescription", required=True),
        Column(
            "encounter_id",
            _ID,
            "the encounter in which it was written",
            null="not written in an encounter",
            refers=_VISIT,
        ),
        Column(
            "status", _T, "state", choices=("active", "on-hold", "completed", "stopped", "cancelled"), required=True
        ),
        Column("code_system", _T, "coding system", null="told in words only"),
        Column("code", _CODE, "the medicine, canonical form", null="told in words only"),
        Column("by_reference", Kind.FLAG, "1 when the medicine was named by reference to an entry of its own"),
        Column("intent", _T, "plan, order, original-order, reflex-order, filler-order or instance-order"),
        Column("taken_from_day", _DAY, "first day on which it is to be taken", ahead=800),
        Column("taken_to_day", _DAY, "last day on which it is to be taken", null="no end is told", ahead=LIFE),
        Column("daily_quantity", Kind.MILLI, "quantity to be taken a day times 1,000"),
        Column("quantity", Kind.MILLI, "quantity of one fill times 1,000"),
        Column("days_supply", Kind.COUNT, "days that one fill lasts", at_least=0, plausible=(0, 400)),
        Column("refills", Kind.COUNT, "fills allowed after the first", at_least=0),
        Column("prescriber_id", _ID, "who prescribed (NPI)"),
    ),
    tells=Tells.PLANS,
)
NOT_DONE = Table(
    "not_done",
    "What a clinician decided not to do, or not to have done; why stands in `coding`.",
    (
        Column("not_done_id", _ID, "the entry", required=True),
        Column("kind", _T, "what kind", choices=("result", "prescription", "service", "device"), required=True),
        Column("status", _T, "state in the source's own word"),
        Column(
            "encounter_id",
            _ID,
            "the encounter in which it was decided",
            null="not decided in an encounter",
            refers=_VISIT,
        ),
        Column("issued_at", _AT, "when a result was told to be missing", null="not a result, or not told"),
        Column("issued_day", _DAY, "local day of issued_at", null="not a result, or not told"),
        Column("code_system", _T, "coding system", null="told in words only"),
        Column("code", _CODE, "what was not done, canonical form", null="told in words only"),
    ),
)
CODING = Table(
    "coding",
    "A code of something in another table that has no column there: the type of an encounter, a reason, the coded value"
    " of a result, a part of the body, or a further code of the same thing.",
    (
        Column("about", _T, "the other table", choices=CODED_TABLES, required=True),
        Column("about_id", _ID, "its number there (of parts of a result, `part_of`)", required=True),
        Column(
            "role",
            _T,
            "what the code is: a further code of the thing (code), its type, what a result is a part of (whole), a"
            " value, a part of the body (site), why it was done or asked for (reason), why not (refusal)",
            choices=("code", "type", "whole", "value", "site", "reason", "refusal"),
            required=True,
        ),
        Column("code_system", _T, "coding system", required=True),
        Column("code", _CODE, "canonical form", required=True),
    ),
)
CONSENT = Table(
    "consent",
    "What a person allowed or forbade, as it stood from `known_at`.",
    (
        Column("consent_id", _ID, "the consent", required=True),
        Column("status", _T, "state", choices=("active", "inactive", "rejected"), required=True),
        Column("scope", _T, "what it is about, such as patient-privacy, research, treatment or adr"),
        Column("category", _T, "its kind, as the source codes it"),
        Column("provision", _T, "what it says", choices=("permit", "deny")),
        Column("action", _T, "which use it is about, such as disclose or access", null="every use"),
        Column("start_day", _DAY, "first day on which it holds", null="from when it was given", ahead=LIFE),
        Column("end_day", _DAY, "last day on which it holds", null="no end is told", ahead=LIFE),
    ),
    tells=Tells.SUBJECTS,
)
PROVIDER = Table(
    "provider",
    "A clinician.",
    (
        Column("provider_id", _ID, "NPI", required=True),
        Column("name", _T, "name"),
        Column("practice", _T, "practice"),
        Column("specialty", _T, "specialty, lower case"),
    ),
    about="network",
    tells=Tells.SUBJECTS,
)
FACILITY = Table(
    "facility",
    "A hospital, clinic or other place of care.",
    (
        Column("facility_id", _ID, "NPI or CCN as claims name it", required=True),
        Column("ccn", _ID, "CMS certification number"),
        Column("name", _T, "name"),
        Column("facility_type", _T, "type, lower case"),
    ),
    about="network",
    tells=Tells.SUBJECTS,
)

TABLES = (
    PERSON,
    DEATH,
    CONTACT_DETAILS,
    IDENTIFIER,
    PERSON_MERGE,
    COVERAGE,
    ATTRIBUTION,
    CLAIM_LINE,
    DIAGNOSIS,
    PROCEDURE,
    DISPENSING,
    ORDER,
    RESULT,
    IMMUNIZATION,
    ADT_EVENT,
    DISCHARGE_NOTICE,
    APPOINTMENT,
    OUTREACH_CONTACT,
    ENCOUNTER,
    PROBLEM,
    ALLERGY,
    CLINICAL_PROCEDURE,
    PRESCRIPTION,
    NOT_DONE,
    CODING,
    CONSENT,
    PROVIDER,
    FACILITY,
)

# what tells nothing that a model may see: who is one person, and whom we called ourselves
NO_FACTS = frozenset({PERSON_MERGE.name, OUTREACH_CONTACT.name})


def facts() -> frozenset[str]:
    """Everything that a source can lack: a table, one of its columns, or diagnoses in one of their coding systems."""
    columns = {f"{found.name}.{column.name}" for found in TABLES for column in found.all_columns}
    systems = {f"{DIAGNOSIS.name}.{system.name}" for system in (ICD10CM, ICD9CM)}
    return frozenset({found.name for found in TABLES} | columns | systems)


def table(name: str) -> Table:
    """The table of that name; BadDeclaration lists the choices."""
    for found in TABLES:
        if found.name == name:
            return found
    raise BadDeclaration(got=f"table {name}", expected=f"one of {', '.join(t.name for t in TABLES)}", do="Choose one.")
