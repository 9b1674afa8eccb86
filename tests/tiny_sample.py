"""A sample of the tiny pair's size, made without a model, and an origin for one."""

from html.parser import HTMLParser

import torch
from tiny import TINY_FORMAT

from sonocanvas.files.origin import Origin
from sonocanvas.types import Colour, Prompts, Sample, Score, Waveform

ORIGIN = Origin("SonoCanvas 1.2.3", "compose", "mini", 7, {"weights": "CC-BY-4.0"})


def red_colour():
    """Returns an easily seen colour picture of the size of `make_sample`."""
    picture = torch.tensor([200 / 255, 0, 0])[None, :, None, None].expand(1, 3, 32, 64)
    return Colour(picture, {"name": "red"})


def make_sample(seed=7, level=0.5):
    generator = torch.Generator().manual_seed(seed)
    image = torch.rand(3, 32, 64, generator=generator)
    return Sample(
        seed=seed,
        prompts=Prompts('a "castle" — 城', "bells", "", "noise"),
        latent=torch.randn(4, 8, 16, generator=generator),
        image=image,
        canvas=image.mean(dim=0),
        waveform=Waveform(level * torch.randn(1, 4096, generator=generator), 16000),
        canvas_format=TINY_FORMAT,
        scores=(Score("round_trip", 0.1 + 0.2, "", True),),
        record={"method": "compose", "rule": {"name": "mean", "audio_weight": 1 / 3}},
    )


class Page(HTMLParser):
    """A parsed HTML page.

    Attributes:
        tags: Name and attributes of each tag.
        words: The texts between the tags.
    """

    def __init__(self, text):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, text):
        self.words.append(text)

    def count(self, tag):
        return sum(name == tag for name, _ in self.tags)

    def values(self, tag, attribute):
        return [found[attribute] for name, found in self.tags if name == tag and attribute in found]
