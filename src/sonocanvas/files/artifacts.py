"""Saves a sample as a folder, and loads it again.

A folder is written under a temporary name and then renamed, so a killed run leaves no incomplete
sample. The same sample gives the same bytes.
"""

import csv
import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from sonocanvas.canvas import bytes_to_canvas, canvas_to_bytes
from sonocanvas.errors import InvalidInputError
from sonocanvas.files.origin import NOTE, Origin, origin_of
from sonocanvas.files.pictures import (
    image_to_rgb,
    read_canvas_png,
    read_colour_png,
    read_image_png,
    rgb_to_image,
    write_canvas_png,
    write_colour_png,
    write_image_png,
)
from sonocanvas.files.reading import read_text
from sonocanvas.files.records import FIXED, MOST_BYTES, SCHEMA, read_record, score_from
from sonocanvas.files.sounds import dequantise, quantise, read_pcm, write_sound
from sonocanvas.files.writing import check_finite, check_inside, write_text
from sonocanvas.formats import read_format
from sonocanvas.types import CanvasFormat, Colour, Prompts, Sample

COLOUR_FILE = "colour.png"
CANDIDATES_FILE = "candidates.csv"
NUMBERED = "colour-[0-9][0-9].png"
BROKEN_TENSORS = (LookupError, TypeError, ValueError, RuntimeError, MemoryError)
"""Errors that safetensors raises for a wrong header, in addition to its own."""


def sample_folder(out: Path, seed: int) -> Path:
    """Returns the folder of a seed within a run folder."""
    return out / f"{seed:04d}"


def sample_folders(folder: Path) -> list[Path]:
    """Returns the folders of the samples in a run, or of one sample, in order.

    Args:
        folder: Folder of a run or of a sample.

    Raises:
        InvalidInputError: The folder holds no sample.
    """
    described = [folder / "sample.json"] if (folder / "sample.json").exists() else []
    described += [one for one in folder.glob("*/sample.json") if not one.parent.suffix]
    if not described:
        raise InvalidInputError(f"'{folder}' holds no sample.")
    for one in described:
        check_inside(one.parent, folder)
    return sorted(one.parent for one in described)


def as_saved(sample: Sample) -> Sample:
    """Returns the sample as `load_sample` will read it: 8-bit pictures, 16-bit sound."""
    pcm, gain_db = quantise(sample.waveform)
    return dataclasses.replace(
        sample,
        latent=sample.latent.detach().float().cpu(),
        image=rgb_to_image(image_to_rgb(sample.image)),
        canvas=bytes_to_canvas(canvas_to_bytes(sample.canvas)),
        waveform=dequantise(pcm, gain_db, sample.waveform.sample_rate_hz),
    )


def save_sample(sample: Sample, out: Path, overwrite: bool = False) -> Path:
    """Writes a sample into its folder of a run and returns that folder.

    Args:
        sample: The sample.
        out: The run folder; created if missing.
        overwrite: Whether an existing sample is replaced.

    Raises:
        InvalidInputError: The sample already exists, contains numbers that are not finite, or the
            folder cannot be written.
    """
    folder = sample_folder(out, sample.seed)
    if folder.exists() and not overwrite:
        raise InvalidInputError(f"'{folder}' exists; use overwrite to replace it.")
    partial = folder.with_name(folder.name + ".partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        _write_files(sample, partial)
        if folder.exists():
            shutil.rmtree(folder)
        partial.rename(folder)
    except OSError as error:
        raise InvalidInputError(f"Cannot write '{folder}': {error.strerror or error}.") from None
    return folder


def rewrite_record(sample: Sample, out: Path) -> None:
    """Rewrites the scores and the record of a saved sample, and nothing else.

    Args:
        sample: A sample with its new record and scores.
        out: The run folder that holds it.

    Raises:
        InvalidInputError: The sample is missing, or its record cannot be read or written.
    """
    path = sample_folder(out, sample.seed) / "sample.json"
    before = read_record(path.parent)
    described = {key: before[key] for key in FIXED}
    described["scores"] = [dataclasses.asdict(score) for score in sample.scores]
    try:
        text = _to_json({**described, **sample.record})
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"'{path}' cannot be written: {error}.") from None
    write_text(path, text)


