import math

import librosa
import numpy as np
import pytest
import torch
from diffusers import AutoencoderDC, AutoencoderKL

from sonocanvas import canvas as stages
from sonocanvas.errors import InvalidInputError
from sonocanvas.types import AUFFUSION_FORMAT, MINI_FORMAT, RIFFUSION_FORMAT
from sonocanvas.vocoders.griffin_lim import analyse, synthesise

HALF_A_STEP = 0.5 / 255
both_formats = pytest.mark.parametrize("fmt", [MINI_FORMAT, AUFFUSION_FORMAT])
all_formats = pytest.mark.parametrize("fmt", [MINI_FORMAT, AUFFUSION_FORMAT, RIFFUSION_FORMAT])


def tone(frequency_hz, duration_s=1.0, sample_rate_hz=16000):
    time = torch.arange(round(duration_s * sample_rate_hz)) / sample_rate_hz
    return 0.95 * torch.sin(2 * math.pi * frequency_hz * time)[None]


def slaney_mel(frequency_hz):
    """Returns mel on the Slaney scale: linear to 1 kHz, then 27 bands per factor of 6.4."""
    if frequency_hz < 1000:
        return frequency_hz * 3 / 200
    return 15 + 27 * math.log(frequency_hz / 1000) / math.log(6.4)


@both_formats
@pytest.mark.parametrize("frequency_hz", [440.0, 1000.0, 3000.0])
def test_tone_lights_the_row_predicted_by_the_mel_scale(fmt, frequency_hz):
    lit = stages.waveform_to_canvas(tone(frequency_hz), fmt)[0].mean(dim=1).argmax()
    band = slaney_mel(frequency_hz) / slaney_mel(fmt.f_max_hz) * (fmt.mels + 1) - 1
    assert abs(int(lit) - (fmt.mels - 1 - band)) <= 1


@pytest.mark.parametrize("fmt", [MINI_FORMAT, RIFFUSION_FORMAT])  # Riffusion's padding is odd
@pytest.mark.parametrize("more", [0, 159])
def test_a_column_is_a_hop(fmt, more):
    canvas = stages.waveform_to_canvas(torch.zeros(2, 50 * fmt.hop_samples + more), fmt)
    assert canvas.shape == (2, fmt.mels, 50)
    assert canvas.dtype == torch.float32


def test_mel_is_the_filtered_magnitude_of_the_windowed_frame():
    samples = 0.3 * torch.randn(1, 16000, generator=torch.Generator().manual_seed(0))
    mel = stages.waveform_to_mel(samples, MINI_FORMAT)
    middle = 40 * 160 + 80
    frame = samples[0, middle - 512 : middle + 512].numpy() * np.hanning(1025)[:-1]
    magnitude = np.sqrt(np.abs(np.fft.rfft(frame, 2048)) ** 2 + 1e-9)
    wanted = stages.mel_filters(MINI_FORMAT).numpy() @ magnitude
    np.testing.assert_allclose(mel[0, :, 40], wanted, rtol=1e-4)


@all_formats
def test_canvas_to_mel_and_back_is_exact_to_half_an_8_bit_step(fmt):
    canvas = torch.rand(2, fmt.mels, 12, generator=torch.Generator().manual_seed(0))
    mel = stages.canvas_to_mel(canvas, fmt)
    assert (stages.mel_to_canvas(mel, fmt) - canvas).abs().max() < HALF_A_STEP / 100


@both_formats
def test_black_is_the_floor_and_white_the_ceiling(fmt):
    black_and_white = torch.tensor([-1.0, 0.0, 1.0, 2.0]).repeat(1, fmt.mels, 1)
    mel = stages.canvas_to_mel(black_and_white, fmt)[0, 0]
    wanted = torch.tensor([fmt.log_floor, fmt.log_floor, fmt.log_ceiling, fmt.log_ceiling])
    torch.testing.assert_close(mel, wanted, rtol=1e-4, atol=0)
    outside = torch.tensor([0.0, 1e9]).repeat(1, fmt.mels, 1)
    assert stages.mel_to_canvas(outside, fmt)[0, 0].tolist() == [0, 1]


