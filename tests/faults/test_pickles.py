"""A pickle that would run code when read is refused wherever weights are read.

The code is harmless: it would create an empty file.
"""

import json
import pickle
import shutil
import zipfile

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny import tiny_pair
from tiny_checkpoint import VOCODER, save_checkpoint, save_lora
from tiny_scorers import save_clap, save_clip

from sonocanvas import SonoCanvasPipeline
from sonocanvas.errors import CheckpointError
from sonocanvas.pairs.folder import load_folder, save_folder
from sonocanvas.pairs.lora import Lora, find_lora, merge_lora
from sonocanvas.pairs.named import load_named
from sonocanvas.pairs.part_files import check_weights, read_pickle
from sonocanvas.scorers.clap import Clap
from sonocanvas.scorers.clip import Clip

PAIR = tiny_pair()
UNET = "diffusion_pytorch_model"


class Evil:
    """An object that creates a file when unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (open, (str(self.marker), "w"))


@pytest.fixture(params=["zip", "old", "plain"])
def evil(request, tmp_path):
    """Returns a function that writes an evil file in one format, and checks that nothing ran.

    One function reads all pickles, so tests of the ways to it need only one format.
    """
    marker = tmp_path / "marker"
    content = {"generator": {"a": torch.ones(2), "b": Evil(marker)}, "c": Evil(marker)}

    def write(path):
        if request.param == "plain":
            path.write_bytes(pickle.dumps(content))
        else:
            torch.save(content, path, _use_new_zipfile_serialization=request.param == "zip")
        return path

    yield write
    assert not marker.exists()


def test_it_would_run_where_pickles_are_trusted(tmp_path):
    path = tmp_path / "evil.pt"
    torch.save(Evil(tmp_path / "marker"), path)
    torch.load(path, weights_only=False).close()
    assert (tmp_path / "marker").exists()


@pytest.mark.parametrize(
    "name",
    [f"{UNET}.bin", "pytorch_model.bin", "model.pt", "vocoder.pt", "pytorch_model-1-of-2.bin"],
)
def test_weights_of_a_part_are_refused(tmp_path, evil, name):
    (tmp_path / "part").mkdir()
    path = evil(tmp_path / "part" / name)
    with pytest.raises(CheckpointError, match="code, which is never executed"):
        check_weights(path.parent, pickles=True)
    with pytest.raises(CheckpointError, match="code, which is never executed"):
        read_pickle(path)


@pytest.mark.parametrize("evil", ["zip"], indirect=True)
@pytest.mark.parametrize("name", [f"{UNET}.ckpt", "model.pkl", "model.pth", f"{UNET}.fp32.bin"])
def test_other_names_are_no_weights(tmp_path, evil, name):
    (tmp_path / "part").mkdir()
    evil(tmp_path / "part" / name)
    with pytest.raises(CheckpointError, match="holds no weights"):
        check_weights(tmp_path / "part", pickles=True)


@pytest.mark.parametrize("evil", ["zip"], indirect=True)
def test_a_file_that_an_index_names_is_refused(tmp_path, evil):
    (tmp_path / "part").mkdir()
    evil(tmp_path / "part" / "other.bin")
    index = {"weight_map": {"a": "other.bin"}}
    (tmp_path / "part" / f"{UNET}.bin.index.json").write_text(json.dumps(index))
    with pytest.raises(CheckpointError, match="code, which is never executed"):
        check_weights(tmp_path / "part", pickles=True)


@pytest.mark.parametrize("evil", ["zip"], indirect=True)
@pytest.mark.parametrize(
    ("which", "part"),
    [
        *(("image_model", part) for part in ("unet", "vae", "text_encoder")),
        *(("audio_model", part) for part in ("unet", "vae", "text_encoder", "vocoder")),
    ],
)
def test_a_checkpoint_is_refused(tmp_path, evil, part, which):
    right = save_checkpoint(tmp_path / "right", vocoder=VOCODER)
    wrong = shutil.copytree(right, tmp_path / "wrong")
    for weights in [*(wrong / part).glob("*.safetensors"), *(wrong / part).glob("*.pt")]:
        weights.unlink()
    names = {"unet": f"{UNET}.bin", "vae": f"{UNET}.bin", "vocoder": "vocoder.pt"}
    evil(wrong / part / names.get(part, "pytorch_model.bin"))
    models = {"image_model": str(right), "audio_model": str(right)} | {which: str(wrong)}
    with pytest.raises(CheckpointError, match="code, which is never executed"):
        load_named("sd15-auffusion", **models, on_warning=lambda sentence: None)


@pytest.mark.parametrize("evil", ["zip"], indirect=True)
@pytest.mark.parametrize("part", ["image_unet", "vae", "text_encoder"])
def test_a_pair_in_a_folder_is_read_from_safetensors_alone(tmp_path, evil, part):
    save_folder(PAIR, tmp_path / "pair")
    for weights in (tmp_path / "pair" / part).glob("*.safetensors"):
        weights.unlink()
    evil(tmp_path / "pair" / part / f"{UNET}.bin")
    evil(tmp_path / "pair" / part / "pytorch_model.bin")
    for load in (load_folder, SonoCanvasPipeline.from_pretrained):
        with pytest.raises(CheckpointError, match=f"{part} holds no safetensors weights"):
            load(tmp_path / "pair")


@pytest.mark.parametrize("evil", ["zip"], indirect=True)
@pytest.mark.parametrize("name", ["lora.bin", "lora.pt", "lora.ckpt", "lora.safetensors"])
def test_a_lora_is_refused(tmp_path, evil, name):
    path = evil(tmp_path / name)
    with pytest.raises(CheckpointError):
        merge_lora(PAIR.image_unet, Lora(path, "evil"), 1.0, pytest.fail)
    if path.suffix != ".safetensors":
        for given in (path, tmp_path):
            with pytest.raises(CheckpointError, match=r"is a file, but|holds 0 safetensors files"):
                find_lora(str(given), "--image-lora", pytest.fail)


@pytest.mark.parametrize("evil", ["zip"], indirect=True)
@pytest.mark.parametrize(("save", "scorer"), [(save_clip, Clip), (save_clap, Clap)])
def test_a_scorer_is_refused(tmp_path, evil, save, scorer):
    folder = save(tmp_path / "model")
    (folder / "model.safetensors").unlink()
    evil(folder / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match="code, which is never executed"):
        scorer(model=str(folder))


def test_tensors_that_claim_more_than_is_saved_are_refused(tmp_path):
    torch.save({"a": torch.ones(1).expand(10**6, 10**6)}, tmp_path / "model.bin")
    assert (tmp_path / "model.bin").stat().st_size < 2_000
    with pytest.raises(CheckpointError, match="broken or holds more than tensors"):
        read_pickle(tmp_path / "model.bin")


def test_an_archive_that_unpacks_to_more_is_refused(tmp_path):
    torch.save({"a": torch.zeros(10**6)}, tmp_path / "right.bin")
    with (
        zipfile.ZipFile(tmp_path / "right.bin") as right,
        zipfile.ZipFile(tmp_path / "model.bin", "w", zipfile.ZIP_DEFLATED) as squeezed,
    ):
        for name in right.namelist():
            squeezed.writestr(name, right.read(name))
    assert torch.equal(read_pickle(tmp_path / "right.bin")["a"], torch.zeros(10**6))
    with pytest.raises(CheckpointError, match="broken or holds more than tensors"):
        read_pickle(tmp_path / "model.bin")


def lora_with(folder, options):
    """Returns a LoRA of rank 2 whose file has these peft options."""
    path = save_lora(folder / "lora.safetensors")
    tensors = load_file(path)
    layer = next(iter(tensors)).partition(".lora_")[0]
    told = {"r": 2, "lora_alpha": 2, "target_modules": [layer]} | options
    save_file(tensors, path, {"lora_adapter_metadata": json.dumps(told)})
    return path


@pytest.mark.parametrize(
    "options",
    [
        {"r": 10**9},
        {"r": "2"},
        {"lora_alpha": float("inf")},
        {"target_modules": "(a+)+$"},
        {"target_modules": ["(.*a){20}"]},
        {"rank_pattern": {"(a|a)*": 2}},
        {"alpha_pattern": {"to_q": "x"}},
    ],
    ids=str,
)
def test_options_of_a_lora_are_numbers_and_names(tmp_path, options):
    path = lora_with(tmp_path, options)
    with pytest.raises(CheckpointError, match=f"its option '{next(iter(options))}' is"):
        merge_lora(PAIR.image_unet, Lora(path, "mine"), 1.0, pytest.fail)


@pytest.mark.parametrize("options", [{"r": 3}, {"rank_pattern": {"to_q": 65_536}}], ids=str)
def test_options_of_a_lora_ask_for_no_more_than_its_rank(tmp_path, options):
    path = lora_with(tmp_path, options)
    with pytest.raises(CheckpointError, match=r"its options have the rank .*, and its weights 2"):
        merge_lora(PAIR.image_unet, Lora(path, "mine"), 1.0, pytest.fail)


def test_a_lora_names_no_module_to_import(tmp_path, monkeypatch):
    (tmp_path / "evil_module.py").write_text(f"open({str(tmp_path / 'marker')!r}, 'w')")
    monkeypatch.syspath_prepend(tmp_path)
    options = {"megatron_config": {"a": 1}, "megatron_core": "evil_module"}
    path = lora_with(tmp_path, options)
    merge_lora(tiny_pair().image_unet, Lora(path, "mine"), 1.0, pytest.fail)
    assert not (tmp_path / "marker").exists()
