"""Runs by several methods and raters of them, as small as possible."""

import dataclasses
import json
import random

from tiny_sample import make_sample

from sonocanvas.files.artifacts import save_sample
from sonocanvas.study.records import QUESTIONS, RESULTS_FORMAT, Clip, Key, Results
from sonocanvas.types import Prompts

METHODS = ("compose", "imprint", "audio-only")


def save_run(folder, method, seeds=(0, 1), prompts=("a castle", "bells")):
    """Saves a run of noise that differs for each method and seed."""
    for seed in seeds:
        made = make_sample(1000 * METHODS.index(method) + seed + len(prompts[0]))
        record = {
            "method": {"name": method},
            "pair": {"name": f"pair of {method}"},
            "versions": {"sonocanvas": f"0.{METHODS.index(method)}"},
        }
        canvas = made.canvas.reshape(16, 128)  # a wide canvas makes small videos
        sample = dataclasses.replace(
            made, seed=seed, prompts=Prompts(*prompts), record=record, canvas=canvas
        )
        save_sample(sample, folder)
    return folder


def make_key(pairs=12):
    """Returns the key of a study that compares one method with two others on `pairs` prompts."""
    clips, compared = {}, []
    for number in range(pairs):
        names = [f"{method}{number:011x}" for method in range(3)]
        for name, method in zip(names, METHODS, strict=True):
            clips[name] = Clip(
                method=method, image_prompt=f"p{number}", audio_prompt="b", seed=0, sample=name
            )
        compared += [(names[0], names[1]), (names[0], names[2])]
    return Key(
        format="sonocanvas-study-key-1",
        study="0" * 12,
        method=METHODS[0],
        clips=clips,
        pairs=tuple(compared),
    )


def rate(key, rater, choose, repeats=4, seed=0):
    """Returns the results of a rater who sees the pairs as the page shows them.

    Args:
        key: The key of the study.
        rater: Number of the rater.
        choose: Returns the chosen video for `(shown, question, ours)`.
        repeats: Number of pairs shown again with their sides swapped.
        seed: Seed of the order and the sides.
    """
    rng = random.Random(f"{rater} {seed}")
    ours = {frozenset(pair): pair[0] for pair in key.pairs}
    shown = [tuple(rng.sample(pair, 2)) for pair in rng.sample(key.pairs, len(key.pairs))]
    plan = [(pair, False) for pair in shown] + [(pair[::-1], True) for pair in shown[:repeats]]
    answers = [
        {
            "shown": pair,
            "repeat": repeat,
            "seconds": 30.5,
            "chosen": {name: choose(pair, name, ours[frozenset(pair)]) for name in QUESTIONS},
        }
        for pair, repeat in plan
    ]
    return Results.model_validate_json(
        json.dumps(
            {
                "format": RESULTS_FORMAT,
                "study": key.study,
                "rater": f"{rater:016x}",
                "planned": len(plan),
                "answers": answers,
            }
        )
    )
