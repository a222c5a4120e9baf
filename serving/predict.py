"""Risks for the rows of a table, by a model of somebody's own table: one row out for each row in, in their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import BadModel
from models import pointer
from models.table import release
from models.table.read import Asked, read
from models.table.release import TableRelease

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Predicted:
    """`rows`: the person and time columns as the table has them, and `risk`. `absent`: columns that the table lacks,
    taken as not known. `unseen`: cells by column with what the model never saw.
    """

    release: TableRelease
    is_champion: bool
    rows: pd.DataFrame
    absent: tuple[str, ...]
    unseen: Mapping[str, int]


def predict(table: Path, model: str) -> Predicted:
    """The champion's risks, or the latest version's where none was promoted. BadModel for a model that was never
    trained, or that is none of a table.
    """
    if not pointer.versions(model):
        raise BadModel(
            got=f"{model}, which was never trained here",
            expected=f"a model of a table under AFTERWARD_RELEASES (now {pointer.home()})",
            do=f"Run `afterward train --table TABLE --label COLUMN --person COLUMN --name {model}`.",
        )
    champion = pointer.champion_version(model)
    path = pointer.existing(model, champion)
    if not release.is_of_table(path):
        raise BadModel(
            got=f"{model}, a model of the record", expected="one of a table", do=f"Run `afterward score {model}`."
        )
    with_ = release.load(path)
    text = read(table, Asked()).text
    made = with_.prepared(text)
    rows = text[[name for name in (with_.person, with_.time) if name]]
    risk = with_.predict(made.X.to_numpy("float64"))
    return Predicted(with_, champion is not None, rows.assign(risk=risk), made.absent, made.unseen)
