"""A real PostgreSQL on loopback, started for the tests and stopped after them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from uuid import uuid4

import psycopg


def binaries() -> Path | None:
    """Where the server's programs are: on the path, or where Debian puts them."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return places[-1].parent if places else None


@contextmanager
def server(programs: Path) -> Iterator[str]:
    """The URL of a server whose files lie in a folder of its own, without a database's name at its end."""
    as_user: tuple[str, ...] = ()
    folder = Path(mkdtemp(prefix="afterward-postgres-"))
    if os.geteuid() == 0:  # PostgreSQL does not run as root
        as_user = ("runuser", "-u", "postgres", "--")
        shutil.chown(folder, "postgres", "postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    files = folder / "files"
    _run(*as_user, programs / "initdb", "-D", files, "-U", "afterward", "--auth=trust", "--encoding=UTF8", "--no-sync")
    settings = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder}"
    control: tuple[str | Path, ...] = (*as_user, programs / "pg_ctl", "-D", files, "-l", folder / "log")
    _run(*control, "-o", settings, "-w", "start")
    try:
        yield f"postgresql://afterward@127.0.0.1:{port}"
    finally:
        _run(*control, "-m", "immediate", "stop")
        shutil.rmtree(folder)


def _run(*words: str | Path) -> None:
    subprocess.run([str(word) for word in words], check=True, capture_output=True, timeout=60, cwd="/")


def fresh(running: str) -> str:
    """The URL of a new, empty database of a running server."""
    name = f"t{uuid4().hex}"
    with psycopg.connect(f"{running}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return f"{running}/{name}"
