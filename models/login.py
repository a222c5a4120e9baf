"""Who did it, for the logs of decisions."""

from __future__ import annotations

import getpass


def who() -> str:
    """The login name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in some containers
        return "unknown"
