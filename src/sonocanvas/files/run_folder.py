"""The folder of a run: whether it can be used, what it holds, and what is added."""

import os
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from sonocanvas.config import RunConfig
from sonocanvas.errors import InvalidInputError
from sonocanvas.files.artifacts import load_sample, sample_folder, save_sample
from sonocanvas.files.run_file import load_config, to_toml
from sonocanvas.files.writing import LOCK_FILE, check_inside, only_writer, write_text
from sonocanvas.types import Sample

RUN_FILE = "run.toml"
PREVIEW_FILE = "preview.png"
KEEPING = frozenset({"keep", "keep_rule", "keep_by"})
"""Keys that can differ from the run in a folder, since they change ranks, not samples."""


def check_folder(out: Path, config: RunConfig, overwrite: bool = False) -> None:
    """Checks that a run can be written into a folder, or resumed in it.

    Raises:
        InvalidInputError: It cannot be written, contains a link that leads out of it, or contains
            anything other than this run and must not be overwritten.
    """
    standing = next(path for path in (out, *out.absolute().parents) if path.exists())
    if not standing.is_dir():
        raise InvalidInputError(f"Cannot write into '{out}': '{standing}' is not a folder.")
    if not os.access(standing, os.W_OK | os.X_OK):
        raise InvalidInputError(f"Cannot write into '{out}': '{standing}' is read-only.")
    there = {path.name for path in out.iterdir()} if out.exists() else set()
    for name in there:
        check_inside(out / name, out)
    left_by_a_kill = {f"{RUN_FILE}.partial", LOCK_FILE}  # at the start of a run
    if overwrite or there <= left_by_a_kill:
        return
    if not (out / RUN_FILE).exists():
        raise InvalidInputError(
            f"'{out}' holds files but no {RUN_FILE}; choose another folder, or overwrite."
        )
    before = load_config(out / RUN_FILE).model_dump()
    free = {"keep"} if config.search.name else KEEPING
    now = {key: value for key, value in config.model_dump().items() if key not in free}
    changed = [key for key, value in now.items() if value != before[key]]
    if changed:
        raise InvalidInputError(
            f"'{out}' holds another run: {changed[0]} is {before[changed[0]]!r} there and "
            f"{now[changed[0]]!r} here; choose another folder, or overwrite."
        )


class RunFolder:
    """The only writer of a run's folder within a `with` block; without a path it writes nothing.

    If no sample is added, nothing is left on disk.

    Args:
        path: The folder; `None` keeps the run in memory.
        config: The run.
        overwrite: Whether existing samples are replaced.

    Raises:
        InvalidInputError: As in `check_folder`, or another process is writing there.
    """

    def __init__(self, path: Path | str | None, config: RunConfig, overwrite: bool) -> None:
        self.path = None if path is None else Path(path)
        self.config = config
        self.overwrite = overwrite
        self._held = ExitStack()
        self._is_replacing = overwrite

    def __enter__(self) -> Self:
        if self.path is not None:
            check_folder(self.path, self.config, self.overwrite)
            self._held.enter_context(only_writer(self.path))
        return self

    def __exit__(self, *error: object) -> None:
        self._held.close()

    def kept(self) -> dict[int, Sample]:
        """Returns the existing samples to keep, by seed."""
        if self.path is None or self.overwrite:
            return {}
        folders = {seed: sample_folder(self.path, seed) for seed in self.config.seeds}
        return {seed: load_sample(folder) for seed, folder in folders.items() if folder.exists()}

    def begin(self) -> None:
        """Writes the run file if there is no sample."""
        if self.path is not None and not any(self.path.glob("*/sample.json")):
            write_text(self.path / RUN_FILE, to_toml(self.config))

    def add(self, sample: Sample) -> None:
        """Writes a sample; before the first, samples to be overwritten are removed.

        Raises:
            InvalidInputError: As in `save_sample`.
        """
        if self.path is None:
            return
        if self._is_replacing:
            for described in self.path.glob("*/sample.json"):
                shutil.rmtree(described.parent)
            self._is_replacing = False
        self.begin()
        save_sample(sample, self.path, self.overwrite)

    def finish(self) -> None:
        """Records which samples the run keeps, and removes the preview."""
        if self.path is None:
            return
        if load_config(self.path / RUN_FILE) != self.config:
            write_text(self.path / RUN_FILE, to_toml(self.config))
        for name in (PREVIEW_FILE, f"{PREVIEW_FILE}.partial"):  # a kill may leave the second
            (self.path / name).unlink(missing_ok=True)
