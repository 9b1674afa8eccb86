"""`sonocanvas list` and `figure`: the menus, and figures of runs."""

import pytest
from PIL import Image
from tiny_asked import QUICKLY


@pytest.mark.parametrize(
    ("menu", "told"),
    [
        (
            "pairs",
            (
                "mini            Returns the embedded pair: shipped with the package, CC-BY-4.0.",
                "Auffusion (CC BY-NC-SA 4.0), from the Hub.",
                "Riffusion (both OpenRAIL-M), from the Hub.",
                "local:FOLDER",
            ),
        ),
        ("rules", ("audio_weight=0.6", "image_start=0.9, audio_start=1.0")),
        ("searches", ("tries=16", "pictures=4, sounds=4, shifts=4, levels=3")),
        ("methods", ("compose", "strength=0.5, image_steps=0", "The picture model alone")),
        ("vocoders", ("griffin_lim", "hifigan", "phase_net", "phase_from=pair")),
        ("figures", ("teaser",)),
        (
            "scorers",
            (
                "round_trip",
                "by the judge, which only reports.",
                "extractor=judge, model=openai/clip-vit-base-patch16",
            ),
        ),
        ("colourisers", ("steps=30, guidance_scale=10.0, start_step=7", "viridis")),
        ("presets", ("a castle with towers",)),
        ("prompts", ("tubular bells tolling",)),
    ],
)
def test_list_tells_what_there_is(sonocanvas, menu, told):
    code, output, errors = sonocanvas("list", menu)
    assert (code, errors) == (0, "")
    for words in told:
        assert words in output


def test_figure_draws_what_generate_made_and_replaces_it_only_when_asked(sonocanvas, tmp_path):
    assert sonocanvas("generate", *QUICKLY, "--seeds", "3", "--out", "run")[0] == 0
    words = ("figure", "teaser", "run", "-o", "teaser.png")
    assert sonocanvas(*words) == (0, "teaser.png\n", "")
    with Image.open(tmp_path / "teaser.png") as picture:
        assert picture.width == 1650
    code, _, errors = sonocanvas(*words)
    assert code == 2
    assert "use --overwrite to replace it" in errors
    assert sonocanvas(*words, "--overwrite")[0] == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("teeser", "run", "-o", "new.png"), "Did you mean 'teaser'"),
        (("teaser", "run", "-o", "new.jpg"), "must end in '.png' or '.pdf'"),
        (("teaser", "run", "-o", "new.png"), "holds no sample"),
        (("teaser", "run", "-o", "new.png", "--seeds", "x"), "not have the form"),
        (("teaser", "run", "-o", "new.png", "--score", "x"), "'score'. There is none."),
        (("teaser", "run", "-o", "new.png", "--dpi", "30"), "from 50 to 1200, not 30"),
    ],
)
def test_figure_refuses_bad_input_in_one_sentence(sonocanvas, tmp_path, words, sentence):
    (tmp_path / "run").mkdir()
    code, output, errors = sonocanvas("figure", *words)
    assert (code, output) == (2, "")
    assert sentence in errors
    assert errors.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
