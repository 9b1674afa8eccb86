"""Round trip: how much of a canvas survives being played and analysed again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from sonocanvas.canvas import (
    bytes_to_canvas,
    canvas_to_bytes,
    canvas_to_db,
    waveform_to_canvas,
)
from sonocanvas.errors import InvalidInputError
from sonocanvas.types import CanvasFormat, Sample, Score


@dataclass(frozen=True)
class RoundTrip:
    """Compares each canvas with the analysis of its own sound, both as 8-bit pictures."""

    higher_is_better: ClassVar[bool] = True

    @torch.no_grad()
    def __call__(self, samples: Sequence[Sample]) -> list[list[Score]]:
        """Returns the two scores of each sample.

        `round_trip_correlation` is Pearson's correlation of the pixels. If a canvas is constant,
        where it is undefined, it is 1 for equal canvases and otherwise 0. `round_trip_error` is
        the root mean square difference in dB, after the best constant gain, over the pixels that
        are not silent in both; 0 if there are none.

        Args:
            samples: Each with a canvas `(mels, frames)` and `frames * hop` samples of sound.

        Raises:
            InvalidInputError: A sound has another rate or length than its canvas.
        """
        return [_scores(sample) for sample in samples]


def _scores(sample: Sample) -> list[Score]:
    fmt, waveform = sample.canvas_format, sample.waveform
    if waveform.sample_rate_hz != fmt.sample_rate_hz:
        raise InvalidInputError(
            f"The sound has {waveform.sample_rate_hz} Hz, but its canvas {fmt.sample_rate_hz} Hz."
        )
    canvas = bytes_to_canvas(canvas_to_bytes(sample.canvas)).double()
    played = waveform_to_canvas(waveform.samples, fmt)[0]
    played = bytes_to_canvas(canvas_to_bytes(played)).double()
    if played.shape != canvas.shape:
        raise InvalidInputError(
            f"The sound gives a canvas {tuple(played.shape)}, but its own is {tuple(canvas.shape)}."
        )
    return [
        Score("round_trip_correlation", _correlation(canvas, played), "", higher_is_better=True),
        Score("round_trip_error", _error(canvas, played, fmt), "dB", higher_is_better=False),
    ]


def _correlation(canvas: Tensor, played: Tensor) -> float:
    if canvas.min() == canvas.max() or played.min() == played.max():
        return float(torch.equal(canvas, played))
    return float(torch.corrcoef(torch.stack([canvas.flatten(), played.flatten()]))[0, 1])


def _error(canvas: Tensor, played: Tensor, fmt: CanvasFormat) -> float:
    wanted_db, played_db = (canvas_to_db(one.unsqueeze(0), fmt) for one in (canvas, played))
    difference = (played_db - wanted_db)[(wanted_db > 0) | (played_db > 0)]
    return float(difference.std(correction=0)) if difference.numel() else 0.0
