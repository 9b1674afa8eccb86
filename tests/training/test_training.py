"""The training programs at tiny size: they learn, resume and keep held-out things out."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from sonocanvas.training.autoencoder import Crops, new_autoencoder, psnr_db, reconstruction_loss
from sonocanvas.training.drawings import SIDE, Drawing, manifest, render
from sonocanvas.training.latent_canvases import Latents
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
from sonocanvas.training.unet import denoising_loss, new_unet
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


def test_training_lowers_the_loss_and_resumes(tmp_path):
    torch.manual_seed(0)
    model = nn.Linear(2, 1)
    inputs = torch.randn(64, 2)
    losses = []

    def loss_of_batch():
        loss = (model(inputs) - inputs.sum(1, keepdim=True)).square().mean()
        losses.append(float(loss.detach()))
        return loss

    train(model, loss_of_batch, tmp_path, minutes=0.005, learning_rate=0.05)
    assert losses[-1] < losses[0] / 2
    steps = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["state"]["step"]
    train(nn.Linear(2, 1), loss_of_batch, tmp_path, minutes=0.005, learning_rate=0.05)
    again = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["state"]["step"]
    assert again == steps  # the budget was spent: nothing more is trained


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


def test_latents_of_a_concept_fill_the_canvas_and_held_out_ones_never_appear(tmp_path):
    labels = [
        {"caption": "a dog", "concept": "dog", "held": False},
        {"caption": "a dog", "concept": "dog", "held": True},
        {"caption": "an owl", "concept": "owl", "held": False},
    ]
    (tmp_path / "drawings.json").write_text(json.dumps(labels))
    np.save(
        tmp_path / "latents-drawings.npy",
        np.stack([np.full((4, 8, 8), value) for value in (1, -1, 2)]),
    )
    batches = Latents(tmp_path, "image", torch.zeros(4, 8, 1), 0)
    latents, captions = batches(400)
    assert latents.shape == (400, 4, 8, 32)
    assert latents.amin() == 0  # never the held-out one
    assert 20 < captions.count("") < 100  # guidance needs some without
    for caption, drawings in (("a dog", 4), ("one dog", 1), ("two dog", 2), ("three dog", 3)):
        canvases = latents[[text == caption for text in captions]]
        assert len(canvases)
        assert (canvases.mean((1, 2, 3)) == drawings / 4).all()


def test_two_things_take_turns_on_a_canvas_and_both_are_named(tmp_path):
    labels = [{"caption": f"a {name}", "concept": name, "held": False} for name in ("dog", "owl")]
    (tmp_path / "drawings.json").write_text(json.dumps(labels))
    latents = np.stack([np.full((4, 8, 8), value) for value in (1, 3)])
    np.save(tmp_path / "latents-drawings.npy", latents)
    canvases, captions = Latents(tmp_path, "image", torch.zeros(4, 8, 1), 0)(400)
    pairs = canvases[[text == "a dog and a owl" for text in captions]]
    assert len(pairs)
    assert (pairs[:, 0, 0, ::8] == torch.tensor([1.0, 3, 1, 3])).all()


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
    latents, prompts = torch.zeros(4, 2, 8, 32), torch.zeros(4, 16, 256)
    assert float(denoising_loss(Oracle(), alphas, latents, prompts)) < 1e-10


def test_the_untrained_model_fits_a_canvas():
    unet = new_unet(4, (16, 32))
    with torch.no_grad():
        noise = unet(torch.randn(1, 4, 8, 32), 10, torch.randn(1, 16, 256)).sample
    assert noise.shape == (1, 4, 8, 32)
