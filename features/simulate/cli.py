"""`afterward simulate`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--members", type=int, default=20_000, show_default=True, help="How many members the network has.")
@click.option("--years", type=int, default=3, show_default=True, help="How many years its files cover.")
@click.option("--seed", type=int, default=7, show_default=True, help="The same seed gives the same bytes.")
@click.option("--label-bias", type=float, default=0.0, show_default=True,
              help="Share of needed care that one group does not get (0 to 1).")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new or empty folder.")
def simulate(members: int, years: int, seed: int, label_bias: float, out: Path) -> None:
    """Write what a network of invented members would receive: claims, results, messages, and a planted truth."""
    from features.simulate.network import simulate as write_network

    write_network(members, years, seed, out, label_bias)
    click.echo(f"Simulated {members} members over {years} years (seed {seed}) in {out}.")
