import re

import av
import pytest
import torch
from tiny import tiny_pair

from sonocanvas.config import RunConfig
from sonocanvas.errors import InvalidInputError
from sonocanvas.generate import generate
from sonocanvas.show.morph import BETWEEN, at, morph, run_to_morph, under_the_playhead
from sonocanvas.show.video import FRAMES_PER_S, write_morph

VALUES = {"seeds": [5], "scores": [], "vocoder": "griffin_lim", "sampling": {"steps": 4}}


@pytest.fixture(scope="module")
def pair():
    return tiny_pair()


@pytest.fixture(scope="module")
def run(pair, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "run"
    generate(
        RunConfig(image_prompt="a castle", audio_prompt="bells ringing", **VALUES), out, pair=pair
    )
    return out


def test_it_begins_with_the_sample_and_ends_with_that_of_the_last_prompt(pair, run):
    config, (folder,) = run_to_morph(run, ["a dog", "a tiger"])
    sample, canvases = morph(folder, config, ["a dog", "a tiger"], pair)
    assert canvases.shape == (2 * BETWEEN + 1, 32, 64)
    for prompt, place in (("a castle", 0), ("a dog", BETWEEN), ("a tiger", -1)):
        own = RunConfig(image_prompt=prompt, audio_prompt="bells ringing", **VALUES)
        alone = generate(own, pair=pair)[0]
        assert (canvases[place] - alone.canvas).abs().max() < 0.01, prompt
    assert sample.prompts.image == "a castle to a dog to a tiger"
    assert sample.waveform.samples.shape == (1, 64 * 64)


def test_what_is_heard_is_what_stands_under_the_playhead():
    canvases = torch.tensor([0.0, 1.0, 0.0])[:, None, None].expand(3, 4, 100)
    heard = under_the_playhead(canvases)
    expected = 1 - (torch.linspace(0.005, 0.995, 100) * 2 - 1).abs()
    assert torch.allclose(heard, expected.expand(4, 100), atol=1e-5)
    assert at(canvases, 1.0).eq(0).all()


def test_the_video_changes_and_lasts_as_long_as_the_sound(pair, run, tmp_path):
    config, (folder,) = run_to_morph(run, ["a dog"])
    sample, canvases = morph(folder, config, ["a dog"], pair)
    write_morph(tmp_path / "morph.mp4", sample, canvases)
    with av.open(tmp_path / "morph.mp4") as container:
        shown = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    assert len(shown) == round(64 * 64 / 16000 * FRAMES_PER_S)
    assert abs(shown[0][:600, 40:].astype(float) - shown[-1][:600, 40:]).max() > 20


@pytest.mark.parametrize(
    ("values", "prompts", "told"),
    [
        ({}, ["a dog", " "], "A morph needs prompts that are not empty, not ['a dog', ' ']."),
        ({"layers": ["sound rain"]}, ["a dog"], "cannot be morphed; only runs of two prompts made"),
        ({"method": "image-only"}, ["a dog"], "cannot be morphed"),
    ],
)
def test_what_cannot_be_morphed_is_told(pair, tmp_path, values, prompts, told):
    config = RunConfig(**{"image_prompt": "a castle", "audio_prompt": "rain"} | VALUES | values)
    generate(config, tmp_path / "run", pair=pair)
    with pytest.raises(InvalidInputError, match=re.escape(told)):
        run_to_morph(tmp_path / "run", prompts)
