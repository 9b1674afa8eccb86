"""`sd15-auffusion`: the pair of the paper, from the Hub."""

import warnings
from collections.abc import Callable

import torch

from sonocanvas.pairs.checkpoint import Recipe, join
from sonocanvas.pairs.published import AUFFUSION, STABLE_DIFFUSION
from sonocanvas.types import AUFFUSION_FORMAT, ModelPair

RECIPE = Recipe(
    name="sd15-auffusion",
    image=STABLE_DIFFUSION,
    audio=AUFFUSION,
    canvas_format=AUFFUSION_FORMAT,
    latent_shape=(4, 32, 128),
    crop_columns=32,  # Auffusion leaves a black strip at the right
)


def load(
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
    image_model: str = "",
    audio_model: str = "",
    on_warning: Callable[[str], None] = warnings.warn,
) -> ModelPair:
    """Returns Stable Diffusion 1.5 (OpenRAIL-M) and Auffusion (CC BY-NC-SA 4.0), from the Hub.

    Args:
        device: Device of the models.
        dtype: Dtype of their weights.
        image_model: Another picture model: a folder, `OWNER/NAME` or `OWNER/NAME@REVISION`.
        audio_model: Another spectrogram model with Auffusion's canvas.
        on_warning: Called with warnings about licences and mismatches.

    Raises:
        CheckpointError: A checkpoint is missing and cannot be downloaded, a file is missing or
            broken, or the two are incompatible.
    """
    return join(RECIPE, device, dtype, image_model, audio_model, on_warning)
