"""Sounds on a device, which spare processor cores synthesize and arrange while it learns."""

import mmap
import multiprocessing
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonocanvas.training.captions import Captions, concept_weights
from sonocanvas.training.recordings import Clip
from sonocanvas.training.views import sound_views
from sonocanvas.words.concepts import sounds

SOUNDS_A_TASK = 8
COPIED_AT_ONCE = 4  # most groups of canvases that are copied per batch


def shared_zeros(*shape: int, dtype: str) -> NDArray[Any]:
    """Returns an array of zeros that is shared with processes forked later."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    return np.frombuffer(mmap.mmap(-1, size), dtype).reshape(shape)


class Sounds:
    """Canvases of sounds on a device, which are renewed on spare CPU cores.

    The processes use shared memory. Pickled arrays would keep the receiving threads busy, and the
    training thread would wait for the interpreter's lock at each step.

    Args:
        clips: Recordings to use.
        captions: Numbers their captions.
        device: Device of the canvases.
        slots: Number of canvases kept per sound; the newest replace the oldest.
        workers: Number of synthesizing processes.
        rounds: Number of rounds per sound, each of up to eight canvases.
        seed: Seed of the processes.
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
        self.group = min(SOUNDS_A_TASK, slots)
        self.slots = slots - slots % self.group
        count = len(self.clips)
        self.shared_canvases = shared_zeros(count, self.slots, 256, 1024, dtype="uint8")
        self.shared_captions = shared_zeros(count, self.slots, dtype="int64")
        self.turns = shared_zeros(count, dtype="int64")
        """Number of finished rounds per sound."""
        self.silent = shared_zeros(count, dtype="bool")
        """Whether a sound has neither a recording nor a synthesizer."""
        fork = multiprocessing.get_context("fork")
        self.processes = [
            fork.Process(
                target=self._make, args=(range(one, count, workers), rounds, seed, captions)
            )
            for one in range(min(workers, count))
        ]
        for process in self.processes:
            process.daemon = True
            process.start()
        self.device = device
        self.weights = concept_weights([one.name for one in sounds()]).to(device)
        self.canvases = torch.from_numpy(self.shared_canvases)
        self.captions = torch.from_numpy(self.shared_captions)
        if device != "cpu":
            self.canvases = torch.zeros_like(self.canvases, device=device)
            self.captions = torch.zeros_like(self.captions, device=device)
        self.taken = np.zeros(count, np.int64)
        self.filled = torch.zeros(count, dtype=torch.long, device=device)

    def _make(self, concepts: range, rounds: int, seed: int, captions: Captions) -> None:
        """Fills the slots of some sounds, round after round; runs in its own process."""
        for turn in range(rounds):
            for concept in concepts:
                one = sounds()[concept]
                task = (one.name, one.prompt, self.clips[concept], self.group, seed + turn)
                canvases, labels = sound_views(*task)
                if len(canvases):
                    slots = self._slots(turn)
                    self.shared_canvases[concept, slots] = canvases
                    self.shared_captions[concept, slots] = [captions(o["caption"]) for o in labels]
                self.silent[concept] = not len(canvases)
                self.turns[concept] = turn + 1

    def _slots(self, turn: int) -> slice:
        """Returns the slots of a round's canvases."""
        start = turn * self.group % self.slots
        return slice(start, start + self.group)

    def renew(self) -> None:
        """Copies some of the newly synthesized canvases, those with the fewest rounds first."""
        waiting = np.flatnonzero(self.turns > self.taken)
        first = waiting[np.argsort(self.taken[waiting], kind="stable")[:COPIED_AT_ONCE]]
        for concept in first:
            if self.device != "cpu":
                part = concept, self._slots(self.taken[concept])
                self.canvases[part] = torch.from_numpy(self.shared_canvases[part])
                self.captions[part] = torch.from_numpy(self.shared_captions[part])
            self.taken[concept] += 1
        if len(first):
            filled = np.minimum(self.taken * self.group, self.slots) * ~self.silent
            self.filled = torch.from_numpy(filled).to(self.device)

    def wait(self) -> None:
        """Waits until every sound has finished a round.

        Raises:
            RuntimeError: A synthesizer failed; its process has printed the error.
        """
        while not self.taken.all():
            self.renew()
            if any(process.exitcode for process in self.processes):
                self.close()
                raise RuntimeError("A synthesizer failed: its error is printed above.")
            time.sleep(0.001)

    def __call__(self, count: int) -> tuple[Tensor, Tensor]:
        """Returns canvases `(count, 256, 1024)` in [0, 1] and the numbers of their captions."""
        self.renew()
        concept = torch.multinomial(self.weights * (self.filled > 0), count, replacement=True)
        slot = (torch.rand(count, device=self.device) * self.filled[concept]).long()
        return self.canvases[concept, slot].float() / 255, self.captions[concept, slot]

    def close(self) -> None:
        """Stops the processes."""
        for process in self.processes:
            process.terminate()
            process.join()
