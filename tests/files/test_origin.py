"""The origin that a file states: written, and read back by us and by other programs."""

import dataclasses
from xml.etree import ElementTree

import pytest
from PIL import Image
from tiny_sample import ORIGIN, make_sample

from sonocanvas.files.origin import NOTE, Origin, from_comment, origin_of, to_comment, to_png_text

DRAWN = Origin("SonoCanvas 1.2.3", "see", generated=False)
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"


@pytest.mark.parametrize("origin", [ORIGIN, DRAWN, Origin("a — 城 \x1b origin={}")])
def test_a_comment_tells_the_origin_and_is_plain_text(origin):
    comment = to_comment(origin, gain_db=-1.5)
    assert from_comment(comment) == origin
    assert comment.isascii()
    assert "gain_db=-1.5000" in comment


def test_only_what_models_made_is_called_generated():
    assert to_comment(None) == NOTE
    assert to_comment(ORIGIN).startswith(NOTE)
    assert "Generated" not in to_comment(DRAWN)


def test_a_file_of_an_earlier_version_is_known_by_its_note():
    assert from_comment(f"{NOTE} gain_db=0.0000") == Origin("SonoCanvas")


@pytest.mark.parametrize(
    "comment",
    [
        "",
        "made with another tool",
        "x origin=",
        "x origin=[]",
        "x origin={}",
        'x origin={"software": 7}',
        'x origin={"software": "x", "licences": []}',
        'x origin={"software": "x", "licences": {"weights": 7}}',
        'x origin={"software": "x", "seed": "7"}',
        'x origin={"software": "x", "generated": "no"}',
        'x origin={"software": "x", "more": "x"}',
        "x origin=" + "[" * 100_000,
    ],
)
def test_a_comment_of_another_form_tells_none(comment):
    assert from_comment(comment) is None


def test_the_origin_of_a_sample_is_in_its_record():
    record = {
        "method": {"name": "compose"},
        "pair": {"name": "mini", "licences": {"weights": "CC-BY-4.0"}},
        "versions": {"sonocanvas": "1.2.3"},
    }
    sample = dataclasses.replace(make_sample(7), record=record)
    assert origin_of(sample) == ORIGIN
    older = dataclasses.replace(sample, record=record | {"method": "compose"})
    assert origin_of(older) == ORIGIN


def test_where_models_lie_is_not_told():
    sample = dataclasses.replace(make_sample(7), record={"pair": {"name": "local:models/mine"}})
    assert origin_of(sample).pair == "local"
    assert "models/mine" not in to_comment(origin_of(sample))


@pytest.mark.parametrize("record", [{}, {"pair": 3, "method": None, "versions": []}])
def test_a_record_that_says_little_gives_an_origin_that_says_little(record):
    origin = origin_of(dataclasses.replace(make_sample(7), record=record))
    assert (origin.method, origin.pair, origin.seed, origin.licences) == ("", "", 7, {})
    assert origin.software.startswith("SonoCanvas ")


def test_xmp_of_a_png_says_in_the_words_of_the_press_what_made_it(tmp_path):
    path = tmp_path / "picture.png"
    origin = dataclasses.replace(ORIGIN, software='Sono"<Canvas> & 1')
    Image.new("L", (4, 4)).save(path, pnginfo=to_png_text(origin))
    with Image.open(path) as picture:
        text, packet = picture.text, picture.info["xmp"]
    assert from_comment(text["Comment"]) == origin
    assert text["Software"] == origin.software
    told = ElementTree.fromstring(packet).find(f"{RDF}RDF/{RDF}Description").attrib
    kind = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    assert told[f"{IPTC}DigitalSourceType"] == kind
    assert told["{http://ns.adobe.com/xap/1.0/}CreatorTool"] == origin.software


@pytest.mark.parametrize("origin", [None, DRAWN])
def test_what_models_did_not_make_carries_no_such_xmp(tmp_path, origin):
    path = tmp_path / "picture.png"
    Image.new("L", (4, 4)).save(path, pnginfo=to_png_text(origin))
    assert b"trainedAlgorithmicMedia" not in path.read_bytes()
