"""FAD: how far the sounds of a set of samples lie from those of a reference set."""

from dataclasses import dataclass
from typing import ClassVar

from sonocanvas.scorers.clap import CLAP, load_clap
from sonocanvas.scorers.judge import JUDGE
from sonocanvas.scorers.set_distance import SetDistance
from sonocanvas.scorers.towers import load_embedders


@dataclass(frozen=True)
class Fad(SetDistance):
    """Fréchet distance of sounds, by the judge or by `clap`."""

    model: str = CLAP.place
    name = "fad"
    extractors: ClassVar = {"clap": load_clap, "judge": lambda *_: load_embedders(JUDGE)[1]}
