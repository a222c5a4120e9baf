"""docs/quality.md, written from the rules. Run `python -m tests.quality_page > docs/quality.md` after a change."""

from __future__ import annotations

from features.quality.page import RULES

OPENING = """# Data quality

*Written from the rules themselves by `python -m tests.quality_page > docs/quality.md`; a test compares the two.*

`afterward check --store STORE` asks these rules of a store and writes `check.html` and `check.json`. A rule is asked of
each source, table or column on its own and its verdict is the worst of these: *pass*, *warn*, *fail*, or *not judged*
where there is nothing to ask. Nothing is told of fewer than 11 people. What a column is held to (how often it is
filled, which numbers are plausible, where its value stands too) is part of the column's declaration; see
[data.md](data.md).
"""


def page() -> str:
    """The whole page, ending in a newline."""
    lines = [OPENING, "| rule | looks for | limit | why |", "| --- | --- | --- | --- |"]
    lines += [f"| `{rule.name}` | {rule.looks_for} | {rule.limit} | {rule.why} |" for rule in RULES]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
