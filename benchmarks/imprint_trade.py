"""How `compose` and `imprint` trade the picture against the sound, each along its one parameter.

`python benchmarks/imprint_trade.py --json FILE --figure FILE` makes `--pairs` of the hundred pairs
by `compose` with several sound weights and by `imprint` with several strengths. `imprint` runs
twice: on the canvas of `mini`, and as on the canvas of Auffusion, which reaches lower levels, so
the same strength removes more decibels. It prints the scores of every row, and by how much the
picture score of `compose` exceeds the best that `imprint` reaches with at least the same sound
score, interpolated between strengths. The 95 % intervals resample whole prompt pairs.
"""

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonocanvas.canvas import canvas_to_image, decode_latents, image_to_canvas
from sonocanvas.choose.scoring import make_scorers, scored
from sonocanvas.compose.mean import Mean
from sonocanvas.compose.warm_start import WarmStart
from sonocanvas.config import RunConfig
from sonocanvas.evaluation.plan import SEEDS_A_PAIR
from sonocanvas.evaluation.prompts import benchmark, choose
from sonocanvas.files.artifacts import as_saved
from sonocanvas.finish import finish_image
from sonocanvas.methods.compose import read_scene, sample_latents
from sonocanvas.methods.imprint import OTHER_STREAM, imprint
from sonocanvas.pairs import mini
from sonocanvas.types import AUFFUSION_FORMAT, MINI_FORMAT, ModelPair

Row = tuple[str, float]
Scores = NDArray[np.float64]

WIDE = "imprint, wide canvas"
BELOW_DB = 20 * math.log10(MINI_FORMAT.log_floor / AUFFUSION_FORMAT.log_floor)
RANGE_DB = 20 * math.log10(MINI_FORMAT.log_ceiling / MINI_FORMAT.log_floor)
NAMES = ("selector", "judge")


def imprint_wide(spectrogram: Tensor, picture: Tensor, strength: float) -> Tensor:
    """Returns a canvas of `mini`, imprinted as if silence lay as low as on Auffusion's canvas."""
    below = BELOW_DB / RANGE_DB
    return (imprint(spectrogram + below, picture, strength) - below).clamp(min=0)


@torch.no_grad()
def canvases(
    pair: ModelPair, config: RunConfig, seeds: list[int], rows: Sequence[Row]
) -> dict[Row, Tensor]:
    """Returns the canvases `(seeds, height, width)` of every row."""
    _, drawn, _ = read_scene(config, pair, print)

    def sampled(audio_weight: float, seeds: list[int], warm: bool = False) -> Tensor:
        rule = Mean(audio_weight)
        latents = sample_latents(
            config,
            pair,
            drawn,
            seeds,
            WarmStart(rule, **config.warm_start.options) if warm else rule,
        )
        return image_to_canvas(decode_latents(pair.vae, latents))

    picture = sampled(0.0, [seed ^ OTHER_STREAM for seed in seeds])
    spectrogram = sampled(1.0, seeds)
    ways = {"imprint": imprint, WIDE: imprint_wide}
    return {
        (method, knob): ways[method](spectrogram, picture, knob)
        if method in ways
        else sampled(knob, seeds, warm=True)
        for method, knob in rows
    }


def measure(rows: Sequence[Row], pairs: int, seeds: int) -> Scores:
    """Returns mean scores over the seeds `(rows, pairs, scorers, 2)`, picture and sound."""
    pair, scorers = mini.load(), make_scorers(NAMES)
    chosen = choose(benchmark(), pairs)
    found = np.zeros((len(rows), len(chosen), len(NAMES), 2))
    for place, asked in enumerate(chosen):
        print(f"{asked.id}, {place + 1} of {len(chosen)}", file=sys.stderr)
        config = RunConfig(image_prompt=asked.image_prompt, audio_prompt=asked.audio_prompt)
        prompts, _, _ = read_scene(config, pair, print)
        own = [SEEDS_A_PAIR * asked.number + seed for seed in range(seeds)]
        for row, made in enumerate(canvases(pair, config, own, rows).values()):
            for seed, canvas in zip(own, made, strict=True):
                image = canvas_to_image(canvas[None])[0]
                sample = finish_image(config, pair, prompts, seed, image, torch.zeros(1))
                values = {one.name: one.value for one in scored(as_saved(sample), scorers).scores}
                found[row, place] += [
                    [values[f"{name}_image"], values[f"{name}_audio"]] for name in NAMES
                ]
    return 100 * found / seeds


