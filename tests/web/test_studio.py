"""The studio without its page: requests, runs, stops and saved results."""

import re
import shutil
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image
from tiny_asked import QUICK

from sonocanvas.errors import InvalidInputError
from sonocanvas.files.artifacts import load_sample
from sonocanvas.files.run_file import load_config
from sonocanvas.web.studio import Finished, Progress, StoppedError, known_prompts

ODD = "a castle </script><script>alert(1)</script> \u202e\"'& ../../etc"


@pytest.fixture
def picture(tmp_path):
    ramp = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (32, 1))
    Image.fromarray(ramp).save(tmp_path / "my picture.PNG")
    return tmp_path / "my picture.PNG"


def made(studio, **asked):
    config = studio.config_of(QUICK | asked)
    return list(studio.make(config, threading.Event()))


def test_each_step_is_shown_and_the_run_is_a_folder_like_any_other(studio):
    *steps, last = made(studio, tries=2, seed=5)
    assert isinstance(last, Finished)
    assert last.name == "a-castle-bells-ringing-001"
    seen = [(one.step, one.steps) for one in steps if one.picture is not None]
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert steps[-1].picture.size == (64, 32)
    folder = studio.folder(last.name)
    assert {path.name for path in folder.iterdir()} == {"0005", "0006", "index.html", "run.toml"}
    assert load_config(folder / "run.toml").seeds == (5, 6)
    assert load_sample(folder / "0005").prompts.image == "a castle"


def test_who_is_slow_sees_the_newest_step_and_the_end(studio):
    config, seen = studio.config_of(QUICK | {"steps": 30}), []
    for event in studio.make(config, threading.Event(), newest=True):
        seen.append(event)
        time.sleep(0.2)
    steps = [one.step for one in seen[:-1]]
    assert steps == sorted(set(steps))
    assert len(steps) < 20
    assert isinstance(seen[-1], Finished)


def test_a_second_run_of_the_same_replaces_nothing(studio):
    names = [made(studio)[-1].name for _ in range(2)]
    assert names == ["a-castle-bells-ringing-001", "a-castle-bells-ringing-002"]
    assert studio.runs() == names[::-1]
    assert studio.thumbnail(names[0]).name == "canvas.png"


def test_what_the_page_asks_for_is_a_run(studio, picture):
    config = studio.config_of(
        QUICK
        | {
            "image_file": str(picture),
            "strength": 0.7,
            "audio_weight": 0.3,
            "duration_s": 3,
            "layers": "sound rain 0-1s\n\nsound dog 1-3s",
            "colour": "magma",
        }
    )
    assert [layer.kind for layer in config.layers] == ["sound", "sound", "picture"]
    assert config.layers[2].strength == 0.7
    assert config.layers[2].prompt == "a castle"
    assert config.rule.options["audio_weight"] == 0.3
    assert config.duration_s == 3
    assert config.colour.name == "magma"
    assert config.sampling.steps == 3


def test_an_uploaded_file_is_kept_with_the_runs_once(studio, picture, tmp_path):
    kept = [studio.uploads.keep(picture, "picture") for _ in range(2)]
    assert kept[0] == kept[1]
    assert kept[0].parent == studio.root / "uploads"
    assert kept[0].read_bytes() == picture.read_bytes()
    last = made(studio, image_file=str(picture))[-1]
    picture.unlink()
    sample = load_sample(studio.folder(last.name) / "0000")
    assert sample.record["layers"][0]["source"]["path"] == str(kept[0])
    assert sample.prompts.image == "a castle"


def test_a_file_without_a_prompt_is_called_as_it_was(studio, picture):
    asked = {"image_file": str(picture), "audio_prompt": "rain"}
    config = studio.config_of(asked)
    assert config.image_prompt == "my picture"
    assert config.layers[0].prompt == ""


def test_a_layer_takes_a_file_that_was_uploaded_by_its_name(studio, picture):
    kept = studio.uploads.keep(picture, "picture")
    config = studio.config_of(QUICK | {"layers": f"picture {kept.name} 100%"})
    assert config.layers[0].source.options["path"] == str(kept)


