"""Where a checkpoint comes from: a folder, the Hub's cache, a download, or one sentence."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest
from huggingface_hub.errors import RepositoryNotFoundError
from tiny_hub import COMMIT, TinyHub, empty_cache, online, put_into

from sonocanvas.errors import CheckpointError
from sonocanvas.pairs import sd15_auffusion
from sonocanvas.pairs.hub import Source, fetch, licence_of, source_of, wanted_files

RECIPE = sd15_auffusion.RECIPE
AUDIO = {"--audio-model": RECIPE.audio}
BOTH = {"--image-model": RECIPE.image, **AUDIO}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Returns an empty cache of the Hub's client, which is offline."""
    return empty_cache(tmp_path / "hub", monkeypatch)


@pytest.fixture
def hub(saved, tmp_path, cache, monkeypatch):
    """Yields a hub with both checkpoints of the pair, and files that are not needed."""
    made = TinyHub(tmp_path / "served")
    for model, source in (("image", RECIPE.image), ("audio", RECIPE.audio)):
        folder = Path(shutil.copytree(saved / model, made.folder / source.place))
        for name in ("unet/diffusion_pytorch_model.fp16.safetensors", "v1-5-pruned.ckpt"):
            (folder / name).write_bytes(b"not needed")
    with online(made, monkeypatch):
        yield made


def test_cached_checkpoints_are_used_offline_and_told_by_commit_and_licence(saved, cache):
    put_into(cache, RECIPE.image.place, saved / "image", RECIPE.image.revision)
    put_into(cache, RECIPE.audio.place, saved / "audio")
    pair = sd15_auffusion.load()
    assert pair.vocoder is not None
    assert pair.licences == {
        "image": f"{RECIPE.image.place}@{COMMIT}: CreativeML OpenRAIL-M",
        "audio": f"{RECIPE.audio.place}@{COMMIT}: CC BY-NC-SA 4.0, not for commercial use",
    }


@pytest.mark.parametrize(
    "missing",
    [
        *("unet/diffusion_pytorch_model.bin", "vae/config.json", "tokenizer", "vocoder/vocoder.pt"),
        *("tokenizer/merges.txt", "text_encoder/config.json"),
    ],
)
def test_a_download_that_was_interrupted_is_not_taken_for_whole(saved, cache, missing):
    path = put_into(cache, RECIPE.audio.place, saved / "audio") / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(CheckpointError, match="Not on this machine and cannot be downloaded"):
        fetch(AUDIO, pytest.fail)


def test_offline_without_the_files_is_one_sentence_that_names_both_and_says_what_to_do(cache):
    with pytest.raises(CheckpointError) as caught:
        sd15_auffusion.load()
    assert str(caught.value) == (
        "Not on this machine and cannot be downloaded, since HF_HUB_OFFLINE is set: "
        "stable-diffusion-v1-5/stable-diffusion-v1-5 at 451f4fe and "
        "auffusion/auffusion-full-no-adapter at main; give your own copy as --image-model FOLDER "
        "and --audio-model FOLDER, or run once while online and without HF_HUB_OFFLINE."
    )


def test_only_what_is_missing_is_named(saved, cache):
    with pytest.raises(CheckpointError) as caught:
        sd15_auffusion.load(image_model=str(saved / "image"))
    assert "auffusion/auffusion-full-no-adapter at main; give" in str(caught.value)
    assert "stable-diffusion" not in str(caught.value)
    assert "--image-model" not in str(caught.value)


def test_without_a_network_it_says_so_at_once_and_does_not_repeat(cache, monkeypatch, capfd):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    api = huggingface_hub.HfApi(endpoint="http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.HfApi", lambda: api)
    with pytest.raises(
        CheckpointError, match="since it ended in ConnectError: auffusion"
    ) as caught:
        fetch(AUDIO, pytest.fail)
    assert "--audio-model FOLDER, or run once while online." in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_a_repository_that_the_hub_does_not_show_is_told_apart(cache, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)

    def absent(*_, **__):
        raise RepositoryNotFoundError("no", response=SimpleNamespace(headers={}, request=None))

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", absent)
    with pytest.raises(CheckpointError, match=r"check name and revision, and log in .* not public"):
        fetch(AUDIO, pytest.fail)


def test_licences_are_told_before_anything_is_downloaded_and_once(hub, capfd):
    folders = fetch(BOTH, lambda sentence: hub.asked.append(sentence))
    assert hub.asked[:2] == [
        "Downloading stable-diffusion-v1-5/stable-diffusion-v1-5 at 451f4fe; licence of the "
        "weights: CreativeML OpenRAIL-M.",
        "Downloading auffusion/auffusion-full-no-adapter at main; licence of the weights: "
        "CC BY-NC-SA 4.0, not for commercial use.",
    ]
    assert len(hub.asked[2:]) == 10 + 12
    assert not any("fp16" in name or "ckpt" in name for name in hub.asked)
    assert "Fetching 12 files: 100%" in capfd.readouterr().err  # progress
    assert [folder.name for folder in folders] == [RECIPE.image.revision, COMMIT]
    hub.asked.clear()
    assert fetch(BOTH, pytest.fail) == folders
    assert hub.asked == []


