"""How well each vocoder plays canvases of held-out sounds, and what it costs the picture.

Run as `python benchmarks/vocoder.py --pack packs/mini.zip`; `--recordings CACHE` adds real
recordings, and `--canvases` your own canvases, which have no original sound to compare with. It
prints Markdown tables with 95 % intervals; the last line is the same as JSON, item by item.
"""

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

from sonocanvas.files.pictures import read_canvas_png
from sonocanvas.pairs import mini
from sonocanvas.pairs.parts import read_vocoder
from sonocanvas.protocols import Vocoder
from sonocanvas.scorers.judge import JUDGE
from sonocanvas.scorers.round_trip import RoundTrip
from sonocanvas.training import held_out
from sonocanvas.training.held_out import HeldOut
from sonocanvas.training.log_spectral import log_spectral_distance_db
from sonocanvas.training.pack import read_pack
from sonocanvas.training.ranking import Ranking
from sonocanvas.training.report import share
from sonocanvas.training.views import sound_canvas
from sonocanvas.types import MINI_FORMAT, Prompts, Sample, VocoderWeights
from sonocanvas.vocoders.weights import build_vocoder

FMT = MINI_FORMAT
PLAYERS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("griffin_lim", {}),
    ("griffin_lim", {"iterations": 12}),
    ("phase_net", {}),
)
HEADING = (
    "| {} | log-spectral distance (dB) | judge's cosine | top 1 | top 5 | round trip, correlation "
    "| error (dB) | CPU (s) | times real time |\n|---|---|---|---|---|---|---|---|---|"
)

Record = dict[str, list[float]]


def sets(pack: Path | None, recordings: Path | None, canvases: list[Path]) -> Iterator[HeldOut]:
    """Yields the sets to play; drawings and your own canvases have no sound and no concept."""
    if pack is not None:
        content = read_pack(pack)
        yield held_out.synthesizers()
        yield held_out.soundfont_keys(content)
        yield held_out.drawings(content)
    if recordings is not None:
        yield held_out.recordings(recordings)
    if canvases:
        pixels = torch.cat([read_canvas_png(path)[0] for path in canvases])
        yield HeldOut("canvases given", "picture", (pixels * 255).round().byte().numpy(), [])


def measure(vocoder: Vocoder, items: HeldOut, numbers: list[int], judge: Ranking) -> Record:
    """Returns a list for each measure, item by item.

    Args:
        vocoder: Plays the canvases.
        items: The set to play.
        numbers: Indices of the items to play.
        judge: Ranks the concepts of the sounds.
    """
    names = ("distance", "cosine", "rank", "correlation", "error", "cpu_s")
    record: Record = {name: [] for name in names}
    for number in numbers:
        canvas = torch.from_numpy(items.canvases[number]).float()[None] / 255
        start = time.process_time()
        waveform = vocoder(canvas, FMT)
        record["cpu_s"].append(time.process_time() - start)
        none = torch.zeros(0)
        sample = Sample(0, Prompts("", ""), none, none, canvas[0], waveform, FMT)
        for name, score in zip(("correlation", "error"), RoundTrip()([sample])[0], strict=True):
            record[name].append(score.value)
        if items.sounds is not None:
            sound = torch.from_numpy(items.sounds[number])[None]
            distance = log_spectral_distance_db(sound, waveform.samples, FMT)
            record["distance"].append(float(distance))
            concept = items.concepts[number]
            analysed = heard(waveform.samples)
            record["cosine"].append(float(judge.similarity("sound", analysed)[0, concept]))
            record["rank"].append(float(judge.rank("sound", analysed, concept)))
    return record


def heard(samples: Tensor) -> Tensor:
    """Returns the canvas `(1, mels, frames)` of a sound `(1, samples)`."""
    loud = samples / samples.abs().max().clamp(min=1e-6) * 0.95
    return torch.from_numpy(sound_canvas(loud[0].numpy())).float()[None] / 255