def test_a_file_beside_the_uploads_is_told_as_one_that_is_not_there(studio, picture):
    (studio.root / "uploads").mkdir()
    told = []
    for name in (picture, picture.with_name("none.png")):
        with pytest.raises(InvalidInputError) as raised:
            studio.config_of(QUICK | {"layers": f"picture '{name}'"})
        told.append(str(raised.value).replace(str(name), ""))
    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("name", "content", "kind", "told"),
    [
        ("a.exe", b"MZ", "picture", "'a.exe' is not a picture; allowed: .png"),
        ("a.png", b"no picture", "picture", "is not a picture that can be read"),
        (
            "a.ppm.png",
            b"P5 60000 60000 255\n",
            "picture",
            "is too large; a picture can have at most",
        ),
        ("a.wav", b"no sound", "sound", "is not a sound that can be read"),
        ("a.png", b"", "sound", "'a.png' is not a sound; allowed: .wav"),
    ],
)
def test_an_upload_that_cannot_be_used_is_refused_and_not_kept(
    studio, tmp_path, name, content, kind, told
):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidInputError, match=re.escape(told)):
        studio.uploads.keep(tmp_path / name, kind)
    assert not (studio.root / "uploads").exists()


def test_an_upload_is_bounded_in_bytes_and_seconds(studio, tmp_path, monkeypatch):
    soundfile.write(tmp_path / "long.wav", np.zeros(601 * 8000, np.int16), 8000)
    with pytest.raises(InvalidInputError, match="lasts 601 s; at most 600 s"):
        studio.uploads.keep(tmp_path / "long.wav", "sound")
    monkeypatch.setattr("sonocanvas.web.uploads.MOST_BYTES", 1000)
    with pytest.raises(InvalidInputError, match="at most 0 MB are allowed"):
        studio.uploads.keep(tmp_path / "long.wav", "sound")


def test_a_run_stops_after_the_step_it_is_in_and_the_next_one_runs(studio):
    stop, seen = threading.Event(), []
    config = studio.config_of(QUICK | {"steps": 50, "tries": 8})

    def watched():
        for event in studio.make(config, stop):
            seen.append(event)
            if isinstance(event, Progress) and event.step == 2:
                stop.set()

    with pytest.raises(StoppedError, match="finished samples are kept"):
        watched()
    assert max(one.step for one in seen) <= 4
    assert studio.runs() == []
    assert isinstance(made(studio)[-1], Finished)


def test_nobody_waits_for_a_run_that_nobody_looks_at(studio):
    running = studio.make(studio.config_of(QUICK | {"steps": 200}), threading.Event())
    next(running)
    running.close()  # the user closed the window
    assert isinstance(made(studio)[-1], Finished)


def test_two_visitors_take_turns(studio):
    found = []

    def visit(seed):
        found.append(made(studio, seed=seed)[-1])

    threads = [threading.Thread(target=visit, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len({one.name for one in found}) == 4
    assert len(studio.runs()) == 4


def test_odd_prompts_name_no_folder_outside(studio):
    last = made(studio, image_prompt=ODD)[-1]
    assert re.fullmatch(r"[\w-]+", last.name)
    assert (studio.root / last.name).is_dir()
    page = (studio.root / last.name / "index.html").read_text()
    assert "<script>alert" not in page


def test_only_a_run_is_opened(studio):
    made(studio)
    for name in ("..", "../runs", "/etc", ".", "", "uploads", "none", "a" * 500):
        with pytest.raises(InvalidInputError, match="There is no run"):
            studio.folder(name)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"tries": 65}, "the tries 1 to 64, not 0 and 65"),
        ({"seed": -1}, "The seed must be 0 or more"),
        ({"layers": "smell roses"}, "Unknown kind of layer 'smell'"),
        ({"layers": "picture /etc/logo.png"}, "There is no '/etc/logo.png' among the uploads"),
        ({"layers": "picture ../a.png"}, "There is no '../a.png' among the uploads"),
        ({"layers": "sound source=sound_file path=/etc/passwd"}, "There is no '/etc/passwd' among"),
        ({"layers": r"picture '..\a.png'"}, r"There is no '..\a.png' among the uploads"),
        ({"pair": "/srv/models"}, "Unknown pair '/srv/models'"),
        ({"vocoder": "os:system"}, "Unknown vocoder 'os:system'"),
        ({"method": "magic"}, "Unknown method 'magic'"),
        ({"audio_weight": 2}, "audio_weight must be in [0, 1]"),
        ({"image_file": "/etc/passwd"}, "'passwd' is not a picture; allowed:"),
    ],
)
def test_what_cannot_be_made_is_one_sentence(studio, asked, told):
    with pytest.raises(InvalidInputError, match=re.escape(told)):
        studio.config_of(QUICK | asked)


