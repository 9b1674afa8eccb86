"""diffusers' own `DiffusionPipeline` and the Hub give the same pipeline, and no other code runs."""

import sys

import diffusers
import pytest
import torch
from tiny_checkpoint import change_json
from tiny_hub import TinyHub, empty_cache, online
from tiny_pipe import latents_of, load_pipe

from sonocanvas import SonoCanvasPipeline
from sonocanvas.errors import CheckpointError
from sonocanvas.pairs.mini import WEIGHTS


@pytest.fixture
def by_diffusers(tmp_path, monkeypatch):
    """Returns a function that loads with diffusers; copied code stays in the test's folder."""
    modules = tmp_path / "modules"
    monkeypatch.setattr("diffusers.utils.dynamic_modules_utils.HF_MODULES_CACHE", str(modules))
    monkeypatch.setattr(sys, "path", list(sys.path))

    def load(folder, **options):
        made = diffusers.DiffusionPipeline.from_pretrained(folder, **options)
        made.set_progress_bar_config(disable=True)
        return made

    yield load
    for name in [name for name in sys.modules if name.startswith("diffusers_modules")]:
        del sys.modules[name]


@pytest.mark.parametrize("given", ["nothing", "folder", "name"])
def test_a_saved_folder_is_loaded_by_diffusers_itself(pipe, tmp_path, by_diffusers, given):
    folder = tmp_path / "pair"
    pipe.save_pretrained(folder)
    named = {"nothing": None, "folder": str(folder), "name": "pipeline"}[given]
    loaded = by_diffusers(folder, custom_pipeline=named, trust_remote_code=True)
    assert type(loaded) is SonoCanvasPipeline
    assert torch.equal(latents_of(loaded), latents_of(pipe))


def test_the_shipped_pair_is_loaded_by_diffusers_itself(by_diffusers):
    loaded = by_diffusers(WEIGHTS, trust_remote_code=True, dtype=torch.bfloat16)
    assert (type(loaded), loaded.config.name) == (SonoCanvasPipeline, "mini")
    assert loaded.dtype == torch.bfloat16
    assert loaded.vocoder_weights is not None


def test_diffusers_says_what_to_pass(pipe, tmp_path, by_diffusers):
    pipe.save_pretrained(tmp_path / "pair")
    with pytest.raises(ValueError, match="Pass `trust_remote_code=True`"):
        by_diffusers(tmp_path / "pair")


def test_diffusers_makes_no_class_that_we_do_not_allow(pipe, tmp_path, by_diffusers):
    pipe.save_pretrained(tmp_path / "pair")
    change_json(tmp_path / "pair" / "model_index.json", vae=["os", "system"])
    with pytest.raises(CheckpointError, match="gives vae as"):
        by_diffusers(tmp_path / "pair", trust_remote_code=True)


@pytest.fixture
def hub(pipe, tmp_path, monkeypatch):
    """Yields a hub with a pair, and a pickle and a program beside it."""
    served = TinyHub(tmp_path / "served")
    pipe.save_pretrained(served.folder / "owner" / "pair")
    (served.folder / "owner" / "pair" / "vae" / "model.bin").write_bytes(b"a pickle")
    empty_cache(tmp_path / "hub", monkeypatch)
    with online(served, monkeypatch):
        yield served


def test_a_pair_of_the_hub_is_loaded_and_no_pickle_or_program_is_fetched(pipe, hub):
    told = []
    loaded = load_pipe("owner/pair", on_warning=told.append)
    assert torch.equal(latents_of(loaded), latents_of(pipe))
    assert "Downloading owner/pair at main" in told[0]
    assert "model_index.json" in hub.asked
    assert not [name for name in hub.asked if name.endswith((".bin", ".py"))]


def test_what_is_here_is_not_fetched_again_and_works_offline(hub, monkeypatch):
    SonoCanvasPipeline.from_pretrained("owner/pair", on_warning=print)
    hub.asked.clear()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    told = []
    SonoCanvasPipeline.from_pretrained("owner/pair", on_warning=told.append)
    assert (hub.asked, told) == ([], [])


def test_a_pair_that_the_hub_does_not_have_is_one_sentence(hub):
    with pytest.raises(CheckpointError, match=r"owner/other at main; .* check name and revision"):
        SonoCanvasPipeline.from_pretrained("owner/other")


def test_no_word_of_accelerate_where_it_is_not_installed(capfd, monkeypatch):
    monkeypatch.setattr("diffusers.models.modeling_utils.is_accelerate_available", lambda: False)
    monkeypatch.setattr("diffusers.utils.import_utils._accelerate_available", False)
    SonoCanvasPipeline.from_pretrained("mini")
    assert capfd.readouterr() == ("", "")
