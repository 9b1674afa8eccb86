"""Files that visitors of the studio gave, and the layers that name them.

They lie in one folder, by names of ours. A line of layers names a file of that folder and no other:
no path of a visitor is opened.
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
"""A file that is uploaded is at most as large."""


@dataclass(frozen=True)
class Uploads:
    """The folder of what was given; made with the first file.

    Attributes:
        folder: Where it is.
    """

    folder: Path

    def keep(self, path: Path, kind: str) -> Path:
        """Returns a file that was uploaded as it is kept with the runs, checked.

        Args:
            path: Where the page put it.
            kind: `"picture"` or `"sound"`.

        Raises:
            InvalidInputError: It is too large, or no picture or sound that can be read.
        """
        suffixes = PICTURE_SUFFIXES if kind == "picture" else SOUND_SUFFIXES
        if path.suffix.lower() not in suffixes:
            raise InvalidInputError(f"'{path.name}' is no {kind}; allowed: {', '.join(suffixes)}.")
        if path.is_file() and path.stat().st_size > MOST_BYTES:
            raise InvalidInputError(
                f"'{path.name}' is larger than {MOST_BYTES // 2**20} MB; a smaller one is allowed."
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
        """Returns what a drawn canvas is called among the uploads."""
        self.folder.mkdir(exist_ok=True)
        path = self.folder / f"drawn-{uuid.uuid4().hex[:12]}.png"
        picture.convert("L").save(path)
        return path.name

    def layers_of(self, lines: str) -> list[Layer]:
        """Returns the layers of lines as of `--layer`; their files are among the uploads.

        Raises:
            InvalidInputError: A line means nothing, or names a file that was not uploaded.
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
                        f"There is no '{name[:80]}' among the uploads; a layer takes a file that "
                        "was put there."
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
        """Returns a layer as a line, its file kept among the uploads.

        Args:
            kind: `"picture"` or `"sound"`.
            prompt: What a model draws.
            file: Where the page put a file.
            span_s: Start and end; without an end, or with 0, it is the whole canvas.
            band_hz: Lowest and highest, likewise.
            level_db: How loud it is, from -90 to 0.
            strength: How much of a file stays, from 0 to 1.

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
            raise InvalidInputError(f"The prompt {prompt!r} cannot be that of a layer.")
        return line
