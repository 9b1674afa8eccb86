"""A newcomer at the studio, in a real browser: make, stop, reload, use a phone."""

from pathlib import Path

import pytest
from browser import NEEDED, Browser
from PIL import Image

from sonocanvas.files.artifacts import load_sample

pytestmark = [*NEEDED, pytest.mark.filterwarnings("ignore")]  # Gradio's own warnings
CLICK = "document.querySelector(arguments[0]).click()"
TEXT = "return document.querySelector(arguments[0])?.innerText ?? ''"


@pytest.fixture
def browser(tmp_path, address):
    opened = Browser(tmp_path)
    opened.go(address)
    opened.until(lambda: opened.run("return !!document.querySelector('#make')"))
    yield opened
    opened.close()


def status(browser):
    return browser.run(TEXT, "#status")


def frame(browser):
    return browser.run("return document.querySelector('#run iframe')?.getAttribute('src') ?? ''")


def test_a_newcomer_makes_a_canvas_and_finds_it_after_a_reload(browser, studio, address):
    browser.run(CLICK, "#make")
    browser.until(lambda: status(browser).startswith("Done."), 60)
    (name,) = studio.runs()
    assert frame(browser).startswith(f"/runs/{name}/index.html")
    playing = browser.run(
        "const page = document.querySelector('#run iframe').contentDocument;"
        "return [page.querySelectorAll('article').length,"
        " page.querySelector('audio').getAttribute('src')]"
    )
    assert playing == [1, "0000/audio.wav"]
    loaded = browser.run("return performance.getEntriesByType('resource').map(one => one.name)")
    assert loaded
    assert [one for one in loaded if not one.startswith((address, "data:", "blob:"))] == []
    browser.run("location.reload()")
    browser.until(lambda: frame(browser).startswith(f"/runs/{name}/index.html"))


def open_all(browser):
    browser.run("for (const one of document.querySelectorAll('button.label-wrap')) one.click()")


CARDS = "return [...document.querySelectorAll('.card p')].map(one => one.innerText)"


def add_layer(browser, prompt):
    field = "#layers textarea, #layers input[type=text]"
    browser.until(lambda: browser.run("return !!document.querySelector(arguments[0])", field))
    before = len(browser.run(CARDS))
    browser.run(
        "const field = document.querySelector(arguments[0]);"
        "field.focus(); field.value = arguments[1];"
        "field.dispatchEvent(new Event('input', {bubbles: true}));",
        field,
        prompt,
    )
    browser.run(CLICK, "#add-layer")
    browser.until(lambda: len(browser.run(CARDS)) == before + 1)


def test_layers_are_added_and_taken_away_as_cards(browser):
    open_all(browser)
    for prompt in ("rain", "<b>bells</b>"):
        add_layer(browser, prompt)
    assert browser.run(CARDS) == ["sound rain", "sound '<b>bells</b>'"]
    browser.run(CLICK, ".card button")
    browser.until(lambda: browser.run(CARDS) == ["sound '<b>bells</b>'"])
    browser.run(CLICK, ".card button")
    browser.until(lambda: browser.run(CARDS) == [])


def test_the_layers_of_the_cards_are_made(browser, studio):
    open_all(browser)
    add_layer(browser, "rain")
    browser.run(CLICK, "#make")
    browser.until(lambda: status(browser).startswith("Done."), 60)
    (name,) = studio.runs()
    (layer,) = load_sample(studio.folder(name) / "0000").record["layers"]
    assert (layer["kind"], layer["prompt"]) == ("sound", "rain")


