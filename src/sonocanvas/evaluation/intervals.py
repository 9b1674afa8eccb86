"""Three 95 % confidence intervals of a mean or a share."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import beta

from sonocanvas.errors import InvalidInputError

NORMAL_95 = 1.96
TAIL = 0.025


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % confidence interval.

    Attributes:
        mean: The mean, the share or another statistic.
        low, high: Ends of the interval.
        n: Number of values.
    """

    mean: float
    low: float
    high: float
    n: int


def normal_interval(values: ArrayLike) -> Interval:
    """Returns the mean of values plus or minus 1.96 standard errors, as in the paper.

    The standard deviation is the sample's, with n - 1.

    Args:
        values: Two or more finite numbers, assumed to be independent.

    Raises:
        InvalidInputError: There are fewer than two, or one is not finite.
    """
    numbers = _checked(values, least=2)
    half = NORMAL_95 * float(numbers.std(ddof=1)) / float(np.sqrt(len(numbers)))
    mean = float(numbers.mean())
    return Interval(mean, mean - half, mean + half, len(numbers))


def bootstrap_interval(
    values: ArrayLike,
    seed: int = 0,
    clusters: Sequence[Hashable] | None = None,
    statistic: Callable[[NDArray[np.float64]], Any] = np.mean,
    resamples: int = 2000,
) -> Interval:
    """Returns a statistic of values with its percentile bootstrap interval.

    Args:
        values: One or more finite numbers.
        seed: Seed of the resampling; the same seed gives the same interval.
        clusters: The cluster of each value, such as its pair of prompts. Whole clusters are
            resampled, since their values are correlated; by default each value is a cluster.
        statistic: Function of the values `(n,)`.
        resamples: Number of resamples.

    Raises:
        InvalidInputError: There is no value, one is not finite, the numbers of clusters and values
            differ, or `resamples` is below 1.
    """
    numbers = _checked(values, least=1)
    if resamples < 1:
        raise InvalidInputError(f"resamples must be 1 or more, not {resamples}.")
    named = range(len(numbers)) if clusters is None else clusters
    if len(named) != len(numbers):
        raise InvalidInputError(
            f"There are {len(numbers)} values and {len(named)} clusters; give one for each value."
        )
    rows: dict[Hashable, list[int]] = {}
    for row, cluster in enumerate(named):
        rows.setdefault(cluster, []).append(row)
    groups = [numbers[members] for members in rows.values()]
    rng = np.random.default_rng(seed)
    draws = rng.integers(len(groups), size=(resamples, len(groups)))
    found = [float(statistic(np.concatenate([groups[one] for one in draw]))) for draw in draws]
    low, high = np.quantile(found, [TAIL, 1 - TAIL])
    return Interval(float(statistic(numbers)), float(low), float(high), len(numbers))


def clopper_pearson(successes: int, n: int) -> Interval:
    """Returns a share with its exact interval, after Clopper and Pearson (1934).

    Args:
        successes: Number of successes, from 0 to n.
        n: Number of trials, 1 or more.

    Raises:
        InvalidInputError: The numbers are out of range.
    """
    if not 0 <= successes <= n or n < 1:
        raise InvalidInputError(f"{successes} of {n} is not a share; it must be 0 to n of n >= 1.")
    low = float(beta.ppf(TAIL, successes, n - successes + 1)) if successes else 0.0
    high = float(beta.ppf(1 - TAIL, successes + 1, n - successes)) if successes < n else 1.0
    return Interval(successes / n, low, high, n)


def _checked(values: ArrayLike, least: int) -> NDArray[np.float64]:
    numbers = np.asarray(values, np.float64)
    if numbers.ndim != 1 or len(numbers) < least or not np.isfinite(numbers).all():
        raise InvalidInputError(
            f"An interval needs {least} or more finite numbers in one row, not an array of shape "
            f"{numbers.shape} with {int(np.isfinite(numbers).sum())} finite ones."
        )
    return numbers
