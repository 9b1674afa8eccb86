"""Claims about every method on the menu: runs resume, and batches equal single runs."""

import shutil

import pytest
import torch
from tiny import LATENT_SHAPE, tiny_pair
from tiny_run import files

from sonocanvas import generate, load_sample
from sonocanvas.errors import InvalidInputError
from sonocanvas.registry import METHODS

QUICK = {"sds": {"steps": 3}}


@pytest.mark.parametrize("name", METHODS)
def test_resumed_run_gives_the_same_bytes(name, config, pair, tmp_path):
    run = config(name, QUICK.get(name, {}), seeds=[0, 1, 7])
    made = generate(run, tmp_path / "run", pair=pair)
    whole = files(tmp_path / "run")
    assert [sample.seed for sample in made] == [0, 1, 7]
    assert load_sample(tmp_path / "run" / "0001").record["method"]["name"] == name
    shutil.rmtree(tmp_path / "run" / "0001")
    generate(run, tmp_path / "run", pair=pair)
    assert files(tmp_path / "run") == whole


@pytest.mark.parametrize("name", METHODS)
def test_a_batch_equals_its_singles_and_seeds_differ(name, samples, pair):
    batch = samples(pair, name, QUICK.get(name, {}), [(3, 4)])
    singles = samples(pair, name, QUICK.get(name, {}), [(3,), (4,)])
    for one, other in zip(batch, singles, strict=True):
        torch.testing.assert_close(one.latent, other.latent, atol=1e-4, rtol=0)
    assert (batch[0].latent - batch[1].latent).abs().max() > 0.01


@pytest.mark.parametrize("name", METHODS)
def test_columns_that_the_pair_leaves_empty_are_cropped_but_not_from_the_latent(name, samples):
    (sample,) = samples(tiny_pair(crop_columns=8), name, QUICK.get(name, {}))
    assert (sample.image.shape, sample.canvas.shape) == ((3, 32, 56), (32, 56))
    assert sample.latent.shape == LATENT_SHAPE


@pytest.mark.parametrize(
    ("method", "sentence"),
    [
        ({"name": "image-only", "strength": 0.5}, "option of method 'image-only': 'strength'"),
        ({"name": "imprint", "strength": 1.5}, r"strength must be in \[0, 1\], not 1.5"),
        ({"name": "imprint", "image_steps": -1}, "image_steps must be 0 or more, not -1"),
        ({"name": "sds", "steps": 0}, "steps must be 1 or more, not 0"),
        ({"name": "sds", "steps": 1.5}, "steps must be of type int, not 1.5"),
        ({"name": "sds", "learning_rate": 0.0}, "learning_rate must be above 0, not 0.0"),
        ({"name": "sds", "audio_weight": 0.0}, "audio_weight must be above 0, not 0.0"),
        ({"name": "sds", "image_weight": -1.0}, "image_weight must be 0 or more, not -1.0"),
        ({"name": "sds", "weight_decay": -1.0}, "weight_decay must be 0 or more, not -1.0"),
        ({"name": "sds", "crops": -1}, "crops must be 0 or more, not -1"),
        ({"name": "sds", "image_start": 0.0}, r"image_start must be in \(0, 1\], not 0.0"),
        ({"name": "sds", "surface": "furier"}, "Did you mean 'fourier'"),
        ({"name": "sds", "if_model": "any", "crops": 0}, "crops must be 1 or more with if_model"),
    ],
)
def test_options_that_are_not_allowed_are_one_sentence(config, method, sentence):
    with pytest.raises(InvalidInputError, match=sentence) as caught:
        config("compose", method=method)
    assert "\n" not in str(caught.value)


SETTINGS = {
    "sampling.scheduler": "euler",
    "sampling.steps": 4,
    "sampling.image_guidance_scale": 2.0,
    "sampling.audio_guidance_scale": 2.0,
    "sampling.guidance_interval": (0.0, 0.5),
    "sampling.eta": 1.0,
    "rule.audio_weight": 0.2,
    "warm_start.image_start": 1.0,
}


@pytest.mark.parametrize("name", METHODS)
def test_a_setting_stands_in_the_record_if_and_only_if_it_changes_the_sample(name, samples, pair):
    def made(**values):
        run = {"sampling": {"steps": 3}} | values
        return samples(pair, name, QUICK.get(name, {}), **run)[0]

    plain = made()
    recorded, felt = set(), set()
    for setting, value in SETTINGS.items():
        table, _, key = setting.partition(".")
        given = {"steps": 3} if table == "sampling" else {}
        other = made(**{table: given | {key: value}})
        recorded |= {setting} if key in plain.record.get(table, {}) else set()
        felt |= {setting} if not torch.equal(other.latent, plain.latent) else set()
    assert recorded == felt
    assert plain.record["method"]["name"] == name
    assert plain.record["sampling"]["dtype"] == "float32"
