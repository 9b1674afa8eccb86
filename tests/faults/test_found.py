"""Findings of the fuzzer: each file once made a reader fail with an error that was not ours."""

import json
import struct

import pytest
from fuzz_files import chunks_of, text_chunk, to_png
from fuzz_guard import guarded
from fuzz_values import DEEP, HEX, HUGE, TINY, to_json, to_toml
from safetensors.torch import load, save

pytestmark = pytest.mark.usefixtures("bounded")
RUN = {"image_prompt": "a castle", "audio_prompt": "bells"}
COSTS = {"seconds": 1.0, "cpu_seconds": 1.0, "evaluations": 3.0}
SCORE = {"name": "fid", "value": 0.5, "unit": "", "higher_is_better": True}


def changed(**changes):
    """Returns a function that changes fields of a valid JSON file."""
    return lambda right: to_json(json.loads(right) | changes)


def run(**fields):
    """Returns a function that writes a run with other fields."""
    return lambda right: to_toml(RUN | fields)


def line(**fields):
    """Returns a function that writes a journal of one line."""
    return lambda right: to_json(fields) + b"\n"


def without(key):
    """Returns a function that drops a field of a valid JSON file."""
    return lambda right: to_json(
        {name: one for name, one in json.loads(right).items() if name != key}
    )


def with_header(width, height):
    """Returns a function that changes the size in a PNG's header."""

    def change(right):
        (kind, header), *rest = chunks_of(right)
        return to_png([(kind, struct.pack(">II", width, height) + header[8:]), *rest])

    return change


def with_text(text):
    """Returns a function that replaces our text chunk in a PNG."""

    def change(right):
        header, *others = chunks_of(right)
        others = [one for one in others if not one[1].startswith(b"sonocanvas")]
        return to_png([header, text_chunk(b"sonocanvas", text), *others])

    return change


def at(place, form, *values):
    """Returns a function that overwrites numbers in a file."""

    def change(right):
        found = bytearray(right)
        struct.pack_into(form, found, place, *values)
        return bytes(found)

    return change


def with_options(**options):
    """Returns a function that gives a LoRA other peft options."""

    def change(right):
        told = {"r": 2, "lora_alpha": 4, "target_modules": ["to_q"]} | options
        return save(load(right), {"lora_adapter_metadata": to_json(told).decode()})

    return change


