"""Every reader of the project: files that it takes, how they are made wrong, and how it reads."""

import dataclasses
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fuzz_files
import torch
from fuzz_values import damaged, to_json, to_toml, trees
from hypothesis import strategies as st
from PIL import Image
from tiny import TINY_FORMAT, tiny_text_encoder, tiny_unet, tiny_vae
from tiny_checkpoint import OriginalGenerator, original_state, save_lora
from tiny_sample import make_sample
from tiny_study import make_key, rate

from sonocanvas.errors import SonoCanvasError
from sonocanvas.evaluation.journal import Journal, scores_in
from sonocanvas.evaluation.prompts import choose, read_prompts
from sonocanvas.evaluation.table import Measured, summarise
from sonocanvas.files.artifacts import load_sample, save_sample
from sonocanvas.files.inspection import inspect
from sonocanvas.files.origin import Origin
from sonocanvas.files.pictures import (
    read_canvas_png,
    read_colour_png,
    read_picture,
    write_canvas_png,
    write_colour_png,
)
from sonocanvas.files.run_file import load_config, load_preset, load_scene, resolve
from sonocanvas.files.run_file import to_toml as run_to_toml
from sonocanvas.files.sounds import read_sound, write_sound
from sonocanvas.files.writing import read_comment
from sonocanvas.pairs.lora import Lora, merge_lora
from sonocanvas.pairs.parts import check_weights, load_part, read_json, read_vocoder
from sonocanvas.show.gallery import write_gallery
from sonocanvas.show.video import write_video
from sonocanvas.sources.picture_file import PictureFile
from sonocanvas.study.records import read_key, read_results
from sonocanvas.study.report import make_report
from sonocanvas.types import MINI_FORMAT, Waveform
from sonocanvas.vocoders.weights import build_vocoder

ORIGIN = Origin("SonoCanvas 1", "compose", "tiny", 7, {"weights": "CC-BY-4.0"})
VOCODER = {
    "resblock": "1",
    "num_mels": 8,
    "upsample_initial_channel": 8,
    "upsample_rates": [4, 2],
    "upsample_kernel_sizes": [8, 4],
    "resblock_kernel_sizes": [3],
    "resblock_dilation_sizes": [[1, 3]],
    "sampling_rate": 16000,
}
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
TABLE = (
    "id\timage_prompt\taudio_prompt\timage_kind\n"
    "one\ta castle\tbells\tscene\ntwo\ta dog\train\tobject\n"
)


@dataclass(frozen=True)
class Reader:
    """What reads a kind of file.

    Attributes:
        name: What is read.
        cases: What is written.
        file: Where it is written, within a folder of its own.
        read: Reads it, given that folder; it raises an error of ours, or nothing.
        prepare: Makes what else the folder needs.
    """

    name: str
    cases: st.SearchStrategy[bytes]
    file: str
    read: Callable[[Path], object]
    prepare: Callable[[Path], object] = lambda folder: None


def each(*reads: Callable[[], object]) -> None:
    """Calls several readers of one file; one that refuses does not keep the others from it.

    Raises:
        SonoCanvasError: The last that was raised.
    """
    refusal: SonoCanvasError | None = None
    for read in reads:
        try:
            read()
        except SonoCanvasError as error:
            str(error).encode()  # it can be printed
            refusal = error
    if refusal is not None:
        raise refusal


def mixed(tree: Any, write: Callable[[Any], bytes]) -> st.SearchStrategy[bytes]:
    """Returns texts of trees with places changed, and three times fewer with bytes damaged."""
    changed = trees(tree).map(write)
    return st.one_of(changed, changed, damaged(write(tree)), changed.flatmap(damaged))


def readers(home: Path) -> list[Reader]:
    """Returns every reader.

    Args:
        home: Where the files are made that are right.
    """
    return [
        *_pictures(home), *_sounds(home), *_texts(), *_samples(home), *_studies(), *_weights(home)
    ]  # fmt: skip


