"""Chunks of runs on a Ray cluster: the only file that imports ray.

The driver writes the workers' samples, so a folder equals that of a run on one machine byte for
byte. A worker has at most two chunks, one in progress and one waiting. A worker that dies or hangs
is replaced, and its chunks go to others.
"""

import os
import re
import socket
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import ray
from ray.exceptions import RayError, RayTaskError

from sonocanvas.batch.cluster import Cluster
from sonocanvas.batch.worker import Result, Worker
from sonocanvas.config import RunConfig
from sonocanvas.errors import SonoCanvasError
from sonocanvas.protocols import OnCost, OnWarning
from sonocanvas.registry import allowed
from sonocanvas.types import Sample

IN_FLIGHT = 2
"""Maximum chunks per worker."""
AHEAD = 256
"""Maximum results that are kept until they are needed."""
TURN_S = 5.0
"""How long the driver waits for a result before it checks for workers that hang."""
PATIENCE_S = 30.0
"""How long a cluster can be without any worker before the user is warned."""

COLOURS = re.compile(r"\x1b\[[0-9;]*m")

OnWorker = Callable[[str, str], None]
"""Called with a worker's name and state; the state is empty once the worker is gone."""
Key = tuple[str, tuple[int, ...]]


@dataclass(frozen=True)
class Task:
    """A chunk of a run, with the number of earlier attempts."""

    config: RunConfig
    seeds: tuple[int, ...]
    begun: int = 0

    @property
    def key(self) -> Key:
        """The key of its result."""
        return self.config.model_dump_json(), self.seeds


@dataclass
class Hired:
    """A worker as the driver sees it.

    Attributes:
        name: Its displayed name.
        actor: Ray's handle.
        there: Resolves once the cluster has room for it; `None` after that.
        tasks: Its chunks by Ray's reference to the result; the first is in progress.
        since_s: Start time of that chunk.
    """

    name: str
    actor: Any
    there: Any
    tasks: dict[Any, Task] = field(default_factory=dict)
    since_s: float = 0.0


