"""`afterward audit` and `afterward monitor`. Nothing heavy is imported until one runs."""

from __future__ import annotations

import click

COMMANDS: tuple[click.Command, ...] = ()
