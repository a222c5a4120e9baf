"""The Tuva Input Layer, CSV or Parquet, and three files of ours beside it: order, adt_event, contact.

Source: Tuva Project, Input Layer data dictionary, as in the headers of its demo seeds; code types are Tuva's names.
"""

from __future__ import annotations

from features.sources import tuva_claims, tuva_clinical, tuva_network
from features.sources.reader import Reader

CLAIMS_LAG_DAYS = 90  # from so many days before the last claim, claims are still on their way
MESSAGES_LAG_DAYS = 1

READER = Reader(
    name="tuva",
    says="Tuva Input Layer (CSV or Parquet), with order, adt_event and contact files beside it",
    layouts=(
        tuva_claims.MEDICAL_CLAIM,
        tuva_claims.PHARMACY_CLAIM,
        tuva_network.ELIGIBILITY,
        tuva_network.PROVIDER_ATTRIBUTION,
        tuva_network.CONTACT,
        tuva_network.PRACTITIONER,
        tuva_network.LOCATION,
        tuva_clinical.LAB_RESULT,
        tuva_clinical.OBSERVATION,
        tuva_clinical.IMMUNIZATION_GIVEN,
        tuva_clinical.APPOINTMENT_KEPT,
        tuva_clinical.ORDER_PLACED,
        tuva_clinical.ADT_MESSAGE,
    ),
    lacks={
        "coverage.managed_care": "Tuva eligibility does not say who pays",
        "coverage.drug_coverage": "Tuva eligibility does not say whether medicines are covered",
        "discharge_notice.code": "Tuva claims carry no admitting diagnosis",
    },
    claims_lag=CLAIMS_LAG_DAYS,
    admissions_lag=MESSAGES_LAG_DAYS,
)
