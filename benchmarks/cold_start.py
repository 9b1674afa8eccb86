"""How long the first canvas takes from a cold start: to the first denoising step, and until saved.

`python benchmarks/cold_start.py --json FILE` runs `sonocanvas generate --preset owl-hoot --seeds 0`
in `--repeats` fresh processes and prints medians. One more run with `-X importtime` lists the
slowest packages, by the import time of their own modules. Processor time is what a machine with an
idle core would need; wall time also includes waiting for a core.
"""

import argparse
import collections
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FIRST_STEP = """
import sys, time
from sonocanvas.cli.app import main
import sonocanvas.experts as experts
predict = experts.predict
def told(*given):
    experts.predict = predict
    if not said:
        said.append(True)
        sys.stderr.write(f"first step {time.time()} {time.process_time()}\\n")
    return predict(*given)
said = []
experts.predict = told
main()
"""
"""Runs the command line and writes to stderr when a model is first called."""


def one_run(*options: str) -> tuple[tuple[float, float, float], str]:
    """Returns wall seconds to the first step, processor seconds to it, and wall seconds to the end.

    The second result is the text of stderr.
    """
    with tempfile.TemporaryDirectory() as folder:
        given = ["generate", "--preset", "owl-hoot", "--seeds", "0", "--out", f"{folder}/run"]
        began = time.time()
        done = subprocess.run(
            [sys.executable, *options, "-c", FIRST_STEP, *given],
            check=True,
            capture_output=True,
            text=True,
        )
        ended = time.time()
    first = next(line for line in done.stderr.splitlines() if line.startswith("first step"))
    stepped, processor_s = map(float, first.split()[2:])
    return (stepped - began, processor_s, ended - began), done.stderr


def slowest(importtime: str, count: int) -> list[tuple[str, float]]:
    """Returns the packages slowest to import, with the seconds that their own modules took."""
    taken: collections.Counter[str] = collections.Counter()
    for line in importtime.splitlines():
        columns = line.removeprefix("import time:").split("|")
        if len(columns) == 3 and columns[0].strip().isdigit():
            taken[".".join(columns[2].strip().split(".")[:2])] += int(columns[0])
    return [(name, microseconds / 1e6) for name, microseconds in taken.most_common(count)]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--imports", type=int, default=12, help="how many packages are named")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    runs = [one_run()[0] for _ in range(arguments.repeats)]
    names = ("to the first step", "of the processor till then", "until the canvas is saved")
    medians = dict(zip(names, map(statistics.median, zip(*runs, strict=True)), strict=True))
    imports = dict(slowest(one_run("-X", "importtime")[1], arguments.imports))
    for name, seconds in {**medians, **imports}.items():
        print(f"{name:28} {seconds:6.2f} s")
    if arguments.json:
        found = {"seconds": medians, "imports_s": imports}
        arguments.json.write_text(json.dumps(found) + "\n", "utf-8")


if __name__ == "__main__":
    main()
