"""The columns of every file that the simulated network writes, in order, and their Parquet types.

Files with a name in the Tuva Input Layer have exactly its columns (`appointment` has `booked_datetime` besides); the
others are ours. A column that the simulation never fills is there and null.
"""

from __future__ import annotations

import pyarrow as pa

_NUMBERS = ("claim_line_number", "days_supply", "refills", "duration", "quantity", "service_unit_quantity")


def _series(stem: str, count: int) -> tuple[str, ...]:
    return tuple(f"{stem}_{number}" for number in range(1, count + 1))


MEDICAL_CLAIM: tuple[str, ...] = (
    "claim_id", "claim_line_number", "claim_type", "person_id", "member_id", "payer", "plan", "claim_start_date",
    "claim_end_date", "claim_line_start_date", "claim_line_end_date", "admission_date", "discharge_date",
    "admit_source_code", "admit_type_code", "discharge_disposition_code", "place_of_service_code", "bill_type_code",
    "drg_code_type", "drg_code", "revenue_center_code", "service_unit_quantity", "hcpcs_code", "hcpcs_modifier_1",
    "hcpcs_modifier_2", "hcpcs_modifier_3", "hcpcs_modifier_4", "hcpcs_modifier_5", "rendering_npi", "rendering_tin",
    "billing_npi", "billing_tin", "facility_npi", "paid_date", "paid_amount", "allowed_amount", "charge_amount",
    "coinsurance_amount", "copayment_amount", "deductible_amount", "total_cost_amount", "diagnosis_code_type",
    *_series("diagnosis_code", 25), *_series("diagnosis_poa", 25), "procedure_code_type",
    *_series("procedure_code", 25), *_series("procedure_date", 25),
    "in_network_flag", "data_source", "file_name", "file_date", "ingest_datetime",
)  # fmt: skip

PHARMACY_CLAIM: tuple[str, ...] = (
    "claim_id", "claim_line_number", "person_id", "member_id", "payer", "plan", "prescribing_provider_npi",
    "dispensing_provider_npi", "dispensing_date", "ndc_code", "quantity", "days_supply", "refills", "paid_date",
    "paid_amount", "allowed_amount", "charge_amount", "coinsurance_amount", "copayment_amount", "deductible_amount",
    "in_network_flag", "data_source", "file_name", "file_date", "ingest_datetime",
)  # fmt: skip

ELIGIBILITY: tuple[str, ...] = (
    "person_id", "member_id", "subscriber_id", "gender", "race", "birth_date", "death_date", "death_flag",
    "enrollment_start_date", "enrollment_end_date", "payer", "payer_type", "plan",
    "original_reason_entitlement_code", "dual_status_code", "medicare_status_code", "group_id", "group_name",
    "name_suffix", "first_name", "middle_name", "last_name", "social_security_number", "subscriber_relation",
    "address", "city", "state", "zip_code", "phone", "email", "ethnicity", "data_source", "file_name", "file_date",
    "ingest_datetime", "hospice_flag", "institutional_snp_flag", "long_term_institutional_flag", "enrollment_status",
)  # fmt: skip

LAB_RESULT: tuple[str, ...] = (
    "lab_result_id", "person_id", "patient_id", "encounter_id", "accession_number", "source_order_type",
    "source_order_code", "source_order_description", "source_component_type", "source_component_code",
    "source_component_description", "normalized_order_type", "normalized_order_code", "normalized_order_description",
    "normalized_component_type", "normalized_component_code", "normalized_component_description", "status", "result",
    "result_datetime", "collection_datetime", "source_units", "normalized_units", "source_reference_range_low",
    "source_reference_range_high", "normalized_reference_range_low", "normalized_reference_range_high",
    "source_abnormal_flag", "normalized_abnormal_flag", "specimen", "ordering_practitioner_id", "data_source",
    "file_name", "ingest_datetime",
)  # fmt: skip

OBSERVATION: tuple[str, ...] = (
    "observation_id", "person_id", "patient_id", "encounter_id", "panel_id", "observation_date", "observation_type",
    "source_code_type", "source_code", "source_description", "normalized_code_type", "normalized_code",
    "normalized_description", "result", "source_units", "normalized_units", "source_reference_range_low",
    "source_reference_range_high", "normalized_reference_range_low", "normalized_reference_range_high",
    "data_source", "file_name", "ingest_datetime",
)  # fmt: skip

