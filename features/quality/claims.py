"""Claims told twice, stays that never end, and rows that point to nothing."""

from __future__ import annotations

from features.definitions.stays import final_stays
from features.quality.rule import Finding, Limits, Rule, Verdict, told
from features.quality.seen import Seen
from features.record.known import FOREVER, with_claim_versions
from features.record.tables import CLAIM_LINE, PROVIDER

TWICE = Limits(warn=0.01, fail=0.05)
OPEN = Limits(warn=0.02, fail=0.1)
OPEN_DAYS = 60
BROKEN = Limits(warn=0.01, fail=0.05)
# what names a claim and when it was known tells two claims apart; all else makes them the same
APART = ("claim_id", "version", "cancels", "known_at", "known_from", "known_until", "claim_line_number", "bucket")


def _twice(seen: Seen) -> tuple[Finding, ...]:
    """Lines of claims in force whose every fact, the amount among them, stands on another claim too."""
    lines = with_claim_versions(seen.record, CLAIM_LINE)
    lines = lines.filter(lines.known_until == FOREVER, lines.paid.notnull(), lines.paid != 0)
    same = [name for name in lines.columns if name not in APART and not name.endswith("_right")]
    groups = lines.group_by(*same).aggregate(lines=lines.count(), claims=lines.claim_id.nunique())
    # of lines on several claims all but those of one claim are too many
    more = (groups.lines * (groups.claims - 1) // groups.claims).cast("int64")
    found = groups.group_by("source").aggregate(
        bad=more.sum(), of=groups.lines.sum(), who=groups.person_id.nunique(where=groups.claims > 1)
    )
    return tuple(
        Finding(
            one["source"], int(one["bad"]), int(one["of"]), one["who"], TWICE.verdict(int(one["bad"]), int(one["of"]))
        )
        for one in seen.rows(found.order_by("source"))
    )


def _open(seen: Seen) -> tuple[Finding, ...]:
    """Acute stays that began OPEN_DAYS or more before the last that was told, and whose end nobody told."""
    stays = final_stays(seen.record)
    days = stays.aggregate(last=stays.admit_day.max())
    [last] = seen.rows(days)
    if last["last"] is None:
        return ()
    old = stays.filter(stays.admit_day <= last["last"] - OPEN_DAYS)
    never = old.discharge_day.isnull()
    [one] = seen.rows(
        old.aggregate(
            bad=never.cast("int64").sum().fill_null(0), of=old.count(), who=old.person_id.nunique(where=never)
        )
    )
    return (Finding("acute stays", int(one["bad"]), one["of"], one["who"], OPEN.verdict(int(one["bad"]), one["of"])),)


def _broken(seen: Seen) -> tuple[Finding, ...]:
    """Values of columns that refer to another table and do not stand there; not judged where that table is empty."""
    found = []
    for table in (table for table in seen.tables if table is not PROVIDER):
        for column in (column for column in table.columns if column.refers):
            rows = seen.record[table]
            rows = rows.filter(rows[column.name].notnull())
            target, name = column.refers.split(".")
            there = seen.record.tables[target].select(there=name).distinct()
            about = f"{table.name}.{column.name} to {target}"
            if not seen.rows(there.limit(1)):
                found.append(Finding(about, 0, 0, None, Verdict.NOT_JUDGED))
                continue
            lost = rows.anti_join(there, rows[column.name] == there.there)
            [of] = seen.rows(rows.aggregate(n=rows.count()))
            [bad] = seen.rows(lost.aggregate(n=lost.count(), who=lost.person_id.nunique()))
            found.append(Finding(about, bad["n"], of["n"], bad["who"], BROKEN.verdict(bad["n"], of["n"])))
    return tuple(found)


RULES = (
    Rule(
        "claim_told_twice",
        "lines whose every fact stands on another claim too",
        told(TWICE, "the paid claim lines of a source"),
        "The same file under new claim numbers: visits and costs count twice.",
        _twice,
    ),
    Rule(
        "stay_without_discharge",
        f"acute stays that began {OPEN_DAYS} days or more before the last one, without an end",
        told(OPEN, "such stays"),
        "Who is never discharged is never called; discharge messages are lost.",
        _open,
    ),
    Rule(
        "points_to_nothing",
        "rows whose claim, encounter or facility stands nowhere in the record",
        told(BROKEN, "the values of a column"),
        "A file of the delivery is missing, or numbers were changed in one and not in the other.",
        _broken,
    ),
)
