"""A run: from its description to samples, in memory or in a folder.

`generate` is the function behind command line, page and batch. Seeds share a batch in chunks
that depend on the run alone: a run that is resumed computes the same chunks again and keeps
what is missing, so that its bytes do not depend on where it was interrupted.
"""

import dataclasses
import functools
import os
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from diffusers.utils import is_accelerate_available

from sonocanvas.artifacts import as_saved, load_sample, sample_folder, save_sample
from sonocanvas.config import MODELS, RunConfig
from sonocanvas.denoise import SCHEDULERS
from sonocanvas.devices import default_dtype
from sonocanvas.errors import InvalidInputError, unknown
from sonocanvas.files import write_text
from sonocanvas.finish import make_vocoder
from sonocanvas.keeping import rank_samples
from sonocanvas.pairs.named import load_named
from sonocanvas.pipeline_models import offloaded
from sonocanvas.placing import resized
from sonocanvas.preview import PREVIEW_FILE, previewing
from sonocanvas.protocols import OnStep, OnWarning
from sonocanvas.registry import build
from sonocanvas.run_file import load_config, to_toml
from sonocanvas.scoring import make_scorers, scored
from sonocanvas.types import ModelPair, Sample

RUN_FILE = "run.toml"
KEEPING = frozenset({"keep", "keep_rule", "keep_by"})
"""What may differ from the run in a folder: it changes places, not samples."""
THROUGH_MODELS = frozenset({"sds"})
"""Methods with gradients through a model that was called: it must not be moved away meanwhile."""


def generate(
    config: RunConfig,
    out: Path | str | None = None,
    *,
    device: str = "auto",
    offload: bool = False,
    overwrite: bool = False,
    on_step: OnStep | None = None,
    on_sample: Callable[[Sample], None] | None = None,
    on_warning: OnWarning | None = None,
    pair: ModelPair | None = None,
) -> list[Sample]:
    """Returns the samples of a run, in the order of its seeds, each as it is saved.

    A run with `keep` has the place of each sample in its record; no sample is left out. While it
    goes on in a folder, `preview.png` shows every 10 s what is predicted.

    Args:
        config: The run.
        out: Folder for the samples; `None` keeps them in memory. What an equal run has left
            there is kept and not made again, also where only `keep` differs.
        device: `auto`, `cpu`, `cuda` or `mps`; not used with a `pair`.
        offload: Whether each model waits on the CPU until it is called: less memory of a card,
            and a little slower; not used with a `pair`.
        overwrite: Whether what stands in `out` is made again and replaced.
        on_step: Called after each step with its record and the predicted clean latents.
        on_sample: Called with each sample, those that were kept first.
        on_warning: Called with each sentence about the prompts, the licences of what is
            downloaded and models that differ; by default `warnings.warn`.
        pair: A pair that is loaded already, instead of the one that the run names.

    Raises:
        InvalidInputError: The run, the device or the folder cannot be used; nothing is written.
        CheckpointError: The weights are missing or broken; nothing is written.
    """
    if config.sampling.scheduler not in SCHEDULERS:
        raise unknown("scheduler", config.sampling.scheduler, SCHEDULERS)
    place = pick_device(device)
    if offload:
        _check_offload(config, place)
    config = settled(config, place, pair)
    out = None if out is None else Path(out)
    if out is not None:
        check_folder(out, config, overwrite)
    kept = {} if out is None or overwrite else _kept(out, config)
    samples = dict(kept)
    for sample in kept.values():
        _tell(on_sample, sample)
    if len(kept) < len(config.seeds):
        if pair is None:
            pair = load_pair(config, "cpu" if offload else place, on_warning or warnings.warn)
            pair = offloaded(pair, place) if offload else pair
        _check_dtype(config, pair)
        pair = resized(pair, config.duration_s)
        make_vocoder(config, pair)
        chunks = [chunk for chunk in chunks_of(config) if not kept.keys() >= set(chunk)]
        selecting = config.keep_by if config.keep else ()
        scorers = make_scorers(dict.fromkeys((*config.scores, *selecting)), place)
        colour = _colouriser(config, pair, place, on_step)
        menu = "search" if config.search.name else "method"
        choice = getattr(config, menu)
        method = build(menu, choice.name, choice.options)
        if out is not None:
            begin = functools.partial(_open_run, out, config)
            on_step = previewing(out / PREVIEW_FILE, pair, on_step, begin)
        for made in method(config, pair, chunks, on_step, on_warning or warnings.warn):
            if made.seed not in kept:
                sample = colour(scored(as_saved(made), scorers))
                if out is not None:
                    if len(samples) == len(kept):  # only now, since what can fail early has
                        _open_run(out, config, overwrite)
                    save_sample(sample, out, overwrite)
                samples[sample.seed] = sample
                _tell(on_sample, sample)
    ranked = rank_samples([samples[seed] for seed in config.seeds], config, out, place)
    if out is not None:
        if load_config(out / RUN_FILE) != config:  # it keeps others than before
            write_text(out / RUN_FILE, to_toml(config))
        for name in (PREVIEW_FILE, f"{PREVIEW_FILE}.partial"):  # a kill may leave the second
            (out / name).unlink(missing_ok=True)
    return ranked


def load_pair(
    config: RunConfig, device: str | torch.device, on_warning: OnWarning = warnings.warn
) -> ModelPair:
    """Returns the models of a run.

    Args:
        config: The run.
        device: Where they go.
        on_warning: Called with sentences about licences and about what differs.

    Raises:
        InvalidInputError: The pair does not take another image or audio model.
        CheckpointError: The weights are missing, broken or do not belong together.
    """
    given = config.model_dump(include=set(MODELS))
    dtype = getattr(torch, settled(config, device).sampling.dtype)
    return load_named(config.pair, device, dtype, **given, on_warning=on_warning)


