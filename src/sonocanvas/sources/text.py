"""`text`: words written across the canvas."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from sonocanvas.errors import InvalidInputError
from sonocanvas.types import CanvasFormat

SIZE = 200
EDGE = 24


@dataclass(frozen=True)
class Text:
    """Words in white letters on a transparent ground: the canvas between them stays free.

    Attributes:
        words: The text; a line feed starts a new line.

    Raises:
        InvalidInputError: There are no words, or more than 200 characters.
    """

    kind: ClassVar[str] = "picture"

    words: str = ""

    def __post_init__(self) -> None:
        if not self.words.strip() or len(self.words) > 200:
            raise InvalidInputError(
                f"words must be 1 to 200 visible characters, not {self.words[:40]!r}."
            )

    def settled(self) -> Self:
        """Returns itself: the words already identify it."""
        return self

    def __call__(self, canvas_format: CanvasFormat) -> tuple[Tensor, Tensor]:
        """Returns the letters `(height, width)` and their opacity, which is the same."""
        font = ImageFont.load_default(SIZE)
        nothing = ImageDraw.Draw(Image.new("L", (1, 1)))
        left, top, right, bottom = nothing.multiline_textbbox((0, 0), self.words, font)
        size = (round(right - left) + 2 * EDGE, round(bottom - top) + 2 * EDGE)
        page = Image.new("L", size)
        ImageDraw.Draw(page).multiline_text((EDGE - left, EDGE - top), self.words, 255, font)
        letters = torch.from_numpy(np.asarray(page).astype(np.float32) / 255)
        return letters, letters
