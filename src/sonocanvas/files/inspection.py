"""Inspects a file or a folder: what it is, what made it, and how picture-like its sound is.

Files may come from anywhere. They are read as data, by libraries restricted to the expected
formats; no references in them are followed, nothing is executed and nothing is written.
"""

import math
from dataclasses import dataclass, replace
from pathlib import Path

import av
from torch import Tensor

from sonocanvas.config import read_layer
from sonocanvas.errors import InvalidInputError
from sonocanvas.files.artifacts import load_sample, sample_folders
from sonocanvas.files.origin import Origin, from_comment, origin_of
from sonocanvas.files.pictures import read_canvas_png, read_colour_png
from sonocanvas.files.sounds import draw_sound
from sonocanvas.files.writing import opened_sound, read_comment
from sonocanvas.scene.layers import PICTURE_SUFFIXES, SOUND_SUFFIXES
from sonocanvas.scorers.picture_likeness import NARROWEST, picture_likeness, verdict
from sonocanvas.types import MINI_FORMAT, CanvasFormat, Sample

VIDEOS = (".mp4", ".m4v", ".mov")
WINDOW_FRAMES = 1024
"""Columns of the windows in which a long sound is judged, 10.24 s."""


@dataclass(frozen=True)
class Inspection:
    """The result of an inspection.

    Attributes:
        facts: Facts by short names.
        canvas: `(mels, frames)` canvas of a sound or a canvas picture; for a long sound the most
            picture-like window. `None` for a video, a run or any other picture.
        whole: `(mels, frames)` canvas of the whole sound, else `None`.
        gain_db: Gain of the sound before it was drawn.
        origin: The origin, if recorded.
    """

    facts: dict[str, str]
    canvas: Tensor | None = None
    whole: Tensor | None = None
    gain_db: float = 0.0
    origin: Origin | None = None


def inspect(path: Path) -> Inspection:
    """Returns the facts about a picture, a sound, a video, a sample folder or a run folder.

    Raises:
        InvalidInputError: It does not exist, is none of these, cannot be read, or is a sound that
            is empty, too short, or longer than 10 minutes.
    """
    if path.is_dir():
        return _sample(path) if (path / "sample.json").exists() else _run(path)
    if not path.is_file():
        raise InvalidInputError(f"There is no file or folder '{path}'.")
    readers = {PICTURE_SUFFIXES: _picture, SOUND_SUFFIXES: _sound, VIDEOS: _video}
    for suffixes, read in readers.items():
        if path.suffix.lower() in suffixes:
            return read(path)
    known = ", ".join((*PICTURE_SUFFIXES, *SOUND_SUFFIXES, *VIDEOS))
    raise InvalidInputError(f"'{path}' is of an unknown kind; known: {known}, a folder.")


def _picture(path: Path) -> Inspection:
    pixels, canvas_format = read_canvas_png(path)
    _, height, width = pixels.shape
    origin = from_comment(read_comment(path))
    facts = {"what": f"a picture of {width} x {height} pixels"} | _told(origin)
    if canvas_format is None:
        return Inspection(facts, origin=origin)
    facts["what"] = f"a canvas of {width} x {height} pixels"
    facts |= _meaning(canvas_format) | _coloured(path)
    return Inspection(facts, canvas=pixels[0], origin=origin)


def _sound(path: Path) -> Inspection:
    whole, gain_db = draw_sound(path)
    with opened_sound(path) as about:
        duration_s = about.frames / about.samplerate
        channels = f"{about.channels} channel{'s' if about.channels > 1 else ''}"
        what = f"a sound of {duration_s:.2f} s, {about.samplerate} Hz, {channels}"
        facts = {"what": f"{what}, {about.format} {about.subtype}"}
    origin = from_comment(read_comment(path))
    likeness, start = _likeness(whole, origin)
    facts |= _told(origin) | likeness
    window = whole[:, start : start + WINDOW_FRAMES]
    return Inspection(facts, window, whole, gain_db, origin)


def most_picture_like(canvas: Tensor) -> tuple[float, int]:
    """Returns the highest picture likeness of a window of 1024 columns, and its first column.

    Args:
        canvas: `(mels, frames)`; the windows lie side by side, and the last one ends at its edge.

    Raises:
        InvalidInputError: It is narrower than 20 columns.
    """
    last = max(0, canvas.shape[1] - WINDOW_FRAMES)
    starts = sorted({*range(0, last, WINDOW_FRAMES), last})
    windows = [canvas[:, start : start + WINDOW_FRAMES] for start in starts]
    return max((picture_likeness(one), start) for one, start in zip(windows, starts, strict=True))


