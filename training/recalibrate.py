"""Fit the last step of a version anew on recent rows, where the rate of events has moved but the order of people holds.

The trees stay as they are. The slice holds rows that they never learned from and whose labels are known now; judged is
what comes after it, of other people. Here the slice keeps its people and the judged period gives them up, other than in
`split`: with no waiting between, whoever comes back is judged next, and a slice without them would hold too few events.
Whoever uses the version has waited for the slice's labels, and what the rate did meanwhile is not in its figures: the
card says so. The result is a version like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from features import windows
from features.errors import BadInput, BadModel
from models import calibration, pointer, release, self_check, tiers
from models.groups import OF_PEOPLE, groups_of
from models.held_out import CALIBRATE, HOLDOUT, KEYS, TRAIN, weights_of
from models.log_odds import risk_of
from models.population import Labelled, labelled, without
from models.release import Contents, Release
from models.specs import spec
from training import baselines, registry, split
from training.calibrate import Calibrated, calibrate
from training.card import card
from training.evaluate import Evaluation, evaluated
from training.examine import examine
from training.figures import reliability
from training.findings import of_version
from training.gates import IMPLAUSIBILITY, Gate, recorded
from training.report.files import texts
from training.report.recorded import of
from training.split import SliceCount, Sliced
from training.subgroups import represented

if TYPE_CHECKING:
    import pandas as pd

    from features.record.record import Record
    from models.specs.spec import Spec

Floats = npt.NDArray[np.float64]
Say = Callable[[str], None]

IN_THE_SLICE = "the person has a row in the slice that it was calibrated on"
KEPT = [*KEYS, "discharge_day", "label", "slice", "stage", "lost_from", "left_out"]


@dataclass(frozen=True)
class Span:
    """The slice's first and last day of discharge; judged is what comes after."""

    first: int
    last: int


@dataclass(frozen=True)
class Recalibrated:
    """What a run made, out of which version."""

    release: Release
    parent: int
    evaluation: Evaluation
    sliced: Sliced
    run_id: str


def recalibrate(
    model: str,
    store: Path,
    first: int | None = None,
    last: int | None = None,
    version: int | None = None,
    say: Say = lambda _: None,
) -> Recalibrated:
    """Fit the calibrator of a version (the latest where none is named) on discharges from `first` to `last` (day
    numbers), judge it on later ones, write it as the next version and log it. Where no days are named, the slice is the
    earlier half of the rows from the first that the version held out, and the later half judges it.

    BadModel when the model is unknown or was never trained; BadInput where too little happened in the slice or after.
    """
    from features.dataset import build
    from features.record.record import open_record

    asked = spec(model)
    parent = release.load(pointer.existing(model, version))
    release.check_fingerprint(parent, asked.features)
    record = open_record(store)
    say(f"finding {asked.rows_are} and what happened next")
    people = labelled(record, asked, asked.measured)
    saved = _saved_rows(parent)
    unseen = without(people.rows, learned_from(saved))
    sliced = marked(unseen, span(unseen, saved, first, last))
    split.check_enough(sliced, model)
    used = sliced.rows[sliced.rows.slice.notna()].reset_index(drop=True)
    say(f"building the features of {len(used):,} {asked.rows_are}")
    X = build(record, used, asked.features)
    raw = risk_of(parent.log_odds(X))
    say("calibrating")
    slice_ = used.slice.eq(CALIBRATE).to_numpy()
    chosen = calibrate(used.label.to_numpy("float64")[slice_], raw[slice_], used.person_id.to_numpy()[slice_])
    risk = calibration.apply(chosen.calibrator, raw)
    say("judging on the later period")
    evaluation = _judged(asked, parent, X, used, people, risk)
    before = next((gate for gate in recorded(parent) if gate.name == IMPLAUSIBILITY), None)
    groups = groups_of(record, used)
    counts = weights_of(used[~slice_], people.censored)
    gates = examine(asked, groups[~slice_], used, X, parent.booster, raw, risk, evaluation.judged, counts, before)
    say("writing the release")
    contents = _contents(asked, record, parent, people, sliced, X, chosen, evaluation, gates, risk[~slice_])
    learned = people.rows.merge(learned_from(saved)[KEYS], on=KEYS).assign(slice=TRAIN)
    told = of_version(asked, parent.booster, groups[list(OF_PEOPLE)], used, X, risk)
    told["represented"] = _represented(record, learned, used, groups)
    made = release.load(release.write(replace(contents, findings=told)))
    _save_rows(saved, sliced.rows, used, raw, risk, pointer.rows_path(model, made.version))
    say("logging to MLflow")
    run_id = registry.log(made, _run(made, parent, used, risk, evaluation, sliced))
    return Recalibrated(made, parent.version, replace(evaluation, version=made.version), sliced, run_id)


