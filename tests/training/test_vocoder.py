"""The vocoder's trainer: the sounds it gets, and that training on them helps."""

import math

import numpy as np
import torch

from sonocanvas.training.clips import Clip
from sonocanvas.training.pack import Pack
from sonocanvas.training.vocoder import CROP, Crops, learned_sounds, new_network, turn_loss


def clip(name, pitch_hz):
    samples = 0.5 * np.sin(2 * np.pi * pitch_hz * np.arange(16000) / 16000)
    return Clip(name, "bell", "a bell", "ours", "CC0-1.0", samples.astype(np.float32))


def test_what_is_held_out_never_comes_up():
    pack = Pack([], [clip("held-1", 3000), clip("kept-1", 500)])
    recorded = learned_sounds(pack, count=12, seed=0)[1::2]
    peaks_hz = np.abs(np.fft.rfft(recorded)).argmax(axis=1) * 16000 / recorded.shape[1]
    assert recorded.shape == (6, 1024 * 160)
    assert peaks_hz.max() < 1000


def test_crops_are_the_same_for_a_seed_and_lie_in_the_sounds():
    sounds = np.arange(1024 * 160, dtype=np.float32)[None] + 1
    first, again = (Crops(sounds, seed=3, device="cpu")(2) for _ in range(2))
    assert torch.equal(first, again)
    assert first.shape == (2, CROP * 160)
    steps = first.diff() / first.diff()[:, :1]
    assert float((steps - 1).abs().max()) < 0.2  # one piece, louder or quieter


def test_a_network_learns_the_turns_of_a_tone():
    time_s = torch.arange(CROP * 160) / 16000
    tone = 0.5 * torch.sin(2 * math.pi * 440 * time_s)[None]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = new_network(width=4)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    losses = []
    for _ in range(30):
        loss = turn_loss(network, tone)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[0] > 1.5
    assert losses[-1] < 0.75 * losses[0]
