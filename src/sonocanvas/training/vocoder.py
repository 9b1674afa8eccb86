"""Trains the network of the vocoder `phase_net`: `python -m sonocanvas.training.vocoder`.

The training data are recordings that are not held out, and synthesizers. Its input is the
magnitudes recovered from their 8-bit canvases, as in use.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonocanvas.canvas import waveform_to_canvas
from sonocanvas.pairs.parts import write_vocoder
from sonocanvas.training.loop import half_precision, train, trainer_options
from sonocanvas.training.pack import Pack, read_pack
from sonocanvas.training.views import FRAMES, SYNTHESIZERS, arrange
from sonocanvas.types import MINI_FORMAT, VOCODER_KEYS, VocoderWeights
from sonocanvas.vocoders.griffin_lim import analyse, audible_mel, mel_to_magnitude
from sonocanvas.vocoders.phase_network import PhaseNetwork, magnitude_levels

FMT = MINI_FORMAT
CROP = 64
DILATIONS = [1, 2, 4, 1]
MEL_ITERATIONS = 10
GAIN_DB = (-15.0, 6.0)


def learned_sounds(pack: Pack, count: int, seed: int) -> NDArray[np.float32]:
    """Returns `count` sounds `(count, samples)` of 10.24 s, alternately synthesized and recorded.

    Held-out clips are never used.
    """
    rng = np.random.default_rng([seed, 4711])
    clips = [clip for clip in pack.clips if not clip.id.startswith("held-")]
    makers = list(SYNTHESIZERS.values())
    sounds = []
    for number in range(count):
        if number % 2:
            samples = clips[int(rng.integers(len(clips)))].samples
        else:
            samples = makers[number // 2 % len(makers)](rng)
        sounds.append(arrange(samples, rng))
    return np.stack(sounds)


class Crops:
    """Random crops of sounds, louder or quieter."""

    def __init__(self, sounds: NDArray[np.float32], seed: int, device: str) -> None:
        self.sounds, self.device = sounds, device
        self.rng = np.random.default_rng(seed)

    def __call__(self, count: int) -> Tensor:
        """Returns `(count, CROP * hop)` samples."""
        hop, crops = FMT.hop_samples, []
        for _ in range(count):
            start = int(self.rng.integers(FRAMES - CROP + 1)) * hop
            crop = self.sounds[self.rng.integers(len(self.sounds)), start : start + CROP * hop]
            crops.append(crop * 10 ** (self.rng.uniform(*GAIN_DB) / 20))
        return torch.from_numpy(np.stack(crops)).float().to(self.device)


def canvas_magnitude(samples: Tensor) -> Tensor:
    """Returns the magnitudes `(batch, n_fft // 2 + 1, frames)` that a vocoder gets for a sound.

    Args:
        samples: `(batch, samples)` at the format's sample rate.
    """
    canvas = (waveform_to_canvas(samples, FMT) * 255).round() / 255
    return mel_to_magnitude(audible_mel(canvas, FMT), FMT, MEL_ITERATIONS)


def true_turns(samples: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the turns in time and in frequency of a sound, as `PhaseNetwork` defines them.

    The turns in time of the first frame and those in frequency of the last bin are 0.

    Args:
        samples: `(batch, samples)` at the format's sample rate.
    """
    spectrum = analyse(samples, FMT)[..., ::2].transpose(1, 2)
    units = spectrum / spectrum.abs().clamp(min=1e-12)
    bins = torch.arange(units.shape[1], device=samples.device)
    advance = 2 * torch.pi * FMT.hop_samples / FMT.window_samples * bins.float()
    in_time, in_frequency = torch.zeros_like(units), torch.zeros_like(units)
    in_time[..., 1:] = units[..., 1:] * units[..., :-1].conj()
    in_time *= torch.polar(torch.ones_like(advance), -advance)[:, None]
    in_frequency[:, :-1] = -units[:, 1:] * units[:, :-1].conj()
    return in_time, in_frequency


def turn_loss(network: PhaseNetwork, samples: Tensor) -> Tensor:
    """Returns the squared distance between predicted and true turns, weighted by level.

    The mean of the unit vectors minimises it; its length is the network's certainty.

    Args:
        network: The network to train.
        samples: `(batch, CROP * hop)`.
    """
    with torch.no_grad():
        levels = magnitude_levels(canvas_magnitude(samples), FMT)
        wanted = true_turns(samples)
        weight = levels[:, ::2]
    with half_precision(samples.device.type):
        given = network(levels)
    error = sum((guess - turn).abs().square() for guess, turn in zip(given, wanted, strict=True))
    loss: Tensor = (weight * error).sum() / weight.sum().clamp(min=1)
    return loss


def new_network(width: int) -> PhaseNetwork:
    """Returns a network with random weights, for the canvases of `mini`."""
    described = {key: getattr(FMT, field) for key, field in VOCODER_KEYS.items()}
    config = {"vocoder": "phase_net", "width": width, "dilations": DILATIONS, **described}
    network = PhaseNetwork(config)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def main() -> None:
    """Trains the network and saves it."""
    parser = trainer_options(__doc__, minutes=25, batch=4)
    parser.add_argument("--pack", type=Path, default=Path("packs/mini.zip"))
    parser.add_argument("--sounds", type=int, default=576, help="sounds of 10.24 s to learn from")
    parser.add_argument("--width", type=int, default=32)
    parser.set_defaults(out=Path("checkpoints/vocoder"), learning_rate=2e-3)
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(1)
    network = new_network(arguments.width).to(arguments.device)
    sounds = learned_sounds(read_pack(arguments.pack), arguments.sounds, arguments.seed)
    crops = Crops(sounds, arguments.seed, arguments.device)
    average = train(
        network,
        lambda: turn_loss(network, crops(arguments.batch)),
        arguments.out,
        minutes=arguments.minutes,
        learning_rate=arguments.learning_rate,
        ema_decay=0.995,
    )
    tensors = {name: tensor.half() for name, tensor in average.state_dict().items()}
    write_vocoder(VocoderWeights(average.config, tensors), arguments.out / "model")


if __name__ == "__main__":
    main()