# The other encoding: a power law on HTK's bands, with the loudest black


def htk_mel(frequency_hz):
    """Returns mel on the HTK scale: 2595 log10(1 + f / 700)."""
    return 2595 * math.log10(1 + frequency_hz / 700)


@pytest.mark.parametrize("frequency_hz", [440.0, 1000.0, 6000.0])
def test_tone_lights_the_row_predicted_by_the_scale_of_htk(frequency_hz):
    fmt = RIFFUSION_FORMAT
    canvas = stages.waveform_to_canvas(0.1 * tone(frequency_hz, 0.5, 44100), fmt)
    assert canvas.shape == (1, 512, 50)
    band = htk_mel(frequency_hz) / htk_mel(fmt.f_max_hz) * (fmt.mels + 1) - 1
    darkest = canvas[0].mean(dim=1).argmin()
    assert abs(int(darkest) - (fmt.mels - 1 - band)) <= 1
    other = slaney_mel(frequency_hz) / slaney_mel(fmt.f_max_hz) * (fmt.mels + 1) - 1
    assert abs(other - band) > 3


def test_filters_of_htk_are_those_of_librosa():
    ours = stages.mel_filters(RIFFUSION_FORMAT).numpy()
    theirs = librosa.filters.mel(sr=44100, n_fft=17640, n_mels=512, fmax=1e4, htk=True, norm=None)
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    assert ours.max() == pytest.approx(1, abs=0.01)  # all of equal height


def test_power_law_has_its_closed_form():
    fmt = RIFFUSION_FORMAT
    mel = fmt.log_ceiling * torch.tensor([0.0, 1 / 255**4, 1 / 16, 0.5, 1.0, 7.0])
    canvas = stages.mel_to_canvas(mel.repeat(1, 512, 1), fmt)[0, 0]
    drawn = 255 - 255 * (np.minimum(mel.numpy() / fmt.log_ceiling, 1)) ** 0.25
    np.testing.assert_allclose(255 * canvas, drawn, atol=0.03)
    rising = torch.linspace(0, 1, 512).reshape(1, 512, 1)  # row 0 of a mel is the lowest band
    assert stages.mel_to_canvas(rising, fmt)[0, 0] < stages.mel_to_canvas(rising, fmt)[0, -1]


def test_white_is_silence_and_black_the_ceiling_where_the_loudest_is_black():
    fmt = RIFFUSION_FORMAT
    mel = stages.canvas_to_mel(torch.tensor([1.0, 0.5, 0.0]).repeat(1, 512, 1), fmt)[0, 0]
    assert 0 < mel[0] < 1e-12 * fmt.log_ceiling
    assert mel[1:].tolist() == pytest.approx([fmt.log_ceiling / 16, fmt.log_ceiling])
    assert stages.waveform_to_canvas(torch.zeros(1, 44100), fmt).min() > 250 / 255


@all_formats
def test_db_over_the_floor_are_those_of_the_mel(fmt):
    canvas = torch.rand(1, fmt.mels, 12, generator=torch.Generator().manual_seed(0))
    wanted = 20 * torch.log10(stages.canvas_to_mel(canvas, fmt) / fmt.log_floor)
    torch.testing.assert_close(
        stages.canvas_to_db(canvas, fmt), wanted.clamp(min=0), atol=1e-3, rtol=1e-5
    )


@all_formats
def test_gradients_flow_through_analysis_and_its_inverse(fmt):
    samples = tone(440.0, 0.5, fmt.sample_rate_hz).requires_grad_()
    stages.waveform_to_canvas(samples, fmt).sum().backward()
    canvas = torch.full((1, fmt.mels, 2), 0.5, requires_grad=True)
    stages.canvas_to_mel(canvas, fmt).sum().backward()
    silent = torch.zeros(1, fmt.mels, 2, requires_grad=True)
    stages.mel_to_canvas(silent, fmt).sum().backward()
    assert samples.grad.abs().max() > 0
    assert (canvas.grad.abs() > 0).all()
    assert all(torch.isfinite(one.grad).all() for one in (samples, canvas, silent))


