import re

import pytest

from sonocanvas.config import RunConfig, read_layer
from sonocanvas.errors import InvalidInputError
from sonocanvas.files.run_file import load_config, load_scene, resolve, to_toml
from sonocanvas.scene.layers import Layer, parse_layer
from sonocanvas.values import parse_duration

SCENE = """\
duration_s = 14
# a comment
[[layers]]
kind = "sound"
prompt = "a bell ringing"
span_s = [0, 6]

[[layers]]
kind = "picture"
file = "owl.png"
strength = 0.8
"""


def test_a_line_gives_every_field():
    line = (
        'picture "a castle at night" castle.png 1-9.5s 500-8000Hz -20dB ~0.5s 80% cover '
        "negative_prompt=rain invert=true source.gamma=2.0"
    )
    layer = read_layer(line)
    source = {"name": "picture_file", "path": "castle.png", "gamma": 2.0, "invert": True}
    assert layer == Layer(
        kind="picture",
        prompt="a castle at night",
        negative_prompt="rain",
        source=source | {"digest": ""},
        span_s=(1, 9.5),
        band_hz=(500, 8000),
        level_db=-20,
        feather_s=0.5,
        fit="cover",
        strength=0.8,
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("", "Unknown kind of layer ''. Known: picture, sound."),
        ("pictur x", "Unknown kind of layer 'pictur'. Did you mean 'picture'?"),
        ('sound "a bell', "No closing quotation"),
        ("sound 0-3s", "A sound layer has neither a prompt nor a source."),
        ("sound bell 0-3s 2-4s", "gives span_s twice, the second by '2-4s'"),
        ("sound bell dog", "gives prompt twice, the second by 'dog'"),
        ("sound bell 3-1s", "a start and a higher end, not [3.0, 1.0]"),
        ("sound bell 3-3s", "a start and a higher end, not [3.0, 3.0]"),
        ("sound bell +6dB", "level_db must be less than or equal to 0, not 6.0."),
        ("sound bell 130%", "strength must be less than or equal to 1, not 1.3."),
        ("sound source=txt words=HI", "Unknown source 'txt'. Did you mean 'text'?"),
        ("sound source=text words=HI", "The source 'text' holds a picture, but the layer is a"),
        ("picture a.png inverted=true", "Unknown option of source 'picture_file': 'inverted'"),
        ("picture source=text", "words must be 1 to 200 visible characters, not ''."),
    ],
)
def test_a_wrong_line_is_one_sentence(line, told):
    with pytest.raises(InvalidInputError, match=re.escape(told)) as caught:
        read_layer(line)
    assert "\n" not in str(caught.value)


def test_words_are_the_prompt_or_what_the_source_is_called():
    assert read_layer("picture a/my_old-photo.jpg").words == "my old photo"
    assert read_layer('picture "a cat" b.png').words == "a cat"
    assert read_layer("picture source=text words=HELLO").words == "HELLO"
    assert parse_layer("sound rain") == {"kind": "sound", "prompt": "rain"}


def test_a_run_without_layers_is_the_scene_of_two_full_ones():
    run = RunConfig(image_prompt="a castle", audio_prompt="bells")
    assert run.scene == (
        Layer(kind="picture", prompt="a castle"),
        Layer(kind="sound", prompt="bells"),
    )
    assert run.layers == ()


def test_a_kind_without_layers_is_its_prompt_everywhere():
    run = RunConfig(image_prompt="an owl", layers=["sound forest.wav"])
    assert [(layer.kind, layer.words) for layer in run.scene] == [
        ("picture", "an owl"),
        ("sound", "forest"),
    ]
    assert run.audio_prompt == "forest"
    assert run.method.name == "compose"


def test_words_of_layers_stand_for_prompts_that_are_not_given():
    run = RunConfig(layers=["picture owl.png", "picture cat 0-3s", "sound rain"])
    assert (run.image_prompt, run.audio_prompt) == ("owl; cat", "rain")
    named = RunConfig(layers=["picture owl.png", "sound rain"], image_prompt="an owl at night")
    assert named.image_prompt == "an owl at night"
    assert len(named.scene) == 2  # the prompt says what is shown, and no model draws it


def test_nothing_asked_of_a_model_is_layered():
    files = ["picture owl.png", "sound forest.wav"]
    assert RunConfig(layers=files).method.name == "layer"
    assert RunConfig(layers=files[:1]).method.name == "compose"
    assert RunConfig(layers=files, method="compose").method.name == "compose"
    assert RunConfig(layers=files, method="imprint").method.name == "imprint"
    assert RunConfig(layers=[*files, "sound rain"]).method.name == "compose"


def test_a_run_with_layers_comes_back_from_its_file(tmp_path):
    run = RunConfig(layers=['picture "a cat" a.png 1-2s', "sound rain 0-5s"], duration_s=12)
    (tmp_path / "run.toml").write_text(to_toml(run))
    assert load_config(tmp_path / "run.toml") == run


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"method": "sds"}, "The method 'sds' takes no layers; 'compose', 'layer' and 'imprint'"),
        ({"search": "combinations"}, "The search 'combinations' takes no layers;"),
        ({"layers": [3]}, "A layer must be a table or a line, not 3."),
        ({"layers": ["sound rain"] * 65}, "layers must be"),
        ({"duration_s": 1}, "duration_s must be from 2 to 600, or 0 for the pair's own, not 1"),
        ({"duration_s": 601}, "duration_s must be from 2 to 600"),
        ({"duration_s": "long"}, "Duration 'long' does not have the form '45s', '12.5' or '1:30'."),
        ({"layers": [{"kind": "sound", "promt": "x"}]}, "Unknown key 'promt'. Did you mean 'pro"),
        ({"layers": [{"kind": "smell", "file": "x"}]}, "Unknown kind of layer 'smell'."),
        ({"layers": [{"kind": "sound", "prompt": "x", "fit": "fill"}]}, "fit must be 'contain',"),
    ],
)
def test_a_wrong_scene_is_one_sentence(values, told):
    with pytest.raises(InvalidInputError, match=re.escape(told)):
        RunConfig(**({"layers": ["sound rain"], "image_prompt": "a cat"} | values))


@pytest.mark.parametrize(("text", "seconds"), [("45s", 45), ("12.5", 12.5), ("1:30", 90)])
def test_a_duration_is_read(text, seconds):
    assert parse_duration(text) == seconds


def test_files_stand_beside_their_scene(tmp_path):
    path = tmp_path / "scene.toml"
    path.write_text(SCENE)
    run = resolve(load_scene(path))
    assert run.layers[1].source.options["path"] == str(tmp_path / "owl.png")
    assert run.duration_s == 14


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("strength", "strenght", "line 11: Unknown key 'strenght'. Did you mean 'strength'?"),
        ("duration_s", "duration", "line 1: Unknown key 'duration'. Did you mean 'duration_s'?"),
        ("[0, 6]", "[6, 0]", "line 3: A span or a band must be a start and a higher end"),
        ("0.8", "8", "line 8: strength must be less than or equal to 1, not 8"),
        ("[[layers]]", "[layers]", "is not a TOML file"),
        ("14", "'", "is not a TOML file"),
    ],
)
def test_a_wrong_scene_file_names_its_line(tmp_path, old, new, told):
    path = tmp_path / "scene.toml"
    path.write_text(SCENE.replace(old, new))
    with pytest.raises(InvalidInputError, match=re.escape(told)) as caught:
        load_scene(path)
    assert f"'{path}'" in str(caught.value)
