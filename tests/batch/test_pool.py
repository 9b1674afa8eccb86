"""Runs on a real Ray cluster of two raylets give the same folder, whatever happens to workers."""

import json
from pathlib import Path

import pytest
import ray
from ray.cluster_utils import Cluster as Raylets
from tiny import tiny_pair
from tiny_mortal import Mortal
from tiny_run import config, files

from sonocanvas.batch.cluster import Cluster
from sonocanvas.batch.pool import IN_FLIGHT, Pool
from sonocanvas.errors import SonoCanvasError
from sonocanvas.evaluation.plan import plan_evaluation
from sonocanvas.evaluation.prompts import PromptPair
from sonocanvas.evaluation.run import evaluate
from sonocanvas.generate import generate
from sonocanvas.models import settled
from sonocanvas.pairs.folder import save_folder

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::FutureWarning", "ignore:No worker has started yet"
)  # the last occurs on a busy machine
SEEDS = tuple(range(6))


@pytest.fixture(scope="module")
def raylets():
    """Returns a cluster of two machines with one core each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent.parent))  # for what workers import
        made = Raylets(initialize_head=True, head_node_args={"num_cpus": 1})
        made.add_node(num_cpus=1)
        patch.setenv("RAY_ADDRESS", made.address)
        yield made
        made.shutdown()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Returns a run of a tiny pair saved in a folder, so that workers can load it."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    save_folder(tiny_pair(), folder)
    return settled(config(pair=f"local:{folder}", seeds=SEEDS, batch_size=1), "cpu")


@pytest.fixture(scope="module")
def whole(run, tmp_path_factory):
    """Returns the files of the run made on one machine."""
    out = tmp_path_factory.mktemp("whole") / "run"
    generate(run, out)
    return files(out)


def test_the_folder_is_that_of_one_machine(raylets, run, whole, tmp_path):
    said, costs = [], []
    with Pool(Cluster(), lambda name, state: said.append((name, state))) as pool:
        generate(run, tmp_path / "run", make=pool, on_cost=lambda *cost: costs.append(cost))
    assert files(tmp_path / "run") == whole
    made = [state for _, state in said if state.startswith("seeds")]
    assert sorted(made) == [f"seeds {seed}" for seed in SEEDS]
    assert sorted(seeds for seeds, _ in costs) == [(seed,) for seed in SEEDS]
    assert all(cost["evaluations"] > 0 and cost["seconds"] > 0 for _, cost in costs)


class MortalPool(Pool):
    """A pool of `Mortal` workers."""

    faults: Path

    def _start(self):
        env = {"FAULTS": str(self.faults)}
        kind = ray.remote(num_cpus=1, runtime_env={"env_vars": env})(Mortal)
        return kind.remote("cpu", 1)


@pytest.fixture
def mortals(tmp_path, monkeypatch):
    """Returns a function that makes a pool with faults, on a cluster with given options."""

    def make(*faults, said=None, **options):
        (tmp_path / "faults").mkdir()
        for name in faults:
            (tmp_path / "faults" / name).touch()
        monkeypatch.setattr(MortalPool, "faults", tmp_path / "faults", raising=False)
        return MortalPool(Cluster(**options), on_warning=(said if said is not None else []).append)

    return make


def test_workers_that_die_hang_or_fail_change_nothing(raylets, run, whole, tmp_path, mortals):
    said = []
    with mortals("die-1", "fail-1", "hang-1", said=said, limit_s=20) as pool:
        generate(run, tmp_path / "run", make=pool)
    assert files(tmp_path / "run") == whole
    assert len(said) == 2
    assert any("was lost" in sentence for sentence in said)
    assert any("took more than 20 s for a chunk; others make its seeds." in one for one in said)


def test_a_chunk_that_always_fails_ends_the_run_and_keeps_the_rest(raylets, run, tmp_path, mortals):
    faults = [f"fail-{number}" for number in range(40)]
    with (
        mortals(*faults, attempts=2) as pool,
        pytest.raises(SonoCanvasError, match="failed 2 times on the cluster; the last time worker"),
    ):
        generate(run, tmp_path / "run", make=pool)
    assert not (tmp_path / "run").exists()


def test_what_a_user_can_mend_is_said_at_once_as_here(raylets, run, tmp_path):
    wrong = run.model_copy(update={"pair": f"local:{tmp_path / 'nothing'}"})
    with pytest.raises(SonoCanvasError) as here:
        generate(wrong, tmp_path / "run")
    with Pool(Cluster()) as pool, pytest.raises(type(here.value)) as there:
        generate(wrong, tmp_path / "run", make=pool)
    assert str(there.value) == str(here.value)


def test_no_worker_has_more_than_two_chunks_and_a_cluster_may_grow(raylets, run, tmp_path):
    most = []

    class Watched(Pool):
        def _turn(self):
            super()._turn()
            most.append(max((len(worker.tasks) for worker in self._hired), default=0))

    names = set()
    with Watched(Cluster(), lambda name, state: names.add(name)) as pool:
        samples = pool(run, [(seed,) for seed in range(5000)], None)
        next(samples)
        grown = raylets.add_node(num_cpus=1)
        for _ in samples:
            if sum(" on " in name for name in names) == 3:
                break
        else:
            pytest.fail("the third worker never began")
    raylets.remove_node(grown)
    assert max(most) == IN_FLIGHT


def test_an_evaluation_has_the_folder_of_one_machine(raylets, run, tmp_path):
    given = {"seeds": "0-1", "pair": run.pair}
    plan = plan_evaluation(
        [
            PromptPair(0, "castle_bell", "a castle", "bells ringing", "scene", "discrete"),
            PromptPair(4, "dog_rain", "a dog", "rain", "object", "continuous"),
        ],
        ("compose", "image-only"),
        given,
        settings=["sampling.steps=2", "vocoder=griffin_lim", "batch_size=1"],
        scores=["round_trip"],
    )
    evaluate(plan, tmp_path / "here")
    with Pool(Cluster()) as pool:
        evaluate(plan, tmp_path / "there", make=pool)
    assert files(tmp_path / "there" / "cells") == files(tmp_path / "here" / "cells")
    tables = [
        json.loads((tmp_path / one / "table.json").read_text("utf-8")) for one in ("here", "there")
    ]
    scores, evaluations = (
        [[row[what] for row in table["rows"]] for table in tables]
        for what in ("scores", "evaluations")
    )
    assert scores[0] == scores[1]
    assert evaluations[0] == evaluations[1]


def test_a_cluster_without_room_is_told(raylets, run, monkeypatch):
    monkeypatch.setattr("sonocanvas.batch.pool.PATIENCE_S", 0.1)
    monkeypatch.setattr("sonocanvas.batch.pool.TURN_S", 0.2)
    said = []
    with (
        Pool(Cluster(cpus=64, limit_s=1), on_warning=said.append) as pool,
        pytest.raises(
            SonoCanvasError, match="No worker has started yet: each needs 64 cores and 0"
        ),
    ):
        list(pool(run, [(0,)], None))
    assert said
    assert said[0].endswith("the cluster has 2 cores and 0 cards. Waiting.")


def test_a_cluster_that_is_not_there_is_one_sentence(monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    with pytest.raises(SonoCanvasError, match=r"Cannot reach the cluster at '127\.0\.0\.1:1'"):
        Pool(Cluster()).__enter__()
