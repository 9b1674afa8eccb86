"""Colours existing samples: a picture next to each canvas."""

import functools
import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sonocanvas.errors import InvalidInputError
from sonocanvas.files.artifacts import load_sample, read_colour, sample_folders, write_colour
from sonocanvas.files.origin import origin_of
from sonocanvas.files.run_file import load_config
from sonocanvas.files.run_folder import RUN_FILE
from sonocanvas.models import load_pair, pick_device
from sonocanvas.protocols import OnStep, OnWarning
from sonocanvas.registry import build
from sonocanvas.types import ModelPair


def colour_samples(
    folder: Path,
    by: str,
    options: Mapping[str, Any],
    *,
    device: str = "auto",
    overwrite: bool = False,
    on_step: OnStep | None = None,
    on_warning: OnWarning = warnings.warn,
) -> Iterator[Path]:
    """Yields the `colour.png` of every sample of a run, or of one sample, once written.

    Pictures that the same colouriser made before with the same options are kept.

    Args:
        folder: Folder of a run or of a sample.
        by: Name of a colouriser.
        options: Its options by name.
        device: `auto`, `cpu`, `cuda` or `mps`.
        overwrite: Whether existing pictures are replaced, whatever made them.
        on_step: Called after each step of a colouriser that generates.
        on_warning: Called with each warning about the models of the run.

    Raises:
        InvalidInputError: The folder holds no sample, a name or an option is not allowed, a sample
            is already coloured otherwise, or the run's models know no colour; nothing is written.
        CheckpointError: The weights of the colouriser are missing or broken.
    """
    colouriser = build("colouriser", by, options)
    place = pick_device(device)
    samples = sample_folders(folder)
    before = {} if overwrite else {path: read_colour(path) for path in samples}
    for path, colour in before.items():
        if colour is not None and colour.record != colouriser.record:
            raise InvalidInputError(
                f"'{path / 'colour.png'}' was made by {json.dumps(colour.record)}; use "
                "--overwrite to replace it."
            )
    wanted = [path for path in samples if before.get(path) is None]
    if wanted:
        pair = functools.partial(_pair_of, samples[0].parent, place, on_warning)
        colour_of = colouriser(pair, place, on_step)
    for path in samples:
        if path in wanted:
            sample = load_sample(path)
            write_colour(path, colour_of(sample), sample.canvas_format, origin_of(sample))
        yield path / "colour.png"


def _pair_of(run: Path, device: str, on_warning: Callable[[str], None]) -> ModelPair:
    """Returns the pair that made a run."""
    if not (run / RUN_FILE).exists():
        raise InvalidInputError(
            f"'{run}' has no {RUN_FILE}, which names the models to colour with; a colour map such "
            "as magma needs none."
        )
    return load_pair(load_config(run / RUN_FILE), device, on_warning)
