"""How throughput grows with a cluster: `python benchmarks/cluster.py`.

First, samples per second with one worker and with two, each pinned to its own core, measured in
turn. If the driver and Ray have no core to themselves, the workers sometimes wait for theirs. The
second figure leaves these waits out; a wait is a chunk's wall time minus its processor time. Then
the driver's own cost per sample with many workers. These are simulated: one actor answers for all
of them after a delay, with a real sample of `mini`.
"""

import argparse
import asyncio
import dataclasses
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ray

from sonocanvas import RunConfig, generate
from sonocanvas.batch.cluster import Cluster
from sonocanvas.batch.pool import Pool
from sonocanvas.batch.worker import Result, Worker
from sonocanvas.files.run_folder import RunFolder
from sonocanvas.models import settled
from sonocanvas.types import Sample

PROMPTS = {"image_prompt": "an owl", "audio_prompt": "an owl hooting"}


class Pinned(Worker):
    """A worker pinned to one core."""

    def __init__(self, core: int) -> None:
        os.sched_setaffinity(0, {core})
        super().__init__("cpu", 1)


class PinnedPool(Pool):
    """A pool that pins each worker to the next core."""

    def _start(self) -> Any:
        cores = sorted(os.sched_getaffinity(0))
        return ray.remote(num_cpus=1)(Pinned).remote(cores[(self._count - 1) % len(cores)])


class Crowd:
    """Answers for many workers, each time after the same delay."""

    def __init__(self, sample: Sample, seconds: float) -> None:
        self.sample, self.seconds = sample, seconds

    async def where(self) -> str:
        """Returns where the workers run."""
        return "nowhere"

    async def make(self, config: RunConfig, seeds: tuple[int, ...]) -> Result:
        """Returns the same sample under each seed."""
        await asyncio.sleep(self.seconds)
        return Result([dataclasses.replace(self.sample, seed=seed) for seed in seeds], {}, [])


class CrowdPool(Pool):
    """A pool in which every worker is the same actor."""

    crowd: Any = None

    def _start(self) -> Any:
        return self.crowd


def rate(workers: int, seeds: int) -> tuple[float, float]:
    """Returns samples per second of warm workers, with and without the waits for their cores."""
    config = settled(RunConfig(**PROMPTS, seeds=tuple(range(seeds)), batch_size=1), "cpu")
    waited_s: list[float] = []

    def on_cost(_: Sequence[int], cost: dict[str, float]) -> None:
        waited_s.append(cost["seconds"] - cost["cpu_seconds"])

    with PinnedPool(Cluster(workers=workers)) as pool:
        for _ in pool(config, [(10_000 + number,) for number in range(4 * workers)], None):
            pass
        begun_s = time.perf_counter()
        made = sum(1 for _ in pool(config, [(seed,) for seed in config.seeds], on_cost))
        taken_s = time.perf_counter() - begun_s
    return made / taken_s, made / (taken_s - sum(waited_s) / workers)


def alone(core: int, seeds: int, begin: Any, rates: Any) -> None:
    """Puts into `rates` the samples per second of one process on one core, without a cluster."""
    os.sched_setaffinity(0, {core})
    worker = Worker("cpu", 1)
    config = settled(RunConfig(**PROMPTS, seeds=tuple(range(seeds)), batch_size=1), "cpu")
    worker.make(config, (0,))
    begin.wait()
    begun_s = time.perf_counter()
    for seed in config.seeds:
        worker.make(config, (seed,))
    rates.put(seeds / (time.perf_counter() - begun_s))


def together(processes: int, seeds: int) -> float:
    """Returns the total samples per second of several processes without a cluster."""
    context = multiprocessing.get_context("spawn")
    begin, rates = context.Barrier(processes), context.Queue()
    cores = sorted(os.sched_getaffinity(0))[:processes]
    running = [context.Process(target=alone, args=(core, seeds, begin, rates)) for core in cores]
    for process in running:
        process.start()
    found = sum(rates.get() for _ in running)
    for process in running:
        process.join()
    return found


def overhead(workers: int, seconds: float, samples: int) -> dict[str, float]:
    """Returns the driver's processor ms per sample, those for saving it, and samples per second."""
    config = settled(RunConfig(**PROMPTS, seeds=tuple(range(samples)), batch_size=1), "cpu")
    (sample,) = generate(RunConfig(**PROMPTS, seeds=(0,)))
    found: dict[str, float] = {}
    with (
        tempfile.TemporaryDirectory() as beside,
        CrowdPool(Cluster(workers=workers, cpus=0)) as pool,
        RunFolder(Path(beside) / "run", config, False) as folder,
    ):
        kind = ray.remote(num_cpus=0, max_concurrency=4 * workers)(Crowd)
        pool.crowd = kind.remote(sample, seconds)
        clocks = time.perf_counter(), time.process_time()
        saving_s = 0.0
        for made in pool(config, [(seed,) for seed in config.seeds], None):
            started_s = time.process_time()
            folder.add(made)
            saving_s += time.process_time() - started_s
        wall_s, cpu_s = time.perf_counter() - clocks[0], time.process_time() - clocks[1]
        found["driver_ms"] = 1000 * (cpu_s - saving_s) / samples
        found["saving_ms"] = 1000 * saving_s / samples
        found["samples_per_s"] = samples / wall_s
    return found


def main() -> None:
    """Prints both measurements, and writes them as JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--crowds", type=int, nargs="*", default=[10, 100, 1000])
    parser.add_argument("--seconds", type=float, default=10.0, help="of a simulated chunk")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rates: dict[int, list[tuple[float, float]]] = {1: [], 2: []}
    for _ in range(arguments.turns):
        for workers, found in rates.items():
            found.append(rate(workers, arguments.seeds * workers))
            clock, busy = found[-1]
            print(
                f"{workers} workers: {clock:.3f} samples a second, {busy:.3f} without waits for "
                "their cores",
                flush=True,
            )
    pairs = list(zip(rates[1], rates[2], strict=True))
    for which, what in enumerate(("two over one", "without waits for cores")):
        ratios = [two[which] / one[which] for one, two in pairs]
        if ratios:
            middle = statistics.median(ratios)
            print(f"{what}: {middle:.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
    if pairs:
        for processes in (1, 2):
            apart = together(processes, arguments.seeds)
            print(f"{processes} processes without a cluster: {apart:.3f} samples a second")
    crowds = {}
    for workers in arguments.crowds:
        crowds[workers] = overhead(workers, arguments.seconds, 3 * workers)
        print(f"{workers} simulated workers: {crowds[workers]}", flush=True)
    if arguments.json:
        text = json.dumps({"rates": rates, "crowds": crowds}, indent=1)
        arguments.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
