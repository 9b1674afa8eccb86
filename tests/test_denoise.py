import dataclasses
import itertools
import re

import diffusers
import pytest
import torch
from tiny import TEXT_WIDTH, diffusers_pipeline, tiny_pair, tiny_unet, watching

from sonocanvas.compose.mean import Mean
from sonocanvas.compose.warm_start import WarmStart
from sonocanvas.denoise import SCHEDULERS, denoise, initial_noise, make_scheduler
from sonocanvas.errors import InvalidInputError, SonoCanvasError
from sonocanvas.text import encode_prompts
from sonocanvas.types import Prompts

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
PROMPTS = Prompts("a painting of castle towers", "bells ringing", "a photo", "rain")


@pytest.fixture(scope="module")
def pair():
    return tiny_pair()


def sample(pair, rule, seeds=(0,), scheduler="ddim", prompts=PROMPTS, **options):
    settings = {"steps": 10, "image_guidance_scale": 7.5, "audio_guidance_scale": 5.0}
    settings |= {"seeds": seeds} if options.get("eta") else {}
    return denoise(
        pair,
        encode_prompts(pair, prompts)[0],
        initial_noise(pair, seeds),
        make_scheduler(pair.scheduler_config, scheduler),
        rule,
        **(settings | options),
    )


def diffusers_sample(pair, prompt, negative_prompt, seeds, scheduler, **options):
    pipeline = diffusers_pipeline(pair, make_scheduler(pair.scheduler_config, scheduler))
    return pipeline(
        [prompt] * len(seeds),
        negative_prompt=[negative_prompt] * len(seeds),
        height=32,
        width=64,
        generator=[torch.Generator().manual_seed(seed) for seed in seeds],
        output_type="latent",
        **options,
    ).images


@pytest.fixture
def evaluations(pair):
    """Yields the batch sizes of all evaluations, by model."""
    with watching(pair, len) as counted:
        yield counted


@pytest.mark.parametrize(
    ("scheduler", "audio_weight"), [*((name, 0.5) for name in SCHEDULERS), ("ddim", 0.3)]
)
def test_the_same_model_twice_equals_diffusers_exactly(scheduler, audio_weight):
    twice = tiny_pair(same=True)
    prompts = Prompts("a castle, grayscale", "a castle, grayscale", "dogs", "dogs")
    expected = diffusers_sample(
        twice,
        prompts.image,
        prompts.negative_image,
        [3, 4],
        scheduler,
        num_inference_steps=12,
        guidance_scale=7.5,
    )
    ours = sample(
        twice,
        Mean(audio_weight),
        [3, 4],
        scheduler,
        prompts,
        steps=12,
        image_guidance_scale=7.5,
        audio_guidance_scale=7.5,
    )
    assert torch.equal(ours, expected)


def test_fresh_noise_equals_diffusers_exactly():
    twice = tiny_pair(same=True)
    expected = diffusers_sample(
        twice, "a dog", "", [3, 4], "ddim", num_inference_steps=10, guidance_scale=5.0, eta=0.7
    )
    options = {"prompts": Prompts("a dog", "a dog"), "image_guidance_scale": 5.0}
    ours = sample(twice, Mean(), [3, 4], eta=0.7, **options)
    assert torch.equal(ours, expected)
    assert not torch.equal(ours, sample(twice, Mean(), [3, 4], **options))


@pytest.mark.parametrize(("audio_weight", "alone"), [(0.0, "image"), (1.0, "audio")])
def test_weight_zero_or_one_equals_one_model_alone(pair, evaluations, audio_weight, alone):
    unet = getattr(pair, f"{alone}_unet")
    only = dataclasses.replace(pair, image_unet=unet, audio_unet=unet)
    prompt, negative = getattr(PROMPTS, alone), getattr(PROMPTS, f"negative_{alone}")
    ours = sample(pair, Mean(audio_weight), audio_guidance_scale=7.5)
    other = {"image": "audio", "audio": "image"}[alone]
    assert evaluations == {alone: [2] * 10, other: []}
    expected = diffusers_sample(
        only, prompt, negative, [0], "ddim", num_inference_steps=10, guidance_scale=7.5
    )
    assert torch.equal(ours, expected)


