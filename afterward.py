"""The front door: one command line; each room brings its own commands, and nothing heavy is imported until one runs."""

from __future__ import annotations

import os
import sys
from itertools import chain

import click

# nothing that we start phones home; both libraries read these when they are imported
os.environ["BENTOML_DO_NOT_TRACK"] = "True"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
# on a busy machine, threads that spin while they wait for each other quadruple the time that trees take to grow
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from features.definitions.cli import COMMANDS as DEFINITIONS  # after the settings above
from features.errors import Failure, places
from features.measures.cli import COMMANDS as MEASURES
from features.quality.cli import COMMANDS as QUALITY
from features.record.cli import COMMANDS as RECORD
from features.simulate.cli import simulate
from features.sources.cli import load
from serving.campaign.cli import COMMANDS as CAMPAIGN
from serving.cli import COMMANDS as SERVING
from serving.committee.cli import COMMANDS as COMMITTEE
from serving.committee.impact.cli import COMMANDS as IMPACT
from serving.committee.scorecard.cli import scorecard
from serving.upkeep.cli import COMMANDS as UPKEEP
from serving.worklist.cli import COMMANDS as WORKLIST
from training.cli import COMMANDS as TRAINING


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """Afterward tells a clinically integrated network which patients to call first, and why.

    The usual order: load, train, evaluate, promote, score, serve.
    """


ROOMS = (
    (load,),
    RECORD,
    QUALITY,
    (simulate,),
    DEFINITIONS,
    MEASURES,
    TRAINING,
    SERVING,
    CAMPAIGN,
    UPKEEP,
    COMMITTEE,
    (scorecard,),
    IMPACT,
    WORKLIST,
)
for command in chain.from_iterable(ROOMS):
    cli.add_command(command)


def main() -> None:
    """Run one command. A failure that a user can mend is one line on standard error and its own exit code."""
    try:
        cli(prog_name="afterward", standalone_mode=False)
    except Failure as failure:
        click.echo(f"afterward: {failure}", err=True)
        sys.exit(failure.exit_code)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as wrong:
        of = wrong.ctx.command_path if isinstance(wrong, click.UsageError) and wrong.ctx else "afterward"
        said = " ".join(wrong.format_message().split()).rstrip(".")
        click.echo(f"afterward: got {said}; expected what `{of} --help` tells. Change the command.", err=True)
        sys.exit(wrong.exit_code)
    except Exception as fault:
        # a traceback or an engine's own words could hold a patient's value: tell what kind of fault, and where
        click.echo(f"afterward: a fault of ours, {type(fault).__name__} at {places(fault)}", err=True)
        sys.exit(70)


if __name__ == "__main__":
    main()
