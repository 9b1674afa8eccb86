"""Plays a canvas with its own magnitudes and the phases from another vocoder's sound.

The mel is spread over the Fourier bins. Each bin takes its phase from the transform of the sound
that another vocoder makes from the same canvas, and one inverse transform gives the sound. Chen,
Geng and Owens (2024) use it in addition to HiFi-GAN, which does not keep magnitudes exactly.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from sonocanvas.errors import InvalidInputError, unknown
from sonocanvas.protocols import Vocoder
from sonocanvas.registry import VOCODERS
from sonocanvas.types import CanvasFormat, VocoderWeights, Waveform
from sonocanvas.vocoders.griffin_lim import analyse, audible_mel, mel_to_magnitude, synthesise

NAME = "istft_phase"
OWN = "pair"
"""The value of `phase_from` for the vocoder that comes with the pair."""
WITHOUT_WEIGHTS = "griffin_lim"
MEL_ITERATIONS = 10


@dataclass(frozen=True)
class IstftPhase:
    """Plays a canvas by one inverse transform with the phases of another vocoder's sound.

    Attributes:
        source: That vocoder; `None` only while options are checked.
        phase_from: Its name on the menu; `pair` is the vocoder that comes with the pair, or
            `griffin_lim` if there is none.
        mel_iterations: Rounds of the mel inversion, 1 to 10000.
    """

    source: Vocoder | None
    phase_from: str = OWN
    mel_iterations: int = MEL_ITERATIONS

    def __post_init__(self) -> None:
        """Checks the options.

        Raises:
            InvalidInputError: An option is not allowed.
        """
        others = {OWN, *VOCODERS} - {NAME}
        if self.phase_from == NAME:
            raise InvalidInputError(
                f"{NAME}: phase_from must name a vocoder other than itself; "
                f"known: {', '.join(sorted(others))}."
            )
        if self.phase_from not in others:
            raise unknown("phase_from", self.phase_from, others)
        if not 1 <= self.mel_iterations <= 10000:
            raise InvalidInputError(
                f"{NAME}: mel_iterations must be 1 to 10000, not {self.mel_iterations}."
            )

    def source_name(self, weights: VocoderWeights | None) -> str:
        """Returns the name of the vocoder whose phases are used, for a pair with these weights."""
        if self.phase_from != OWN:
            return self.phase_from
        return WITHOUT_WEIGHTS if weights is None else weights.kind

    @torch.no_grad()
    def __call__(self, canvas: Tensor, canvas_format: CanvasFormat) -> Waveform:
        """Returns the sound, `frames * hop` samples, of a canvas; level 0 is silence.

        Args:
            canvas: `(batch, mels, frames)` in [0, 1]; row 0 is the highest frequency.
            canvas_format: What the canvas means as sound.

        Raises:
            InvalidInputError: The shape is wrong, the other vocoder is for another format, the
                canvas is too narrow to be analysed again, or a pixel is not finite.
        """
        if self.source is None:
            raise InvalidInputError(f"{NAME} needs the vocoder whose phases it takes.")
        sound = self.source(canvas, canvas_format)
        return replay(canvas, sound.samples, canvas_format, self.mel_iterations)


def replay(
    canvas: Tensor, samples: Tensor, fmt: CanvasFormat, mel_iterations: int = MEL_ITERATIONS
) -> Waveform:
    """Returns the sound, `frames * hop` samples, of a canvas with the phases of another rendering.

    Args:
        canvas: `(batch, mels, frames)` in [0, 1]; row 0 is the highest frequency.
        samples: `(batch, frames * hop)`, the canvas as played before.
        fmt: What the canvas means as sound.
        mel_iterations: Rounds of the mel inversion, 1 or more.

    Raises:
        InvalidInputError: A shape is wrong, the canvas is too narrow to be analysed again, or a
            pixel is not finite.
    """
    mel = audible_mel(canvas.cpu(), fmt)
    needed = (mel.shape[0], mel.shape[2] * fmt.hop_samples)
    if tuple(samples.shape) != needed:
        raise InvalidInputError(
            f"The sound is {tuple(samples.shape)}; with this canvas it must be {needed}."
        )
    magnitude = mel_to_magnitude(mel, fmt, mel_iterations)
    return Waveform(with_phases_of(samples.cpu(), magnitude, fmt), fmt.sample_rate_hz)


def with_phases_of(samples: Tensor, magnitude: Tensor, fmt: CanvasFormat) -> Tensor:
    """Returns sound `(batch, frames * hop)` with given magnitudes and the phases of a sound.

    Args:
        samples: `(batch, frames * hop)`.
        magnitude: `(batch, n_fft // 2 + 1, frames)`, 0 or more.
        fmt: What a canvas means as sound.
    """
    phase = analyse(samples, fmt).angle()
    return synthesise(torch.polar(magnitude.transpose(1, 2).contiguous(), phase), fmt)