def ahead(compose: Scores, curve: Scores) -> float:
    """Returns the picture score of `compose` minus the best of a curve at no lower sound score.

    Args:
        compose: Picture and sound score `(2,)`; the curve must reach this sound score.
        curve: Scores of several strengths `(rows, 2)`, interpolated linearly between neighbours.
    """
    picture, sound = curve[np.argsort(curve[:, 1])].T
    best = np.maximum.accumulate(picture[::-1])[::-1]
    return float(compose[0] - np.interp(compose[1], sound, best))


def interval(compose: Scores, curve: Scores, draws: int = 2000) -> list[float]:
    """Returns `ahead` for the means over pairs, with the ends of its bootstrap interval.

    Args:
        compose: Scores `(pairs, 2)`.
        curve: Scores `(rows, pairs, 2)`.
        draws: How often the pairs are resampled.
    """
    rng = np.random.default_rng(0)
    drawn = rng.integers(len(compose), size=(draws, len(compose)))
    gaps = [ahead(compose[some].mean(0), curve[:, some].mean(1)) for some in drawn]
    low, high = np.quantile(gaps, [0.025, 0.975])
    return [ahead(compose.mean(0), curve.mean(1)), float(low), float(high)]


def print_tables(rows: Sequence[Row], scores: Scores) -> None:
    """Prints the scores of every row, and `compose` against `imprint` at the same sound score."""
    means = scores.mean(1)
    print(f"| row | {' | '.join(f'{name} image | {name} audio' for name in NAMES)} |")
    print("|---" * (1 + 2 * len(NAMES)) + "|")
    for (method, knob), mean in zip(rows, means, strict=True):
        print(f"| {method} {knob} | {' | '.join(f'{value:.1f}' for value in mean.ravel())} |")
    print(f"\n| picture of compose, less the best of | {' | '.join(NAMES)} |")
    print("|---" * (1 + len(NAMES)) + "|")
    for method in ("imprint", WIDE):
        curve = scores[[row for row, (name, _) in enumerate(rows) if name == method]]
        for row, (name, knob) in enumerate(rows):
            if name == "compose":
                gaps = [
                    interval(scores[row, :, one], curve[:, :, one]) for one in range(len(NAMES))
                ]
                cells = [f"{gap:+.1f} ({low:+.1f} to {high:+.1f})" for gap, low, high in gaps]
                print(f"| {method}, sounding as much as compose {knob} | {' | '.join(cells)} |")


def draw(rows: Sequence[Row], scores: Scores, path: Path) -> None:
    """Draws the judge's curves, each point labelled with its weight or strength."""
    figure, axes = plt.subplots(figsize=(5.5, 4))
    for method in dict.fromkeys(name for name, _ in rows):
        own = [row for row, (name, _) in enumerate(rows) if name == method]
        points = scores[own].mean(1)[:, NAMES.index("judge")]
        axes.plot(*points.T, marker="o", markersize=4, label=method)
        for row, point in zip(own, points, strict=True):
            axes.annotate(f"{rows[row][1]:g}", point, (4, 4), textcoords="offset points", size=7)
    axes.margins(x=0.08)
    axes.set(xlabel="picture (judge x 100)", ylabel="sound (judge x 100)")
    axes.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path, dpi=150)


def main() -> None:
    """Measures, prints and draws."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--weights", nargs="+", type=float, default=[0.3, 0.4, 0.5, 0.6, 0.7])
    parser.add_argument("--strengths", nargs="+", type=float, default=[0.0, 0.25, 0.5, 0.75, 1.0])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--figure", type=Path)
    arguments = parser.parse_args()
    rows = [("compose", weight) for weight in arguments.weights]
    rows += [(name, one) for name in ("imprint", WIDE) for one in arguments.strengths]
    scores = measure(rows, arguments.pairs, arguments.seeds)
    print_tables(rows, scores)
    if arguments.json:
        arguments.json.write_text(json.dumps({"rows": rows, "scores": scores.tolist()}) + "\n")
    if arguments.figure:
        draw(rows, scores, arguments.figure)


if __name__ == "__main__":
    main()
