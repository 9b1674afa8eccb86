"""FID: how far the pictures of a set of samples lie from those of a reference set."""

from dataclasses import dataclass
from typing import ClassVar

from sonocanvas.scorers.clip import CLIP, load_clip
from sonocanvas.scorers.judge import JUDGE
from sonocanvas.scorers.set_distance import SetDistance
from sonocanvas.scorers.towers import load_embedders


@dataclass(frozen=True)
class Fid(SetDistance):
    """Fréchet distance of the squares of canvases, by the judge or by `clip`."""

    model: str = CLIP.place
    name = "fid"
    extractors: ClassVar = {"clip": load_clip, "judge": lambda *_: load_embedders(JUDGE)[0]}
