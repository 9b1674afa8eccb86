"""The page of a run shows all samples, from the records alone, safe and self-contained."""

import dataclasses
import shlex

import pytest
import torch
from tiny import TINY_FORMAT
from tiny_sample import Page, make_sample

from sonocanvas.canvas import row_of
from sonocanvas.errors import InvalidInputError
from sonocanvas.files.artifacts import save_sample, write_colour
from sonocanvas.show.gallery import renew_gallery, write_gallery
from sonocanvas.types import MINI_FORMAT, Colour, Prompts

RECORD = {
    "notes": ["The image prompt has a word that the pair does not know: '<b>'."],
    "method": {"name": "compose"},
    "pair": {"name": "tiny"},
    "rule": {"name": "mean"},
    "sampling": {"scheduler": "ddim", "steps": 3},
}


@pytest.fixture
def page(tmp_path):
    for seed in (11, 2):
        prompts = Prompts("</title><script>alert(1)</script>", 'bells" onload="x', "", "a $noise")
        sample = dataclasses.replace(make_sample(seed), prompts=prompts, record=RECORD)
        save_sample(sample, tmp_path)
    (tmp_path / "0099.partial").mkdir()
    (tmp_path / "0099.partial" / "sample.json").write_text("half")
    return Page(write_gallery(tmp_path).read_text("utf-8"))


def test_every_sample_is_shown_and_every_link_leads_to_a_file(page, tmp_path):
    assert page.values("img", "src") == ["0002/canvas.png", "0011/canvas.png"]
    assert page.values("audio", "src") == ["0002/audio.wav", "0011/audio.wav"]
    links = page.values("a", "href")
    assert len(links) == 8
    assert all((tmp_path / link).is_file() for link in links)


def test_canvas_in_colour_is_shown_above_the_gray_one_and_linked(page, tmp_path):
    write_colour(tmp_path / "0011", Colour(torch.rand(2, 3, 32, 64), {"name": "any"}), TINY_FORMAT)
    page = Page(write_gallery(tmp_path).read_text("utf-8"))
    shown = ["0002/canvas.png", "0011/colour.png", "0011/canvas.png"]
    assert page.values("img", "src") == shown
    links = set(page.values("a", "href"))
    assert {f"0011/colour{end}.png" for end in ("", "-00", "-01")} < links
    assert all((tmp_path / link).is_file() for link in links)
    assert page.values("img", "alt")[1].startswith("Seed 11 in colour: </title>")


@pytest.mark.parametrize("given", ["", "0011"])
def test_a_page_that_is_there_is_renewed_from_the_run_or_a_sample(page, tmp_path, given):
    for name in ("video.mp4", "video-colour.mp4"):
        (tmp_path / "0011" / name).write_bytes(b"video")
    renew_gallery(tmp_path / given)
    links = Page((tmp_path / "index.html").read_text("utf-8")).values("a", "href")
    assert {"0011/video.mp4", "0011/video-colour.mp4"} < set(links)


def test_a_run_without_a_page_stays_without(page, tmp_path):
    (tmp_path / "index.html").unlink()
    renew_gallery(tmp_path)
    assert not (tmp_path / "index.html").exists()


def test_nothing_is_loaded_from_elsewhere(page):
    sources = [
        value for _, found in page.tags for key, value in found.items() if key in ("src", "href")
    ]
    assert all(":" not in source and not source.startswith("/") for source in sources)


def test_what_was_said_of_the_prompts_is_told(page):
    assert RECORD["notes"][0] in page.words


def test_seed_prompts_and_score_are_told(page):
    text = " ".join(page.words)
    for words in ("seed 2", "seed 11", "round trip", "0.30", "compose", "ddim, 3 steps", "tiny"):
        assert words in text


def test_no_rule_and_no_sampler_are_told_where_there_were_none(tmp_path):
    record = {"pair": {"name": "tiny"}, "method": {"name": "sds"}, "sampling": {"dtype": "float32"}}
    save_sample(dataclasses.replace(make_sample(3), record=record), tmp_path)
    words = Page(write_gallery(tmp_path).read_text("utf-8")).words
    assert "sds" in words
    assert not {"rule", "sampler"} & set(words)


