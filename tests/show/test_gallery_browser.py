"""The page of a run in a real browser: seek, loop, keys, gray and colour."""

import dataclasses

import pytest
import torch
from browser import NEEDED, Browser
from test_gallery import RECORD
from tiny_sample import make_sample

from sonocanvas.files.artifacts import save_sample, write_colour
from sonocanvas.show.gallery import write_gallery
from sonocanvas.types import MINI_FORMAT, Colour, Prompts, Waveform

pytestmark = NEEDED
AUDIO = "const audio = document.querySelector('audio');"
HOSTILE = Prompts("<img src=x onerror=\"document.title='broken'\">", "\u202ebells</script>")


@pytest.fixture
def browser(tmp_path):
    run = tmp_path / "run"
    sample = dataclasses.replace(
        make_sample(3),
        prompts=HOSTILE,
        record=RECORD,
        canvas=torch.rand(256, 1024),
        waveform=Waveform(torch.rand(1, 163840) - 0.5, 16000),
        canvas_format=MINI_FORMAT,
    )
    save_sample(sample, run)
    write_colour(run / "0003", Colour(torch.rand(1, 3, 256, 1024), {"name": "any"}), MINI_FORMAT)
    write_gallery(run)
    opened = Browser(tmp_path)
    opened.size(1200, 900)
    opened.go((run / "index.html").as_uri())
    opened.until(lambda: opened.run(AUDIO + "return audio.duration > 10"))
    yield opened
    opened.close()


def time_s(browser):
    return browser.run(AUDIO + "return audio.currentTime")


def at(browser, share):
    """Returns a point at half the canvas's height, at a share of its width from the left."""
    box = browser.run(
        "const box = document.querySelector('.canvas').getBoundingClientRect();"
        "return [box.left, box.top, box.width, box.height]"
    )
    return box[0] + share * box[2], box[1] + box[3] / 2


def looped(browser):
    return browser.run(
        "const part = document.querySelector('.canvas b');"
        "return part.hidden ? null : [part.style.left, part.style.width].map(parseFloat)"
    )


def test_a_click_seeks_and_plays(browser):
    browser.drag(at(browser, 0.5), at(browser, 0.5))
    assert 5.0 < time_s(browser) < 6.5
    assert browser.run(AUDIO + "return !audio.paused")
    assert looped(browser) is None


def test_what_is_dragged_over_is_looped_until_escape(browser):
    browser.drag(at(browser, 0.2), at(browser, 0.25))
    assert looped(browser) == pytest.approx([20, 5], abs=0.5)
    seen = {round(time_s(browser), 2) for _ in range(40)}
    browser.run(AUDIO + "audio.currentTime = 2.5")
    browser.until(lambda: time_s(browser) < 2.4, 5)  # it reached the end and starts again
    assert all(1.9 < time < 2.8 for time in seen)
    browser.run("document.querySelector('.canvas').focus()")
    browser.press("\ue00c")
    assert looped(browser) is None


def test_all_of_it_goes_by_keys(browser):
    browser.run("document.querySelector('.canvas').focus()")
    browser.press("\ue014", "\ue014", "[", "\ue014", "]")
    assert looped(browser) == pytest.approx([19.5, 9.8], abs=0.5)
    browser.press(" ")
    assert browser.run(AUDIO + "return !audio.paused")
    browser.press(" ")
    assert browser.run(AUDIO + "return audio.paused")
    seen = "return [...document.querySelectorAll('.canvas img')].map(one => one.hidden)"
    assert browser.run(seen) == [False, True]
    browser.press("c")
    assert browser.run(seen) == [True, False]
    assert browser.run("return document.querySelector('.toggle').textContent") == "colour"


def test_what_was_asked_for_is_text(browser):
    assert browser.run("return document.title").startswith(HOSTILE.image)
    assert browser.run("return document.querySelectorAll('h1 img').length") == 0
    assert HOSTILE.audio in browser.run("return document.querySelector('h1').textContent")


def test_nothing_is_wider_than_a_phone(browser):
    browser.size(390, 800, phone=True)
    assert browser.run("return document.documentElement.scrollWidth") <= 390
