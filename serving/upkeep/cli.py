"""`afterward keys`, `audit-log` and `database`. Nothing heavy is imported until one runs."""

from __future__ import annotations

import os
from getpass import getuser
from pathlib import Path

import click

from features.errors import BadDatabase, BadInput


@click.group()
def keys() -> None:
    """Make, list, change and take back the keys of machines that call the service."""


def _who() -> str:
    """Whoever runs this, for the audit log."""
    try:
        return f"command line: {getuser()}"
    except (KeyError, OSError):  # a container's user often has no name
        return "command line"


@keys.command("add")
@click.argument("name")
@click.option("--role", "roles", multiple=True, required=True, help="What it may do; may be given several times.")
@click.option("--scope", "scopes", multiple=True, help="What more it may see: sensitive:substance_use; several times.")
@click.option("--panel", "panels", multiple=True, help="A practice whose people a care_manager sees; several times.")
@click.option("--expires", metavar="YYYY-MM-DD", help="Its last day, in UTC; without it, it stays valid.")
def add_(
    name: str, roles: tuple[str, ...], scopes: tuple[str, ...], panels: tuple[str, ...], expires: str | None
) -> None:
    """Make a key for a system of this name and show it, once."""
    from features import windows
    from serving.auth.caller import Caller
    from serving.auth.keys import add, checked_roles
    from serving.database import current, upgrade

    ends = int(windows.end_of_day(windows.parse_day(expires), "UTC")) if expires else None
    caller = Caller(name, checked_roles(roles), frozenset(scopes), frozenset(panels))
    upgrade(current())
    _show(add(current(), caller, ends, _who()))


@keys.command("list")
def list_() -> None:
    """Tell which keys there are, what they may do and until when; never the keys themselves."""
    from features import windows
    from serving.auth.keys import every, is_valid
    from serving.database import current, upgrade

    upgrade(current())
    for key in every(current()):
        state = "valid" if is_valid(key, windows.now()) else "taken back" if key.revoked is not None else "run out"
        until = "" if key.expires is None else f", until {windows.stamp(key.expires, 'UTC')}"
        rights = " ".join(sorted(key.caller.roles) + sorted(key.caller.scopes))
        panels = f", panels {'; '.join(sorted(key.caller.panels))}" if key.caller.panels else ""
        made = windows.stamp(key.made, "UTC")
        click.echo(f"{key.caller.name}  {key.key_id}  {state}{until}: {rights}{panels}, made {made}")


@keys.command("rotate")
@click.argument("name")
@click.option(
    "--hours", default=24, show_default=True, type=click.IntRange(0, 24 * 90), help="How long the old one still works."
)
def rotate_(name: str, hours: int) -> None:
    """Make a new key with the same rights and show it, once; the old one ends a little later."""
    from serving.auth.keys import rotate
    from serving.database import current, upgrade

    upgrade(current())
    _show(rotate(current(), name, hours, _who()))


@keys.command("revoke")
@click.argument("name")
def revoke_(name: str) -> None:
    """Take back every key of this name: within two seconds it opens nothing."""
    from serving.auth.keys import revoke
    from serving.database import current, upgrade

    upgrade(current())
    click.echo(f"{name}: {revoke(current(), name, _who())} taken back")


def _show(text: str) -> None:
    click.echo(text)
    click.echo("afterward: this is shown once and kept nowhere; give it to the caller as a secret", err=True)


@click.group("audit-log")
def audit_log() -> None:
    """Check the log of who saw or scored whom."""


@audit_log.command("verify")
@click.option(
    "--anchors",
    type=click.Path(path_type=Path),
    help="File of numbers and hashes of lines that once were the last; default AFTERWARD_AUDIT_ANCHORS.",
)
def verify_(anchors: Path | None) -> None:
    """Find lines that were altered, taken out or moved, and by anchors also lines that were cut off at the end."""
    from serving.audit.verify import read_anchors, verify
    from serving.database import current, within_reach
    from serving.settings import audit_anchors

    told = anchors or audit_anchors(os.environ)
    with within_reach():
        found = verify(current(), read_anchors(told) if told else {})
    if found.wrong:
        raise BadDatabase(
            got=f"an audit log of {found.lines:,} lines in which {'; '.join(found.wrong)}",
            expected="every line as it was written",
            do="Keep the database as it is and find out who could write to it.",
        )
    click.echo(f"{found.lines:,} lines, each as it was written; the last is {found.last} {found.last_hash}")
    if not told:
        click.echo("afterward: without --anchors nobody can tell whether lines are missing at the end", err=True)


@audit_log.command("export")
@click.option("--person", help="Only what concerns this person, by the id in the store.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="NDJSON to write. It tells who was seen.")
def export_(person: str | None, out: Path) -> None:
    """Write the log as FHIR AuditEvents, one a line: whole, or who saw one person."""
    from serving.audit.fhir import export
    from serving.database import current, within_reach

    try:
        with within_reach():
            lines = export(current(), out, person)
    except OSError:
        raise BadInput(
            got=f"--out {out}, which cannot be written", expected="a file that can", do="Name another."
        ) from None
    click.echo(f"{lines:,} lines in {out}")


@audit_log.command("head")
def head_() -> None:
    """Tell the last line's number and hash, to be kept where nobody who can write to the database can."""
    from serving.audit.writer import newest
    from serving.database import current, within_reach

    with within_reach(), current().connect() as connection:
        seq, hash_ = newest(connection)
    click.echo(f"{seq} {hash_}")


@click.group()
def database() -> None:
    """Look after the service's own database."""


@database.command("upgrade")
def upgrade_() -> None:
    """Bring its tables to this version's form, as `serve` does when it starts; nothing changes where they have it."""
    from serving.database import current, upgrade

    upgrade(current())
    click.echo(f"the {current().dialect.name} database has this version's tables")


COMMANDS = (keys, audit_log, database)
