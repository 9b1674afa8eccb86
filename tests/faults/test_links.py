"""Paths that lead out of a folder, in records, in indexes and as symbolic links."""

import json
import shutil
import sys

import pytest
from test_generate import config
from tiny import tiny_pair
from tiny_checkpoint import VOCODER, change_json, save_vocoder
from tiny_sample import make_sample

from sonocanvas import generate
from sonocanvas.errors import CheckpointError, InvalidInputError
from sonocanvas.evaluation.journal import Journal, scores_in
from sonocanvas.evaluation.prompts import read_prompts
from sonocanvas.files.artifacts import load_sample, sample_folders, save_sample
from sonocanvas.files.inspection import inspect
from sonocanvas.files.writing import write_text
from sonocanvas.pairs.part_files import check_weights
from sonocanvas.pairs.parts import read_vocoder
from sonocanvas.show.colour import colour_samples
from sonocanvas.show.gallery import write_gallery
from sonocanvas.show.video import write_videos
from sonocanvas.web.studio import Studio

PAIR = tiny_pair()
RUN = config(seeds=[7, 8], sampling={"steps": 1})
OUT = "is a symbolic link that leads out of"
linked = pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")


@pytest.fixture
def outside(tmp_path):
    """Returns a folder that no run may touch, and checks afterwards that none did."""
    folder = tmp_path / "outside"
    save_sample(make_sample(), folder)
    (folder / "secret").write_text("secret")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    yield folder
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "runs" / "run"
    generate(RUN, folder, pair=PAIR)
    write_gallery(folder)
    return folder


@linked
@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize(
    "name",
    ["0007", "0008.partial", "run.toml", "run.toml.partial", "preview.png", ".lock", "any"],
)
def test_a_run_is_not_made_where_a_link_leads_out(run, outside, name, overwrite):
    for path in (run / "0007", run / "0008"):
        shutil.rmtree(path)
    (run / name).unlink(missing_ok=True)
    (run / name).symlink_to(outside / ("0007" if name.startswith("000") else "secret"))
    with pytest.raises(InvalidInputError, match=OUT):
        generate(RUN, run, pair=PAIR, overwrite=overwrite)


@linked
def test_a_link_that_leads_nowhere_is_refused_too(run, outside):
    (run / ".lock").symlink_to(outside / "new")
    with pytest.raises(InvalidInputError, match=OUT):
        generate(RUN, run, pair=PAIR)
    assert not (outside / "new").exists()


@linked
@pytest.mark.parametrize("name", ["sample.json", "canvas.png", "audio.wav", "colour.png"])
def test_no_file_of_a_sample_is_read_through_a_link(run, outside, name):
    (run / "0007" / name).unlink(missing_ok=True)
    found = outside / "0007" / name
    (run / "0007" / name).symlink_to(found if found.exists() else outside / "0007" / "canvas.png")
    reads = (
        lambda: load_sample(run / "0007"),
        lambda: inspect(run / "0007"),
        lambda: inspect(run),
        lambda: write_gallery(run),
        lambda: list(write_videos(run)),
        lambda: list(colour_samples(run, "magma", {})),
        lambda: generate(RUN, run, pair=PAIR),
    )
    for read in reads:
        with pytest.raises(InvalidInputError, match=OUT):
            read()


@linked
def test_no_tool_writes_into_a_sample_that_is_a_link(run, outside):
    shutil.rmtree(run / "0007")
    (run / "0007").symlink_to(outside / "0007")
    for use in (sample_folders, write_gallery, lambda run: list(write_videos(run))):
        with pytest.raises(InvalidInputError, match=OUT):
            use(run)


@linked
def test_nothing_is_written_through_a_link_beside_a_file(tmp_path, outside):
    (tmp_path / "table.md.partial").symlink_to(outside / "secret")
    (tmp_path / "table.md").symlink_to(outside / "secret")
    write_text(tmp_path / "table.md", "new")
    assert (tmp_path / "table.md").read_text() == "new"
    assert not (tmp_path / "table.md").is_symlink()


@linked
def test_a_run_folder_may_itself_lie_behind_a_link(run, tmp_path):
    (tmp_path / "shortcut").symlink_to(run)
    assert len(generate(RUN, tmp_path / "shortcut", pair=PAIR)) == 2
    assert len(sample_folders(tmp_path / "shortcut")) == 2


@linked
def test_a_journal_is_neither_read_nor_written_through_a_link(tmp_path, outside):
    path = tmp_path / "evaluation" / "measured.jsonl"
    path.parent.mkdir()
    path.symlink_to(outside / "secret")
    with pytest.raises(InvalidInputError, match=OUT):
        Journal(path, lambda cell, seed: True)


@linked
def test_the_studio_shows_no_run_that_is_a_link(tmp_path, run):
    elsewhere = run.rename(tmp_path / "elsewhere")
    studio = Studio(run.parent, "cpu")
    run.symlink_to(elsewhere)
    assert studio.runs() == []
    for use in (studio.folder, studio.make_videos, studio.canvas_of):
        with pytest.raises(InvalidInputError, match="There is no run"):
            use("run")


@pytest.mark.parametrize("seed", ["../../etc", "/tmp/x", -1, 1.0, None, True, 2**63])
def test_a_record_does_not_say_where_it_is_saved(run, seed):
    change_json(run / "0007" / "sample.json", seed=seed)
    for read in (lambda: load_sample(run / "0007"), lambda: write_gallery(run)):
        with pytest.raises(InvalidInputError, match="seed is not a number from 0"):
            read()


@pytest.mark.parametrize("seed", ["../7", "7", -1, 1.5, True])
def test_a_journal_names_seeds_by_numbers(tmp_path, seed):
    line = {"cell": "../../etc", "seed": seed, "seconds": 1, "cpu_seconds": 1, "evaluations": 1}
    path = tmp_path / "measured.jsonl"
    path.write_text(json.dumps(line) + "\n")
    for read in (scores_in, lambda path: Journal(path, lambda cell, seed: True)):
        with pytest.raises(InvalidInputError, match="line 1: it is not a measurement"):
            read(path)


@pytest.mark.parametrize("name", ["..", "../x", "/etc/x", "a/b", "a\\b", ".", "a\0b", "a" * 81])
def test_an_id_of_prompts_is_no_path(tmp_path, name):
    path = tmp_path / "prompts.tsv"
    path.write_text(f"id\timage_prompt\taudio_prompt\n{name}\ta castle\tbells\n", "utf-8")
    with pytest.raises(InvalidInputError, match="has the id"):
        read_prompts(path)


@pytest.mark.parametrize(
    "name",
    ["../evil.safetensors", "/etc/passwd", "a/b.bin", "..\\evil.bin", "..", ".", "", 5, "a\0"],
)
def test_an_index_names_files_beside_it_alone(tmp_path, name):
    (tmp_path / "part").mkdir()
    index = tmp_path / "part" / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": name}}))
    with pytest.raises(CheckpointError, match="must be files next to it"):
        check_weights(tmp_path / "part")


@linked
def test_a_model_may_lie_behind_links_as_in_the_cache_of_the_hub(tmp_path):
    save_vocoder(tmp_path / "blobs", VOCODER)
    (tmp_path / "vocoder").mkdir()
    for path in (tmp_path / "blobs").iterdir():
        (tmp_path / "vocoder" / path.name).symlink_to(path)
    assert read_vocoder(tmp_path / "vocoder", "cpu").kind == "hifigan"
