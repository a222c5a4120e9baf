"""How providers are set beside what was to be expected of them, by arrays that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from models.log_odds import risk_of
from models.profiling.exact import funnel, ratios, trials
from models.profiling.expected import amounts, risks, units_of_people, units_of_stays
from models.profiling.outliers import discoveries, outliers
from models.profiling.shrinkage import Shrunken, of_counts, of_stays
from tests.benchmarks import scorecard as bench

TAIL = 0.025


def test_the_ends_of_a_poisson_count_leave_a_mid_p_of_a_fortieth_on_either_side() -> None:
    found = ratios([10.0], [8.0])
    low, high = float(found.low[0]) * 8, float(found.high[0]) * 8
    assert stats.poisson.sf(10, low) + stats.poisson.pmf(10, low) / 2 == pytest.approx(TAIL, abs=1e-9)
    assert stats.poisson.cdf(9, high) + stats.poisson.pmf(10, high) / 2 == pytest.approx(TAIL, abs=1e-9)


def test_the_ends_of_a_binomial_count_leave_a_mid_p_of_a_fortieth_on_either_side() -> None:
    found = ratios([12.0], [10.0], [60.0])
    low, high = float(found.low[0]) * 10 / 60, float(found.high[0]) * 10 / 60
    assert stats.binom.sf(12, 60, low) + stats.binom.pmf(12, 60, low) / 2 == pytest.approx(TAIL, abs=1e-9)
    assert stats.binom.cdf(11, 60, high) + stats.binom.pmf(12, 60, high) / 2 == pytest.approx(TAIL, abs=1e-9)


def test_no_event_has_an_interval_that_begins_at_nought() -> None:
    found = ratios([0.0], [4.0])
    assert (found.value[0], found.low[0]) == (0.0, 0.0)
    assert float(found.high[0]) * 4 == pytest.approx(-np.log(2 * TAIL)), "half of exp(-mean) is a fortieth there"


def test_trials_of_equal_risks_are_the_stays_and_of_unequal_ones_fewer() -> None:
    assert trials(np.full(40, 0.2)) == pytest.approx(40)
    assert trials([0.05] * 20 + [0.35] * 20) < 40


def test_a_unit_on_the_limit_of_the_funnel_is_as_likely_as_the_limit_says() -> None:
    low, high = funnel([30.0], 0.15, 0.95)
    on_it = ratios([30 * float(low[0]), 30 * float(high[0])], [30.0, 30.0], [200.0, 200.0])
    assert on_it.chance == pytest.approx([0.05, 0.05], abs=1e-6)


def test_all_units_together_have_what_is_expected_of_them() -> None:
    draw = np.random.default_rng(1)
    x = draw.standard_normal((2_000, 3))
    y = (draw.random(2_000) < risk_of(x[:, 0] - 2)).astype(float)
    assert risks(y, x).sum() == pytest.approx(y.sum(), rel=1e-4)
    months = draw.integers(1, 13, 2_000).astype(float)
    visits = draw.poisson(months * np.exp(0.5 * x[:, 1] - 2)).astype(float)
    assert amounts(visits, x, months).sum() == pytest.approx(visits.sum())


def test_sicker_patients_raise_what_is_expected_and_so_lower_the_ratio() -> None:
    draw = np.random.default_rng(2)
    ill = np.repeat([0.0, 1.0], 2_000)
    y = (draw.random(4_000) < risk_of(2 * ill - 3)).astype(float)
    units = units_of_stays(np.where(ill == 1, "sick", "well"), y, risks(y, ill[:, np.newaxis]))
    assert units.observed / units.expected == pytest.approx([1.0, 1.0], abs=0.02), "sick people are no bad care"


def test_what_a_unit_tells_of_itself_shrinks_the_more_of_the_network_it_is() -> None:
    names = ["large"] * 900 + ["small"] * 100
    units = units_of_stays(names, np.zeros(1_000), np.full(1_000, 0.1))
    assert units.dispersion == pytest.approx([0.1, 0.9])


def test_people_who_have_many_events_or_none_make_wider_intervals() -> None:
    practice = np.repeat(["a", "b"], 50)
    even = units_of_people(practice, np.tile([1.0, 1.0, 0.0, 2.0], 25), np.ones(100))
    uneven = units_of_people(practice, np.tile([0.0, 0.0, 0.0, 4.0], 25), np.ones(100))
    assert np.all(uneven.dispersion > even.dispersion)


def _four_hospitals() -> tuple[list[str], np.ndarray[tuple[int], np.dtype[np.float64]]]:
    sizes, events = {"a": 40, "b": 400, "c": 400, "d": 400}, {"a": 12, "b": 120, "c": 55, "d": 55}
    names = [name for name, size in sizes.items() for _ in range(size)]
    y = [float(at < events[name]) for name, size in sizes.items() for at in range(size)]
    return names, np.array(y)


def test_a_small_hospital_is_pulled_further_towards_the_network_than_a_large_one_alike() -> None:
    names, y = _four_hospitals()
    found = of_stays(names, y, np.zeros((len(y), 1)))
    assert 1 < found.value[0] < found.value[1] < 120 / 62.4, "both saw three in ten return; the small one may be chance"
    assert found.high[0] - found.low[0] > found.high[1] - found.low[1]


def test_ranks_of_hospitals_that_are_alike_are_told_as_uncertain() -> None:
    names, y = _four_hospitals()
    found = of_stays(names, y, np.zeros((len(y), 1)))
    assert (found.rank_low[2], found.rank_high[3]) == (1, 2) or found.rank_high[2] > found.rank_low[3]
    assert found.rank_low[1] >= 3, "of the large ones it is surely not among the two lowest"


def test_the_same_seed_gives_the_same_intervals() -> None:
    names, y = _four_hospitals()
    one, other = (of_stays(names, y, np.zeros((len(y), 1)), seed=4) for _ in range(2))
    assert np.array_equal(one.low, other.low)


def test_counts_are_pulled_by_how_little_was_to_be_expected() -> None:
    units = units_of_people(np.repeat(list("abcdef"), 30), np.repeat([3.0, 1, 1, 1, 1, 1], 30), np.full(180, 4 / 3))
    found: Shrunken = of_counts(units)
    assert 1 < found.value[0] < units.observed[0] / units.expected[0]


def test_of_many_units_only_what_chance_cannot_make_of_so_many_is_flagged() -> None:
    chance = np.array([0.0001, 0.02, *np.linspace(0.1, 1.0, 28), np.nan])
    assert discoveries(chance).tolist() == [True] + [False] * 30, "one in fifty by chance is nothing among thirty"


def test_two_bad_hospitals_do_not_make_the_others_look_good() -> None:
    y = [*([1.0] * 300 + [0.0] * 300) * 2, *([1.0] * 100 + [0.0] * 500) * 4]
    names = np.repeat(list("abcdef"), 600)
    units = units_of_stays(names, y, risks(y, np.zeros((3_600, 0))))
    assert outliers(units, np.ones(6, dtype=np.bool_)).tolist() == [True, True, False, False, False, False]
    assert ratios(units.observed, units.expected, units.trials, units.dispersion).chance.max() < 1e-6, (
        "beside the whole network the four would differ too"
    )


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    covered = bench.unshrunken(40)
    assert 0.93 <= covered.mean() <= 0.97
    found = bench.shrunken(7)
    assert 0.90 <= found.holds <= 0.98, "210 hospitals: two standard errors either side of 95 %"
    assert found.found > 0.8, "outliers of 0.9 on the log-odds are found"
    assert found.holds_outliers < found.holds, "pulled towards the network, an outlier's interval misses it more often"
