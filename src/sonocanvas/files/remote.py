"""A run folder in a store such as S3: a local copy is worked on and uploaded as it grows."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fsspec

from sonocanvas.errors import InvalidInputError
from sonocanvas.files.writing import LOCK_FILE

LAST = "sample.json"
"""Marks a complete sample, so it is uploaded last and checked first."""


class RemoteFolder:
    """A folder in a store, and its working copy.

    Args:
        url: Such as `s3://bucket/run`.
        local: An empty folder.

    Raises:
        InvalidInputError: The store cannot be reached, or no installed package supports it.
    """

    def __init__(self, url: str, local: Path) -> None:
        self.url, self.local = url, local
        try:
            self._store, self._root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise InvalidInputError(f"Cannot use '{url}': {error}.") from None
        self._sent: dict[str, tuple[int, int]] = {}

    def fetch(self) -> None:
        """Downloads everything except incomplete samples.

        Raises:
            InvalidInputError: It cannot be read.
        """
        with self._told("read"):
            self._store.invalidate_cache()
            there = self._store.find(self._root)
            names = [one[len(self._root) :].lstrip("/") for one in there]
            whole = {name.removesuffix(LAST) for name in names if name.endswith(f"/{LAST}")}
            for name in names:
                place = name.rpartition("/")[0] + "/"
                if place == "/" or place in whole:
                    target = self._inside(name)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    self._store.get_file(f"{self._root}/{name}", str(target))
                    self._sent[name] = _stamp(target)

    def send(self) -> None:
        """Uploads new and changed files, and removes deleted ones.

        Raises:
            InvalidInputError: It cannot be written.
        """
        files = sorted(self._files(), key=lambda name: (name.rpartition("/")[2] == LAST, name))
        with self._told("write"):
            for name in files:
                stamp = _stamp(self.local / name)
                if self._sent.get(name) != stamp:
                    self._store.put_file(str(self.local / name), f"{self._root}/{name}")
                    self._sent[name] = stamp
            gone = self._sent.keys() - set(files)
            for name in gone:
                self._store.rm_file(f"{self._root}/{name}")
                del self._sent[name]

    def _files(self) -> list[str]:
        """Returns the names of all complete files below the folder."""
        paths = [path for path in self.local.rglob("*") if path.is_file()]
        names = [path.relative_to(self.local).as_posix() for path in paths]
        return [name for name in names if ".partial" not in name and LOCK_FILE not in name]

    def _inside(self, name: str) -> Path:
        target = (self.local / name).resolve()
        if not target.is_relative_to(self.local.resolve()):
            raise InvalidInputError(f"'{self.url}' holds '{name}', which leads out of the folder.")
        return target

    @contextmanager
    def _told(self, verb: str) -> Iterator[None]:
        """Turns an error of the store into one sentence."""
        try:
            yield
        except InvalidInputError:
            raise
        except Exception as error:  # each store raises its own errors
            reason = str(error).splitlines()[0].rstrip(".") if str(error) else repr(error)
            raise InvalidInputError(f"Cannot {verb} '{self.url}': {reason}.") from None


def is_remote(place: str | Path) -> bool:
    """Returns whether a place is in a store and not in a folder here."""
    return "://" in str(place)


@contextmanager
def working_copy(url: str) -> Iterator[RemoteFolder]:
    """Yields a copy of a folder in a store, and uploads it at the end, even after an error.

    Raises:
        InvalidInputError: The store cannot be reached, read or written.
    """
    with tempfile.TemporaryDirectory(prefix="sonocanvas-") as beside:
        name = url.rstrip("/").rpartition("/")[2] or "run"
        folder = RemoteFolder(url, Path(beside) / name)
        folder.fetch()
        try:
            yield folder
        except InvalidInputError as error:  # the user does not know the copy's path
            raise InvalidInputError(str(error).replace(str(folder.local), url)) from None
        finally:
            if folder.local.exists():
                folder.send()


def _stamp(path: Path) -> tuple[int, int]:
    status: Any = path.stat()
    return status.st_size, status.st_mtime_ns
