"""What is saved: a sample as a folder, and the way back.

A folder is written beside its place and then renamed, so that a killed run leaves no half
sample. The same sample gives the same bytes.
"""

import dataclasses
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from sonocanvas.canvas import bytes_to_canvas, canvas_to_bytes
from sonocanvas.errors import InvalidInputError
from sonocanvas.media import (
    NOTE,
    check_finite,
    dequantise,
    quantise,
    read_canvas_png,
    write_canvas_png,
    write_wav,
)
from sonocanvas.types import CanvasFormat, Prompts, Sample, Score

SCHEMA = 1
FIXED = ("schema", "note", "seed", "prompts", "scores", "gain_db", "canvas_format")
"""What stands in every `sample.json`, before the sample's own record."""


def sample_folder(out: Path, seed: int) -> Path:
    """Returns the folder of a seed within a run folder."""
    return out / f"{seed:04d}"


def as_saved(sample: Sample) -> Sample:
    """Returns the sample as `load_sample` will read it: 8-bit pictures, 16-bit sound."""
    pcm, gain_db = quantise(sample.waveform)
    return dataclasses.replace(
        sample,
        latent=sample.latent.detach().float().cpu(),
        image=_to_image(_to_rgb(sample.image)),
        canvas=bytes_to_canvas(canvas_to_bytes(sample.canvas)),
        waveform=dequantise(pcm, gain_db, sample.waveform.sample_rate_hz),
    )


def save_sample(sample: Sample, out: Path, overwrite: bool = False) -> Path:
    """Writes a sample into its folder of a run and returns that folder.

    Args:
        sample: What to save.
        out: The run folder; made if it is missing.
        overwrite: Whether a sample that is there is replaced.

    Raises:
        InvalidInputError: The sample is there already, holds numbers that are not finite, or
            the folder cannot be written.
    """
    folder = sample_folder(out, sample.seed)
    if folder.exists() and not overwrite:
        raise InvalidInputError(f"'{folder}' exists; it is replaced only with overwrite.")
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
    """Writes the scores and the record of a saved sample anew; nothing else of it changes.

    Args:
        sample: A sample with what its `sample.json` should say.
        out: The run folder that holds it.

    Raises:
        InvalidInputError: The sample is not there, or its record cannot be read or written.
    """
    path = sample_folder(out, sample.seed) / "sample.json"
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
        described = {key: before[key] for key in FIXED}
        described["scores"] = [dataclasses.asdict(score) for score in sample.scores]
        beside = path.with_suffix(".partial")
        beside.write_text(_to_json({**described, **sample.record}), encoding="utf-8")
        os.replace(beside, path)
    except OSError as error:
        raise InvalidInputError(f"Cannot write '{path}': {error.strerror or error}.") from None
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInputError(f"'{path}' cannot be read: {error!r}.") from None


def load_sample(folder: Path) -> Sample:
    """Returns the sample that `save_sample` wrote.

    Raises:
        InvalidInputError: A file is missing or is not what it should be.
    """
    try:
        record = json.loads((folder / "sample.json").read_text(encoding="utf-8"))
        if record.pop("schema") != SCHEMA:
            raise InvalidInputError(f"'{folder}' has another schema than {SCHEMA}.")
        del record["note"]
        canvas_format = CanvasFormat(**record.pop("canvas_format"))
        latent = load_file(folder / "latent.safetensors")["latent"]
        canvas, _ = read_canvas_png(folder / "canvas.png")
        with Image.open(folder / "image.png") as picture:
            image = _to_image(np.asarray(picture.convert("RGB")))
        pcm, rate = soundfile.read(folder / "audio.wav", dtype="int16")
        return Sample(
            seed=record.pop("seed"),
            prompts=Prompts(**record.pop("prompts")),
            latent=latent,
            image=image,
            canvas=canvas[0],
            waveform=dequantise(pcm, record.pop("gain_db"), rate),
            canvas_format=canvas_format,
            scores=tuple(Score(**score) for score in record.pop("scores")),
            record=record,
        )
    except InvalidInputError:
        raise
    except (OSError, SafetensorError, soundfile.SoundFileError) as error:
        raise InvalidInputError(f"'{folder}' is not a whole sample: {error}.") from None
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InvalidInputError(f"'{folder}/sample.json' cannot be read: {error!r}.") from None


def _write_files(sample: Sample, folder: Path) -> None:
    check_finite("latent", sample.latent)
    write_canvas_png(folder / "canvas.png", sample.canvas, sample.canvas_format)
    note = PngInfo()
    note.add_text("Comment", NOTE)
    Image.fromarray(_to_rgb(sample.image)).save(folder / "image.png", pnginfo=note)
    gain_db = write_wav(folder / "audio.wav", sample.waveform)
    latent = sample.latent.detach().float().cpu().contiguous()
    save_file({"latent": latent}, folder / "latent.safetensors")
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


def _to_json(described: dict[str, Any]) -> str:
    return json.dumps(described, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _to_rgb(image: Tensor) -> npt.NDArray[np.uint8]:
    check_finite("image", image)
    levels = image.detach().float().cpu().clamp(0, 1).permute(1, 2, 0) * 255
    rgb: npt.NDArray[np.uint8] = levels.round().to(torch.uint8).numpy()
    return rgb


def _to_image(rgb: npt.NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(rgb.astype(np.float32) / 255).permute(2, 0, 1)
