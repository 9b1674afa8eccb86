"""One model alone: the loop with a weight of 0 or 1, without the other model."""

import pytest
import torch

CASES = [("image-only", 0.0, "image"), ("audio-only", 1.0, "audio")]
AT_ONCE = {"image_start": 1.0, "audio_start": 1.0}


@pytest.mark.parametrize(("name", "audio_weight", "alone"), CASES)
def test_is_the_loop_at_a_weight_of_zero_or_one(name, audio_weight, alone, samples, pair):
    rule = {"name": "mean", "audio_weight": audio_weight}
    (expected,) = samples(pair, "compose", rule=rule, warm_start=AT_ONCE)
    (sample,) = samples(pair, name)
    assert torch.equal(sample.latent, expected.latent)
    assert torch.equal(sample.canvas, expected.canvas)


@pytest.mark.parametrize(("name", "audio_weight", "alone"), CASES)
def test_other_model_is_never_evaluated(name, audio_weight, alone, samples, pair, evaluations):
    samples(pair, name)
    assert {model for model, shapes in evaluations.items() if shapes} == {alone}


@pytest.mark.parametrize(("name", "audio_weight", "alone"), CASES)
def test_prompt_of_the_model_counts_and_the_other_does_not(
    name, audio_weight, alone, samples, pair
):
    (before,) = samples(pair, name)
    changed = {
        model: samples(pair, name, **{f"{model}_prompt": "a dog"})[0]
        for model in ("image", "audio")
    }
    same = {model: torch.equal(one.latent, before.latent) for model, one in changed.items()}
    assert same == {"image": alone == "audio", "audio": alone == "image"}
