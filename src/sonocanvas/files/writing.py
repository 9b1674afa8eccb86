"""Writes files completely or not at all, with a comment that says what made them.

A file is written under a temporary name and then renamed, so a file under its own name is always
complete.
"""

import hashlib
import os
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import soundfile
import torch
from filelock import FileLock, Timeout
from PIL import Image
from torch import Tensor

from sonocanvas.errors import InvalidInputError

PICTURES = (
    *("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM"),
    *("AVIF", "JPEG2000", "TGA", "ICO"),
)
"""Formats that can be read; some others would run an external program."""

BROKEN = (
    *(OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError),
    *(EOFError, RuntimeError, AssertionError, MemoryError, struct.error, zlib.error),
)
"""Errors that Pillow raises for a truncated or damaged picture."""

LOCK_FILE = ".lock"
"""Exists in a folder while a process writes into it."""


def check_target(path: Path, suffixes: str | tuple[str, ...], overwrite: bool) -> None:
    """Checks that a file can be written, before it is made.

    Args:
        path: The file.
        suffixes: The allowed extensions.
        overwrite: Whether an existing file is replaced.

    Raises:
        InvalidInputError: The extension is not allowed, the folder is missing, or there is a file
            that must not be overwritten.
    """
    allowed = (suffixes,) if isinstance(suffixes, str) else suffixes
    if path.suffix.lower() not in allowed:
        endings = " or ".join(f"'{suffix}'" for suffix in allowed)
        raise InvalidInputError(f"'{path}' must end in {endings}.")
    if not path.parent.is_dir():
        raise InvalidInputError(f"There is no folder '{path.parent}'.")
    if path.is_dir() or (path.exists() and not overwrite):
        raise InvalidInputError(f"'{path}' exists; use --overwrite to replace it.")


def write_beside(path: Path, write: Callable[[Path], None]) -> None:
    """Writes a file under a temporary name and then renames it.

    Raises:
        InvalidInputError: The file cannot be written; no part of it is left.
    """
    beside = path.with_name(path.name + ".partial")
    try:
        beside.unlink(missing_ok=True)  # it may be a link to another place
        write(beside)
        os.replace(beside, path)
    except (OSError, soundfile.SoundFileError) as error:
        raise InvalidInputError(f"Cannot write '{path}': {_reason(error)}.") from None
    finally:
        beside.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes a text as UTF-8; file names in it that are not UTF-8 keep their bytes.

    Raises:
        InvalidInputError: The file cannot be written; no part of it is left.
    """

    def write(beside: Path) -> None:
        beside.write_text(text, encoding="utf-8", errors="surrogateescape")

    write_beside(path, write)


def check_inside(path: Path, folder: Path) -> None:
    """Checks that a path below a folder is not a symbolic link that leads out of it.

    A run may come from anywhere, so its files must not be read or written outside of it. The
    folder itself may be reached through links.

    Raises:
        InvalidInputError: It leads out of the folder.
    """
    if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
        raise InvalidInputError(
            f"'{path}' is a symbolic link that leads out of '{folder}'; put a copy there instead."
        )


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Locks a folder against other writing processes; removes it at the end if it is empty.

    Args:
        folder: The folder; created if missing.

    Raises:
        InvalidInputError: Another process has locked it, it cannot be created, or its lock is a
            link that leads out of it.
    """
    check_inside(folder / LOCK_FILE, folder)
    lock = FileLock(folder / LOCK_FILE, blocking=False)
    made = [path for path in (folder, *folder.absolute().parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise InvalidInputError(
            f"Another process is writing into '{folder}'; wait for it, or choose another folder."
        ) from None
    except OSError as error:
        raise InvalidInputError(f"Cannot write '{folder}': {_reason(error)}.") from None
    try:
        yield
    finally:
        (folder / LOCK_FILE).unlink(missing_ok=True)
        lock.release()
        with suppress(OSError):  # not empty
            for path in made:
                path.rmdir()


def digest_of(path: Path, known: str = "") -> str:
    """Returns the SHA-256 of a file in hexadecimal digits.

    Args:
        path: The file.
        known: Its earlier digest; empty if unknown.

    Raises:
        InvalidInputError: The file is missing, cannot be read or has changed.
    """
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise InvalidInputError(f"There is no file '{path}'.") from None
    except OSError as error:
        raise InvalidInputError(f"Cannot read '{path}': {error.strerror}.") from None
    if known and digest != known:
        raise InvalidInputError(f"'{path}' has changed since the run that uses it was started.")
    return digest


@contextmanager
def opened_sound(path: Path) -> Iterator[soundfile.SoundFile]:
    """Gives a file of sound to read, whatever bytes its name has."""
    with path.open("rb") as file, soundfile.SoundFile(file) as sound:
        yield sound


def read_comment(path: Path) -> str:
    """Returns the comment in a picture or a sound; empty if it has none.

    Raises:
        InvalidInputError: The file is neither a picture nor a sound.
    """
    try:
        with opened_sound(path) as sound:
            return str(sound.comment)
    except (soundfile.SoundFileError, OSError, TypeError):
        pass
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pixels are not decoded, however large it is
            with Image.open(path, formats=PICTURES) as picture:
                return str(picture.info.get("Comment", ""))
    except (*BROKEN, Image.DecompressionBombError):
        raise InvalidInputError(f"'{path}' is neither a picture nor a sound.") from None


def check_finite(what: str, values: Tensor) -> None:
    """Raises `InvalidInputError` if a value is NaN or infinite."""
    if not torch.isfinite(values).all():
        raise InvalidInputError(
            f"The {what} has values that are NaN or infinite; all must be finite."
        )


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error).rstrip(".")
