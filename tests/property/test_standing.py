"""Standing queries give what `build` gives, to the bit: whoever is asked for, one after the other."""

from __future__ import annotations

import pandas as pd
import pytest

from features.catalogue.person import INDEX_STAY
from features.catalogue.treatment import FEATURES as TREATMENT
from features.catalogue.utilisation import FEATURES as UTILISATION
from features.dataset import build
from features.definitions.cohort import prediction_cohort
from features.record.record import Record, cut_to_persons
from features.standing import Standing
from tests.histories import random_rows, record_of

FEW = (INDEX_STAY, UTILISATION[0], TREATMENT[0])


def both(record: Record, standing: Standing, rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    people = rows.person_id.tolist()
    return standing.build(people, rows), build(cut_to_persons(record, people), rows, standing.features)


@pytest.mark.slow
def test_one_after_the_other_as_built_alone() -> None:
    record = record_of(random_rows(2, people=4))
    rows = prediction_cohort(record).rows
    standing = Standing(record, FEW)
    assert len(rows) > 3
    for place in range(3):
        made, expected = both(record, standing, rows.iloc[[place]])
        pd.testing.assert_frame_equal(made, expected, check_exact=True)
    made, expected = both(record, standing, rows)
    pd.testing.assert_frame_equal(made, expected, check_exact=True)


@pytest.mark.slow
def test_an_id_that_is_code_elsewhere_is_an_id_here() -> None:
    rows = random_rows(2, people=1)
    odd = "p'); DROP TABLE x; --"
    record = record_of({name: [{**one, "person_id": odd} for one in given] for name, given in rows.items()})
    index = prediction_cohort(record).rows.head(1)
    made, expected = both(record, Standing(record, FEW[:1]), index)
    pd.testing.assert_frame_equal(made, expected, check_exact=True)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10, 16))
def test_every_feature_of_the_catalogue(seed: int) -> None:
    from models.specs import SPECS

    record = record_of(random_rows(seed, people=5))
    rows = prediction_cohort(record).rows
    for spec in SPECS[:2]:
        standing = Standing(record, spec.features)
        for place in range(len(rows)):
            made, expected = both(record, standing, rows.iloc[[place]])
            pd.testing.assert_frame_equal(made, expected, check_exact=True)
