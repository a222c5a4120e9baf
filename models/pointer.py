"""Where releases lie, and which of them is the champion.

$AFTERWARD_RELEASES/MODEL/VERSION/             a release (models.release); never changed once it is there
$AFTERWARD_RELEASES/MODEL/VERSION.rows.parquet  the rows it was made and judged on; holds person ids, stays here
$AFTERWARD_RELEASES/MODEL/tuning.db            trials of settings: numbers and fingerprints, no rows
$AFTERWARD_RELEASES/MODEL/champion             one line, the version that serving scores with; swapped in one step
$AFTERWARD_RELEASES/MODEL/decisions.jsonl       who moved it or was refused, when and why (training.decisions)
"""

from __future__ import annotations

import os
from pathlib import Path

from features.errors import BadModel, BadSetting

HOME = "AFTERWARD_RELEASES"
DEFAULT_HOME = "releases"
CHAMPION = "champion"


def home() -> Path:
    """The folder of all releases: AFTERWARD_RELEASES, or ./releases. BadSetting where something else stands there."""
    folder = Path(os.environ.get(HOME) or DEFAULT_HOME).absolute()
    if folder.exists() and not folder.is_dir():
        raise BadSetting(got=f"a file at {HOME}", expected="a folder, there or not yet", do=f"Change {HOME}.")
    return folder


def versions(model: str) -> list[int]:
    """The versions of a model, oldest first; empty when it was never trained."""
    folder = home() / model
    if not folder.is_dir():
        return []
    return sorted(int(found.name) for found in folder.iterdir() if found.name.isdecimal() and found.is_dir())


def release_path(model: str, version: int) -> Path:
    """The folder of one version, there or not."""
    return home() / model / str(version)


def rows_path(model: str, version: int) -> Path:
    """The file of the rows that a version was made and judged on, there or not."""
    return home() / model / f"{version}.rows.parquet"


def tuning_path(model: str) -> Path:
    """The SQLite file of the trials of settings of a model, there or not."""
    return home() / model / "tuning.db"


def existing(model: str, version: int | None = None) -> Path:
    """The folder of a version, the latest where none is named; BadModel when it was never trained."""
    there = versions(model)
    if not there:
        raise BadModel(
            got=f"{model}, which was never trained here",
            expected=f"a release under {HOME} (now {home()})",
            do=f"Run `afterward train {model} --store STORE`.",
        )
    if version is not None and version not in there:
        raise BadModel(
            got=f"{model} version {version}",
            expected=f"one of {', '.join(map(str, there))}",
            do="Name one of these, or leave out --version for the latest.",
        )
    return release_path(model, there[-1] if version is None else version)


def champion_version(model: str) -> int | None:
    """The version that the pointer names; null when none was ever promoted."""
    try:
        written = (home() / model / CHAMPION).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    if not written.isdecimal():
        raise BadModel(
            got=f"a pointer of {model} that names no version",
            expected="a whole number",
            do=f"Run `afterward promote {model} --version VERSION`.",
        )
    return int(written)


def champion(model: str) -> Path:
    """The folder of the champion; BadModel when nothing was promoted."""
    version = champion_version(model)
    if version is None:
        trained = versions(model)
        first = "" if trained else f"`afterward train {model} --store STORE`, then "
        raise BadModel(
            got=f"{model}, which was never promoted" if trained else f"{model}, which was never trained here",
            expected=f"a champion under {HOME} (now {home()})",
            do=f"Run {first}`afterward promote {model}`.",
        )
    return existing(model, version)


def point(model: str, version: int) -> int | None:
    """Make a version the champion in one step; gives the version that was champion before, or null."""
    existing(model, version)
    before = champion_version(model)
    pointer = home() / model / CHAMPION
    beside = pointer.with_name(f".{CHAMPION}.{os.getpid()}")
    with beside.open("w", encoding="utf-8") as file:
        file.write(f"{version}\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(pointer)
    return before