def _pictures(home: Path) -> list[Reader]:
    canvas = torch.rand(32, 64, generator=torch.Generator().manual_seed(0))
    gray, colour = home / "gray.png", home / "colour.png"
    write_canvas_png(gray, canvas, TINY_FORMAT, 1.0, ORIGIN)
    write_colour_png(colour, canvas.expand(3, -1, -1), TINY_FORMAT, {"name": "latent"}, "", ORIGIN)
    seeds = [path.read_bytes() for path in (gray, colour)]

    def png(folder: Path) -> None:
        path = folder / "one.png"
        each(
            lambda: read_canvas_png(path),
            lambda: read_colour_png(path),
            lambda: read_comment(path),
            lambda: PictureFile(str(path))(MINI_FORMAT),
            lambda: inspect(path),
        )

    def other(folder: Path) -> None:
        path = folder / "one.png"  # what it is stands inside
        each(lambda: read_picture(path), lambda: read_comment(path))

    picture = Image.open(gray).convert("RGB")
    kinds = ("JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF", "JPEG2000", "TGA", "ICO")
    return [
        Reader("png", st.one_of(*map(fuzz_files.pngs, seeds)), "one.png", png),
        Reader(
            "pictures",
            st.one_of(*(damaged(_as(picture, kind)) for kind in kinds)),
            "one.png",
            other,
        ),
    ]


def _as(picture: Image.Image, kind: str) -> bytes:
    kept = io.BytesIO()
    picture.save(kept, kind)
    return kept.getvalue()


def _sounds(home: Path) -> list[Reader]:
    sound = Waveform(make_sample(1).waveform.samples[:, :3600], 16000)
    waves = [("wav", fuzz_files.waves), ("flac", fuzz_files.flacs), ("ogg", fuzz_files.oggs)]
    made = []
    for kind, strategy in [*waves, ("mp3", damaged)]:
        path = home / f"sound.{kind}"
        write_sound(path, sound, ORIGIN)
        seed = path.read_bytes()
        cases = st.one_of(strategy(seed), strategy(seed), damaged(seed))

        def read(folder: Path, kind: str = kind) -> None:
            path = folder / f"one.{kind}"
            each(
                lambda: read_sound(path, 16000), lambda: read_comment(path), lambda: inspect(path)
            )  # fmt: skip

        made.append(Reader(kind, cases, f"one.{kind}", read))
    write_video(home / "one.mp4", dataclasses.replace(make_sample(), canvas=torch.rand(16, 128)))
    video = damaged((home / "one.mp4").read_bytes())
    return [*made, Reader("mp4", video, "one.mp4", lambda folder: inspect(folder / "one.mp4"))]


def _texts() -> list[Reader]:
    import tomllib

    run = tomllib.loads(run_to_toml(resolve({"image_prompt": "a castle", "audio_prompt": "bells"})))
    layered = run | {"layers": tomllib.loads(SCENE)["layers"]}
    preset = {"image_prompt": "a dog", "audio_prompt": "rain", "rule": "mean", "search": "halving"}
    preset |= {"sampling": {"steps": 8}, "colour": {"name": "magma"}, "vocoder": "griffin_lim"}
    scene = tomllib.loads(SCENE)
    return [
        Reader(
            "run.toml",
            st.one_of(mixed(run, to_toml), mixed(layered, to_toml)),
            "run.toml",
            lambda folder: run_to_toml(load_config(folder / "run.toml")),
        ),
        Reader(
            "scene",
            st.one_of(mixed(scene, to_toml), damaged(SCENE.encode())),
            "scene.toml",
            lambda folder: run_to_toml(resolve(load_scene(folder / "scene.toml"))),
        ),
        Reader(
            "preset",
            mixed(preset, to_toml),
            "one.toml",
            lambda folder: (
                load_preset(str(folder / "one.toml")),
                run_to_toml(resolve({}, [str(folder / "one.toml")])),
            ),
        ),
        Reader(
            "prompts",
            damaged(TABLE.encode()),
            "prompts.tsv",
            lambda folder: choose(read_prompts(folder / "prompts.tsv"), 1),
        ),
    ]


def _samples(home: Path) -> list[Reader]:
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
        Reader("sample.json", mixed(record, to_json), "0007/sample.json", whole, prepare),
        Reader(
            "candidates",
            damaged(b"steps,score\n8,0.5\n16,0.25\n"),
            "0007/candidates.csv",
            lambda place: load_sample(place / "0007"),
            prepare,
        ),
        Reader(
            "latent",
            fuzz_files.tensors(latent),
            "0007/latent.safetensors",
            lambda place: load_sample(place / "0007"),
            prepare,
        ),
        Reader("scores", mixed(lines, _to_lines), "measured.jsonl", scores),
    ]


