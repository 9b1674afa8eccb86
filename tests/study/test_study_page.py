"""A rater uses the page by keyboard, with a reload in the middle, up to the results file."""

import functools
import http.server
import json
import threading

import pytest
from browser import ENTER, NEEDED, Browser
from tiny_study import METHODS, save_run

from sonocanvas.study.make import make_study
from sonocanvas.study.records import read_results
from sonocanvas.study.report import make_report

pytestmark = NEEDED
PROMPTS = ("<img src=x onerror=document.title='pwned'>", "bells & whistles")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Returns the folder and the key of a study with four pairs, two of them repeated."""
    place = tmp_path_factory.mktemp("study")
    runs = [save_run(place / method, method, range(4), PROMPTS) for method in METHODS[:2]]
    return place / "study", make_study(runs, place / "study", repeats=2)


@pytest.fixture
def browser(tmp_path):
    opened = Browser(tmp_path)
    yield opened
    opened.close()


def text(browser, name):
    return browser.run("return document.getElementById(arguments[0]).textContent", name)


def seen(browser, name):
    return not browser.run("return document.getElementById(arguments[0]).hidden", name)


def shown(browser):
    """Returns the names of the two videos."""
    script = "return [...document.querySelectorAll('video')].map(video => video.src)"
    return [address.rsplit("/", 1)[1].removesuffix(".mp4") for address in browser.run(script)]


def watch(browser):
    """Plays both videos to the end with the space bar."""
    browser.press(" ")
    browser.until(lambda: "Watch" not in text(browser, "missing"))


def answer(browser, ours):
    """Answers ours, the other, ours to looks, sounds, aligns; returns the names of the videos."""
    videos = shown(browser)
    watch(browser)
    side = 1 + [name in ours for name in videos].index(True)
    browser.press(str(side), str(3 - side), str(side))
    assert not browser.run("return document.getElementById('next').disabled")
    browser.press(ENTER)
    return videos


def test_a_whole_session_by_keyboard_with_a_reload(study, browser):
    folder, key = study
    ours = {pair[0] for pair in key.pairs}
    address = (folder / "index.html").as_uri()
    browser.go(address)
    assert text(browser, "count") == "6 pairs"
    assert not seen(browser, "unplayable")
    browser.press("\ue004", ENTER)  # Tab to Begin
    assert text(browser, "place") == "Pair 1 of 6"
    browser.press(ENTER)
    assert text(browser, "place") == "Pair 1 of 6"  # nothing is watched or answered yet
    assert text(browser, "missing").endswith("3 questions are not answered.")
    videos = [answer(browser, ours) for _ in range(2)]
    third = shown(browser)

    browser.go("about:blank")
    browser.go(address)
    assert text(browser, "place") == "Pair 3 of 6"
    assert shown(browser) == third
    videos += [answer(browser, ours) for _ in range(4)]
    assert seen(browser, "done")
    assert browser.run("return document.activeElement.id") == "thanks"
    browser.press("\ue004", ENTER)  # Tab to Download
    (path,) = browser.until(lambda: list(browser.downloads.glob("*.json")))

    (results,) = read_results([path], key)
    assert path.name == f"study-{key.study}-{results.rater}.json"
    assert [list(one.shown) for one in results.answers] == videos
    first = {frozenset(one.shown): one.shown for one in results.answers if not one.repeat}
    again = [one.shown for one in results.answers if one.repeat]
    assert (len(first), len(again)) == (4, 2)
    assert all(first[frozenset(pair)] == pair[::-1] for pair in again)
    report = make_report([results], key)
    assert {(rate.question, rate.won, rate.exact.n) for rate in report.rates} == {
        ("looks", 4, 4),
        ("sounds", 0, 4),
        ("aligns", 4, 4),
    }
    assert (report.raters[0].same, report.raters[0].again) == (6, 6)

    browser.run("document.getElementById('another').click()")
    assert seen(browser, "welcome")
    assert browser.run("return document.getElementById('another').disabled")
    kept = browser.run("return localStorage.getItem(arguments[0])", f"sonocanvas-study-{key.study}")
    assert json.loads(kept)["rater"] != results.rater


def test_it_works_from_a_static_server_and_prompts_are_only_text(study, browser):
    quiet = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(study[0]))
    quiet.func.log_message = lambda *_: None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), quiet) as server:
        threading.Thread(target=server.serve_forever).start()
        browser.go(f"http://127.0.0.1:{server.server_address[1]}/")
        browser.run("document.getElementById('begin').click()")
        watch(browser)
        server.shutdown()
    question = browser.run("return document.querySelector('legend').textContent")
    assert PROMPTS[0] in question
    assert browser.run("return document.querySelectorAll('img').length") == 0
    assert browser.run("return document.title") == "Which video fits better?"


def test_a_mouse_will_do_and_keys_leave_controls_alone(study, browser):
    browser.go((study[0] / "index.html").as_uri())
    browser.run("document.getElementById('begin').click()")
    browser.run("document.querySelector('input[name=aligns]').focus()")
    browser.press(" ")  # the space bar of a radio button
    assert browser.run("return new FormData(document.getElementById('form')).get('aligns')") == "0"
    browser.press("2")  # answers the focused question
    assert browser.run("return new FormData(document.getElementById('form')).get('aligns')") == "1"
    for side in (0, 1):
        browser.run("document.querySelectorAll('.play')[arguments[0]].click()", side)
        browser.until(lambda side=side: f"video {side + 1}" not in text(browser, "missing"))
    assert text(browser, "missing") == "2 questions are not answered."
    for question in ("looks", "sounds"):
        browser.run("document.querySelector(`input[name=${arguments[0]}]`).click()", question)
    browser.run("document.getElementById('next').click()")
    assert text(browser, "place") == "Pair 2 of 6"


def test_a_video_that_does_not_play_can_be_skipped(study, browser, tmp_path):
    page = tmp_path / "index.html"
    page.write_bytes((study[0] / "index.html").read_bytes())  # without its media
    browser.go(page.as_uri())
    browser.run("document.getElementById('begin').click()")
    for _ in range(6):
        browser.until(lambda: seen(browser, "broken"))
        browser.run("document.getElementById('skip').click()")
    assert seen(browser, "done")
    browser.run("document.getElementById('download').click()")
    (path,) = browser.until(lambda: list(browser.downloads.glob("*.json")))
    (results,) = read_results([path], study[1])
    assert {one.chosen for one in results.answers} == {None}


@pytest.mark.parametrize(("width", "columns"), [(1280, 2), (390, 1)], ids=["desktop", "phone"])
def test_it_fits_its_width(study, browser, width, columns):
    browser.size(width, 844, phone=width < 500)
    browser.go((study[0] / "index.html").as_uri())
    browser.run("document.getElementById('begin').click()")
    assert browser.run("return document.documentElement.scrollWidth") <= width
    lefts = "return [...document.querySelectorAll('video')].map(one => one.offsetLeft)"
    assert len(set(browser.run(lefts))) == columns


def test_each_person_has_an_order_and_sides_of_their_own(study, browser):
    browser.go((study[0] / "index.html").as_uri())
    plans = browser.run("return Array.from({ length: 400 }, drawPlan)")
    firsts = [plan[0] for plan in plans]
    left = sum(pair["clips"] == sorted(pair["clips"]) for pair in firsts)
    assert abs(left / 400 - 0.5) < 0.1
    opening = [tuple(sorted(pair["clips"])) for pair in firsts]
    assert all(abs(opening.count(pair) / 400 - 0.25) < 0.09 for pair in set(opening))
    for plan in plans:
        places = {}
        for number, pair in enumerate(plan):
            places.setdefault(frozenset(pair["clips"]), []).append(number)
        assert sorted(map(len, places.values())) == [1, 1, 2, 2]
        assert all(place[-1] - place[0] != 1 for place in places.values())
