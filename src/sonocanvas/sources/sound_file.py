"""`sound_file`: the user's own sound."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from sonocanvas.canvas import canvas_to_level
from sonocanvas.errors import InvalidInputError
from sonocanvas.files.sounds import draw_sound
from sonocanvas.sources.own_file import OwnFile
from sonocanvas.types import CanvasFormat

MOST_GAIN_DB = 60.0
"""A sound that needs more gain than this counts as silent."""


@dataclass(frozen=True)
class SoundFile(OwnFile):
    """A sound from a file: WAV, FLAC, OGG or MP3 of at most 10 minutes, its peak scaled to 0.95.

    Attributes:
        path: The file.
        start_s: Position in the file where the layer starts.
        digest: SHA-256 of the file; empty until a run starts.

    Raises:
        InvalidInputError: An option is not allowed.
    """

    kind: ClassVar[str] = "sound"

    start_s: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.start_s >= 0:
            raise InvalidInputError(f"start_s must be 0 or more, not {self.start_s}.")

    def __call__(self, canvas_format: CanvasFormat) -> tuple[Tensor, Tensor]:
        """Returns the canvas `(mels, frames)` of the sound, opaque everywhere.

        Raises:
            InvalidInputError: The file cannot be read, is silent, or ends before `start_s`.
        """
        canvas, gain_db = draw_sound(Path(self.path), canvas_format=canvas_format)
        heard = canvas_to_level(canvas[None], canvas_format)
        if not heard.any() or gain_db > MOST_GAIN_DB:
            raise InvalidInputError(f"'{self.path}' is silent; there is nothing to hear.")
        frames_a_second = canvas_format.sample_rate_hz / canvas_format.hop_samples
        first = round(self.start_s * frames_a_second)
        if first >= canvas.shape[1]:
            raise InvalidInputError(
                f"'{self.path}' lasts {canvas.shape[1] / frames_a_second:.2f} s; it cannot start "
                f"at {self.start_s:g} s."
            )
        return canvas[:, first:], torch.ones_like(canvas[:, first:])
