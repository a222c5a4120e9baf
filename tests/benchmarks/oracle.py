"""How much of what can be known a model learns: `make bench-oracle`, or `python -m tests.benchmarks.oracle --seed 101`.

For each seed: simulate a network, load, train, and compare the model on its held-out period with the planted risk (what
the files show by discharge), both by AUROC against the same labels. Prints the share (model - 0.5) / (oracle - 0.5) and
its mean over the seeds; asserts nothing. What it writes lies in a temporary folder that is removed at the end.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

import click

from tests.benchmarks.chain import run

PLANTED = {"readmission_30d": "readmission_risk_visible", "adverse_event_21d": "adverse_event_risk_visible"}
SIMPLE = "logistic regression: age, sex, prior admissions"


def share(seed: int, members: int, model: str, folder: Path) -> dict[str, float]:
    """Train on one simulated network and hold the model against its oracle, on the model's held-out rows."""
    import pandas as pd

    from features import windows
    from models.metrics import auroc

    settings = {"AFTERWARD_RELEASES": str(folder / "releases"), "MLFLOW_TRACKING_URI": ""}
    files, store, report = folder / "files", folder / "store", folder / "evaluation.json"
    for words in (
        ["simulate", "--members", str(members), "--years", "3", "--seed", str(seed), "--out", str(files)],
        ["load", "tuva", str(files), "--store", str(store)],
        ["train", model, "--store", str(store)],
        ["evaluate", model, "--store", str(store), "--json", str(report)],
    ):
        run(["-m", "afterward", *words], settings, folder / f"{words[0]}.log")
    rows = pd.read_parquet(folder / "releases" / model / "1.rows.parquet")
    truth = pd.read_parquet(files / "truth.parquet")
    truth["discharge_day"] = [windows.day_number(day) for day in truth.discharge_date]
    truth = truth.drop_duplicates(["person_id", "discharge_day"])
    held = rows[rows.slice == "holdout"].merge(truth, on=["person_id", "discharge_day"])
    label = held.label.to_numpy("float64")
    oracle, learned = (auroc(label, held[name].to_numpy("float64")) for name in (PLANTED[model], "risk"))
    evaluation = json.loads(report.read_text())
    simple = evaluation["baselines"][SIMPLE]["auroc"]["value"]
    return {
        "seed": seed,
        "rows": len(held),
        "events": int(label.sum()),
        "oracle": oracle,
        "model": learned,
        "share": (learned - 0.5) / (oracle - 0.5),
        "simple's share": (simple - 0.5) / (oracle - 0.5),
        "slope": evaluation["calibration_slope"]["value"],
        "O/E": evaluation["observed_to_expected"]["value"],
    }


@click.command()
@click.option("--seed", "seeds", multiple=True, type=int, default=(101, 102, 103), show_default=True)
@click.option("--members", default=20_000, show_default=True, help="Size of each simulated network.")
@click.option("--model", default="readmission_30d", show_default=True, type=click.Choice(sorted(PLANTED)))
def main(seeds: tuple[int, ...], members: int, model: str) -> None:
    """Hold a model against the planted truth of several networks that were not used in development."""
    found = []
    for seed in seeds:
        with TemporaryDirectory(prefix="afterward-bench-") as folder:
            found.append(share(seed, members, model, Path(folder)))
        sys.stdout.write(
            "  ".join(f"{k} {v:,.3f}" if isinstance(v, float) else f"{k} {v:,}" for k, v in found[-1].items())
        )
        sys.stdout.write("\n")
        sys.stdout.flush()
    click.echo(
        f"{model}, {members:,} members: mean share {mean(one['share'] for one in found):.3f} of the oracle's lift"
    )


if __name__ == "__main__":
    main()
