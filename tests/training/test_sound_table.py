import csv
from importlib import resources

import pytest

from sonocanvas.training.sound_table import label_test_file, noun, sound_table


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Tropical: Bird (1)", "bird"),
        ("Steam (of steam engine)", "steam"),
        ("perc_bell2", "perc bell"),
        ("Bird  2", "bird"),
        ("Stream/River", "stream/river"),
        ("guit_em9", "guit em"),
    ],
)
def test_names_are_spelt_as_in_the_table(name, expected):
    assert noun(name) == expected
    assert expected in sound_table()


def test_every_name_is_in_the_table_once():
    file = resources.files("sonocanvas.training").joinpath("data/sounds.tsv")
    rows = csv.DictReader(file.read_text("utf-8").splitlines(), delimiter="\t")
    names = [name for row in rows for name in row["names"].split("; ")]
    assert len(names) == len(set(names)) == len(sound_table())
    assert sound_table()["truck/old bus start, pull away"][0] == "truck"


def test_test_recordings_are_labelled_by_a_word_of_the_name():
    assert label_test_file("HorseGallop2") == ("horse", "a horse galloping")
    assert label_test_file("phone_ring") == ("telephone", "a telephone ringing")
    assert label_test_file("menuclick") is None
    assert label_test_file("sea_lion") is None
    assert label_test_file("Water1") == ("river", "water flowing")
    assert [label_test_file(stem) for stem in ("WaterDrop", "WindMill1", "ParklandPlane1")] == [
        None
    ] * 3
