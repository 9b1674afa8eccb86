"""The output of a pipeline call: clean latents decoded, played and converted."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from diffusers.utils import BaseOutput
from PIL import Image
from torch import Tensor

from sonocanvas import canvas as canvases
from sonocanvas.experts import Pinned
from sonocanvas.files.sounds import FULL_SCALE
from sonocanvas.types import CanvasFormat
from sonocanvas.vocoders.parts import play


@dataclass
class SonoCanvasOutput(BaseOutput):  # type: ignore[misc]
    """The output of a pipeline call; with `"latent"` only the first field is set.

    Attributes:
        images: RGB pictures: a list of PIL images, an array `(batch, height, width, 3)` or a
            tensor `(batch, 3, height, width)` in [0, 1], or the clean latents
            `(batch, channels, height, width)` in float32.
        canvases: The played canvases, rounded to the 8 bits of a PNG: a list of gray PIL images,
            or an array or tensor `(batch, mels, frames)` in [0, 1]; row 0 is the highest frequency.
        waveforms: The sounds of the canvases, `(batch, samples)` float32 in [-1, 1], each scaled
            only if it would clip. A tensor for `"pt"`, otherwise an array.
        sample_rate_hz: Samples per second.
        gains_db: Gain of this scaling for each waveform, 0 or less.
    """

    images: list[Image.Image] | npt.NDArray[np.float32] | Tensor
    canvases: list[Image.Image] | npt.NDArray[np.float32] | Tensor | None = None
    waveforms: npt.NDArray[np.float32] | Tensor | None = None
    sample_rate_hz: int | None = None
    gains_db: list[float] | None = None

    @property
    def audios(self) -> npt.NDArray[np.float32] | Tensor | None:
        """The waveforms, under the name used by diffusers' audio pipelines."""
        return self.waveforms


def finish(
    pipe: Any, latents: Tensor, output_type: str, crop_columns: int, pinned: Pinned | None = None
) -> SonoCanvasOutput:
    """Returns the output of clean latents, decoded and played; the canvas is played in 8 bits.

    Args:
        pipe: The pipeline: its `vae` decodes, its `vocoder` plays.
        latents: `(batch, channels, height, width)` float32; returned unchanged for `"latent"`.
        output_type: One of `inputs.OUTPUT_TYPES`.
        crop_columns: Columns to drop at the right.
        pinned: Given content, which replaces the decoded picture where it is exact.
    """
    if output_type == "latent":
        return SonoCanvasOutput(images=latents)
    if hasattr(pipe.vae, "_hf_hook"):  # accelerate hooks `forward`, not `decode`
        pipe.vae._hf_hook.pre_forward(pipe.vae)
    else:
        latents = latents.to(pipe.vae.device)
    image = canvases.decode_latents(pipe.vae, latents).cpu()
    image = image if pinned is None else pinned.laid_over(image)
    image = image[..., : image.shape[-1] - crop_columns]
    gray = [canvases.canvas_to_bytes(one) for one in canvases.image_to_canvas(image)]
    canvas = torch.stack([canvases.bytes_to_canvas(one) for one in gray])
    played = play(pipe.vocoder, canvas, CanvasFormat(**pipe.config.canvas_format))
    sound, gains_db = _unclipped(played.samples)
    facts: dict[str, Any] = {"sample_rate_hz": played.sample_rate_hz, "gains_db": gains_db}
    if output_type == "pt":
        return SonoCanvasOutput(image, canvas, sound, **facts)
    colours = image.permute(0, 2, 3, 1).numpy()
    if output_type == "np":
        return SonoCanvasOutput(colours, canvas.numpy(), sound.numpy(), **facts)
    drawn = [Image.fromarray(one) for one in gray]
    return SonoCanvasOutput(pipe.numpy_to_pil(colours), drawn, sound.numpy(), **facts)


def _unclipped(samples: Tensor) -> tuple[Tensor, list[float]]:
    """Returns sound `(batch, samples)` that fits into 16 bits, and the gain of each in dB."""
    limit = (FULL_SCALE - 1) / FULL_SCALE
    gains = limit / samples.abs().amax(dim=1, keepdim=True).clamp(min=limit)
    return (samples * gains).cpu(), (20 * gains[:, 0].log10()).tolist()
