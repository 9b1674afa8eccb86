"""A pair by name: what a user adds or replaces is in it, and nothing else changes."""

import pytest
import torch
from tiny import tiny_pair
from tiny_checkpoint import save_lora

from sonocanvas.errors import CheckpointError, InvalidInputError
from sonocanvas.pairs.folder import save_folder
from sonocanvas.pairs.named import load_named


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("pair")
    save_folder(tiny_pair(), path, dtype=torch.float32)
    save_lora(path / "style.safetensors")
    return path


def changed(unet, other):
    state = other.state_dict()
    return {name for name, one in unet.state_dict().items() if not torch.equal(one, state[name])}


@pytest.mark.parametrize(("model", "other"), [("image", "audio"), ("audio", "image")])
def test_a_lora_changes_its_own_model_alone_and_is_told(folder, model, other):
    plain = load_named(f"local:{folder}")
    options = {f"{model}_lora": str(folder / "style.safetensors"), f"{model}_lora_scale": 0.5}
    pair = load_named(f"local:{folder}", **options)
    layer = "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q.weight"
    unets = getattr(plain, f"{model}_unet"), getattr(pair, f"{model}_unet")
    assert changed(*unets) == {layer}
    assert changed(getattr(plain, f"{other}_unet"), getattr(pair, f"{other}_unet")) == set()
    whole = load_named(f"local:{folder}", **{**options, f"{model}_lora_scale": 1.0})
    half, full = (
        getattr(one, f"{model}_unet").state_dict()[layer] - unets[0].state_dict()[layer]
        for one in (pair, whole)
    )
    torch.testing.assert_close(2 * half, full, atol=1e-5, rtol=0)
    about = {"weights": "CC-BY-4.0", f"{model} lora": "style.safetensors: not known"}
    assert {key: value.partition(";")[0] for key, value in pair.licences.items()} == about


def test_two_checkpoints_and_a_lora_are_put_into_a_published_pair(saved, tmp_path):
    models = {"image_model": str(saved / "image"), "audio_model": str(saved / "audio")}
    plain = load_named("sd15-auffusion", **models)
    lora = str(save_lora(tmp_path / "style.safetensors"))
    pair = load_named("sd15-auffusion", **models, image_lora=lora)
    assert len(changed(plain.image_unet, pair.image_unet)) == 1
    assert set(pair.licences) == {"image", "audio", "image lora"}


def test_a_lora_that_is_not_there_is_named_before_the_models_are_read(tmp_path):
    models = {"image_model": "no/such", "image_lora": str(tmp_path / "none.safetensors")}
    with pytest.raises(CheckpointError, match=r"no file '.*none\.safetensors' for --image-lora"):
        load_named("sd15-auffusion", **models)


def test_a_pair_that_takes_no_other_models_names_those_that_do(folder):
    with pytest.raises(InvalidInputError, match=r"takes no audio_model, but 'x' .* sd15-riffusion"):
        load_named(f"local:{folder}", audio_model="x")
