"""Training data that lies on the device: canvases are drawn, mixed and encoded there.

No two batches see the same view. The device turns, scales and shades drawings; spare processor
cores synthesize and arrange sounds while it learns, and the newest replace the oldest.
"""

import itertools
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from transformers import CLIPTextModel, PreTrainedTokenizerFast

from sonocanvas.concepts import pictures, shared, sounds
from sonocanvas.pairs.autoencoder import BlockAutoencoder
from sonocanvas.scorers.towers import tokenize
from sonocanvas.training.drawings import Drawing
from sonocanvas.training.layouts import CANVAS_POSITIONS, LAYOUTS
from sonocanvas.training.recordings import Clip
from sonocanvas.training.views import (
    STYLE_SHARES,
    STYLES,
    held_out,
    outline,
    picture_caption,
    silhouette,
    sound_views,
)

OTHERS = 0.6  # how often a concept outside the shared ones comes up, beside one of them
PROMPT_DROPOUT = 0.12
DIMMED = 0.25  # share of picture canvases whose levels are lowered, to 30 % at most
CAPTIONS_A_STYLE = 24
PAIRS = 2048
SOUNDS_A_TASK = 8
SQUARE_POSITIONS = 8


class Captions:
    """Numbers for captions, given out as they are first seen; number 0 is the empty one."""

    def __init__(self) -> None:
        self.numbers = {"": 0}

    def __call__(self, caption: str) -> int:
        """Returns the number of a caption."""
        return self.numbers.setdefault(caption, len(self.numbers))

    @torch.inference_mode()
    def embedded(self, towers: Path, device: str) -> Tensor:
        """Returns the text encoder's last hidden state of every caption, by number.

        Args:
            towers: Folder of the text encoder and its tokenizer.
            device: Where to compute and keep the table `(captions, tokens, width)`.
        """
        tokenizer = PreTrainedTokenizerFast.from_pretrained(towers / "tokenizer")
        encoder = CLIPTextModel.from_pretrained(towers / "text_encoder", dtype=torch.float32)
        encoder = encoder.to(device).eval()
        tokens = tokenize(tokenizer, list(self.numbers)).to(device)
        return torch.cat([encoder(part)[0] for part in torch.split(tokens, 256)]).clone()


def without_some(captions: Tensor) -> Tensor:
    """Returns the numbers of captions, a share of them replaced by that of the empty one."""
    kept = torch.rand(captions.shape, device=captions.device) >= PROMPT_DROPOUT
    return captions * kept


