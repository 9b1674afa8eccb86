"""Compares solvers, step counts and guidance scales on composed canvases of `mini`.

`python benchmarks/sampling.py --json FILE` prints a Markdown table. Every row uses the same
prompts and seeds: every `--every`-th shared concept, each picture with its own sound. The scores
come from the towers that choose defaults, so a report should not quote them.
"""

import argparse
import json
import time
from itertools import product
from pathlib import Path

from sonocanvas.compose.mean import Mean
from sonocanvas.compose.warm_start import WarmStart
from sonocanvas.config import RunConfig
from sonocanvas.pairs import mini
from sonocanvas.scorers.towers import levelled
from sonocanvas.training.ranking import Ranking
from sonocanvas.training.report import sample
from sonocanvas.training.views import concepts
from sonocanvas.types import ModelPair, Prompts


def measure(pair: ModelPair, towers: Ranking, config: RunConfig, every: int) -> dict[str, float]:
    """Returns how often the right picture and sound are among the first five, and the seconds."""
    rule = WarmStart(Mean(config.rule.options["audio_weight"]), **config.warm_start.options)
    hits: dict[str, list[float]] = {"picture": [], "sound": []}
    began = time.perf_counter()
    for number, row in list(enumerate(concepts()))[::every]:
        prompts = Prompts(row["image_prompt"], row["audio_prompt"])
        canvases = sample(pair, prompts, [0, 1], rule, config)
        for tower, seen in (("picture", canvases), ("sound", levelled(canvases))):
            hits[tower] += (towers.rank(tower, seen, number) < 5).float().tolist()
    seconds = time.perf_counter() - began
    shares = {tower: sum(found) / len(found) for tower, found in hits.items()}
    return {**shares, "seconds_per_canvas": seconds / len(hits["sound"])}


def main() -> None:
    """Measures every combination and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schedulers", nargs="+", default=["ddim", "dpm++"])
    parser.add_argument("--steps", nargs="+", type=int, default=[8, 12, 16, 20, 50])
    parser.add_argument("--image-guidance", nargs="+", type=float, default=[7.0])
    parser.add_argument("--audio-guidance", nargs="+", type=float, default=[4.0])
    parser.add_argument("--audio-weight", nargs="+", type=float, default=[0.5])
    parser.add_argument("--image-start", nargs="+", type=float, default=[0.9])
    parser.add_argument("--every", type=int, default=3, help="every so many-th concept")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    pair = mini.load()
    towers = Ranking(mini.WEIGHTS)
    names = ["scheduler", "steps", "image g", "audio g", "audio weight", "image start"]
    print(f"| {' | '.join(names)} | picture top 5 | sound top 5 | s a canvas |")
    print("|---" * (len(names) + 3) + "|")
    rows = []
    for choice in product(
        arguments.schedulers,
        arguments.steps,
        arguments.image_guidance,
        arguments.audio_guidance,
        arguments.audio_weight,
        arguments.image_start,
    ):
        scheduler, steps, image_guidance, audio_guidance, weight, start = choice
        config = RunConfig(
            image_prompt="a",
            audio_prompt="a",
            sampling={
                "scheduler": scheduler,
                "steps": steps,
                "image_guidance_scale": image_guidance,
                "audio_guidance_scale": audio_guidance,
            },
            rule={"name": "mean", "audio_weight": weight},
            warm_start={"image_start": start, "audio_start": 1.0},
        )
        found = measure(pair, towers, config, arguments.every)
        rows.append({**dict(zip(names, choice, strict=True)), **found})
        cells = [str(value) for value in choice]
        cells += [f"{100 * found['picture']:.0f} %", f"{100 * found['sound']:.0f} %"]
        print(f"| {' | '.join(cells)} | {found['seconds_per_canvas']:.2f} |", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
