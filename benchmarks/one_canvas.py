"""How long one canvas with sound takes on `mini`, cold and warm, and the memory it needs.

`python benchmarks/one_canvas.py --json FILE` prints the medians of `--repeats` runs. Cold is the
whole command in a new process, from the shell to the saved sample; warm is another seed in a
process that has already made one. Memory is the peak of a cold run of `--seeds`, like the demo.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sonocanvas import RunConfig, generate
from sonocanvas.pairs import mini

PROMPTS = {"image_prompt": "a castle with towers", "audio_prompt": "tubular bells tolling"}


def cold_s(seeds: str) -> float:
    """Returns the seconds of the whole command for the given seeds."""
    with tempfile.TemporaryDirectory() as folder:
        options = ["--image", PROMPTS["image_prompt"], "--audio", PROMPTS["audio_prompt"]]
        line = [Path(sys.executable).parent / "sonocanvas", "generate", *options]
        began = time.perf_counter()
        subprocess.run(
            [*line, "--seeds", seeds, "--out", f"{folder}/run"], check=True, capture_output=True
        )
        return time.perf_counter() - began


def warm_s(repeats: int) -> list[float]:
    """Returns the seconds of each seed after the first, in this process."""
    pair = mini.load()
    seconds = []
    for seed in range(repeats + 1):
        began = time.perf_counter()
        generate(RunConfig(**PROMPTS, seeds=(seed,)), pair=pair)
        seconds.append(time.perf_counter() - began)
    return seconds[1:]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seeds", default="0-3", help="seeds of the run whose memory is told")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    cold = [cold_s("0") for _ in range(arguments.repeats)]
    demo_s = cold_s(arguments.seeds)
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e6
    warm = warm_s(arguments.repeats)
    found = {
        "cold_s": statistics.median(cold),
        "warm_s": statistics.median(warm),
        f"seeds_{arguments.seeds}_s": demo_s,
        "peak_mb": peak_mb,
    }
    for name, value in found.items():
        print(f"{name:14} {value:8.1f}")
    if arguments.json:
        arguments.json.write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
