"""How well picture likeness distinguishes sounds that contain a picture from those that do not.

`python benchmarks/picture_likeness.py --canvases FOLDER` prints the tables of
docs/responsible-use.md and the reference numbers of the score (`SOUNDS`, `COMPOSED`). It needs the
pack from the training. Every set is scored from its sound: a canvas is played by the vocoder of
`mini` and drawn again. The canvases are kept in the folder and reused.

Without a picture: recordings and soundfont keys of the pack, synthesizers, and the sound model of
`mini` alone. With one: drawings played, drawings imprinted into sounds (the paper's rule,
`sound * (1 - 0.5 * (1 - drawing))`), and canvases that `mini` composed from the picture and sound
of every second shared concept under the default rule.
"""

import argparse
import functools
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonocanvas.compose.mean import Mean
from sonocanvas.compose.warm_start import WarmStart
from sonocanvas.config import RunConfig
from sonocanvas.finish import make_vocoder
from sonocanvas.pairs import mini
from sonocanvas.protocols import Rule
from sonocanvas.scorers.picture_likeness import picture_likeness
from sonocanvas.training import held_out
from sonocanvas.training.pack import Pack, read_pack
from sonocanvas.training.report import heard, sample
from sonocanvas.training.views import arrange, concepts, sound_canvas
from sonocanvas.types import Prompts

Pixels = NDArray[np.uint8]
CONFIG = RunConfig(image_prompt="any", audio_prompt="any")
RECORDED = ("file-", "opensfx-")
PERCENTILES = (0, 5, 25, 50, 75, 95, 100)
BOOTSTRAPS = 2000


def recordings(pack: Pack) -> Pixels:
    """Returns one canvas for each recording in the pack."""
    rng = np.random.default_rng(7)
    clips = [clip for clip in pack.clips if clip.id.startswith(RECORDED)]
    return np.stack([sound_canvas(arrange(clip.samples, rng)) for clip in clips])


def strips(pack: Pack) -> Tensor:
    """Returns canvases `(36, 256, 1024)` with one to four held-out drawings side by side."""
    drawn, rng = held_out.drawings(pack).canvases, np.random.default_rng(3)
    canvases = np.zeros((36, 256, 1024), np.uint8)
    for canvas in canvases:
        for start in range(0, 1024, 256):
            if rng.random() < 0.6 or start == 512:
                canvas[:, start : start + 256] = drawn[rng.integers(len(drawn))]
    return torch.from_numpy(canvases).float() / 255


def imprinted(pack: Pack) -> Tensor:
    """Returns drawings imprinted into 20 synthesized and recorded sounds."""
    synthesized, recorded = held_out.synthesizers().canvases[::8], recordings(pack)[::10]
    below = np.concatenate([synthesized, recorded])[:20]
    return torch.from_numpy(below).float() / 255 * (1 - 0.5 * (1 - strips(pack)[16:]))


def sampled(rule: Rule, first: int, every: int) -> Tensor:
    """Returns canvases by `mini` of every `every`-th shared concept, starting at `first`."""
    pair = mini.load()
    prompts = [Prompts(row["image_prompt"], row["audio_prompt"]) for row in concepts()]
    return torch.cat([sample(pair, one, [0], rule, CONFIG) for one in prompts[first::every]])


def played(canvases: Tensor) -> Pixels:
    """Returns canvases `(items, 256, 1024)` drawn again from their sound."""
    vocoder = make_vocoder(CONFIG, mini.load())
    with torch.no_grad():
        again = torch.cat([heard(one[None], vocoder) for one in canvases])
    return (again.numpy() * 255).round().astype(np.uint8)


def sets(path: Path) -> dict[str, Callable[[], Pixels]]:
    """Returns a function for each set of canvases; the pack is read when first needed."""
    pack = functools.cache(lambda: read_pack(path))
    composed = WarmStart(Mean(**CONFIG.rule.options), **CONFIG.warm_start.options)
    return {
        "recordings": lambda: recordings(pack()),
        "soundfont keys": lambda: held_out.soundfont_keys(pack()).canvases,
        "synthesizers": lambda: held_out.synthesizers().canvases,
        "mini, sound alone": lambda: played(sampled(Mean(1.0), 1, 4)),
        "drawings played": lambda: played(strips(pack())[:16]),
        "mini, composed": lambda: played(sampled(composed, 0, 2)),
        "drawings imprinted": lambda: played(imprinted(pack())),
    }


def scores(name: str, make: Callable[[], Pixels], folder: Path) -> NDArray[np.float64]:
    """Returns the scores of a set, and keeps its canvases for the next run."""
    kept = folder / f"{name.replace(', ', ' ').replace(' ', '-')}.npy"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        np.save(kept, make())
    canvases = torch.from_numpy(np.load(kept)).float() / 255
    return np.array([picture_likeness(canvas) for canvas in canvases])


def area(pictures: NDArray[np.float64], sounds: NDArray[np.float64]) -> float:
    """Returns the area under the ROC curve: how often a picture scores above a sound."""
    difference = pictures[:, None] - sounds
    return float((difference > 0).mean() + (difference == 0).mean() / 2)


def interval(pictures: NDArray[np.float64], sounds: NDArray[np.float64]) -> tuple[float, float]:
    """Returns the bootstrap 95 % interval of the area; both sets are resampled."""
    rng = np.random.default_rng(0)
    areas = [
        area(rng.choice(pictures, len(pictures)), rng.choice(sounds, len(sounds)))
        for _ in range(BOOTSTRAPS)
    ]
    low, high = np.percentile(areas, (2.5, 97.5))
    return float(low), float(high)


def main() -> None:
    """Measures every set and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, default=Path("packs/mini.zip"))
    parser.add_argument("--canvases", type=Path, default=Path("packs/picture-likeness"))
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    makers = sets(arguments.pack)
    found = {name: scores(name, make, arguments.canvases) for name, make in makers.items()}
    names = list(found)
    sounds = np.concatenate([found[name] for name in names[:4]])
    limit = float(np.percentile(sounds, 95))
    columns = "n | 5 % | median | 95 % | above the limit | AUC: all sounds | AUC: recordings"
    print(f"| set | {columns} |\n|---|---|---|---|---|---|---|---|")
    for name, values in found.items():
        low, middle, high = np.percentile(values, (5, 50, 95))
        cells = [name, str(len(values)), f"{low:.2f}", f"{middle:.2f}", f"{high:.2f}"]
        cells += [f"{100 * (values > limit).mean():.0f} %"]
        for others in (sounds, found["recordings"]) if name in names[4:] else ():
            ends = "{:.2f} to {:.2f}".format(*interval(values, others))
            cells += [f"{area(values, others):.2f} ({ends})"]
        print(f"| {' | '.join(cells)} |" + "  |  |" * (name in names[:4]))
    print("\npercentiles", PERCENTILES)
    for name, values in {"all sounds": sounds, **found}.items():
        print(name, np.percentile(values, PERCENTILES).round(3).tolist())
    if arguments.json:
        arguments.json.write_text(json.dumps({name: list(one) for name, one in found.items()}))


if __name__ == "__main__":
    main()