@both_formats
def test_logarithm_is_bit_for_bit_as_before_there_were_two_encodings(fmt):
    low, high = math.log(fmt.log_floor), math.log(fmt.log_ceiling)
    mel = 10 ** torch.linspace(-7, 3, fmt.mels * 4).reshape(1, fmt.mels, 4)
    drawn = (mel.clamp(fmt.log_floor, fmt.log_ceiling).log() - low) / (high - low)
    assert torch.equal(stages.mel_to_canvas(mel, fmt), drawn.clamp(0, 1).flip(-2))
    canvas = torch.rand(1, fmt.mels, 4)
    assert torch.equal(
        stages.canvas_to_mel(canvas, fmt), torch.exp(low + (high - low) * canvas.flip(-2))
    )


def test_filters_of_slaney_are_those_of_librosa():
    ours = stages.mel_filters(MINI_FORMAT).numpy()
    theirs = librosa.filters.mel(sr=16000, n_fft=2048, n_mels=256)
    np.testing.assert_allclose(ours, theirs, atol=1e-7)


def test_canvas_to_image_and_back_is_the_same():
    canvas = torch.rand(2, 8, 12, generator=torch.Generator().manual_seed(0))
    image = stages.canvas_to_image(canvas)
    assert image.shape == (2, 3, 8, 12)
    torch.testing.assert_close(stages.image_to_canvas(image), canvas)


def test_gray_is_the_channel_mean():
    image = torch.tensor([0.0, 0.3, 0.9]).reshape(1, 3, 1, 1)
    assert stages.image_to_canvas(image).item() == pytest.approx(0.4)


def test_bytes_to_canvas_and_back_is_the_same_and_rounds_to_half_a_step():
    gray = np.arange(256, dtype=np.uint8).reshape(16, 16)
    np.testing.assert_array_equal(stages.canvas_to_bytes(stages.bytes_to_canvas(gray)), gray)
    canvas = torch.rand(8, 12, generator=torch.Generator().manual_seed(0))
    back = stages.bytes_to_canvas(stages.canvas_to_bytes(canvas))
    assert (back - canvas).abs().max() <= HALF_A_STEP + 1e-6


def tiny_kl(**config):
    return AutoencoderKL(block_out_channels=(8,), norm_num_groups=4, **config).eval()


def tiny_dc():
    widths = {
        "encoder_block_out_channels": (8, 8),
        "decoder_block_out_channels": (8, 8),
        "encoder_layers_per_block": (1, 1),
        "decoder_layers_per_block": (1, 1),
        "encoder_qkv_multiscales": ((), ()),
        "decoder_qkv_multiscales": ((), ()),
        "encoder_block_types": "ResBlock",
        "decoder_block_types": "ResBlock",
        "decoder_act_fns": "silu",
    }
    return AutoencoderDC(latent_channels=4, scaling_factor=0.4, **widths).eval()


@torch.no_grad()
@pytest.mark.parametrize("shift", [None, 0.7])
def test_latents_are_the_scaled_and_shifted_mode_of_the_autoencoder(shift):
    vae = tiny_kl(scaling_factor=0.25, shift_factor=shift)
    image = torch.rand(1, 3, 16, 16)
    mode = vae.encode(image * 2 - 1).latent_dist.mode()
    latents = stages.encode_image(vae, image)
    torch.testing.assert_close(latents, (mode - (shift or 0)) * 0.25)
    decoded = vae.decode(mode).sample
    wanted = (decoded / 2 + 0.5).clamp(0, 1)
    torch.testing.assert_close(stages.decode_latents(vae, latents), wanted)


@torch.no_grad()
def test_the_deterministic_autoencoder_works_the_same():
    vae = tiny_dc()
    image = torch.rand(1, 3, 16, 16)
    latents = stages.encode_image(vae, image)
    torch.testing.assert_close(latents, vae.encode(image * 2 - 1).latent * 0.4)
    wanted = (vae.decode(latents / 0.4).sample / 2 + 0.5).clamp(0, 1)
    torch.testing.assert_close(stages.decode_latents(vae, latents), wanted)


