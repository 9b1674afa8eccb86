"""`sd15-riffusion`: music on a square canvas, from the Hub."""

import warnings
from collections.abc import Callable

import torch

from sonocanvas.pairs.checkpoint import Recipe, join
from sonocanvas.pairs.published import RIFFUSION, STABLE_DIFFUSION
from sonocanvas.types import RIFFUSION_FORMAT, ModelPair

RECIPE = Recipe(
    name="sd15-riffusion",
    image=STABLE_DIFFUSION,
    audio=RIFFUSION,
    canvas_format=RIFFUSION_FORMAT,
    latent_shape=(4, 64, 64),
)


def load(
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
    image_model: str = "",
    audio_model: str = "",
    on_warning: Callable[[str], None] = warnings.warn,
) -> ModelPair:
    """Returns Stable Diffusion 1.5 and Riffusion (both OpenRAIL-M), from the Hub.

    Args:
        device: Device of the models.
        dtype: Dtype of their weights.
        image_model: Another picture model: a folder, `OWNER/NAME` or `OWNER/NAME@REVISION`.
        audio_model: Another spectrogram model with Riffusion's canvas.
        on_warning: Called with warnings about licences and mismatches.

    Raises:
        CheckpointError: A checkpoint is missing and cannot be downloaded, a file is missing or
            broken, or the two are incompatible.
    """
    return join(RECIPE, device, dtype, image_model, audio_model, on_warning)
