"""Layers on `mini`: a user's own pictures and sounds by strength; length, cost and seams.

`python benchmarks/scenes.py pictures` combines ten pictures from scikit-image (CC0 or public
domain) with two sounds each. `sounds` combines ten recordings that `mini` was not trained on with a
picture each. `length` makes canvases of 10, 60 and 600 s, `cost` compares a scene of two full
layers with the plain loop, and `seams` looks for borders in long canvases. Each prints its results;
`--json FILE` writes the numbers, and `--sheet FILE` a contact sheet of the first two. No seed is
selected. The judge and BirdNET only report. `pictures` needs `scikit-image`, and `sounds` the
`train` extra.
"""

import argparse
import json
import math
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from PIL import Image

from sonocanvas import RunConfig, generate
from sonocanvas.canvas import canvas_to_bytes, canvas_to_db
from sonocanvas.choose.scoring import make_scorers
from sonocanvas.compose.mean import Mean
from sonocanvas.denoise import denoise, initial_noise, make_scheduler
from sonocanvas.evaluation.intervals import bootstrap_interval
from sonocanvas.experts import windows
from sonocanvas.pairs import mini
from sonocanvas.scene.composing import compose_layers
from sonocanvas.scene.layers import Layer
from sonocanvas.scene.placing import place_layers, resized
from sonocanvas.text import encode_prompts
from sonocanvas.types import MINI_FORMAT, Prompts, Sample
from sonocanvas.vocoders.parts import OVERLAP_FRAMES, PART_FRAMES

STRENGTHS = (0.0, 0.2, 0.4, 0.5, 0.6, 0.8, 1.0)
SHOWN = (0.2, 0.4, 0.8)
PICTURES = {
    "astronaut.png": "",
    "camera.png": "",
    "chelsea.png": "a cat",
    "coffee.png": "a coffee cup",
    "coins.png": "",
    "horse.png": "a horse",
    "hubble_deep_field.jpg": "",
    "moon.png": "the moon",
    "rocket.jpg": "a rocket",
    "text.png": "",
}
"""Pictures from scikit-image, with the prompt by which the judge knows each, if any."""
INVERTED = ("horse.png",)
SOUNDS = ("birds singing", "a bell ringing")
RECORDINGS = {
    "held-font-1-122-66": "an owl",
    "held-font-1-123-66": "a cat",
    "held-font-2-122-66": "a castle with towers",
    "held-font-2-123-66": "a train",
    "held-font-0-123-66": "a tree",
    "held-font-0-122-66": "a fish",
    "held-font-6-125-66": "a horse",
    "held-font-0-124-66": "a guitar",
    "held-font-5-125-66": "a flower",
    "held-phrase-02-05": "a church with a tower",
}
"""Held-out recordings from the FluidR3 soundfonts (MIT), with the picture prompt for each."""


def made(layers: list[dict[str, Any]], pair: Any, **values: Any) -> Sample:
    """Returns the sample of seed 0 for the given layers."""
    return generate(RunConfig(layers=layers, seeds=[0], scores=[], **values), pair=pair)[0]


def spread(values: list[float], clusters: list[Any] | None = None) -> str:
    """Returns a mean with its 95 % bootstrap interval, resampled by clusters if given."""
    if not values:
        return "-"
    found = bootstrap_interval(values, clusters=clusters)
    return f"{found.mean:.3f} ({found.low:.3f} to {found.high:.3f})"


def named(scorers: list[Any], sample: Sample) -> dict[str, float]:
    """Returns the scores of a sample by name."""
    return {score.name: score.value for scorer in scorers for score in scorer([sample])[0]}


def pictures(sheet: Path | None) -> list[dict[str, Any]]:
    """Returns a row for each picture, sound and strength."""
    import skimage  # type: ignore[import-not-found]
    from skimage.metrics import structural_similarity  # type: ignore[import-not-found]

    pair, rows, strips = mini.load(), [], []
    folder = Path(skimage.__file__).parent / "data"
    scorers, birdnet = make_scorers(["judge", "audibility"]), make_scorers(["birdnet"])
    for name, prompt in PICTURES.items():
        strip = []
        for sound in SOUNDS:
            for strength in STRENGTHS:
                layer = {
                    "kind": "picture",
                    "source": {
                        "name": "picture_file",
                        "path": str(folder / name),
                        "invert": name in INVERTED,
                    },
                    "strength": strength,
                }
                described = {"image_prompt": prompt or "a picture", "audio_prompt": sound}
                sample = made([layer], pair, **described)
                placed = place_layers(RunConfig(layers=[layer], **described).layers, pair)[0]
                shown = placed.opacity.any(0)
                window = {"data_range": 1.0}
                likeness = structural_similarity(
                    sample.canvas[:, shown].numpy(), placed.given[:, shown].numpy(), **window
                )
                scores = named(scorers, sample)
                scores |= named(birdnet, sample) if sound == SOUNDS[0] else {}
                row = {"picture": name, "sound": sound, "strength": strength, "ssim": likeness}
                row |= {key: scores.get(key) for key in ("judge_audio", "audibility", "birdnet")}
                row["judge_image"] = scores["judge_image"] if prompt else None
                rows.append(row)
                if sound == SOUNDS[0] and strength in SHOWN:
                    strip.append(canvas_to_bytes(sample.canvas))
        strips.append(strip)
    _save_sheet(sheet, strips)
    _print(rows, ("ssim", "judge_image", "judge_audio", "audibility", "birdnet"))
    return rows


