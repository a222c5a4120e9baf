"""The fairness audit of a model on a store: what is judged, what is described, the label, and what could be done."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from features import windows
from features.errors import BadInput
from models import fairness, pointer
from models.described import Described, described
from models.fairness import Audit, Cells, Group, cells_of
from models.fairness_closed import ROWS_TO_RESAMPLE, audit_of_many, on_list
from models.groups import OF_PEOPLE
from models.label_choice import Choice, illness, label_choice
from models.log_odds import Floats, risk_of
from models.metrics import row_weights
from models.mitigation import Option, called_in_parts, check_places_by, option, reweighed
from models.verdicts import Verdict, together

if TYPE_CHECKING:
    import pandas as pd

    from features.record.record import Record
    from models.release import Release
    from models.specs.spec import Spec

INTERSECTIONS = (
    ("race", "sex"),
    ("race", "age"),
    ("race", "Medicaid beside Medicare"),
    ("race", "Medicare through disability"),
    ("sex", "age"),
)
AREA = "area"
# what a network would have to collect for an audit to judge by it
COLLECT: Mapping[str, str] = {
    "age": "days of birth (person.birth_day)",
    "sex": "administrative sex (person.sex)",
    "race": "race as people tell it themselves (person.race)",
    "ethnicity": "ethnicity as people tell it themselves (person.ethnicity)",
    "language": "preferred language (contact_details.preferred_language)",
    "Medicaid beside Medicare": "the dual status code of each month (coverage.dual_status_code)",
    "Medicare through disability": "the original reason for entitlement (person.entitlement_code)",
    "practice": "which practice answers for whom (attribution)",
    "facility": "which hospital each stay was in",
    AREA: "postal codes (person.zip_code), and a file of areas by postal code (--areas)",
}
# what tells of illness and no use of care is part of (models.label_choice)
ILLNESS = (
    "age_years",
    "lab_haemoglobin_min_30d",
    "lab_sodium_min_30d",
    "lab_potassium_max_30d",
    "lab_creatinine_max_30d",
    "lab_urea_nitrogen_max_30d",
    "lab_albumin_min_30d",
    "lab_white_cells_max_30d",
    "lab_platelets_min_30d",
    "lab_natriuretic_peptide_max_30d",
    "lab_troponin_max_30d",
    "creatinine_above_lowest_30d",
    "sign_systolic_pressure_last_365d",
    "sign_body_mass_index_last_365d",
)
LOG = "audits.jsonl"


@dataclass(frozen=True)
class Asked:
    """Which version of which model on which store. Null: the champion; the share of its high tier; no areas known."""

    model: str
    store: Path
    version: int | None = None
    capacity: int | None = None
    areas: Mapping[str, str] | None = None
    places_by: str = "practice"
    reweigh_by: str = "race"


@dataclass(frozen=True)
class Audited:
    """What an audit found. `measures` are the illness measures that there were; `untold` the columns of which nothing
    is known of anybody; `judged` are the groups of one column, `crossed` those of two; `label` is of groups of people
    only; `period` is (first, last) day of discharge.
    """

    asked: Asked
    spec: Spec
    version: int
    rows_are: str
    rows: int
    people: int
    events: int
    period: tuple[int, int]
    judged: Audit
    crossed: Audit | None
    described: tuple[Described, ...]
    label: tuple[Choice, ...]
    measures: tuple[str, ...]
    sensitivity: float
    options: tuple[Option, ...]
    not_shown: tuple[tuple[str, str], ...]
    untold: tuple[str, ...]

    @property
    def groups(self) -> tuple[Group, ...]:
        """Every judged group, of one column and of two."""
        return (*self.judged.groups, *(self.crossed.groups if self.crossed else ()))

    @property
    def verdict(self) -> Verdict:
        """Of all groups together."""
        return together(group.verdict for group in self.groups)


@dataclass(frozen=True)
class _Held:
    """The rows that are judged: (rows,) each. `X` are their features, `groups` who they are."""

    rows: pd.DataFrame
    X: pd.DataFrame
    groups: pd.DataFrame
    y: Floats
    risk: Floats
    persons: Any
    weights: Floats
    capacity: int


def audit(asked: Asked) -> Audited:
    """Judge the rows that the version never learned from. BadModel where there is no such version, BadInput where a
    capacity of its own is asked for people of a kind, or the rows do not hold both outcomes.
    """
    import pandas as pd

    from features.record.record import open_record
    from models import release
    from models.held_out import KEYS, TRAIN, rows_to_judge, weights_of
    from models.population import labelled
    from models.specs import spec

    check_places_by(asked.places_by)
    if asked.reweigh_by not in COLLECT:
        raise BadInput(
            got=f"reweighting by {asked.reweigh_by}",
            expected=f"one of {', '.join(COLLECT)}",
            do="Check --reweigh-by.",
        )
    about = spec(asked.model)
    folder = pointer.champion(asked.model) if asked.version is None else pointer.existing(asked.model, asked.version)
    made = release.load(folder)
    release.check_fingerprint(made, about.features)
    record = open_record(asked.store)
    people = labelled(record, about, about.measured)
    saved = pd.read_parquet(pointer.rows_path(asked.model, made.version))
    rows, rows_are = rows_to_judge(people.rows, saved, made.version)
    held = _held(record, about, made, rows, weights_of(rows, people.censored), asked)
    learned = people.rows.merge(saved[saved.slice == TRAIN][KEYS])
    return _audited(asked, about, made, held, rows_are, _reweighing(record, about, made, learned, held, asked))


def _held(
    record: Record, about: Spec, made: Release, rows: pd.DataFrame, weights: Floats | None, asked: Asked
) -> _Held:
    from features.dataset import build

    y = rows.label.to_numpy("float64")
    if len(set(y)) < 2:
        raise BadInput(
            got=f"{len(y)} rows to audit {about.name} on, {int(y.sum())} with the outcome",
            expected="some with it and some without",
            do="Load a longer period.",
        )
    X = build(record, rows, about.features)
    capacity = asked.capacity or max(1, round(about.tier_shares.high * len(rows)))
    groups = grouped(record, rows, asked.areas)
    return _Held(rows, X, groups, y, made.predict(X), rows.person_id.to_numpy(), row_weights(weights, len(y)), capacity)


def grouped(record: Record, rows: pd.DataFrame, areas: Mapping[str, str] | None) -> pd.DataFrame:
    """(rows, columns): every group column, the area among them, known of nobody where no areas are given."""
    from models.groups import areas_of, groups_of

    groups = groups_of(record, rows).astype(object)
    groups["facility"] = _by_name(record, groups["facility"])
    groups[AREA] = None if areas is None else areas_of(record, rows, areas).astype(object)
    return groups.where(groups.notna(), None)


def _by_name(record: Record, ids: pd.Series) -> pd.Series:
    """Facilities by name; by number where the record has no name, and by both where two have one name."""
    from features.record.tables import FACILITY

    rows = record[FACILITY]
    told = rows.filter(rows.name.notnull()).group_by("facility_id").aggregate(name=rows.name.max()).to_pandas()
    twice = told.name.duplicated(keep=False)
    told["name"] = told.name.where(~twice, told.name + " (" + told.facility_id + ")")
    names = dict(zip(told.facility_id, told.name, strict=True))
    return ids.map(lambda each: names.get(each, each), na_action="ignore").astype(object)


def crossed(groups: pd.DataFrame) -> pd.DataFrame:
    """(rows, INTERSECTIONS): both groups of each row, null where one of them is not known."""
    import pandas as pd

    found = {}
    for one, other in INTERSECTIONS:
        both = groups[one].notna() & groups[other].notna()
        names = groups[one].astype(str) + ", " + groups[other].astype(str)
        found[f"{one} and {other}"] = names.where(both, None).astype(object)
    return pd.DataFrame(found, index=groups.index)


def _audited(asked: Asked, about: Spec, made: Release, held: _Held, rows_are: str, reweighing: Floats | str) -> Audited:
    import pandas as pd

    untold = tuple(name for name in held.groups.columns if held.groups[name].isna().all())
    told = held.groups.drop(columns=list(untold))
    both = crossed(held.groups)
    both = both[[name for name in both.columns if both[name].notna().any()]]
    wholes = pd.concat([told, both], axis=1)
    cells = cells_of(wholes, held.y, held.persons)
    measures = tuple(name for name in ILLNESS if name in held.X and held.X[name].notna().any())
    need = illness(held.y, held.X[list(measures)].to_numpy("float64"), held.weights)
    of_people = cells_of(told[[name for name in OF_PEOPLE if name in told and name != "age"]], held.y, held.persons)
    options, not_shown = _options(asked, held, cells, need, measures, reweighing)
    called = on_list(held.y, held.risk, held.capacity, held.weights)
    return Audited(
        asked=asked,
        spec=about,
        version=made.version,
        rows_are=rows_are,
        rows=len(held.y),
        people=len(set(held.persons)),
        events=int(held.y.sum()),
        period=(int(held.rows.discharge_day.min()), int(held.rows.discharge_day.max())),
        judged=_judged(held, told),
        crossed=None if both.empty or not len(both.columns) else _judged(held, both),
        described=described(held.y, held.risk, held.persons, cells, held.capacity, held.weights),
        label=label_choice(held.y, held.risk, need, held.persons, of_people, held.capacity, held.weights),
        measures=measures,
        sensitivity=float((held.weights * held.y * called).sum() / (held.weights * held.y).sum()),
        options=options,
        not_shown=not_shown,
        untold=untold,
    )


def _judged(held: _Held, groups: pd.DataFrame) -> Audit:
    """By resamples of people where there are not too many rows for it, else by closed forms."""
    if len(held.y) > ROWS_TO_RESAMPLE:
        cells = cells_of(groups, held.y, held.persons)
        return audit_of_many(held.y, held.risk, held.persons, cells, held.capacity, held.weights)
    return fairness.audit(held.y, held.risk, held.persons, groups, held.capacity, weights=held.weights)


def _reweighing(
    record: Record, about: Spec, made: Release, learned: pd.DataFrame, held: _Held, asked: Asked
) -> Floats | str:
    """(rows,): risk by the same trees with leaves learned anew on reweighed rows; or why there is none."""
    from features.dataset import build

    if learned.empty:
        return "the rows that the version learned from are not in this store"
    group = grouped(record, learned, asked.areas).get(asked.reweigh_by)
    if group is None or group.isna().all():
        return f"{asked.reweigh_by} is known of nobody whom the version learned from"
    code = _codes(group)
    y = learned.label.to_numpy("float64")
    matrix = made.matrix(build(record, learned, about.features))
    # the leaves are learned anew with the trees' own shrinkage, so as to be their equals
    leaves = made.booster.refit(
        matrix, y, decay_rate=0.0, weight=reweighed(y, code), dataset_params={"verbose": -1}, verbose=-1
    )
    return risk_of(np.asarray(leaves.predict(made.matrix(held.X), raw_score=True), dtype=np.float64))


def _codes(group: pd.Series) -> fairness.Integers:
    """(rows,): a number for each group, those not known as one of their own."""
    import pandas as pd

    return np.asarray(pd.factorize(group.fillna(fairness.NOT_KNOWN), sort=True)[0], dtype=np.int64)


def _options(
    asked: Asked, held: _Held, cells: Cells, need: Floats, measures: tuple[str, ...], reweighing: Floats | str
) -> tuple[tuple[Option, ...], tuple[tuple[str, str], ...]]:
    """The ways to draw up the list otherwise, and those of which there is none here, with the reason."""
    y, risk, weights, capacity = held.y, held.risk, held.weights, held.capacity
    called = on_list(y, risk, capacity, weights)
    instead: dict[tuple[str, str], Floats | str] = {}
    instead["another label", "the list by the illness measure"] = (
        on_list(y, need, capacity, weights) if measures else "no illness measure is in the record"
    )
    instead["reweighting", f"leaves learned anew so that {asked.reweigh_by} and outcome are independent"] = (
        reweighing if isinstance(reweighing, str) else on_list(y, reweighing, capacity, weights)
    )
    parts = held.groups[asked.places_by]
    codes = _codes(parts)
    instead[f"capacity by {asked.places_by}", "each has places in proportion to its discharges"] = (
        f"{asked.places_by} is known of nobody"
        if parts.isna().all()
        else called_in_parts(y, risk, codes, capacity, weights)
    )
    made = [
        option(name, says, y, called, found, held.persons, cells, weights)
        for (name, says), found in instead.items()
        if not isinstance(found, str)
    ]
    return tuple(made), tuple((name, why) for (name, _), why in instead.items() if isinstance(why, str))


def log(found: Audited, who: str) -> Path:
    """Append what the audit showed of mitigation, so that nobody can say later that its price was not known."""
    path = pointer.home() / found.asked.model / LOG
    line = {
        "at": windows.now(),
        "who": who,
        "version": found.version,
        "capacity": found.judged.capacity,
        "sensitivity": found.sensitivity,
        "verdict": str(found.verdict),
        "options": [
            {"name": one.name, "says": one.says, "sensitivity": one.sensitivity, "price": one.price.value}
            for one in found.options
        ],
    }
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, sort_keys=True, ensure_ascii=False) + "\n")
    return path