def test_a_canvas_is_gone_on_from_and_filmed(browser, studio, tmp_path):
    browser.run(CLICK, "#make")
    browser.until(lambda: status(browser).startswith("Done."), 60)
    (name,) = studio.runs()
    canvas = tmp_path / "canvas.png"
    canvas.write_bytes(studio.thumbnail(name).read_bytes())
    browser.run("location.reload()")
    browser.until(lambda: frame(browser).startswith(f"/runs/{name}/index.html"))
    open_all(browser)
    field = "input[type=file][accept='.png']"
    browser.until(lambda: browser.run("return !!document.querySelector(arguments[0])", field))
    browser.upload(field, canvas)
    browser.until(lambda: status(browser) == f"The canvas belongs to the run {name}.")
    browser.run(CLICK, "#video")
    browser.until(lambda: status(browser).startswith("The video is below"), 60)
    assert (studio.root / name / "0000" / "video.mp4").exists()
    video = "return document.querySelector('#run iframe').contentDocument.querySelector('video')"
    browser.until(lambda: browser.run(f"{video}?.getAttribute('src')") == "0000/video.mp4")


def test_an_own_picture_is_kept_and_named_in_the_run(browser, studio, tmp_path):
    Image.radial_gradient("L").save(tmp_path / "my moon.png")
    open_all(browser)
    field = "input[type=file][accept*='image']"
    browser.until(lambda: browser.run("return !!document.querySelector(arguments[0])", field))
    browser.upload(field, tmp_path / "my moon.png")
    shown = "return document.querySelector('input[aria-label=\"Looks like\"]').value"
    browser.until(lambda: browser.run(shown) == "")  # no picture prompt beside the file
    browser.run(CLICK, "#make")
    browser.until(lambda: status(browser).startswith("Done."), 60)
    (name,) = studio.runs()
    sample = load_sample(studio.folder(name) / "0000")
    assert sample.prompts.image == "my moon"
    (layer,) = sample.record["layers"]
    assert (studio.root / "uploads" / Path(layer["source"]["path"]).name).is_file()


def test_twenty_visitors_at_once_each_get_their_canvas(browser, studio, address):
    tabs = browser.tabs(19)
    assert len(tabs) == 20
    for number, tab in enumerate(tabs):  # a browser opens six connections to a host at most
        browser.look_at(tab)
        browser.go(address.replace("127.0.0.1", f"visitor-{number}.localhost"))
    for tab in tabs:
        browser.look_at(tab)
        browser.until(lambda: browser.run("return !!document.querySelector('#make')"))
        browser.run(CLICK, "#make")
    for tab in tabs:
        browser.look_at(tab)
        browser.until(lambda: status(browser).startswith("Done."), 120)
    assert len(studio.runs()) == 20


def test_stop_ends_it_and_the_next_one_is_made(browser, studio):
    open_all(browser)
    steps = "return !!document.querySelector('input[aria-label=\"Steps\"]')"
    browser.until(lambda: browser.run(steps))
    browser.run(
        "const field = document.querySelector('input[aria-label=\"Steps\"]');"
        "Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(field, 900);"
        "field.dispatchEvent(new Event('input', {bubbles: true}));"
        "field.dispatchEvent(new Event('change', {bubbles: true}));"
    )
    browser.run(CLICK, "#make")
    browser.until(lambda: status(browser).startswith("Step "), 60)
    browser.run(CLICK, "#stop")
    browser.until(lambda: status(browser).startswith("Stopped"), 60)
    assert studio.runs() == []


@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_is_wider_than_the_window_and_every_field_has_a_name(browser, width):
    browser.size(width, 900, phone=width < 500)
    assert browser.run("return document.documentElement.scrollWidth") <= width
    nameless = browser.run(
        "return [...document.querySelectorAll('input, textarea, button, select')]"
        ".filter(one => one.offsetParent && !one.innerText.trim() && !one.ariaLabel"
        " && !one.title && !one.labels?.length && !one.closest('label'))"
        ".map(one => one.outerHTML.slice(0, 200))"
    )
    assert nameless == []


def test_a_dark_screen_gets_a_dark_page(browser, address):
    browser.go(f"{address}/?__theme=dark")
    browser.until(lambda: browser.run("return !!document.querySelector('#make')"))
    shades = (
        "return [document.body, ...document.querySelectorAll('gradio-app, .gradio-container')]"
        ".map(one => getComputedStyle(one).backgroundColor)"
    )
    browser.until(lambda: not any("255, 255, 255" in one for one in browser.run(shades)))