class Pool:
    """The workers of a cluster within a `with` block; a `protocols.Make`.

    Args:
        cluster: Where they are, and how many.
        on_worker: Called when a worker starts a chunk, waits or is lost.
        on_warning: Called once with each warning from a worker or the cluster.

    Raises:
        SonoCanvasError: The cluster cannot be reached.
    """

    def __init__(
        self,
        cluster: Cluster,
        on_worker: OnWorker = lambda name, state: None,
        on_warning: OnWarning = warnings.warn,
    ) -> None:
        self.cluster = cluster
        self.device = "cuda" if cluster.gpus else "cpu"
        self._on_worker, self._on_warning = on_worker, on_warning
        self._said: set[str] = set()
        self._waiting: dict[Key, Task] = {}
        self._wanted: dict[Key, Task] = {}
        self._made: dict[Key, Result] = {}
        self._hired: list[Hired] = []
        self._count = self._failed_starts = 0
        self._alone_since_s = 0.0

    def __enter__(self) -> Self:
        address = self.cluster.address or os.environ.get("RAY_ADDRESS", "")
        own = {} if address else {"include_dashboard": False}
        try:
            _check_reachable(address)
            ray.init(address or None, log_to_driver=False, logging_level="error", **own)
        except (RayError, OSError, RuntimeError, ValueError) as error:
            reason = str(error).strip().splitlines()[0].rstrip(".")
            raise SonoCanvasError(
                f"Cannot reach the cluster at '{address or 'this machine'}': {reason}."
            ) from None
        self._alone_since_s = time.monotonic()
        return self

    def __exit__(self, *error: object) -> None:
        for worker in self._hired:
            ray.kill(worker.actor)
        ray.shutdown()

    def expect(self, config: RunConfig, chunks: Sequence[Sequence[int]]) -> None:
        """Lets workers start chunks that will be requested later, in that order."""
        for chunk in chunks:
            task = Task(config, tuple(chunk))
            self._waiting.setdefault(task.key, task)

    def __call__(
        self, config: RunConfig, chunks: Sequence[Sequence[int]], on_cost: OnCost | None
    ) -> Iterator[Sample]:
        """Yields the samples of a run, chunk by chunk, as they are finished.

        Raises:
            SonoCanvasError: As on one machine, or a chunk failed too often.
        """
        tasks = [Task(config, tuple(chunk)) for chunk in chunks]
        self._wanted = {task.key: task for task in tasks}
        flying = {task.key for worker in self._hired for task in worker.tasks.values()}
        for key, task in self._wanted.items():
            if key not in self._made and key not in flying:
                self._waiting.setdefault(key, task)
        while self._wanted:
            made = [key for key in self._wanted if key in self._made]
            if not made:
                self._turn()
            for key in made:
                task, result = self._wanted.pop(key), self._made.pop(key)
                for sentence in result.sentences:
                    self._warn(sentence)
                if on_cost is not None:
                    on_cost(task.seeds, result.cost)
                yield from result.samples

    def _turn(self) -> None:
        """Hands out chunks, and waits for an event or a timeout."""
        self._hire()
        self._hand_out()
        refs = {
            ref: worker
            for worker in self._hired
            for ref in (worker.tasks if worker.there is None else [worker.there])
        }
        happened, _ = ray.wait(list(refs), num_returns=1, timeout=TURN_S)
        for ref in happened:
            self._hear(refs[ref], ref)
        now_s = time.monotonic()
        for worker in list(self._hired):
            if worker.tasks and now_s - worker.since_s > self.cluster.limit_s:
                self._lose(worker, f"took more than {self.cluster.limit_s:g} s for a chunk")
        if any(worker.there is None for worker in self._hired):
            self._alone_since_s = now_s
        elif now_s - self._alone_since_s > PATIENCE_S:
            self._wait_for_room(now_s - self._alone_since_s)

    def _hire(self) -> None:
        """Asks for workers: one more than fits, which starts as soon as there is room."""
        there = ray.cluster_resources()
        each = {"CPU": self.cluster.cpus, "GPU": self.cluster.gpus}
        room = min((int(there.get(what, 0) / one) for what, one in each.items() if one), default=1)
        at_work = sum(len(worker.tasks) for worker in self._hired)
        most = min(self.cluster.workers or room + 1, len(self._waiting) + at_work)
        while len(self._hired) < most:
            self._count += 1
            actor = self._start()
            self._hired.append(Hired(f"worker {self._count}", actor, actor.where.remote()))

    def _start(self) -> Any:
        kind = ray.remote(num_cpus=self.cluster.cpus, num_gpus=self.cluster.gpus)(Worker)
        return kind.remote(self.device, max(1, int(self.cluster.cpus)), allowed())

    def _hand_out(self) -> None:
        """Gives each worker a chunk, and a second one if there are enough for all."""
        there = [worker for worker in self._hired if worker.there is None]
        for most in range(1, IN_FLIGHT + 1):
            for worker in there:
                enough = most == 1 or len(self._waiting) >= len(there)
                if len(worker.tasks) < most and enough and (task := self._next()) is not None:
                    ref = worker.actor.make.remote(task.config, task.seeds)
                    worker.tasks[ref] = task
                    if len(worker.tasks) == 1:
                        self._begin(worker)

    def _next(self) -> Task | None:
        """Returns the chunk to hand out next: a requested one, or one that will be requested."""
        key = next((key for key in self._waiting if key in self._wanted), None)
        if key is None and len(self._made) < AHEAD:
            key = next(iter(self._waiting), None)
        return None if key is None else self._waiting.pop(key)

    def _begin(self, worker: Hired) -> None:
        """Notes that a worker starts the first of its chunks."""
        worker.since_s = time.monotonic()
        seeds = next(iter(worker.tasks.values())).seeds
        self._on_worker(worker.name, f"seeds {', '.join(map(str, seeds))}")

    def _hear(self, worker: Hired, ref: Any) -> None:
        """Handles a message from a worker: its start, a result, an error or its death."""
        try:
            heard = ray.get(ref)
        except RayTaskError as error:
            if isinstance(error.cause, SonoCanvasError):
                raise error.cause from None
            self._again(worker.tasks.pop(ref), f"{worker.name} failed: {error.cause!r}")
        except RayError as error:
            lines = COLOURS.sub("", str(error)).strip().splitlines()
            self._lose(worker, f"was lost: {lines[0 if worker.there is None else -1].strip()}")
            return
        else:
            if worker.there is not None:
                worker.name += f" on {heard}"
                worker.there, self._failed_starts = None, 0
                return
            self._made[worker.tasks.pop(ref).key] = heard
        if worker.tasks:
            self._begin(worker)
        else:
            self._on_worker(worker.name, "waits")

    def _lose(self, worker: Hired, why: str) -> None:
        """Gives the chunks of a worker to others; only the first of them counts as started."""
        self._hired.remove(worker)
        ray.kill(worker.actor)
        self._on_worker(worker.name, "")
        if worker.there is not None:
            self._failed_starts += 1
            if self._failed_starts >= self.cluster.attempts:
                raise SonoCanvasError(f"No worker could start on the cluster: the last {why}")
            return
        self._warn(f"{worker.name} {why}; others make its seeds.")
        begun, *queued = worker.tasks.values()
        self._waiting = {task.key: task for task in queued} | self._waiting
        self._again(begun, f"{worker.name} {why}")

    def _again(self, task: Task, why: str) -> None:
        """Puts a chunk that failed in front of all others, unless it failed too often."""
        begun = task.begun + 1
        if begun >= self.cluster.attempts:
            seeds = ", ".join(map(str, task.seeds))
            raise SonoCanvasError(
                f"Seeds {seeds} failed {begun} times on the cluster; the last time {why}. Finished "
                "samples are kept."
            )
        self._waiting = {task.key: replace(task, begun=begun)} | self._waiting

    def _wait_for_room(self, alone_s: float) -> None:
        """Warns that no worker has started, and fails after the time limit of a chunk."""
        there = ray.cluster_resources()
        has = f"{there.get('CPU', 0):g} cores and {there.get('GPU', 0):g} cards"
        need = f"{self.cluster.cpus:g} cores and {self.cluster.gpus:g} cards"
        sentence = f"No worker has started yet: each needs {need}; the cluster has {has}."
        if alone_s > self.cluster.limit_s:
            raise SonoCanvasError(sentence)
        self._warn(f"{sentence} Waiting.")

    def _warn(self, sentence: str) -> None:
        if sentence not in self._said:
            self._said.add(sentence)
            self._on_warning(sentence)


def _check_reachable(address: str) -> None:
    """Raises `OSError` if nothing listens there, which Ray itself would notice after minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host, int(port)), timeout=10).close()
