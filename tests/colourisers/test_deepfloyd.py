"""`deepfloyd`: a folder in IF's layout paints in pixels, square by square."""

import dataclasses
import shutil

import pytest
import torch
from tiny_if import SIDE, as_published, save_if, tiny_if_unet
from torch import nn

from sonocanvas.colourisers.deepfloyd import DeepFloyd, Strip, load_if, read_prompt
from sonocanvas.errors import CheckpointError, InvalidInputError
from sonocanvas.pairs import parts

QUICK = {"steps": 3, "start_step": 1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(save_if(tmp_path_factory.mktemp("if")))


@pytest.fixture(scope="module")
def unet():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return tiny_if_unet().eval()


def evaluate(unet, latents):
    text = torch.randn(1, 5, 16, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return unet(latents, torch.tensor(500), encoder_hidden_states=text, return_dict=False)[0]


def noise(width):
    return torch.randn(1, 3, SIDE, width, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("columns", [64, 57, 20])
def test_picture_has_the_canvas_as_its_gray_and_some_colour(sample, paint, folder, columns):
    sample = dataclasses.replace(sample, canvas=sample.canvas[:, :columns].contiguous())
    colour = paint(DeepFloyd(folder=folder, samples=2, **QUICK), sample)
    assert colour.pictures.shape == (2, 3, 32, columns)
    gray = (colour.pictures * 255).round().sum(dim=1) / 3
    assert torch.equal(gray, (sample.canvas * 255).round().expand(2, -1, -1))
    assert colour.pictures.std(dim=1).mean() > 1 / 255
    assert not torch.equal(colour.pictures[0], colour.pictures[1])
    assert colour.record["name"] == "deepfloyd"
    assert colour.record["folder"] == folder


def test_gray_of_every_prediction_is_the_small_canvas(sample, paint, folder):
    seen = []
    canvas = torch.full((32, 64), 128 / 255)
    paint(
        DeepFloyd(folder=folder, **QUICK),
        dataclasses.replace(sample, canvas=canvas),
        on_step=lambda step, clean: seen.append((clean / 2 + 0.5).mean(dim=1)),
    )
    assert len(seen) == 3
    assert all(gray.shape == (1, SIDE, 32) for gray in seen)
    assert all(torch.allclose(gray, torch.tensor(128 / 255), atol=1e-3) for gray in seen)


def test_strip_of_one_square_is_the_noise_of_the_unet_alone(unet):
    square = noise(SIDE)
    assert torch.equal(evaluate(Strip(unet), square), evaluate(unet, square)[:, :3])


def test_strip_is_the_mean_of_squares_that_overlap_by_half(unet):
    strip = noise(2 * SIDE)
    half = SIDE // 2
    squares = [evaluate(unet, strip[..., left : left + SIDE])[:, :3] for left in (0, half, SIDE)]
    made = evaluate(Strip(unet), strip)
    assert torch.allclose(made[..., :half], squares[0][..., :half], atol=1e-5)
    middle = (squares[0][..., half:] + squares[1][..., :half]) / 2
    assert torch.allclose(made[..., half:SIDE], middle, atol=1e-5)
    assert torch.allclose(made[..., -half:], squares[2][..., half:], atol=1e-5)


class Copy(nn.Module):
    """A UNet that predicts its input as noise, so a strip of any width must come back unchanged."""

    device, dtype = torch.device("cpu"), torch.float32

    def forward(self, squares, timestep, encoder_hidden_states, **options):
        return (torch.cat([squares, 0 * squares], dim=1),)


@pytest.mark.parametrize("width", [16, 17, 24, 31, 64, 77])
def test_every_column_is_seen(width):
    assert torch.allclose(evaluate(Strip(Copy()), noise(width)), noise(width), atol=1e-6)


@pytest.mark.parametrize(
    ("given", "kind", "sentence"),
    [
        ("", InvalidInputError, "needs a folder with DeepFloyd IF"),
        ("none", InvalidInputError, "There is no folder 'none' with DeepFloyd IF"),
        ("empty", CheckpointError, "'empty' is not the first stage of DeepFloyd IF"),
    ],
)
def test_folder_that_is_not_one_of_if_is_refused(tmp_path, monkeypatch, given, kind, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(kind, match=sentence):
        DeepFloyd(folder=given)(None, "cpu", None)


def test_tokenizer_that_nothing_here_reads_is_refused_with_what_to_install(
    folder, tmp_path, monkeypatch
):
    home = as_published(shutil.copytree(folder, tmp_path / "if"))
    for name in ("is_sentencepiece_available", "is_protobuf_available"):
        monkeypatch.setattr(parts, name, lambda: False)
    with pytest.raises(CheckpointError, match=r"`pip install sentencepiece protobuf`\.$"):
        DeepFloyd(folder=str(home))(None, "cpu", None)


def test_float16_leaves_the_weights_of_t5_that_need_it_in_float32(folder):
    pipeline = load_if(folder, "cpu", torch.float16)
    kinds = {name: weight.dtype for name, weight in pipeline.text_encoder.named_parameters()}
    outer = {name for name in kinds if ".wo." in name}
    assert outer
    assert {kinds[name] for name in outer} == {torch.float32}
    assert {kind for name, kind in kinds.items() if name not in outer} == {torch.float16}
    assert pipeline.unet.dtype == torch.float16


def test_on_a_processor_all_is_float32(folder):
    pipeline = load_if(folder, "cpu")
    assert {pipeline.unet.dtype, pipeline.text_encoder.dtype} == {torch.float32}


def test_the_text_encoder_goes_back_where_it_was(folder, monkeypatch):
    pipeline = load_if(folder, "cpu")
    asked = []
    monkeypatch.setattr(pipeline.text_encoder, "to", lambda device: asked.append(str(device)))
    text, negative = read_prompt(pipeline, "a castle")
    assert asked == ["cpu", "cpu"]
    assert text.shape == negative.shape
