"""diffusers' contract for a pipeline, on real components of tiny width."""

import dataclasses
import inspect
import json
import re
import warnings
from pathlib import Path

import accelerate
import diffusers
import numpy as np
import pytest
import soundfile
import torch
from PIL import Image
from tiny import LATENT_SHAPE, TINY_FORMAT, tiny_pair, tiny_text_encoder, tiny_unet
from tiny_checkpoint import save_checkpoint, save_lora

from sonocanvas import RunConfig, SonoCanvasPipeline, generate
from sonocanvas.compose.mean import Mean
from sonocanvas.compose.warm_start import WarmStart
from sonocanvas.denoise import SCHEDULERS, make_scheduler
from sonocanvas.errors import CheckpointError, InvalidInputError
from sonocanvas.pairs.autoencoder import BlockAutoencoder
from sonocanvas.pairs.folder import load_folder
from sonocanvas.types import VocoderWeights, Waveform
from sonocanvas.vocoders.griffin_lim import GriffinLim

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
PROMPTS = ("a castle, grayscale", "bells ringing")
RUN = {
    "image_prompt": PROMPTS[0],
    "audio_prompt": PROMPTS[1],
    "vocoder": {"name": "griffin_lim"},  # the tiny pair carries none
}
MODELS = ("vae", "image_unet", "audio_unet", "image_text_encoder", "audio_text_encoder")


def make_pipe(pair=None, **options):
    pipe = SonoCanvasPipeline.from_pair(pair or tiny_pair(), **options)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def seeded(*seeds):
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def latents_of(pipe, *prompts, **options):
    settings = {"num_inference_steps": 4, "generator": seeded(0), "output_type": "latent"}
    return pipe(*(prompts or PROMPTS), **(settings | options)).images


@pytest.fixture(scope="module")
def pipe():
    return make_pipe()


def block_vae():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return BlockAutoencoder(4, 4, (8, 8), norm_num_groups=4).eval()


def hifigan_weights():
    from sonocanvas.vocoders.hifigan import Generator

    config = {
        "num_mels": 32,
        "upsample_initial_channel": 8,
        "upsample_rates": [8, 8],
        "upsample_kernel_sizes": [16, 16],
        "resblock": "1",
        "resblock_kernel_sizes": [3],
        "resblock_dilation_sizes": [[1]],
    }
    return VocoderWeights(config, Generator(config).state_dict())


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
    assert caught[0].filename == __file__


# Callbacks


def test_callback_sees_each_step(pipe):
    seen = []

    def callback(pipeline, step, timestep, tensors):
        seen.append((pipeline, step, int(timestep), tensors["latents"].clone()))
        return tensors

    made = latents_of(pipe, callback_on_step_end=callback)
    pipelines, steps, timesteps, latents = zip(*seen, strict=True)
    assert set(map(id, pipelines)) == {id(pipe)}
    assert list(steps) == [0, 1, 2, 3]
    assert list(timesteps) == pipe.scheduler.timesteps.tolist()
    assert torch.equal(latents[-1], made)
    assert torch.equal(made, latents_of(pipe))


def test_latents_that_a_callback_returns_are_used(pipe):
    def cleared_at_the_end(_, step, timestep, tensors):
        return {"latents": torch.zeros_like(tensors["latents"])} if step == 3 else tensors

    def moved_at_the_start(_, step, timestep, tensors):
        return {"latents": tensors["latents"] + 1.0} if step == 0 else {}

    assert latents_of(pipe, callback_on_step_end=cleared_at_the_end).abs().max() == 0
    moved = latents_of(pipe, callback_on_step_end=moved_at_the_start)
    assert (moved - latents_of(pipe)).abs().max() > 0.1


def test_callback_gets_only_the_tensors_it_asked_for(pipe):
    seen = []

    def callback(_, step, timestep, tensors):
        seen.append(tensors)
        return tensors

    latents_of(pipe, callback_on_step_end=callback, callback_on_step_end_tensor_inputs=[])
    assert seen == [{}] * 4


