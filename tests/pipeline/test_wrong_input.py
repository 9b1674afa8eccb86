"""Input that a call or the models cannot use is refused before anything is computed."""

import diffusers
import pytest
import torch
from tiny import tiny_pair, tiny_unet
from tiny_pipe import latents_of, make_pipe, seeded

from sonocanvas import SonoCanvasPipeline
from sonocanvas.compose.mean import Mean
from sonocanvas.denoise import make_scheduler
from sonocanvas.errors import CheckpointError, InvalidInputError


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image_prompt": " "}, "image_prompt has ' '; a prompt must be a text that is not empty"),
        ({"image_prompt": None}, "image_prompt has None"),
        ({"audio_prompt": 3}, "audio_prompt has 3"),
        ({"audio_prompt": ["bells", ""]}, "audio_prompt has ''"),
        ({"audio_prompt": []}, "have the same length, 1 or more; audio_prompt has 0"),
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
        (
            {"guidance_interval": (0.8, 0.2)},
            r"must be in order within \[0, 1\], not \[0\.8, 0\.2\]",
        ),
        ({"guidance_interval": [0, 2]}, r"must be in order within \[0, 1\], not \[0, 2\]"),
        ({"guidance_interval": (0, float("nan"))}, r"must be in order within \[0, 1\]"),
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
    monkeypatch.setattr("sonocanvas.pipeline.pipeline.encode_prompts", None)
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
