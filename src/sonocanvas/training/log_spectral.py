"""The log-spectral distance between two sounds."""

import torch
from torch import Tensor

from sonocanvas.types import CanvasFormat
from sonocanvas.vocoders.griffin_lim import analyse
from sonocanvas.vocoders.phase_network import FILTER_SUM


@torch.no_grad()
def log_spectral_distance_db(reference: Tensor, samples: Tensor, fmt: CanvasFormat) -> Tensor:
    """Returns the log-spectral distance `(batch,)` between sounds and references, in dB.

    It is the root mean square of the difference in dB, after the best constant gain, over the
    frames of the canvas and the linear bins of its transform where either spectrum is above the
    floor. The floor is the magnitude whose mel is that of a black pixel; values below it count as
    the floor. The distance is 0 if both sounds are silent.

    Args:
        reference: `(batch, samples)`.
        samples: Of the same shape.
        fmt: What a canvas means as sound.
    """
    floor = fmt.log_floor / FILTER_SUM
    wanted, given = (
        20 * (analyse(sound, fmt).abs().double() / floor).clamp(min=1).log10()
        for sound in (reference, samples)
    )
    distances = []
    for one, other in zip(wanted, given, strict=True):
        difference = (other - one)[(one > 0) | (other > 0)]
        distances.append(float(difference.std(correction=0)) if difference.numel() else 0.0)
    return torch.tensor(distances)
