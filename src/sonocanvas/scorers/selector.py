"""The towers of `mini`, which select samples and whose text encoder the pair reads with."""

from dataclasses import dataclass

from sonocanvas.pairs.mini import SHIPPED
from sonocanvas.scorers.towers import TowerScorer


@dataclass(frozen=True)
class Selector(TowerScorer):
    """Cosines of canvas and sound with their prompts by the towers of `mini`; they can select."""

    name = "selector"
    folder = SHIPPED / "mini"
