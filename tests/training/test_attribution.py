import numpy as np
import pytest

from sonocanvas.training.attribution import AUTHORS, attribution
from sonocanvas.training.drawings import PACKAGES, manifest
from sonocanvas.training.pack import Pack
from sonocanvas.training.recordings import Clip


def clip(concept, source):
    return Clip("clip", "a caption", concept, source, "CC0-1.0", np.zeros(4, np.float32))


def test_every_set_of_drawings_has_its_authors():
    assert set(AUTHORS) == set(PACKAGES)
    text = attribution(Pack([], []))
    for source in {row["source"] for row in manifest()}:
        assert f"| {source} | {AUTHORS[source]} |" in text


def test_each_library_is_counted_and_each_title_of_opensfx_stands_once():
    clips = [clip("dog", "OpenSFX: A bark"), clip("dog", "OpenSFX: A bark")]
    clips += [clip("piano", "FluidR3 GM by Frank Wen, preset 0:0"), clip("nothing", "OpenSFX: No")]
    text = attribution(Pack([], clips))
    assert text.count("- A bark\n") == 1
    assert "| OpenSFX | below, sound by sound | CC-BY-3.0 or CC0-1.0 | 2 |" in text
    assert "| Frank Wen | MIT | 1 |" in text
    assert "- No" not in text


def test_each_listed_recording_is_credited_once_with_its_licence():
    source = "OpenClonk: fire (freesound.org/s/4211) by dobroide"
    text = attribution(Pack([], [clip("fire", source), clip("fire", source)]))
    assert text.count(f"- {source}, CC0-1.0\n") == 1
    assert "| OpenClonk, sounds | below, sound by sound | CC-BY-3.0 or CC0-1.0 | 2 |" in text


def test_a_clip_of_an_unknown_library_is_refused():
    with pytest.raises(KeyError, match="a bootleg"):
        attribution(Pack([], [clip("dog", "a bootleg")]))
