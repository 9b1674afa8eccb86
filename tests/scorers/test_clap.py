import dataclasses

import librosa
import numpy as np
import pytest
import torch
from tiny_scorers import noise, rough, sample_of, save_clap, siren
from transformers import ClapModel, ClapProcessor

from sonocanvas.scorers.clap import Clap, load_clap
from sonocanvas.scorers.embedder import likeness

CANVAS = rough(columns=256)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_clap(tmp_path_factory.mktemp("clap"))


@pytest.fixture(scope="module")
def clap(folder):
    return Clap(model=str(folder))


def value(clap, sound, prompt="a siren wailing"):
    return clap([sample_of(CANVAS, sound, audio_prompt=prompt)])[0][0].value


def oracle(folder, sound, prompts):
    """Returns transformers' own cosines of a sound with prompts, by the paper's protocol."""
    model, processor = ClapModel.from_pretrained(folder), ClapProcessor.from_pretrained(folder)
    resampled = librosa.resample(sound[0].numpy(), orig_sr=16000, target_sr=48000)
    heard = (resampled / np.abs(resampled).max())[:480000]
    inputs = processor(
        text=prompts, audio=heard, sampling_rate=48000, return_tensors="pt", padding=True
    )
    with torch.no_grad():
        found = model(**inputs)
    return (found.logits_per_audio / model.logit_scale_a.exp())[0].tolist()


@pytest.mark.parametrize("sound", [siren(), noise(count=16000)], ids=["long", "short"])
def test_it_is_transformers_own_cosine_and_never_below_zero(clap, folder, sound):
    prompts = ["a siren wailing", "zebra", "rain, falling", "q", "an owl", "bells"]
    cosines = oracle(folder, sound, prompts)
    found = [value(clap, sound, prompt) for prompt in prompts]
    assert found == pytest.approx([max(0, cosine) for cosine in cosines], abs=1e-5)


def test_of_a_cosine_and_its_opposite_one_counts_as_zero(clap, folder):
    embedder, turned = load_clap(str(folder)), load_clap(str(folder))
    for weights in turned.model.text_projection.linear2.parameters():
        weights.neg_()
    sample = sample_of(CANVAS, siren())
    cosine = likeness(embedder, "clap", sample, sample.prompts.audio).value
    opposite = likeness(turned, "clap", sample, sample.prompts.audio).value
    assert cosine == pytest.approx(-opposite)
    assert abs(cosine) > 0.01
    scorer = Clap(model=str(folder))
    scorer.__dict__["_embedder"] = turned
    found = sorted([clap([sample])[0][0].value, scorer([sample])[0][0].value])
    assert found == [0, pytest.approx(abs(cosine))]


def test_neither_level_nor_what_comes_after_ten_seconds_is_heard(folder):
    embedder, sound = load_clap(str(folder)), siren()
    found = embedder.embed(sample_of(CANVAS, sound))
    later, earlier = sound.clone(), sound.clone()
    later[:, 162000:] *= torch.linspace(1, 0, 1840)
    earlier[:, 80000:120000] *= noise(1, count=40000)
    torch.testing.assert_close(embedder.embed(sample_of(CANVAS, later)), found, atol=1e-3, rtol=0)
    torch.testing.assert_close(
        embedder.embed(sample_of(CANVAS, sound / 7)), found, atol=1e-3, rtol=0
    )
    assert not torch.allclose(embedder.embed(sample_of(CANVAS, earlier)), found, atol=1e-2)
    assert (found.shape, found.dtype) == ((1, 8), torch.float32)
    assert float(found.norm()) == pytest.approx(1)


def test_it_depends_on_sound_and_audio_prompt_alone(clap):
    sample = sample_of(CANVAS, siren())
    other = sample_of(1 - CANVAS, siren(), image_prompt="other")
    silent = dataclasses.replace(
        other, waveform=dataclasses.replace(other.waveform, samples=torch.zeros(1, 16000))
    )
    scores = clap([sample, other, silent])
    assert scores[0] == scores[1]
    assert 0 <= scores[2][0].value <= 1
    described = [(one.name, one.unit, one.higher_is_better) for one in scores[0]]
    assert described == [("clap", "", True)]
    assert Clap.higher_is_better
