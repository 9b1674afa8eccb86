"""Do our towers agree with classifiers by others? Tests evaluated rows and double exposures.

`python benchmarks/gray_levels.py runs/heard runs/heard-layer` takes the samples of two evaluations
that form one table. It adds rows that mix the canvases of `image-only` and `audio-only` in gray
levels (the plain mean, and the maximum with a dimmed picture). It scores all rows by our towers, by
the classifiers and by `audibility`, and prints a table and the rank correlation of each tower with
each classifier.
"""

import argparse
import dataclasses
import functools
import json
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from scipy.stats import spearmanr
from torch import Tensor

from sonocanvas.choose.scoring import make_scorers
from sonocanvas.config import RunConfig
from sonocanvas.files.artifacts import load_sample, sample_folders
from sonocanvas.finish import make_vocoder
from sonocanvas.methods.layer import double_exposed
from sonocanvas.pairs import mini
from sonocanvas.types import MINI_FORMAT, ModelPair, Sample
from sonocanvas.vocoders.parts import play

AGREEING = (
    ("judge_audio", "birdnet"),
    ("judge_audio", "musicnn"),
    ("selector_audio", "birdnet"),
    ("selector_audio", "musicnn"),
    ("judge_image", "imagenet"),
    ("selector_image", "imagenet"),
)
"""Scores by our towers, each with a classifier by others that judges the same."""
STRANGERS = ("birdnet", "musicnn", "imagenet")
COLUMNS = (
    *("judge_image", "selector_image", "imagenet", "judge_audio", "selector_audio"),
    *("birdnet", "musicnn", "audibility"),
)
SCORERS = ("judge", "selector", "audibility", *STRANGERS)
MIXES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "gray levels: mean": lambda sound, picture: (sound + picture) / 2,
    "gray levels: max(sound, 0.5 picture)": functools.partial(
        double_exposed, picture_gray=0.5, fmt=MINI_FORMAT
    ),
    "gray levels: max(sound, 0.7 picture)": functools.partial(
        double_exposed, picture_gray=0.7, fmt=MINI_FORMAT
    ),
}


def samples_of(row: Path) -> list[Sample]:
    """Returns the samples of all cells of a row, sorted by the names of their prompt pairs."""
    cells = sorted(path for path in row.iterdir() if path.is_dir())
    return [load_sample(folder) for cell in cells for folder in sample_folders(cell)]


def mixed(
    sounds: Sequence[Sample],
    pictures: Sequence[Sample],
    mix: Callable[[Tensor, Tensor], Tensor],
    pair: ModelPair,
) -> list[Sample]:
    """Returns the samples, with sound, of double exposures of the canvases of two rows."""
    vocoder = make_vocoder(RunConfig(image_prompt="a", audio_prompt="b"), pair)
    found = []
    for sound, picture in zip(sounds, pictures, strict=True):
        canvas = mix(sound.canvas, picture.canvas)
        waveform = play(vocoder, canvas[None], pair.canvas_format)
        image = canvas.expand(3, -1, -1)
        found.append(dataclasses.replace(sound, image=image, canvas=canvas, waveform=waveform))
    return found


def main() -> None:
    """Prints the table and the agreement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+", help="folders of evaluations of one table")
    parser.add_argument("--json", type=Path, help="write the means of each row here")
    arguments = parser.parse_args()
    rows = {
        path.name: samples_of(path)
        for run in arguments.runs
        for path in sorted((run / "cells").iterdir())
    }
    alone = [rows.get(name) for name in ("audio-only", "image-only")]
    if alone[0] is None or alone[1] is None:
        parser.error("the first run needs the methods audio-only and image-only.")
    pair = mini.load()
    for name, mix in MIXES.items():
        rows[name] = mixed(alone[0], alone[1], mix, pair)
    scorers = make_scorers(SCORERS)
    means: dict[str, dict[str, float]] = {}
    for name, samples in rows.items():
        print(f"scoring {name}", file=sys.stderr)
        values: dict[str, list[float]] = {column: [] for column in COLUMNS}
        for scorer in scorers:
            for score in (one for scores in scorer(samples) for one in scores):
                if score.name in values:
                    values[score.name].append(score.value)
        means[name] = {key: statistics.fmean(found) for key, found in values.items()}
    counts = {key: len(found) for key, found in values.items()}
    print("| | " + " | ".join(f"{name} (n = {counts[name]})" for name in COLUMNS) + " |")
    print("|---" * (len(COLUMNS) + 1) + "|")
    for name, found in means.items():
        print(f"| {name} | " + " | ".join(f"{found[column]:.3f}" for column in COLUMNS) + " |")
    for tower, stranger in AGREEING:
        both = [[found[name] for found in means.values()] for name in (tower, stranger)]
        rho = spearmanr(*both).statistic
        print(f"Spearman of {tower} with {stranger} over {len(means)} rows: {rho:.2f}")
    if arguments.json:
        arguments.json.write_text(json.dumps(means, indent=1) + "\n")


if __name__ == "__main__":
    main()
