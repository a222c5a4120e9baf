"""How likely two people are one, by what their sources tell of them: names, birth, sex, residence, telephone, e-mail.

The model is Fellegi and Sunter's, as Splink computes it on DuckDB; nothing is learned from pairs known to be one. How
often two strangers agree (u) and how many pairs are one person at all are counted in the people themselves; how often
one person's two entries agree (m) is declared in COMPARED by us, since a network's first match has too few pairs to
estimate it from. On the FEBRL sets it does as well as an estimate by expectation maximisation.

Only pairs that agree on one of BLOCKS are compared. Probabilities depend on no order of rows.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

NAME, TYPED, CLOSE, SAME = "name", "typed", "close", "same"


@dataclass(frozen=True)
class Compared:
    """A column that is compared. `m`: how often two entries of one person agree wholly, nearly, roughly, not at all."""

    column: str
    how: str
    m: tuple[float, ...]


COMPARED = (
    Compared("first_name", NAME, (0.85, 0.06, 0.04, 0.05)),
    Compared("last_name", NAME, (0.85, 0.06, 0.04, 0.05)),
    Compared("birth", TYPED, (0.90, 0.06, 0.02, 0.02)),
    Compared("sex", SAME, (0.99, 0.01)),
    Compared("address", CLOSE, (0.70, 0.10, 0.05, 0.15)),
    Compared("city", TYPED, (0.75, 0.08, 0.05, 0.12)),
    Compared("zip_code", TYPED, (0.75, 0.08, 0.05, 0.12)),
    Compared("phone", SAME, (0.70, 0.30)),
    Compared("email", SAME, (0.70, 0.30)),
)
COLUMNS = tuple(each.column for each in COMPARED)
YEAR, BEGINNING = "substr(birth, 1, 4)", "substr({}, 1, 3)"
BLOCKS = (
    ("birth",),
    ("first_name", "last_name"),
    ("last_name", YEAR),
    ("first_name", YEAR),
    ("zip_code", BEGINNING.format("last_name")),
    ("zip_code", BEGINNING.format("first_name")),
    ("address", "city"),
    ("phone",),
    ("email",),
)
# pairs that agree on one of these are nearly always one person, and so many of all such pairs are among them
CERTAIN, CERTAIN_SHARE = (("birth", "last_name"), ("birth", "first_name"), ("first_name", "last_name", "zip_code")), 0.8
TOLD_AT_LEAST = 0.01  # a column that fewer of the people have tells nothing
PAIRS_OF_STRANGERS, SEED = 2_000_000, 1


@dataclass(frozen=True)
class Likely:
    """Two people, and how likely they are one."""

    one: str
    other: str
    probability: float


def likely(people: pa.Table, at_least: float) -> list[Likely]:
    """Pairs of people who are one with a probability of `at_least`, by their ids. `people` has person_id and COLUMNS as
    text in one spelling; null is not told. None where no two people agree on anything that nearly decides.
    """
    import duckdb

    con = duckdb.connect()
    con.execute("SET enable_progress_bar=false")
    con.register("given", people.rename_columns({"person_id": "unique_id"}))
    con.execute("CREATE TABLE people AS SELECT * FROM given ORDER BY unique_id")
    told = _told_enough(con, people.num_rows)
    certain = [rule for rule in CERTAIN if set(rule) <= told]
    if not any(_pairs(con, rule) for rule in certain):
        return []
    found = _scored(con, told, certain, at_least)
    return sorted((Likely(*row) for row in found), key=lambda pair: (-pair.probability, pair.one, pair.other))


def _told_enough(con: Any, count: int) -> frozenset[str]:
    counts = ", ".join(f"count({name})" for name in COLUMNS)
    [given] = con.execute(f"SELECT {counts} FROM people").fetchall()  # noqa: S608
    return frozenset(name for name, told in zip(COLUMNS, given, strict=True) if told > TOLD_AT_LEAST * count)


def _pairs(con: Any, rule: Sequence[str]) -> int:
    same = " AND ".join(f"a.{name} = b.{name}" for name in rule)
    query = f"SELECT count(*) FROM people a JOIN people b ON {same} AND a.unique_id < b.unique_id"  # noqa: S608
    [[count]] = con.execute(query).fetchall()
    return int(count)


def _scored(con: Any, told: frozenset[str], certain: Sequence[tuple[str, ...]], at_least: float) -> list[Any]:
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.getLogger("splink").setLevel(logging.CRITICAL)  # its messages tell of columns and levels, for who tunes it
    database = DuckDBAPI(con)
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[_comparison(each) for each in COMPARED if each.column in told],
        blocking_rules_to_generate_predictions=[block_on(*rule) for rule in BLOCKS if _asks(rule) <= told],
        retain_matching_columns=False,
    )
    linker = Linker(database.register("people"), settings, log_level=None)
    linker.training.estimate_probability_two_random_records_match([block_on(*rule) for rule in certain], CERTAIN_SHARE)
    linker.training.estimate_u_using_random_sampling(max_pairs=PAIRS_OF_STRANGERS, seed=SEED)
    pairs = linker.inference.predict(threshold_match_probability=at_least)
    names = "least(unique_id_l, unique_id_r), greatest(unique_id_l, unique_id_r), match_probability"
    rows: list[Any] = con.execute(f"SELECT {names} FROM {pairs.physical_name}").fetchall()  # noqa: S608
    return rows


def _asks(rule: Sequence[str]) -> set[str]:
    return {name for name in COLUMNS for part in rule if name == part or f"({name}," in part}


def _comparison(each: Compared) -> Any:
    import splink.comparison_library as library

    made: Mapping[str, Any] = {
        NAME: lambda: library.JaroWinklerAtThresholds(each.column, [0.92, 0.8]),
        TYPED: lambda: library.DamerauLevenshteinAtThresholds(each.column, [1, 2]),
        CLOSE: lambda: library.JaroWinklerAtThresholds(each.column, [0.95, 0.85]),
        SAME: lambda: library.ExactMatch(each.column),
    }
    # agreeing on a rare name tells more than agreeing on a common one
    return made[each.how]().configure(m_probabilities=list(each.m), term_frequency_adjustments=each.how == NAME)
