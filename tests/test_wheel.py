"""The wheel holds everything that a canvas needs, and makes one in an empty environment."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LARGEST_MB = 95


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, ROOT)
    subprocess.run(pip, check=True)
    (found,) = folder.glob("*.whl")
    return found


@pytest.mark.slow
def test_the_wheel_holds_weights_tables_and_pages_and_no_tests(wheel):
    assert wheel.stat().st_size < LARGEST_MB * 1e6
    names = zipfile.ZipFile(wheel).namelist()
    for name in ("py.typed", "data/gallery.html", "data/imagenet.tsv", "presets/owl-hoot.toml"):
        assert f"sonocanvas/{name}" in names
    assert any(name.startswith("sonocanvas/weights/mini/") for name in names)
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "docs/"))]


@pytest.mark.slow
@pytest.mark.network
def test_it_makes_a_canvas_in_an_empty_environment(wheel, tmp_path):
    subprocess.run((sys.executable, "-m", "venv", tmp_path / "env"), check=True)
    bin_ = tmp_path / "env" / "bin"
    pinned = ("-c", ROOT / "constraints.txt")
    subprocess.run((bin_ / "pip", "install", "--quiet", *pinned, wheel), check=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    given = ("--image", "an owl", "--audio", "an owl hooting", "--out", "owl")
    subprocess.run((bin_ / "sonocanvas", "generate", *given), cwd=elsewhere, check=True)
    assert (elsewhere / "owl" / "0000" / "audio.wav").stat().st_size > 300_000
    assert (elsewhere / "owl" / "index.html").is_file()
