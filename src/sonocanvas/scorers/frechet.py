"""The Fréchet distance between two sets of features, each taken as a Gaussian."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sonocanvas.errors import InvalidInputError


def frechet_distance(features: ArrayLike, reference: ArrayLike) -> float:
    """Returns the squared Fréchet distance between Gaussians fitted to two sets; 0 for equal sets.

    It is `|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))`, with means `m` and covariances `C` (n - 1),
    after Dowson and Landau (1982), as in FID (Heusel et al. 2017). With `C = R^T R`, the trace of
    the root is the sum of the singular values of `R1 R2^T`. This avoids the root of a singular
    matrix, so the result is equally exact with fewer items than dimensions.

    It is biased: small samples of the same distribution have a positive distance, which grows with
    fewer items and more dimensions. Compare only distances of equal counts, and report the counts.

    Args:
        features: `(items, dimensions)`, two or more items; computed in float64.
        reference: `(items, dimensions)`, the reference set.

    Raises:
        InvalidInputError: The shapes do not match or a feature is not finite.
    """
    ours, theirs = (np.asarray(one, np.float64) for one in (features, reference))
    for name, given in (("features", ours), ("reference", theirs)):
        if given.ndim != 2 or len(given) < 2 or not np.isfinite(given).all():
            raise InvalidInputError(
                f"{name} has the shape {given.shape} and {int(np.isfinite(given).sum())} finite "
                "numbers; it must be (items, dimensions), two or more items, all finite."
            )
    if ours.shape[1] != theirs.shape[1]:
        raise InvalidInputError(
            f"features have {ours.shape[1]} dimensions and reference has {theirs.shape[1]}; "
            "the numbers must be equal."
        )
    shift = ours.mean(0) - theirs.mean(0)
    root, other = _root_of_covariance(ours), _root_of_covariance(theirs)
    shared = np.linalg.svd(root @ other.T, compute_uv=False).sum()
    spread = (root**2).sum() + (other**2).sum() - 2 * shared
    return max(0.0, float(shift @ shift + spread))


def _root_of_covariance(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns R `(min(items, dimensions), dimensions)` with `R^T R` the covariance."""
    centred = features - features.mean(0)
    return np.asarray(np.linalg.qr(centred / np.sqrt(len(features) - 1), mode="r"))
