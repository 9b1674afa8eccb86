"""Colouring saved samples: the colour lies beside the canvas, reads as it and is never lost."""

import json
import shutil

import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from tiny import tiny_pair
from tiny_sample import make_sample

from sonocanvas.config import RunConfig
from sonocanvas.errors import InvalidInputError
from sonocanvas.files.artifacts import load_sample, save_sample
from sonocanvas.files.pictures import read_canvas_png
from sonocanvas.files.run_file import to_toml
from sonocanvas.generate import generate
from sonocanvas.pairs.folder import save_folder
from sonocanvas.show.colour import colour_samples

QUICK = {"steps": 2, "start_step": 1}


@pytest.fixture
def run(tmp_path):
    """Returns a run of two samples by a pair in a folder."""
    save_folder(tiny_pair(), tmp_path / "pair")
    for seed in (3, 12):
        save_sample(make_sample(seed), tmp_path / "run")
    (tmp_path / "run" / "0005.partial").mkdir()
    (tmp_path / "run" / "0005.partial" / "sample.json").write_text("half")
    config = RunConfig(image_prompt="a dog", audio_prompt="rain", pair=f"local:{tmp_path / 'pair'}")
    (tmp_path / "run" / "run.toml").write_text(to_toml(config))
    return tmp_path / "run"


def made(*args, **options):
    return list(colour_samples(*args, **options))


def opened(path):
    with Image.open(path) as picture:
        picture.load()
    return picture


def save_with(picture, path, meaning):
    text = PngInfo()
    text.add_text("sonocanvas", json.dumps(meaning))
    picture.save(path, pnginfo=text)


@pytest.mark.parametrize(("by", "options"), [("magma", {}), ("turbo", {}), ("latent", QUICK)])
def test_every_sample_gets_a_picture_that_is_read_as_its_canvas(run, by, options):
    paths = made(run, by, options)
    assert [str(path.relative_to(run)) for path in paths] == ["0003/colour.png", "0012/colour.png"]
    for path in paths:
        canvas, canvas_format = read_canvas_png(path.with_name("canvas.png"))
        again, format_again = read_canvas_png(path)
        assert torch.equal(again, canvas)
        assert format_again == canvas_format
        assert opened(path).mode == "RGB"


def test_colour_is_part_of_the_sample(run):
    before = load_sample(run / "0003")
    assert before.colour is None
    made(run, "latent", {"samples": 3, **QUICK})
    sample = load_sample(run / "0003")
    assert sample.colour.pictures.shape == (3, 3, 32, 64)
    assert (sample.colour.record["samples"], sample.colour.colour_map) == (3, "")
    names = {path.name for path in (run / "0003").glob("colour*")}
    assert names == {"colour.png", "colour-00.png", "colour-01.png", "colour-02.png"}
    first = (run / "0003" / "colour-00.png").read_bytes()
    assert (run / "0003" / "colour.png").read_bytes() == first
    again = save_sample(sample, run.parent / "again")
    for path in (run / "0003").iterdir():
        assert (again / path.name).read_bytes() == path.read_bytes()


def test_same_colour_is_kept_and_another_is_refused_before_any_work(run):
    made(run / "0012", "magma", {})
    before = (run / "0012" / "colour.png").stat().st_mtime_ns
    with pytest.raises(InvalidInputError, match=r'was made by {"name": "magma"}; use --overwrite'):
        made(run, "viridis", {})
    assert not (run / "0003" / "colour.png").exists()
    assert len(made(run, "magma", {})) == 2
    assert (run / "0012" / "colour.png").stat().st_mtime_ns == before


def test_colour_is_replaced_when_asked_and_nothing_old_stays(run):
    made(run, "latent", {"samples": 2, **QUICK})
    made(run, "viridis", {}, overwrite=True)
    assert [path.name for path in (run / "0003").glob("colour*")] == ["colour.png"]
    assert load_sample(run / "0003").colour.colour_map == "viridis"


def test_folder_of_one_sample_is_coloured_alone(run):
    assert made(run / "0003", "latent", QUICK) == [run / "0003" / "colour.png"]
    assert not (run / "0012" / "colour.png").exists()


def test_pair_of_the_run_is_needed_by_latent_alone(run):
    (run / "run.toml").unlink()
    shutil.rmtree(run.parent / "pair")
    with pytest.raises(InvalidInputError, match=r"has no run.toml, which names the models"):
        made(run, "latent", {})
    assert len(made(run, "magma", {})) == 2


@pytest.mark.parametrize(
    ("by", "options", "sentence"),
    [
        ("magna", {}, "Unknown colouriser 'magna'. Did you mean 'magma'"),
        ("magma", {"steps": 3}, "Unknown option of colouriser 'magma': 'steps'"),
        ("latent", {"step": 3}, "Did you mean 'steps'"),
        ("latent", {"steps": 5, "start_step": 5}, "start_step must be from 0 to 4, not 5"),
    ],
)
def test_bad_name_or_option_is_refused(run, by, options, sentence):
    with pytest.raises(InvalidInputError) as error:
        made(run, by, options)
    assert sentence in str(error.value)
    assert not (run / "0003" / "colour.png").exists()


@pytest.mark.parametrize("damage", ["text", "plain", "map"])
def test_colour_that_is_not_ours_is_refused_in_one_sentence(run, damage):
    path = made(run / "0003", "magma", {})[0]
    if damage == "text":
        path.write_text("not a picture")
    elif damage == "plain":
        Image.new("RGB", (64, 32)).save(path)
    else:
        picture = Image.new("RGB", (64, 32), (0, 255, 0))
        text = json.loads(opened(path).info["sonocanvas"])
        save_with(picture, path, text)
    with pytest.raises(InvalidInputError, match=r"colour\.png|#00ff00 is not in the map 'magma'"):
        read_canvas_png(path) if damage == "map" else load_sample(path.parent)


def test_unknown_map_in_a_picture_is_refused(run):
    path = made(run / "0003", "magma", {})[0]
    meaning = json.loads(opened(path).info["sonocanvas"])
    for colour_map in ("magna", 7, ["magma"]):
        save_with(opened(path), path, meaning | {"colour_map": colour_map})
        with pytest.raises(InvalidInputError, match=r"Unknown colour map in .*Known: cividis"):
            read_canvas_png(path)


def test_what_is_transparent_in_a_mapped_picture_is_black(run):
    path = made(run / "0003", "viridis", {})[0]
    meaning = json.loads(opened(path).info["sonocanvas"])
    picture = opened(path).convert("RGBA")
    picture.putalpha(Image.new("L", picture.size, 0))
    save_with(picture, path, meaning)
    assert read_canvas_png(path)[0].max() == 0


def test_sample_in_memory_holds_its_colour_as_it_is_saved(run):
    config = RunConfig(
        image_prompt="a dog",
        audio_prompt="rain",
        seeds=(1,),
        sampling={"steps": 1},
        vocoder="griffin_lim",
        colour={"name": "latent", **QUICK},
    )
    in_memory = generate(config, pair=tiny_pair())[0]
    saved = generate(config, run.parent / "new", pair=tiny_pair())[0]
    loaded = load_sample(run.parent / "new" / "0001")
    for sample in (saved, loaded):
        assert torch.equal(sample.colour.pictures, in_memory.colour.pictures)
        assert sample.colour.record == in_memory.colour.record == config.colour.model_dump()
