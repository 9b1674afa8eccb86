"""Given pictures and sounds, masks, and other durations."""

import re

import numpy as np
import pytest
import torch
from PIL import Image

from sonocanvas.errors import InvalidInputError


def ramp():
    return np.tile(np.linspace(0, 1, 64, dtype=np.float32), (32, 1))


def sine():
    return 0.3 * np.sin(2 * np.pi * 2000 * np.arange(4096) / 16000).astype(np.float32)


def test_a_picture_that_is_given_stays_exactly_at_full_strength(pipe):
    forms = [ramp(), torch.from_numpy(ramp()), np.stack([ramp()] * 3, -1)]
    forms += [Image.fromarray((ramp() * 255).round().astype(np.uint8))]
    options = {"audio_prompt": "bells", "strength": 1.0, "output_type": "np"}
    made = [pipe(image=form, num_inference_steps=2, **options).canvases[0] for form in forms]
    for canvas in made:
        assert np.abs(np.diff(canvas.mean(0))).max() < 0.1
        assert np.corrcoef(canvas.mean(0), ramp()[0] ** 3)[0, 1] > 0.95
        assert np.abs(canvas - made[0]).max() < 0.03


def test_without_a_prompt_no_model_draws_over_what_is_given(pipe, monkeypatch):
    counted = []
    for name in ("image_unet", "audio_unet"):
        unet = getattr(pipe, name)
        forward = unet.forward
        monkeypatch.setattr(
            unet, "forward", lambda *a, _n=name, _f=forward, **k: counted.append(_n) or _f(*a, **k)
        )
    pipe(audio_prompt="bells", image=ramp(), num_inference_steps=2)
    assert set(counted) == {"audio_unet"}
    counted.clear()
    pipe("a castle", audio=sine(), num_inference_steps=2)
    assert set(counted) == {"image_unet"}
    counted.clear()
    pipe(image=ramp(), audio=sine(), num_inference_steps=2)
    assert counted == []


def test_a_mask_says_where_a_picture_holds(pipe):
    mask = np.zeros((32, 64), np.float32)
    mask[:, 32:] = 1
    options = {"audio_prompt": "bells", "strength": 1.0, "output_type": "np"}
    whole = pipe(image=ramp(), num_inference_steps=2, **options).canvases[0]
    half = pipe(image=ramp(), mask=mask, num_inference_steps=2, **options).canvases[0]
    bright = np.corrcoef(half[:, 32:].mean(0), whole[:, 32:].mean(0))[0, 1]
    assert bright > 0.95
    assert np.abs(half[:, :32] - whole[:, :32]).mean() > 0.05


def test_a_canvas_of_another_duration(pipe):
    made = pipe("a castle", "bells", num_inference_steps=2, duration_s=2.5, output_type="np")
    assert made.canvases.shape == (1, 32, 625)
    assert made.waveforms.shape == (1, 40000)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"image": np.zeros(5), "audio_prompt": "bells"}, "image is (5,); it must be (height, wi"),
        ({"image": ramp() * 2, "audio_prompt": "bells"}, "image is (32, 64); it must be"),
        ({"image": ramp() * 0, "audio_prompt": "bells"}, "image is all one gray; there is nothing"),
        ({"image": ramp(), "mask": ramp()[:4], "audio_prompt": "bells"}, "mask is (4, 64); it mus"),
        ({"image_prompt": "a dog", "audio": np.zeros(4096)}, "audio is (4096,); it must be (samp"),
        ({"image_prompt": "a dog", "audio": sine(), "strength": 2}, "strength must be a number in"),
        ({"image_prompt": "a dog", "audio_prompt": "b", "duration_s": 1}, "duration_s must be fro"),
    ],
)
def test_what_cannot_be_kept_is_told_before_anything_is_computed(pipe, options, told):
    with pytest.raises(InvalidInputError, match=re.escape(told)):
        pipe(**options)
