"""The table, checked by hand on a few known scores."""

import csv
import dataclasses
import io
import json
import math

import pytest

from sonocanvas.errors import InvalidInputError
from sonocanvas.evaluation.table import Measured, summarise, to_csv, to_markdown
from sonocanvas.types import Score

COSTS = {"seconds": 2.0, "cpu_seconds": 1.5, "evaluations": 30.0}


def measured(row, pair, seed, clip, error, **changes):
    scores = (Score("clip", clip, "", True), Score("round_trip_error", error, "dB", False))
    given = {
        "row": row,
        "bound": "picture" if row == "image-only" else "",
        "pair": pair,
        "image_prompt": f"a {pair}",
        "audio_prompt": "bells",
        "image_kind": "scene" if pair == "castle" else "object",
        "audio_kind": "",
        "seed": seed,
        "scores": scores,
        **COSTS,
    }
    return Measured(**(given | changes))


SAMPLES = [
    measured("compose", "castle", 0, 0.30, 4.0),
    measured("compose", "castle", 1, 0.32, 2.0, seconds=8.0),
    measured("compose", "dog", 0, 0.20, 1.0),
    measured("compose", "dog", 1, 0.22, 1.0, seconds=None),
    measured("imprint", "castle", 0, 0.25, 1.0),
    measured("imprint", "castle", 1, 0.27, 1.0),
    measured("imprint", "dog", 0, 0.25, 1.0),
    measured("imprint", "dog", 1, 0.27, 1.0),
    measured("image-only", "castle", 500, 0.40, 9.0),
    measured("image-only", "dog", 500, 0.40, 9.0),
]
FID = {
    "compose": [Score("fid", 0.5, "judge", False)],
    "imprint": [Score("fid", 0.7, "judge", False)],
}


def test_numbers_by_hand():
    summary = summarise(SAMPLES, FID)
    compose, imprint, bound = summary["rows"]
    clip = compose["scores"]["clip"]
    assert clip["mean"] == pytest.approx(0.26)
    spread = math.sqrt((0.04**2 + 0.06**2 + 0.06**2 + 0.04**2) / 3)
    assert clip["half"] == pytest.approx(1.96 * spread / 2)
    # resampling two whole pairs gives the mean of either one or of both
    assert clip["bootstrap"] == pytest.approx([0.21, 0.31])
    assert (compose["samples"], compose["pairs"], compose["seconds"]) == (4, 2, 2.0)
    assert imprint["scores"]["round_trip_error"]["half"] == 0
    assert imprint["scores"]["fid"]["mean"] == 0.7
    assert (bound["bound"], bound["samples"]) == ("picture", 2)
    assert "fid" not in bound["scores"]


def test_the_bootstrap_draws_whole_pairs():
    alike = [measured("compose", pair, seed, pair == "dog", 1) for pair in ("dog", "castle")
             for seed in range(8)]  # fmt: skip
    assert summarise(alike, {})["rows"][0]["scores"]["clip"]["bootstrap"] == [0, 1]


def test_differences_pair_the_same_prompts_and_noise():
    (difference,) = summarise(SAMPLES, {})["differences"]
    assert (difference["name"], difference["less"]) == ("imprint", "compose")
    clip = difference["scores"]["clip"]  # -0.05, -0.05, 0.05, 0.05
    assert clip["mean"] == pytest.approx(0)
    assert clip["bootstrap"] == pytest.approx([-0.05, 0.05])
    assert difference["scores"]["round_trip_error"]["mean"] == pytest.approx(-1.0)


def test_kinds_part_the_first_row():
    kinds = {kind["name"]: kind for kind in summarise(SAMPLES, {})["kinds"]}
    assert set(kinds) == {"picture: scene", "picture: object"}
    assert kinds["picture: scene"]["scores"]["clip"]["mean"] == pytest.approx(0.31)


def test_markdown_says_it_with_the_best_of_the_rivals_in_bold():
    lines = to_markdown(summarise(SAMPLES, FID)).splitlines()
    assert lines[0] == (
        "|  | samples | pairs | clip (x 100) ↑ | round trip error (dB) ↓ | fid (judge) ↓ "
        "| seconds a sample | of the processor | evaluations a sample |"
    )
    assert lines[2] == (
        "| compose | 4 | 2 | **26.0 ± 5.8 (21.0 to 31.0)** | 2.000 ± 1.386 (1.000 to 3.000) "
        "| **0.500** | 2.0 | 1.5 | 30.0 |"
    )
    assert (
        "| **26.0 ± 1.1 (26.0 to 26.0)** | **1.000 ± 0.000 (1.000 to 1.000)** | 0.700 |" in lines[3]
    )
    assert lines[4].startswith("| image-only (bound of the picture) | 2 | 2 | 40.0 ± 0.0")
    assert "**" not in lines[4]


def test_alone_nothing_is_the_best_and_one_sample_or_pair_has_no_interval():
    text = to_markdown(summarise(SAMPLES[:1], {}))
    assert "**" not in text
    assert "| compose | 1 | 1 | 30.0 | 4.000 |" in text
    assert "| compose | 2 | 1 | 31.0 ± 2.0 |" in to_markdown(summarise(SAMPLES[:2], {}))


def test_rows_of_bounds_alone_make_a_table():
    assert "image-only" in to_markdown(summarise(SAMPLES[-2:], {}))


def test_csv_holds_every_sample_and_nothing_that_is_not_known():
    rows = list(csv.DictReader(io.StringIO(to_csv(SAMPLES))))
    assert len(rows) == len(SAMPLES)
    assert float(rows[1]["clip"]) == 0.32
    assert (rows[1]["seconds"], rows[3]["seconds"]) == ("8.0", "")
    assert list(rows[0])[:3] == ["row", "bound", "pair"]


def test_summary_is_json_and_the_same_each_time():
    one, other = (json.dumps(summarise(SAMPLES, FID)) for _ in range(2))
    assert one == other


def test_a_score_that_is_missing_and_an_empty_table_are_told():
    scores = (Score("clip", 0.5, "", True),)
    with pytest.raises(InvalidInputError, match="Seed 7 of 'dog' in row 'imprint' has no score 'r"):
        summarise([*SAMPLES, measured("imprint", "dog", 7, 0, 0, scores=scores)], {})
    with pytest.raises(InvalidInputError, match="no sample"):
        summarise([], {})


def test_a_score_that_judges_only_some_prompts_is_told_with_its_number():
    heard = (Score("clip", 0.5, "", True), Score("birdnet", 0.9, "", True))
    silent = heard[:1]
    pairs = {"dog": heard, "harp": silent}
    samples = [
        dataclasses.replace(SAMPLES[0], row=row, pair=pair, seed=seed, scores=scores)
        for row in ("compose", "sds")
        for pair, scores in pairs.items()
        for seed in (0, 1)
    ]
    summary = summarise(samples, {})
    assert summary["rows"][0]["scores"]["birdnet"]["samples"] == 2
    assert "samples" not in summary["rows"][0]["scores"]["clip"]
    assert "0.900 ± 0.000, n 2" in to_markdown(summary)
    rows = list(csv.DictReader(io.StringIO(to_csv(samples))))
    assert [row["birdnet"] for row in rows[:4]] == ["0.9", "0.9", "", ""]