def _likeness(canvas: Tensor, origin: Origin | None) -> tuple[dict[str, str], int]:
    """Returns in words how picture-like a sound is, and where its highest window starts."""
    value, start = most_picture_like(canvas)
    known = origin is not None and origin.generated
    told = f"{value:.2f}: {verdict(value, known) if canvas.any() else 'it is silent'}"
    if canvas.shape[1] > WINDOW_FRAMES:
        columns_a_second = MINI_FORMAT.sample_rate_hz / MINI_FORMAT.hop_samples
        told += f" (the highest of 10.24 s at a time, from {start / columns_a_second:.1f} s)"
    elif canvas.shape[1] < WINDOW_FRAMES:
        told += "; those last 10.24 s, this is shorter"
    return {"picture likeness": told}, start


def _video(path: Path) -> Inspection:
    try:
        # a fixed demuxer: others read text files that name further files to open
        with av.open(path, format="mov") as container:
            comment = container.metadata.get("comment", "")
            shown = next(iter(container.streams.video), None)
            duration_s = (container.duration or 0) / av.time_base
            size = f" of {shown.width} x {shown.height} pixels" if shown else " without a picture"
    except (av.FFmpegError, ValueError, AttributeError, LookupError, ArithmeticError, MemoryError):
        raise InvalidInputError(f"'{path}' is not a video that can be read.") from None
    origin = from_comment(comment)
    return Inspection({"what": f"a video{size}, {duration_s:.2f} s"} | _told(origin), origin=origin)


def _sample(folder: Path) -> Inspection:
    sample = load_sample(folder)
    origin = origin_of(sample)
    facts = {"what": "a sample", **_prompts(sample.prompts.image, sample.prompts.audio)}
    facts |= _layers(sample)
    facts |= _told(origin) | _meaning(sample.canvas_format)
    if sample.canvas.shape[1] >= NARROWEST:
        canvas, _ = draw_sound(folder / "audio.wav")
        facts |= _likeness(canvas, origin)[0]
    return Inspection(facts, canvas=sample.canvas, origin=origin)


def _run(folder: Path) -> Inspection:
    samples = sample_folders(folder)
    sample = load_sample(samples[0])
    facts = {"what": f"a run; its samples: {', '.join(one.name for one in samples)}"}
    facts |= _prompts(sample.prompts.image, sample.prompts.audio)
    origin = replace(origin_of(sample), seed=None)
    facts |= _told(origin) | _meaning(sample.canvas_format)
    return Inspection(facts, origin=origin)


def _prompts(image: str, audio: str) -> dict[str, str]:
    return {"looks like": str(image), "sounds like": str(audio)}


def _layers(sample: Sample) -> dict[str, str]:
    """Returns the contents of a sample's layers, if it has any."""
    given = sample.record.get("layers", ())
    if not isinstance(given, list | tuple):
        raise InvalidInputError(f"The layers of a sample must be a list, not {given!r}.")
    layers = [read_layer(one) for one in given]
    told = (f"{one.kind} '{one.words}'{' (given)' if one.source.name else ''}" for one in layers)
    return {"layers": ", ".join(told)} if layers else {}


def _told(origin: Origin | None) -> dict[str, str]:
    """Returns what a file says about its origin; anyone can write or remove that."""
    if origin is None:
        return {"says of itself": "nothing that SonoCanvas writes"}
    parts = [f"{'generated' if origin.generated else 'not generated'} by {origin.software}"]
    parts += [f"method {origin.method}"] if origin.method else []
    parts += [f"pair {origin.pair}"] if origin.pair else []
    parts += [f"seed {origin.seed}"] if origin.seed is not None else []
    told = {"says of itself": ", ".join(parts)}
    licences = [f"{part}: {licence}" for part, licence in origin.licences.items()]
    return told | ({"licences of the weights": "; ".join(licences)} if licences else {})


def _coloured(path: Path) -> dict[str, str]:
    """Returns how a canvas was coloured, if it says so."""
    try:
        _, record, _ = read_colour_png(path)
    except InvalidInputError:
        return {}
    name = str(record.pop("name", "by another tool"))
    told = [f"{key} {value}" for key, value in record.items() if value != ""]
    return {"colour": ", ".join([name, *told])}


def _meaning(fmt: CanvasFormat) -> dict[str, str]:
    range_db = 20 * math.log10(fmt.log_ceiling / fmt.log_floor)
    columns = fmt.sample_rate_hz / fmt.hop_samples
    loud = "black" if fmt.inverted else "white"
    return {
        "canvas format": f"{fmt.mels} mel bands from {fmt.f_min_hz:g} to {fmt.f_max_hz:g} Hz, "
        f"{columns:g} columns a second, {range_db:.0f} dB, the loudest {loud}; sound of "
        f"{fmt.sample_rate_hz} Hz"
    }
