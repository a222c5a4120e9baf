"""`afterward worklist`: fill the list, and who may sign in. Nothing heavy is imported until one runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from features.errors import BadInput

if TYPE_CHECKING:
    from sqlalchemy import Engine


@click.group()
def worklist() -> None:
    """The worklist that care managers work on: fill it in the morning, say who may sign in."""


@worklist.command("fill")
@click.option("--store", required=True, type=click.Path(path_type=Path), help="The store to read.")
@click.option("--day", required=True, metavar="YYYY-MM-DD", help="The day of the list: what was known by its end.")
@click.option(
    "--model", "models", multiple=True, help="A model to rank by; may be repeated. All with a champion if absent."
)
@click.option(
    "--gaps", type=click.Path(path_type=Path), help="Open care gaps to show: what `afterward gaps --as-of` --day wrote."
)
@click.option("--back", default=7, show_default=True, type=click.IntRange(1, 30), help="Days of discharges to look at.")
def fill(store: Path, day: str, models: tuple[str, ...], gaps: Path | None, back: int) -> None:
    """Bring the worklist to the morning of a day: new discharges, what became of the others, the order and why."""
    from features import windows
    from features.measures.gaps_file import read_open
    from features.record.record import open_record
    from serving import kept_rows
    from serving.database import writing
    from serving.kept import Occasion, home, keep_list
    from serving.worklist.fill import fill as filled
    from serving.worklist.fill import last_fill, people_to_follow
    from serving.worklist.morning import first_day_of, morning, named

    today = windows.parse_day(day)
    champions = named(models)
    still_open = read_open(gaps, today) if gaps else {}
    record = open_record(store)
    engine = _database()
    with engine.connect() as connection:
        first, followed = first_day_of(today, last_fill(connection), back), people_to_follow(connection)
    told = morning(record, champions, first, today, still_open, followed)
    for made_by, with_ in zip(told.lists, champions, strict=True):
        keep_list(home(), Occasion("list"), made_by, with_, record.fingerprint, record.zone)
    kept_rows.gather(home().folder, int(windows.local_day(windows.now(), record.zone)))
    with writing(engine) as connection:
        made = filled(connection, told)
    click.echo(f"Worklist of {windows.spoken(today)}, by {', '.join(with_.spec.name for with_ in champions)}")
    click.echo(f"{made.new} new, {made.on_the_list} on the list, {made.reopened} back on it")
    for why, count in sorted(made.closed.items()):
        click.echo(f"{count} off the list: {why}")


@worklist.command("account")
@click.argument("name")
@click.option("--full-name", default="", help="As colleagues read it.")
@click.option("--role", "roles", multiple=True, help="care_manager or supervisor; may be repeated.")
@click.option("--panel", "panels", multiple=True, help="A practice whose people they call; may be repeated.")
@click.option("--calls", default=20, show_default=True, help="Calls a day.")
def account(name: str, full_name: str, roles: tuple[str, ...], panels: tuple[str, ...], calls: int) -> None:
    """Make an account NAME and print its password, once."""
    from serving.database import writing
    from serving.worklist import accounts

    with writing(_database()) as connection:
        password = accounts.add(connection, name, full_name, roles or (accounts.CARE_MANAGER,), panels, calls)
    click.echo(f"{name} may sign in with the password {password}")


@worklist.command("password")
@click.argument("name")
def password(name: str) -> None:
    """Give the account NAME a new password and print it, once; whoever is signed in with it is out."""
    from serving.database import writing
    from serving.worklist import accounts

    with writing(_database()) as connection:
        given = accounts.new_password(connection, name)
    click.echo(f"{name} may sign in with the password {given}")


@worklist.command("switch-off")
@click.argument("name")
def switch_off(name: str) -> None:
    """Let nobody sign in as NAME any more. What they did stays under their name."""
    from serving.database import writing
    from serving.worklist import accounts

    with writing(_database()) as connection:
        accounts.switch_off(connection, name)
    click.echo(f"{name} may not sign in any more")


@worklist.command("accounts")
def accounts() -> None:
    """Who may sign in: name, roles, panels, calls a day."""
    from serving.worklist import accounts as them

    with _database().connect() as connection:
        for one in them.accounts(connection):
            whose = "the whole network" if them.SUPERVISOR in one.roles else ", ".join(one.panels)
            click.echo(f"{one.name}: {', '.join(one.roles)}; {whose}; {one.capacity} calls a day")


@worklist.command("contacts")
@click.option("--day", required=True, metavar="YYYY-MM-DD", help="The day whose calls are written.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="CSV to write.")
def contacts(day: str, out: Path) -> None:
    """Write a day's calls as contacts, which `afterward load outreach` takes into the record."""
    from features import windows
    from serving.worklist.contacts import contacts_csv

    with _database().connect() as connection:
        text = contacts_csv(connection, windows.parse_day(day))
    _write(out, text)
    click.echo(f"{text.count(chr(10)) - 1} contacts in {out}")


@worklist.command("digest")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write into; made if absent.")
def digest(out: Path) -> None:
    """Write for each practice a CSV of its own people whose work is open."""
    from serving.worklist.contacts import write_digests

    try:
        with _database().connect() as connection:
            count = write_digests(connection, out)
    except OSError:
        raise BadInput(got=f"--out {out}, which cannot be written", expected="a folder", do="Name another.") from None
    click.echo(f"{count} practices in {out}")


@worklist.command("tasks")
@click.option("--out", type=click.Path(path_type=Path), help="Write the open work here as FHIR Tasks, one a line.")
@click.option("--take", "taken", type=click.Path(path_type=Path), help="Do what the Tasks of an EHR in this file say.")
def tasks(out: Path | None, taken: Path | None) -> None:
    """Give the open work to an EHR's task list as FHIR Tasks (--out), or take its answers (--take)."""
    if (out is None) == (taken is None):
        raise BadInput(got="not one of --out and --take", expected="one of them", do="Name a file by one of them.")
    if out is not None:
        _give(out)
    elif taken is not None:
        _take(taken)


def _give(out: Path) -> None:
    from serving.worklist import clock, store
    from serving.worklist.fhir_task import tasks as written
    from serving.worklist.states import WORKING

    with _database().connect() as connection:
        text = written(store.items(connection, WORKING), clock.zone(connection))
    _write(out, text)
    click.echo(f"{text.count(chr(10))} Tasks in {out}")


def _take(given: Path) -> None:
    from serving.database import writing
    from serving.worklist import clock
    from serving.worklist.fhir_task import take

    try:
        text = given.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise BadInput(got=f"--take {given}, which cannot be read", expected="NDJSON", do="Name the file.") from None
    with writing(_database()) as connection:
        done = take(connection, text, clock.today(connection))
    click.echo(f"{done.done} done, {done.same} said nothing new, {len(done.refused)} refused")
    for line, why in done.refused.items():
        click.echo(f"line {line}: {why}", err=True)


def _write(out: Path, text: str) -> None:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8", newline="\n")
    except OSError:
        raise BadInput(got=f"--out {out}, which cannot be written", expected="a file", do="Name another.") from None


def _database() -> Engine:
    from serving.database import current, upgrade

    upgrade(current())
    return current()


COMMANDS = (worklist,)