def settled(
    config: RunConfig, device: str | torch.device, pair: ModelPair | None = None
) -> RunConfig:
    """Returns a run that says the type of its weights and what its files hold, as it is recorded.

    Args:
        config: The run; where its `sampling.dtype` is `auto`, it is chosen here.
        device: Where the models go.
        pair: Models that are loaded already; then their type is taken.

    Raises:
        InvalidInputError: A file is missing, or is another than when the run was begun.
    """
    layers = tuple(layer.settled() for layer in config.layers)
    config = config.model_copy(update={"layers": layers}) if layers else config
    if config.sampling.dtype != "auto":
        return config
    kind = default_dtype(device) if pair is None else _type_of(pair.image_unet)
    sampling = config.sampling.model_copy(update={"dtype": kind})
    return config.model_copy(update={"sampling": sampling})


def chunks_of(config: RunConfig) -> list[tuple[int, ...]]:
    """Returns the seeds of a run in the groups that share a batch."""
    starts = range(0, len(config.seeds), config.batch_size)
    return [config.seeds[start : start + config.batch_size] for start in starts]


def pick_device(name: str) -> str:
    """Returns the device that a name stands for; `auto` is the fastest that is there.

    Raises:
        InvalidInputError: The name is not known, or there is no such device here.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    there["cpu"] = True
    if name == "auto":
        return next(device for device, present in there.items() if present)
    if name not in there:
        raise unknown("device", name, ["auto", *there])
    if not there[name]:
        present = ", ".join(device for device in there if there[device])
        raise InvalidInputError(f"There is no device '{name}' here; there is: {present}.")
    return name


def check_folder(out: Path, config: RunConfig, overwrite: bool = False) -> None:
    """Checks that a run can be written into a folder, or goes on in it.

    Raises:
        InvalidInputError: It cannot be written into, or holds something else than this run and
            that is not to be overwritten.
    """
    standing = next(path for path in (out, *out.absolute().parents) if path.exists())
    if not standing.is_dir():
        raise InvalidInputError(f"Cannot write into '{out}': '{standing}' is not a folder.")
    if not os.access(standing, os.W_OK | os.X_OK):
        raise InvalidInputError(f"Cannot write into '{out}': '{standing}' is read-only.")
    there = {path.name for path in out.iterdir()} if out.exists() else set()
    if overwrite or there <= {f"{RUN_FILE}.partial"}:  # all that a kill at the start leaves
        return
    if not (out / RUN_FILE).exists():
        raise InvalidInputError(
            f"'{out}' holds files but no {RUN_FILE}; choose another folder, or overwrite."
        )
    before = load_config(out / RUN_FILE).model_dump()
    free = {"keep"} if config.search.name else KEEPING
    now = {key: value for key, value in config.model_dump().items() if key not in free}
    changed = [key for key, value in now.items() if value != before[key]]
    if changed:
        raise InvalidInputError(
            f"'{out}' holds another run: {changed[0]} is {before[changed[0]]!r} there and "
            f"{now[changed[0]]!r} here; choose another folder, or overwrite."
        )


def _check_dtype(config: RunConfig, pair: ModelPair) -> None:
    """Checks that a pair has the type that the run records for it."""
    for name in ("image_unet", "audio_unet"):
        given = _type_of(getattr(pair, name))
        if given != config.sampling.dtype:
            raise InvalidInputError(
                f"sampling.dtype is '{config.sampling.dtype}', but the {name} of the pair is of "
                f"{given}."
            )


def _type_of(model: Any) -> str:
    return str(model.dtype).removeprefix("torch.")


def _check_offload(config: RunConfig, device: str) -> None:
    """Checks that the models of a run can wait on the CPU until they are called."""
    if device != "cuda":
        raise InvalidInputError(
            f"Offloading saves the memory of a graphics card; the device is '{device}', and only "
            "'cuda' is allowed."
        )
    if config.method.name in THROUGH_MODELS:
        raise InvalidInputError(
            f"Method '{config.method.name}' cannot be offloaded, since gradients flow through its "
            "models; run it without."
        )
    if not is_accelerate_available():
        raise InvalidInputError(
            "Offloading needs accelerate: `pip install -c constraints.txt accelerate`."
        )


def _kept(out: Path, config: RunConfig) -> dict[int, Sample]:
    folders = {seed: sample_folder(out, seed) for seed in config.seeds}
    return {seed: load_sample(folder) for seed, folder in folders.items() if folder.exists()}


def _open_run(out: Path, config: RunConfig, overwrite: bool = False) -> None:
    """Writes the run file where no sample is; the samples of a run that is overwritten go."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        if overwrite:
            for described in out.glob("*/sample.json"):
                shutil.rmtree(described.parent)
    except OSError as error:
        raise InvalidInputError(f"Cannot write '{out}': {error.strerror}.") from None
    if not any(out.glob("*/sample.json")):
        write_text(out / RUN_FILE, to_toml(config))


def _colouriser(
    config: RunConfig, pair: ModelPair, device: str, on_step: OnStep | None
) -> Callable[[Sample], Sample]:
    """Returns what gives a sample the colour that a run asks for, its models loaded."""
    if not config.colour.name:
        return lambda sample: sample
    colouriser = build("colouriser", config.colour.name, config.colour.options)
    colour = colouriser(lambda: pair, device, on_step)
    return lambda sample: dataclasses.replace(sample, colour=colour(sample))


def _tell(on_sample: Callable[[Sample], None] | None, sample: Sample) -> None:
    if on_sample is not None:
        on_sample(sample)
