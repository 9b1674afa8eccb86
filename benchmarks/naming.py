"""Can people name the picture in a composed canvas? Makes sheets with eight choices, and a key.

`python benchmarks/naming.py make runs/naming` makes 96 canvases by the default method: each of the
48 pictures twice, with sounds drawn from a fixed seed, and none selected. It writes sheets to look
at (`sheet-00.png`, with the choices in `choices.tsv`) and `key.tsv`; do not read the key first.
Fill in `answers.tsv` (number, letter), then `python benchmarks/naming.py score runs/naming`.
"""

import argparse
import csv
import random
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from sonocanvas.canvas import canvas_to_bytes
from sonocanvas.config import RunConfig
from sonocanvas.evaluation.intervals import clopper_pearson
from sonocanvas.files.artifacts import load_sample
from sonocanvas.generate import generate
from sonocanvas.models import load_pair
from sonocanvas.words.concepts import shared

SEED = 14
CHOICES = "ABCDEFGH"
ON_A_SHEET = 12
CELL = (640, 160)


def make(out: Path) -> None:
    """Makes the canvases, the sheets, the choices and the key."""
    rng = random.Random(SEED)
    known = [row for row in shared() for _ in range(2)]
    sounds = [row["audio_prompt"] for row in shared()]
    pictures = sorted({row["image_prompt"] for row in shared()})
    rng.shuffle(known)
    pair, asked = None, []
    for number, row in enumerate(known):
        others = rng.sample([one for one in pictures if one != row["image_prompt"]], 7)
        choices = [row["image_prompt"], *others]
        rng.shuffle(choices)
        config = RunConfig(
            image_prompt=row["image_prompt"], audio_prompt=rng.choice(sounds), seeds=(number,)
        )
        pair = pair or load_pair(config, "cpu", print)
        generate(config, out / "cells" / f"{number:02d}", pair=pair)
        asked.append((number, config, choices))
    _write(out / "choices.tsv", ["number", *CHOICES], [[n, *told] for n, _, told in asked])
    rows = [
        [n, CHOICES[told.index(config.image_prompt)], config.image_prompt, config.audio_prompt]
        for n, config, told in asked
    ]
    _write(out / "key.tsv", ["number", "letter", "image_prompt", "audio_prompt"], rows)
    for start in range(0, len(asked), ON_A_SHEET):
        _sheet(out, range(start, min(start + ON_A_SHEET, len(asked))))


def _sheet(out: Path, numbers: range) -> None:
    columns, (width, height) = 2, CELL
    rows = -(-len(numbers) // columns)
    page = Image.new("L", (columns * (width + 60), rows * (height + 12)), 40)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(26)
    for place, number in enumerate(numbers):
        sample = load_sample(out / "cells" / f"{number:02d}" / f"{number:04d}")
        left, top = place % columns * (width + 60), place // columns * (height + 12)
        canvas = Image.fromarray(canvas_to_bytes(sample.canvas)).resize(CELL)
        pen.text((left + 8, top + height // 2 - 16), f"{number:02d}", 255, font)
        page.paste(canvas, (left + 52, top))
    page.save(out / f"sheet-{numbers[0]:02d}.png")


def score(out: Path) -> None:
    """Prints how many answers are right, with the 95 % Clopper-Pearson interval."""
    key = {row["number"]: row for row in _read(out / "key.tsv")}
    answers = {row["number"]: row["letter"].strip() for row in _read(out / "answers.tsv")}
    if set(answers) != set(key):
        raise SystemExit(f"answers.tsv has {len(answers)} of {len(key)} numbers.")
    right = sum(answers[number] == row["letter"] for number, row in key.items())
    found = clopper_pearson(right, len(key))
    print(f"{right} of {len(key)}: {found.mean:.0%} ({found.low:.0%} to {found.high:.0%})")
    for number, row in key.items():
        if answers[number] != row["letter"]:
            print(f"  {number}: {row['image_prompt']} (with {row['audio_prompt']})")


def _write(path: Path, heading: list[str], rows: list[list[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter="\t", lineterminator="\n").writerows([heading, *rows])


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def main() -> None:
    """Makes or scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["make", "score"])
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    (make if arguments.what == "make" else score)(arguments.out)


if __name__ == "__main__":
    main()
