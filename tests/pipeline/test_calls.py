"""What a call returns: the latents, canvases and sounds of `generate`, in diffusers' forms."""

import inspect
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from tiny import LATENT_SHAPE, TINY_FORMAT, tiny_pair
from tiny_pipe import PROMPTS, RUN, latents_of, make_pipe, seeded

from sonocanvas import RunConfig, SonoCanvasPipeline, generate
from sonocanvas.compose.mean import Mean
from sonocanvas.compose.warm_start import WarmStart
from sonocanvas.denoise import SCHEDULERS, make_scheduler
from sonocanvas.types import Waveform
from sonocanvas.vocoders.griffin_lim import GriffinLim

# What it makes


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_latents_are_those_of_generate(scheduler):
    pair = tiny_pair()
    sampling = {"steps": 4, "scheduler": scheduler}
    run = RunConfig(**RUN, seeds=[3, 7], sampling=sampling)
    expected = torch.stack([sample.latent for sample in generate(run, pair=pair)])
    pipe = make_pipe(pair, scheduler=make_scheduler(pair.scheduler_config, scheduler))
    ours = latents_of(pipe, num_images_per_prompt=2, generator=seeded(3, 7))
    assert torch.equal(ours, expected)
    assert (ours.dtype, ours.is_inference()) == (torch.float32, False)


def test_fresh_noise_is_that_of_generate(pipe):
    sampling = {"steps": 4, "eta": 0.8}
    run = RunConfig(**RUN, seeds=[5], sampling=sampling)
    (expected,) = generate(run, pair=pipe.pair)
    assert torch.equal(latents_of(pipe, generator=seeded(5), eta=0.8)[0], expected.latent)
    assert not torch.equal(latents_of(pipe, generator=seeded(5))[0], expected.latent)


def test_canvas_and_sound_are_those_of_generate():
    pair = tiny_pair(crop_columns=8)
    run = RunConfig(**RUN, seeds=[3])
    (sample,) = generate(run, pair=pair)
    made = make_pipe(pair)(*PROMPTS, generator=seeded(3), output_type="pt")
    assert torch.equal(made.canvases[0], sample.canvas)
    torch.testing.assert_close(made.images[0], sample.image, atol=0.5 / 255 + 1e-6, rtol=0)
    (gain_db,) = made.gains_db
    saved = sample.waveform.samples * 10 ** (gain_db / 20)
    torch.testing.assert_close(made.waveforms, saved, atol=1 / 32768, rtol=0)


def test_defaults_are_those_of_a_run():
    run = RunConfig(image_prompt="any", audio_prompt="any")
    given = inspect.signature(SonoCanvasPipeline.__call__).parameters
    for name in ("image_guidance_scale", "audio_guidance_scale", "guidance_interval", "eta"):
        assert given[name].default == getattr(run.sampling, name)
    assert given["num_inference_steps"].default == run.sampling.steps


def test_default_rule_is_the_mean_after_a_warm_start(pipe):
    default = latents_of(pipe)
    assert torch.equal(default, latents_of(pipe, rule=WarmStart(Mean())))
    assert not torch.equal(default, latents_of(pipe, rule=Mean()))


def test_every_argument_has_an_effect(pipe):
    default = latents_of(pipe)
    for options in (
        {"negative_image_prompt": "dogs"},
        {"negative_audio_prompt": "rain"},
        {"num_inference_steps": 5},
        {"image_guidance_scale": 2.0},
        {"audio_guidance_scale": 2.0},
        {"guidance_interval": (0.5, 1.0)},
        {"rule": Mean(0.1)},
        {"generator": seeded(1)},
        {"latents": torch.zeros(1, *LATENT_SHAPE)},
        {"eta": 0.5},
    ):
        assert (latents_of(pipe, **options) - default).abs().max() > 1e-3, options


# Output


def test_output_types_hold_the_same_canvases_in_their_ranges(pipe):
    made = {
        kind: pipe(
            *PROMPTS,
            num_inference_steps=2,
            num_images_per_prompt=2,
            generator=seeded(0, 1),
            output_type=kind,
        )
        for kind in ("pil", "np", "pt")
    }
    tensors, arrays, pictures = made["pt"], made["np"], made["pil"]
    assert (tensors.images.shape, arrays.images.shape) == ((2, 3, 32, 64), (2, 32, 64, 3))
    assert [(one.size, one.mode) for one in pictures.images] == [((64, 32), "RGB")] * 2
    assert [(one.size, one.mode) for one in pictures.canvases] == [((64, 32), "L")] * 2
    for one in (tensors.images, tensors.canvases):
        assert one.dtype == torch.float32
        assert one.min() >= 0
        assert one.max() <= 1
    assert np.array_equal(arrays.images, tensors.images.permute(0, 2, 3, 1).numpy())
    assert np.array_equal(arrays.canvases, tensors.canvases.numpy())
    drawn = np.stack([np.asarray(one) for one in pictures.canvases])
    assert np.array_equal(drawn, (arrays.canvases * 255).round())
    assert tensors.waveforms.shape == (2, 64 * TINY_FORMAT.hop_samples)
    for other in (arrays, pictures):
        assert other.waveforms.dtype == np.float32
        assert other.audios is other.waveforms
        assert np.array_equal(other.waveforms, tensors.waveforms.numpy())
        assert other.sample_rate_hz == TINY_FORMAT.sample_rate_hz


