"""Chroma: gray is kept to the bit, chroma shrinks only where it must, prompts ask for colour."""

import pytest
import torch

from sonocanvas.colourisers.chroma import KeepGray, colourful_prompt, picture_of, with_gray
from sonocanvas.colourisers.latent import Latent
from sonocanvas.errors import InvalidInputError
from sonocanvas.types import Step


def noise(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("prompt", "colourful"),
    [
        ("a castle", "a colorful photo of a castle"),
        ("a painting of castle towers, grayscale", "a colorful photo of castle towers"),
        ("a pond, greyscale, in lithograph style", "a colorful photo of a pond"),
        ("a drawing of dogs, Black and White, sun", "a colorful photo of dogs, sun"),
        ("grayscale", "a colorful photo of grayscale"),
    ],
)
def test_prompt_asks_for_colour(prompt, colourful):
    assert colourful_prompt(prompt) == colourful


def test_gray_is_replaced_and_nothing_leaves_the_gamut():
    image, gray = 3 * noise(2, 3, 32, 64) - 1, noise(2, 32, 64, seed=1)
    gray[0, :8], gray[0, 8:16] = 0, 1
    made = with_gray(image, gray)
    assert torch.allclose(made.mean(dim=1), gray, atol=1e-6)
    assert made.min() >= -1e-6
    assert made.max() <= 1 + 1e-6


def test_chroma_that_fits_is_kept_and_what_does_not_keeps_its_hue():
    image = torch.tensor([0.6, 0.5, 0.4]).view(1, 3, 1, 1).expand(-1, -1, 1, 2)
    gray = torch.tensor([[[0.5, 0.95]]])
    made = with_gray(image, gray)
    assert torch.allclose(made[..., 0], image[..., 0])
    assert torch.allclose(made[0, :, 0, 1], torch.tensor([1.0, 0.95, 0.9]))


def test_image_of_this_gray_is_left_alone():
    image = noise(1, 3, 16, 16)
    assert torch.allclose(with_gray(image, image.mean(dim=1)), image, atol=1e-6)


@pytest.mark.parametrize("spread", [0.0, 0.02, 1.0, 50.0])
def test_levels_of_a_picture_sum_to_three_times_the_canvas(spread):
    canvas = torch.arange(256).repeat(16, 4).float() / 255
    image = 0.5 + spread * (noise(1, 3, 16, 1024) - 0.5)
    picture = picture_of(image, canvas)
    levels = picture * 255
    assert torch.equal(levels, levels.round())
    assert torch.equal(levels.sum(dim=0), 3 * (canvas * 255).round())
    assert levels.min() >= 0
    assert levels.max() <= 255
    if spread == 0.0:
        assert torch.equal(picture, canvas.expand(3, -1, -1))


def test_picture_is_within_a_level_of_the_exact_one():
    canvas = (noise(32, 64) * 255).round() / 255
    image = noise(1, 3, 32, 64, seed=1)
    exact = with_gray(image, canvas.unsqueeze(0))[0]
    assert (picture_of(image, canvas) - exact).abs().max() <= 1.001 / 255


def test_small_image_gives_its_chroma_to_a_large_canvas():
    image = torch.zeros(1, 3, 8, 16)
    image[:, 0] = 0.3  # red
    picture = picture_of(image, torch.full((64, 128), 128 / 255))
    assert torch.all(picture[0] > picture[1])
    assert (picture[1] - picture[2]).abs().max() <= 1.001 / 255


def step(index, latents, alpha=0.6, sigma=0.8):
    return Step(index, 10, 500.0, alpha, sigma, 0.8, 0.6, latents)


def test_rule_gives_the_noise_of_a_clean_picture_with_this_gray():
    gray, clean, eps = noise(1, 8, 8), 2 * noise(1, 3, 8, 8, seed=1) - 1, noise(1, 3, 8, 8, seed=2)
    rule = KeepGray(gray, lambda latents: latents / 2 + 0.5, lambda image: image * 2 - 1)
    given = step(0, 0.6 * clean + 0.8 * eps)
    predicted = (given.latents - 0.8 * rule(eps, None, given)) / 0.6
    assert torch.allclose(predicted / 2 + 0.5, with_gray(clean / 2 + 0.5, gray), atol=1e-5)
    same = KeepGray((clean / 2 + 0.5).mean(dim=1), rule.decode, rule.encode)
    assert torch.allclose(same(eps, None, given), eps, atol=1e-5)


def test_rule_takes_the_gray_itself_before_its_start():
    gray = noise(1, 8, 8)
    rule = KeepGray(gray, lambda latents: latents / 2 + 0.5, lambda image: image * 2 - 1, 3)
    assert [rule.needs(step(index, gray)) for index in (2, 3)] == [(False, False), (True, False)]
    given = step(0, noise(1, 3, 8, 8, seed=1))
    predicted = (given.latents - 0.8 * rule(None, None, given)) / 0.6
    assert torch.allclose(predicted, 2 * gray.expand(1, 3, -1, -1) - 1, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"samples": 0}, "samples must be from 1 to 100, not 0"),
        ({"steps": 0}, "steps must be from 1 to 999, not 0"),
        ({"start_step": 30}, "start_step must be from 0 to 29, not 30"),
        ({"guidance_scale": float("nan")}, "guidance_scale must be from 0 to 100, not nan"),
        ({"seed": -1}, "seed must be from 0 to"),
    ],
)
def test_options_out_of_range_are_refused(options, sentence):
    with pytest.raises(InvalidInputError, match=sentence):
        Latent(**options)