def learned_from(saved: pd.DataFrame) -> pd.DataFrame:
    """The rows of which the trees of a version saw something, of its saved rows."""
    return saved[saved.slice.notna() & ~saved.slice.isin([CALIBRATE, HOLDOUT])]


def span(rows: pd.DataFrame, saved: pd.DataFrame, first: int | None, last: int | None) -> Span:
    """Which days, as `recalibrate` says, of rows that the trees never learned from."""
    begins = int(saved.discharge_day[saved.slice == HOLDOUT].min()) if first is None else first
    days = np.sort(rows.discharge_day[rows.discharge_day >= begins].to_numpy("int64"))
    half = int(days[len(days) // 2]) - 1 if len(days) else begins
    ends = half if last is None else last
    if begins > ends:
        raise BadInput(
            got=f"a slice from {windows.iso(begins)} to {windows.iso(ends)}",
            expected="a first day that is not after the last",
            do="Give --from and --to, with discharges after --to to judge on.",
        )
    return Span(begins, ends)


def marked(rows: pd.DataFrame, days: Span) -> Sliced:
    """The rows with the columns of `split.sliced`: calibrate, holdout, or null with the reason where one was lost."""
    import pandas as pd

    levelled, judged = rows.discharge_day.between(days.first, days.last), rows.discharge_day > days.last
    lost = judged & rows.person_id.isin(rows.person_id[levelled])
    name = pd.Series(np.where(judged, HOLDOUT, CALIBRATE), index=rows.index, dtype=object)
    found = rows.assign(
        slice=name.where((levelled | judged) & ~lost, None),
        lost_from=name.where(lost, None),
        left_out=pd.Series(IN_THE_SLICE, index=rows.index, dtype=object).where(lost, None),
        stage=None,
    )
    return Sliced(found, tuple(split.count(each, found, found) for each in (CALIBRATE, HOLDOUT)), ())


def _judged(
    asked: Spec, parent: Release, X: pd.DataFrame, used: pd.DataFrame, people: Labelled, risk: Floats
) -> Evaluation:
    """The judged period, with the baselines of the version beside, as they were levelled then."""
    late = used.slice.eq(HOLDOUT).to_numpy()
    rows = used[late]
    ruled = baselines.with_rules(asked, X[late], rows, people.cohort)
    others = {other["name"]: baselines.from_json(other).risk(ruled) for other in parent.read(release.BASELINES)}
    return evaluated(asked.name, None, "held out, the latest period", rows, risk[late], others, people.censored)


def _contents(
    asked: Spec,
    record: Record,
    parent: Release,
    people: Labelled,
    sliced: Sliced,
    X: pd.DataFrame,
    chosen: Calibrated,
    evaluation: Evaluation,
    gates: Sequence[Gate],
    late_risk: Floats,
) -> Contents:
    """The parent's contents with another calibrator and what follows from it."""
    check = self_check.from_json(parent.read(release.SELF_CHECK))
    before = parent.read(release.SPLIT)
    slices = [found for found in before["slices"] if found["name"] not in (CALIBRATE, HOLDOUT)]
    empty = [name for name in X.columns if X[name].isna().all()]
    text = card(asked, evaluation, sliced, people.attrition, parent.columns, empty, record.lacks, gates)
    return Contents(
        model=parent.model,
        outcome=parent.outcome,
        prediction_time=parent.prediction_time,
        feature_fingerprint=parent.feature_fingerprint,
        data_fingerprint=record.fingerprint,
        seed=parent.seed,
        model_text=(parent.path / release.MODEL).read_text(encoding="utf-8"),
        calibrator=chosen.calibrator,
        columns=parent.columns,
        cuts=tiers.cuts(late_risk, asked.tier_shares),
        metrics=evaluation.to_json(),
        split={
            **before,
            "slices": [*slices, *map(split.dated, sliced.slices)],
            "attrition": people.attrition.to_dict("records"),
            "recalibrated_from": parent.version,
            "calibration_log_loss": dict(chosen.log_loss),
        },
        baselines=parent.read(release.BASELINES),
        card=_saying(text, parent.version, sliced.slices[0], split.days_until_known(asked.outcome)),
        check=replace(check, risk=calibration.apply(chosen.calibrator, risk_of(check.log_odds))),
        sources=parent.sources,
        lacks=parent.lacks,
        gates=[gate.to_json() for gate in gates],
    )


def _represented(
    record: Record, learned: pd.DataFrame, used: pd.DataFrame, groups: pd.DataFrame
) -> list[dict[str, Any]]:
    """Of whom the trees learned, as far as this store has them, and who calibrates and judges."""
    import pandas as pd

    names = list(OF_PEOPLE)
    who = pd.concat([groups_of(record, learned)[names], groups[names]], ignore_index=True)
    persons, slices = (np.concatenate([each[of] for each in (learned, used)]) for of in ("person_id", "slice"))
    return represented(who, persons, slices.tolist())


def _saying(text: str, parent: int, found: SliceCount, wait: int) -> str:
    """The card, which says under its title what this version is."""
    title, rest = text.split("\n\n", 1)
    first, last = ("-" if day is None else windows.iso(day) for day in (found.first_day, found.last_day))
    return (
        f"{title}\n\nRecalibrated: the trees are those of version {parent}. Only the last step, from their score to "
        f"the risk that is told, was fitted anew, on {found.rows:,} discharges from {first} to {last} that the trees "
        f"never learned from, and judged on other people's later ones. Labels take {wait} days to be known: how far "
        f"the rate moves between the slice and its use is not in these figures.\n\n{rest}"
    )


def _saved_rows(parent: Release) -> pd.DataFrame:
    import pandas as pd

    path = pointer.rows_path(parent.model, parent.version)
    if not path.is_file():
        raise BadModel(
            got=f"{parent.model} version {parent.version} without {path.name}",
            expected="the rows that it was made on, to leave out what its trees learned from",
            do="Recalibrate where it was trained, or train anew.",
        )
    return pd.read_parquet(path)


def _save_rows(
    saved: pd.DataFrame, rows: pd.DataFrame, used: pd.DataFrame, raw: Floats, risk: Floats, path: Path
) -> None:
    """What the trees learned from, as the parent's rows say, and the rows of the slice and of the judged period. A risk
    stands only where nothing of its row was learned from.
    """
    import pandas as pd

    scored = used[KEYS].assign(risk_before_calibration=raw, risk=np.where(used.slice == HOLDOUT, risk, np.nan))
    marked_rows = rows[KEPT].merge(scored, on=KEYS, how="left")
    pd.concat([learned_from(saved), marked_rows], ignore_index=True)[marked_rows.columns].to_parquet(path, index=False)


def _run(
    made: Release, parent: Release, used: pd.DataFrame, risk: Floats, evaluation: Evaluation, sliced: Sliced
) -> registry.Run:
    late = used.slice.eq(HOLDOUT).to_numpy()
    sizes = {f"{found.name}_{what}": getattr(found, what) for found in sliced.slices for what in ("rows", "events")}
    return registry.Run(
        parameters={"seed": made.seed, "recalibrated_from": parent.version, **sizes},
        metrics=evaluation.numbers(),
        tags={
            "afterward.recalibrated_from": str(parent.version),
            "afterward.data_fingerprint": made.data_fingerprint,
            "afterward.feature_fingerprint": made.feature_fingerprint,
            "afterward.outcome": made.outcome,
            "afterward.prediction_time": made.prediction_time,
            "afterward.calibrator": type(made.calibrator).__name__.lower(),
        },
        artefacts={
            "evaluation.json": release.as_json(evaluation.to_json()).encode(),
            "reliability.png": reliability(
                used.label.to_numpy("float64")[late], risk[late], f"{made.model}, later period"
            ),
            **{name: text.encode() for name, text in texts(of(made)).items()},
        },
    )
