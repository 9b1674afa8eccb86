import copy
import dataclasses
import re
import shutil

import diffusers
import pytest
import torch
from tiny import (
    SCHEDULER_CONFIG,
    TINY_FORMAT,
    tiny_pair,
    tiny_text_encoder,
    tiny_tokenizer,
    tiny_unet,
)
from tiny_checkpoint import change_json
from tiny_pipe import after_two_steps, phase_net_weights

from sonocanvas.errors import CheckpointError
from sonocanvas.pairs import mini
from sonocanvas.pairs.folder import check_pair, load_folder, save_folder
from sonocanvas.types import VOCODER_KEYS

PARTS = ("vae", "image_unet", "audio_unet", "image_text_encoder", "audio_text_encoder")


@pytest.fixture(scope="module")
def pair():
    return tiny_pair()


@pytest.fixture(scope="module")
def saved(pair, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    save_folder(pair, folder, max_shard_size="60KB", dtype=torch.float32)
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    """Returns a saved pair in shards that a test may damage."""
    return shutil.copytree(saved, tmp_path / "pair")


def test_a_saved_pair_comes_back_bit_for_bit(pair, folder):
    loaded = load_folder(folder)
    for part in PARTS:
        expected, weights = getattr(pair, part).state_dict(), getattr(loaded, part).state_dict()
        assert expected.keys() == weights.keys()
        assert all(torch.equal(expected[name], weights[name]) for name in expected)
    for field in dataclasses.fields(pair):
        if field.name not in PARTS and not field.name.endswith("tokenizer"):
            assert getattr(loaded, field.name) == getattr(pair, field.name)
    assert loaded.image_text_encoder is loaded.audio_text_encoder
    text = "A castle, and a zeppelin"
    assert loaded.image_tokenizer(text).input_ids == pair.image_tokenizer(text).input_ids
    assert loaded.image_tokenizer.model_max_length == pair.image_tokenizer.model_max_length


def test_a_loaded_pair_is_channels_last_and_samples_the_same(pair, folder):
    loaded = load_folder(folder)
    for weight in (loaded.image_unet.conv_in.weight, loaded.vae.decoder.conv_in.weight):
        assert weight.is_contiguous(memory_format=torch.channels_last)
        assert not weight.is_contiguous()
    expected = after_two_steps(pair)
    assert torch.equal(after_two_steps(loaded), expected)
    rows = dataclasses.replace(
        pair,
        image_unet=copy.deepcopy(pair.image_unet).to(memory_format=torch.contiguous_format),
        audio_unet=copy.deepcopy(pair.audio_unet).to(memory_format=torch.contiguous_format),
    )
    assert (after_two_steps(rows) - expected).abs().max() < 1e-4


def test_loaded_models_are_ready_to_sample(folder):
    loaded = load_folder(folder, dtype=torch.bfloat16)
    for part in PARTS:
        model = getattr(loaded, part)
        assert not model.training
        assert model.dtype == torch.bfloat16
        assert not any(weight.requires_grad for weight in model.parameters())


def test_weights_are_saved_in_half_precision_in_shards_and_the_pair_is_not_changed(pair, tmp_path):
    save_folder(pair, tmp_path, max_shard_size="30KB")
    assert len(list((tmp_path / "image_unet").glob("*.safetensors"))) > 1
    assert pair.image_unet.dtype == torch.float32
    loaded = load_folder(tmp_path)
    name, weight = next(iter(pair.image_unet.state_dict().items()))
    assert torch.equal(loaded.image_unet.state_dict()[name], weight.half().float())


def test_two_text_encoders_are_kept_apart(tmp_path):
    two = tiny_pair(audio_text_encoder=tiny_text_encoder(), audio_tokenizer=tiny_tokenizer())
    save_folder(two, tmp_path, dtype=torch.float32)
    loaded = load_folder(tmp_path)
    name = "final_layer_norm.weight"
    for part in ("image_text_encoder", "audio_text_encoder"):
        saved, read = getattr(two, part).state_dict(), getattr(loaded, part).state_dict()
        assert all(torch.equal(saved[name], read[name]) for name in saved)
        assert name in saved
    assert loaded.image_text_encoder is not loaded.audio_text_encoder


def test_two_tokenizers_may_share_a_text_encoder(tmp_path):
    fewer = tiny_tokenizer()
    fewer.add_tokens("zither")
    save_folder(tiny_pair(audio_tokenizer=fewer), tmp_path)
    assert (tmp_path / "text_encoder").is_dir()
    loaded = load_folder(tmp_path)
    assert loaded.image_text_encoder is loaded.audio_text_encoder
    assert "zither" in loaded.audio_tokenizer.get_vocab()
    assert "zither" not in loaded.image_tokenizer.get_vocab()


def test_the_autoencoder_may_be_of_the_other_allowed_class(tmp_path):
    vae = diffusers.AutoencoderDC(
        in_channels=3,
        latent_channels=4,
        encoder_block_types="ResBlock",
        decoder_block_types="ResBlock",
        encoder_block_out_channels=(8, 8, 16),
        decoder_block_out_channels=(8, 8, 16),
        encoder_layers_per_block=(1, 1, 1),
        decoder_layers_per_block=(1, 1, 1),
        encoder_qkv_multiscales=((), (), ()),
        decoder_qkv_multiscales=((), (), ()),
    )
    save_folder(tiny_pair(vae=vae), tmp_path)
    assert isinstance(load_folder(tmp_path).vae, diffusers.AutoencoderDC)


def test_loading_and_saving_print_nothing(pair, tmp_path, capfd):
    save_folder(pair, tmp_path, max_shard_size="60KB")
    load_folder(tmp_path)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("part", ["vae", "audio_unet", "text_encoder"])
def test_a_truncated_weight_file_is_named(folder, part):
    path = sorted((folder / part).glob("*.safetensors"))[-1]
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match=f"{re.escape(str(path))} is broken"):
        load_folder(folder)


