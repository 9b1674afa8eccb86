"""Reads runs for figures: complete saved samples with the same canvas format."""

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from sonocanvas.errors import InvalidInputError
from sonocanvas.evaluation.journal import scores_in
from sonocanvas.evaluation.run import CELLS, JOURNAL
from sonocanvas.files.artifacts import load_sample, sample_folder, sample_folders
from sonocanvas.files.origin import origin_of
from sonocanvas.files.pictures import image_to_rgb
from sonocanvas.files.run_file import read_toml
from sonocanvas.files.run_folder import RUN_FILE
from sonocanvas.types import Sample, Score

NOTHING = torch.zeros(0)
MOST_TOLD = 8
"""Maximum number of seeds in an error message."""


@dataclass(frozen=True)
class Shown:
    """A saved sample of a figure.

    Attributes:
        sample: The sample, without latent and image to save memory, as no figure shows them.
        folder: Its folder.
    """

    sample: Sample
    folder: Path

    @property
    def method(self) -> str:
        """Its method; runs older than methods were composed."""
        return origin_of(self.sample).method or "compose"

    @property
    def looks_like(self) -> str:
        """Its image prompt, as a line under a panel."""
        return f"looks like {self.sample.prompts.image}"

    @property
    def sounds_like(self) -> str:
        """Its audio prompt, as a line under a panel."""
        return f"sounds like {self.sample.prompts.audio}"

    @property
    def colour(self) -> npt.NDArray[np.uint8] | None:
        """The canvas in colour `(height, width, 3)`, if the sample has it."""
        colour = self.sample.colour
        return None if colour is None else image_to_rgb(colour.pictures[0])


def read_runs(
    runs: Sequence[Path], seeds: Sequence[int] | None = None, at_most: int | None = None
) -> list[Shown]:
    """Returns saved samples, in the order of the runs and of their seeds.

    Samples of an evaluation include its scores.

    Args:
        runs: Folders of runs or of samples.
        seeds: Seeds to read from each run, in this order; a run need not have all of them. `None`
            for the first `at_most` in its run file.
        at_most: Samples per run if no seeds are given; `None` for all.

    Raises:
        InvalidInputError: A folder has no sample, none of the seeds, or not all seeds in its run
            file; no run has one of the seeds; a sample is incomplete; or two differ in format or
            size.
    """
    chosen = [one for run in runs for one in _chosen(run, seeds, at_most)]
    for seed in seeds or ():
        if all(seed != other for other, _ in chosen):
            raise InvalidInputError(f"None of the given runs has a sample of seed {seed}.")
    folders = [folder for _, folder in chosen]
    measured = _measured(folders)
    shown: list[Shown] = []
    for folder in folders:
        sample = load_sample(folder)
        scores = {one.name: one for one in (*sample.scores, *measured.get(folder.resolve(), ()))}
        sample = dataclasses.replace(
            sample, latent=NOTHING, image=NOTHING, scores=tuple(scores.values())
        )
        shown.append(Shown(sample, folder))
        _check_alike(shown[0], shown[-1])
    return shown


def _chosen(run: Path, seeds: Sequence[int] | None, at_most: int | None) -> list[tuple[int, Path]]:
    """Returns the seeds and folders of the requested samples of a run, or of the one sample."""
    if not run.is_dir():
        raise InvalidInputError(f"There is no folder '{run}'.")
    folders = sample_folders(run)
    if folders == [run]:
        there = {load_sample(run).seed: run}
    else:
        there = {int(path.name): path for path in folders if path.name.isdecimal()}
    if not there:
        raise InvalidInputError(f"'{run}' holds no sample in a folder named after its seed.")
    whole = _named(run) or sorted(there)
    chosen = whole[:at_most] if seeds is None else [seed for seed in seeds if seed in whole]
    if not chosen:
        raise InvalidInputError(
            f"'{run}' has no sample of seed {_listed(seeds or ())}; it has {_listed(whole)}."
        )
    for seed in chosen:
        if seed not in there:
            held = _listed(sorted(there))
            raise InvalidInputError(f"'{run}' lacks the sample of seed {seed}; it has {held}.")
    return [(seed, there[seed]) for seed in chosen]


def _named(run: Path) -> list[int]:
    """Returns the seeds that the run file names; none if there is no such file."""
    path = run / RUN_FILE
    seeds = read_toml(path).get("seeds", []) if path.exists() else []
    if not isinstance(seeds, list) or any(type(seed) is not int for seed in seeds):
        raise InvalidInputError(f"The seeds in '{path}' are {seeds!r}, not a list of numbers.")
    return seeds


def _listed(seeds: Sequence[int]) -> str:
    first = ", ".join(map(str, seeds[:MOST_TOLD]))
    return first if len(seeds) <= MOST_TOLD else f"{first} and {len(seeds) - MOST_TOLD} more"


def _measured(folders: Iterable[Path]) -> dict[Path, tuple[Score, ...]]:
    """Returns the scores of the evaluations that hold these samples, by sample folder."""
    above = {home for folder in folders for home in folder.resolve().parents}
    return {
        sample_folder(home / CELLS / cell, seed): scores
        for home in above
        if (home / JOURNAL).is_file()
        for (cell, seed), scores in scores_in(home / JOURNAL).items()
    }


def _check_alike(first: Shown, other: Shown) -> None:
    """Checks that two samples can share axes."""
    mine, theirs = _facts(first.sample), _facts(other.sample)
    for name in mine:
        if mine[name] != theirs[name]:
            raise InvalidInputError(
                f"The canvases of a figure must have one format, but {name} is {mine[name]} in "
                f"'{first.folder}' and {theirs[name]} in '{other.folder}'."
            )


def _facts(sample: Sample) -> dict[str, Any]:
    mels, frames = sample.canvas.shape
    return {**dataclasses.asdict(sample.canvas_format), "mels": mels, "frames": frames}
