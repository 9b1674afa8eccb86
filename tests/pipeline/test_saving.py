"""A pipeline comes back the same when saved, loaded, cast or made from a pair."""

import dataclasses
import json

import diffusers
import numpy as np
import pytest
import torch
from tiny import tiny_pair, tiny_text_encoder
from tiny_checkpoint import change_json, save_checkpoint, save_lora
from tiny_pipe import (
    MODELS,
    PROMPTS,
    RUN,
    block_vae,
    hifigan_weights,
    latents_of,
    load_pipe,
    make_pipe,
    seeded,
)

from sonocanvas import RunConfig, SonoCanvasPipeline, generate
from sonocanvas.denoise import SCHEDULERS, make_scheduler
from sonocanvas.errors import CheckpointError, InvalidInputError
from sonocanvas.pairs.autoencoder import BlockAutoencoder
from sonocanvas.pairs.folder import load_folder
from sonocanvas.vocoders.griffin_lim import GriffinLim

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
    loaded = load_pipe(tmp_path)
    assert isinstance(loaded.vae, BlockAutoencoder)
    assert loaded.image_text_encoder is not loaded.audio_text_encoder
    assert torch.equal(latents_of(loaded), latents_of(pipe))


@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_scheduler_that_was_put_in_is_used_and_saved(pipe, tmp_path, name):
    changed = make_pipe(pipe.pair)
    changed.scheduler = make_scheduler(pipe.scheduler.config, name)
    changed.save_pretrained(tmp_path)
    loaded = load_pipe(tmp_path)
    assert type(loaded.scheduler) is type(changed.scheduler)
    assert torch.equal(latents_of(loaded), latents_of(changed))


def test_the_vocoder_of_the_pair_is_used_and_saved(tmp_path):
    pipe = make_pipe(tiny_pair(vocoder=hifigan_weights()))
    pipe.save_pretrained(tmp_path)
    loaded = load_pipe(tmp_path)
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
    half = load_pipe(tmp_path, dtype=torch.bfloat16)
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
    pipe.to("meta")  # another device that every machine has
    assert pipe.vocoder.network.conv_pre.weight.device.type == "meta"
    assert {tensor.device.type for tensor in pipe.pair.vocoder.tensors.values()} == {"meta"}
    other = make_pipe(tiny_pair(vocoder=hifigan_weights()), vocoder=GriffinLim())
    other.to("meta")
    assert other.vocoder == GriffinLim()


def test_compiled_models_run_and_are_saved_as_what_they_wrap(pipe, tmp_path):
    compiled = make_pipe()
    compiled.image_unet = torch.compile(compiled.image_unet, backend="eager")
    compiled.audio_unet = torch.compile(compiled.audio_unet, backend="eager")
    with torch.compiler.set_stance("force_eager"):
        assert torch.equal(latents_of(compiled), latents_of(pipe))
    compiled.save_pretrained(tmp_path)
    loaded = SonoCanvasPipeline.from_pretrained(tmp_path)
    assert type(loaded.image_unet) is diffusers.UNet2DConditionModel


def test_a_saved_scheduler_of_a_class_that_is_not_allowed_is_refused(pipe, tmp_path):
    pipe.save_pretrained(tmp_path)
    change_json(tmp_path / "model_index.json", scheduler=["os", "system"])
    with pytest.raises(CheckpointError, match=r"gives scheduler as \['os', 'system'\]; allowed"):
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
    pipe = load_pipe("sd15-riffusion", **models)
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