def test_what_was_downloaded_is_a_pair_that_is_used_offline(hub, monkeypatch):
    sentences = []
    pair = sd15_auffusion.load(on_warning=sentences.append)
    assert len(sentences) == 2
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    again = sd15_auffusion.load(on_warning=pytest.fail)
    assert (
        again.licences
        == pair.licences
        == {
            "image": f"{RECIPE.image.place}@{RECIPE.image.revision}: CreativeML OpenRAIL-M",
            "audio": f"{RECIPE.audio.place}@{COMMIT}: CC BY-NC-SA 4.0, not for commercial use",
        }
    )


def test_a_download_that_was_interrupted_goes_on_with_what_is_missing(hub):
    hub.withheld = "vocoder/vocoder.pt"
    with pytest.raises(CheckpointError, match="since it ended in HfHubHTTPError: auffusion"):
        fetch(AUDIO, lambda sentence: None)
    hub.withheld = ""
    hub.asked.clear()
    fetch(AUDIO, lambda sentence: None)
    assert "vocoder/vocoder.pt" in hub.asked
    assert "unet/diffusion_pytorch_model.bin" not in hub.asked


def test_another_revision_of_the_hub_is_the_one_that_is_used(hub):
    other = "f" * 40
    source = source_of(f"{RECIPE.audio.place}@{other}", RECIPE.audio)
    (folder,) = fetch({"--audio-model": source}, lambda sentence: None)
    assert licence_of(source, folder) == (
        f"{RECIPE.audio.place}@{other}: CC BY-NC-SA 4.0, not for commercial use"
    )


def test_one_form_of_weights_is_wanted_and_no_variant():
    names = [
        "README.md",
        "v1-5-pruned.ckpt",
        "model_index.json",
        "unet/config.json",
        "unet/diffusion_pytorch_model.bin",
        "unet/diffusion_pytorch_model.safetensors",
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "unet/diffusion_pytorch_model.non_ema.safetensors",
        "vae/diffusion_pytorch_model.bin",
        "vae/diffusion_pytorch_model.fp16.bin",
        "text_encoder/model-00001-of-00002.safetensors",
        "text_encoder/model-00002-of-00002.safetensors",
        "text_encoder/model.safetensors.index.json",
        "text_encoder/pytorch_model.bin",
        "tokenizer/merges.txt",
        "tokenizer/vocab.json",
        "safety_checker/model.safetensors",
        "vocoder/config.json",
        "vocoder/vocoder.pt",
    ]
    assert wanted_files(names) == [
        "README.md",
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
        "vae/diffusion_pytorch_model.bin",
        "text_encoder/model-00001-of-00002.safetensors",
        "text_encoder/model-00002-of-00002.safetensors",
        "text_encoder/model.safetensors.index.json",
        "tokenizer/merges.txt",
        "tokenizer/vocab.json",
        "vocoder/config.json",
        "vocoder/vocoder.pt",
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", RECIPE.image),
        ("owner/name", Source("owner/name")),
        ("owner/name@v1.0", Source("owner/name", "v1.0")),
        (
            f"{RECIPE.image.place}@{COMMIT}",
            Source(RECIPE.image.place, COMMIT, RECIPE.image.licence),
        ),
    ],
)
def test_a_model_is_named_by_its_repository_and_revision(given, expected):
    assert source_of(given, RECIPE.image) == expected


def test_one_file_of_a_whole_model_is_refused_with_what_makes_a_folder_of_it(tmp_path):
    file = tmp_path / "deliberate.safetensors"
    file.write_bytes(b"weights")
    with pytest.raises(CheckpointError, match=r"is a file, .*from_single_file\(FILE\)\.save_pre"):
        source_of(str(file), RECIPE.image)


def test_a_folder_comes_before_the_hub(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "owner" / "name").mkdir(parents=True)
    source = source_of("owner/name", RECIPE.image)
    assert fetch({"--image-model": source}, pytest.fail) == [Path("owner/name")]
    assert licence_of(source, Path("owner/name")) == f"name: {source.licence}"


@pytest.mark.parametrize(
    "given", ["/no/such/folder", "./folder", "folder", "a/b/c", "a/b@", "a..b/c", "a/b.git"]
)
def test_what_is_neither_folder_nor_repository_is_refused(given):
    with pytest.raises(CheckpointError, match=r"There is no folder '.*'; a model is a folder, OWN"):
        source_of(given, RECIPE.image)
