import numpy as np
import pytest
from scipy import stats

from sonocanvas.errors import InvalidInputError
from sonocanvas.evaluation.intervals import (
    Interval,
    bootstrap_interval,
    clopper_pearson,
    normal_interval,
)

VALUES = np.random.default_rng(0).normal(3, 2, 200)


def test_normal_interval_is_the_papers():
    found = normal_interval([1, 2, 3, 4])
    half = 1.96 * np.std([1, 2, 3, 4], ddof=1) / 2
    assert found == Interval(2.5, pytest.approx(2.5 - half), pytest.approx(2.5 + half), 4)


def test_bootstrap_agrees_with_scipys():
    found = bootstrap_interval(VALUES, resamples=4000)
    wanted = stats.bootstrap(
        (VALUES,), np.mean, method="percentile", n_resamples=4000, rng=1
    ).confidence_interval
    assert found.mean == VALUES.mean()
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), abs=0.03)


def test_bootstrap_is_seeded():
    assert bootstrap_interval(VALUES, seed=3) == bootstrap_interval(VALUES, seed=3)
    assert bootstrap_interval(VALUES, seed=3) != bootstrap_interval(VALUES, seed=4)


def test_equal_values_of_a_cluster_count_as_one():
    few = np.array([1.0, 2.0, 4.0, 9.0])
    clustered = bootstrap_interval(np.repeat(few, 25), clusters=np.repeat(range(4), 25).tolist())
    alone = bootstrap_interval(few)
    assert (clustered.low, clustered.high) == (alone.low, alone.high)
    independent = bootstrap_interval(np.repeat(few, 25))
    assert independent.high - independent.low < (clustered.high - clustered.low) / 3
    assert clustered.n == 100


def test_a_draw_of_clusters_is_pooled_and_not_a_mean_of_their_means():
    values, clusters = [0] * 7 + [1] * 100, [*range(7), *[7] * 100]
    assert bootstrap_interval(values, clusters=clusters).high > 0.9  # a mean of means: 4 / 8


def test_another_statistic_is_bootstrapped():
    found = bootstrap_interval([0, 0, 0, 0, 100], statistic=np.median)
    assert (found.mean, found.low) == (0, 0)


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (10, 10), (7, 12), (1, 1)])
def test_clopper_pearson_is_scipys_exact_interval(successes, n):
    found = clopper_pearson(successes, n)
    wanted = stats.binomtest(successes, n).proportion_ci(method="exact")
    assert found.mean == successes / n
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: normal_interval([1]), r"needs 2 or more .* shape \(1,\)"),
        (lambda: normal_interval([1, np.nan]), "with 1 finite ones"),
        (lambda: bootstrap_interval([]), "needs 1 or more"),
        (lambda: bootstrap_interval([1, 2], clusters=["a"]), "2 values and 1 clusters"),
        (lambda: bootstrap_interval([1, 2], resamples=0), "resamples must be 1 or more, not 0"),
        (lambda: clopper_pearson(3, 2), "3 of 2 is not a share"),
        (lambda: clopper_pearson(0, 0), "0 of 0 is not a share"),
    ],
)
def test_what_is_no_sample_is_refused(call, message):
    with pytest.raises(InvalidInputError, match=message):
        call()
