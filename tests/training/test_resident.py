"""Canvases that are drawn, mixed and encoded on the device."""

import numpy as np
import pytest
import torch

from sonocanvas.concepts import Concept
from sonocanvas.pairs.autoencoder import BlockAutoencoder
from sonocanvas.training import resident
from sonocanvas.training.clips import Clip
from sonocanvas.training.drawings import SIDE, Drawing
from sonocanvas.training.layouts import LAYOUTS
from sonocanvas.training.resident import (
    Batches,
    Captions,
    Pictures,
    Sounds,
    blurred,
    encode,
    shaped_by,
    without_some,
)
from sonocanvas.training.views import held_out

KEPT, HELD = (
    next(word for word in map(str, range(99)) if held_out(f"set{word}") is held)
    for held in (False, True)
)


def drawing(concept, level, caption=KEPT):
    pixels = np.full((SIDE, SIDE), level, np.uint8)
    return Drawing(f"set:{concept}", concept, caption, "set", "MIT", pixels)


@pytest.fixture
def captions():
    return Captions()


@pytest.fixture
def pictures(captions):
    """Returns white dogs, darker owls, and black dogs that are held out."""
    torch.manual_seed(0)
    drawings = [drawing("dog", 255), drawing("dog", 0, HELD), drawing("owl", 120)]
    return Pictures(drawings, captions, "cpu")


