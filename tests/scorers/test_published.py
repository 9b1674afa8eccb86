import shutil

import pytest
from tiny_hub import empty_cache, put_into
from tiny_scorers import save_clip

from sonocanvas.errors import CheckpointError
from sonocanvas.scorers.clap import Clap
from sonocanvas.scorers.clip import CLIP, Clip


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Returns an empty cache of the Hub's client, which is offline."""
    return empty_cache(tmp_path / "hub", monkeypatch)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_clip(tmp_path_factory.mktemp("clip"))


@pytest.mark.parametrize(
    ("scorer", "place"),
    [(Clip, "openai/clip-vit-base-patch16"), (Clap, "laion/clap-htsat-unfused")],
)
def test_offline_without_the_model_is_one_sentence_that_says_what_to_do(cache, scorer, place):
    with pytest.raises(CheckpointError) as caught:
        scorer()
    assert str(caught.value) == (
        f"Not on this machine and cannot be downloaded, since HF_HUB_OFFLINE is set: {place} at "
        "main; give your own copy as the option 'model': a FOLDER, or run once while online "
        "and without HF_HUB_OFFLINE."
    )


def test_a_cached_model_is_used_offline(cache, folder):
    snapshot = put_into(cache, CLIP.place, folder)
    assert Clip().model == CLIP.place
    (snapshot / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match="Not on this machine"):
        Clip()


def test_no_folder_and_no_name_of_the_hub_is_refused():
    with pytest.raises(CheckpointError, match="There is no folder 'no such folder'"):
        Clip(model="no such folder")


def test_a_folder_of_another_model_is_refused(folder):
    with pytest.raises(CheckpointError, match="ClapModel"):
        Clap(model=str(folder))


def test_a_folder_without_a_processor_is_refused(folder, tmp_path):
    for name in ("config.json", "model.safetensors"):
        shutil.copy(folder / name, tmp_path)
    with pytest.raises(CheckpointError, match="cannot be loaded as CLIPProcessor"):
        Clip(model=str(tmp_path))