def test_latents_that_a_callback_changes_in_place_are_used(pipe):
    def cleared(_, step, timestep, tensors):
        tensors["latents"].zero_()
        return tensors

    assert latents_of(pipe, num_inference_steps=1, callback_on_step_end=cleared).abs().max() == 0


def test_a_callback_may_follow_gradients_of_the_latents(pipe):
    def towards_zero(_, step, timestep, tensors):
        with torch.enable_grad():
            latents = tensors["latents"].detach().requires_grad_()
            (slope,) = torch.autograd.grad(latents.square().sum() / 2, latents)
            return {"latents": latents - slope}

    made = latents_of(pipe, num_inference_steps=1, callback_on_step_end=towards_zero)
    assert made.abs().max() == 0  # the slope of half the square is the value
    assert not made.requires_grad  # nor does what is returned hold on to them


def test_a_callback_changes_latents_and_interrupts_as_in_diffusers_own_pipeline():
    pair = tiny_pair(same=True)
    theirs = diffusers.StableDiffusionPipeline(
        vae=pair.vae,
        text_encoder=pair.image_text_encoder,
        tokenizer=pair.image_tokenizer,
        unet=pair.image_unet,
        scheduler=make_scheduler(pair.scheduler_config),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    theirs.set_progress_bar_config(disable=True)

    def callback(pipeline, step, timestep, tensors):
        pipeline._interrupt = step == 2
        return {"latents": tensors["latents"] * 0.9}

    common = {"num_inference_steps": 5, "callback_on_step_end": callback, "output_type": "latent"}
    size = {"height": 32, "width": 64}
    expected = theirs("a dog", guidance_scale=7.5, generator=seeded(0), **size, **common).images
    scales = {"image_guidance_scale": 7.5, "audio_guidance_scale": 7.5}
    made = make_pipe(pair)("a dog", "a dog", rule=Mean(), generator=seeded(0), **scales, **common)
    assert torch.equal(made.images, expected)


def test_a_call_is_interrupted_as_one_of_diffusers_is(pipe):
    seen = []

    def stop(pipeline, step, timestep, tensors):
        seen.append(tensors["latents"])
        pipeline._interrupt = step == 1
        return tensors

    made = latents_of(pipe, callback_on_step_end=stop)
    assert (len(seen), pipe.num_timesteps, pipe.interrupt) == (2, 4, True)
    assert torch.equal(made, seen[-1])
    whole = latents_of(pipe)
    assert not pipe.interrupt
    assert not torch.equal(made, whole)


# Saving, loading, types


def test_a_saved_pipeline_comes_back_with_the_same_output(pipe, tmp_path, capfd):
    pipe.save_pretrained(tmp_path, max_shard_size="30KB")
    loaded = SonoCanvasPipeline.from_pretrained(tmp_path)
    assert capfd.readouterr() == ("", "")
    loaded.set_progress_bar_config(disable=True)
    assert torch.equal(latents_of(loaded), latents_of(pipe))
    options = {"num_inference_steps": 2, "output_type": "np"}
    one = pipe(*PROMPTS, **options, generator=seeded(0))
    other = loaded(*PROMPTS, **options, generator=seeded(0))
    for name in ("images", "canvases", "waveforms"):
        assert np.array_equal(one[name], other[name])
    assert loaded.parameters == pipe.parameters
    assert loaded.image_text_encoder is loaded.audio_text_encoder
    assert len(list((tmp_path / "image_unet").glob("*.safetensors"))) > 1


def test_the_folder_is_also_that_of_a_pair(pipe, tmp_path):
    pipe.save_pretrained(tmp_path)
    loaded = make_pipe(load_folder(tmp_path))
    assert torch.equal(latents_of(loaded), latents_of(pipe))
    named = SonoCanvasPipeline.from_pretrained(f"local:{tmp_path}")
    assert named.config.name == "tiny"


def test_two_text_encoders_and_our_own_autoencoder_are_saved_apart(tmp_path):
    pipe = make_pipe(tiny_pair(vae=block_vae(), audio_text_encoder=tiny_text_encoder().eval()))
    pipe.save_pretrained(tmp_path)
    loaded = SonoCanvasPipeline.from_pretrained(tmp_path)
    loaded.set_progress_bar_config(disable=True)
    assert isinstance(loaded.vae, BlockAutoencoder)
    assert loaded.image_text_encoder is not loaded.audio_text_encoder
    assert torch.equal(latents_of(loaded), latents_of(pipe))


@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_scheduler_that_was_put_in_is_used_and_saved(pipe, tmp_path, name):
    changed = make_pipe(pipe.pair)
    changed.scheduler = make_scheduler(pipe.scheduler.config, name)
    changed.save_pretrained(tmp_path)
    loaded = SonoCanvasPipeline.from_pretrained(tmp_path)
    loaded.set_progress_bar_config(disable=True)
    assert type(loaded.scheduler) is type(changed.scheduler)
    assert torch.equal(latents_of(loaded), latents_of(changed))


def test_the_vocoder_of_the_pair_is_used_and_saved(tmp_path):
    pipe = make_pipe(tiny_pair(vocoder=hifigan_weights()))
    pipe.save_pretrained(tmp_path)
    loaded = SonoCanvasPipeline.from_pretrained(tmp_path)
    loaded.set_progress_bar_config(disable=True)
    options = {"num_inference_steps": 1, "output_type": "pt"}
    first = pipe(*PROMPTS, **options, generator=seeded(0)).waveforms
    assert torch.equal(loaded(*PROMPTS, **options, generator=seeded(0)).waveforms, first)
    pipe.vocoder = GriffinLim()
    assert not torch.equal(pipe(*PROMPTS, **options, generator=seeded(0)).waveforms, first)


def test_weights_of_lower_precision_are_saved_as_they_are(tmp_path):
    pipe = make_pipe().to(torch.bfloat16)
    pipe.save_pretrained(tmp_path)
    loaded = load_folder(tmp_path, dtype=torch.bfloat16)
    name, weight = next(iter(pipe.audio_unet.state_dict().items()))
    assert torch.equal(loaded.audio_unet.state_dict()[name], weight)
    stored = json.loads((tmp_path / "text_encoder" / "config.json").read_text())
    assert stored["dtype"] == "bfloat16"


def test_bfloat16_runs_and_stays_near(pipe, tmp_path):
    pipe.save_pretrained(tmp_path)
    half = SonoCanvasPipeline.from_pretrained(tmp_path, dtype=torch.bfloat16)
    half.set_progress_bar_config(disable=True)
    assert {getattr(half, name).dtype for name in MODELS} == {torch.bfloat16}
    ours, exact = latents_of(half), latents_of(pipe)
    assert ours.dtype == torch.float32
    assert (ours - exact).abs().mean() < 0.1 * exact.std()
    made = half(*PROMPTS, num_inference_steps=2, output_type="pt")
    assert made.images.dtype == made.waveforms.dtype == torch.float32


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        (("cpu", torch.float64), {}),
        ((torch.float64,), {}),
        ((torch.device("cpu"),), {"dtype": torch.float64}),
        ((), {"device": "cpu", "dtype": torch.float64}),
    ],
)
def test_to_changes_the_type_of_all_models_and_says_nothing(capfd, args, kwargs):
    pipe = make_pipe()
    assert pipe.to(*args, **kwargs) is pipe
    assert {getattr(pipe, name).dtype for name in MODELS} == {torch.float64}
    assert latents_of(pipe).dtype == torch.float32
    assert pipe.to("cpu").dtype == torch.float64
    assert pipe.to(torch.bfloat16).dtype == torch.bfloat16
    assert capfd.readouterr() == ("", "")


