"""Readers of runs, scenes, presets, settings and tables of prompts."""

import tomllib
from pathlib import Path
from typing import Any

from fuzz_reader import Reader, each, mixed
from fuzz_values import damaged, to_json, to_toml
from hypothesis import strategies as st

from sonocanvas.evaluation.prompts import choose, read_prompts
from sonocanvas.files.run_file import load_config, load_preset, load_scene, resolve
from sonocanvas.files.run_file import to_toml as run_to_toml

SCENE = """seeds = "0-3"
duration_s = "12.5"

[[layers]]
kind = "sound"
prompt = "a bell ringing"
span_s = [0, 3]
level_db = -10

[[layers]]
kind = "picture"
file = "castle.png"
band_hz = [500, 8000]
strength = 0.5

[sampling]
steps = 4
"""
LINE = 'picture "a castle" 0-3s 500-8000Hz -20dB ~0.5s 40% cover file=castle.png gamma=1.5'
SETTINGS = ["sampling.steps=8", "seeds=0-3", "duration_s=1:30", LINE]
TABLE = (
    "id\timage_prompt\taudio_prompt\timage_kind\n"
    "one\ta castle\tbells\tscene\ntwo\ta dog\train\tobject\n"
)


def texts() -> list[Reader]:
    run = tomllib.loads(run_to_toml(resolve({"image_prompt": "a castle", "audio_prompt": "bells"})))
    layered = run | {"layers": tomllib.loads(SCENE)["layers"]}
    preset = {"image_prompt": "a dog", "audio_prompt": "rain", "rule": "mean", "search": "halving"}
    preset |= {"sampling": {"steps": 8}, "colour": {"name": "magma"}, "vocoder": "griffin_lim"}
    scene = tomllib.loads(SCENE)

    def settings(folder: Path) -> None:
        lines = (folder / "settings.txt").read_bytes().decode("utf-8", "replace").split("\n")
        prompts = {"image_prompt": "a castle", "audio_prompt": "bells"}
        each(
            lambda: resolve(prompts, settings=lines[:-1]),
            lambda: resolve({"layers": lines[-1:]}),
        )

    return [
        Reader(
            "run.toml",
            to_toml(run),
            st.one_of(mixed(run, to_toml), mixed(layered, to_toml)),
            "run.toml",
            lambda folder: run_to_toml(load_config(folder / "run.toml")),
        ),
        Reader(
            "scene",
            SCENE.encode(),
            st.one_of(mixed(scene, to_toml), damaged(SCENE.encode())),
            "scene.toml",
            lambda folder: run_to_toml(resolve(load_scene(folder / "scene.toml"))),
        ),
        Reader(
            "preset",
            to_toml(preset),
            mixed(preset, to_toml),
            "one.toml",
            lambda folder: (
                load_preset(str(folder / "one.toml")),
                run_to_toml(resolve({}, [str(folder / "one.toml")])),
            ),
        ),
        Reader(
            "settings",
            _to_text(SETTINGS),
            mixed(SETTINGS, _to_text),
            "settings.txt",
            settings,
        ),
        Reader(
            "prompts",
            TABLE.encode(),
            damaged(TABLE.encode()),
            "prompts.tsv",
            lambda folder: choose(read_prompts(folder / "prompts.tsv"), 1),
        ),
    ]


def _to_text(tree: Any) -> bytes:
    lines = tree if isinstance(tree, list) else [tree]
    return b"\n".join(one.encode() if isinstance(one, str) else to_json(one) for one in lines)
