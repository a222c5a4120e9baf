"""docs/features.md, written from the catalogue: `python -m tests.features_page > docs/features.md`."""

from __future__ import annotations

from collections.abc import Iterable

from features.catalogue import CATALOGUE
from features.catalogue.algebra import THIS_DAY, Facts, Family, Feature, Ratio, Statistic
from features.catalogue.declaration import Column
from features.catalogue.gaps import GAP_FEATURES
from features.dataset import columns

OPENING = """# The features: what a model is told of a patient

This page is written by `python -m tests.features_page` from the declarations in `features/catalogue`; a test fails when
they differ. There are {count} columns in {features} features.

A column's name is made of its family, its label where the family has labels, its statistic and the days of its window:
`stays_count_180d`, `lab_sodium_last_365d`. Each family says which days its windows hold: "1 to 30" leaves the day of
admission out, "0 to 29" counts it as the first. Only what was known at the discharge counts ([time.md](time.md)).

| statistic | what it is | when there was nothing |
|---|---|---|
| `count` | how many events | 0 |
| `days` | on how many different days | 0 |
| `sum` | their values added up | 0 |
| `any` | 1 when there was one | 0 |
| `since` | days between the latest one and the admission or discharge; of what is booked, the first | null |
| `last` | value of the latest one; of two at one time the larger | null |
| `min`, `max` | the lowest, the highest value | null |

**Null means not known**, as each family says. Where a source lacks what a family *needs*, its columns are null: "not
evaluable on this source", never 0. Money is in cents.
"""
LISTED = 6
OF_STAYS = "Facts of the index stay and the person, as known at discharge."
OF_GAPS = """# The features of care gaps

The models of care gaps have {count} columns. An index row is a person, a day and a measure whose gap is open on that
day; there is no stay, so that day stands for admission and discharge. These features are the same as above: {others}.
The others are these.
"""


def page() -> str:
    """The whole page, ending in a newline."""
    parts = [OPENING.format(count=len(columns(CATALOGUE)), features=len(CATALOGUE))]
    parts += [_section(feature) for feature in CATALOGUE]
    own = [feature for feature in GAP_FEATURES if not _in_catalogue(feature)]
    others = [_name(feature) for feature in GAP_FEATURES if _in_catalogue(feature)]
    parts.append(OF_GAPS.format(count=len(columns(GAP_FEATURES)), others=", ".join(f"`{name}`" for name in others)))
    parts += [_section(feature) for feature in own]
    return "\n".join(parts)


def _name(feature: Feature) -> str:
    return feature.declared.name if isinstance(feature, Ratio) else feature.name


def _in_catalogue(feature: Feature) -> bool:
    return _name(feature) in {_name(each) for each in CATALOGUE}


def _section(feature: Feature) -> str:
    if isinstance(feature, Family):
        return _family(feature)
    if isinstance(feature, Facts):
        return _facts(feature)
    return _ratio(feature)


def _family(family: Family) -> str:
    labelled = family.labels[0] is not None
    found = family.columns()
    first = [column for column in found if labelled and column.name.startswith(f"{family.name}_{family.labels[0]}_")]
    shown = first or list(found)
    lines = [_heading(family.name, family.group, family.needs, family.actionable)]
    rows = [
        (f"`{_pattern(column.name, family)}`", column.window, _unit(column), _sentence(column, family))
        for column in shown
    ]
    lines.append(_table(("column", "window", "unit", "how it is told"), rows))
    lines.append(_edges(family))
    lines.append(_missing(family))
    if labelled:
        lines.append(_table(("LABEL", "what it is"), [(f"`{label}`", words) for label, words in _words(family)]))
    return "\n".join(lines)


def _words(family: Family) -> list[tuple[str, str]]:
    assert not isinstance(family.words, str)
    units = family.measured.units if family.measured else {}
    return [
        (label, f"{words} ({units[label]})" if units.get(label) else words) for label, words in family.words.items()
    ]


def _pattern(name: str, family: Family) -> str:
    label = family.labels[0]
    return name if label is None else name.replace(f"{family.name}_{label}_", f"{family.name}_LABEL_", 1)


def _unit(column: Column) -> str:
    return column.unit or "a number"


def _sentence(column: Column, family: Family) -> str:
    if isinstance(family.words, str):
        return column.sentence
    return column.sentence.replace(next(iter(family.words.values())), "WORDS", 1)


def _edges(family: Family) -> str:
    days = ", ".join(f"{window.nearest} to {window.farthest}" for window in sorted(family.windows))
    anchor = family.anchor if family.anchor == THIS_DAY else f"the {family.anchor}"
    return f"Days between the event and {anchor}: {days}.\n"


def _missing(family: Family) -> str:
    zero = {Statistic.COUNT, Statistic.DAYS, Statistic.SUM, Statistic.ANY} & set(family.statistics)
    null = set(family.statistics) - zero
    said = []
    if zero:
        said.append("0 where there was none, null where it is not evaluable on the source")
    if null:
        said.append(f"null where none was known ({', '.join(f'`{s.value}`' for s in family.statistics if s in null)})")
    return f"Missing: {'; '.join(said)}.\n"


def _facts(facts: Facts) -> str:
    about = "Facts of the gap and the person, as known on the day." if facts in GAP_FEATURES else OF_STAYS
    lines = [f"## {facts.name}\n\n{about}\n"]
    rows = [
        (
            f"`{c.name}`",
            c.group,
            _unit(c),
            c.sentence,
            c.missing,
            ", ".join(f"`{n}`" for n in facts.needs.get(c.name, ())),
        )
        for c in facts.declared
    ]
    lines.append(_table(("column", "group", "unit", "how it is told", "missing", "needs"), rows))
    return "\n".join(lines)


def _ratio(ratio: Ratio) -> str:
    c = ratio.declared
    # a score of a hundred flags is told by its first and its last
    shown = ratio.of if len(ratio.of) <= LISTED else (ratio.of[0], "...", *ratio.of[-LISTED:])
    told = ", ".join(name if name == "..." else f"`{name}`" for name in shown)
    row = (f"`{c.name}`", c.window, _unit(c), c.sentence, c.missing, told)
    return (
        _heading(c.name, c.group, (), c.actionable)
        + "\n"
        + _table(("column", "window", "unit", "how it is told", "missing", "from"), [row])
    )


def _heading(name: str, group: str, needs: tuple[str, ...], actionable: bool) -> str:
    told = f"Reasons call it *{group}*" + (", and someone can act on it." if actionable else ".")
    return (
        f"## {name}\n\n{told} Needs: {', '.join(f'`{need}`' for need in needs) or 'nothing that a source can lack'}.\n"
    )


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