def test_the_vocoder_that_came_with_the_models_goes_where_they_go():
    pipe = make_pipe(tiny_pair(vocoder=hifigan_weights()))
    own = pipe.vocoder
    assert pipe.to("cpu").vocoder is own
    pipe.to("meta")  # another device that is there on every machine
    assert pipe.vocoder.network.conv_pre.weight.device.type == "meta"
    assert {tensor.device.type for tensor in pipe.pair.vocoder.tensors.values()} == {"meta"}
    other = make_pipe(tiny_pair(vocoder=hifigan_weights()), vocoder=GriffinLim())
    other.to("meta")
    assert other.vocoder == GriffinLim()


def test_channels_last_keeps_the_result():
    pipe = make_pipe()
    expected = latents_of(pipe)
    pipe.image_unet.to(memory_format=torch.channels_last)
    pipe.audio_unet.to(memory_format=torch.channels_last)
    assert (latents_of(pipe) - expected).abs().max() < 1e-4


def test_compiled_models_run_and_are_saved_as_what_they_wrap(pipe, tmp_path):
    compiled = make_pipe()
    compiled.image_unet = torch.compile(compiled.image_unet, backend="eager")
    compiled.audio_unet = torch.compile(compiled.audio_unet, backend="eager")
    with torch.compiler.set_stance("force_eager"):
        assert torch.equal(latents_of(compiled), latents_of(pipe))
    compiled.save_pretrained(tmp_path)
    loaded = SonoCanvasPipeline.from_pretrained(tmp_path)
    assert type(loaded.image_unet) is diffusers.UNet2DConditionModel