@pytest.mark.parametrize("content", [b"", b"not weights at all", b"\x00" * 64])
def test_a_weight_file_that_is_none_is_named(folder, content):
    path = sorted((folder / "image_unet").glob("*.safetensors"))[0]
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=f"{re.escape(str(path))} is broken"):
        load_folder(folder)


def test_a_missing_shard_is_named_before_any_model_is_built(folder, monkeypatch):
    path = sorted((folder / "audio_unet").glob("*.safetensors"))[1]
    path.unlink()
    monkeypatch.setattr("sonocanvas.pairs.folder.load_part", None)
    with pytest.raises(CheckpointError, match=f"{re.escape(str(path))} is missing"):
        load_folder(folder)


@pytest.mark.parametrize(
    "name",
    [
        "model_index.json",
        "scheduler/scheduler_config.json",
        "tokenizer/tokenizer_config.json",
        "audio_unet/config.json",
    ],
)
def test_a_missing_or_broken_description_is_named(folder, name, monkeypatch):
    monkeypatch.setattr("sonocanvas.pairs.folder.load_part", None)
    (folder / name).write_text("{")
    with pytest.raises(CheckpointError, match=f"{re.escape(name)} is not JSON"):
        load_folder(folder)
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=f"{re.escape(name)} is missing"):
        load_folder(folder)


def test_a_missing_vocabulary_is_named(folder):
    (folder / "tokenizer" / "tokenizer.json").unlink()
    with pytest.raises(CheckpointError, match="tokenizer cannot be loaded as TokenizersBackend"):
        load_folder(folder)


def test_weights_that_lack_a_tensor_are_refused(folder):
    change_json(folder / "vae" / "config.json", layers_per_block=2)
    with pytest.raises(CheckpointError, match="vae lacks weights of AutoencoderKL, first of all"):
        load_folder(folder)


def test_weights_of_another_width_are_refused(folder):
    change_json(folder / "image_unet" / "config.json", in_channels=5)
    with pytest.raises(CheckpointError, match="image_unet cannot be loaded as UNet2DCondition"):
        load_folder(folder)


@pytest.mark.parametrize("given", [["os", "system"], ["diffusers", "UNet2DModel"], None])
def test_a_class_that_is_not_allowed_is_refused(folder, given):
    change_json(folder / "model_index.json", vae=given)
    with pytest.raises(CheckpointError, match=r"gives vae as .*diffusers\.AutoencoderKL"):
        load_folder(folder)


@pytest.mark.parametrize(
    "changes",
    [{"canvas_format": {"mels": 32}}, {"latent_shape": [4, 8]}, {"crop_columns": "some"}],
)
def test_a_wrong_value_in_the_index_is_refused(folder, changes):
    change_json(folder / "model_index.json", **changes)
    with pytest.raises(CheckpointError, match=r"model_index\.json lacks a value or has a wrong"):
        load_folder(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"latent_shape": (8, 8, 16)}, "latent_shape is 8, but latent channels of vae is 4"),
        ({"image_unet": tiny_unet(8)}, "is 4, but input channels of image_unet is 8"),
        ({"audio_unet": tiny_unet(8)}, "is 4, but input channels of audio_unet is 8"),
        ({"audio_unet": tiny_unet(out_channels=8)}, "output channels of audio_unet is 8"),
        ({"audio_unet": tiny_unet(cross_attention_dim=24)}, "encoder is 16, but audio_unet is 24"),
        ({"latent_shape": (4, 16, 16)}, "mels of canvas_format is 32, but rows of vae is 64"),
        (
            {"scheduler_config": SCHEDULER_CONFIG | {"prediction_type": "v_prediction"}},
            "is epsilon, but scheduler is v_prediction",
        ),
    ],
)
def test_parts_that_do_not_belong_together_are_named_with_both_values(tmp_path, changes, message):
    save_folder(tiny_pair(**changes), tmp_path)
    with pytest.raises(CheckpointError, match=message):
        load_folder(tmp_path)


def test_missing_shipped_weights_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(mini, "WEIGHTS", tmp_path / "mini")
    with pytest.raises(CheckpointError, match=re.escape(str(tmp_path / "mini"))):
        mini.load()


def test_mini_is_the_folder_of_the_shipped_weights(folder, monkeypatch):
    monkeypatch.setattr(mini, "WEIGHTS", folder)
    assert mini.load("cpu", torch.float32).name == "tiny"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_mels": 80}, "mels of canvas_format is 32, but num_mels of the vocoder is 80"),
        ({"num_mels": 32}, "hop_samples of canvas_format is 64, but hop_size .* is 160"),
        ({"num_mels": 32, "hop_size": None}, "is 64, but hop_size of the vocoder is None"),
    ],
)
def test_a_phase_network_of_another_canvas_is_refused_with_both_values(changes, message):
    with pytest.raises(CheckpointError, match=message):
        check_pair(tiny_pair(vocoder=phase_net_weights(**changes)))


def test_a_phase_network_of_the_canvas_is_saved_and_loaded_with_the_pair(tmp_path):
    same = {key: getattr(TINY_FORMAT, field) for key, field in VOCODER_KEYS.items()}
    pair = tiny_pair(vocoder=phase_net_weights(**same))
    save_folder(pair, tmp_path)
    loaded = load_folder(tmp_path).vocoder
    assert loaded.config == pair.vocoder.config
    assert loaded.kind == "phase_net"
    for name, tensor in pair.vocoder.tensors.items():
        assert torch.equal(loaded.tensors[name], tensor)
