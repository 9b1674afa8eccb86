"""Finds which pictures and sounds go together: `python -m sonocanvas.training.atlas`.

Composes every picture that `mini` draws well with every sound that it plays well: one seed per
pair, eight steps of the default method. The selector then ranks the right prompt among all 48, for
the picture and for the sound. The result is `data/atlas.tsv`, on which the warnings of `generate`
are based; a stopped run resumes. `--figure FILE` draws the existing table instead.
"""

import argparse
import itertools
from pathlib import Path

import numpy as np

from sonocanvas.config import RunConfig
from sonocanvas.methods.compose import make_rule
from sonocanvas.pairs import mini
from sonocanvas.pairs.mini import SHIPPED
from sonocanvas.scorers.towers import levelled
from sonocanvas.training.ranking import Ranking
from sonocanvas.training.report import sample
from sonocanvas.types import Prompts
from sonocanvas.words.atlas import COLUMNS, TABLE, entries
from sonocanvas.words.concepts import shared

STEPS = 8
"""Half of the default: the scores hardly differ (docs/evaluation.md), and 2,304 tries take long."""


def draw(path: Path) -> None:
    """Draws the atlas: a row per picture, a column per sound, bright where both succeeded."""
    from matplotlib.figure import Figure

    names = [row["id"] for row in shared()]
    worse = np.array([one.worse for one in entries()]).reshape(len(names), -1)
    figure = Figure(figsize=(10, 10), layout="constrained")
    axes = figure.add_subplot()
    shown = axes.imshow(np.log2(worse), cmap="viridis_r")
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set_xlabel("sound")
    axes.set_ylabel("picture")
    places = [1, 2, 4, 8, 16, 32]
    bar = figure.colorbar(shown, ticks=np.log2(places), shrink=0.6)
    bar.ax.set_yticklabels([str(place) for place in places])
    bar.set_label("place of the worse side among 48")
    figure.savefig(path, dpi=110)


def main() -> None:
    """Writes the table in the order of the pairs; `--of` processes share the work."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / TABLE)
    parser.add_argument("--part", type=int, default=0)
    parser.add_argument("--of", type=int, default=1)
    parser.add_argument("--figure", type=Path)
    arguments = parser.parse_args()
    if arguments.figure:
        draw(arguments.figure)
        return
    pair, ranking, known = mini.load(), Ranking(SHIPPED / "mini"), shared()
    pairs = list(enumerate(itertools.product(range(len(known)), repeat=2)))
    lines = arguments.out.read_text("utf-8").splitlines() if arguments.out.exists() else []
    with arguments.out.open("a", encoding="utf-8") as file:
        if not lines:
            file.write("\t".join(COLUMNS) + "\n")
        for seed, (picture, sound) in pairs[arguments.part :: arguments.of][
            max(0, len(lines) - 1) :
        ]:
            prompts = Prompts(known[picture]["image_prompt"], known[sound]["audio_prompt"])
            config = RunConfig(
                image_prompt=prompts.image, audio_prompt=prompts.audio, sampling={"steps": STEPS}
            )
            canvas = sample(pair, prompts, [seed], make_rule(config), config)
            seen = int(ranking.rank("picture", canvas, picture)) + 1
            heard = int(ranking.rank("sound", levelled(canvas), sound)) + 1
            row = (known[picture]["id"], known[sound]["id"], seed, seen, heard)
            file.write("\t".join(map(str, row)) + "\n")
            file.flush()


if __name__ == "__main__":
    main()
