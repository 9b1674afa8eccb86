"""The judge: towers that took no part in the pair's training and never select samples."""

from dataclasses import dataclass

from sonocanvas.pairs.mini import SHIPPED
from sonocanvas.scorers.towers import TowerScorer

JUDGE = SHIPPED / "judge"


@dataclass(frozen=True)
class Judge(TowerScorer):
    """Cosines of canvas and sound with their prompts by the judge, which only reports."""

    name = "judge"
    folder = JUDGE
