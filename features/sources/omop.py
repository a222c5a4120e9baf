"""The OMOP Common Data Model, version 5.4 (5.3 where the columns are the same), CSV or Parquet, one file a table.

Source: OHDSI CDM 5.4 specification. **The CDM has no time at which anything was known, so every such time is declared
here**: a person since birth; a month of observation on its first observed day; a visit when it begins and once more
when it has ended (a visit to a hospital also as the messages that the hospital would have sent); what is coded after a
visit 7 days after its end (conditions, procedures), a measurement or observation 3 days after it was taken, a medicine
1 day after it was started, a death 30 days after it; whatever its type calls a claim 45 days after it ended. Midnight
is what files without a time of day are filled with, so it counts as the date alone.

A person is named by `person_source_value`, which is the source's own number; where there is none, by the database's,
marked `omop|`. A row whose person is not in PERSON of the same delivery is set aside. Codes are looked up in CONCEPT
and CONCEPT_RELATIONSHIP of the delivery (see `omop_lookups`). The eras, NOTE, SPECIMEN, DEVICE_EXPOSURE and
VISIT_DETAIL are not read: the eras are worked out from other tables, and the record has no table for the rest.

Checked on files that nobody here wrote: a Synthea database of 1,130 people, with dates only, no units, no discharge
dispositions and no CONCEPT_RELATIONSHIP. By our own files alone: Parquet, times of day, units, dispositions, mapped
concepts, DEATH, claims, administrations.
"""

from __future__ import annotations

from features.sources import omop_events, omop_people
from features.sources.reader import Reader

VISITS_LAG_DAYS = 1

READER = Reader(
    name="omop",
    says="OMOP CDM 5.4 tables, CSV or Parquet",
    layouts=(
        omop_people.CONCEPT,
        omop_people.CONCEPT_RELATIONSHIP,
        omop_people.PEOPLE,
        omop_people.PERIODS,
        omop_people.DEATHS,
        omop_people.VISITS_MADE,
        omop_events.CONDITIONS,
        omop_events.DRUGS,
        omop_events.PROCEDURES,
        omop_events.MEASUREMENTS,
        omop_events.OBSERVATIONS,
    ),
    lacks={
        "person.state": "the CDM keeps the latest address only, and not since when",
        "person.zip_code": "the CDM keeps the latest address only, and not since when",
        "person.entitlement_code": "the CDM has no reason for Medicare entitlement",
        "coverage.payer": "an observation period does not say who pays",
        "coverage.payer_type": "an observation period does not say who pays",
        "coverage.plan": "an observation period does not say who pays",
        "coverage.dual_status_code": "an observation period does not say who pays",
        "coverage.managed_care": "an observation period does not say who pays",
        "coverage.drug_coverage": "an observation period does not say whether medicines are covered",
        "adt_event.admit_type_code": "the CDM has no type of admission",
        "adt_event.hospital_service": "the CDM has no service",
        "adt_event.code": "the CDM does not tell an admitting diagnosis from a final one",
        "encounter.admit_type_code": "the CDM has no type of admission",
        "encounter.code": "the CDM has no reason for a visit",
        "problem.verification_status": "the CDM does not say how sure a condition is",
        "dispensing.paid": "costs are not read",
        "diagnosis": "the CDM has no claims; conditions are in problem",
        "procedure": "the CDM has no claims; procedures are in clinical_procedure",
    },
    admissions_lag=VISITS_LAG_DAYS,
)
