"""`afterward worklist`: fill the list, and who may sign in. Nothing heavy is imported until one runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

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
@click.option(
    "--panel", "panels", multiple=True, help="A practice whose people they call; may be repeated. All if none."
)
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
            whose = ", ".join(one.panels) or "the whole network"
            click.echo(f"{one.name}: {', '.join(one.roles)}; {whose}; {one.capacity} calls a day")


def _database() -> Engine:
    from serving.database import current, upgrade

    upgrade(current())
    return current()


COMMANDS = (worklist,)