def sounds(sheet: Path | None) -> list[dict[str, Any]]:
    """Returns a row for each recording and strength."""
    from sonocanvas.training.recordings import collect

    clips = {clip.id: clip for clip in collect(Path("packs/cache"))}
    pair, rows, strips = mini.load(), [], []
    scorers = make_scorers(["judge"])
    with tempfile.TemporaryDirectory() as folder:
        for name, picture in RECORDINGS.items():
            clip, strip = clips[name], []
            path = Path(folder) / f"{name}.wav"
            soundfile.write(path, np.asarray(clip.samples).reshape(-1), MINI_FORMAT.sample_rate_hz)
            for strength in STRENGTHS:
                layer = {"kind": "sound", "file": str(path), "fit": "tile", "strength": strength}
                described = {"image_prompt": picture, "audio_prompt": clip.caption}
                sample = made([layer], pair, **described)
                placed = place_layers(RunConfig(layers=[layer], **described).layers, pair)[0]
                decibels = [
                    canvas_to_db(one[None], MINI_FORMAT)[0] for one in (sample.canvas, placed.given)
                ]
                distance = float((decibels[0] - decibels[1]).square().mean(0).sqrt().mean())
                row = {"recording": name, "picture": picture, "strength": strength}
                rows.append(row | {"distance_db": distance} | named(scorers, sample))
                if strength in SHOWN:
                    strip.append(canvas_to_bytes(sample.canvas))
            strips.append(strip)
    _save_sheet(sheet, strips)
    _print(rows, ("distance_db", "judge_image", "judge_audio"))
    return rows


def length(sheet: Path | None) -> list[dict[str, Any]]:
    """Returns seconds and peak memory for each duration, each measured in its own process."""
    rows = []
    for duration_s in (10, 60, 600):
        line = [sys.executable, __file__, "one", "--duration", str(duration_s)]
        told = subprocess.run(line, check=True, capture_output=True, text=True).stdout
        rows.append(json.loads(told.splitlines()[-1]))
        row = rows[-1]
        print(
            f"| {duration_s} s | {row['seconds']:.1f} s | {row['peak_mb']:.0f} MB | "
            f"{row['canvas_mb']:.0f} MB | {row['peak_mb'] - row['canvas_mb']:.0f} MB |",
            flush=True,
        )
    return rows


def one(duration_s: float) -> None:
    """Prints time and memory for one canvas of a duration, and the size of the sample itself."""
    pair = mini.load()
    began = time.perf_counter()
    config = RunConfig(
        image_prompt="a castle with towers",
        audio_prompt="a dog barking",
        duration_s=duration_s,
        seeds=[0],
        scores=[],
    )
    sample = generate(config, pair=pair)[0]
    held = (sample.image, sample.canvas, sample.waveform.samples, sample.latent)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    told = {
        "duration_s": duration_s,
        "seconds": time.perf_counter() - began,
        "peak_mb": peak_mb,
        "canvas_mb": sum(tensor.numel() * 4 for tensor in held) / 1e6,
    }
    print(json.dumps(told))


def cost(sheet: Path | None) -> list[dict[str, Any]]:
    """Returns the seconds of the loop with two prompts and with two full layers, in turn."""
    pair, scales = mini.load(), {"image_guidance_scale": 8.0, "audio_guidance_scale": 5.0}
    plain = encode_prompts(pair, Prompts("a castle", "bells ringing"))[0]
    layers = [Layer(kind="picture", prompt="a castle"), Layer(kind="sound", prompt="bells ringing")]
    scene, _ = compose_layers(place_layers(layers, pair), pair, {"image": "", "audio": ""})
    rows = []
    for number in range(24):
        row: dict[str, Any] = {"round": number}
        for name, drawn in (("plain", plain), ("scene", scene)):
            scheduler = make_scheduler(pair.scheduler_config)
            began = time.perf_counter()
            denoise(pair, drawn, initial_noise(pair, [0]), scheduler, Mean(), steps=16, **scales)
            row[name] = time.perf_counter() - began
        rows.append(row)
    ratios = [row["scene"] / row["plain"] for row in rows[4:]]
    print(f"scene / plain: median {statistics.median(ratios):.3f}, mean {spread(ratios)}")
    return rows


