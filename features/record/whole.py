"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from features.errors import BadInput


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A path beside `path` to write a file or a folder at; it takes the name of `path`, in one step, only where nothing
    failed. An older file is replaced, a folder that holds something is not. BadInput where `path` cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if path.is_dir() and any(path.iterdir()):
            raise BadInput(got=f"{path}, which holds something", expected="a new or empty folder", do="Name another.")
        path.parent.mkdir(parents=True, exist_ok=True)
        _take_away(beside)
        yield beside
        beside.replace(path)
    except OSError:
        raise BadInput(
            got=f"--out {path}, which cannot be written", expected="a path that can", do="Name another."
        ) from None
    finally:
        _take_away(beside)


def _take_away(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