def test_both_models_and_both_prompts_count(pair):
    both = sample(pair, Mean())
    swapped = Prompts(PROMPTS.audio, PROMPTS.image)
    others = [sample(pair, Mean(0.0)), sample(pair, Mean(1.0)), sample(pair, Mean(0.4))]
    others += [sample(pair, Mean(), prompts=swapped), sample(pair, Mean(), [1])]
    for other in others:
        assert (both - other).abs().max() > 1e-3


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_a_batch_equals_its_singles(pair, scheduler):
    seeds = [5, 0, 123456789]
    batch = sample(pair, Mean(), seeds, scheduler)
    singles = torch.cat([sample(pair, Mean(), [seed], scheduler) for seed in seeds])
    assert batch.dtype == torch.float32
    assert (batch - singles).abs().max() < 1e-4


def test_a_batch_equals_its_singles_with_fresh_noise(pair):
    batch = sample(pair, Mean(), [5, 6], eta=1.0)
    single = sample(pair, Mean(), [6], eta=1.0)
    assert (batch[1:] - single).abs().max() < 1e-4


def test_the_same_seeds_give_the_same_bytes_and_disturb_no_other_randomness(pair):
    state = torch.get_rng_state()
    assert torch.equal(sample(pair, Mean(), [1, 2]), sample(pair, Mean(), [1, 2]))
    assert torch.equal(torch.get_rng_state(), state)


def test_noise_of_a_seed_does_not_depend_on_its_neighbours(pair):
    noise = initial_noise(pair, [7, 8])
    assert noise.shape == (2, *pair.latent_shape)
    assert noise.dtype == torch.float32
    assert torch.equal(noise[1:], initial_noise(pair, [8]))
    assert not torch.equal(noise[0], noise[1])


def test_the_noise_that_was_given_is_not_changed(pair):
    noise = initial_noise(pair, [0])
    before = noise.clone()
    scheduler = make_scheduler(pair.scheduler_config, "euler")
    embeddings, _ = encode_prompts(pair, PROMPTS)
    scales = {"image_guidance_scale": 2.0, "audio_guidance_scale": 2.0}
    denoise(pair, embeddings, noise, scheduler, Mean(), steps=2, **scales)
    assert torch.equal(noise, before)


def test_before_the_picture_starts_the_sound_model_is_alone(pair, evaluations):
    seen = []
    sample(pair, WarmStart(Mean(), image_start=0.7), on_step=lambda step, _: seen.append(step))
    assert evaluations == {"image": [2] * 7, "audio": [2] * 10}
    alone = []
    sample(pair, Mean(1.0), on_step=lambda step, _: alone.append(step))
    for ours, expected in zip(seen[:4], alone[:4], strict=True):
        assert torch.equal(ours.latents, expected.latents)
    assert not torch.equal(seen[4].latents, alone[4].latents)
    assert [step.image_conditional is None for step in seen] == [True] * 3 + [False] * 7


def test_guidance_one_evaluates_only_the_conditional_half(pair, evaluations):
    steps = []
    options = {"image_guidance_scale": 1.0, "on_step": lambda step, _: steps.append(step)}
    sample(pair, Mean(), [0, 1], **options)
    assert evaluations == {"image": [2] * 10, "audio": [4] * 10}
    assert steps[0].image_unconditional is None
    assert steps[0].image_conditional.shape == steps[0].audio_unconditional.shape


def test_guidance_outside_its_interval_is_guidance_one(pair, evaluations):
    seen = []
    options = {"on_step": lambda step, _: seen.append(step), "guidance_interval": (0.3, 0.7)}
    sample(pair, Mean(), [0, 1], **options)
    assert evaluations == {model: [2] * 3 + [4] * 4 + [2] * 3 for model in ("image", "audio")}
    unguided = [step.image_unconditional is None for step in seen]
    assert unguided == [True] * 3 + [False] * 4 + [True] * 3


