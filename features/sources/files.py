"""The files that a load was given: folders walked, zip and gzip opened, each file known by its content."""

from __future__ import annotations

import gzip
import hashlib
import re
import shutil
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, cast

from features.errors import BadInput

DATA_ENDINGS = (".csv", ".txt", ".parquet", ".json", ".ndjson", ".hl7", ".er7")
BLOCK = 1 << 20
ZIP = b"PK"  # how every zip begins


@dataclass(frozen=True)
class InputFile:
    """One file of data on local disk, unpacked. `name` is what a report shows; `sha256` is that of the content, `state`
    its size and when it was last changed, as that was hashed.
    """

    name: str
    path: Path
    sha256: str
    state: tuple[int, int] = (0, 0)


def input_files(given: Path, scratch: Path, named: str = "") -> list[InputFile]:
    """Every data file under a folder (sub-folders included), a zip or a single file, by name; each content once.

    `named` is a pattern of names that have no ending of data: files, or zips of files, of a format that names them so.
    Of two files of one name each is called by its path. Raises BadInput where the path is absent or holds no data file,
    or a zip or gzip is damaged.
    """
    if not given.exists():
        raise BadInput(got="a path that is not there", expected="a folder or a file", do=f"Check {given}.")
    paths = sorted(p for p in given.rglob("*") if p.is_file()) if given.is_dir() else [given]
    files = [file for path in paths for file in _opened(path, given, scratch, named)]
    if not files:
        raise BadInput(
            got=f"no data file in {given}",
            expected=f"{', '.join(DATA_ENDINGS)}, .gz or .zip{', or a name as the sender gave it' if named else ''}",
            do="Check the folder.",
        )
    unique = list({file.sha256: file for file in reversed(files)}.values())
    names = Counter(Path(file.name).name for file in unique)
    called = [replace(file, name=_name(file, names)) for file in unique]
    return sorted(called, key=lambda file: (file.name, file.sha256))


def _name(file: InputFile, names: Counter[str]) -> str:
    base = Path(file.name).name
    return base if names[base] == 1 else file.name


def _opened(path: Path, given: Path, scratch: Path, named: str) -> Iterator[InputFile]:
    place = path.relative_to(given).as_posix() if path != given else path.name
    known_by_name = _is_named(path.name, named)
    try:
        if path.suffix.lower() == ".zip" or (known_by_name and _head(path) == ZIP):
            with zipfile.ZipFile(path) as archive:
                for member in sorted(archive.namelist()):
                    name = Path(member).name
                    ours = member.lower().endswith(DATA_ENDINGS) or _is_named(name, named)
                    if ours and not member.endswith("/") and not name.startswith("."):
                        with archive.open(member) as inside:
                            yield _unpacked(inside, f"{place}/{member}", scratch)
        elif path.suffix.lower() == ".gz" and path.stem.lower().endswith(DATA_ENDINGS):
            with gzip.open(path) as inside:
                yield _unpacked(cast("IO[bytes]", inside), place.removesuffix(path.suffix), scratch)
        elif path.suffix.lower() in DATA_ENDINGS or known_by_name:
            yield _hashed(place, path)
    except (zipfile.BadZipFile, gzip.BadGzipFile, EOFError, zlib.error):
        raise BadInput(got=f"{path.name}, which is damaged", expected="a whole archive", do="Fetch it again.") from None
    except (RuntimeError, NotImplementedError):
        raise BadInput(
            got=f"{path.name}, which is encrypted or packed in an unknown way",
            expected="a plain zip",
            do="Unpack it first.",
        ) from None


def _is_named(name: str, named: str) -> bool:
    return bool(named) and re.search(named, name) is not None


def _head(path: Path) -> bytes:
    with path.open("rb") as data:
        return data.read(len(ZIP))


def _unpacked(inside: IO[bytes], name: str, scratch: Path) -> InputFile:
    target = scratch / f"{len(list(scratch.iterdir())):04d}-{Path(name).name}"
    with target.open("wb") as out:
        shutil.copyfileobj(inside, out, BLOCK)
    return _hashed(name, target)


def _hashed(name: str, path: Path) -> InputFile:
    before = _state(path)
    return InputFile(name, path, _hash(path), before)


def _state(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def check_unchanged(files: Iterable[InputFile]) -> None:
    """Raises BadInput where a file is no longer what was hashed: rows would be loaded under a name that is not theirs,
    or half of them.
    """
    for file in files:
        if not file.path.exists() or _state(file.path) != file.state:
            raise BadInput(
                got=f"{file.name}, which changed while it was read",
                expected="a file that nobody writes to",
                do="Load it again when it is whole; the store is as it was.",
            )


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as data:
        while block := data.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
