"""Print the part of a lock that another lock lacks: how requirements-extras.lock is made (`make lock`)."""

from __future__ import annotations

import re
import sys
from pathlib import Path


def pinned(lock: Path) -> dict[str, str]:
    """Each package of a lock with its whole entry, hashes included."""
    entries = re.split(r"\n(?=\S)", lock.read_text().strip())
    return {entry.split("==")[0]: entry for entry in entries}


if __name__ == "__main__":
    whole, base = (pinned(Path(name)) for name in sys.argv[1:3])
    sys.stdout.write("\n".join(entry for name, entry in whole.items() if name not in base) + "\n")
