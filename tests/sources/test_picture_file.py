import re

import numpy as np
import pytest
import torch
from PIL import Image

from sonocanvas.errors import InvalidInputError
from sonocanvas.files.writing import digest_of
from sonocanvas.sources.picture_file import MEAN_LEVEL, PictureFile, with_contrast
from sonocanvas.types import MINI_FORMAT

RAMP = np.tile(np.linspace(40, 200, 64).round().astype(np.uint8), (32, 1))


def saved(tmp_path, picture, name="picture.png", **options):
    path = tmp_path / name
    picture.save(path, **options)
    return PictureFile(str(path))


def test_the_contrast_is_a_curve_that_can_be_undone(tmp_path):
    level, opacity = saved(tmp_path, Image.fromarray(RAMP))(MINI_FORMAT)
    assert (float(level.min()), float(level.max())) == (0.0, 1.0)
    assert float(level.mean()) == pytest.approx(MEAN_LEVEL, abs=0.01)
    assert opacity.eq(1).all()
    gray = torch.from_numpy(RAMP / 255).float()
    given = PictureFile(str(tmp_path / "picture.png"), gamma=2.0)(MINI_FORMAT)[0]
    undone = given.sqrt() * (200 - 40) / 255 + 40 / 255
    assert torch.allclose(undone, gray, atol=1e-5)


def test_ink_on_paper_is_inverted(tmp_path):
    paper = np.full((32, 32), 250, np.uint8)
    paper[10:12] = 5
    path = str(saved(tmp_path, Image.fromarray(paper)).path)
    level, _ = PictureFile(path, invert=True)(MINI_FORMAT)
    assert level[10:12].eq(1).all()
    assert level[20:].eq(0).all()


def test_sixteen_bits_palette_cmyk_and_colour_are_read_as_what_they_mean(tmp_path):
    deep = Image.fromarray(RAMP.astype(np.uint16) * 257)
    plain = saved(tmp_path, Image.fromarray(RAMP))(MINI_FORMAT)[0]
    rgb = Image.fromarray(RAMP).convert("RGB")
    ways = {
        "deep.png": (deep, 0.01),
        "cmyk.tif": (rgb.convert("CMYK"), 0.02),
        "palette.png": (Image.fromarray(RAMP).convert("P"), 0.02),
        "same.webp": (rgb, 0.1),
        "same.jp2": (rgb, 0.1),
    }
    for name, (picture, tolerance) in ways.items():
        options = {"lossless": True} if name.endswith("webp") else {}
        level, _ = saved(tmp_path, picture, name, **options)(MINI_FORMAT)
        assert (level - plain).abs().mean() < tolerance, name


def test_a_picture_is_turned_as_its_camera_says(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees clockwise
    level, _ = saved(tmp_path, Image.fromarray(RAMP).convert("RGB"), "a.jpg", exif=exif)(
        MINI_FORMAT
    )
    assert level.shape == (64, 32)
    assert level[:8].mean() < level[-8:].mean()


def test_what_is_transparent_does_not_hold_and_does_not_count(tmp_path):
    rgba = np.zeros((32, 64, 4), np.uint8)
    rgba[..., :3] = RAMP[..., None]
    rgba[:, :16, :3], rgba[:, 16:, 3] = 255, 255
    level, opacity = saved(tmp_path, Image.fromarray(rgba))(MINI_FORMAT)
    assert opacity[:, :16].eq(0).all()
    assert opacity[:, 16:].eq(1).all()
    assert float(level[:, 16:].max()) == 1.0
    assert float(level[:, 16].min()) == 0.0


def test_a_file_that_changed_or_went_is_told(tmp_path):
    source = saved(tmp_path, Image.fromarray(RAMP)).settled()
    assert source.digest == digest_of(tmp_path / "picture.png")
    assert source.settled() == source
    Image.fromarray(RAMP.T).save(tmp_path / "picture.png")
    with pytest.raises(
        InvalidInputError, match="has changed since the run that uses it was started"
    ):
        source.settled()
    (tmp_path / "picture.png").unlink()
    with pytest.raises(InvalidInputError, match="There is no file"):
        source.settled()


@pytest.mark.parametrize(
    ("picture", "told"),
    [
        (Image.new("L", (1, 1)), "has 1 x 1 pixels; a layer needs at least 8 x 8."),
        (Image.new("L", (64, 64), 90), "is all one gray; there is nothing to see."),
        (Image.new("RGBA", (64, 64)), "is transparent everywhere."),
    ],
)
def test_a_picture_that_shows_nothing_is_refused(tmp_path, picture, told):
    with pytest.raises(InvalidInputError, match=re.escape(told)):
        saved(tmp_path, picture)(MINI_FORMAT)


def test_a_picture_of_billions_of_pixels_is_refused_before_it_is_read(tmp_path):
    (tmp_path / "huge.ppm").write_bytes(b"P5 60000 60000 255\n")
    with pytest.raises(InvalidInputError, match="is too large; a picture can have at most"):
        PictureFile(str(tmp_path / "huge.ppm"))(MINI_FORMAT)


def test_what_is_no_picture_is_refused(tmp_path):
    (tmp_path / "a.png").write_bytes(b"not a picture")
    with pytest.raises(InvalidInputError, match="is not a picture that can be read"):
        PictureFile(str(tmp_path / "a.png"))(MINI_FORMAT)


def test_options_are_checked():
    with pytest.raises(InvalidInputError, match="needs a path"):
        PictureFile()
    with pytest.raises(InvalidInputError, match=re.escape("gamma must be 0 or from 0.2 to 5")):
        PictureFile("a.png", gamma=9.0)


def test_the_mean_of_a_bright_picture_is_brought_down():
    bright = torch.rand(64, 64) * 0.2 + 0.8
    bright[0, 0] = 0.0
    assert with_contrast(bright, torch.ones(64, 64), "it").mean() < bright.mean()
