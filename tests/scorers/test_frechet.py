import numpy as np
import pytest
from scipy.linalg import sqrtm

from sonocanvas.errors import InvalidInputError
from sonocanvas.scorers.frechet import frechet_distance


def normal(items, dimensions, seed=0):
    return np.random.default_rng(seed).normal(size=(items, dimensions))


def exactly(mean, deviations, items=50):
    """Returns features whose sample mean and covariance are exactly a diagonal Gaussian's."""
    free = normal(items, len(mean))
    free -= free.mean(0)
    basis = np.linalg.qr(free)[0] * np.sqrt(items - 1)
    return basis * deviations + mean


def test_diagonal_gaussians_have_the_closed_form():
    first, second = exactly([0, 1, 2], [1, 2, 3]), exactly([1, 1, 0], [2, 2, 0.5], items=80)
    assert frechet_distance(first, second) == pytest.approx((1 + 0 + 4) + (1 + 0 + 2.5**2))


def test_it_is_the_textbook_formula_with_scipys_square_root():
    first = normal(300, 5) @ normal(5, 5, 1) + 1
    second = normal(200, 5, 2) @ normal(5, 5, 3)
    covariances = np.cov(first.T), np.cov(second.T)
    shift = first.mean(0) - second.mean(0)
    root = np.real(sqrtm(covariances[0] @ covariances[1]))
    wanted = shift @ shift + np.trace(covariances[0] + covariances[1] - 2 * root)
    assert frechet_distance(first, second) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize(("items", "dimensions"), [(100, 4), (6, 64)])
def test_equal_sets_have_no_distance_and_order_does_not_count(items, dimensions):
    features, other = normal(items, dimensions), 1 + normal(items, dimensions, 1)
    assert frechet_distance(features, features) == pytest.approx(0, abs=1e-10)
    assert frechet_distance(features, features[::-1]) == pytest.approx(0, abs=1e-10)
    there, back = frechet_distance(features, other), frechet_distance(other, features)
    assert there == pytest.approx(back, rel=1e-12)


def test_rounding_never_makes_it_negative():
    equal = (frechet_distance(one, one[::-1]) for one in (normal(50, 4, n) for n in range(9)))
    assert min(equal) >= 0


def test_fewer_items_than_dimensions_are_as_exact():
    first, second = exactly([0, 1], [1, 2], items=8), exactly([3, 1], [2, 4], items=8)
    turn = np.linalg.qr(normal(40, 40))[0]
    padded = [np.pad(one, ((0, 0), (0, 38))) @ turn for one in (first, second)]
    assert frechet_distance(*padded) == pytest.approx(9 + 1 + 4)


def test_float32_features_are_computed_in_float64():
    features = (1000 + 1e-3 * normal(50, 3)).astype(np.float32)
    other = features + np.float32(0.5)
    assert frechet_distance(features, other) == pytest.approx(0.75, abs=1e-9)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (np.ones((1, 3)), r"features has the shape \(1, 3\)"),
        (np.ones(3), r"features has the shape \(3,\)"),
        (np.full((4, 3), np.nan), "0 finite"),
        (np.ones((4, 2)), "features have 2 dimensions and reference has 3"),
    ],
)
def test_what_is_no_set_of_features_is_refused(features, message):
    with pytest.raises(InvalidInputError, match=message):
        frechet_distance(features, normal(5, 3))
