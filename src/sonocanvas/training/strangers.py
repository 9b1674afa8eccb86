"""Measures what strangers recognise in reality: `python -m sonocanvas.training.strangers birdnet`.

For each thing that a stranger has classes for, it prints the number of recordings or drawings and
the area under the ROC curve, and how our own synthesizer compares with recordings of other things.
The counts and areas are saved with the stranger's answers in `data/birdnet.tsv` (`musicnn.tsv`,
`imagenet.tsv`), which tells the scorer what to judge and how.
"""

import argparse
import csv
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonocanvas.scorers.birdnet import BirdNetEars
from sonocanvas.scorers.imagenet import ImageNetEyes
from sonocanvas.scorers.musicnn import MusicnnEars
from sonocanvas.scorers.strangers import Group, Stranger, groups, members, share_below
from sonocanvas.training.clips import SAMPLE_RATE_HZ as CLIP_RATE_HZ
from sonocanvas.training.clips import Clip
from sonocanvas.training.drawings import Drawing
from sonocanvas.training.pack import read_pack
from sonocanvas.training.recordings import collect_test
from sonocanvas.training.views import SYNTHESIZERS, arrange
from sonocanvas.types import Waveform

EARS = {ears.name: ears for ears in (BirdNetEars, MusicnnEars)}
RECORDED = ("file", "minetest", "openclonk", "opensfx", "pykanto", "test")
"""Id prefixes of clips that are recordings, not soundfonts."""
PLAYED = ("hydrogen", "march", "phrase")
"""Id prefixes of clips that we play from recordings of single notes."""
MOST_ALIKE = 12
"""Maximum per concept, for drawings and for clips that differ only in their notes."""
QUANTILES = 21
Thing = TypeVar("Thing", Clip, Drawing)
SEED = 900


def real_recordings(pack: Path, cache: Path, instruments: bool) -> list[Clip]:
    """Returns the recordings of the pack, and those for testing only.

    Args:
        pack: The training pack of the embedded pair.
        cache: Folder for the downloads of test recordings.
        instruments: Whether to add phrases of each instrument of the soundfonts.
    """
    clips = [*read_pack(pack).clips, *collect_test(cache)]
    found = [clip for clip in clips if clip.id.startswith(RECORDED)]
    if instruments:
        found += some_of_each([clip for clip in clips if clip.id.startswith(PLAYED)])
    return found


def some_of_each(things: Sequence[Thing]) -> list[Thing]:
    """Returns at most `MOST_ALIKE` things of each concept, evenly spaced in their order."""
    of: dict[str, list[Thing]] = {}
    for one in things:
        of.setdefault(one.concept, []).append(one)
    return [one for some in of.values() for one in some[:: -(-len(some) // MOST_ALIKE)]]


def hear_clips(ears: Stranger[Waveform], clips: Sequence[Clip]) -> NDArray[np.float64]:
    """Returns a stranger's logits of clips, `(clips, classes)`."""
    sounds = [torch.from_numpy(clip.samples)[None] for clip in clips]
    return np.stack([ears.answer(Waveform(sound, CLIP_RATE_HZ)) for sound in sounds])


def see_drawings(eyes: Stranger[Tensor], drawings: Sequence[Drawing]) -> NDArray[np.float64]:
    """Returns a stranger's logits of drawings, `(drawings, classes)`."""
    pictures = [torch.tensor(drawing.pixels)[None] / 255 for drawing in drawings]
    return np.stack([eyes.answer(picture) for picture in pictures])


def tried(
    known: Sequence[Group],
    labels: Sequence[str],
    logits: NDArray[np.float64],
    concepts: Sequence[str],
) -> list[Group]:
    """Returns the groups with a stranger's results on recordings.

    Recordings of groups that share a class with a group do not count as other things to it.

    Args:
        known: The groups.
        labels: Names of the classes.
        logits: The stranger's logits, `(recordings, classes)`.
        concepts: Concept of each recording.
    """
    classes = {group.concept: members(labels, group.classes) for group in known}
    found = []
    for group in known:
        own = classes[group.concept]
        alike = {name for name, other in classes.items() if (own & other).any()}
        values = logits[:, own].max(axis=1)
        others = values[[concept not in alike for concept in concepts]]
        quantiles = tuple(np.quantile(others, np.linspace(0, 1, QUANTILES)).tolist())
        mine = values[[concept == group.concept for concept in concepts]]
        shares = [share_below(value, quantiles) for value in mine]
        auc = float(np.mean(shares)) if shares else float("nan")
        found.append(Group(group.concept, group.words, group.classes, len(mine), auc, quantiles))
    return found


def mean_share(stranger: Stranger[Any], group: Group, logits: NDArray[np.float64]) -> float:
    """Returns the mean score of answers `(answers, classes)` for a group; NaN if there are none."""
    own = logits[:, members(stranger.labels, group.classes)].max(axis=1)
    return float(np.mean([share_below(value, group.others) for value in own] or [np.nan]))


def synthesized(ears: Stranger[Waveform], group: Group, count: int = 6) -> float:
    """Returns the mean score of our synthesizer's sounds of a group; NaN without a synthesizer."""
    if group.concept not in SYNTHESIZERS:
        return float("nan")
    rngs = [np.random.default_rng([SEED, number]) for number in range(count)]
    sounds = [arrange(SYNTHESIZERS[group.concept](rng), rng) for rng in rngs]
    clips = [Clip("", "", group.concept, "", "", sound) for sound in sounds]
    return mean_share(ears, group, hear_clips(ears, clips))


def write_table(found: Sequence[Group], path: Path) -> None:
    """Writes the results of the groups into a table, keeping its words and classes."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter="\t", lineterminator="\n")
        writer.writeheader()
        for row, group in zip(rows, found, strict=True):
            others = ",".join(f"{value:.2f}" for value in group.others)
            told = {"recordings": group.recordings, "auc": f"{group.auc:.2f}", "others": others}
            writer.writerow({**row, **told})


def main() -> None:
    """Prints and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stranger", choices=[*EARS, ImageNetEyes.name])
    parser.add_argument("--pack", type=Path, default=Path("packs/mini.zip"))
    parser.add_argument("--recordings", type=Path, default=Path("packs/cache/test"))
    arguments = parser.parse_args()
    if arguments.stranger == ImageNetEyes.name:
        eyes, drawings = ImageNetEyes(), some_of_each(read_pack(arguments.pack).drawings)
        logits, concepts = see_drawings(eyes, drawings), [drawing.concept for drawing in drawings]
        found = tried(groups(eyes.name), eyes.labels, logits, concepts)
        ours = dict.fromkeys(found, float("nan"))
    else:
        ears = EARS[arguments.stranger]()
        instruments = arguments.stranger == MusicnnEars.name
        clips = real_recordings(arguments.pack, arguments.recordings, instruments)
        logits, concepts = hear_clips(ears, clips), [clip.concept for clip in clips]
        found = tried(groups(ears.name), ears.labels, logits, concepts)
        ours = {group: synthesized(ears, group) for group in found}
    print("| thing | real ones | area | judged | our synthesizer |\n|---|---|---|---|---|")
    for group, share in ours.items():
        judged = "yes" if group.is_judged else "no"
        print(
            f"| {group.concept} | {group.recordings} | {group.auc:.2f} | {judged} | {share:.2f} |"
        )
    table = resources.files("sonocanvas").joinpath(f"data/{arguments.stranger}.tsv")
    with resources.as_file(table) as path:
        write_table(found, path)


if __name__ == "__main__":
    main()