def test_loading_makes_only_allowed_classes_from_safetensors(pipe, tmp_path):
    pipe.save_pretrained(tmp_path)
    index = tmp_path / "model_index.json"
    saved = json.loads(index.read_text())
    index.write_text(json.dumps(saved | {"scheduler": ["os", "system"]}))
    with pytest.raises(CheckpointError, match=r"gives scheduler as \['os', 'system'\]; allowed"):
        SonoCanvasPipeline.from_pretrained(tmp_path)
    index.write_text(json.dumps(saved | {"vae": ["os", "system"]}))
    with pytest.raises(CheckpointError, match="gives vae as"):
        SonoCanvasPipeline.from_pretrained(tmp_path)
    index.write_text(json.dumps(saved))
    for path in (tmp_path / "vae").glob("*.safetensors"):
        path.rename(path.with_suffix(".bin"))
    with pytest.raises(CheckpointError, match="holds no safetensors"):
        SonoCanvasPipeline.from_pretrained(tmp_path)


def test_a_name_that_is_no_pair_and_no_folder_is_refused():
    with pytest.raises(InvalidInputError, match=r"'mimi'\. Did you mean 'mini'"):
        SonoCanvasPipeline.from_pretrained("mimi")


def test_a_name_on_the_menu_is_loaded(pipe, tmp_path, monkeypatch):
    pipe.save_pretrained(tmp_path)
    monkeypatch.setattr("sonocanvas.pairs.mini.WEIGHTS", tmp_path)
    assert SonoCanvasPipeline.from_pretrained("mini").config.name == "tiny"


def test_two_checkpoints_and_a_lora_are_put_in_by_name_as_the_command_line_does(tmp_path):
    for seed, model in enumerate(("image", "audio")):
        save_checkpoint(tmp_path / model, seed=seed)
    models = {"image_model": str(tmp_path / "image"), "audio_model": str(tmp_path / "audio")}
    models["audio_lora"] = str(save_lora(tmp_path / "style.safetensors"))
    models["audio_lora_scale"] = 0.5
    pipe = SonoCanvasPipeline.from_pretrained("sd15-riffusion", **models)
    pipe.set_progress_bar_config(disable=True)
    run = RunConfig(
        image_prompt="a castle",
        audio_prompt="bells",
        pair="sd15-riffusion",
        seeds=[3],
        sampling={"steps": 1},
        **models,
    )
    (expected,) = generate(run)
    made = latents_of(pipe, "a castle", "bells", num_inference_steps=1, generator=seeded(3))
    assert torch.equal(made[0], expected.latent)
    pipe.save_pretrained(tmp_path / "pair")
    again = SonoCanvasPipeline.from_pretrained(tmp_path / "pair")
    state = pipe.audio_unet.state_dict()
    assert all(torch.equal(one, state[name]) for name, one in again.audio_unet.state_dict().items())
    assert again.config.licences.keys() == {"image", "audio", "audio lora"}


