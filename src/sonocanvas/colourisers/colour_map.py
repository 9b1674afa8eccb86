"""False colour: each gray level has its own colour, and the map is inverted exactly."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import torch

from sonocanvas.canvas import canvas_to_bytes
from sonocanvas.files.colour_maps import map_gray
from sonocanvas.protocols import OnStep
from sonocanvas.types import Colour, ModelPair, Sample


@dataclass(frozen=True)
class ColourMap:
    """Colours a canvas by a map of `colour_maps`, without a model and at once."""

    name: ClassVar[str]

    def __call__(
        self, pair: Callable[[], ModelPair], device: str, on_step: OnStep | None
    ) -> Callable[[Sample], Colour]:
        """Returns the function that colours a sample; nothing is loaded."""
        return self.colour

    @property
    def record(self) -> dict[str, Any]:
        """The record that is saved with the picture: the name."""
        return {"name": self.name}

    def colour(self, sample: Sample) -> Colour:
        """Returns the picture of a sample in this map."""
        rgb = torch.from_numpy(map_gray(canvas_to_bytes(sample.canvas), self.name))
        pictures = rgb.permute(2, 0, 1).unsqueeze(0).float() / 255
        return Colour(pictures, self.record, colour_map=self.name)


class Magma(ColourMap):
    """Black, purple, orange, pale yellow; as light as the canvas."""

    name = "magma"


class Inferno(ColourMap):
    """Black, red, orange, bright yellow; as light as the canvas."""

    name = "inferno"


class Plasma(ColourMap):
    """Blue, purple, orange, yellow; dark is blue."""

    name = "plasma"


class Viridis(ColourMap):
    """Purple, blue, green, yellow; read alike by colour-blind eyes."""

    name = "viridis"


class Cividis(ColourMap):
    """Blue, gray, yellow; made for colour-blind eyes."""

    name = "cividis"


class Turbo(ColourMap):
    """Blue, green, yellow, red; the rainbow, light in the middle."""

    name = "turbo"
