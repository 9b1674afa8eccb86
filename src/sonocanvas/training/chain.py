"""Makes the whole pair with one command: `python -m sonocanvas.training.chain --minutes 180`.

The parts run in sequence, each in its own process. Finished parts are skipped and stopped trainers
resume, so the command can be stopped and repeated.
"""

import argparse
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Part:
    """One program of the chain.

    Attributes:
        module: Its module in this package.
        options: Its command-line options.
        share: Its share of the training time; 0 if it does not train.
        makes: A file that exists once it is done; empty for trainers, which resume by themselves.
    """

    module: str
    options: tuple[str, ...] = ()
    share: float = 0.0
    makes: str = ""


JUDGE_VIEWS = ("--seed", "1", "--full-clips", "2", "--out", "packs/judge-views")
CHAIN = (
    Part("pack", makes="packs/mini.zip"),
    Part("views", makes="packs/views/sounds.json"),
    Part("views", JUDGE_VIEWS, makes="packs/judge-views/sounds.json"),
    Part("autoencoder", share=0.17),
    Part("towers", share=0.08),
    Part("unet", ("--modality", "audio"), share=0.2),
    Part("unet", ("--modality", "image"), share=0.35),
    Part("vocoder", share=0.08),
    Part("judge", share=0.12),
    Part("export"),
)


def commands(minutes: float, device: str) -> list[list[str]]:
    """Returns the command lines of the parts that are not done yet.

    Args:
        minutes: Total training time, over all calls.
        device: `"cpu"` or `"cuda"`.
    """
    lines = []
    for part in CHAIN:
        if part.makes and Path(part.makes).exists():
            continue
        line = [sys.executable, "-m", f"sonocanvas.training.{part.module}", *part.options]
        if part.share:
            line += ["--minutes", f"{minutes * part.share:g}", "--device", device]
        lines.append(line)
    return lines


def main() -> None:
    """Runs the parts in order and stops at the first that fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=180, help="training time in all")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    arguments = parser.parse_args()
    for line in commands(arguments.minutes, arguments.device):
        print(" ".join(line[2:]), flush=True)
        subprocess.run(line, check=True)


if __name__ == "__main__":
    main()