def interval(values: list[float], digits: int) -> str:
    """Returns the mean of values with its 95 % interval."""
    if not values:
        return "–"
    half = 1.96 * np.std(values) / np.sqrt(len(values))
    return f"{np.mean(values):.{digits}f} ± {half:.{digits}f}"


def row(name: str, record: Record, duration_s: float) -> str:
    """Returns the table row of one vocoder."""
    ranks = [int(rank) for rank in record["rank"]]
    cells = [
        name,
        interval(record["distance"], 2),
        interval(record["cosine"], 4),
        share(ranks, 1) if ranks else "–",
        share(ranks, 5) if ranks else "–",
        interval(record["correlation"], 4),
        interval(record["error"], 2),
        interval(record["cpu_s"], 2),
        f"{duration_s / np.mean(record['cpu_s']):.1f}",
    ]
    return f"| {' | '.join(cells)} |"


def difference_row(name: str, record: Record, base: Record) -> str:
    """Returns the table row of the differences between two vocoders on the same items."""
    less = {
        key: [ours - theirs for ours, theirs in zip(values, base[key], strict=True)]
        for key, values in record.items()
    }
    cells = [
        name,
        interval(less["distance"], 2),
        interval(less["cosine"], 4),
        *("", ""),
        interval(less["correlation"], 4),
        interval(less["error"], 2),
        interval(less["cpu_s"], 2),
        "",
    ]
    return f"| {' | '.join(cells)} |"


def report(items: HeldOut, numbers: list[int], weights: VocoderWeights | None) -> dict[str, Record]:
    """Prints the table of one set and returns its numbers by vocoder."""
    judge = Ranking(JUDGE)
    duration_s = items.canvases.shape[-1] * FMT.hop_samples / FMT.sample_rate_hz
    print(HEADING.format(f"{items.name}, {len(numbers)} canvases"))
    records = {}
    for name, options in PLAYERS:
        if name == "phase_net" and weights is None:
            continue
        vocoder = build_vocoder(name, options, weights, "Nobody")
        shown = ", ".join([name, *(f"{key} {value}" for key, value in options.items())])
        records[shown] = measure(vocoder, items, numbers, judge)
        print(row(shown, records[shown], duration_s), flush=True)
    first, *others = records
    for name in others:
        print(difference_row(f"{name}, less {first}", records[name], records[first]))
    if items.sounds is not None:
        pixels = torch.from_numpy(items.canvases[numbers]).float() / 255
        asked = [items.concepts[number] for number in numbers]
        ranks = judge.rank("sound", pixels, asked).tolist()
        cosines = judge.similarity("sound", pixels)[range(len(asked)), asked].tolist()
        tops = f"{share(ranks, 1)} | {share(ranks, 5)}"
        print(f"| the sound itself | 0 | {interval(cosines, 4)} | {tops} | | | | |")
    print()
    return records


def main() -> None:
    """Prints a table for each set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, help="pack whose held-out items are played")
    parser.add_argument("--recordings", type=Path, help="cache of the real recordings")
    parser.add_argument("--canvases", type=Path, nargs="+", default=[], help="PNGs of `mini`")
    parser.add_argument("--weights", type=Path, default=mini.WEIGHTS / "vocoder")
    parser.add_argument("--count", type=int, default=96, help="most items of a set, evenly drawn")
    arguments = parser.parse_args()
    weights = read_vocoder(arguments.weights, "cpu")
    records = {}
    for items in sets(arguments.pack, arguments.recordings, arguments.canvases):
        total = len(items.canvases)
        numbers = np.linspace(0, total - 1, min(arguments.count, total)).astype(int).tolist()
        records[items.name] = report(items, numbers, weights)
    print(json.dumps(records))


if __name__ == "__main__":
    torch.set_num_threads(1)
    with threadpool_limits(limits=1):
        main()
