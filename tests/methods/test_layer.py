"""Layer: two sounds are mixed by pressure, at the requested levels."""

import math

import pytest
import torch

from sonocanvas.canvas import canvas_to_level, canvas_to_mel
from sonocanvas.errors import InvalidInputError
from sonocanvas.methods.apart import OTHER_STREAM
from sonocanvas.methods.layer import Layer, double_exposed, layered
from sonocanvas.types import MINI_FORMAT, RIFFUSION_FORMAT

RANGE_DB = 20 * math.log10(MINI_FORMAT.log_ceiling / MINI_FORMAT.log_floor)
PARTS = 0.2 + 0.3 * torch.rand(2, 2, 256, 16, generator=torch.Generator().manual_seed(0))


def power(canvas, fmt=MINI_FORMAT):
    return canvas_to_mel(canvas, fmt).square().mean((1, 2))


def test_powers_add_and_the_picture_is_as_loud_as_it_should_be():
    spectrogram, picture = PARTS
    for decibels in (-20, -6, 3):
        mixed = layered(spectrogram, picture, decibels, "power", MINI_FORMAT)
        expected = power(spectrogram) * (1 + 10 ** (decibels / 10))
        torch.testing.assert_close(power(mixed), expected, rtol=1e-3, atol=0)


def test_the_louder_of_two_flat_layers_is_heard():
    spectrogram, picture = torch.full((1, 256, 16), 0.5), torch.full((1, 256, 16), 0.9)
    mixed = layered(spectrogram, picture, -10, "max", MINI_FORMAT)
    torch.testing.assert_close(mixed, spectrogram)
    louder = layered(spectrogram, picture, 10, "max", MINI_FORMAT)
    torch.testing.assert_close(louder, torch.full_like(louder, 0.5 + 10 / RANGE_DB))


def test_a_picture_is_darkened_by_decibels_where_the_sound_is_silent():
    spectrogram, picture = torch.zeros(1, 256, 16), torch.zeros(1, 256, 16)
    spectrogram[:, :, :8], picture[:, :, 8:] = 0.6, 0.9
    mixed = layered(spectrogram, picture, -20, "max", MINI_FORMAT)
    torch.testing.assert_close(mixed[:, :, :8], spectrogram[:, :, :8])
    expected = torch.full((1, 256, 8), 0.6 - 20 / RANGE_DB)
    torch.testing.assert_close(mixed[:, :, 8:], expected, atol=1e-4, rtol=0)


def test_a_format_of_powers_and_one_whose_silence_is_white_are_followed():
    fmt = RIFFUSION_FORMAT
    spectrogram, picture = 0.3 + 0.4 * torch.rand(2, 1, fmt.mels, 16)
    mixed = layered(spectrogram, picture, -10, "power", fmt)
    expected = power(spectrogram, fmt) * 1.1
    torch.testing.assert_close(power(mixed, fmt), expected, rtol=2e-2, atol=0)


@pytest.mark.parametrize("fmt", [MINI_FORMAT, RIFFUSION_FORMAT])
def test_a_double_exposure_is_the_louder_of_the_sound_and_a_dimmed_picture(fmt):
    levels = torch.rand(2, 1, fmt.mels, 16, generator=torch.Generator().manual_seed(0))
    spectrogram, picture = 1 - levels if fmt.inverted else levels
    mixed = double_exposed(spectrogram, picture, 0.5, fmt)
    loud = canvas_to_level(mixed, fmt)
    expected = levels[0].maximum(levels[1] / 2).flip(-2)
    torch.testing.assert_close(loud, expected)
    torch.testing.assert_close(double_exposed(spectrogram, picture, 0.0, fmt), spectrogram)


def test_the_mix_gray_is_a_double_exposure(samples, pair):
    (picture,) = samples(pair, "image-only", chunks=[(3 ^ OTHER_STREAM,)])
    (spectrogram,) = samples(pair, "audio-only", chunks=[(3,)])
    (sample,) = samples(pair, "layer", {"mix": "gray", "picture_gray": 0.7})
    gray, heard = picture.image.mean(0), spectrogram.image.mean(0)
    torch.testing.assert_close(sample.image[0], heard.maximum(0.7 * gray), atol=1e-5, rtol=0)


def test_parts_are_those_of_each_model_alone(samples, pair):
    (picture,) = samples(pair, "image-only", chunks=[(3 ^ OTHER_STREAM,)])
    (spectrogram,) = samples(pair, "audio-only", chunks=[(3,)])
    (sample,) = samples(pair, "layer", {"picture_db": -3.0, "mix": "power"})
    gray, heard = picture.image.mean(0, True), spectrogram.image.mean(0, True)
    expected = layered(heard, gray, -3.0, "power", pair.canvas_format)
    torch.testing.assert_close(sample.image, expected.expand(3, -1, -1), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"picture_db": 21.0}, r"picture_db must be in \[-60, 20\], not 21\.0"),
        ({"mix": "sum"}, "'sum'.*gray, max, power"),
        ({"picture_gray": 1.5}, r"picture_gray must be in \[0, 1\], not 1\.5"),
    ],
)
def test_wrong_options_are_told_with_what_is_allowed(options, told):
    with pytest.raises(InvalidInputError, match=told):
        Layer(**options)
