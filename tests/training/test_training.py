"""The training programs at tiny size: they learn, resume and keep held-out items out."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from sonocanvas.training.autoencoder import Crops, new_autoencoder, psnr_db, reconstruction_loss
from sonocanvas.training.drawings import SIDE, Drawing, manifest, render
from sonocanvas.training.loop import train
from sonocanvas.training.pack import Pack, read_pack, write_pack
from sonocanvas.training.recordings import Clip
from sonocanvas.training.towers import (
    learn_words,
    load_towers,
    new_tokenizer,
    new_towers,
    save_towers,
    tokenize,
)
from sonocanvas.training.unet import compile_checked, denoising_loss, new_unet, noise_times
from sonocanvas.training.views import (
    arrange,
    concepts,
    drawing_view,
    held_out,
    picture_caption,
    sound_canvas,
)


@pytest.fixture
def disc():
    rows, columns = np.ogrid[:SIDE, :SIDE]
    return (255 * ((rows - 128) ** 2 + (columns - 128) ** 2 < 80**2)).astype(np.uint8)


@pytest.fixture
def tone():
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(8000) / 16000)).astype(np.float32)


def test_every_drawing_has_a_concept_a_source_and_an_allowed_licence():
    allowed = {"MIT", "Apache-2.0", "CC-BY-3.0", "CC-BY-4.0", "CC0-1.0"}
    assert {row["licence"] for row in manifest()} <= allowed
    drawn = {row["concept"] for row in manifest()}
    assert {row["id"] for row in concepts()} <= drawn


def test_a_tenth_of_the_drawings_is_held_out():
    share = np.mean([held_out(row["source"] + row["caption"]) for row in manifest()])
    assert 0.07 < share < 0.13


def test_a_dark_drawing_is_inverted_and_fills_its_square():
    body = '<rect x="2" y="2" width="4" height="4" fill="#111"/>'
    icon_set = {"width": 8, "height": 8, "icons": {"box": {"body": body}}}
    pixels = render(icon_set, "box")
    assert pixels.shape == (SIDE, SIDE)
    assert pixels[128, 128] > 200
    assert (pixels > 48).mean() > 0.7


def test_a_pack_comes_back_as_it_was_written(tmp_path, disc, tone):
    drawing = Drawing("set:disc", "disc", "a disc", "set", "MIT", disc)
    clip = Clip("tone", "a tone", "tone", "us", "CC0-1.0", tone)
    write_pack(Pack([drawing], [clip]), tmp_path / "pack.zip")
    back = read_pack(tmp_path / "pack.zip")
    np.testing.assert_array_equal(back.drawings[0].pixels, disc)
    assert back.clips[0].id == "tone"
    assert np.corrcoef(back.clips[0].samples, tone)[0, 1] > 0.95  # Vorbis is lossy


def test_views_are_seeded_and_keep_the_object(disc):
    one, two, other = (drawing_view(disc, np.random.default_rng(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, two)
    assert (one != other).any()
    assert one[118:138, 118:138].mean() > 150


def test_a_short_sound_is_repeated_over_the_whole_canvas(tone):
    track = arrange(tone, np.random.default_rng(0))
    canvas = sound_canvas(track)
    assert canvas.shape == (256, 1024)
    loud = canvas.max(axis=0) > 100
    assert loud[:512].mean() > 0.4
    assert loud[512:].mean() > 0.4


def test_captions_name_the_concept():
    rng = np.random.default_rng(0)
    assert all("owl" in picture_caption("owl", rng) for _ in range(10))


@pytest.mark.parametrize("muon", [False, True])
def test_training_lowers_the_loss_and_resumes(tmp_path, muon):
    torch.manual_seed(0)
    model = nn.Linear(2, 1)
    inputs = torch.randn(64, 2)
    losses = []

    def loss_of_batch():
        loss = (model(inputs) - inputs.sum(1, keepdim=True)).square().mean()
        losses.append(float(loss.detach()))
        return loss

    train(model, loss_of_batch, tmp_path, minutes=0.005, learning_rate=0.05, muon=muon)
    assert losses[-1] < losses[0] / 2
    steps = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["state"]["step"]
    train(nn.Linear(2, 1), loss_of_batch, tmp_path, minutes=0.005, learning_rate=0.05, muon=muon)
    again = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["state"]["step"]
    assert again == steps  # the budget is spent, so nothing more is trained


def test_the_linear_code_scales_latents_and_the_decoder_learns_the_rest(tmp_path, disc):
    np.save(tmp_path / "drawings.npy", np.stack([disc, 255 - disc]))
    np.save(tmp_path / "sounds.npy", np.tile(disc, (2, 1, 4)))
    (tmp_path / "drawings.json").write_text(json.dumps([{"held": False}, {"held": True}]))
    torch.manual_seed(0)
    crops = Crops(tmp_path, 0, "cpu")
    assert crops(16).mean() < 0  # the held-out drawing is mostly white
    autoencoder = new_autoencoder(crops, channels=8, pictures=64)
    pictures = crops(16)
    latents = autoencoder.encode(pictures).latent
    assert (latents.square().mean((0, 2, 3)).sqrt() - 1).abs().max() < 0.5
    linear_db = psnr_db(autoencoder, pictures[:4]).mean()
    optimizer = torch.optim.Adam(autoencoder.decoder.parameters(), 5e-5)
    for _ in range(8):
        optimizer.zero_grad()
        reconstruction_loss(autoencoder, pictures[:4], noise=0).backward()
        optimizer.step()
    assert psnr_db(autoencoder, pictures[:4]).mean() > linear_db


def test_towers_give_unit_vectors(tmp_path):
    tokenizer = new_tokenizer(["a", "bell", "castle"])
    save_towers(new_towers(len(tokenizer)), tokenizer, tmp_path)
    towers, tokenizer = load_towers(tmp_path)
    with torch.no_grad():
        text = towers.embed_text(tokenize(tokenizer, ["a castle", "a bell"]))
        sound = towers.embed("sound", torch.rand(2, 256, 1024))
    torch.testing.assert_close(text.norm(dim=1), torch.ones(2))
    torch.testing.assert_close(sound.norm(dim=1), torch.ones(2))


def test_towers_learn_new_words_and_the_old_ones_keep_their_meaning(tmp_path):
    tokenizer = new_tokenizer(["bell", "a", "unused"])
    save_towers(new_towers(len(tokenizer)), tokenizer, tmp_path)
    old, old_tokenizer = load_towers(tmp_path)
    torch.manual_seed(0)
    towers, tokenizer = learn_words(tmp_path, ["a", "castle", "tower"])
    with torch.no_grad():
        known = old.embed_text(tokenize(old_tokenizer, ["a bell"]))
        read = towers.embed_text(tokenize(tokenizer, ["a bell", "a castle", "a tower"]))
    torch.testing.assert_close(read[:1], known)
    assert (read @ read.T).fill_diagonal_(0).max() < 0.999  # no two words mean the same


def test_the_loss_of_a_right_prediction_is_zero():
    class Oracle(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(1))

        def forward(self, noisy, times, prompts, return_dict):
            return (noisy / (1 - alphas[times]).sqrt()[:, None, None, None],)

    alphas = torch.linspace(0.99, 0.01, 1000)
    latents, text, times = torch.zeros(4, 2, 8, 32), torch.zeros(4, 16, 256), torch.arange(4) * 200
    assert float(denoising_loss(Oracle(), alphas, latents, times, text)) < 1e-10


def test_half_of_the_times_lie_where_a_canvas_is_decided():
    torch.manual_seed(0)
    sigmas = torch.logspace(-2, 1.2, 1000)
    chosen = sigmas[noise_times(4000, sigmas)]
    near = ((chosen > 0.5 / torch.e) & (chosen < 0.5 * torch.e)).float().mean()
    assert pytest.approx(float(near), abs=0.03) == 0.5 * 0.68 + 0.5 * 0.27


def learner():
    """Returns a model and its loss, which uses the same inputs in every call."""
    torch.manual_seed(0)
    model, inputs = nn.Linear(3, 2), torch.randn(8, 3)
    return model, lambda: model(inputs).square().mean()


def test_a_compiled_model_is_kept_where_its_gradients_are_the_same(monkeypatch, capsys):
    model, loss = learner()
    compiled = []
    monkeypatch.setattr(model, "compile", lambda **_: compiled.append(True))
    compile_checked(model, loss)
    assert compiled
    assert "is left as it was" not in capsys.readouterr().out


def test_a_compiled_model_that_loses_gradients_is_not_used(monkeypatch, capsys):
    model, loss = learner()

    def broken(**_):
        model._compiled_call_impl = lambda inputs: model.forward(inputs).detach() + model.bias

    monkeypatch.setattr(model, "compile", broken)
    compile_checked(model, loss)
    assert model._compiled_call_impl is None
    assert "is left as it was" in capsys.readouterr().out


def test_the_untrained_model_fits_a_canvas():
    unet = new_unet(4, (16, 32))
    with torch.no_grad():
        noise = unet(torch.randn(1, 4, 8, 32), 10, torch.randn(1, 16, 256)).sample
    assert noise.shape == (1, 4, 8, 32)
