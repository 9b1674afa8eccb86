"""Audibility: how much of a canvas's audible sound the sound model recognises as its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from sonocanvas.canvas import (
    band_middles,
    bytes_to_canvas,
    canvas_to_bytes,
    canvas_to_image,
    canvas_to_mel,
    decode_latents,
    encode_image,
    image_to_canvas,
)
from sonocanvas.denoise import initial_noise, make_scheduler
from sonocanvas.errors import InvalidInputError
from sonocanvas.pairs import mini
from sonocanvas.scorers.masking import share_of_loudness
from sonocanvas.text import encode_prompts
from sonocanvas.types import CanvasFormat, ModelPair, Prompts, Sample, Score

STEPS = 16
FIRST_STEP = 4
GUIDANCE = 8.0
TOLERANCE_DB = 24.0
"""Most by which a canvas can exceed the sound model's version and still count as its sound."""
POOL = 4  # mel bands and frames per cell


@dataclass(frozen=True)
class Audibility:
    """Share of the loudness of a canvas of `mini` that its sound model recognises, by masking."""

    higher_is_better: ClassVar[bool] = True

    @cached_property
    def _pair(self) -> ModelPair:
        return mini.load()

    @torch.no_grad()
    def __call__(self, samples: Sequence[Sample]) -> list[list[Score]]:
        """Returns the score `audibility` of each sample, from 0 to 1.

        Noise is added to the canvas and the sound model alone denoises it: what it removes is not
        its sound. The score is the share of loudness of what remains when it is heard together with
        the rest of the canvas (`masking.share_of_loudness`). If both are known, no model is needed.

        Args:
            samples: Each with a canvas `(256, frames)` in the format of `mini`.

        Raises:
            InvalidInputError: A canvas has another format.
        """
        return [[self._score(sample)] for sample in samples]

    def _score(self, sample: Sample) -> Score:
        if sample.canvas_format != self._pair.canvas_format:
            raise InvalidInputError(
                "'audibility' listens with the sound model of 'mini', but this canvas belongs to "
                "another pair."
            )
        canvas = bytes_to_canvas(canvas_to_bytes(sample.canvas))[None]
        own = recognised(self._pair, canvas, sample.prompts)
        fmt = sample.canvas_format
        whole, likely = (band_powers(one, fmt) for one in (canvas, own))
        sound = torch.minimum(whole, likely * 10 ** (TOLERANCE_DB / 10))
        share = share_of_loudness(sound, whole - sound, band_frequencies(fmt))
        return Score("audibility", share, "", higher_is_better=True)


def recognised(pair: ModelPair, canvas: Tensor, prompts: Prompts) -> Tensor:
    """Returns a canvas `(1, mels, frames)`, noised and denoised by the sound model alone.

    The noise is that of seed 0 at step 4 of 16, and guidance is 8. Of forty settings tried on
    thirty mixtures of known parts, this one came closest to the true shares (docs/scores.md).
    Below a noise-to-signal ratio of 1.5 the sound model has learned to keep other content.
    """
    embeddings, _ = encode_prompts(pair, prompts)
    text = torch.cat([embeddings.negative_audio, embeddings.audio])
    scheduler = make_scheduler(pair.scheduler_config)
    scheduler.set_timesteps(STEPS)
    times = scheduler.timesteps[FIRST_STEP:]
    clean = encode_image(pair.vae, canvas_to_image(canvas))
    latents = scheduler.add_noise(clean, initial_noise(pair, [0]), times[:1])
    for time in times:
        free, asked = pair.audio_unet(
            latents.repeat(2, 1, 1, 1), time, encoder_hidden_states=text, return_dict=False
        )[0].chunk(2)
        noise = free + GUIDANCE * (asked - free)
        latents = scheduler.step(noise, time, latents).prev_sample
    return image_to_canvas(decode_latents(pair.vae, latents))


def band_powers(canvas: Tensor, fmt: CanvasFormat) -> Tensor:
    """Returns the power `(bands, frames)` of a canvas `(1, mels, frames)`, pooled by 4 x 4 pixels.

    The format's floor counts as silence.
    """
    power = (canvas_to_mel(canvas, fmt).square() - fmt.log_floor**2).clamp(min=0)
    return POOL * functional.avg_pool2d(power[None], POOL)[0, 0]


def band_frequencies(fmt: CanvasFormat) -> Tensor:
    """Returns the centre in Hz of each band of `band_powers`, `(bands,)`."""
    return band_middles(fmt).reshape(-1, POOL).mean(1)
