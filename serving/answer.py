"""From a request to scores: one store, opened again when it changed, and one request at a time on its engine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from features import windows
from features.definitions.cohort import prediction_cohort
from features.definitions.stays import stay_versions
from features.errors import Failure
from features.record.inline import record_of
from features.record.record import Record, of_persons, open_record
from features.record.store import read_manifest
from serving.score import Champion, champion, explain, score, tiers_of
from serving.wire import Problem, ReasonOut, ScoreOut, ScoreRequest, ScoreResponse

if TYPE_CHECKING:
    import pandas as pd


class Unknown(Exception):
    """Ids that the store has no index stay for, each with the field that it stood in."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(f"{len(problems)} unknown ids")
        self.problems = list(problems)


class Answers:
    """Answers requests from one store. The engine is one connection, so requests take turns on it."""

    def __init__(self, store: Path) -> None:
        self.store = store
        self._lock = Lock()
        self._record: Record | None = None

    def scores(self, asked: ScoreRequest) -> ScoreResponse:
        """Scores in the order asked for. Raises Unknown for ids without an index stay, Failure for all else."""
        with_ = champion(asked.model)
        with self._lock:
            if asked.records is not None:
                record = record_of(asked.records, read_manifest(self.store).zone)
                rows = prediction_cohort(record).rows
                latest = rows.sort_values(["as_of", "stay_id"]).drop_duplicates("person_id", keep="last")
                return _response(record, latest.sort_values("person_id"), with_)
            record = self._opened()
            if asked.persons is not None:
                return self._by(record, asked.persons, asked.persons, "person_id", "persons", with_)
            stays = asked.stays or []
            return self._by(record, self._people_of(record, stays), stays, "stay_id", "stays", with_)

    def _by(
        self, record: Record, people: Sequence[str], ids: Sequence[str], column: str, field: str, with_: Champion
    ) -> ScoreResponse:
        some = of_persons(record, sorted(set(people)))
        rows = prediction_cohort(some).rows.sort_values(["as_of", "stay_id"]).drop_duplicates(column, keep="last")
        places = {value: place for place, value in enumerate(rows[column])}
        unknown = [
            Problem(field=f"{field}[{number}]", problem="no index stay is known for this id")
            for number, given in enumerate(ids)
            if given not in places
        ]
        if unknown:
            raise Unknown(unknown)
        return _response(some, rows.iloc[[places[given] for given in ids]], with_)

    def _opened(self) -> Record:
        manifest = read_manifest(self.store)
        if self._record is None or self._record.fingerprint != manifest.fingerprint:
            self._record = open_record(self.store)
        return self._record

    def _people_of(self, record: Record, stays: Sequence[str]) -> list[str]:
        versions = stay_versions(record)
        found = versions.filter(versions.stay_id.isin(list(stays))).select("person_id").distinct()
        people: list[str] = record.con.to_pyarrow(found)["person_id"].to_pylist()
        return people


def _response(record: Record, rows: pd.DataFrame, with_: Champion) -> ScoreResponse:
    scored = score(record, rows.reset_index(drop=True), with_)
    why = explain(scored, list(range(len(rows))), with_)
    tier = tiers_of(scored, with_)
    return ScoreResponse(
        model=with_.spec.name,
        version=with_.release.version,
        scores=[
            ScoreOut(
                person_id=str(row["person_id"]),
                stay_id=str(row["stay_id"]),
                as_of=windows.stamp(int(row["as_of"]), record.zone),
                discharge_date=windows.iso(int(row["discharge_day"])),
                risk=float(risk),
                tier=tier.value,
                reasons=[ReasonOut(**vars(reason)) for reason in reasons],
            )
            for row, risk, tier, reasons in zip(scored.rows.to_dict("records"), scored.risk, tier, why, strict=True)
        ],
    )


def as_problem(failure: Failure) -> Problem:
    """A failure as one problem of a response."""
    return Problem(
        field=failure.got.split(" ")[0] if failure.got.startswith("records.") else "model", problem=str(failure)
    )
