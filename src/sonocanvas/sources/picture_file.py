"""`picture_file`: the user's own picture, with its contrast fitted to a canvas."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from torch import Tensor

from sonocanvas.errors import InvalidInputError
from sonocanvas.files.pictures import read_picture
from sonocanvas.sources.own_file import OwnFile
from sonocanvas.types import CanvasFormat

SMALLEST = 8
MEAN_LEVEL = 0.3
"""Target mean gray level of pictures, about that of the pictures that `mini` draws."""
GAMMAS = (0.5, 3.0)
ENOUGH = 2**22
"""A picture with more pixels is subsampled to compute its mean."""


@dataclass(frozen=True)
class PictureFile(OwnFile):
    """A picture from a file: any format that Pillow reads, turned upright as its EXIF says.

    Its gray `g`, the channel mean, becomes `((g - black) / (white - black)) ** gamma`, where black
    and white are its darkest and its lightest opaque pixel. Nothing is clipped, so the curve can be
    inverted.

    Attributes:
        path: The file.
        gamma: Exponent of the curve, 0.2 to 5; 0 chooses the one from 0.5 to 3 that makes the mean
            0.3.
        invert: Whether black and white are swapped first, as for ink on paper.
        digest: SHA-256 of the file; empty until a run starts.

    Raises:
        InvalidInputError: An option is not allowed.
    """

    kind: ClassVar[str] = "picture"

    gamma: float = 0.0
    invert: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.gamma != 0 and not 0.2 <= self.gamma <= 5:
            raise InvalidInputError(f"gamma must be 0 or from 0.2 to 5, not {self.gamma}.")

    def __call__(self, canvas_format: CanvasFormat) -> tuple[Tensor, Tensor]:
        """Returns the picture `(height, width)` and its opacity.

        Raises:
            InvalidInputError: The file cannot be read, or the picture is too small, transparent or
                has a single gray level.
        """
        gray, opacity = read_picture(Path(self.path))
        return with_contrast(gray, opacity, f"'{self.path}'", self.gamma, self.invert), opacity


def with_contrast(
    gray: Tensor, opacity: Tensor, name: str, gamma: float = 0.0, invert: bool = False
) -> Tensor:
    """Returns a picture `(height, width)` with its contrast adjusted to a canvas.

    Args:
        gray: The picture in [0, 1].
        opacity: Its opacity, of the same shape; transparent pixels are ignored.
        name: Its name in messages.
        gamma: As in `PictureFile`.
        invert: As in `PictureFile`.

    Raises:
        InvalidInputError: It is too small, transparent, or has a single gray level.
    """
    height, width = gray.shape
    if min(height, width) < SMALLEST:
        raise InvalidInputError(
            f"{name} has {width} x {height} pixels; a layer needs at least {SMALLEST} x {SMALLEST}."
        )
    opaque = bool((opacity > 0).all())  # avoids a copy
    seen = gray if opaque else gray[opacity > 0]
    if not seen.numel():
        raise InvalidInputError(f"{name} is transparent everywhere.")
    black, white = float(seen.min()), float(seen.max())
    if white - black < 1 / 255:
        raise InvalidInputError(f"{name} is all one gray; there is nothing to see.")
    del seen
    level = (gray - black).div_(white - black).clamp_(0, 1)  # one copy: it may be large
    level = level.neg_().add_(1) if invert else level
    return level.pow_(gamma or fitted_gamma(level if opaque else level[opacity > 0]))


def fitted_gamma(levels: Tensor) -> float:
    """Returns the exponent within `GAMMAS` that brings levels in [0, 1] nearest to their mean."""
    levels = levels.flatten()[:: max(1, levels.numel() // ENOUGH)]
    low, high = GAMMAS
    for _ in range(30):
        middle = math.sqrt(low * high)
        brighter = float((levels**middle).mean()) > MEAN_LEVEL
        low, high = (middle, high) if brighter else (low, middle)
    return low
