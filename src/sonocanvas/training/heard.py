"""Reports what each sound of `mini` was trained on, and how classifiers by others hear it.

`python -m sonocanvas.training.heard --out docs/mini/sounds.tsv` writes a row for each sound: the
number of clips in the pack, and whether a synthesizer makes more. If a classifier by others (a
"stranger") knows the sound, the row adds its scores for real recordings, the clips, the synthesizer
and the sound model alone. A score is the share of recordings of other things that the classifier
finds less like the sound; 0.5 is chance.
"""

import argparse
import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sonocanvas.compose.mean import Mean
from sonocanvas.config import RunConfig
from sonocanvas.finish import make_vocoder
from sonocanvas.pairs import mini
from sonocanvas.scorers.strangers import Stranger, asked_for
from sonocanvas.training.clips import Clip
from sonocanvas.training.pack import read_pack
from sonocanvas.training.report import sample
from sonocanvas.training.strangers import (
    EARS,
    RECORDED,
    hear_clips,
    mean_share,
    some_of_each,
    synthesized,
)
from sonocanvas.training.views import SYNTHESIZERS
from sonocanvas.types import MINI_FORMAT, ModelPair, Prompts, Waveform
from sonocanvas.words.concepts import Concept, sounds

SEEDS = list(range(20, 28))
COLUMNS = (
    *("sound", "recordings", "phrases", "synthesizer", "stranger"),
    *("real", "clips", "synthesized", "model"),
)


def played(pair: ModelPair, prompt: str) -> list[Waveform]:
    """Returns the sounds that the sound model alone makes of a prompt, one for each of `SEEDS`."""
    run = RunConfig(image_prompt=prompt, audio_prompt=prompt)
    canvases = sample(pair, Prompts(prompt, prompt), SEEDS, Mean(1.0), run)
    sound = make_vocoder(run, pair)(canvases, MINI_FORMAT)
    return [Waveform(one[None], sound.sample_rate_hz) for one in sound.samples]


def row_of(
    sound: Concept, clips: list[Clip], ears: Mapping[str, Stranger[Waveform]], pair: ModelPair
) -> dict[str, Any]:
    """Returns the table row of a sound."""
    recordings = sum(clip.id.startswith(RECORDED) for clip in clips)
    row: dict[str, Any] = {
        "sound": sound.prompt,
        "recordings": recordings,
        "phrases": len(clips) - recordings,
        "synthesizer": "yes" if sound.name in SYNTHESIZERS else "no",
    }
    asked = {name: asked_for(name, sound.prompt) for name in ears}
    name, group = next((one for one in asked.items() if one[1] is not None), ("", None))
    if group is None:
        return row
    ear = ears[name]
    heard = hear_clips(ear, some_of_each(clips)) if clips else np.empty((0, len(ear.labels)))
    made = np.stack([ear.answer(one) for one in played(pair, sound.prompt)])
    found = {
        "real": group.auc,
        "clips": mean_share(ear, group, heard),
        "synthesized": synthesized(ear, group),
        "model": mean_share(ear, group, made),
    }
    rounded = {key: f"{value:.2f}" for key, value in found.items() if not math.isnan(value)}
    return {**row, "stranger": name, **rounded}


def main() -> None:
    """Writes the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, default=Path("packs/mini.zip"))
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    clips = read_pack(arguments.pack).clips
    ears = {name: ear() for name, ear in EARS.items()}
    pair = mini.load()
    with arguments.out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, delimiter="\t", lineterminator="\n")
        writer.writeheader()
        for sound in sounds():
            own = [clip for clip in clips if clip.concept == sound.name]
            row = row_of(sound, own, ears, pair)
            print(row, flush=True)
            writer.writerow(row)


if __name__ == "__main__":
    main()
