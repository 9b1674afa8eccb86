"""`sound_file`: a sound of the user's own."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import torch
from torch import Tensor

from sonocanvas.errors import InvalidInputError
from sonocanvas.files import digest_of
from sonocanvas.sound_files import draw_sound
from sonocanvas.types import CanvasFormat

SILENCE_DB = -60.0


@dataclass(frozen=True)
class SoundFile:
    """A sound in a file: WAV, FLAC, OGG or MP3 of at most 10 minutes, its peak brought to 0.95.

    Attributes:
        path: The file.
        start_s: Where in it the layer begins.
        digest: SHA-256 of the file; empty until a run is begun.

    Raises:
        InvalidInputError: An option is not allowed.
    """

    kind: ClassVar[str] = "sound"

    path: str = ""
    start_s: float = 0.0
    digest: str = ""

    def __post_init__(self) -> None:
        if not self.path:
            raise InvalidInputError("A layer of the source 'sound_file' needs a path.")
        if not self.start_s >= 0:
            raise InvalidInputError(f"start_s must be 0 or more, not {self.start_s}.")

    def settled(self) -> Self:
        """Returns itself with the digest of its file.

        Raises:
            InvalidInputError: The file is missing, or is another than when the run was begun.
        """
        return dataclasses.replace(self, digest=digest_of(Path(self.path), self.digest))

    def __call__(self, canvas_format: CanvasFormat) -> tuple[Tensor, Tensor]:
        """Returns the canvas `(mels, frames)` of the sound, opaque everywhere.

        Raises:
            InvalidInputError: The file cannot be read, is silent, or ends before `start_s`.
        """
        canvas, gain_db = draw_sound(Path(self.path), canvas_format=canvas_format)
        if gain_db == 0.0 or gain_db > -SILENCE_DB:
            raise InvalidInputError(f"'{self.path}' is silent; there is nothing to be heard.")
        frames_a_second = canvas_format.sample_rate_hz / canvas_format.hop_samples
        first = round(self.start_s * frames_a_second)
        if first >= canvas.shape[1]:
            raise InvalidInputError(
                f"'{self.path}' lasts {canvas.shape[1] / frames_a_second:.2f} s; it cannot begin "
                f"at {self.start_s:g} s."
            )
        return canvas[:, first:], torch.ones_like(canvas[:, first:])
