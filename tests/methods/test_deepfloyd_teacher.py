"""The first stage of DeepFloyd IF: a folder of tiny parts, read as diffusers reads it."""

import shutil

import diffusers
import pytest
import torch
from tiny_if import SIDE, as_halves, as_published, save_if

from sonocanvas.errors import CheckpointError
from sonocanvas.methods.deepfloyd import load_teacher, read_texts
from sonocanvas.methods.distillation import distil, squares
from sonocanvas.pairs import parts as reading
from sonocanvas.pairs.parts import quiet
from sonocanvas.types import Prompts

PROMPTS = Prompts(image="A castle with towers", audio="bells", negative_image="a dog")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_if(tmp_path_factory.mktemp("if"))


@pytest.fixture(scope="module")
def pipeline(folder):
    """Returns diffusers' own pipeline of the folder."""
    with quiet():
        return diffusers.IFPipeline.from_pretrained(
            folder, watermarker=None, requires_safety_checker=False
        )


def test_prompts_are_read_as_diffusers_reads_them(folder, pipeline):
    expected = pipeline.encode_prompt(
        PROMPTS.image, negative_prompt=PROMPTS.negative_image, device="cpu"
    )
    prompts = [PROMPTS.negative_image, PROMPTS.image]
    texts = read_texts(folder, prompts, "cpu", torch.float32)
    assert torch.equal(texts, torch.cat([expected[1], expected[0]]))
    assert not torch.equal(texts[0], texts[1])


def test_gradient_is_that_of_the_guided_noise_without_the_variance(folder, pipeline):
    image = torch.rand(1, 3, 32, 64, generator=torch.Generator().manual_seed(5)).requires_grad_()
    teacher = load_teacher(str(folder), PROMPTS, 4.0, crops=3)
    loss, step, seen = distil(teacher, image, torch.Generator().manual_seed(4))
    loss.backward()
    assert seen.shape == step.latents.shape == (3, 3, SIDE, SIDE)

    draws, again = torch.Generator().manual_seed(4), image.detach().clone().requires_grad_()
    views = squares(again, 3, draws)
    small = torch.nn.functional.interpolate(views, (SIDE, SIDE), mode="bilinear", antialias=True)
    views = 2 * small - 1
    timestep = torch.randint(20, 981, (1,), generator=draws)
    noise = torch.randn(views.shape, generator=draws)
    noisy = pipeline.scheduler.add_noise(views.detach(), noise, timestep)
    texts = read_texts(folder, [PROMPTS.negative_image, PROMPTS.image], "cpu", torch.float32)
    with torch.no_grad():
        without, given = (
            pipeline.unet(noisy, timestep, text.expand(3, -1, -1)).sample[:, :3] for text in texts
        )
    guided = without + 4.0 * (given - without)
    weight = 1 - pipeline.scheduler.alphas_cumprod[timestep]
    (views * weight * (guided - noise)).sum().div(3).backward()
    torch.testing.assert_close(image.grad, again.grad, atol=1e-6, rtol=1e-3)


def test_run_takes_the_pictures_loss_from_the_folder_and_says_so(
    folder, samples, pair, evaluations
):
    options = {"steps": 3, "image_start": 1.0, "crops": 2}
    (sample,) = samples(pair, "sds", options | {"if_model": str(folder)})
    assert evaluations["image"] == []
    assert f"came from '{folder}', under that model's licence" in sample.record["notes"][-1]
    (other,) = samples(pair, "sds", options)
    assert not torch.equal(sample.latent, other.latent)


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("", "There is no folder"),
        ("unet/config.json", "config.json is missing"),
        ("unet/diffusion_pytorch_model.safetensors", "holds no safetensors weights"),
        ("text_encoder/model.safetensors", "holds no safetensors weights"),
        ("tokenizer/tokenizer_config.json", "tokenizer_config.json is missing"),
        ("scheduler/scheduler_config.json", "scheduler_config.json is missing"),
    ],
)
def test_folder_that_is_not_whole_is_refused_in_one_sentence(folder, tmp_path, missing, sentence):
    home = tmp_path / "copy"
    if missing:
        for path in folder.rglob("*"):
            relative = path.relative_to(folder)
            if path.is_file() and str(relative) != missing:
                (home / relative).parent.mkdir(parents=True, exist_ok=True)
                (home / relative).symlink_to(path)
    with pytest.raises(CheckpointError, match=sentence) as caught:
        load_teacher(str(home), PROMPTS, 4.0, crops=2)
    assert "\n" not in str(caught.value)


def test_tokenizer_that_nothing_here_reads_is_refused_before_the_weights_are_read(
    folder, tmp_path, monkeypatch
):
    home = as_published(shutil.copytree(folder, tmp_path / "if"))
    monkeypatch.setattr(reading, "is_sentencepiece_available", lambda: False)
    monkeypatch.setattr(reading, "is_protobuf_available", lambda: True)
    with pytest.raises(CheckpointError) as refused:
        load_teacher(str(home), PROMPTS, 4.0, crops=2)
    sentence = f"{home / 'tokenizer'} holds a sentencepiece tokenizer; to load it, "
    assert str(refused.value) == sentence + "`pip install sentencepiece`."
    (home / "tokenizer" / "tokenizer.json").write_bytes(
        (folder / "tokenizer" / "tokenizer.json").read_bytes()
    )
    load_teacher(str(home), PROMPTS, 4.0, crops=2)  # it needs no other files


def test_folder_of_the_variant_fp16_teaches(folder, tmp_path):
    home = as_halves(shutil.copytree(folder, tmp_path / "if"))
    given, halves = (read_texts(one, ["a castle"], "cpu", torch.float32) for one in (folder, home))
    torch.testing.assert_close(halves, given, atol=0.02, rtol=0.02)
    assert load_teacher(str(home), PROMPTS, 7.0, 2).signal.shape == (1000,)
