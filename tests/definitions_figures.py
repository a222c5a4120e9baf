"""docs/definitions-figures.md: what the definitions give on DE-SynPUF Sample 1 and on a simulated network.

python -m tests.definitions_figures SYNPUF_STORE NETWORK_STORE > docs/definitions-figures.md
"""

from __future__ import annotations

import sys
from pathlib import Path

from features.definitions.hwr import CMS_2021, Scope
from features.definitions.report import Section, report, told
from features.record.record import open_record

OPENING = """# Figures of the definitions

What `afterward definitions` tells of two stores that anybody can make: CMS's DE-SynPUF Sample 1, whose people are
synthetic, and a simulated network, in which nobody is real. They are no rates of any hospital. What each rule is stands
in [the manual](definitions.md).

    afterward load synpuf ../shared/data/desynpuf_sample1 --store stores/synpuf
    afterward simulate --members 12000 --years 3 --seed 7 --out stores/files
    afterward load tuva stores/files --store stores/network
    python -m tests.definitions_figures stores/synpuf stores/network > docs/definitions-figures.md

No test compares this page, since loading both stores takes longer than a test may: write it anew when a rule changes.
"""
HEADS = ("DE-SynPUF Sample 1", "The simulated network")
COMMAND = "    afterward definitions --store {store}{more}"
ANYBODY = Scope(0)


def page(stores: tuple[Path, Path]) -> str:
    """The whole page, of the two stores."""
    parts = [OPENING]
    for head, store in zip(HEADS, stores, strict=True):
        record = open_record(store)
        parts.append(f"## {head}\n\n{_block(report(record, CMS_2021), store)}")
        measured = [
            one for one in report(record, ANYBODY) if one.about == "hwr" and one.name in ("attrition", "overall")
        ]
        more = " --payer any --youngest 0"
        parts.append(f"Measured of everybody, whatever their payer and age:\n\n{_block(tuple(measured), store, more)}")
    return "\n".join(parts)


def _block(sections: tuple[Section, ...], store: Path, more: str = "") -> str:
    lines = "\n".join(line.rstrip() for line in told(sections))
    return f"{COMMAND.format(store=f'stores/{store.name}', more=more)}\n\n```\n{lines}\n```\n"


if __name__ == "__main__":
    print(page((Path(sys.argv[1]), Path(sys.argv[2]))), end="")  # noqa: T201  # this is what the command is for
