"""Finds which pictures `mini` draws reliably: `python -m sonocanvas.training.offered`.

Draws each concept with seeds 10 to 13, with the default sampling and without a sound, and checks
whether the selector ranks it among the first five of all. A picture recognised in at least three of
the four tries is offered by `sonocanvas list prompts`, the studio and error messages. The others
still work as prompts, with a warning. It writes the column `found` of `data/pictures.tsv`.
"""

import csv
from pathlib import Path

from sonocanvas.compose.mean import Mean
from sonocanvas.config import RunConfig
from sonocanvas.pairs import mini
from sonocanvas.training.ranking import Ranking
from sonocanvas.training.report import sample
from sonocanvas.types import Prompts
from sonocanvas.words.concepts import pictures

TABLE = Path(__file__).parent.parent / "data/pictures.tsv"
SEEDS = [10, 11, 12, 13]
TOP = 5


def main() -> None:
    """Measures every picture and writes the table."""
    prompts = [one.prompt for one in pictures()]
    pair, ranking = mini.load(), Ranking(mini.WEIGHTS, {"picture": prompts})
    rows = []
    for number, one in enumerate(pictures()):
        run = RunConfig(image_prompt=one.prompt, audio_prompt=one.prompt)
        canvases = sample(pair, Prompts(one.prompt, one.prompt), SEEDS, Mean(0.0), run)
        found = int((ranking.rank("picture", canvases, number) < TOP).sum())
        print(one.prompt, found, flush=True)
        rows.append((one.category, one.name, one.prompt, found))
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(("category", "concept", "prompt", "found"))
        writer.writerows(rows)


if __name__ == "__main__":
    main()
