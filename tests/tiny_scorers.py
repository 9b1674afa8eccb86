"""CLIP and CLAP at tiny width with real tokenizer classes, and samples to score."""

from pathlib import Path

import numpy as np
import torch
from transformers import (
    ClapConfig,
    ClapFeatureExtractor,
    ClapModel,
    ClapProcessor,
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    CLIPProcessor,
    CLIPTokenizer,
    RobertaTokenizer,
)

from sonocanvas.scorers.embedder import squares
from sonocanvas.training.views import SYNTHESIZERS, arrange
from sonocanvas.types import MINI_FORMAT, Prompts, Sample, Waveform

LETTERS = "abcdefghijklmnopqrstuvwxyz,"
TEXT = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1}
TEXT |= {"num_attention_heads": 2, "max_position_embeddings": 80, "projection_dim": 8}


def seeded(make, config):
    """Returns a model of a configuration with large random weights from a fixed seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = make(config).eval().requires_grad_(False)
        for weights in model.parameters():
            weights.add_(0.2 * torch.randn_like(weights))
    return model


def save_clip(folder: Path) -> Path:
    """Writes a CLIP for pictures of 32 pixels and for letters, and returns its folder."""
    names = [*LETTERS, *(f"{letter}</w>" for letter in LETTERS), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {name: number for number, name in enumerate(names)}
    tokenizer = CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=77)
    text = {"vocab_size": len(names), "bos_token_id": len(names) - 2}
    vision = {"image_size": 32, "patch_size": 8, "hidden_size": 16, "intermediate_size": 32}
    vision |= {"num_hidden_layers": 1, "num_attention_heads": 2, "projection_dim": 8}
    text |= TEXT | {"eos_token_id": len(names) - 1}
    config = CLIPConfig(text_config=text, vision_config=vision, projection_dim=8)
    seeded(CLIPModel, config).save_pretrained(folder)
    pictures = CLIPImageProcessorPil(
        size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
    )
    CLIPProcessor(pictures, tokenizer).save_pretrained(folder)
    return folder


def save_clap(folder: Path) -> Path:
    """Writes a CLAP for 10 s of sound at 48 kHz and for letters, and returns its folder."""
    names = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "Ġ", *LETTERS]
    vocabulary = {name: number for number, name in enumerate(names)}
    tokenizer = RobertaTokenizer(vocab=vocabulary, merges=[], model_max_length=77)
    audio = {"patch_embeds_hidden_size": 8, "hidden_size": 16, "depths": [1, 1]}
    audio |= {"num_attention_heads": [2, 2], "projection_dim": 8, "num_hidden_layers": 2}
    text = TEXT | {"vocab_size": len(names), "pad_token_id": 1}
    config = ClapConfig(text_config=text, audio_config=audio, projection_dim=8)
    seeded(ClapModel, config).save_pretrained(folder)
    sounds = ClapFeatureExtractor(truncation="rand_trunc", padding="repeatpad")
    ClapProcessor(sounds, tokenizer).save_pretrained(folder)
    return folder


def sample_of(canvas, samples, image_prompt="a heart", audio_prompt="a siren wailing"):
    """Returns a sample with a canvas `(rows, columns)` and a sound `(1, samples)` at 16 kHz."""
    image = canvas.expand(3, -1, -1)
    prompts, latent = Prompts(image_prompt, audio_prompt), torch.zeros(4, 1, 1)
    return Sample(0, prompts, latent, image, canvas, Waveform(samples, 16000), MINI_FORMAT)


def rough(seed=0, columns=1024):
    """Returns a canvas `(256, columns)` of soft random blobs."""
    random = torch.rand(1, 1, 16, columns // 16, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(random, (256, columns), mode="bilinear")[0, 0]


def hearts():
    """Returns a canvas `(256, 1024)` of four white hearts."""
    y, x = np.mgrid[1.3:-1.3:256j, -1.3:1.3:256j]
    heart = ((x**2 + y**2 - 1) ** 3 - x**2 * y**3 <= 0).astype(np.float32)
    return torch.from_numpy(heart).repeat(1, 4)


def siren():
    """Returns 10.24 s `(1, 163840)` of a tone that wails twice in 3 s, with three partials."""
    time_s = torch.arange(163840) / 16000
    pitch_hz = 900 + 300 * torch.sin(2 * torch.pi * time_s / 1.5)
    phase = 2 * torch.pi * torch.cumsum(pitch_hz, 0) / 16000
    return 0.2 * sum(torch.sin(n * phase) / n for n in (1, 2, 3))[None]


def noise(level=0.1, seed=0, count=163840):
    """Returns white noise `(1, count)`."""
    return level * torch.randn(1, count, generator=torch.Generator().manual_seed(seed))


class Means:
    """A 2-D embedder: the angle of a square is its mean, and that of a prompt its length."""

    def embed_text(self, prompt):
        return self._at(torch.tensor(float(len(prompt))))

    def embed(self, sample):
        return self._at(squares(sample.canvas[None], len(sample.canvas))[0].mean((1, 2)))

    def _at(self, angles):
        return torch.stack([angles.cos(), angles.sin()], dim=-1)


def sample_of_sound(samples, audio_prompt):
    """Returns a sample with a black canvas and a sound, an array `(samples,)` at 16 kHz."""
    sound = torch.from_numpy(np.float32(samples))[None]
    return sample_of(torch.zeros(256, 64), sound, audio_prompt=audio_prompt)


def synthesized(name, seed=902):
    """Returns the sound `(samples,)` of a training synthesizer, arranged over a canvas."""
    rng = np.random.default_rng(seed)
    return arrange(SYNTHESIZERS[name](rng), rng)
