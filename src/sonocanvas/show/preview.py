"""A picture of an unfinished run: its canvases as they would be if it ended now."""

import time
from collections.abc import Callable
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from sonocanvas.canvas import canvas_to_bytes, decode_latents, image_to_canvas
from sonocanvas.files.origin import Origin, software, to_png_text
from sonocanvas.files.writing import write_beside
from sonocanvas.protocols import OnStep
from sonocanvas.types import ModelPair, Step

EVERY_S = 10.0


def previewing(
    path: Path,
    pair: ModelPair,
    on_step: OnStep | None,
    before: Callable[[], None],
    every_s: float = EVERY_S,
) -> OnStep:
    """Returns a step callback that writes a picture of the predicted canvases at intervals.

    The canvases of a batch are stacked vertically. A run shorter than the interval has no picture.

    Args:
        path: The PNG; an existing one is replaced.
        pair: Its autoencoder decodes the predicted clean latents.
        on_step: Called first with each step.
        before: Called before each picture; it creates the folder if missing.
        every_s: Seconds between two pictures, and before the first.
    """
    last_s = time.monotonic()

    def told(step: Step, clean: Tensor) -> None:
        nonlocal last_s
        if on_step is not None:
            on_step(step, clean)
        if time.monotonic() - last_s >= every_s:
            before()
            _draw(path, pair, clean)
            last_s = time.monotonic()

    return told


@torch.no_grad()
def _draw(path: Path, pair: ModelPair, clean: Tensor) -> None:
    canvases = image_to_canvas(decode_latents(pair.vae, clean))
    shown = canvases[..., : canvases.shape[-1] - pair.crop_columns].flatten(0, 1)
    text = to_png_text(Origin(software(), "preview"))
    picture = Image.fromarray(canvas_to_bytes(shown))
    write_beside(path, lambda beside: picture.save(beside, format="PNG", pnginfo=text))