def seams(sheet: Path | None) -> list[dict[str, Any]]:
    """Returns how much a long canvas changes at the borders of windows and parts, and elsewhere."""
    pair, rows = mini.load(), []
    longer = resized(pair, 120.0)
    block = MINI_FORMAT.mels // pair.latent_shape[1]
    starts = windows(longer.latent_shape[2], longer.window, 15)
    borders = sorted({block * one for one in starts[1:]} | {block * (one + 32) for one in starts})
    step = PART_FRAMES - OVERLAP_FRAMES
    joints = [start + OVERLAP_FRAMES // 2 for start in range(step, 12000 - OVERLAP_FRAMES, step)]
    for seed in range(6):
        config = RunConfig(
            image_prompt="a castle with towers",
            audio_prompt="rain",
            duration_s=120,
            seeds=[seed],
            scores=[],
        )
        sample = generate(config, pair=pair)[0]
        change = sample.canvas.diff(dim=1).abs().mean(0).numpy()
        samples = sample.waveform.samples[0].numpy()
        flux = _flux(samples, MINI_FORMAT.hop_samples)
        grid = [block * one for one in range(1, longer.latent_shape[2])]
        for what, series, places, like in (
            ("picture, windows", change, borders, grid),
            ("sound, windows", flux, borders, grid),
            ("sound, parts", flux, joints, range(len(flux))),
        ):
            at = [series[one - 1] for one in places if 0 < one <= len(series)]
            apart = set(places)
            other = [series[one - 1] for one in like if 0 < one <= len(series) and one not in apart]
            rows.append({"seed": seed, "what": what, "at": at, "elsewhere": other})
    for what in dict.fromkeys(row["what"] for row in rows):
        own = [row for row in rows if row["what"] == what]
        at = [float(value) for row in own for value in row["at"]]
        other = [float(value) for row in own for value in row["elsewhere"]]
        ratio = statistics.mean(at) / statistics.mean(other)
        error = statistics.stdev(at) / math.sqrt(len(at)) / statistics.mean(other)
        low, high = ratio - 1.96 * error, ratio + 1.96 * error
        print(f"| {what} | {len(at)} | {ratio:.3f} ({low:.3f} to {high:.3f}) |")
    return [{**row, "at": list(map(float, row["at"])), "elsewhere": []} for row in rows]


def _flux(samples: Any, hop: int) -> Any:
    """Returns how much the level of each frame of sound differs from the previous one, in dB."""
    frames = samples[: len(samples) // hop * hop].reshape(-1, hop)
    decibels = 20 * np.log10(np.sqrt((frames**2).mean(1)) + 1e-5)
    return np.abs(np.diff(decibels))


def _save_sheet(path: Path | None, strips: list[list[Any]]) -> None:
    """Writes a contact sheet: a row for each file, a column for each of three strengths."""
    if path is not None:
        rows = [np.concatenate([np.pad(one, 4) for one in strip], 1) for strip in strips]
        page = Image.fromarray(np.concatenate(rows))
        page.resize((page.width // 2, page.height // 2), Image.Resampling.LANCZOS).save(path)


def _print(rows: list[dict[str, Any]], names: tuple[str, ...]) -> None:
    """Prints the means of some columns for each strength; a file is a cluster."""
    file = next(iter(rows[0]))
    print(f"| strength | {' | '.join(names)} |\n|{'---|' * (len(names) + 1)}")
    for strength in STRENGTHS:
        own = [row for row in rows if row["strength"] == strength]
        cells = []
        for name in names:
            there = [row for row in own if row.get(name) is not None]
            cells.append(spread([row[name] for row in there], [row[file] for row in there]))
        print(f"| {strength:g} | {' | '.join(cells)} |")


def main() -> None:
    """Measures and prints."""
    warnings.simplefilter("ignore")
    parts = {part.__name__: part for part in (pictures, sounds, length, cost, seams)}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=[*parts, "one"])
    parser.add_argument("--duration", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if arguments.part == "one":
        one(arguments.duration)
        return
    rows = parts[arguments.part](arguments.sheet)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
