"""Score distillation of a pair: what is optimised, evaluated and reported."""

import pytest
import torch
from tiny import LATENT_SHAPE

from sonocanvas.canvas import encode_image
from sonocanvas.methods.surfaces import Pixels

FEW = {"steps": 4}


def test_every_step_is_told_with_the_latents_of_the_canvas(samples, pair):
    told = []
    (sample,) = samples(pair, "sds", FEW, on_step=lambda *words: told.append(words))
    assert [(step.index, step.count) for step, _ in told] == [(index, 4) for index in range(4)]
    for step, clean in told:
        assert step.latents.shape == clean.shape == (1, *LATENT_SHAPE)
        assert step.audio_conditional.shape == clean.shape
        noise = (step.latents - step.alpha * clean) / step.sigma
        assert abs(noise.std() - 1) < 0.2
    moves = [float((clean - sample.latent).abs().max()) for _, clean in told]
    assert moves[0] > moves[-1] > 0


def test_picture_joins_after_its_share_of_the_steps(samples, pair, evaluations):
    samples(pair, "sds", {"steps": 8, "image_start": 0.75})
    assert (len(evaluations["audio"]), len(evaluations["image"])) == (8, 6)


def test_picture_of_no_weight_is_not_evaluated(samples, pair, evaluations):
    samples(pair, "sds", FEW | {"image_weight": 0.0})
    assert (len(evaluations["audio"]), len(evaluations["image"])) == (4, 0)


def test_picture_model_sees_squares_where_it_is_told_to(samples, pair, evaluations):
    channels, height, width = LATENT_SHAPE
    samples(pair, "sds", FEW | {"crops": 3, "image_start": 1.0})
    assert set(evaluations["image"]) == {(2 * 3, channels, height, height)}
    assert set(evaluations["audio"]) == {(2, channels, height, width)}


@pytest.fixture(scope="module")
def few(samples, pair):
    """Returns the sample of a run with few steps."""
    return samples(pair, "sds", FEW)[0]


@pytest.mark.parametrize(
    "changed",
    [
        {"image_prompt": "a dog"},
        {"audio_prompt": "rain"},
        {"negative_image_prompt": "a dog"},
        {"sampling": {"image_guidance_scale": 3.0}},
        {"sampling": {"audio_guidance_scale": 3.0}},
        {"method": {"name": "sds", **FEW, "surface": "fourier"}},
        {"method": {"name": "sds", **FEW, "learning_rate": 0.1}},
        {"method": {"name": "sds", **FEW, "weight_decay": 0.9}},
        {"method": {"name": "sds", **FEW, "audio_weight": 0.3}},
    ],
    ids=str,
)
def test_everything_counts(samples, pair, few, changed):
    (other,) = samples(pair, "sds", FEW, **changed)
    assert not torch.equal(other.latent, few.latent)


def test_latent_is_the_encoding_of_the_gray_canvas(pair, few):
    assert torch.equal(few.image[0], few.image[1])
    expected = encode_image(pair.vae, few.image[None])[0]
    torch.testing.assert_close(few.latent, expected, atol=1e-5, rtol=0)


def test_record_says_whose_loss_the_pictures_is(few):
    assert "the pair's own picture model" in few.record["notes"][-1]
    assert few.record["method"]["surface"] == "pyramid"


def test_decay_is_decoupled_from_the_gradient_as_in_adamw(samples, pair):
    options = {"steps": 1, "surface": "pixels", "learning_rate": 0.1, "weight_decay": 0.9}
    (sample,) = samples(pair, "sds", options)
    _, rows, columns = LATENT_SHAPE
    height = pair.canvas_format.mels
    first = Pixels(height, columns * height // rows, torch.Generator().manual_seed(3)).logits
    moved = torch.logit(sample.image[0]) - (1 - 0.1 * 0.9) * first.detach()[0]
    # Adam's first step is plus or minus the learning rate; weight decay comes on top
    assert ((moved.abs() - 0.1).abs() < 1e-3).float().mean() > 0.95