def _to_lines(tree: Any) -> bytes:
    lines = tree if isinstance(tree, list) else [tree]
    return b"".join(to_json(line) + b"\n" for line in lines)


def _studies() -> list[Reader]:
    key = make_key(3)
    results = rate(key, 1, lambda pair, question, ours: ours, repeats=1)

    def read_answers(folder: Path) -> None:
        make_report(read_results([folder / "one.json"], key), key)

    return [
        Reader(
            "study", mixed(json.loads(results.model_dump_json()), to_json), "one.json", read_answers
        ),
        Reader(
            "study key",
            mixed(json.loads(key.model_dump_json()), to_json),
            "key.json",
            lambda folder: make_report([results], read_key(folder / "key.json")),
        ),
    ]


PARTS = {
    "unet": (("diffusers", "UNet2DConditionModel"), tiny_unet),
    "vae": (("diffusers", "AutoencoderKL"), tiny_vae),
    "text_encoder": (("transformers", "CLIPTextModel"), tiny_text_encoder),
}


def _weights(home: Path) -> list[Reader]:
    made = []
    for name, (kind, make) in PARTS.items():
        make().save_pretrained(home / name)
        config = json.loads((home / name / "config.json").read_text())

        def part(folder: Path, name: str = name, kind: tuple[str, str] = kind) -> None:
            place = folder / name
            read_json(place / "config.json")
            check_weights(place)
            load_part(place, kind, "cpu", torch.float32)

        def copy(folder: Path, name: str = name) -> None:
            shutil.copytree(home / name, folder / name, dirs_exist_ok=True)

        made.append(
            Reader(f"{name} config", mixed(config, to_json), f"{name}/config.json", part, copy)
        )
        if name == "unet":
            weights = next((home / name).glob("*.safetensors"))
            made.append(
                Reader(
                    "safetensors",
                    fuzz_files.tensors(weights.read_bytes()),
                    f"{name}/{weights.name}",
                    part,
                    copy,
                )
            )
    return [*made, *_vocoders(home), _lora(home)]


def _vocoders(home: Path) -> list[Reader]:
    folder = home / "vocoder"
    folder.mkdir()
    torch.manual_seed(0)
    torch.save({"generator": original_state(OriginalGenerator(VOCODER))}, folder / "vocoder.pt")
    (folder / "config.json").write_text(json.dumps(VOCODER))

    def copy(place: Path) -> None:
        shutil.copytree(folder, place / "vocoder", dirs_exist_ok=True)

    def read(place: Path) -> None:
        weights = read_vocoder(place / "vocoder", "cpu")
        build_vocoder("hifigan", {}, weights, "It")

    pickled = fuzz_files.pickles((folder / "vocoder.pt").read_bytes())
    return [
        Reader("hifigan config", mixed(VOCODER, to_json), "vocoder/config.json", read, copy),
        Reader("hifigan", pickled, "vocoder/vocoder.pt", read, copy),
    ]


def _lora(home: Path) -> Reader:
    seed = save_lora(home / "lora.safetensors").read_bytes()
    options = {"r": 2, "lora_alpha": 4, "target_modules": ["to_q"]}
    from safetensors.torch import load, save

    metadata = {"format": "pt", "lora_adapter_metadata": json.dumps(options)}
    told = save(load(seed), metadata)
    unet = tiny_unet()

    def read(folder: Path) -> None:
        merge_lora(unet, Lora(folder / "lora.safetensors", "mine"), 1.0, lambda sentence: None)

    cases = st.one_of(
        fuzz_files.tensors(seed), fuzz_files.tensors(told), _options(load(seed), options)
    )
    return Reader("lora", cases, "lora.safetensors", read)


def _options(tensors: dict[str, torch.Tensor], options: Any) -> st.SearchStrategy[bytes]:
    from safetensors.torch import save

    def write(text: bytes) -> bytes:
        told = {"format": "pt", "lora_adapter_metadata": text.decode("utf-8", "replace")}
        return save(tensors, told)

    return mixed(options, to_json).map(write)