FOUND = [
    ("png", "a height of 4 billion", with_header(64, 2**32 - 1)),
    ("png", "a text nested too deeply", with_text(b"[" * 20_000)),
    ("png", "a format of too large a number", with_text(b'{"canvas_format": {"mels": 1e999}}')),
    ("wav", "a rate of 1 GHz", at(24, "<I", 10**9)),
    ("wav", "a rate of no number with a sign", at(24, "<I", 2**32 - 1)),
    ("ogg", "a rate of 2 billion", at(40, "<I", 2**31 - 1)),
    ("mp4", "a track without a coder", lambda right: right.replace(b"avc1", b"zzzz")),
    ("run.toml", "no menu of searches", run(search={"name": []})),
    ("run.toml", "arrays nested too deeply", run(pair=DEEP)),
    ("run.toml", "a key of ours", lambda right: to_toml(RUN | {"self": 1})),
    ("run.toml", "a number of 7,000 digits", run(keep=HEX)),
    ("run.toml", "a key of 3,000 parts", lambda right: b"a." * 3000 + b"a = 1\n"),
    ("run.toml", "a home of nobody", run(pair="local:~nobody-at-all/x")),
    ("run.toml", "a kind that is a list", run(layers=[{"kind": [], "file": "x"}])),
    ("scene", "a layer that is a number", run(layers=[TINY])),
    ("scene", "a layer of nobody", run(layers=["picture ~nobody-at-all/x.png"])),
    ("scene", "layers that are a number", run(layers=HEX)),
    ("preset", "a search that is a list", run(search=[])),
    ("settings", "brackets without end", lambda right: b"seeds=" + b"[" * 3000 + b"\nsound x"),
    ("settings", "digits without end", lambda right: b"keep=" + b"9" * 5000 + b"\nsound x"),
    ("sample.json", "null", lambda right: b"null"),
    ("sample.json", "no text", lambda right: b"\xff\xff"),
    ("sample.json", "nested too deeply", changed(rank=DEEP)),
    ("sample.json", "a number of 5,000 digits", changed(gain_db=HUGE)),
    ("sample.json", "a gain of 10,000 dB", changed(gain_db=10_000)),
    ("sample.json", "a seed that is a text", changed(seed='"><script>')),
    ("sample.json", "a prompt that is a list", changed(prompts={"image": [], "audio": ""})),
    ("sample.json", "a score of no number", changed(scores=[SCORE | {"value": "0.5"}])),
    ("sample.json", "no pair", without("pair")),
    ("sample.json", "layers that are a number", changed(layers=5)),
    ("sample.json", "a sampling that is a number", changed(sampling=5)),
    ("candidates", "a cell of 200 KB", lambda right: b"steps\n" + b"8" * 200_000 + b"\n"),
    ("scores", "a set that is a list", line(set=["fid"], score=SCORE)),
    ("scores", "a cell that is a list", line(cell=[], seed=0, **COSTS)),
    ("scores", "a scorer that is a list", line(cell="a", seed=0, scorer=[], scores=[])),
    ("scores", "nested too deeply", line(set=DEEP)),
    ("scores", "a value of 400 digits", line(set="a", score=SCORE | {"value": 10**400})),
    ("scores", "a value that is no number", line(set="a", score=SCORE | {"value": float("nan")})),
    ("model index", "a canvas of a year", changed(latent_shape=[4, 8, 10**9])),
    ("model index", "a latent without end", changed(latent_shape=[4, 8, TINY])),
    ("schedule", "a billion times", changed(num_train_timesteps=10**9)),
    ("schedule", "a beta of text", changed(beta_start="small")),
    ("schedule", "an offset that is a table", changed(steps_offset={})),
    ("schedule", "an offset of 30 digits", changed(steps_offset=10**30)),
    ("schedule", "a spacing that is unknown", changed(timestep_spacing="leadi+g")),
    ("unet config", "a billion channels", changed(block_out_channels=[16, 10**9])),
    ("unet config", "a billion layers", changed(layers_per_block=10**9)),
    ("unet config", "five thousand blocks", changed(down_block_types=["DownBlock2D"] * 5000)),
    ("unet config", "a quantised model", changed(quantization_config={"quant_method": "x"})),
    ("vae config", "a block that is a number", changed(down_block_types=[1, 2, 3])),
    ("vae config", "a list of nothing", changed(block_out_channels=[])),
    ("text_encoder config", "nested too deeply", changed(id2label=DEEP)),
    ("text_encoder config", "a type that is a list", changed(dtype=["", "float32"])),
    ("text_encoder config", "a width that no head divides", changed(hidden_size=17)),
    ("text_encoder config", "a billion words", changed(vocab_size=10**9)),
    ("text_encoder config", "a million layers", changed(num_hidden_layers=10**6)),
    ("hifigan config", "a billion rows", changed(num_mels=10**9)),
    ("hifigan config", "a dilation that is a list", changed(resblock_dilation_sizes=[[1, []]])),
    ("hifigan config", "a dilation of a billion", changed(resblock_dilation_sizes=[[1, 10**9]])),
    ("hifigan config", "a kernel that is a text", changed(upsample_kernel_sizes=["8", 4])),
    ("hifigan config", "a kernel below its rate", changed(upsample_kernel_sizes=[3, 4])),
    ("hifigan config", "a million levels", changed(upsample_rates=[1] * 10**6)),
    ("lora", "options nested too deeply", with_options(target_modules=DEEP)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "what", "change"), FOUND, ids=[f"{a}: {b}" for a, b, _ in FOUND])
def test_what_was_found_is_refused(table, tmp_path, name, what, change):
    reader = table[name]
    reader.prepare(tmp_path)
    (tmp_path / reader.file).write_bytes(change(reader.right))
    outcome = guarded(lambda: reader.read(tmp_path))
    assert not outcome.defect
    assert outcome.refused
    assert outcome.mb < 300
    assert outcome.seconds < 5
