"""Scores against model evaluations: solvers, steps and the guidance interval on composed canvases.

`python benchmarks/steps.py --json FILE` prints a Markdown table. Every row uses the same prompts
and seeds: the picture of every `--every`-th shared concept with its own sound, under the default
rule and guidance. The scores of `mini`'s towers may choose a default; the judge only reports.

An evaluation is one call of one model on one sample with both halves of guidance; a call with
only the conditional half counts as a half. A score is the share of canvases whose right concept is
among the first five of 48; the sound is played before it is judged. The 95 % intervals are for the
mean over concepts, because the seeds of one concept are not independent.
"""

import argparse
import json
import math
import statistics
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

from torch import Tensor

from sonocanvas.compose.mean import Mean
from sonocanvas.compose.warm_start import WarmStart
from sonocanvas.config import RunConfig
from sonocanvas.finish import make_vocoder
from sonocanvas.pairs import mini
from sonocanvas.scorers.judge import JUDGE
from sonocanvas.training.ranking import Ranking
from sonocanvas.training.report import heard, sample
from sonocanvas.training.views import concepts
from sonocanvas.types import ModelPair, Prompts

TOP = 5
PROMPTS = {"image_prompt": "any", "audio_prompt": "any"}


def counted(pair: ModelPair, seeds: int) -> tuple[list[float], Callable[[], None]]:
    """Returns a list that records each call's evaluations per sample, and a function to stop it."""
    calls: list[float] = []
    handles = [
        unet.register_forward_pre_hook(lambda _, inputs: calls.append(len(inputs[0]) / 2 / seeds))
        for unet in (pair.image_unet, pair.audio_unet)
    ]

    def stop() -> None:
        for handle in handles:
            handle.remove()

    return calls, stop


def hits(ranking: Ranking, canvases: Tensor, sounds: Tensor, concept: int) -> dict[str, float]:
    """Returns the shares of canvases whose picture, sound, and both rank among the first five."""
    looks = ranking.rank("picture", canvases, concept) < TOP
    plays = ranking.rank("sound", sounds, concept) < TOP
    found = {"picture": looks, "sound": plays, "both": looks & plays}
    return {name: float(right.float().mean()) for name, right in found.items()}


def measure(
    pair: ModelPair, rankings: dict[str, Ranking], config: RunConfig, every: int, seeds: int
) -> dict[str, Any]:
    """Returns the evaluations per sample, and each score of each concept."""
    rule = WarmStart(Mean(**config.rule.options), **config.warm_start.options)
    scores: dict[str, list[float]] = {}
    calls, stop = counted(pair, seeds)
    rows = list(enumerate(concepts()))[::every]
    for number, row in rows:
        prompts = Prompts(row["image_prompt"], row["audio_prompt"])
        canvases = sample(pair, prompts, list(range(seeds)), rule, config)
        sounds = heard(canvases, make_vocoder(config, pair))
        for name, ranking in rankings.items():
            for what, share in hits(ranking, canvases, sounds, number).items():
                scores.setdefault(f"{name}: {what}", []).append(share)
    stop()
    return {"evaluations": sum(calls) / len(rows), "scores": scores}


def interval(shares: list[float]) -> str:
    """Returns the mean of the concepts' shares with its 95 % interval, in percent."""
    spread = statistics.stdev(shares) if len(shares) > 1 else math.nan
    half = 1.96 * spread / math.sqrt(len(shares))
    return f"{100 * statistics.mean(shares):.0f} ± {100 * half:.0f} %"


def read_interval(text: str) -> tuple[float, float]:
    """Returns the guidance interval from a text such as `0.2-0.8`."""
    start, _, end = text.partition("-")
    return float(start), float(end)


def main() -> None:
    """Measures every combination and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schedulers", nargs="+", default=["ddim", "dpm++", "unipc"])
    parser.add_argument("--steps", nargs="+", type=int, default=[5, 8, 12, 16, 20, 30, 50, 100])
    parser.add_argument("--intervals", nargs="+", type=read_interval, default=[(0.0, 1.0)])
    parser.add_argument("--every", type=int, default=2, help="every so many-th concept")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    pair = mini.load()
    rankings = {"towers": Ranking(mini.WEIGHTS), "judge": Ranking(JUDGE)}
    columns = [f"{name}: {what}" for name in rankings for what in ("picture", "sound", "both")]
    names = ["scheduler", "steps", "guidance_interval"]
    print(f"| {' | '.join([*names, 'evaluations', *columns])} |")
    print("|---" * (len(names) + 1 + len(columns)) + "|")
    rows = []
    for choice in product(arguments.schedulers, arguments.steps, arguments.intervals):
        sampling = dict(zip(names, choice, strict=True))
        config = RunConfig(**PROMPTS, sampling=sampling)
        found = measure(pair, rankings, config, arguments.every, arguments.seeds)
        rows.append({**sampling, **found})
        cells = [choice[0], str(choice[1]), "-".join(map(str, choice[2]))]
        cells += [f"{found['evaluations']:.1f}"]
        cells += [interval(found["scores"][column]) for column in columns]
        print(f"| {' | '.join(cells)} |", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