def test_latents_are_neither_decoded_nor_played(pipe):
    made = pipe(*PROMPTS, num_inference_steps=1, output_type="latent")
    assert made.images.shape == (1, *LATENT_SHAPE)
    assert made.to_tuple() == (made.images,)
    assert (made.canvases, made.waveforms, made.sample_rate_hz) == (None, None, None)


def test_sound_is_scaled_only_if_it_would_clip():
    class Loud(GriffinLim):
        def __call__(self, canvas, canvas_format):
            return Waveform(torch.tensor([[0.5, -0.25], [-4.0, 2.0], [0.0, 0.0]]), 16000)

    pipe = make_pipe(vocoder=Loud())
    options = {"num_images_per_prompt": 3, "output_type": "np"}
    made = pipe(*PROMPTS, num_inference_steps=1, **options)
    expected = [[0.5, -0.25], [-32767 / 32768, 0.5], [0, 0]]
    assert made.waveforms == pytest.approx(np.array(expected), abs=1e-4)
    assert made.gains_db == pytest.approx([0, -12.04, 0], abs=0.01)


@pytest.mark.parametrize("output_type", ["pt", "latent"])
def test_dict_equals_tuple(pipe, output_type):
    options = {"num_inference_steps": 2, "output_type": output_type}
    named = pipe(*PROMPTS, **options, generator=seeded(0))
    plain = pipe(*PROMPTS, **options, generator=seeded(0), return_dict=False)
    assert isinstance(plain, tuple)
    assert len(plain) == len(named) == (5 if output_type == "pt" else 1)
    for one, other in zip(plain, named.to_tuple(), strict=True):
        assert torch.equal(torch.as_tensor(one), torch.as_tensor(other))


# Batches


def test_a_batch_equals_its_singles(pipe):
    images = ["a castle", "a dog", "castle towers"]
    audios = ["bells ringing", "dogs barking", "rain"]
    negatives = ["", "a photo", ""]
    batch = latents_of(
        pipe, images, audios, negative_image_prompt=negatives, generator=seeded(3, 4, 5)
    )
    for index in range(3):
        single = latents_of(
            pipe,
            images[index],
            audios[index],
            negative_image_prompt=negatives[index],
            generator=seeded(3 + index),
        )
        assert (batch[index] - single[0]).abs().max() < 1e-4


def test_images_of_a_prompt_come_one_after_the_other(pipe):
    prompts = (["a castle", "a dog"], ["bells ringing", "rain"])
    batch = latents_of(pipe, *prompts, num_images_per_prompt=2, generator=seeded(1, 2, 3, 4))
    assert len(batch) == 4
    third = latents_of(pipe, "a dog", "rain", generator=seeded(3))
    assert (batch[2] - third[0]).abs().max() < 1e-4


def test_one_text_beside_a_list_holds_for_all_of_it(pipe):
    both = latents_of(pipe, "a castle", ["bells", "rain"], generator=seeded(1, 2))
    spelled = latents_of(pipe, ["a castle"] * 2, ["bells", "rain"], generator=seeded(1, 2))
    assert torch.equal(both, spelled)


def test_one_generator_or_none_draws_for_the_whole_batch(pipe):
    options = {"num_images_per_prompt": 2, "eta": 0.5}
    one = latents_of(pipe, **options, generator=torch.Generator().manual_seed(8))
    again = latents_of(pipe, **options, generator=torch.Generator().manual_seed(8))
    assert torch.equal(one, again)
    assert not torch.equal(one[0], one[1])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(8)
        assert torch.equal(latents_of(pipe, **options, generator=None), one)


def test_latents_that_are_given_take_the_place_of_the_noise_and_are_not_changed(pipe):
    noise = torch.randn(1, *LATENT_SHAPE, generator=seeded(4)[0])
    before = noise.clone()
    given = latents_of(pipe, latents=noise, generator=seeded(9))
    assert torch.equal(given, latents_of(pipe, generator=seeded(4)))
    assert torch.equal(noise, before)


def test_an_unknown_word_is_warned_of_once(pipe):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        latents_of(pipe, ["a casstle"] * 2, "bells", num_inference_steps=1, generator=seeded(0, 1))
    assert ["'casstle'" in str(one.message) for one in caught] == [True]
    assert caught[0].filename == latents_of.__code__.co_filename


def test_progress_is_shown_and_can_be_silenced(capfd):
    pipe = SonoCanvasPipeline.from_pair(tiny_pair())
    latents_of(pipe)
    assert "4/4" in capfd.readouterr().err
    pipe.set_progress_bar_config(disable=True)
    latents_of(pipe)
    assert capfd.readouterr() == ("", "")


@pytest.mark.filterwarnings("ignore:The .* prompt has a word:UserWarning")
def test_the_quick_start_of_the_readme_runs(pipe, tmp_path, monkeypatch):
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(.*?SonoCanvasPipeline.*?)```", readme, re.DOTALL)
    assert program.count("\n") <= 8
    pipe.save_pretrained(tmp_path / "mini")
    monkeypatch.setattr("sonocanvas.pairs.mini.WEIGHTS", tmp_path / "mini")
    monkeypatch.chdir(tmp_path)
    exec(program, {})
    assert soundfile.info("castle.wav").samplerate == TINY_FORMAT.sample_rate_hz
    assert Path("castle.png").is_file()
