"""Kills at random moments: no half-written sample, nothing lost or doubled, and the same bytes.

`pytest -m slow tests/faults/test_kills.py -s` prints the number of kills of each command.
"""

import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest
from test_generate import config, files
from tiny import tiny_pair

from sonocanvas import generate
from sonocanvas.evaluation.plan import plan_evaluation
from sonocanvas.evaluation.prompts import PromptPair
from sonocanvas.evaluation.run import evaluate
from sonocanvas.files.artifacts import load_sample
from sonocanvas.show.video import write_videos
from sonocanvas.types import Score

KILLS = 50
"""Kills of each of the four commands: 200 in all."""
TIMES = ("seconds", "cpu_seconds")


class Brightest:
    """Scores the picture by the light in the canvas's upper half, the sound by the lower half."""

    def __call__(self, samples):
        return [
            [
                Score("selector_image", float(sample.canvas[:16].mean()), "", True),
                Score("selector_audio", float(sample.canvas[16:].mean()), "", True),
            ]
            for sample in samples
        ]


def run(out):
    generate(config(seeds=range(12)), out / "run", pair=tiny_pair())


def search(out):
    options = {"name": "halving", "tries": 8}
    generate(config(seeds=range(6), search=options), out / "run", pair=tiny_pair())


def evaluation(out):
    pairs = [
        PromptPair(0, "castle_bell", "a castle", "bells ringing", "scene", "discrete"),
        PromptPair(4, "dog_rain", "a dog", "rain", "object", "continuous"),
    ]
    quick = ["sampling.steps=2", "vocoder=griffin_lim"]
    plan = plan_evaluation(
        pairs, ("compose",), {"seeds": "0-3"}, settings=quick, scores=["round_trip"]
    )
    evaluate(plan, out, models=tiny_pair())


def videos(out):
    if not (out / "run").exists():
        generate(config(seeds=range(4)), out / "made", pair=tiny_pair())
        (out / "made").rename(out / "run")
    list(write_videos(out / "run"))


WORK = {"generate": run, "search": search, "evaluate": evaluation, "video": videos}


def forked(work, out):
    """Returns the id of a new process that does the work."""
    child = os.fork()
    if child:
        return child
    try:
        out.mkdir(exist_ok=True)
        work(out)
        os._exit(0)
    except BaseException:
        os._exit(1)


def lasting(folder):
    """Returns the content that must stay the same: all but times, locks and unfinished files."""
    kept = {}
    for name, content in files(folder).items():
        if Path(name).name in (".lock", "measured.jsonl", "table.json", "table.md"):
            continue
        if Path(name).name == "scores.csv":
            lines = [line.split(",") for line in content.decode().splitlines()]
            drop = [lines[0].index(one) for one in TIMES]
            content = [[v for n, v in enumerate(one) if n not in drop] for one in lines]
        if ".partial" not in name and not name.startswith("made/"):
            kept[name] = content
    return kept


@pytest.mark.slow
@pytest.mark.parametrize("name", WORK)
def test_after_kills_the_folder_is_the_undisturbed_one(name, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "sonocanvas.choose.chooser.make_scorers", lambda names, device: [Brightest()]
    )
    work, chance = WORK[name], random.Random(name)
    begun_s = time.monotonic()
    assert os.waitpid(forked(work, tmp_path / "whole"), 0)[1] == 0
    taken_s = time.monotonic() - begun_s
    whole = lasting(tmp_path / "whole")
    kills = rounds = 0
    while kills < KILLS:
        rounds += 1
        out, done = tmp_path / "killed", False
        while not done:
            before = lasting(out) if out.exists() else {}
            child = forked(work, out)
            time.sleep(chance.uniform(0, 0.6 * taken_s))
            os.kill(child, signal.SIGKILL)
            status = os.waitpid(child, 0)[1]
            kills += os.WIFSIGNALED(status)
            assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
            done = not os.WIFSIGNALED(status)
            after = lasting(out) if out.exists() else {}
            assert before.keys() - after.keys() <= {"run/preview.png"}  # nothing else is lost
            for described in out.rglob("sample.json") if out.exists() else ():
                if ".partial" not in str(described):
                    load_sample(described.parent)  # no sample is half-written
        assert lasting(out) == whole
        assert not [path for path in files(out) if ".partial" in path or path.endswith(".lock")]
        shutil.rmtree(out)
    print(f"\n{name}: {kills} kills in {rounds} runs, 0 half, 0 lost, every folder as undisturbed")
