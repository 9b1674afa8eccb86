"""Sounds on a device, which spare processor cores synthesize and arrange while it learns."""

import itertools
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonocanvas.concepts import sounds
from sonocanvas.training.captions import Captions, concept_weights
from sonocanvas.training.recordings import Clip
from sonocanvas.training.views import sound_views

SOUNDS_A_TASK = 8


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
        self.weights = concept_weights([one.name for one in sounds()]).to(device)
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
