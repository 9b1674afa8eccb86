"""HiFi-GAN against the original with torch's weight normalisation, and against transformers'."""

import pytest
import torch
from tiny_checkpoint import VOCODER, original_generator, original_state, weights_of
from transformers import SpeechT5HifiGan, SpeechT5HifiGanConfig

from sonocanvas.canvas import canvas_to_mel
from sonocanvas.errors import CheckpointError, InvalidInputError
from sonocanvas.types import AUFFUSION_FORMAT, MINI_FORMAT, CanvasFormat, VocoderWeights
from sonocanvas.vocoders.hifigan import HifiGan, fold_weight_norm, load_generator

EVEN = VOCODER | {"upsample_kernel_sizes": [11, 8, 8, 4]}


def log_mel(frames=7, batch=2):
    return torch.randn(batch, 256, frames, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("resblock", ["1", "2"])
@pytest.mark.parametrize("kernels", [[10, 9, 8, 4], [5, 4, 4, 2]])
def test_network_equals_the_original_with_weight_normalisation(resblock, kernels):
    config = VOCODER | {"resblock": resblock, "upsample_kernel_sizes": kernels}
    generator = original_generator(config)
    ours = load_generator(weights_of(generator))(log_mel())
    expected = generator(log_mel())
    assert expected.std() > 1e-3
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("kernels", [[10, 9, 8, 4], [11, 8, 8, 4]])
@pytest.mark.parametrize("frames", [1, 32])
def test_a_frame_is_a_hop_at_odd_and_even_kernels(kernels, frames):
    generator = original_generator(VOCODER | {"upsample_kernel_sizes": kernels})
    network = load_generator(weights_of(generator))
    assert network.hop_samples == 160
    assert network(log_mel(frames)).shape == (2, frames * 160)


def test_folded_weights_load_as_they_are():
    weights = weights_of(original_generator())
    folded = VocoderWeights(weights.config, fold_weight_norm(weights.tensors))
    assert torch.equal(load_generator(folded)(log_mel()), load_generator(weights)(log_mel()))


def test_network_equals_that_of_transformers_at_even_kernels():
    generator = original_generator(EVEN)
    keys = ("upsample_initial_channel", "upsample_rates", "upsample_kernel_sizes")
    keys += ("resblock_kernel_sizes", "resblock_dilation_sizes")
    config = SpeechT5HifiGanConfig(
        model_in_dim=256, normalize_before=False, **{key: generator.config[key] for key in keys}
    )
    theirs = SpeechT5HifiGan(config).eval()
    state = fold_weight_norm(original_state(generator))
    named = {name.replace("ups.", "upsampler."): tensor for name, tensor in state.items()}
    report = theirs.load_state_dict(named, strict=False)
    assert report.unexpected_keys == []
    assert set(report.missing_keys) == {"mean", "scale"} & set(theirs.state_dict()) - set(named)
    with torch.no_grad():
        expected = theirs(log_mel().transpose(1, 2))
    torch.testing.assert_close(
        load_generator(weights_of(generator))(log_mel()), expected, atol=1e-5, rtol=0
    )


def test_the_canvas_is_played_as_its_natural_log_mel_lowest_band_first():
    generator = original_generator()
    canvas = torch.rand(2, 256, 9, generator=torch.Generator().manual_seed(2))
    before = canvas.clone()
    played = HifiGan(weights_of(generator))(canvas, AUFFUSION_FORMAT)
    expected = generator(canvas_to_mel(canvas, AUFFUSION_FORMAT).log())
    torch.testing.assert_close(played.samples, expected, atol=1e-5, rtol=0)
    assert played.samples.shape == (2, 9 * 160)
    assert (played.samples.dtype, played.sample_rate_hz) == (torch.float32, 16000)
    assert torch.equal(canvas, before)
    black = HifiGan(weights_of(generator))(torch.zeros(1, 256, 9), AUFFUSION_FORMAT).samples
    silence = generator(torch.full((1, 256, 9), 1e-5).log())
    torch.testing.assert_close(black, silence, atol=1e-5, rtol=0)


def test_a_batch_equals_its_singles():
    vocoder = HifiGan(weights_of(original_generator()))
    canvas = torch.rand(3, 256, 9, generator=torch.Generator().manual_seed(2))
    batch = vocoder(canvas, MINI_FORMAT).samples
    for index in range(3):
        single = vocoder(canvas[index : index + 1], MINI_FORMAT).samples[0]
        torch.testing.assert_close(batch[index], single, atol=1e-5, rtol=0)


def test_a_canvas_of_another_format_is_refused_with_both_values():
    other = CanvasFormat(16000, 2048, 1024, 256, 128, 0.0, 8000.0, 1e-5, 200.0)
    with pytest.raises(InvalidInputError, match=r"128 rows and a hop of 256; .* 256 rows .* 160"):
        HifiGan(weights_of(original_generator()))(torch.zeros(1, 128, 9), other)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"resblock": "3"}, "resblock '3'; it must be '1' or '2'"),
        ({"num_mels": None}, "num_mels None; it must be 1 or more"),
        ({"upsample_rates": 160}, "upsample_rates 160; it must be a list"),
        ({"upsample_rates": [10, 16]}, "2 upsample_rates and 4 upsample_kernel_sizes"),
        ({"upsample_initial_channel": 64}, r"conv_post.weight is \(1, 2, 7\) in the file and"),
        ({"resblock_kernel_sizes": [3, 7]}, r"is \(16, 16, 5\) in the file and \(16, 16, 7\)"),
        ({"resblock": "2"}, "resblocks.0.convs.0.bias is not there in the file"),
    ],
)
def test_a_vocoder_that_does_not_fit_is_one_sentence(changes, message):
    weights = weights_of(original_generator())
    with pytest.raises(CheckpointError, match=message) as caught:
        HifiGan(VocoderWeights(weights.config | changes, weights.tensors))
    assert "\n" not in str(caught.value)