def test_a_folder_takes_no_other_model_and_no_other_option(pipe, tmp_path):
    pipe.save_pretrained(tmp_path)
    with pytest.raises(InvalidInputError, match="takes no image_model, but 'owner/name' was given"):
        SonoCanvasPipeline.from_pretrained(tmp_path, image_model="owner/name")
    with pytest.raises(TypeError, match="unexpected keyword argument 'image_modle'"):
        SonoCanvasPipeline.from_pretrained(tmp_path, image_modle="owner/name")


@pytest.mark.parametrize("options", [{"safe_serialization": False}, {"variant": "fp16"}])
def test_other_forms_of_weights_are_refused(pipe, tmp_path, options):
    with pytest.raises(InvalidInputError, match="only True and None are allowed"):
        pipe.save_pretrained(tmp_path, **options)
    assert list(tmp_path.iterdir()) == []


# Between pair and pipeline


def test_pair_to_pipeline_to_pair_keeps_the_same_objects():
    pair = tiny_pair(crop_columns=8, vocoder=hifigan_weights())
    back = make_pipe(pair).pair
    for field in dataclasses.fields(pair):
        if field.name != "scheduler_config":
            one, other = getattr(pair, field.name), getattr(back, field.name)
            assert one is other or one == other
    for name in (*MODELS, "image_tokenizer", "audio_tokenizer", "vocoder"):
        assert getattr(back, name) is getattr(pair, name)
    assert pair.scheduler_config.items() <= back.scheduler_config.items()


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_the_pair_of_a_pipeline_samples_as_the_pair_did(scheduler):
    pair = tiny_pair()
    run = RunConfig(**RUN, sampling={"steps": 3, "scheduler": scheduler})
    one, other = generate(run, pair=pair)[0], generate(run, pair=make_pipe(pair).pair)[0]
    assert torch.equal(one.latent, other.latent)


def test_a_pipeline_from_a_pipe_has_its_components_and_its_vocoder():
    pipe = make_pipe(tiny_pair(vocoder=hifigan_weights()))
    other = SonoCanvasPipeline.from_pipe(pipe)
    for name, component in pipe.components.items():
        assert getattr(other, name) is component
    assert other.vocoder is pipe.vocoder
    assert other.parameters == pipe.parameters
    again = SonoCanvasPipeline(**pipe.components, **pipe.parameters)
    assert again.config.canvas_format == pipe.config.canvas_format


def test_offloading_names_components_and_leaves_the_model_of_every_other_call_out(pipe):
    """The two unets are called by turns: only one is in the chain that moves models."""
    chain = SonoCanvasPipeline.model_cpu_offload_seq.split("->")
    assert set(MODELS) - set(chain) == {"image_unet"}
    assert chain.index("image_text_encoder") < chain.index("audio_unet") < chain.index("vae")
    assert set(chain) < set(pipe.components)


def test_offloading_moves_each_model_when_it_is_called_and_keeps_the_result(pipe):
    """With the CPU in the place of the accelerator: accelerate's hooks are the real ones."""
    moved = make_pipe()
    moved.enable_model_cpu_offload(device="cpu")
    assert all(hasattr(getattr(moved, name), "_hf_hook") for name in MODELS)
    options = {"num_inference_steps": 2, "output_type": "pt"}
    made = moved(*PROMPTS, **options, generator=seeded(0))
    expected = pipe(*PROMPTS, **options, generator=seeded(0))
    assert torch.equal(made.images, expected.images)
    assert torch.equal(made.waveforms, expected.waveforms)


def test_offloading_of_each_layer_keeps_the_result(pipe, monkeypatch):
    def offload(model, device, **options):  # diffusers numbers the device, and a CPU has no number
        accelerate.big_modeling.cpu_offload(model, torch.device("cpu"), **options)

    monkeypatch.setattr("accelerate.cpu_offload", offload)
    moved = make_pipe()
    assert moved.image_text_encoder is moved.audio_text_encoder
    moved.enable_sequential_cpu_offload(device="cpu")
    assert moved.image_text_encoder.device.type == "meta"
    options = {"num_inference_steps": 2, "output_type": "pt"}
    made = moved(*PROMPTS, **options, generator=seeded(0))
    expected = pipe(*PROMPTS, **options, generator=seeded(0))
    assert torch.equal(made.images, expected.images)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is an accelerator")
