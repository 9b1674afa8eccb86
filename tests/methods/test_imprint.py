"""Imprint: the formula, its parts, and two independent samplings."""

import dataclasses

import torch

from sonocanvas.canvas import encode_image
from sonocanvas.denoise import initial_noise
from sonocanvas.methods.apart import OTHER_STREAM
from sonocanvas.methods.imprint import imprint

PARTS = torch.rand(2, 8, 16, generator=torch.Generator().manual_seed(0))


def test_white_leaves_the_sound_and_black_takes_the_strength_of_it():
    spectrogram, picture = PARTS
    white, black = torch.ones_like(picture), torch.zeros_like(picture)
    assert torch.equal(imprint(spectrogram, white, 0.5), spectrogram)
    torch.testing.assert_close(imprint(spectrogram, black, 0.3), 0.7 * spectrogram)
    expected = 0.8 * (1 - 0.5 * (1 - 0.6))  # 0.64
    value = imprint(torch.tensor(0.8), torch.tensor(0.6), 0.5)
    torch.testing.assert_close(value, torch.tensor(expected))


def test_canvas_whose_silence_is_white_is_the_negative_of_the_negatives():
    spectrogram, picture = PARTS
    expected = 1 - imprint(1 - spectrogram, 1 - picture, 0.4)
    assert torch.equal(imprint(spectrogram, picture, 0.4, inverted=True), expected)
    white = torch.ones_like(picture)  # removes half of the sound: halfway to white
    half = imprint(spectrogram, white, 0.5, inverted=True)
    torch.testing.assert_close(half, (spectrogram + 1) / 2)


def test_parts_are_those_of_each_model_alone(samples, pair):
    (picture,) = samples(pair, "image-only", chunks=[(3 ^ OTHER_STREAM,)])
    (spectrogram,) = samples(pair, "audio-only", chunks=[(3,)])
    (sample,) = samples(pair, "imprint", {"strength": 0.7})
    gray, heard = picture.image.mean(0), spectrogram.image.mean(0)
    expected = heard * (1 - 0.7 * (1 - gray))
    torch.testing.assert_close(sample.image, expected.expand(3, -1, -1), atol=1e-6, rtol=0)
    (unpressed,) = samples(pair, "imprint", {"strength": 0.0})
    assert torch.equal(unpressed.canvas, spectrogram.canvas)


def test_inverted_format_of_the_pair_is_followed(samples, pair):
    inverted = dataclasses.replace(pair.canvas_format, inverted=True)
    (sample,) = samples(dataclasses.replace(pair, canvas_format=inverted), "imprint")
    (spectrogram,) = samples(pair, "audio-only")
    assert (sample.image.mean(0) >= spectrogram.image.mean(0) - 1e-6).all()


def test_latent_is_the_encoding_of_the_canvas(samples, pair):
    (sample,) = samples(pair, "imprint")
    expected = encode_image(pair.vae, sample.image[None])[0]
    torch.testing.assert_close(sample.latent, expected, atol=1e-5, rtol=0)


def test_picture_and_spectrogram_begin_with_other_noise(pair):
    seeds = [0, 3, 2**31, 2**32 - 1]
    heard = initial_noise(pair, seeds).flatten(1)
    drawn = initial_noise(pair, [seed ^ OTHER_STREAM for seed in seeds]).flatten(1)
    for one, other in zip(heard, drawn, strict=True):
        assert torch.corrcoef(torch.stack([one, other]))[0, 1].abs() < 0.2


def test_steps_of_both_are_counted_as_one_and_those_of_the_picture_are_an_option(
    samples, pair, evaluations
):
    told = []
    samples(pair, "imprint", {"image_steps": 3}, on_step=lambda step, clean: told.append(step))
    assert [(step.index, step.count) for step in told] == [(index, 5) for index in range(5)]
    assert (len(evaluations["image"]), len(evaluations["audio"])) == (3, 2)
    (default,) = samples(pair, "imprint")
    (two,) = samples(pair, "imprint", {"image_steps": 2})
    assert torch.equal(default.latent, two.latent)