def encode(autoencoder: BlockAutoencoder, canvases: Tensor) -> Tensor:
    """Returns the latents `(batch, channels, 8, 32)` of canvases `(batch, 256, 1024)` in [0, 1].

    They equal those of `autoencoder.encode`, as one product of matrices.
    """
    code, side = autoencoder.analysis, autoencoder.config.block
    count, height, width = canvases.shape
    blocks = canvases.reshape(count, height // side, side, width // side, side).transpose(2, 3)
    values = functional.linear(blocks.flatten(3) * 2 - 1, code.weight.flatten(1), code.bias)
    return values.permute(0, 3, 1, 2)


def _uniform(low: float, high: float, *shape: int, device: str | torch.device) -> Tensor:
    return torch.rand(shape, device=device) * (high - low) + low


def _weights(names: Sequence[str]) -> Tensor:
    """Returns how often concepts come up: the shared ones more often than others."""
    often = {row["id"] for row in shared()}
    return torch.tensor([1.0 if name in often else OTHERS for name in names])


class Pictures:
    """Drawings on a device, which stand on canvases as the picture model's captions say.

    Args:
        drawings: What may be drawn; those that are held out from training are left out.
        captions: Gives numbers to their captions.
        device: Where everything lies.
        seed: Decides the captions that each concept has.
    """

    def __init__(
        self, drawings: Sequence[Drawing], captions: Captions, device: str, seed: int = 0
    ) -> None:
        seen = [one for one in drawings if not held_out(one.source + one.caption)]
        known = {one.concept for one in seen}
        names = [one.name for one in pictures() if one.name in known]
        groups = [[n for n, one in enumerate(seen) if one.concept == name] for name in names]
        pixels = [one.pixels for one in seen]
        with ProcessPoolExecutor() as pool:
            styled = [pool.map(style, pixels, chunksize=64) for style in (silhouette, outline)]
            styles = np.stack([pixels, *(list(style) for style in styled)])
        self.device = device
        self.pixels = torch.from_numpy(styles).to(device)
        self.sizes = torch.tensor([len(group) for group in groups], device=device)
        self.starts = self.sizes.cumsum(0) - self.sizes
        self.order = torch.tensor(list(itertools.chain(*groups)), device=device)
        self.weights = _weights(names).to(device)
        rng = np.random.default_rng(seed)
        asked = [
            [
                [captions(picture_caption(name, rng, style)) for _ in range(CAPTIONS_A_STYLE)]
                for style in STYLES
            ]
            for name in names
        ]
        self.captions = torch.tensor(asked, device=device)
        self._lay_out(names, captions, rng)

    def _lay_out(self, names: Sequence[str], captions: Captions, rng: np.random.Generator) -> None:
        """Prepares the places of every layout, and its captions for pairs of concepts."""
        empty = CANVAS_POSITIONS  # number of a black column behind those of the four squares
        columns = torch.full((len(LAYOUTS), CANVAS_POSITIONS), empty)
        for row, layout in zip(columns, LAYOUTS, strict=True):
            for square, place in enumerate(layout.places):
                wide = torch.arange(SQUARE_POSITIONS)
                row[place + wide] = square * SQUARE_POSITIONS + wide
        self.columns = columns.to(self.device)
        self.shares = torch.tensor([one.share for one in LAYOUTS], device=self.device)
        chances = (self.weights / self.weights.sum()).cpu().double().numpy()
        chances /= chances.sum()
        pairs = [rng.choice(len(names), 2, p=chances, replace=len(names) < 2) for _ in range(PAIRS)]
        spelt = [name.replace("-", " ") for name in names]
        told = [
            [captions(one.caption.format(spelt[a], spelt[b])) for one in LAYOUTS] for a, b in pairs
        ]
        self.pairs = torch.tensor(np.array(pairs), device=self.device)
        self.told = torch.tensor(told, device=self.device)
        alternating = [["{1}" in one.caption] for one in LAYOUTS]
        turns = torch.tensor(alternating) & torch.tensor([[False, True, False, True]])
        self.turns = turns.long().to(self.device)

    def __call__(self, count: int, silhouettes: bool = False) -> tuple[Tensor, Tensor]:
        """Returns canvases `(count, 256, 1024)` in [0, 1] and the numbers of their captions.

        Args:
            count: How many.
            silhouettes: Whether all are silhouettes, four in a row.
        """
        device = self.device
        layout = torch.multinomial(self.shares, count, replacement=True)
        style = torch.multinomial(torch.tensor(STYLE_SHARES, device=device), count, True)
        if silhouettes:
            layout, style = torch.zeros_like(layout), torch.ones_like(style)
        pair = torch.randint(PAIRS, (count,), device=device)
        own = layout == 0
        first = torch.multinomial(self.weights, count, replacement=True)
        concepts = torch.where(own[:, None], first[:, None], self.pairs[pair])
        each = concepts.gather(1, self.turns[layout])
        within = (torch.rand(each.shape, device=device) * self.sizes[each]).long()
        drawing = self.order[self.starts[each] + within]
        squares = self._seen(self.pixels[style[:, None], drawing])
        if not silhouettes:
            dim = torch.rand(count, 1, 1, 1, device=device) < DIMMED
            squares *= torch.where(dim, _uniform(0.3, 1, count, 1, 1, 1, device=device), 1.0)
        choice = torch.randint(CAPTIONS_A_STYLE, (count,), device=device)
        caption = torch.where(own, self.captions[first, style, choice], self.told[pair, layout])
        return self._stood(squares, layout), caption

    def _seen(self, pixels: Tensor) -> Tensor:
        """Returns squares `(count, 4, 256, 256)` mirrored, turned, scaled and shaded.

        The ranges are those of `views.drawing_view`.
        """
        count, side = pixels.shape[:2]
        n, device = count * side, pixels.device
        angle = _uniform(-7, 7, n, device=device).deg2rad()
        scale = 1 / _uniform(0.8, 1.02, n, device=device)
        mirror = torch.where(torch.rand(n, device=device) < 0.5, -1.0, 1.0)
        shift = _uniform(-10, 10, 2, n, device=device) / 128
        cos, sin = angle.cos() * scale, angle.sin() * scale
        across = torch.stack([cos, sin, -(cos * shift[0] + sin * shift[1])], 1) * mirror[:, None]
        down = torch.stack([-sin, cos, sin * shift[0] - cos * shift[1]], 1)
        flat = pixels.view(n, 1, *pixels.shape[2:]).float() / 255
        grid = functional.affine_grid(torch.stack([across, down], 1), list(flat.shape), False)
        turned = functional.grid_sample(flat, grid, align_corners=False)
        gamma = _uniform(0.7, 1.3, n, 1, 1, 1, device=device)
        gain = _uniform(0.85, 1, n, 1, 1, 1, device=device)
        return (turned.pow(gamma) * gain).view(pixels.shape)

    def _stood(self, squares: Tensor, layout: Tensor) -> Tensor:
        """Returns the canvases on which four squares each stand as their layouts say."""
        count = len(squares)
        strips = squares.reshape(count, 4, 256, SQUARE_POSITIONS, -1)
        strips = strips.permute(0, 1, 3, 2, 4).flatten(1, 2)
        strips = functional.pad(strips, (0, 0, 0, 0, 0, 1))
        rows = torch.arange(count, device=squares.device)[:, None]
        placed = strips[rows, self.columns[layout]]  # (count, 32, 256, 32)
        return placed.transpose(1, 2).flatten(2)


class Sounds:
    """Canvases of sounds on a device, which spare processor cores renew.

    Args:
        clips: Recordings that may be heard.
        captions: Gives numbers to their captions.
        device: Where the canvases lie.
        slots: How many canvases of each sound are kept; the newest replace the oldest.
        workers: How many processes synthesize.
        rounds: How often each sound is synthesized, eight canvases at a time.
        seed: Decides what they make.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        captions: Captions,
        device: str,
        *,
        slots: int,
        workers: int,
        rounds: int,
        seed: int = 0,
    ) -> None:
        heard = [clip for clip in clips if not clip.id.startswith("held-")]
        self.clips = [[clip for clip in heard if clip.concept == one.name] for one in sounds()]
        for caption in (one.prompt for one in sounds()):
            captions(caption)
        for clip in heard:
            captions(clip.caption)
        self.device, self.slots, self.number = device, slots, captions
        self.weights = _weights([one.name for one in sounds()]).to(device)
        self.tried: set[int] = set()
        count = len(self.clips)
        self.canvases = torch.zeros(count, slots, 256, 1024, dtype=torch.uint8, device=device)
        self.captions = torch.zeros(count, slots, dtype=torch.long, device=device)
        self.made = torch.zeros(count, dtype=torch.long)
        self.filled = torch.zeros(count, device=device)
        every = range(count)
        self.todo = ((one, seed + turn) for turn in range(rounds) for one in every)
        self.pool = ProcessPoolExecutor(workers, multiprocessing.get_context("fork"))
        self.running: dict[Future[Any], int] = {}
        self._submit(3 * workers)

    def _submit(self, count: int) -> None:
        for concept, seed in itertools.islice(self.todo, count):
            one = sounds()[concept]
            task = (one.name, one.prompt, self.clips[concept], SOUNDS_A_TASK, seed)
            self.running[self.pool.submit(sound_views, *task)] = concept

    def renew(self) -> None:
        """Takes in what has been synthesized by now, and asks for as much again."""
        done = [future for future in self.running if future.done()]
        for future in done:
            concept = self.running.pop(future)
            canvases, labels = future.result()
            self._submit(1)
            self.tried.add(concept)
            if len(canvases):
                self._keep(concept, canvases, [self.number(one["caption"]) for one in labels])
        if done:
            self.filled = self.made.clamp(max=self.slots).float().to(self.device)

    def _keep(self, concept: int, canvases: NDArray[np.uint8], captions: list[int]) -> None:
        """Puts new canvases of a sound where its oldest are."""
        new = torch.from_numpy(canvases[-self.slots :]).to(self.device)
        slots = (self.made[concept] + torch.arange(len(new))) % self.slots
        self.canvases[concept, slots.to(self.device)] = new
        numbers = torch.tensor(captions[-self.slots :], device=self.device)
        self.captions[concept, slots.to(self.device)] = numbers
        self.made[concept] += len(new)

    def wait(self) -> None:
        """Waits until every sound has been tried once."""
        while len(self.tried) < len(self.clips):
            next(iter(self.running)).result()
            self.renew()

    def __call__(self, count: int) -> tuple[Tensor, Tensor]:
        """Returns canvases `(count, 256, 1024)` in [0, 1] and the numbers of their captions."""
        self.renew()
        concept = torch.multinomial(self.weights * (self.filled > 0), count, replacement=True)
        slot = (torch.rand(count, device=self.device) * self.filled[concept]).long()
        return self.canvases[concept, slot].float() / 255, self.captions[concept, slot]

    def close(self) -> None:
        """Stops the processes."""
        self.pool.shutdown(cancel_futures=True)


class Batches:
    """Canvases of one modality, plain and mixed with the other, with their captions."""

    def __init__(self, pictures: Pictures, sounds: Sounds, modality: str) -> None:
        """Takes both sources.

        Args:
            pictures: Draws canvases.
            sounds: Has canvases.
            modality: `"image"` or `"audio"`: what the captions say.
        """
        self.pictures, self.sounds, self.modality = pictures, sounds, modality

    def __call__(self, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """Returns canvases `(count, 256, 1024)`, the same mixed, and numbers of captions.

        Mixed is what composing makes of a canvas: half of them are a weighted mean with a canvas
        of the other modality, half carry its shape in their levels.
        """
        if self.modality == "image":
            canvases, captions = self.pictures(count)
            other, _ = self.sounds(count)
            shaped = shaped_by(canvases, other, 0.1, 0.7)
        else:
            canvases, captions = self.sounds(count)
            other, _ = self.pictures(count, silhouettes=True)
            shaped = shaped_by(canvases, blurred(other), 0.2, 0.7)
            kept = shaped.square().sum((1, 2)) > 0.5 * canvases.square().sum((1, 2))
            shaped = torch.where(kept[:, None, None], shaped, canvases)
            other, _ = self.pictures(count)
        share = _uniform(0.5, 0.9, count, 1, 1, device=self.sounds.device)
        averaged = share * canvases + (1 - share) * other
        is_shaped = torch.rand(count, 1, 1, device=self.sounds.device) < 0.5
        return canvases, torch.where(is_shaped, shaped, averaged), captions


def shaped_by(canvases: Tensor, shape: Tensor, least: float, most: float) -> Tensor:
    """Returns canvases whose levels fall, where `shape` is black, to a share within bounds."""
    floor = least + (most - least) * torch.rand(len(canvases), 1, 1, device=canvases.device)
    return canvases * (floor + (1 - floor) * shape)


def blurred(canvases: Tensor, by: int = 16) -> Tensor:
    """Returns canvases `(count, height, width)` as if seen from so many times farther away."""
    small = functional.avg_pool2d(canvases[:, None], by)
    size = tuple(canvases.shape[1:])
    return functional.interpolate(small, size, mode="bilinear", align_corners=False)[:, 0]
