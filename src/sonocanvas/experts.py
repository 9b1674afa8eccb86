"""Which model draws which part of the canvas, and where given content is pinned.

An expert is a model with one prompt. It sees a box of the canvas, and its weights say how much its
prediction counts at each place. Given content is pinned: its noise is known, so no model is
evaluated for it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from sonocanvas.protocols import Rule
from sonocanvas.types import ModelPair, Step, TextEmbeddings

MODELS = ("image", "audio")
GOLDEN = 0.6180339887498949
"""Shift of the windows per step, as a fraction of their stride: the golden ratio, so that borders
of nearby steps fall on different places."""


@dataclass(frozen=True)
class Box:
    """Rows and columns of a latent, end-exclusive; row 0 is at the top."""

    top: int
    bottom: int
    left: int
    right: int


@dataclass(frozen=True)
class Expert:
    """A model with its prompt, and where on the canvas it draws.

    Attributes:
        model: `"image"` or `"audio"`.
        text: Embedding of the prompt, `(1 or batch, tokens, width)`.
        negative: Embedding of the negative prompt, of the same shape.
        box: The part of the canvas that it sees; `None` for all of it.
        weights: `(rows, columns)` how much it counts at each place of the canvas, in [0, 1], 0
            outside the box; `None` for 1 everywhere.
        shift: `(channels, 1, 1)` added to the clean latent that the model sees. The model sees a
            brighter canvas, so what it draws ends up darker by the same amount.
    """

    model: str
    text: Tensor
    negative: Tensor
    box: Box | None = None
    weights: Tensor | None = None
    shift: Tensor | None = None


@dataclass(frozen=True)
class Pinned:
    """Given content.

    Attributes:
        latent: `(channels, rows, columns)` its clean latent.
        shares: `(rows, columns)` its weight at each place, in [0, 1]; at 1 no model draws there.
        canvas: `(mels, frames)` its pixels before encoding.
        exact: `(mels, frames)` where these pixels replace the decoded image.
    """

    latent: Tensor
    shares: Tensor
    canvas: Tensor
    exact: Tensor

    def laid_over(self, image: Tensor) -> Tensor:
        """Returns a decoded image `(batch, 3, mels, frames)` with the given content restored."""
        return torch.where(self.exact.to(image.device), self.canvas.to(image), image)


@dataclass(frozen=True)
class Composition:
    """Everything that draws one canvas.

    Attributes:
        experts: The models with their prompts.
        pinned: Given content, which lies over what they draw.
    """

    experts: tuple[Expert, ...]
    pinned: Pinned | None = None

    @classmethod
    def of(cls, embeddings: TextEmbeddings) -> Composition:
        """Returns the composition of two prompts, each for the whole canvas."""
        return cls(tuple(expert_of(embeddings, model) for model in MODELS))

    def of_model(self, model: str) -> tuple[Expert, ...]:
        """Returns the experts of one model, `"image"` or `"audio"`."""
        return tuple(expert for expert in self.experts if expert.model == model)

    def cover(self, model: str) -> Tensor | None:
        """Returns how much of each place a model draws, `(rows, columns)`; `None` for all of it."""
        weights = [expert.weights for expert in self.of_model(model)]
        maps = [one for one in weights if one is not None]
        if not weights:
            return torch.zeros(1, 1)
        if len(maps) < len(weights):
            return None
        total = torch.stack(maps).sum(0).clamp(max=1)
        return None if bool((total == 1).all()) else total

    @property
    def is_given(self) -> bool:
        """Whether all of the canvas is pinned, so that no model draws."""
        return self.pinned is not None and bool((self.pinned.shares == 1).all())

    def needs(self, rule: Rule, step: Step) -> tuple[bool, bool]:
        """Returns whether a step needs the (image, audio) model.

        A model is needed if the rule needs it, or if the other model leaves some place undrawn.
        """
        if self.is_given:
            return False, False
        asked = rule.needs(step)
        alone = [self.cover(other) is not None for other in ("audio", "image")]
        there = [bool(self.of_model(model)) for model in MODELS]
        return there[0] and (asked[0] or alone[0]), there[1] and (asked[1] or alone[1])

    def mix(
        self, rule: Rule, image_noise: Tensor | None, audio_noise: Tensor | None, step: Step
    ) -> Tensor:
        """Returns the noise of a step.

        Where both models draw, the rule mixes their predictions; where one draws, its prediction
        is used alone. Pinned content lies over both: for noisy latents `x`, the noise of a clean
        latent `z` is `(x - alpha z) / sigma`.

        Args:
            rule: Mixes the two predictions.
            image_noise: The picture model's guided prediction, if `needs` asked for it.
            audio_noise: The same for the spectrogram model.
            step: The current step.
        """
        covers = [self.cover(model) for model in MODELS]
        if self.is_given:
            mixed = step.latents
        elif all(cover is None for cover in covers):
            mixed = rule(image_noise, audio_noise, step)
        else:
            mixed = _apart(covers, rule, image_noise, audio_noise, step)
        if self.pinned is None:
            return mixed
        clean = self.pinned.latent.to(mixed)
        given = (step.latents - step.alpha * clean) / step.sigma
        return torch.lerp(mixed, given, self.pinned.shares.to(mixed))


def expert_of(embeddings: TextEmbeddings, model: str) -> Expert:
    """Returns the expert of a prompt for the whole canvas.

    Args:
        embeddings: The prompts.
        model: `"image"` or `"audio"`.
    """
    return Expert(model, getattr(embeddings, model), getattr(embeddings, f"negative_{model}"))


def predict(
    pair: ModelPair, experts: Sequence[Expert], step: Step, timestep: Tensor, guidance_scale: float
) -> tuple[Step, Tensor]:
    """Returns the step with one model's predictions, and its guided prediction.

    Predictions of overlapping experts are averaged by their weights. A box wider than the models'
    training width is covered by overlapping windows, which are averaged too (Bar-Tal et al.,
    "MultiDiffusion", 2023, equation 5) and move from step to step.

    Args:
        pair: The models.
        experts: One or more experts of the same model.
        step: The current step; the model sees its `latents`.
        timestep: The schedule's timestep, as the model takes it.
        guidance_scale: Classifier-free guidance; at 1 only the conditional half is evaluated.
    """
    halves = _averaged(pair, experts, step, timestep, guidance_scale != 1.0)
    names = [f"{experts[0].model}_{half}" for half in ("conditional", "unconditional")]
    named: dict[str, Any] = dict(zip(names, reversed(halves), strict=False))
    step = dataclasses.replace(step, **named)
    if len(halves) == 1:
        return step, halves[0]
    unconditional, conditional = halves
    return step, unconditional + guidance_scale * (conditional - unconditional)


def _apart(
    covers: Sequence[Tensor | None],
    rule: Rule,
    image_noise: Tensor | None,
    audio_noise: Tensor | None,
    step: Step,
) -> Tensor:
    """Returns the noise if a model draws only part of the canvas; see `Composition.cover`."""
    whole = torch.ones(1, 1)
    image, audio = ((whole if cover is None else cover).to(step.latents) for cover in covers)
    mixed = torch.zeros_like(step.latents)
    if image_noise is not None:
        mixed = mixed + image * (1 - audio) * image_noise
    if audio_noise is not None:
        mixed = mixed + audio * (1 - image) * audio_noise
    both = image * audio
    if both.any():
        mixed = mixed + both * rule(image_noise, audio_noise, step)
    drawn = image + audio - both
    return mixed / drawn.clamp(min=torch.finfo(drawn.dtype).tiny)


def windows(columns: int, width: int, index: int) -> list[int]:
    """Returns the starts of windows that cover some columns, half overlapping.

    Args:
        columns: Number of columns to cover.
        width: Columns per window; 0, or a width of at least `columns`, gives one window.
        index: Index of the step; the windows move with it.

    Example:
        >>> windows(64, 32, 0), windows(64, 32, 1), windows(20, 32, 0)
        ([0, 16, 32], [0, 7, 23, 32], [0])
    """
    if not 0 < width < columns:
        return [0]
    stride = max(1, width // 2)
    moved = int(index * GOLDEN % 1 * stride)
    return sorted({min(max(start, 0), columns - width) for start in range(-moved, columns, stride)})


def _averaged(
    pair: ModelPair, experts: Sequence[Expert], step: Step, timestep: Tensor, guided: bool
) -> tuple[Tensor, ...]:
    """Returns the (unconditional and) conditional prediction of one model for the canvas."""
    rows, columns = step.latents.shape[-2:]
    if len(experts) == 1 and experts[0].box in (None, Box(0, rows, 0, columns)):
        return _seen(pair, experts[0], step, timestep, guided)
    total = [torch.zeros_like(step.latents) for _ in range(1 + guided)]
    weight = torch.zeros(rows, columns, device=step.latents.device)
    for expert in experts:
        box = expert.box or Box(0, rows, 0, columns)
        place = (slice(box.top, box.bottom), slice(box.left, box.right))
        counts = torch.ones_like(weight) if expert.weights is None else expert.weights.to(weight)
        weight[place] += counts[place]
        for sums, half in zip(total, _seen(pair, expert, step, timestep, guided), strict=True):
            sums[..., *place] += counts[place] * half
    return tuple(sums / weight.clamp(min=torch.finfo(weight.dtype).tiny) for sums in total)


def _seen(
    pair: ModelPair, expert: Expert, step: Step, timestep: Tensor, guided: bool
) -> tuple[Tensor, ...]:
    """Returns the (unconditional and) conditional prediction of an expert for its box."""
    rows, columns = step.latents.shape[-2:]
    box = expert.box or Box(0, rows, 0, columns)
    seen = step.latents[..., box.top : box.bottom, box.left : box.right]
    if expert.shift is not None:
        seen = seen + step.alpha * expert.shift.to(seen)
    starts = windows(seen.shape[-1], pair.window, step.index)
    if len(starts) == 1:
        return _evaluated(pair, expert, seen, timestep, guided)
    total = [torch.zeros_like(seen) for _ in range(1 + guided)]
    taper = _taper(pair.window).to(seen)
    weight = torch.zeros_like(seen[0, 0, 0])
    for start in starts:
        place = slice(start, start + pair.window)
        weight[place] += taper
        halves = _evaluated(pair, expert, seen[..., place], timestep, guided)
        for sums, half in zip(total, halves, strict=True):
            sums[..., place] += taper * half
    return tuple(sums / weight for sums in total)


def _taper(width: int) -> Tensor:
    """Returns the weight of each column of a window, `(width,)`, largest in the middle."""
    steps = torch.arange(width) + 0.5
    return torch.minimum(steps, width - steps) / (width / 2)


def _evaluated(
    pair: ModelPair, expert: Expert, latents: Tensor, timestep: Tensor, guided: bool
) -> tuple[Tensor, ...]:
    """Returns the (unconditional and) conditional prediction of a model for what it sees."""
    unet = getattr(pair, f"{expert.model}_unet")
    texts = [expert.negative, expert.text] if guided else [expert.text]
    text = torch.cat([half.expand(len(latents), -1, -1) for half in texts])
    output: Tensor = unet(
        torch.cat([latents] * len(texts)).to(unet.dtype),
        timestep,
        encoder_hidden_states=text.to(latents.device, unet.dtype),
        return_dict=False,
    )[0].to(latents.dtype)
    return output.chunk(len(texts))
