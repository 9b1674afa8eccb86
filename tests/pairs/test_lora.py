"""A LoRA changes a UNet like weights merged by hand, or one sentence says why not."""

import pytest
import torch
from safetensors.torch import save_file
from tiny import tiny_unet
from tiny_hub import COMMIT, empty_cache, put_into

from sonocanvas.errors import CheckpointError
from sonocanvas.pairs.lora import Lora, find_lora, merge_lora

BLOCK = "down_blocks.1.attentions.0.transformer_blocks.0"
LINEAR = (f"{BLOCK}.attn1.to_q", f"{BLOCK}.attn2.to_k", f"{BLOCK}.attn2.to_out.0")
MODULES = (*LINEAR, "down_blocks.0.resnets.0.conv1")
RANK = 3
ALPHA = 6.0


def seeded_unet(seed=0, **options):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return tiny_unet(**options).eval().requires_grad_(False)


def change_of(unet, modules=MODULES):
    """Returns the two factors (A, B) of each module's change."""
    generator = torch.Generator().manual_seed(1)
    factors = {}
    for name in modules:
        weight = unet.get_submodule(name).weight
        inner = (RANK, *weight.shape[1:])
        outer = (weight.shape[0], RANK, *[1] * (weight.ndim - 2))
        factors[name] = [torch.randn(shape, generator=generator) / 4 for shape in (inner, outer)]
    return factors


def as_peft(factors):
    names = ("lora_A.weight", "lora_B.weight")
    return {
        f"{module}.{name}": tensor
        for module, both in factors.items()
        for name, tensor in zip(names, both, strict=True)
    }


def as_diffusers(factors):
    """Returns the tensors with diffusers' names: its training scripts' old ones for attention."""
    old = {"lora_A": "lora.down", "lora_B": "lora.up"}
    tensors = {f"unet.{name}": tensor for name, tensor in as_peft(factors).items()}
    for new, before in old.items():
        tensors = {
            name.replace(new, before) if ".attn" in name else name: tensor
            for name, tensor in tensors.items()
        }
    return tensors


def as_kohya(factors):
    tensors = {}
    for module, (inner, outer) in factors.items():
        name = f"lora_unet_{module.replace('.', '_')}"
        tensors |= {f"{name}.lora_down.weight": inner, f"{name}.lora_up.weight": outer}
        tensors[f"{name}.alpha"] = torch.tensor(ALPHA)
    return tensors


def merged_by_hand(unet, factors, scale):
    """Returns another UNet with W + scale * B A in each module."""
    state = {name: tensor.clone() for name, tensor in unet.state_dict().items()}
    for module, (inner, outer) in factors.items():
        state[f"{module}.weight"] += scale * torch.einsum("or...,ri...->oi...", outer, inner)
    other = seeded_unet()
    other.load_state_dict(state)
    return other


def output_of(unet):
    generator = torch.Generator().manual_seed(2)
    latents = torch.randn(2, 4, 8, 16, generator=generator)
    text = torch.randn(2, 16, 16, generator=generator)
    with torch.no_grad():
        return unet(latents, 500, encoder_hidden_states=text).sample


def saved(path, tensors):
    save_file(tensors, path, metadata={"format": "pt"})
    return path


def merge(unet, path, scale=1.0, on_warning=pytest.fail):
    merge_lora(unet, Lora(path, "mine"), scale, on_warning)


@pytest.mark.parametrize("scale", [1.0, -0.5])
@pytest.mark.parametrize(
    ("layout", "modules", "own_scale"),
    [
        (as_peft, MODULES, 1.0),
        (as_diffusers, MODULES, 1.0),
        (as_kohya, LINEAR, ALPHA / RANK),
    ],
)
def test_output_is_that_of_weights_merged_by_hand(tmp_path, layout, modules, own_scale, scale):
    unet = seeded_unet()
    factors = change_of(unet, modules)
    before, expected = output_of(unet), merged_by_hand(unet, factors, own_scale * scale)
    merge(unet, saved(tmp_path / "lora.safetensors", layout(factors)), scale)
    assert (output_of(unet) - before).abs().max() > 1e-2
    torch.testing.assert_close(output_of(unet), output_of(expected), atol=1e-5, rtol=0)
    assert unet.state_dict().keys() == expected.state_dict().keys()
    assert not any(weight.requires_grad for weight in unet.parameters())


def test_the_alpha_that_peft_saves_is_used(tmp_path):
    from peft import LoraConfig

    trained = seeded_unet()
    config = LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=["to_q"], init_lora_weights=False)
    trained.add_adapter(config)
    trained.save_lora_adapter(tmp_path)
    unet = seeded_unet()
    merge(unet, find_lora(str(tmp_path), "--image-lora", pytest.fail).file)
    torch.testing.assert_close(output_of(unet), output_of(trained.eval()), atol=1e-5, rtol=0)


def test_two_loras_add_up(tmp_path):
    unet = seeded_unet()
    factors = change_of(unet)
    path = saved(tmp_path / "lora.safetensors", as_peft(factors))
    expected = merged_by_hand(unet, factors, 1.5)
    merge(unet, path)
    merge(unet, path, 0.5)
    torch.testing.assert_close(output_of(unet), output_of(expected), atol=1e-5, rtol=0)