def test_offloading_without_an_accelerator_is_refused(pipe):
    with pytest.raises(RuntimeError, match="requires accelerator, but not found"):
        pipe.enable_model_cpu_offload()


def test_slicing_and_tiling_are_those_of_the_autoencoder():
    pipe = make_pipe()
    options = {"num_inference_steps": 1, "num_images_per_prompt": 2, "output_type": "pt"}
    expected = pipe(*PROMPTS, **options, generator=seeded(0, 1)).images
    for what, tolerance in (("slicing", 1e-4), ("tiling", 1.0)):  # tiles are normalised apart
        getattr(pipe, f"enable_vae_{what}")()
        assert getattr(pipe.vae, f"use_{what}")
        made = pipe(*PROMPTS, **options, generator=seeded(0, 1)).images
        assert made.shape == expected.shape
        assert (made - expected).abs().max() < tolerance
        getattr(pipe, f"disable_vae_{what}")()
        assert not getattr(pipe.vae, f"use_{what}")


@pytest.mark.parametrize("what", ["slicing", "tiling"])
def test_slicing_and_tiling_that_the_autoencoder_lacks_are_refused(what):
    pipe = make_pipe(tiny_pair(vae=block_vae()))
    with pytest.raises(InvalidInputError, match=f"BlockAutoencoder, which has no {what}; Auto"):
        getattr(pipe, f"enable_vae_{what}")()


def test_progress_is_shown_and_can_be_silenced(capfd):
    pipe = SonoCanvasPipeline.from_pair(tiny_pair())
    latents_of(pipe)
    assert "4/4" in capfd.readouterr().err
    pipe.set_progress_bar_config(disable=True)
    latents_of(pipe)
    assert capfd.readouterr() == ("", "")


# Wrong input


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image_prompt": " "}, "image_prompt has ' '; a prompt is a text with words"),
        ({"image_prompt": None}, "image_prompt has None"),
        ({"audio_prompt": 3}, "audio_prompt has 3"),
        ({"audio_prompt": ["bells", ""]}, "audio_prompt has ''"),
        ({"audio_prompt": []}, "of one length, 1 or more; audio_prompt has 0"),
        (
            {"image_prompt": ["a"], "audio_prompt": ["b", "c"]},
            "image_prompt has 1, audio_prompt has 2",
        ),
        ({"negative_image_prompt": ["a", "b"], "audio_prompt": ["b"]}, "negative_image_prompt has"),
        ({"negative_audio_prompt": 1}, "negative_audio_prompt has 1"),
        ({"num_inference_steps": 0}, "steps must be from 1 to 999, not 0"),
        ({"num_inference_steps": 2.5}, r"not 2\.5"),
        ({"image_guidance_scale": -1}, "image_guidance_scale must be a number, 0 or more, not -1"),
        ({"audio_guidance_scale": float("nan")}, "audio_guidance_scale must .* not nan"),
        ({"guidance_interval": 0.5}, r"must be two shares of the steps, not 0\.5"),
        ({"guidance_interval": (0.1, "1")}, "must be two shares of the steps, not"),
        ({"guidance_interval": (0.8, 0.2)}, r"must rise within \[0, 1\], not \[0\.8, 0\.2\]"),
        ({"guidance_interval": [0, 2]}, r"must rise within \[0, 1\], not \[0, 2\]"),
        ({"guidance_interval": (0, float("nan"))}, r"must rise within \[0, 1\]"),
        ({"rule": "mean"}, r"rule must be a rule such as Mean\(\), not 'mean'"),
        ({"rule": Mean}, r"rule must be a rule such as Mean\(\)"),
        ({"num_images_per_prompt": 0}, "num_images_per_prompt must be a whole number, 1 or more"),
        ({"generator": 7}, "generator must be a torch.Generator or a list of them, not 7"),
        ({"generator": [None]}, r"generator must .* not \[None\]"),
        ({"generator": seeded(1, 2)}, "There are 2 generators for 1 canvases"),
        ({"latents": torch.zeros(1, 4, 8, 8)}, r"tensor \(1, 4, 8, 16\), not \(1, 4, 8, 8\)"),
        ({"latents": "noise"}, r"latents must be a tensor \(1, 4, 8, 16\), not 'noise'"),
        ({"eta": 1.5}, r"eta must be in \[0, 1\], not 1.5"),
        ({"output_type": "pill"}, "output_type 'pill'. Did you mean 'pil'"),
        ({"callback_on_step_end": 3}, "callback_on_step_end must be a function, not 3"),
        (
            {"callback_on_step_end_tensor_inputs": ["prompt_embeds"]},
            "'prompt_embeds'.* Known: latents",
        ),
    ],
)
def test_wrong_input_is_refused_before_anything_is_computed(pipe, monkeypatch, options, message):
    monkeypatch.setattr("sonocanvas.pipeline.encode_prompts", None)
    prompts = {"image_prompt": "a castle", "audio_prompt": "bells"}
    with pytest.raises(ValueError, match=message):
        pipe(**(prompts | options))


