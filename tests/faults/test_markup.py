"""Markup in texts is shown as text on the pages of runs and studies, also in a browser."""

import dataclasses

import pytest
from browser import NEEDED, Browser
from tiny_checkpoint import change_json
from tiny_sample import Page, make_sample

from sonocanvas.errors import InvalidInputError
from sonocanvas.files.artifacts import save_sample
from sonocanvas.show.gallery import write_gallery
from sonocanvas.study.make import make_study
from sonocanvas.types import Prompts, Score

RUNS = "window.ran = (window.ran || 0) + 1"
MARKUP = (
    f"<script>{RUNS}</script>",
    f'"><img src=x onerror="{RUNS}">',
    f"'><svg onload='{RUNS}'>",
    f"</script><script>{RUNS}</script>",
    f"</title><script>{RUNS}</script><title>",
    f'" onload="{RUNS}" onerror="{RUNS}" x="',
    f"<!--<script>{RUNS}</script>-->",
    f"&lt;img src=x onerror={RUNS}&gt; &amp;",
    f"\u2028</textarea><iframe srcdoc='<script>parent.{RUNS}</script>'>",
    "$image_prompt ${articles} $$ {0.__class__} %s",
    f"javascript:{RUNS}",
)
"""Texts that would run code if they were taken for markup."""
FOREIGN = ("script", "iframe", "svg", "object", "embed", "link", "base", "meta", "form", "style")


def save_run(folder, words, method="compose", heard=None, noise=7):
    """Saves a sample whose every text is `words`, except the sound prompt if `heard` is given."""
    record = {
        "method": {"name": method},
        "pair": {"name": words, "licences": {words: words}},
        "rule": {"name": words},
        "sampling": {"scheduler": words, "steps": words},
        "notes": [words],
        "rank": {"place": words, "of": words, "kept": True},
    }
    made = make_sample(noise)
    sample = dataclasses.replace(
        made,
        seed=7,
        prompts=Prompts(words, heard or words, words, words),
        record=record,
        scores=(Score(words, 0.5, words, True),),
        canvas=made.canvas.reshape(16, 128),
    )
    save_sample(sample, folder)
    return folder


@pytest.mark.parametrize("words", MARKUP)
def test_in_the_page_of_a_run_they_are_shown_and_are_no_tags(tmp_path, words):
    plain = Page(write_gallery(save_run(tmp_path / "plain", "a castle")).read_text("utf-8"))
    found = Page(write_gallery(save_run(tmp_path / "run", words)).read_text("utf-8"))
    shown, wanted = "".join(found.words), "".join(plain.words)
    assert shown.count(words) >= wanted.count("a castle") - 1
    for tag in (*FOREIGN, "img", "button", "audio", "a", "pre", "title"):
        assert found.count(tag) == plain.count(tag), tag
    keys = [set(attributes) for _, attributes in found.tags]
    assert keys == [set(attributes) for _, attributes in plain.tags]


def test_the_name_of_a_file_is_no_markup(tmp_path):
    run = save_run(tmp_path / "run", "a castle")
    plain = Page(write_gallery(run).read_text("utf-8"))
    name = 'video"><img src=x onerror=alert(1)>.mp4'
    (run / "0007" / name).write_bytes(b"")
    (run / "0007" / "colour' onload='alert(1).png").write_bytes(b"")
    found = Page(write_gallery(run).read_text("utf-8"))
    assert found.count("img") == plain.count("img")
    assert found.count("a") == plain.count("a") + 2
    assert not any(
        "onload" in attributes or "onerror" in attributes for _, attributes in found.tags
    )


@pytest.mark.parametrize("field", ["scores", "prompts", "canvas_format"])
def test_markup_in_the_place_of_numbers_is_refused(tmp_path, field):
    run = save_run(tmp_path / "run", "a castle")
    change_json(run / "0007" / "sample.json", **{field: MARKUP[1]})
    with pytest.raises(InvalidInputError):
        write_gallery(run)
    assert not (run / "index.html").exists()


@pytest.fixture
def studied(tmp_path):
    pairs = [(words, MARKUP[-1 - number]) for number, words in enumerate(MARKUP[:6])]
    runs = [
        save_run(tmp_path / f"{method}-{number}", seen, method, heard, 2 * number + side)
        for number, (seen, heard) in enumerate(pairs)
        for side, method in enumerate(("compose", "imprint"))
    ]
    make_study(runs, tmp_path / "study", repeats=0)
    return tmp_path / "study" / "index.html"


def test_in_the_page_of_a_study_they_are_no_tags(studied):
    page = Page(studied.read_text("utf-8"))
    assert page.count("script") == 2  # its own: the questions, and the code
    for tag in ("img", "iframe", "svg"):
        assert page.count(tag) == 0


@pytest.fixture
def browser(tmp_path):
    (tmp_path / "browser").mkdir()
    opened = Browser(tmp_path / "browser")
    yield opened
    opened.close()


class TestInChromium:
    """Both pages, opened in the browser."""

    pytestmark = NEEDED

    def test_the_page_of_a_run_shows_them_and_runs_nothing(self, tmp_path, browser):
        for number, words in enumerate(MARKUP):
            run = save_run(tmp_path / f"run {number}", words)
            browser.go(write_gallery(run).as_uri())
            browser.until(lambda: browser.run("return document.readyState === 'complete'"))
            assert browser.run("return window.ran") is None, words
            shown = browser.run("return document.body.textContent")
            assert words in shown
            assert browser.run("return document.querySelectorAll('script').length") == 1
            assert browser.run("return document.querySelectorAll('iframe, svg').length") == 0

    def test_the_page_of_a_study_shows_them_and_runs_nothing(self, studied, browser):
        browser.go(studied.as_uri())
        browser.run("document.getElementById('begin').click()")
        seen = set()
        for _ in MARKUP[:6]:
            question = browser.run("return document.getElementById('form').textContent")
            seen |= {words for words in MARKUP if words in question}
            browser.run(
                "document.querySelectorAll('video').forEach("
                "video => video.dispatchEvent(new Event('error')))"
            )
            browser.run("document.getElementById('skip').click()")
        assert browser.run("return window.ran") is None
        assert browser.run("return document.querySelectorAll('script').length") == 2
        assert browser.run("return document.querySelectorAll('img, iframe, svg').length") == 0
        assert seen == set(MARKUP)
