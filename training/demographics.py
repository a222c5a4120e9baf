"""Who the people of index rows are, as the record knew at each `as_of`: to describe them and to judge a model by group,
never to score. Where no source tells a fact, its whole column is null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from features.record.tables import CONTACT_DETAILS, PERSON

if TYPE_CHECKING:
    import pandas as pd

    from features.record.record import Record
    from features.record.schema import Table

Floats = npt.NDArray[np.float64]

AGE_BANDS = ((0, "64 and under"), (65, "65 to 74"), (75, "75 to 84"), (85, "85 and over"))
# what an attribute is called, and where it stands
OF_COLUMNS = {
    "sex": ("female", {1: "female", 0: "male"}),
    "Medicaid beside Medicare": ("dual_eligible", {1: "yes", 0: "no"}),
    "Medicare through disability": ("entitled_by_disability", {1: "yes", 0: "no"}),
}
OF_RECORD = {
    "race": (PERSON, "race"),
    "ethnicity": (PERSON, "ethnicity"),
    "language": (CONTACT_DETAILS, "preferred_language"),
    "state": (PERSON, "state"),
}


def demographics(record: Record, rows: pd.DataFrame, X: pd.DataFrame) -> pd.DataFrame:
    """(rows, attributes) of text, null where it was not told by `as_of`; X are the features of the same rows."""
    import pandas as pd

    found = {"age": _bands(X["age_years"].to_numpy("float64"))} if "age_years" in X else {}
    for attribute, (column, words) in OF_COLUMNS.items():
        if column in X:
            found[attribute] = X[column].map(words).to_numpy(dtype=object)
    for attribute, (table, column) in OF_RECORD.items():
        found[attribute] = _latest(record, table, column, rows)
    told = pd.DataFrame(found, index=rows.index, dtype=object)
    return told.where(told.notna(), None)


def _bands(age: Floats) -> npt.NDArray[np.object_]:
    starts = np.asarray([start for start, _ in AGE_BANDS])
    names = np.asarray([name for _, name in AGE_BANDS], dtype=object)
    placed = names[np.clip(np.searchsorted(starts, np.nan_to_num(age), side="right") - 1, 0, None)]
    placed[np.isnan(age)] = None
    return placed


def _latest(record: Record, table: Table, column: str, rows: pd.DataFrame) -> npt.NDArray[np.object_]:
    """The latest value known at each row's `as_of`; of two of one time the last by the alphabet."""
    import pandas as pd

    told = record[table].select("person_id", "known_at", column).to_pandas().dropna()
    told = told.astype({"known_at": "int64"}).sort_values(["known_at", column], kind="stable")
    asked = pd.DataFrame({"person_id": rows.person_id.to_numpy(), "as_of": rows.as_of.to_numpy("int64")})
    asked["place"] = np.arange(len(asked))
    told["person_id"], asked["person_id"] = told.person_id.astype(str), asked.person_id.astype(str)
    joined = pd.merge_asof(
        asked.sort_values("as_of", kind="stable"), told, left_on="as_of", right_on="known_at", by="person_id"
    )
    return np.asarray(joined.sort_values("place")[column].to_numpy(dtype=object))