def test_what_mini_knows_is_offered():
    drawn, played = known_prompts()
    assert "an owl" in drawn
    assert "an eagle" not in drawn  # seldom recognised
    assert "an owl hooting" in played


def test_a_drawing_is_heard_as_it_is(studio):
    drawing = Image.new("L", (64, 32))
    drawing.paste(255, (10, 10, 30, 14))
    layer = f"picture {studio.uploads.keep_drawing(drawing)} stretch gamma=1.0 100%"
    config = studio.config_of({"layers": layer})
    last = list(studio.make(config, threading.Event()))[-1]
    canvas = np.asarray(studio.canvas_of(last.name))
    assert np.abs(canvas.astype(int) - np.asarray(drawing)).max() <= 1


def test_a_layer_of_a_form_is_a_line_that_means_it(studio, picture):
    line = studio.uploads.layer_line(
        "picture", "a castle", str(picture), (0.0, 0.2), (100, 4000.5), -12, strength=0.75
    )
    (layer,) = studio.uploads.layers_of(line)
    assert (layer.kind, layer.prompt) == ("picture", "a castle")
    assert (layer.span_s, layer.band_hz) == ((0, 0.2), (100, 4000.5))
    assert (layer.level_db, layer.strength) == (-12, 0.75)
    assert Path(layer.source.options["path"]).read_bytes() == picture.read_bytes()
    assert studio.uploads.layer_line("sound", 'it\'s a "bell"') == """sound 'it'"'"'s a "bell"'"""


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"prompt": "prompt=rain"}, "The prompt 'prompt=rain' cannot be used for a layer"),
        ({"prompt": "/etc/logo.png"}, "There is no '/etc/logo.png' among the uploads"),
        ({"prompt": " "}, "has neither a prompt nor a source"),
        ({"prompt": "rain", "span_s": (1.0, None)}, "Give both ends in s, or neither."),
        ({"prompt": "rain", "band_hz": (500, 100)}, "a start and a higher end"),
    ],
)
def test_a_form_that_means_nothing_is_one_sentence(studio, asked, told):
    with pytest.raises(InvalidInputError, match=re.escape(told)):
        studio.uploads.layer_line("sound", **asked)


def test_a_canvas_of_ours_is_gone_on_from(studio, picture, tmp_path):
    last = made(studio, seed=7)[-1]
    canvas = tmp_path / "some name.png"
    shutil.copy(studio.thumbnail(last.name), canvas)
    found = studio.open(canvas)
    assert (found.name, found.seed, found.prompts.image) == (last.name, 7, "a castle")
    assert np.array_equal(np.asarray(found.picture), np.asarray(studio.canvas_of(last.name)))
    shutil.rmtree(studio.root / last.name)
    found = studio.open(canvas)
    assert (found.name, found.seed, found.prompts) == ("", 7, None)
    with pytest.raises(InvalidInputError, match="is not a SonoCanvas canvas"):
        studio.open(picture)


def test_a_video_is_on_the_page_of_its_run(studio):
    last = made(studio)[-1]
    studio.make_videos(last.name)
    assert (studio.root / last.name / "0000" / "video.mp4").stat().st_size > 1000
    assert "0000/video.mp4" in (studio.root / last.name / "index.html").read_text()
    with pytest.raises(InvalidInputError, match="There is no run"):
        studio.make_videos("../elsewhere")
