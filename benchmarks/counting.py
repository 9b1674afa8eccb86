"""One picture, two, or four in a row: is each still seen, and is the sound still heard?

`python benchmarks/counting.py --json FILE` makes the 48 shared concepts, two seeds each, with every
caption that states a count. It samples the picture model alone, composes each picture with its own
sound by the default method, and composes as `generate` reads the count: as layers of one square.

The judge ranks the 48 prompts. A picture counts as seen if its own prompt comes first, by the mean
of the four squares side by side or by the best square at any position. A sound counts as heard if
its prompt comes first. `on black` is the share of light in the columns where the caption has
pictures. The last table shows how often the requested prompt came first, for each number of marks
that a run shows.
"""

import argparse
import json
import statistics
from pathlib import Path

import torch
from torch import Tensor

from sonocanvas import text
from sonocanvas.choose.scoring import make_scorers
from sonocanvas.config import RunConfig
from sonocanvas.generate import generate
from sonocanvas.methods import compose
from sonocanvas.models import load_pair
from sonocanvas.scorers.embedder import squares
from sonocanvas.show.meters import FULL, MARKS, OF_JUDGE, marks
from sonocanvas.training.layouts import CANVAS_POSITIONS, LAYOUTS, Layout
from sonocanvas.types import Sample
from sonocanvas.words.concepts import shared

STRIDE = 32
SQUARE = 256
CAPTIONS = [layout for layout in LAYOUTS if "{1}" not in layout.caption]
PLANS = [
    *(("compose", layout, "layers") for layout in CAPTIONS[1:]),
    *(("image-only", layout, "caption") for layout in CAPTIONS),
    *(("compose", layout, "caption") for layout in CAPTIONS),
]
"""Method, wording of the picture prompt, and whether the count becomes layers as in `generate`."""


def read_as_captions() -> None:
    """Passes prompts with a count to the picture model unchanged, from here on."""
    text.without_count = lambda prompt, known: prompt
    compose.counted_squares = lambda layer, pair: [layer]


def worded(layout: Layout, row: dict[str, str]) -> str:
    """Returns the prompt that asks for a concept in a layout."""
    return layout.caption.format(row["id"].replace("-", " ")) or row["image_prompt"]


class Seen:
    """What the judge sees and hears, among the 48 concepts."""

    def __init__(self) -> None:
        (judge,) = make_scorers(["judge"])
        self.looks, self.sounds = judge._embedders  # type: ignore[attr-defined]
        rows = shared()
        self.pictures = torch.stack([self.looks.embed_text(row["image_prompt"]) for row in rows])
        self.heard = torch.stack([self.sounds.embed_text(row["audio_prompt"]) for row in rows])

    @torch.no_grad()
    def __call__(self, sample: Sample, asked: int) -> dict[str, float]:
        """Returns the asked concept's rank among the 48 by each measure, from 1, and cosines."""
        windows = squares(sample.canvas[None].float(), STRIDE)[0]
        cosines = self.looks.towers.embed("picture", windows) @ self.pictures.T
        sound = (self.sounds.embed(sample) @ self.heard.T)[0]
        mean = cosines[:: SQUARE // STRIDE].mean(0)
        return {
            "mean": _place(mean, asked),
            "best": _place(cosines.amax(0), asked),
            "sound": _place(sound, asked),
            "cosine_image": float(mean[asked]),
            "cosine_audio": float(sound[asked]),
        }


def _place(cosines: Tensor, asked: int) -> float:
    return 1.0 + float((cosines > cosines[asked]).sum())


def inside(sample: Sample, layout: Layout) -> float:
    """Returns the share of a canvas's light that lies where the layout has drawings."""
    light = sample.canvas.float().mean(0)
    wide = light.shape[0] // CANVAS_POSITIONS
    places = torch.zeros_like(light)
    for place in layout.places:
        places[place * wide : place * wide + SQUARE] = 1
    return float((light * places).sum() / light.sum().clamp(min=1e-6))


def by_marks(rows: list[dict[str, float]]) -> None:
    """Prints how often the asked prompt came first, for each number of marks that users see."""
    for side, place in (("image", "mean"), ("audio", "sound")):
        for count in range(1, MARKS + 1):
            right = [
                one[place] == 1
                for one in rows
                if marks(one[f"cosine_{side}"], OF_JUDGE).count(FULL) == count
            ]
            share = f"{statistics.mean(right):5.0%}" if right else "    -"
            print(f"{side:6} {count} marks: {len(right):3} canvases, first {share}", flush=True)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--every", type=int, default=1, help="take every so many of the 48")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    seen, pair, found = Seen(), None, []
    for method, layout, read_as in PLANS:
        if read_as == "caption":
            read_as_captions()
        rows = []
        for asked, row in list(enumerate(shared()))[:: arguments.every]:
            config = RunConfig(
                image_prompt=worded(layout, row),
                audio_prompt=row["audio_prompt"],
                seeds=tuple(range(arguments.seeds)),
                method=method,
                scores=(),
            )
            pair = pair or load_pair(config, "cpu", print)
            for sample in generate(config, pair=pair):
                rows.append({**seen(sample, asked), "inside": inside(sample, layout)})
        wording = f"{method}, {layout.caption.format('X') or 'as X is asked for'}, {read_as}"
        for what in ("mean", "best", "sound"):
            first = statistics.mean(one[what] == 1 for one in rows)
            print(f"{wording:36} {what:6} first {first:5.0%}", flush=True)
        print(f"{wording:36} on black {statistics.mean(one['inside'] for one in rows):5.0%}")
        if method == "compose" and not layout.caption:
            by_marks(rows)
        found.append({"wording": wording, "rows": rows})
        if arguments.json:
            arguments.json.write_text(json.dumps(found) + "\n", "utf-8")


if __name__ == "__main__":
    main()