def test_player_is_reached_by_keyboard_and_has_a_name(page):
    assert page.values("button", "aria-label") == [f"Play or pause seed {n}" for n in (2, 11)]
    assert len(page.values("audio", "controls")) == 2
    assert all(page.values("img", "alt"))


def test_page_is_the_same_each_time(page, tmp_path):
    before = (tmp_path / "index.html").read_bytes()
    assert write_gallery(tmp_path).read_bytes() == before


def test_folder_without_samples_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match="holds no sample"):
        write_gallery(tmp_path)


def lasting(seed, duration_s):
    columns = round(duration_s * TINY_FORMAT.sample_rate_hz / TINY_FORMAT.hop_samples)
    return dataclasses.replace(
        make_sample(seed), record=RECORD, canvas=torch.zeros(TINY_FORMAT.mels, columns)
    )


def test_a_long_canvas_is_wider_than_the_page(tmp_path):
    for seed, duration_s in ((1, 60), (2, 12)):
        save_sample(lasting(seed, duration_s), tmp_path)
    text = write_gallery(tmp_path).read_text()
    assert text.count('style="width: 3180px"') == 1
    assert text.count('class="scroll"') == 2


def test_time_and_pitch_stand_beside_the_canvas_where_they_are(tmp_path):
    sample = dataclasses.replace(
        lasting(1, 10.24), canvas=torch.zeros(256, 1024), canvas_format=MINI_FORMAT
    )
    save_sample(sample, tmp_path)
    page = Page(write_gallery(tmp_path).read_text("utf-8"))
    words = [word for word in page.words if word.strip()]
    assert [word for word in words if word.endswith(" s")] == [f"{n} s" for n in range(0, 10, 2)]
    places = [style for style in page.values("li", "style") if "left" in style]
    assert places[:2] == ["left: 0.0%", "left: 19.5%"]
    pitches = [word for word in words if word.endswith("Hz")]
    heights = [style for style in page.values("li", "style") if "bottom" in style]
    assert pitches == ["250 Hz", "1 kHz", "2 kHz", "4 kHz"]
    assert heights[1] == f"bottom: {100 * row_of(1000, MINI_FORMAT) / 256:.1f}%"


def test_gray_waits_where_there_is_colour_and_a_button_changes_them(page, tmp_path):
    assert "toggle" not in page.values("button", "class")
    write_colour(tmp_path / "0011", Colour(torch.rand(2, 3, 32, 64), {"name": "any"}), TINY_FORMAT)
    page = Page(write_gallery(tmp_path).read_text("utf-8"))
    assert page.values("button", "class").count("toggle") == 1
    hidden = [found["src"] for tag, found in page.tags if tag == "img" and "hidden" in found]
    assert hidden == ["0011/canvas.png"]


def test_videos_are_played_on_the_page(page, tmp_path):
    (tmp_path / "0011" / "video.mp4").write_bytes(b"video")
    page = Page(write_gallery(tmp_path).read_text("utf-8"))
    assert page.values("video", "src") == ["0011/video.mp4"]


def test_commands_to_go_on_are_quoted_and_escaped(tmp_path):
    run = tmp_path / "a <b> & 'c'"
    save_sample(dataclasses.replace(make_sample(5), record=RECORD), run)
    assert "pre" not in [tag for tag, _ in Page(write_gallery(run).read_text("utf-8")).tags]
    (run / "run.toml").write_text("")
    page = Page(write_gallery(run).read_text("utf-8"))
    assert "run.toml" in page.values("a", "href")
    again, more = (word for word in page.words if word.startswith("sonocanvas generate"))
    assert shlex.split(again)[-4:] == ["--preset", "run.toml", "--out", "../a <b> & 'c'-again"]
    assert shlex.split(more)[-4:] == ["--seeds", "6-9", "--out", "../a <b> & 'c'-more"]
