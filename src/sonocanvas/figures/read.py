"""Runs as a figure shows them: saved samples that are whole and draw the same format."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sonocanvas.artifacts import load_sample, sample_folders
from sonocanvas.errors import InvalidInputError
from sonocanvas.generate import RUN_FILE
from sonocanvas.origin import origin_of
from sonocanvas.picture_files import image_to_rgb
from sonocanvas.run_file import read_toml
from sonocanvas.types import Sample

Key = tuple[str, str, str, int]
"""Image prompt, audio prompt, method and seed."""


@dataclass(frozen=True)
class Shown:
    """A saved sample of a figure.

    Attributes:
        sample: What was saved.
        folder: Where.
    """

    sample: Sample
    folder: Path

    @property
    def method(self) -> str:
        """How it came about; runs of before there were methods are composed."""
        return origin_of(self.sample).method or "compose"

    @property
    def looks_like(self) -> str:
        """What it should look like, as a line under a panel."""
        return f"looks like {self.sample.prompts.image}"

    @property
    def sounds_like(self) -> str:
        """What it should sound like, as a line under a panel."""
        return f"sounds like {self.sample.prompts.audio}"

    @property
    def colour(self) -> npt.NDArray[np.uint8] | None:
        """The canvas in colour `(height, width, 3)`, where the sample has it."""
        colour = self.sample.colour
        return None if colour is None else image_to_rgb(colour.pictures[0])


def read_runs(
    runs: Sequence[Path], seeds: Sequence[int] | None = None, at_most: int | None = None
) -> list[Shown]:
    """Returns saved samples, in the order of the runs and of their seeds.

    Args:
        runs: Folders of runs or of samples.
        seeds: Which of each run; `None` for the first `at_most` that its run file names.
        at_most: How many of a run where no seeds are given; `None` for all.

    Raises:
        InvalidInputError: A folder holds no sample, or not all that are asked for, one is not
            whole, or two draw another format or size.
    """
    shown = []
    for run in runs:
        there = _sample_folders(run)
        wanted = seeds
        if wanted is None:
            named = read_toml(run / RUN_FILE).get("seeds") if (run / RUN_FILE).exists() else None
            wanted = (named or sorted(there))[:at_most]
        for seed in wanted:
            if seed not in there:
                held = ", ".join(map(str, sorted(there)))
                raise InvalidInputError(f"'{run}' lacks the sample of seed {seed}; it has {held}.")
            shown.append(Shown(load_sample(there[seed]), there[seed]))
    for one in shown:
        _check_alike(shown[0], one)
    return shown


def by_method(shown: Sequence[Shown]) -> dict[Key, Shown]:
    """Returns samples by their prompts, method and seed.

    Raises:
        InvalidInputError: Two samples have all of them in common.
    """
    found: dict[Key, Shown] = {}
    for one in shown:
        prompts = one.sample.prompts
        key = (prompts.image, prompts.audio, one.method, one.sample.seed)
        if key in found:
            raise InvalidInputError(
                f"'{found[key].folder}' and '{one.folder}' are both of method '{one.method}' with "
                f"seed {one.sample.seed} of the same prompts; give one of them."
            )
        found[key] = one
    return found


def find(found: dict[Key, Shown], key: Key) -> Shown:
    """Returns the sample of prompts, method and seed.

    Raises:
        InvalidInputError: There is none.
    """
    if key not in found:
        image, audio, method, seed = key
        raise InvalidInputError(
            f"No run given is of method '{method}' with seed {seed} of '{image}' and '{audio}'; "
            f"give one, or others with --seeds."
        )
    return found[key]


def _sample_folders(run: Path) -> dict[int, Path]:
    """Returns the folders of the samples of a run, or of one sample, by seed."""
    if not run.is_dir():
        raise InvalidInputError(f"There is no folder '{run}'.")
    folders = sample_folders(run)
    if folders == [run]:
        return {load_sample(run).seed: run}
    return {int(path.name): path for path in folders if path.name.isdecimal()}


def _check_alike(first: Shown, other: Shown) -> None:
    """Checks that two samples can stand under the same axes."""
    formats = [dataclasses.asdict(one.sample.canvas_format) for one in (first, other)]
    sizes = [
        dict(zip(("mels", "frames"), one.sample.canvas.shape, strict=True))
        for one in (first, other)
    ]
    mine, theirs = ({**fmt, **size} for fmt, size in zip(formats, sizes, strict=True))
    for name in mine:
        if mine[name] != theirs[name]:
            raise InvalidInputError(
                f"A figure shows canvases of one format: {name} is {mine[name]} in "
                f"'{first.folder}' and {theirs[name]} in '{other.folder}'."
            )
