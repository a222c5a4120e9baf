"""What became of the calls, given back: to the record as contacts, to each practice as the day's file of its people."""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from pathlib import Path

from sqlalchemy import Connection, select

from features import windows
from features.sources.outreach import COLUMNS
from serving.worklist import clock, store
from serving.worklist.export import list_csv
from serving.worklist.states import WORKING, Action
from serving.worklist.store import Item
from serving.worklist.tables import EVENT, ITEM

OUTCOMES = {
    Action.ATTEMPT.value: "attempted",
    Action.REACH.value: "reached",
    Action.SCHEDULE.value: "scheduled",
    Action.DECLINE.value: "declined",
}


def contacts_csv(connection: Connection, day: int) -> str:
    """The contacts of one day, as the format `outreach` loads them. Notes stay here: they are not for models."""
    zone = clock.zone(connection)
    wanted = select(EVENT, ITEM.c.person_id, ITEM.c.stay_id).join(ITEM, ITEM.c.item_id == EVENT.c.item_id)
    wanted = wanted.where(EVENT.c.day == day, EVENT.c.action.in_(list(OUTCOMES))).order_by(EVENT.c.event_id)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in connection.execute(wanted).mappings():
        event = store.event_of(row)
        made_at = f"{windows.iso(event.day)} {windows.stamp(event.at, zone)[11:19]}"
        spoke_to = event.details.get("spoke_to", "")
        told = (f"worklist-{row['event_id']}", row["person_id"], row["stay_id"], made_at, "call")
        writer.writerow([*told, OUTCOMES[event.action], spoke_to])
    return out.getvalue()


def digests(connection: Connection) -> dict[str, str]:
    """For each practice the name of its file and the list of its own people whose work is open, as CSV."""
    by_practice: dict[str, list[Item]] = defaultdict(list)
    for one in store.items(connection, WORKING):
        by_practice[one.practice].append(one)
    names = _file_names(sorted(by_practice))
    return {names[practice]: list_csv(people) for practice, people in sorted(by_practice.items())}


def _file_names(practices: list[str]) -> dict[str, str]:
    """A file's name for each practice; two whose names come to the same are told apart by a number."""
    found: dict[str, str] = {}
    for practice in practices:
        plain = re.sub(r"[^a-z0-9]+", "-", practice.lower()).strip("-") or "no-practice"
        number = sum(1 for name in found.values() if re.fullmatch(rf"{plain}(-\d+)?\.csv", name))
        found[practice] = f"{plain}.csv" if not number else f"{plain}-{number + 1}.csv"
    return found


def write_digests(connection: Connection, folder: Path) -> int:
    """Write each practice's file into a folder that only its owner may read; gives how many."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = digests(connection)
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return len(made)
