"""The features, by family; `CATALOGUE` is the tuple of them all."""

from features.catalogue import conditions, scores, treatment, utilisation
from features.catalogue.algebra import Feature
from features.catalogue.person import DEMOGRAPHICS, ENROLMENT, INDEX_STAY, SERVICE

CATALOGUE: tuple[Feature, ...] = (
    DEMOGRAPHICS,
    ENROLMENT,
    INDEX_STAY,
    SERVICE,
    *utilisation.FEATURES,
    *conditions.FEATURES,
    *treatment.FEATURES,
    *scores.FEATURES,
)