def test_an_empty_interval_equals_guidance_one_and_a_whole_one_guidance_everywhere(pair):
    ones = {"image_guidance_scale": 1.0, "audio_guidance_scale": 1.0}
    assert torch.equal(
        sample(pair, Mean(), guidance_interval=(0.5, 0.5)), sample(pair, Mean(), **ones)
    )
    everywhere = sample(pair, Mean())
    assert torch.equal(sample(pair, Mean(), guidance_interval=(0.0, 1.0)), everywhere)
    assert not torch.equal(sample(pair, Mean(), guidance_interval=(0.0, 0.9)), everywhere)


def test_guidance_near_one_meets_guidance_one(pair):
    near = sample(pair, Mean(), image_guidance_scale=1.0 + 1e-6)
    assert (near - sample(pair, Mean(), image_guidance_scale=1.0)).abs().max() < 1e-3


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_every_step_is_reported_with_its_noise_level_and_a_finite_prediction(pair, scheduler):
    seen = []
    clean = sample(
        pair, Mean(), [0, 1], scheduler, on_step=lambda *arguments: seen.append(arguments)
    )
    steps = [step for step, _ in seen]
    alphas_cumprod = make_scheduler(pair.scheduler_config).alphas_cumprod
    assert [step.index for step in steps] == list(range(10))
    for step, predicted_clean in seen:
        assert step.count == 10
        assert step.alpha**2 + step.sigma**2 == pytest.approx(1.0)
        assert step.alpha**2 == pytest.approx(float(alphas_cumprod[round(step.timestep)]), rel=0.01)
        assert predicted_clean.shape == clean.shape
        assert torch.isfinite(predicted_clean).all()
    for step, following in itertools.pairwise(steps):
        assert (step.next_alpha, step.next_sigma) == (following.alpha, following.sigma)
        assert step.next_sigma < step.sigma
    assert (seen[-1][1] - clean).abs().max() < 0.1 * clean.std()


def test_latents_are_signal_and_noise_in_the_shares_of_the_step(pair):
    """Computes DDIM's step in closed form from the fields of `Step` alone."""
    seen = []
    clean = sample(pair, Mean(), on_step=lambda *arguments: seen.append(arguments))
    following = [step.latents for step, _ in seen[1:]] + [clean]
    for (step, predicted_clean), latents in zip(seen, following, strict=True):
        noise = (step.latents - step.alpha * predicted_clean) / step.sigma
        expected = step.next_alpha * predicted_clean + step.next_sigma * noise
        torch.testing.assert_close(latents, expected, atol=1e-4, rtol=1e-4)


def test_euler_is_ddim_in_other_units(pair):
    """They agree only if `Step` is variance preserving; Euler's own latents are not."""
    seen = {"ddim": [], "euler": []}
    for name, steps in seen.items():
        sample(
            pair, Mean(), scheduler=name, on_step=lambda step, _, steps=steps: steps.append(step)
        )
    assert torch.allclose(seen["euler"][0].latents, initial_noise(pair, [0]), atol=1e-5)
    for euler, ddim in zip(seen["euler"], seen["ddim"], strict=True):
        torch.testing.assert_close(euler.latents, ddim.latents, atol=1e-3, rtol=1e-3)


def test_text_as_additional_embedding_needs_no_change(pair):
    options = {"addition_embed_type": "text", "encoder_hid_dim": TEXT_WIDTH}
    unet = tiny_unet(**options, addition_embed_type_num_heads=2).eval()
    changed = dataclasses.replace(pair, image_unet=unet)
    assert torch.isfinite(sample(changed, Mean(), steps=2)).all()


