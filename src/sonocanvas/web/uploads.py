"""Files that visitors of the studio uploaded, and the layers that name them.

They are in one folder under names that the studio chooses. A layer can only name a file in that
folder: paths given by visitors are never opened.
"""

import shlex
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from sonocanvas.config import read_layer
from sonocanvas.errors import InvalidInputError
from sonocanvas.files.pictures import read_picture
from sonocanvas.files.sounds import read_sound
from sonocanvas.files.writing import digest_of
from sonocanvas.scene.layers import PICTURE_SUFFIXES, SOUND_SUFFIXES, STRENGTH, Layer
from sonocanvas.types import MINI_FORMAT

MOST_BYTES = 64 * 2**20
"""Size limit of an uploaded file."""


@dataclass(frozen=True)
class Uploads:
    """The folder of uploads, created with the first file.

    Attributes:
        folder: Its path.
    """

    folder: Path

    def keep(self, path: Path, kind: str) -> Path:
        """Checks an uploaded file and returns the copy that is kept with the runs.

        Args:
            path: Where the page put it.
            kind: `"picture"` or `"sound"`.

        Raises:
            InvalidInputError: It is too large, or not a readable picture or sound.
        """
        suffixes = PICTURE_SUFFIXES if kind == "picture" else SOUND_SUFFIXES
        if path.suffix.lower() not in suffixes:
            raise InvalidInputError(
                f"'{path.name}' is not a {kind}; allowed: {', '.join(suffixes)}."
            )
        if path.is_file() and path.stat().st_size > MOST_BYTES:
            raise InvalidInputError(
                f"'{path.name}' is too large; at most {MOST_BYTES // 2**20} MB are allowed."
            )
        if kind == "picture":
            read_picture(path)
        else:
            read_sound(path, MINI_FORMAT.sample_rate_hz)
        kept = self.folder / f"{digest_of(path)[:16]}{path.suffix.lower()}"
        if not kept.exists():
            kept.parent.mkdir(exist_ok=True)
            beside = kept.with_name(f"{uuid.uuid4().hex}.partial")
            shutil.copyfile(path, beside)
            beside.rename(kept)
        return kept

    def keep_drawing(self, picture: Image.Image) -> str:
        """Saves a drawn canvas and returns its name among the uploads."""
        self.folder.mkdir(exist_ok=True)
        path = self.folder / f"drawn-{uuid.uuid4().hex[:12]}.png"
        picture.convert("L").save(path)
        return path.name

    def layers_of(self, lines: str) -> list[Layer]:
        """Returns the layers of lines in the syntax of `--layer`, with files from the uploads.

        Raises:
            InvalidInputError: A line is not valid, or names a file that was not uploaded.
        """
        found = []
        for line in lines.splitlines():
            if not line.strip():
                continue
            layer = read_layer(line)
            name = layer.source.options.get("path")
            if name is not None:
                kept = {path.name for path in self.folder.glob("*")}
                if name not in kept:
                    raise InvalidInputError(
                        f"There is no '{name[:80]}' among the uploads; a layer can only use an "
                        "uploaded file."
                    )
                layer = layer.beside(self.folder)
            found.append(layer)
        return found

    def layer_line(
        self,
        kind: str,
        prompt: str = "",
        file: str | None = None,
        span_s: Sequence[float | None] = (None, None),
        band_hz: Sequence[float | None] = (None, None),
        level_db: float = 0.0,
        strength: float = STRENGTH,
    ) -> str:
        """Returns a layer as a line, and keeps its file among the uploads.

        Args:
            kind: `"picture"` or `"sound"`.
            prompt: What a model draws.
            file: Where the page put a file.
            span_s: Start and end; with an end of `None` or 0, the whole canvas.
            band_hz: Lowest and highest frequency, likewise.
            level_db: Level in dB, from -90 to 0.
            strength: How much of a file to keep, from 0 to 1.

        Raises:
            InvalidInputError: A value is not allowed.
        """
        words = [kind]
        if file:
            words.append(self.keep(Path(file), kind).name)
            words.append(f"{100 * strength:g}%")
        if prompt and prompt.strip():
            words.append(shlex.quote(prompt.strip()))
        for (low, high), unit in ((span_s, "s"), (band_hz, "Hz")):
            if low and not high:
                raise InvalidInputError(f"Give both ends in {unit}, or neither.")
            if high:
                words.append(f"{low or 0:g}-{high:g}{unit}")
        if level_db:
            words.append(f"{level_db:g}dB")
        line = " ".join(words)
        layer = self.layers_of(line)[0]
        if layer.prompt != (prompt or "").strip():
            raise InvalidInputError(f"The prompt {prompt!r} cannot be used for a layer.")
        return line
