"""From a request to an answer: one store, opened again when it changed, and one request at a time on its engine."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from features.definitions.cohort import prediction_cohort
from features.definitions.stays import stay_versions
from features.errors import BadModel, BadStore, Failure
from features.record.brought import apart, people_of, with_rows
from features.record.record import Record, cut_to_persons, open_record
from features.record.store import read_manifest
from features.record.tables import PERSON
from features.standing import Standing
from models.explain import Explanation
from models.specs import OF_DISCHARGES
from serving.brought import rows_of
from serving.kept import Home, Occasion, keep, keep_list
from serving.outreach import OutreachList, outreach_list
from serving.score import Champion, Scored, explain, score, score_with, strangeness
from serving.watch import Watch
from serving.wire import ExplainRequest, Problem, ScoreRequest

if TYPE_CHECKING:
    import pandas as pd

Asked = ScoreRequest | ExplainRequest
log = logging.getLogger("afterward")


class Unknown(Exception):
    """People or stays that have no index stay, each with the field that it stood in."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(f"{len(problems)} without an index stay")
        self.problems = list(problems)


@dataclass(frozen=True)
class Answered:
    """Scores in the order asked for; `why` by the place of a row, for those who are told why. `score_ids` are those
    that the scores are kept under; none where nothing is kept.
    """

    with_: Champion
    scored: Scored
    why: dict[int, Explanation]
    zone: str
    warnings: tuple[str, ...]
    score_ids: list[str]


@dataclass(frozen=True)
class _Found:
    scored: Scored
    zone: str
    store: str
    warnings: tuple[str, ...]


class Engine:
    """The record of one store on one engine: a connection, so whoever reads it takes turns."""

    def __init__(self, store: Path) -> None:
        self.store = store
        self._lock = Lock()
        self._record: Record | None = None
        self._standing: dict[str, Standing] = {}

    def standing(self, record: Record, with_: Champion) -> Standing:
        """The standing queries of a model on the record that is open; only for whoever has the turn."""
        model = with_.spec.name
        if model not in self._standing or self._standing[model].record is not record:
            self._standing[model] = Standing(record, with_.spec.features)
        return self._standing[model]

    @contextmanager
    def record(self) -> Iterator[Record]:
        """The record as the store is now. A fault may leave a result open that holds the engine: then it is opened anew
        for the next caller.
        """
        with self._lock:
            manifest = read_manifest(self.store)
            if self._record is None or self._record.fingerprint != manifest.fingerprint:
                self._record = open_record(self.store)
                self._standing.clear()
            try:
                yield self._record
            except (Unknown, Failure):
                raise
            except Exception:
                self._record = None
                raise


