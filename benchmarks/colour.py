"""How exactly colour pictures preserve the canvas, and how much chroma they can carry.

`python benchmarks/colour.py runs/castle-bells` prints the table of docs/colour.md for the samples
of the given runs, which must be of `mini`. Every picture is written as a PNG, read back and
compared with the canvas; some are played and compared with the saved sound. Chroma is measured
without a model: the hue turns once from left to right, at three strengths.
"""

import argparse
import math
import tempfile
from collections.abc import Callable
from pathlib import Path

import soundfile
import torch
from torch import Tensor

from sonocanvas.colourisers.chroma import picture_of
from sonocanvas.files.artifacts import load_sample, sample_folders
from sonocanvas.files.colour_maps import colour_tables
from sonocanvas.files.pictures import read_canvas_png, write_colour_png
from sonocanvas.files.sounds import quantise
from sonocanvas.pairs import mini
from sonocanvas.registry import build
from sonocanvas.types import MINI_FORMAT, Sample
from sonocanvas.vocoders.weights import build_vocoder

STRENGTHS = (0.1, 0.25, 0.5)


def mapped(name: str) -> Callable[[Sample], Tensor]:
    """Returns a function that paints a sample's canvas `(3, height, width)` by a colour map."""
    paint = build("colouriser", name, {})(None, "cpu", None)
    return lambda sample: paint(sample).pictures[0]


def hues(canvas: Tensor, strength: float) -> Tensor:
    """Returns chroma `(3, height, width)`; each channel departs from gray by at most `strength`."""
    height, width = canvas.shape
    turns = torch.arange(width) / width - torch.arange(3)[:, None] / 3
    return strength * torch.cos(2 * math.pi * turns)[:, None].expand(-1, height, -1)


def painted(strength: float) -> Callable[[Sample], Tensor]:
    """Returns a function that paints a sample's canvas `(3, height, width)` with `hues`."""
    return lambda sample: picture_of(0.5 + hues(sample.canvas, strength)[None], sample.canvas)


def read_again(picture: Tensor, colour_map: str) -> Tensor:
    """Returns the canvas `(1, height, width)` read back from the PNG of a picture."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "colour.png"
        write_colour_png(path, picture, MINI_FORMAT, {}, colour_map)
        return read_canvas_png(path)[0]


def gray_apart(sample: Sample, picture: Tensor, colour_map: str) -> int:
    """Returns how many of 255 levels a picture, read back, differs from the canvas at most."""
    return int(((read_again(picture, colour_map)[0] - sample.canvas).abs().max() * 255).round())


def sound_apart(folder: Path, picture: Tensor, colour_map: str) -> int:
    """Returns how many of 32768 steps a picture, played, differs from the saved sound at most."""
    weights = mini.vocoder()
    play = build_vocoder(weights.kind, {}, weights, "mini")
    with torch.no_grad():
        played, _ = quantise(play(read_again(picture, colour_map), MINI_FORMAT))
    saved, _ = soundfile.read(folder / "audio.wav", dtype="int16")
    return int(abs(saved.astype(int) - played.astype(int)).max())


def fit(sample: Sample, strength: float) -> tuple[float, float]:
    """Returns the share of pixels whose chroma must shrink, and the share of chroma kept."""
    wanted = hues(sample.canvas, strength)
    outside = ((sample.canvas + wanted - 0.5).abs() > 0.5 + 1e-6).any(dim=0)
    kept = painted(strength)(sample) - sample.canvas
    return float(outside.double().mean()), float(kept.abs().sum() / wanted.abs().sum())


def main() -> None:
    """Measures the samples of the given runs and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--heard", type=int, default=2, help="so many samples are played")
    arguments = parser.parse_args()
    folders = [folder for run in arguments.runs for folder in sample_folders(run)]
    samples = [load_sample(folder) for folder in folders]
    ways = [(name, mapped(name), name, 0.0) for name in colour_tables()]
    ways += [(f"chroma of {most}", painted(most), "", most) for most in STRENGTHS]
    print(f"{len(samples)} canvases, {arguments.heard} of them played\n")
    print("| colour | gray differs by | sound differs by | chroma shrinks | chroma kept |")
    print("|---|---|---|---|---|")
    for name, paint, colour_map, strength in ways:
        gray = max(gray_apart(one, paint(one), colour_map) for one in samples)
        heard = list(zip(folders, samples, strict=True))[: arguments.heard]
        sound = max(sound_apart(folder, paint(one), colour_map) for folder, one in heard)
        cells = [name, f"{gray} of 255", f"{sound} of 32768", "", ""]
        if strength:
            shares = torch.tensor([fit(one, strength) for one in samples]).mean(dim=0)
            cells[-2:] = [f"{100 * share:.0f} %" for share in shares.tolist()]
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
