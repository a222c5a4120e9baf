"""From a request to scores: one store, opened again when it changed, and one request at a time on its engine."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from features import windows
from features.definitions.cohort import prediction_cohort
from features.definitions.stays import stay_versions
from features.errors import BadModel, Failure
from features.record.inline import record_of
from features.record.record import Record, cut_to_persons, lacked_by_all, open_record, with_network_of
from features.record.store import read_manifest
from models.specs import OF_DISCHARGES
from serving.score import Champion, champion, explain, score, strangeness, tiers_of
from serving.wire import Problem, ReasonOut, ScoreOut, ScoreRequest, ScoreResponse

if TYPE_CHECKING:
    import pandas as pd


log = logging.getLogger("afterward")


class Unknown(Exception):
    """People or stays that have no index stay, each with the field that it stood in."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(f"{len(problems)} without an index stay")
        self.problems = list(problems)


class Answers:
    """Answers requests from one store. The engine is one connection, so requests take turns on it."""

    def __init__(self, store: Path) -> None:
        self.store = store
        self._lock = Lock()
        self._record: Record | None = None

    def prepare(self) -> None:
        """Do now what the first caller would wait for: open the store, find its stays, load the champions and score
        someone with each. Raises BadStore where there is nothing to open; a model without a champion is left alone.
        """
        with self._lock:
            stays = stay_versions(self._opened()).filter(lambda stay: stay.discharge_day.notnull())
            someone = self._opened().con.to_pyarrow(stays.select("person_id").limit(1))["person_id"].to_pylist()
        for spec in OF_DISCHARGES:
            try:
                champion(spec.name)
                if someone:
                    self.scores(ScoreRequest(model=spec.name, persons=someone))
            except BadModel as failure:
                log.warning("%s cannot answer yet: %s", spec.name, failure)
            except Unknown:  # whoever was found has no index stay; all the same, everything is loaded now
                continue

    def scores(self, asked: ScoreRequest) -> ScoreResponse:
        """Scores in the order asked for. Raises Unknown for ids without an index stay, Failure for all else."""
        with_ = champion(asked.model)
        with self._lock:
            try:
                return self._answered(asked, with_)
            except (Unknown, Failure):
                raise
            except Exception:  # a fault may leave a result open that holds the engine: open it anew for the next caller
                self._record = None
                raise

    def _answered(self, asked: ScoreRequest, with_: Champion) -> ScoreResponse:
        if asked.records is not None:
            return self._by_records(asked.records, with_)
        record = self._opened()
        if asked.persons is not None:
            return self._by_ids(record, asked.persons, asked.persons, "person_id", "persons", with_)
        stays = asked.stays or []
        return self._by_ids(record, self._people_of(record, stays), stays, "stay_id", "stays", with_)

    def _by_ids(
        self, record: Record, people: Sequence[str], ids: Sequence[str], column: str, field: str, with_: Champion
    ) -> ScoreResponse:
        with _of(record, people) as some:
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

    def _by_records(self, records: dict[str, list[dict[str, Any]]], with_: Champion) -> ScoreResponse:
        manifest = read_manifest(self.store)
        # what the store lacks the model never saw, so it is not read from a caller's rows either
        told = record_of(records, manifest.zone, lacked_by_all(manifest))
        record = with_network_of(told, self._opened())
        try:
            rows = prediction_cohort(record).rows.sort_values(["as_of", "stay_id"])
            latest = rows.drop_duplicates("person_id", keep="last").sort_values("person_id")
            people = {row["person_id"] for given in records.values() for row in given if "person_id" in row}
            missing = len(people) - len(latest)
            if missing or not people:
                says = f"no index stay is told for {missing} of the {len(people)} people in these rows"
                raise Unknown([Problem(field="records", problem=says)])
            return _response(record, latest, with_)
        finally:
            record.con.disconnect()

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


@contextmanager
def _of(record: Record, people: Sequence[str]) -> Iterator[Record]:
    """The record of these people. What is concluded of them alone is dropped afterwards, or a server would fill."""
    some = cut_to_persons(record, people)
    kept = set(some.derived)
    try:
        yield some
    finally:
        for name in some.derived.keys() - kept:
            record.con.drop_table(some.derived[name].op().name)


def _response(record: Record, rows: pd.DataFrame, with_: Champion) -> ScoreResponse:
    scored = score(record, rows.reset_index(drop=True), with_)
    why = explain(scored, list(range(len(rows))), with_)
    tier = tiers_of(scored, with_)
    return ScoreResponse(
        model=with_.spec.name,
        version=with_.release.version,
        warnings=list(strangeness(record, with_)),
        scores=[
            ScoreOut(
                person_id=str(row["person_id"]),
                stay_id=str(row["stay_id"]),
                as_of=windows.stamp(int(row["as_of"]), record.zone),
                discharge_date=windows.iso(int(row["discharge_day"])),
                risk=float(risk),
                tier=tier.value,
                reasons=[ReasonOut(**vars(reason)) for reason in because.reasons],
                base_log_odds=because.base,
                other_log_odds=because.other,
            )
            for row, risk, tier, because in zip(scored.rows.to_dict("records"), scored.risk, tier, why, strict=True)
        ],
    )