def middles(canvases):
    """Returns the level in the middle row of the 32 columns of blocks."""
    return canvases.reshape(len(canvases), SIDE, 32, 32)[:, SIDE // 2].mean(-1)


def told(captions, numbers):
    spelt = {number: caption for caption, number in captions.numbers.items()}
    return [spelt[int(number)] for number in numbers]


def test_drawings_fill_the_canvas_and_held_out_ones_never_appear(pictures, captions):
    canvases, numbers = pictures(200)
    assert canvases.shape == (200, 256, 1024)
    lit = middles(canvases) > 0.1
    own = [
        row
        for row, caption in enumerate(told(captions, numbers))
        if " and " not in caption and not caption.startswith(("one", "two", "three", "an outline"))
    ]
    assert len(own) > 100
    assert lit[own][:, 4::8].all()  # the middle of each of four squares


@pytest.mark.parametrize(("number", "caption"), [(2, "one dog"), (3, "two dog"), (4, "three dog")])
def test_counted_things_stand_where_their_layout_says(pictures, captions, number, caption):
    pictures.shares = torch.eye(len(LAYOUTS))[number]
    canvases, numbers = pictures(40)
    texts, lit = told(captions, numbers), middles(canvases) > 0.05
    inside = [place + 4 for place in LAYOUTS[number].places]
    rows = [row for row, text in enumerate(texts) if text == caption and lit[row, inside].all()]
    assert rows  # outlines are left aside
    wide = [place + column for place in LAYOUTS[number].places for column in range(8)]
    outside = [column for column in range(32) if column not in wide]
    assert lit[rows][:, wide].float().mean() > 0.8
    assert not lit[rows][:, outside].any()


def test_two_things_take_turns_and_both_are_named(captions):
    torch.manual_seed(1)
    drawings = [drawing("dog", 255), drawing("owl", 100)]
    pictures = Pictures(drawings, captions, "cpu")
    pictures.shares = torch.eye(len(LAYOUTS))[1]
    canvases, numbers = pictures(40)
    levels = middles(canvases)[:, 4::8]
    rows = [
        row
        for row, text in enumerate(told(captions, numbers))
        if text == "a dog and a owl"
        and levels[row].min() > 0.08
        and levels[row].max() < 1
        and levels[row].std() > 0.05
    ]
    assert rows
    first, second = levels[rows][:, 0::2].mean(1), levels[rows][:, 1::2].mean(1)
    assert (first > second).all()


def test_silhouettes_are_white(pictures):
    canvases, _ = pictures(20, silhouettes=True)
    assert (middles(canvases)[:, 4::8] > 0.8).all()


def test_some_captions_are_left_out():
    torch.manual_seed(0)
    left = without_some(torch.full((4000,), 7))
    assert set(left.tolist()) == {0, 7}
    assert 0.1 < (left == 0).float().mean() < 0.14


def test_encoding_is_that_of_the_autoencoder():
    torch.manual_seed(0)
    autoencoder = BlockAutoencoder(4, 32, (16, 16, 16))
    canvases = torch.rand(2, 256, 1024)
    expected = autoencoder.encode((canvases * 2 - 1)[:, None].expand(-1, 3, -1, -1)).latent
    torch.testing.assert_close(encode(autoencoder, canvases), expected, atol=1e-5, rtol=1e-4)


def test_levels_fall_only_where_the_shape_is_black():
    canvases, shape = torch.ones(3, 8, 8), torch.zeros(3, 8, 8)
    shape[:, :4] = 1
    made = shaped_by(canvases, shape, 0.2, 0.7)
    assert (made[:, :4] == 1).all()
    assert (made[:, 4:] >= 0.2).all()
    assert (made[:, 4:] <= 0.7).all()


def test_blurring_keeps_the_mean():
    torch.manual_seed(0)
    canvases = torch.rand(2, 64, 64)
    assert blurred(canvases).std() < canvases.std() / 4
    assert blurred(canvases).mean() == pytest.approx(float(canvases.mean()), abs=0.01)


@pytest.fixture
def few_sounds(monkeypatch):
    """Makes the pair know three sounds: one synthesized, one recorded, one of which is nothing."""
    known = tuple(Concept("", name, f"{name} sounding") for name in ("bell", "choir", "silence"))
    monkeypatch.setattr(resident, "sounds", lambda: known)
    monkeypatch.setattr(resident, "SOUNDS_A_TASK", 2)
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    return [Clip("one", "a choir", "choir", "us", "CC0-1.0", tone.astype(np.float32))]


def test_sounds_are_synthesized_and_renewed(few_sounds, captions):
    sounds = Sounds(few_sounds, captions, "cpu", slots=3, workers=1, rounds=2)
    sounds.wait()
    while sounds.running:
        next(iter(sounds.running)).result()
        sounds.renew()
    sounds.close()
    assert sounds.made.tolist() == [4, 4, 0]
    assert sounds.filled.tolist() == [3, 3, 0]
    canvases, numbers = sounds(50)
    assert canvases.shape == (50, 256, 1024)
    assert canvases.amax((1, 2)).min() > 0.5
    assert set(told(captions, numbers)) <= {"bell sounding", "choir sounding", "a choir"}


def fails(*_):
    raise ValueError("no such key")


def test_a_fault_of_a_synthesizer_is_told(few_sounds, captions, monkeypatch):
    monkeypatch.setattr(resident, "sound_views", fails)
    sounds = Sounds(few_sounds, captions, "cpu", slots=1, workers=1, rounds=1)
    with pytest.raises(ValueError, match="no such key"):
        sounds.wait()
    sounds.close()


class Level:
    """Stands for a source whose canvases have one level."""

    device = "cpu"

    def __init__(self, level, silhouette=None):
        self.level, self.silhouette = level, silhouette

    def __call__(self, count, silhouettes=False):
        level = self.silhouette if silhouettes else self.level
        return torch.full((count, 256, 1024), level), torch.zeros(count, dtype=torch.long)


def test_a_mixed_picture_is_a_mean_with_a_sound_or_shaped_by_it():
    torch.manual_seed(0)
    canvases, mixed, _ = Batches(Level(0.8), Level(0.0), "image")(200)
    assert (canvases == 0.8).all()
    share = mixed[:, 0, 0] / 0.8
    assert (share >= 0.1).all()
    assert (share <= 0.9).all()
    assert (share < 0.5).any()  # shaped
    assert (share > 0.7).any()  # averaged


def test_a_mixed_sound_keeps_half_of_its_energy_where_a_silhouette_shapes_it():
    torch.manual_seed(0)
    pictures = Batches(Level(0.8, silhouette=0.0), Level(0.5), "audio")
    canvases, mixed, _ = pictures(200)
    level = mixed[:, 0, 0]
    averaged = level > 0.5
    assert averaged.any()  # towards the brighter picture
    assert (level[~averaged] == 0.5).all()  # its silhouette, all black, would have taken too much
    assert (canvases == 0.5).all()
