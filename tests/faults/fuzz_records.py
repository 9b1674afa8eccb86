"""Readers of saved and measured records: samples, scores, studies."""

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import fuzz_files
from fuzz_reader import Reader, each, mixed
from fuzz_values import damaged, to_json
from tiny_sample import make_sample
from tiny_study import make_key, rate

from sonocanvas.evaluation.journal import Journal, scores_in
from sonocanvas.evaluation.table import Measured, summarise
from sonocanvas.files.artifacts import load_sample, save_sample
from sonocanvas.files.inspection import inspect
from sonocanvas.show.gallery import write_gallery
from sonocanvas.study.records import read_key, read_results
from sonocanvas.study.report import make_report

RECORD = {
    "method": {"name": "compose"},
    "pair": {"name": "tiny", "licences": {"weights": "CC-BY-4.0"}},
    "rule": {"name": "mean", "audio_weight": 0.5},
    "sampling": {"scheduler": "ddim", "steps": 3},
    "versions": {"sonocanvas": "1"},
    "notes": ["A note."],
    "layers": [{"kind": "picture", "prompt": "a castle", "span_s": [0.0, 1.0]}],
    "rank": {"place": 1, "of": 2, "kept": True, "rule": "intersection", "by": ["selector"]},
}
CANDIDATES = b"steps,score\n8,0.5\n16,0.25\n"


def samples(home: Path) -> list[Reader]:
    sample = dataclasses.replace(make_sample(), record=RECORD, candidates=({"score": 0.5},))
    folder = save_sample(sample, home / "saved")
    record = json.loads((folder / "sample.json").read_text("utf-8"))
    latent = (folder / "latent.safetensors").read_bytes()

    def prepare(place: Path) -> None:
        shutil.copytree(folder, place / "0007", dirs_exist_ok=True)

    def whole(place: Path) -> None:
        each(
            lambda: load_sample(place / "0007"),
            lambda: write_gallery(place),
            lambda: inspect(place / "0007"),
            lambda: inspect(place),
        )

    score = {"name": "round_trip", "value": 0.5, "unit": "", "higher_is_better": True}
    cell = {"cell": "compose/one", "seed": 0}
    lines = [
        {**cell, "seconds": 1.0, "cpu_seconds": 1.0, "evaluations": 3.0},
        {**cell, "scorer": "round_trip", "scores": [score]},
        {"set": "fid of compose", "score": score | {"name": "fid"}},
    ]

    def scores(place: Path) -> None:
        path = place / "measured.jsonl"

        def table() -> None:
            for (cell, seed), found in scores_in(path).items():
                known = {
                    "row": "a",
                    "bound": "",
                    "pair": cell,
                    "image_prompt": "",
                    "audio_prompt": "",
                }
                kinds = {"image_kind": "", "audio_kind": "", "seed": seed, "scores": found}
                json.dumps(summarise([Measured(**known, **kinds)], {}), allow_nan=False)

        each(table, lambda: Journal(path, lambda cell, seed: seed == 0))

    return [
        Reader(
            "sample.json",
            to_json(record),
            mixed(record, to_json),
            "0007/sample.json",
            whole,
            prepare,
        ),
        Reader(
            "candidates",
            CANDIDATES,
            damaged(CANDIDATES),
            "0007/candidates.csv",
            lambda place: load_sample(place / "0007"),
            prepare,
        ),
        Reader(
            "latent",
            latent,
            fuzz_files.tensors(latent),
            "0007/latent.safetensors",
            lambda place: load_sample(place / "0007"),
            prepare,
        ),
        Reader("scores", _to_lines(lines), mixed(lines, _to_lines), "measured.jsonl", scores),
    ]


def _to_lines(tree: Any) -> bytes:
    lines = tree if isinstance(tree, list) else [tree]
    return b"".join(to_json(line) + b"\n" for line in lines)


def studies() -> list[Reader]:
    key = make_key(3)
    results = rate(key, 1, lambda pair, question, ours: ours, repeats=1)

    def read_answers(folder: Path) -> None:
        make_report(read_results([folder / "one.json"], key), key)

    return [
        Reader(
            "study",
            results.model_dump_json().encode(),
            mixed(json.loads(results.model_dump_json()), to_json),
            "one.json",
            read_answers,
        ),
        Reader(
            "study key",
            key.model_dump_json().encode(),
            mixed(json.loads(key.model_dump_json()), to_json),
            "key.json",
            lambda folder: make_report([results], read_key(folder / "key.json")),
        ),
    ]
