"""Workers of a real Ray cluster are killed at random moments; the folder comes out the same.

`pytest -m slow tests/batch/test_worker_kills.py -s` prints the number of kills.
"""

import os
import random
import re
import signal
import threading
import time
from pathlib import Path

import pytest
import ray
from ray.cluster_utils import Cluster as Raylets
from tiny import tiny_pair
from tiny_mortal import Named
from tiny_run import config, files

from sonocanvas.batch.cluster import Cluster
from sonocanvas.batch.pool import Pool
from sonocanvas.generate import generate
from sonocanvas.models import settled
from sonocanvas.pairs.folder import save_folder

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::FutureWarning")
KILLS = 10


class NamedPool(Pool):
    """A pool of workers that a test can kill."""

    def _start(self):
        return ray.remote(num_cpus=1)(Named).remote("cpu", 1)


@pytest.mark.slow
def test_workers_killed_at_random_moments_change_nothing(tmp_path, monkeypatch):
    save_folder(tiny_pair(), tmp_path / "pair")
    place = f"local:{tmp_path / 'pair'}"
    run = settled(config(pair=place, seeds=range(4000), batch_size=1), "cpu")
    chance, there, done, kills = random.Random(7), {}, threading.Event(), []

    def note(name, state):
        process = re.search(r"process (\d+)", name)
        if process and state:
            there[name] = int(process[1])
        else:
            there.pop(name, None)

    def kill():
        while len(kills) < KILLS and not done.wait(chance.uniform(0, 6)):
            alive = sorted(set(there.values()) - set(kills))
            if alive:
                kills.append(chance.choice(alive))
                os.kill(kills[-1], signal.SIGKILL)

    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent.parent))
    raylets = Raylets(initialize_head=True, head_node_args={"num_cpus": 1})
    raylets.add_node(num_cpus=1)
    monkeypatch.setenv("RAY_ADDRESS", raylets.address)
    killer = threading.Thread(target=kill)
    made = {}
    try:
        with NamedPool(Cluster(attempts=20), note, lambda sentence: None) as pool:
            killer.start()
            begun_s = time.monotonic()
            samples = pool(run, [(seed,) for seed in run.seeds], None)
            for sample in samples:
                assert sample.seed not in made  # no sample comes twice
                made[sample.seed] = sample
                if len(kills) >= KILLS and time.monotonic() - begun_s > 5:
                    break
    finally:
        done.set()
        killer.join()
        raylets.shutdown()
    assert len(kills) == KILLS
    some = tuple(sorted(made))[:20]
    few = run.model_copy(update={"seeds": some})

    def again(config, chunks, on_cost):
        yield from (made[seed] for chunk in chunks for seed in chunk)

    again.device = "cpu"
    generate(few, tmp_path / "there", make=again)
    generate(few, tmp_path / "here")
    assert files(tmp_path / "there") == files(tmp_path / "here")
    print(f"\n{len(kills)} kills of workers while {len(made)} samples came, none twice, none other")
