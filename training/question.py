"""What is asked of a table of somebody's own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from features.errors import BadInput

NAME = r"[a-z][a-z0-9_-]{0,63}"


@dataclass(frozen=True)
class Question:
    """What is asked of whose table. `person` is the column that names people: all rows of one are on the same side of
    every split. `time` (null: none) orders a person's rows and lets the earlier ones tell something. `drop` are columns
    that the model may not see.
    """

    table: Path
    label: str
    person: str
    name: str
    time: str | None = None
    drop: tuple[str, ...] = ()
    where: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(NAME, self.name):
            raise BadInput(
                got=f"--name {self.name!r}",
                expected="small letters, digits, _ and -, a letter first",
                do="Write it like readmission_130.",
            )
