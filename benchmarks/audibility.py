"""Checks the score `audibility` on mixtures of a sound and a picture whose parts are known.

`python benchmarks/audibility.py` takes pairs from the shipped hundred, samples the two models
separately and mixes the picture under the sound at several levels. For each level it prints the
exact share of loudness and the score, which sees only the mixture, then how well the two agree.
"""

import argparse
import itertools
import statistics

import torch
from scipy.stats import spearmanr

from sonocanvas.compose.mean import Mean
from sonocanvas.config import RunConfig
from sonocanvas.evaluation.prompts import benchmark, choose
from sonocanvas.methods.layer import layered
from sonocanvas.pairs import mini
from sonocanvas.scorers.audibility import Audibility, band_frequencies, band_powers
from sonocanvas.scorers.masking import share_of_loudness
from sonocanvas.training.report import sample
from sonocanvas.types import MINI_FORMAT, Prompts, Sample, Waveform

LEVELS_DB = (-60, -30, -20, -10, 0, 10)


def main() -> None:
    """Prints the table and the agreement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=8)
    arguments = parser.parse_args()
    config = RunConfig(image_prompt="a castle", audio_prompt="a bell")
    pair, scorer, frequencies = mini.load(), Audibility(), band_frequencies(MINI_FORMAT)
    silent = Waveform(torch.zeros(1, 1), MINI_FORMAT.sample_rate_hz)
    exact: dict[int, list[float]] = {level: [] for level in LEVELS_DB}
    found: dict[int, list[float]] = {level: [] for level in LEVELS_DB}
    for number, asked in enumerate(choose(benchmark(), arguments.pairs)):
        prompts = Prompts(asked.image_prompt, asked.audio_prompt)
        spectrogram = sample(pair, prompts, [number], Mean(1.0), config)
        picture = sample(pair, prompts, [500 + number], Mean(0.0), config)
        sound = band_powers(spectrogram, MINI_FORMAT)
        for level in LEVELS_DB:
            mixed = layered(spectrogram, picture, level, "power", MINI_FORMAT)
            rest = (band_powers(mixed, MINI_FORMAT) - sound).clamp(min=0)
            exact[level].append(share_of_loudness(sound, rest, frequencies))
            image = mixed.expand(3, -1, -1)
            one = Sample(0, prompts, torch.zeros(1), image, mixed[0], silent, MINI_FORMAT)
            found[level].append(scorer([one])[0][0].value)
    print("| picture over sound | exact | score | pairs |\n|---|---|---|---|")
    for level in LEVELS_DB:
        means = f"{statistics.fmean(exact[level]):.2f} | {statistics.fmean(found[level]):.2f}"
        print(f"| {level} dB | {means} | {len(exact[level])} |")
    true, guessed = (list(itertools.chain(*one.values())) for one in (exact, found))
    error = statistics.fmean(abs(a - b) for a, b in zip(true, guessed, strict=True))
    print(
        f"\nr {statistics.correlation(true, guessed):.2f}, "
        f"Spearman {spearmanr(true, guessed).statistic:.2f}, mean error {error:.2f}, "
        f"n {len(true)}"
    )


if __name__ == "__main__":
    main()
