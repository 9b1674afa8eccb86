"""Times our Griffin-Lim against librosa's on one canvas and one thread, and prints a table.

Run as `python benchmarks/griffin_lim.py`; the last line is the same as JSON.
"""

import json
import math
import time
from collections.abc import Callable

import librosa
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

from sonocanvas.canvas import canvas_to_mel, waveform_to_canvas
from sonocanvas.scorers.round_trip import RoundTrip
from sonocanvas.types import MINI_FORMAT, Prompts, Sample, Waveform
from sonocanvas.vocoders.griffin_lim import GriffinLim, magnitude_to_waveform, mel_to_magnitude

FMT = MINI_FORMAT
OURS = GriffinLim()


def bells() -> Tensor:
    """Returns a canvas `(1, 256, 1024)` of eight struck tones over soft noise."""
    time_s = torch.arange(1024 * FMT.hop_samples) / FMT.sample_rate_hz
    sound = 0.01 * torch.randn(time_s.shape, generator=torch.Generator().manual_seed(0))
    for strike in range(8):
        since = time_s - 1.25 * strike
        for partial in range(1, 11):
            tone = torch.sin(2 * math.pi * (220 + 40 * strike) * partial * since) / partial
            sound += 0.2 * tone * torch.exp(-2 * since.clamp(min=0)) * (since >= 0)
    return waveform_to_canvas(sound[None], FMT)


def timed(work: Callable[[], Tensor], repeats: int = 5) -> tuple[float, Tensor]:
    """Returns the shortest CPU time of several runs in seconds, and the result."""
    durations = []
    for _ in range(repeats):
        start = time.process_time()
        result = work()
        durations.append(time.process_time() - start)
    return min(durations), result


def librosa_magnitude(mel: Tensor) -> Tensor:
    """Returns librosa's magnitude of a mel `(1, mels, frames)`, by non-negative least squares."""
    magnitude = librosa.feature.inverse.mel_to_stft(
        mel[0].numpy(), sr=FMT.sample_rate_hz, n_fft=FMT.n_fft, power=1.0
    )
    return torch.from_numpy(magnitude)[None]


def librosa_waveform(magnitude: Tensor) -> Tensor:
    """Returns the sound by librosa's Griffin-Lim, framed and cropped like ours."""
    samples = librosa.griffinlim(
        magnitude[0].numpy(),
        n_iter=OURS.iterations,
        hop_length=FMT.hop_samples,
        win_length=FMT.window_samples,
        n_fft=FMT.n_fft,
        momentum=OURS.momentum,
        center=False,
        random_state=0,
    )
    edge = (FMT.n_fft - FMT.hop_samples) // 2
    return torch.from_numpy(samples[edge:-edge])[None]


def our_waveform(magnitude: Tensor) -> Tensor:
    """Returns the sound by our Griffin-Lim with the default options."""
    return magnitude_to_waveform(magnitude, FMT, OURS.iterations, OURS.momentum, OURS.seed)


def round_trip(canvas: Tensor, samples: Tensor) -> list[float]:
    """Returns correlation and error in dB between a canvas and its sound."""
    waveform, none = Waveform(samples, FMT.sample_rate_hz), torch.zeros(0)
    sample = Sample(0, Prompts("", ""), none, none, canvas[0], waveform, FMT)
    return [score.value for score in RoundTrip()([sample])[0]]


def main() -> None:
    """Prints the table."""
    canvas = bells()
    mel = canvas_to_mel(canvas, FMT)
    our_mel_s, ours = timed(lambda: mel_to_magnitude(mel, FMT, OURS.mel_iterations))
    our_phase_s, our_sound = timed(lambda: our_waveform(ours))
    their_mel_s, theirs = timed(lambda: librosa_magnitude(mel), repeats=1)
    their_phase_s, their_sound = timed(lambda: librosa_waveform(theirs))
    our_quality, their_quality = round_trip(canvas, our_sound), round_trip(canvas, their_sound)
    rows = [
        ("mel inversion (CPU s)", our_mel_s, their_mel_s),
        (f"Griffin-Lim, {OURS.iterations} rounds (CPU s)", our_phase_s, their_phase_s),
        ("both (CPU s)", our_mel_s + our_phase_s, their_mel_s + their_phase_s),
        ("round trip, correlation", our_quality[0], their_quality[0]),
        ("round trip, error (dB)", our_quality[1], their_quality[1]),
    ]
    print("| one canvas, 256 x 1024, one thread | ours | librosa | librosa / ours |")
    print("|---|---|---|---|")
    for name, our_value, their_value in rows:
        print(f"| {name} | {our_value:.3f} | {their_value:.3f} | {their_value / our_value:.2f} |")
    print(json.dumps([{"name": row[0], "ours": row[1], "librosa": row[2]} for row in rows]))


if __name__ == "__main__":
    torch.set_num_threads(1)
    with threadpool_limits(limits=1):
        main()