def test_numbers_that_are_not_finite_stop_the_loop_with_the_step(pair):
    class Broken(Mean):
        def __call__(self, image_noise, audio_noise, step):
            return image_noise * (float("nan") if step.index == 3 else 1.0)

    with pytest.raises(SonoCanvasError, match="not finite after step 4 of 10"):
        sample(pair, Broken())


@pytest.mark.parametrize("scheduler", ["ddim", "euler"])
def test_steps_taken_in_two_parts_are_the_whole(pair, scheduler):
    rule = WarmStart(Mean(), image_start=0.7)
    whole = sample(pair, rule, [0, 1], scheduler)
    half = sample(pair, rule, [0, 1], scheduler, end=4)
    rest = denoise(
        pair,
        encode_prompts(pair, PROMPTS)[0],
        half,
        make_scheduler(pair.scheduler_config, scheduler),
        rule,
        steps=10,
        begin=4,
        image_guidance_scale=7.5,
        audio_guidance_scale=5.0,
    )
    assert torch.equal(rest, whole)
    assert not torch.equal(half, whole)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"begin": 2, "end": 1}, "within 0 to 2, not from 2 to 1"),
        ({"end": 11}, "within 0 to 2, not from 0 to 11"),
        ({"begin": -1}, "within 0 to 2, not from -1 to 2"),
        ({"steps": 0}, "steps must be from 1 to 999, not 0"),
        ({"steps": 1000}, "not 1000"),
        ({"eta": 1.5}, r"eta must be in \[0, 1\], not 1.5"),
        ({"eta": 0.5, "seeds": None}, "needs one seed for each of 1 samples"),
        ({"eta": 0.5, "seeds": [1, 2]}, "one seed for each of 1 samples"),
        ({"eta": 0.5, "scheduler": "euler"}, "eta must be 0 with EulerDiscreteScheduler"),
    ],
)
def test_values_out_of_range_are_refused_by_name(pair, options, message):
    settings = {"steps": 2, "image_guidance_scale": 1.0, "audio_guidance_scale": 1.0}
    settings |= {"seeds": [1], "scheduler": "ddim"} | options
    scheduler = make_scheduler(pair.scheduler_config, settings.pop("scheduler"))
    embeddings, noise = encode_prompts(pair, PROMPTS)[0], initial_noise(pair, [1])
    with pytest.raises(InvalidInputError, match=message):
        denoise(pair, embeddings, noise, scheduler, Mean(), **settings)


def test_an_unknown_scheduler_is_refused_with_those_allowed(pair):
    with pytest.raises(InvalidInputError, match=r"'eular'\. Did you mean 'euler'.*ddim, dpm\+\+"):
        make_scheduler(pair.scheduler_config, "eular")


@pytest.mark.parametrize("seeds", [[], [0, -1], [2**63]])
def test_seeds_out_of_range_are_refused(pair, seeds):
    with pytest.raises(InvalidInputError, match=re.escape(f"not {seeds}")):
        initial_noise(pair, seeds)


def test_a_schedule_that_is_not_for_noise_predictions_is_refused(pair):
    with pytest.raises(InvalidInputError, match="DDIMScheduler is for 'v_prediction'"):
        make_scheduler(pair.scheduler_config | {"prediction_type": "v_prediction"}, "ddim")


def test_a_scheduler_and_noise_that_do_not_fit_are_refused(pair):
    embeddings, _ = encode_prompts(pair, PROMPTS)
    flow = diffusers.FlowMatchEulerDiscreteScheduler()
    scales = {"steps": 2, "image_guidance_scale": 1.0, "audio_guidance_scale": 1.0}
    with pytest.raises(InvalidInputError, match="FlowMatchEulerDiscreteScheduler"):
        denoise(pair, embeddings, initial_noise(pair, [0]), flow, Mean(), **scales)
    scheduler = make_scheduler(pair.scheduler_config)
    with pytest.raises(InvalidInputError, match=r"\(batch, 4, 8, 16\), not \(1, 4, 8, 8\)"):
        denoise(pair, embeddings, torch.zeros(1, 4, 8, 8), scheduler, Mean(), **scales)