@torch.no_grad()
def test_a_half_precision_autoencoder_still_gives_float32():
    vae = tiny_kl().to(torch.bfloat16)
    latents = stages.encode_image(vae, torch.rand(1, 3, 16, 16))
    assert latents.dtype == torch.float32
    assert stages.decode_latents(vae, latents).dtype == torch.float32


def test_fit_rows_keeps_the_proportions_and_leaves_a_canvas_as_it_is():
    assert stages.fit_rows(torch.rand(1, 512, 300), MINI_FORMAT).shape == (1, 256, 150)
    assert stages.fit_rows(torch.rand(1, 64, 40), MINI_FORMAT).shape == (1, 256, 160)
    canvas = torch.rand(1, 256, 77)
    assert torch.equal(stages.fit_rows(canvas, MINI_FORMAT), canvas)


@pytest.mark.parametrize("width", [5, 60001])
def test_fit_rows_names_the_width_and_the_limits(width):
    with pytest.raises(InvalidInputError, match=rf"{width} x 256.* 6 to 60000 .*600 s"):
        stages.fit_rows(torch.zeros(1, 1, 1).expand(1, 256, width), MINI_FORMAT)


def test_ten_minutes_is_allowed_and_the_narrowest_canvas_can_be_analysed():
    longest = torch.zeros(1, 1, 1).expand(1, 256, 60000)
    assert stages.fit_rows(longest, MINI_FORMAT).shape == (1, 256, 60000)
    assert stages.waveform_to_mel(torch.zeros(1, 6 * 160), MINI_FORMAT).shape == (1, 256, 6)


def test_sound_that_cannot_be_analysed_is_refused_in_one_sentence():
    with pytest.raises(InvalidInputError, match="944 samples; a canvas needs at least 945"):
        stages.waveform_to_mel(torch.zeros(1, 944), MINI_FORMAT)
    with pytest.raises(InvalidInputError, match="NaN or infinite"):
        stages.waveform_to_mel(torch.full((1, 16000), torch.nan), MINI_FORMAT)


@pytest.mark.parametrize(
    ("stage", "shape"),
    [
        (lambda t: stages.waveform_to_mel(t, MINI_FORMAT), (16000,)),
        (lambda t: stages.mel_to_canvas(t, MINI_FORMAT), (1, 80, 4)),
        (lambda t: stages.canvas_to_mel(t, MINI_FORMAT), (256, 4)),
        (lambda t: stages.fit_rows(t, MINI_FORMAT), (256, 40)),
        (stages.image_to_canvas, (1, 4, 8, 8)),
        (stages.canvas_to_image, (8, 8)),
        (stages.canvas_to_bytes, (1, 8, 8)),
    ],
)
def test_a_wrong_shape_is_named_with_the_right_one(stage, shape):
    with pytest.raises(InvalidInputError, match=r"has the shape .*; it must be \("):
        stage(torch.zeros(shape))


def test_bytes_of_another_kind_are_refused():
    with pytest.raises(InvalidInputError, match=r"float64 .*must be uint8"):
        stages.bytes_to_canvas(np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("fmt", "later"), [(RIFFUSION_FORMAT, 0.0), (AUFFUSION_FORMAT, 0.5), (MINI_FORMAT, 0.5)]
)
def test_a_click_lies_in_the_column_that_the_pairs_own_programs_draw_it_in(fmt, later):
    samples = torch.zeros(1, 60 * fmt.hop_samples)
    samples[0, round((30 + later) * fmt.hop_samples)] = 1  # torchaudio centres column k at k hops
    mel = stages.waveform_to_mel(samples, fmt)[0].sum(0)
    assert int(mel.argmax()) == 30
    torch.testing.assert_close(mel[29], mel[31], rtol=0.02, atol=0)


def test_a_click_of_riffusion_is_played_where_it_was_drawn():
    fmt = RIFFUSION_FORMAT
    samples = torch.zeros(1, 60 * fmt.hop_samples)
    samples[0, 30 * fmt.hop_samples] = 1
    played = synthesise(analyse(samples, fmt), fmt)
    torch.testing.assert_close(played, samples, atol=1e-4, rtol=0)
