"""Callbacks and interruption, as in diffusers."""

import diffusers
import torch
from tiny import tiny_pair
from tiny_pipe import latents_of, make_pipe, seeded

from sonocanvas.compose.mean import Mean
from sonocanvas.denoise import make_scheduler


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
    assert made.abs().max() == 0  # the gradient of half the square is the value itself
    assert not made.requires_grad  # the result does not keep the graph


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
