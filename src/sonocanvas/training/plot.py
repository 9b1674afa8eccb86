"""Draws the losses of trainings: `python -m sonocanvas.training.plot checkpoints/*`."""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from sonocanvas.training.loop import LOG_FILE


def draw_losses(folders: list[Path], path: Path) -> None:
    """Writes one PNG with the loss over time, in minutes, from every folder with a log.

    Args:
        folders: Output folders of trainers.
        path: The PNG.

    Raises:
        FileNotFoundError: No folder holds a log.
    """
    logs = [folder / LOG_FILE for folder in folders if (folder / LOG_FILE).exists()]
    if not logs:
        raise FileNotFoundError(f"None of {len(folders)} folders holds a {LOG_FILE}.")
    figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
    for log in logs:
        _, seconds, loss = np.loadtxt(log, delimiter=",", ndmin=2).T
        axes.plot(seconds / 60, loss, label=log.parent.name)
    axes.set(xlabel="minutes", ylabel="loss", yscale="log")
    axes.legend()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main() -> None:
    """Draws the losses of the given folders."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, default=Path("checkpoints/losses.png"))
    arguments = parser.parse_args()
    draw_losses(arguments.folders, arguments.out)


if __name__ == "__main__":
    main()