APPOINTMENT: tuple[str, ...] = (
    "appointment_id", "person_id", "patient_id", "encounter_id", "source_appointment_type_code",
    "source_appointment_type_description", "normalized_appointment_type_code",
    "normalized_appointment_type_description", "start_datetime", "end_datetime", "duration", "location_id",
    "practitioner_id", "source_status", "normalized_status", "appointment_specialty", "reason",
    "source_reason_code_type", "source_reason_code", "source_reason_description", "normalized_reason_code_type",
    "normalized_reason_code", "normalized_reason_description", "cancellation_reason",
    "source_cancellation_reason_code_type", "source_cancellation_reason_code",
    "source_cancellation_reason_description", "normalized_cancellation_reason_code_type",
    "normalized_cancellation_reason_code", "normalized_cancellation_reason_description", "data_source", "file_name",
    "ingest_datetime", "booked_datetime",
)  # fmt: skip

PROVIDER_ATTRIBUTION: tuple[str, ...] = (
    "person_id", "patient_id", "year_month", "payer", "plan", "data_source", "payer_attributed_provider",
    "payer_attributed_provider_practice", "payer_attributed_provider_organization", "payer_attributed_provider_lob",
    "custom_attributed_provider", "custom_attributed_provider_practice", "custom_attributed_provider_organization",
    "custom_attributed_provider_lob",
)  # fmt: skip

IMMUNIZATION: tuple[str, ...] = (
    "immunization_id", "person_id", "patient_id", "encounter_id", "source_code_type", "source_code",
    "source_description", "normalized_code_type", "normalized_code", "normalized_description", "status",
    "status_reason", "occurrence_date", "source_dose", "normalized_dose", "lot_number", "body_site", "route",
    "location_id", "practitioner_id", "data_source", "file_name", "ingest_datetime",
)  # fmt: skip

PRACTITIONER: tuple[str, ...] = (
    "practitioner_id", "npi", "first_name", "last_name", "practice_affiliation", "specialty", "sub_specialty",
    "data_source",
)  # fmt: skip

LOCATION: tuple[str, ...] = (
    "location_id", "npi", "ccn", "name", "facility_type", "parent_organization", "address", "city", "state",
    "zip_code", "data_source",
)  # fmt: skip

ORDER: tuple[str, ...] = (
    "order_id", "person_id", "order_type", "code_type", "code", "status", "intent", "encounter_id",
    "ordering_practitioner_id", "ordered_datetime", "resulted_datetime", "reviewed_datetime", "facility_id",
    "data_source",
)  # fmt: skip

ADT_EVENT: tuple[str, ...] = (
    "message_id", "person_id", "visit_number", "event_type", "message_datetime", "patient_class", "admit_datetime",
    "discharge_datetime", "admit_type_code", "admit_source_code", "discharge_disposition_code", "hospital_service",
    "admitting_diagnosis_code_type", "admitting_diagnosis_code", "facility_npi", "attending_npi", "data_source",
)  # fmt: skip

CONTACT: tuple[str, ...] = (
    "person_id", "first_name", "last_name", "phone", "email", "address", "city", "state", "zip_code",
    "preferred_language", "interpreter_needed", "best_time", "caregiver_name", "caregiver_phone", "contact_opt_out",
    "updated_date", "data_source",
)  # fmt: skip

FILES: dict[str, tuple[str, ...]] = {
    "medical_claim": MEDICAL_CLAIM,
    "pharmacy_claim": PHARMACY_CLAIM,
    "eligibility": ELIGIBILITY,
    "lab_result": LAB_RESULT,
    "observation": OBSERVATION,
    "appointment": APPOINTMENT,
    "provider_attribution": PROVIDER_ATTRIBUTION,
    "immunization": IMMUNIZATION,
    "practitioner": PRACTITIONER,
    "location": LOCATION,
    "order": ORDER,
    "adt_event": ADT_EVENT,
    "contact": CONTACT,
}


def type_of(column: str) -> pa.DataType:
    """Parquet type of a column, told from its name: dates, local times without a zone, money, whole numbers, text."""
    if column.endswith("_datetime"):
        return pa.timestamp("us")
    if "_date" in column:
        return pa.date32()
    if column.endswith("_amount"):
        return pa.decimal128(18, 2)
    if column in _NUMBERS:
        return pa.int64()
    return pa.string()


def schema_of(name: str) -> pa.Schema:
    """Schema of one file."""
    return pa.schema([(column, type_of(column)) for column in FILES[name]])
