"""A study hides the methods from raters, not from its maker, and refuses runs it cannot compare."""

import dataclasses
import json
import re
import shutil
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from tiny_sample import make_sample
from tiny_study import METHODS, save_run

from sonocanvas.config import RunConfig
from sonocanvas.errors import InvalidInputError
from sonocanvas.files.artifacts import load_sample, save_sample
from sonocanvas.files.origin import Origin, from_comment, software
from sonocanvas.files.run_file import to_toml
from sonocanvas.files.sounds import quantise
from sonocanvas.show.video import write_video
from sonocanvas.study.make import LEVEL_DB, blinded, make_study
from sonocanvas.study.records import read_key
from sonocanvas.types import Waveform

SEEDS = ("0000", "0001")


def told(folder):
    """Returns the data in the page of a study."""
    page = (folder / "index.html").read_text("utf-8")
    return json.loads(re.search(r'id="study">(.*)</script>', page).group(1))


@pytest.fixture
def runs(tmp_path):
    """Returns runs of two seeds by each of three methods."""
    return [save_run(tmp_path / "runs" / method, method) for method in METHODS]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Returns a study of three methods, one without the frog: (folder, key)."""
    place = tmp_path_factory.mktemp("made")
    runs = [save_run(place / method, method) for method in METHODS]
    for method in METHODS[:2]:
        runs.append(save_run(place / f"frog-{method}", method, (5,), ("a frog", "croaking")))
    return place / "study", make_study(runs, place / "study")


def test_every_baseline_is_compared_at_every_prompt_and_seed(made):
    folder, key = made
    compared = [[key.clips[name] for name in pair] for pair in key.pairs]
    assert all(ours.method == "compose" for ours, _ in compared)
    assert sorted((theirs.method, theirs.image_prompt, theirs.seed) for _, theirs in compared) == [
        ("audio-only", "a castle", 0),
        ("audio-only", "a castle", 1),
        ("imprint", "a castle", 0),
        ("imprint", "a castle", 1),
        ("imprint", "a frog", 5),
    ]
    for ours, theirs in compared:
        assert (ours.seed, ours.audio_prompt) == (theirs.seed, theirs.audio_prompt)
    assert read_key(folder.with_name("study-key.json")) == key


def test_the_served_folder_does_not_tell_the_methods(made):
    folder, key = made
    files = {path for path in folder.rglob("*") if path.is_file()}
    assert {path.name for path in files} == {"index.html", *(f"{name}.mp4" for name in key.clips)}
    for path in files:
        assert not any(method.encode() in path.read_bytes() for method in METHODS)
    assert len({path.stat().st_mtime for path in files if path.suffix == ".mp4"}) == 1
    pairs = [pair["clips"] for pair in told(folder)["pairs"]]
    assert sorted(pairs) == pairs == [sorted(pair) for pair in pairs]
    assert {frozenset(pair) for pair in pairs} == {frozenset(pair) for pair in key.pairs}


def test_videos_say_that_they_are_generated_and_nothing_of_how(made):
    folder, key = made
    for name, clip in key.clips.items():
        with av.open(folder / "media" / f"{name}.mp4") as video:
            origin = from_comment(video.metadata["comment"])
        assert origin == Origin(software(), seed=clip.seed)


def test_sounds_have_one_level_unless_their_peaks_forbid_it():
    def level_db(samples):
        sample = dataclasses.replace(make_sample(0), waveform=Waveform(samples, 16000))
        pcm, _ = quantise(blinded(sample).waveform)
        return 10 * np.log10(max(np.mean((pcm / 32768) ** 2), 1e-12))

    noise = torch.randn(1, 16000, generator=torch.Generator().manual_seed(0))
    assert level_db(0.001 * noise) == pytest.approx(LEVEL_DB, abs=0.01)
    assert level_db(5 * noise) == pytest.approx(LEVEL_DB, abs=0.01)
    click = torch.nn.functional.one_hot(torch.tensor([8000]), 16000) * 0.1
    assert level_db(click) == pytest.approx(-10 * np.log10(16000), abs=0.01)  # at full scale
    assert level_db(0 * noise) == -120


def test_each_video_is_that_of_its_sample(made, tmp_path):
    folder, key = made
    for name, clip in key.clips.items():
        write_video(tmp_path / "again.mp4", blinded(load_sample(Path(clip.sample))))
        video = folder / "media" / f"{name}.mp4"
        assert video.read_bytes() == (tmp_path / "again.mp4").read_bytes()


def test_the_method_of_the_first_run_is_the_one_compared(runs, tmp_path):
    key = make_study([runs[2] / "0000", *runs[:2]], tmp_path / "study")
    assert key.method == "audio-only"
    assert {key.clips[ours].method for ours, _ in key.pairs} == {"audio-only"}


def test_the_same_runs_give_the_same_study(runs, tmp_path):
    one, other = (make_study([runs[0] / "0001", runs[1]], tmp_path / name) for name in "12")
    assert one == other
    page = "index.html"
    assert (tmp_path / "1" / page).read_bytes() == (tmp_path / "2" / page).read_bytes()


def test_other_samples_are_another_study(runs, tmp_path):
    studies = {make_study([runs[0] / seed, runs[1]], tmp_path / seed).study for seed in SEEDS}
    assert len(studies) == 2


def test_prompts_cannot_leave_their_place_in_the_page(tmp_path):
    prompts = ("</script><script>alert(1)</script>", "$study & <!--")
    runs = [save_run(tmp_path / method, method, (0,), prompts) for method in METHODS[:2]]
    make_study(runs, tmp_path / "study")
    page = (tmp_path / "study" / "index.html").read_text("utf-8")
    assert "alert(1)</script>" not in page
    assert page.count("</script>") == 2
    pair = told(tmp_path / "study")["pairs"][0]
    assert (pair["image"], pair["audio"]) == prompts


def test_what_has_no_partner_is_left_out_and_told(tmp_path):
    ours = save_run(tmp_path / "ours", "compose", (0, 1, 2))
    theirs = save_run(tmp_path / "theirs", "imprint", (1,))
    said = []
    key = make_study([ours, theirs], tmp_path / "study", on_warning=said.append)
    assert [key.clips[name].seed for pair in key.pairs for name in pair] == [1, 1]
    (sentence,) = said
    assert f"{ours}/0000, {ours}/0002" in sentence


def test_a_run_that_is_half_there_is_refused(runs, tmp_path):
    config = RunConfig(image_prompt="a castle", audio_prompt="bells", seeds=(0, 1, 2, 3))
    (runs[0] / "run.toml").write_text(to_toml(config))
    with pytest.raises(InvalidInputError, match="is incomplete and lacks seed 2, 3;"):
        make_study(runs, tmp_path / "study")
    assert len(make_study([runs[0] / "0000", runs[1]], tmp_path / "study").pairs) == 1


def test_a_sample_that_is_half_there_is_refused_before_any_video(runs, tmp_path):
    (runs[2] / "0001" / "audio.wav").unlink()
    done = []
    with pytest.raises(InvalidInputError, match="audio-only/0001' is not a whole sample"):
        make_study(runs, tmp_path / "study", on_video=lambda *count: done.append(count))
    assert done == []


def test_what_cannot_be_compared_is_refused_and_nothing_is_left(runs, tmp_path):
    frog = save_run(tmp_path / "frog", "imprint", prompts=("a frog", "bells"))
    other_seed = save_run(tmp_path / "other", "audio-only", seeds=(7,))
    copy = shutil.copytree(runs[0], tmp_path / "copy")
    silent = tmp_path / "silent"
    save_sample(dataclasses.replace(make_sample(0), record={}), silent)
    twin = shutil.copytree(runs[0], tmp_path / "twin")
    for path in twin.glob("*/sample.json"):
        path.write_text(path.read_text("utf-8").replace("compose", "imprint"))
    for given, sentence in [
        ([runs[0]], "All runs have method 'compose'"),
        ([runs[0], frog], "'compose' and 'imprint' share no prompts and seed"),
        ([*runs[:2], other_seed], "'compose' and 'audio-only' share no prompts and seed"),
        ([runs[0], copy, runs[1]], "both have method 'compose', the same prompts"),
        ([runs[0], tmp_path / "none"], "holds no sample"),
        ([runs[0], silent], "does not say which method made it"),
        ([runs[0], twin], "look and sound the same"),
    ]:
        with pytest.raises(InvalidInputError, match=re.escape(sentence)):
            make_study(given, tmp_path / "study")
    with pytest.raises(InvalidInputError, match="repeats must be 0 or more, not -1"):
        make_study(runs, tmp_path / "study", repeats=-1)
    assert not list(tmp_path.glob("study*"))


@pytest.mark.parametrize("there", ["study", "study-key.json"])
def test_a_study_is_never_written_over(runs, tmp_path, there):
    (tmp_path / there).mkdir()
    with pytest.raises(InvalidInputError, match=f"{there}' exists"):
        make_study(runs, tmp_path / "study")


def test_a_folder_that_cannot_be_made_is_one_sentence(runs, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InvalidInputError, match="Cannot write"):
        make_study(runs, tmp_path / "file" / "study")