def test_latents_of_another_shape_from_a_callback_are_refused(pipe):
    def cut(_, step, timestep, tensors):
        return {"latents": tensors["latents"][..., :8]}

    with pytest.raises(InvalidInputError, match=r"\(1, 4, 8, 8\); they must stay \(1, 4, 8, 16\)"):
        latents_of(pipe, callback_on_step_end=cut)


def test_a_scheduler_that_is_not_ours_is_refused_by_the_call(pipe):
    other = make_pipe(pipe.pair)
    other.scheduler = diffusers.LMSDiscreteScheduler.from_config(pipe.scheduler.config)
    with pytest.raises(InvalidInputError, match=r"'LMSDiscreteScheduler'.*DDIMScheduler"):
        latents_of(other)
    other.scheduler = make_scheduler(pipe.scheduler.config, "euler")
    with pytest.raises(InvalidInputError, match="eta must be 0 with EulerDiscreteScheduler"):
        latents_of(other, eta=0.5)


def test_parts_that_do_not_belong_together_are_refused(pipe):
    with pytest.raises(CheckpointError, match="audio_unet is 24"):
        make_pipe(tiny_pair(audio_unet=tiny_unet(cross_attention_dim=24)))
    with pytest.raises(InvalidInputError, match="canvas_format is None and latent_shape is"):
        SonoCanvasPipeline(**pipe.components)


@pytest.mark.filterwarnings("ignore:The .* prompt has a word:UserWarning")
def test_the_quick_start_of_the_readme_runs(pipe, tmp_path, monkeypatch):
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(.*?SonoCanvasPipeline.*?)```", readme, re.DOTALL)
    assert program.count("\n") <= 8
    pipe.save_pretrained(tmp_path / "mini")
    monkeypatch.setattr("sonocanvas.pairs.mini.WEIGHTS", tmp_path / "mini")
    monkeypatch.chdir(tmp_path)
    exec(program, {})
    assert soundfile.info("castle.wav").samplerate == TINY_FORMAT.sample_rate_hz
    assert Path("castle.png").is_file()


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
        ({"audio_prompt": "bells"}, "image_prompt has None; a prompt is a text with words."),
        ({"image": np.zeros(5), "audio_prompt": "bells"}, "image is (5,); it must be (height, wi"),
        ({"image": ramp() * 2, "audio_prompt": "bells"}, "image is (32, 64); it must be"),
        ({"image": ramp() * 0, "audio_prompt": "bells"}, "image is of one gray; there is nothing"),
        ({"image": ramp(), "mask": ramp()[:4], "audio_prompt": "bells"}, "mask is (4, 64); it mus"),
        ({"image_prompt": "a dog", "audio": np.zeros(4096)}, "audio is (4096,); it must be (samp"),
        ({"image_prompt": "a dog", "audio": sine(), "strength": 2}, "strength must be a number in"),
        ({"image_prompt": "a dog", "audio_prompt": "b", "duration_s": 1}, "duration_s must be fro"),
    ],
)
def test_what_cannot_be_kept_is_told_before_anything_is_computed(pipe, options, told):
    with pytest.raises(InvalidInputError, match=re.escape(told)):
        pipe(**options)
