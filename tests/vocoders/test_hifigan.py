"""HiFi-GAN against the original with torch's weight normalisation, and transformers' own."""

import pytest
import torch
from tiny_checkpoint import VOCODER, OriginalGenerator, original_state
from transformers import SpeechT5HifiGan, SpeechT5HifiGanConfig

from sonocanvas.canvas import canvas_to_mel
from sonocanvas.errors import CheckpointError, InvalidInputError
from sonocanvas.types import AUFFUSION_FORMAT, MINI_FORMAT, CanvasFormat, VocoderWeights
from sonocanvas.vocoders.hifigan import HifiGan, fold_weight_norm, load_generator

EVEN = VOCODER | {"upsample_kernel_sizes": [11, 8, 8, 4]}


def original(config=VOCODER, seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return OriginalGenerator(config).eval().requires_grad_(False)


def saved(generator):
    return VocoderWeights(generator.config, original_state(generator))


def log_mel(frames=7, batch=2):
    return torch.randn(batch, 256, frames, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("resblock", ["1", "2"])
@pytest.mark.parametrize("kernels", [[10, 9, 8, 4], [11, 8, 8, 4], [5, 4, 4, 2], [10, 8, 7, 3]])
def test_network_equals_the_original_with_weight_normalisation(resblock, kernels):
    generator = original(VOCODER | {"resblock": resblock, "upsample_kernel_sizes": kernels})
    ours = load_generator(saved(generator))(log_mel())
    expected = generator(log_mel())
    assert expected.std() > 1e-3
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("kernels", [[10, 9, 8, 4], [11, 8, 8, 4], [10, 8, 7, 3]])
@pytest.mark.parametrize("frames", [1, 7, 32])
def test_a_frame_is_a_hop_at_odd_and_even_kernels(kernels, frames):
    network = load_generator(saved(original(VOCODER | {"upsample_kernel_sizes": kernels})))
    assert network.hop_samples == 160
    assert network(log_mel(frames)).shape == (2, frames * 160)


def test_folded_weights_are_those_of_torch():
    generator = original()
    folded = fold_weight_norm(original_state(generator))
    assert not any(name.endswith(("_g", "_v")) for name in folded)
    for name in ("conv_pre", "ups.1", "resblocks.3.convs2.1", "conv_post"):
        weight = generator.get_submodule(name).weight
        torch.testing.assert_close(folded[f"{name}.weight"], weight, atol=1e-5, rtol=1e-5)


def test_folded_weights_load_as_they_are():
    weights = saved(original())
    folded = VocoderWeights(weights.config, fold_weight_norm(weights.tensors))
    assert torch.equal(load_generator(folded)(log_mel()), load_generator(weights)(log_mel()))


def test_network_equals_that_of_transformers_at_even_kernels():
    generator = original(EVEN)
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
        load_generator(saved(generator))(log_mel()), expected, atol=1e-5, rtol=0
    )


def test_the_canvas_is_played_as_its_natural_log_mel_lowest_band_first():
    generator = original()
    canvas = torch.rand(2, 256, 9, generator=torch.Generator().manual_seed(2))
    before = canvas.clone()
    played = HifiGan(saved(generator))(canvas, AUFFUSION_FORMAT)
    expected = generator(canvas_to_mel(canvas, AUFFUSION_FORMAT).log())
    torch.testing.assert_close(played.samples, expected, atol=1e-5, rtol=0)
    assert played.samples.shape == (2, 9 * 160)
    assert (played.samples.dtype, played.sample_rate_hz) == (torch.float32, 16000)
    assert torch.equal(canvas, before)
    black = HifiGan(saved(generator))(torch.zeros(1, 256, 9), AUFFUSION_FORMAT).samples
    silence = generator(torch.full((1, 256, 9), 1e-5).log())
    torch.testing.assert_close(black, silence, atol=1e-5, rtol=0)


def test_a_batch_equals_its_singles():
    vocoder = HifiGan(saved(original()))
    canvas = torch.rand(3, 256, 9, generator=torch.Generator().manual_seed(2))
    batch = vocoder(canvas, MINI_FORMAT).samples
    for index in range(3):
        single = vocoder(canvas[index : index + 1], MINI_FORMAT).samples[0]
        torch.testing.assert_close(batch[index], single, atol=1e-5, rtol=0)


def test_a_canvas_of_another_format_is_refused_with_both_values():
    other = CanvasFormat(16000, 2048, 1024, 256, 128, 0.0, 8000.0, 1e-5, 200.0)
    with pytest.raises(InvalidInputError, match=r"128 rows and a hop of 256; .* 256 rows .* 160"):
        HifiGan(saved(original()))(torch.zeros(1, 128, 9), other)


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
    weights = saved(original())
    with pytest.raises(CheckpointError, match=message) as caught:
        HifiGan(VocoderWeights(weights.config | changes, weights.tensors))
    assert "\n" not in str(caught.value)