def test_the_part_for_the_text_encoder_is_left_out_and_told(tmp_path):
    unet = seeded_unet()
    factors, sentences = change_of(unet), []
    expected = merged_by_hand(unet, factors, 1.0)
    text = {"text_encoder.layers.0.self_attn.q_proj.lora_A.weight": torch.ones(3, 16)}
    path = saved(tmp_path / "lora.safetensors", as_diffusers(factors) | text)
    merge(unet, path, on_warning=sentences.append)
    assert sentences == [
        "lora.safetensors also changes the text encoder; only the unet is changed."
    ]
    torch.testing.assert_close(output_of(unet), output_of(expected), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        (
            {f"{LINEAR[0]}.lora_A.weight": torch.ones(3, 8)},
            r"it lacks one of .*to_q\.lora_A\.weight and",
        ),
        ({"mid.to_q.lora_A.weight": torch.ones(3, 32)}, "has no attribute `mid`"),
        ({"text_encoder.to_q.lora_A.weight": torch.ones(3, 32)}, "it holds nothing for the unet"),
        ({"conv_in.weight": torch.ones(3)}, "not a LoRA for this model"),
        ({f"{LINEAR[0]}.lora_magnitude_vector": torch.ones(3)}, "belongs to a DoRA, LoKr or LoHa"),
        ({"lora_unet_mid.hada_w1_a": torch.ones(3)}, "belongs to a DoRA, LoKr or LoHa"),
    ],
)
def test_a_file_that_does_not_fit_is_one_sentence(tmp_path, capfd, tensors, message):
    path = saved(tmp_path / "lora.safetensors", tensors)
    with pytest.raises(CheckpointError, match=message) as caught:
        merge(seeded_unet(), path)
    assert str(caught.value).startswith(f"{path} is not a LoRA for this model: ")
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_a_lora_of_a_wider_model_is_refused_with_both_shapes(tmp_path):
    wider = seeded_unet(block_out_channels=(16, 64))
    path = saved(tmp_path / "lora.safetensors", as_peft(change_of(wider)))
    with pytest.raises(CheckpointError, match=r"\(64, 64\) in the file and \(32, 32\)"):
        merge(seeded_unet(), path)


def test_a_broken_file_is_named(tmp_path):
    path = tmp_path / "lora.safetensors"
    path.write_bytes(b"not tensors")
    with pytest.raises(CheckpointError, match=r"lora\.safetensors is not a LoRA for this model"):
        merge(seeded_unet(), path)


def find(given, on_warning=pytest.fail):
    return find_lora(str(given), "--image-lora", on_warning)


def test_a_file_or_the_only_one_in_a_folder_is_found(tmp_path):
    path = saved(tmp_path / "style.safetensors", {"a": torch.ones(1)})
    (tmp_path / "README.md").write_text("---\nlicense: mit\n---\n")
    assert find(path) == Lora(
        path, "style.safetensors: not known; see where the checkpoint came from"
    )
    assert find(tmp_path) == Lora(path, f"{tmp_path.name}: mit")
    other = saved(tmp_path / "z.safetensors", {"a": torch.ones(1)})
    with pytest.raises(
        CheckpointError, match=r"2 safetensors files .*style.safetensors, z.safetensors\); give"
    ):
        find(tmp_path)
    usual = other.rename(tmp_path / "pytorch_lora_weights.safetensors")
    assert find(tmp_path).file == usual


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("styles/none.safetensors", r"no file 'styles/none\.safetensors' for --image-lora"),
        ("style.bin", r"There is no folder 'style\.bin'"),
        (".", "holds 0 safetensors files; give the one that is the LoRA as --image-lora"),
        ("owner/style", "HF_HUB_OFFLINE is set: owner/style at main; give .* --image-lora FOLDER"),
    ],
)
def test_a_lora_that_is_not_there_is_one_sentence(tmp_path, monkeypatch, given, message):
    monkeypatch.chdir(tmp_path)
    empty_cache(tmp_path / "hub", monkeypatch)
    with pytest.raises(CheckpointError, match=message) as caught:
        find(given, lambda sentence: None)
    assert "\n" not in str(caught.value)


def test_a_lora_in_the_cache_is_used_offline_and_told_by_its_commit(tmp_path, monkeypatch):
    (tmp_path / "style").mkdir()
    saved(tmp_path / "style" / "style.safetensors", {"a": torch.ones(1)})
    cache = empty_cache(tmp_path / "hub", monkeypatch)
    snapshot = put_into(cache, "owner/style", tmp_path / "style")
    found = find("owner/style")
    assert found.file == snapshot / "style.safetensors"
    assert found.about.startswith(f"owner/style@{COMMIT}: not known")


def test_without_peft_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("sonocanvas.pairs.lora.USE_PEFT_BACKEND", False)
    with pytest.raises(
        CheckpointError, match=r"--image-lora needs peft.*pip install 'peft>=0\.17'"
    ):
        find(tmp_path)