def load_sample(folder: Path) -> Sample:
    """Returns the sample that `save_sample` wrote.

    Raises:
        InvalidInputError: A file is missing or not valid.
    """
    record = read_record(folder)
    del record["schema"], record["note"]
    try:
        canvas, _ = read_canvas_png(folder / "canvas.png")
        pcm, rate = read_pcm(folder / "audio.wav")
        return Sample(
            seed=record.pop("seed"),
            prompts=Prompts(**record.pop("prompts")),
            latent=_read_latent(folder / "latent.safetensors"),
            image=read_image_png(folder / "image.png"),
            canvas=canvas[0],
            waveform=dequantise(pcm, record.pop("gain_db"), rate),
            canvas_format=read_format(record.pop("canvas_format")),
            scores=tuple(map(score_from, record.pop("scores"))),
            record=record,
            colour=read_colour(folder),
            candidates=_read_candidates(folder / CANDIDATES_FILE),
        )
    except InvalidInputError as error:
        raise InvalidInputError(f"'{folder}' is not a whole sample: {error}") from None


def _read_latent(path: Path) -> Tensor:
    try:
        latent = load(path.read_bytes())["latent"]
    except (OSError, SafetensorError, *BROKEN_TENSORS) as error:
        reason = str(error).rstrip(".")
        raise InvalidInputError(f"'{path}' holds no latent: {reason}.") from None
    if latent.ndim != 3 or latent.dtype != torch.float32:
        raise InvalidInputError(
            f"'{path}' holds a latent {tuple(latent.shape)} of {latent.dtype}; it must be "
            "(channels, height, width) of torch.float32."
        )
    return latent


def write_colour(
    folder: Path, colour: Colour, canvas_format: CanvasFormat, origin: Origin | None = None
) -> Path:
    """Writes `colour.png` into the folder of a sample and returns its path.

    Several pictures are named `colour-00.png` and so on, and `colour.png` is the first of them.
    Existing colour files are replaced.

    Args:
        folder: Folder of the sample.
        colour: The pictures.
        canvas_format: What the canvas means as sound.
        origin: The origin of the sample.

    Raises:
        InvalidInputError: A picture is not finite or the folder cannot be written.
    """
    path, pictures = folder / COLOUR_FILE, list(colour.pictures)
    numbers = range(len(pictures)) if len(pictures) > 1 else ()
    files = {folder / f"colour-{number:02d}.png": pictures[number] for number in numbers}
    for file, picture in [*files.items(), (path, pictures[0])]:
        write_colour_png(file, picture, canvas_format, colour.record, colour.colour_map, origin)
    for stale in set(folder.glob(NUMBERED)) - files.keys():
        stale.unlink()
    return path


def read_colour(folder: Path) -> Colour | None:
    """Returns the canvas of a sample in colour, or `None` if there is no `colour.png`.

    Raises:
        InvalidInputError: A file is not valid.
    """
    path = folder / COLOUR_FILE
    if not path.exists():
        return None
    files = sorted(folder.glob(NUMBERED)) or [path]
    for file in files:
        check_inside(file, folder)
    pictures, records, maps = zip(*map(read_colour_png, files), strict=True)
    return Colour(torch.stack(pictures), records[0], maps[0])


def _write_files(sample: Sample, folder: Path) -> None:
    check_finite("latent", sample.latent)
    origin = origin_of(sample)
    canvas_png = folder / "canvas.png"
    write_canvas_png(canvas_png, sample.canvas, sample.canvas_format, origin=origin)
    write_image_png(folder / "image.png", sample.image, origin)
    gain_db = write_sound(folder / "audio.wav", sample.waveform, origin)
    if sample.colour is not None:
        write_colour(folder, sample.colour, sample.canvas_format, origin)
    if sample.candidates:
        with (folder / CANDIDATES_FILE).open("w", encoding="utf-8", newline="") as file:
            keys = dict.fromkeys(key for one in sample.candidates for key in one)
            table = csv.DictWriter(file, keys, lineterminator="\n")
            table.writeheader()
            table.writerows(sample.candidates)
    latent = sample.latent.detach().float().cpu().contiguous()
    (folder / "latent.safetensors").write_bytes(save({"latent": latent}))
    described = {
        "schema": SCHEMA,
        "note": NOTE,
        "seed": sample.seed,
        "prompts": dataclasses.asdict(sample.prompts),
        "scores": [dataclasses.asdict(score) for score in sample.scores],
        "gain_db": gain_db,
        "canvas_format": dataclasses.asdict(sample.canvas_format),
        **sample.record,
    }
    (folder / "sample.json").write_text(_to_json(described), encoding="utf-8")


def _read_candidates(path: Path) -> tuple[dict[str, float], ...]:
    if not path.exists():
        return ()
    text = read_text(path, MOST_BYTES)
    try:
        rows = csv.DictReader(text.splitlines())
        return tuple({key: float(value) for key, value in row.items() if value} for row in rows)
    except (csv.Error, TypeError, ValueError) as error:
        raise InvalidInputError(f"'{path}' cannot be read: {error}.") from None


def _to_json(described: dict[str, Any]) -> str:
    return json.dumps(described, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