class Answers:
    """Answers requests from one store. Lists of many people have an engine of their own, so that nobody at a bedside
    waits for one. Without a home nothing is kept: for tests of what is answered.
    """

    def __init__(self, store: Path, watch: Watch | None = None, home: Callable[[], Home] | None = None) -> None:
        self.store = store
        self.watch = Watch() if watch is None else watch
        self.home = home
        self._one, self._many = Engine(store), Engine(store)

    def prepare(self) -> None:
        """Do now what the first caller would wait for: open the store, find its stays, load the champions and score
        someone with each. Raises BadStore where there is nothing to open; a model without a champion is left alone.
        """
        with self._one.record() as record:
            stays = stay_versions(record).filter(lambda stay: stay.discharge_day.notnull())
            someone = record.con.to_pyarrow(stays.select("person_id").limit(1))["person_id"].to_pylist()
        for spec in OF_DISCHARGES:
            try:
                with_ = self.watch.of(spec.name)
                if someone:
                    self._found(ScoreRequest(model=spec.name, persons=someone), with_)
            except BadModel as failure:
                log.warning("%s cannot answer yet: %s", spec.name, failure.got)
            except Unknown:  # whoever was found has no index stay; all the same, everything is loaded now
                continue

    def missing(self) -> list[str]:
        """What keeps scores from being given now; nothing where they can be."""
        found = []
        try:
            read_manifest(self.store)
        except BadStore as failure:
            found.append(f"the store: {failure.got}")
        if not self.watch.versions():
            found.append("a champion of any model")
        if self.home is not None:
            found += _unreachable(self.home)
        return found

    def scores(self, asked: ScoreRequest, occasion: Occasion) -> Answered:
        """Scores, kept, with reasons for those at highest risk. Raises Unknown for ids without an index stay, BadInput
        for rows that are not right, Failure for all else.
        """
        with_ = self.watch.of(asked.model)
        found = self._found(asked, with_)
        places = np.argsort(-found.scored.risk, kind="stable")[: asked.reasons].tolist()
        return self._answered(with_, found, places, occasion)

    def explained(self, asked: ExplainRequest, occasion: Occasion) -> Answered:
        """The same with reasons for everyone."""
        with_ = self.watch.of(asked.model)
        found = self._found(asked, with_)
        return self._answered(with_, found, list(range(len(found.scored.rows))), occasion)

    def outreach(self, model: str, first_day: int, last_day: int, top: int, occasion: Occasion) -> OutreachList:
        """The list of an evening; the score of everyone who could have been on it is kept."""
        with_ = self.watch.of(model)
        with self._many.record() as record:
            made = outreach_list(record, with_, first_day, last_day, top)
            store, zone = record.fingerprint, record.zone
        if self.home is not None:
            keep_list(self.home(), occasion, made, with_, store, zone)
        return made

    def zone(self) -> str:
        """The zone of the network."""
        return read_manifest(self.store).zone

    def gaps_of(self, person: str, as_of_day: int) -> list[dict[str, Any]]:
        """One person's gaps as of a day, a row a measure (features.measures.status.COLUMNS, days as `YYYY-MM-DD`); none
        of whom the store does not know.
        """
        from features.measures.gaps import gaps
        from features.measures.value_sets import ValueSets

        with self._one.record() as record:
            some = apart(record, [person])
        try:
            if not some.con.to_pyarrow(some[PERSON].limit(1)).num_rows:
                return []
            tables = gaps(some, ValueSets(), as_of_day).tables
        finally:
            some.con.disconnect()
        found = [row for table in tables.values() for row in table.to_pylist() if row["person_id"] == person]
        return [{name: _text(value) for name, value in row.items()} for row in found]

    def _answered(self, with_: Champion, found: _Found, places: list[int], occasion: Occasion) -> Answered:
        why = dict(zip(places, explain(found.scored, places, with_), strict=True))
        reasons = {place: each.reasons for place, each in why.items()}
        ids: list[str] = []
        if self.home is not None:
            ids = keep(self.home(), occasion, found.scored, with_, found.store, found.zone, reasons)
        return Answered(with_, found.scored, why, found.zone, found.warnings, ids)

    def _found(self, asked: Asked, with_: Champion) -> _Found:
        if asked.records is not None or asked.bundle is not None:
            return self._by_rows(asked, with_)
        with self._one.record() as record:
            if asked.persons is not None:
                rows = _by_ids(record, asked.persons, asked.persons, "person_id", "persons")
            else:
                stays = asked.stays or []
                rows = _by_ids(record, _people_of(record, stays), stays, "stay_id", "stays")
            scored = score_with(self._one.standing(record, with_), rows.person_id.tolist(), rows, with_)
            return _Found(scored, record.zone, record.fingerprint, strangeness(record, with_))

    def _by_rows(self, asked: Asked, with_: Champion) -> _Found:
        brought = rows_of(asked.records, asked.bundle, read_manifest(self.store).zone, with_.release.inputs)
        field = "records" if asked.records is not None else "bundle"
        people = people_of(brought)
        if not people:
            raise Unknown([Problem(field=field, got="nobody", expected="rows about at least one person")])
        with self._one.record() as held:
            record = with_rows(held, brought)
        try:
            rows = prediction_cohort(record).rows.sort_values(["as_of", "stay_id"])
            latest = rows.drop_duplicates("person_id", keep="last").sort_values("person_id")
            if len(latest) < len(people):
                got = f"{len(people) - len(latest)} of {len(people)} people without an index stay"
                raise Unknown([Problem(field=field, got=got, expected="everyone with one, told here or in the store")])
            scored = score(record, latest.reset_index(drop=True), with_)
            return _Found(scored, record.zone, record.fingerprint, strangeness(record, with_))
        finally:
            record.con.disconnect()


def _by_ids(record: Record, people: Sequence[str], ids: Sequence[str], column: str, field: str) -> pd.DataFrame:
    """The index stays of some ids, in their order. Raises Unknown for those that have none."""
    with _of(record, people) as some:
        rows = prediction_cohort(some).rows.sort_values(["as_of", "stay_id"]).drop_duplicates(column, keep="last")
        places = {value: place for place, value in enumerate(rows[column])}
        unknown = [
            Problem(field=f"{field}[{number}]", got="an id without an index stay", expected="one that the store knows")
            for number, given in enumerate(ids)
            if given not in places
        ]
        if unknown:
            raise Unknown(unknown)
        return rows.iloc[[places[given] for given in ids]]


def _people_of(record: Record, stays: Sequence[str]) -> list[str]:
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


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _unreachable(home: Callable[[], Home]) -> list[str]:
    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError

    try:
        there = home()
        with there.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        there.folder.mkdir(parents=True, exist_ok=True)
    except (SQLAlchemyError, OSError, Failure) as fault:
        return [f"where scores are kept: {type(fault).__name__}"]
    return []
