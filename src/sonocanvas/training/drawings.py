"""The training drawings of the picture model: icons and emoji under open licences.

`data/drawings.tsv` lists each drawing with its concept, source and licence. The sources are icon
sets on the npm registry; each set is downloaded once and its icons are rendered white on black.
"""

import csv
import io
import json
import subprocess
import tarfile
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sonocanvas.errors import SonoCanvasError

Pixels = NDArray[np.uint8]

SIDE = 256
MARGIN = 14
SHADES = 16  # gray levels of a drawing: the pack is half as large as with 256

PACKAGES = {
    "game-icons": "1.2.4",
    "fluent-emoji-high-contrast": "1.2.6",
    "fluent-emoji-flat": "1.2.6",
    "noto": "1.2.9",
    "noto-v1": "1.2.5",
    "twemoji": "1.2.5",
    "emojione": "1.2.3",
    "emojione-monotone": "1.2.1",
    "fxemoji": "1.2.2",
    "streamline-emojis": "1.2.4",
    "mdi": "1.2.3",
    "fa6-solid": "1.2.4",
    "ph": "1.2.2",
    "icon-park-solid": "1.2.4",
    "maki": "1.2.5",
    "healthicons": "1.2.13",
    "fluent-emoji": "1.2.7",
    "temaki": "1.2.6",
    "mingcute": "1.2.8",
    "material-symbols": "1.2.98",
    "tabler": "1.2.41",
}


@dataclass(frozen=True)
class Drawing:
    """One drawing: `pixels` is `(256, 256)`, white on black, the object as large as possible."""

    id: str
    concept: str
    caption: str
    source: str
    licence: str
    pixels: Pixels


def manifest() -> list[dict[str, str]]:
    """Returns the rows of `data/drawings.tsv`: id, concept, caption, source, licence."""
    text = resources.files("sonocanvas.training").joinpath("data/drawings.tsv").read_text()
    return list(csv.DictReader(text.splitlines(), delimiter="\t"))


def fetch(source: str, cache: Path) -> dict[str, Any]:
    """Returns an icon set in Iconify's JSON, downloading it into `cache` if needed.

    Raises:
        SonoCanvasError: npm is missing or the download fails.
    """
    cache.mkdir(parents=True, exist_ok=True)
    archive = cache / f"iconify-json-{source}-{PACKAGES[source]}.tgz"
    if not archive.exists():
        package = f"@iconify-json/{source}@{PACKAGES[source]}"
        try:
            subprocess.run(
                ["npm", "pack", "--silent", package], cwd=cache, check=True, capture_output=True
            )
        except (OSError, subprocess.CalledProcessError) as error:
            raise SonoCanvasError(f"Could not fetch {package} with npm: {error}.") from error
    with tarfile.open(archive) as tar:
        member = tar.extractfile("package/icons.json")
        if member is None:
            raise SonoCanvasError(f"{archive.name} holds no icons.json.")
        return dict(json.load(member))


def render(icon_set: dict[str, Any], key: str) -> Pixels:
    """Returns an icon as `(256, 256)` gray pixels on black, cropped to its content.

    A drawing that would be invisible on black (fewer than 6 % of its pixels above level 48) is
    inverted inside its outline.

    Raises:
        KeyError: The set has no such icon.
    """
    import resvg_py

    icon = icon_set["icons"][key]
    width = icon.get("width", icon_set.get("width", 16))
    height = icon.get("height", icon_set.get("height", 16))
    box = f"{icon.get('left', 0)} {icon.get('top', 0)} {width} {height}"
    body = icon["body"].replace("currentColor", "#fff")
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{box}" width="{SIDE}" height="{SIDE}">{body}</svg>'
    )
    png = bytes(resvg_py.svg_to_bytes(svg_string=svg))
    picture = Image.open(io.BytesIO(png)).convert("RGBA")
    picture = picture.crop(picture.getchannel("A").getbbox() or (0, 0, SIDE, SIDE))
    return _on_black(picture)


def collect(cache: Path) -> list[Drawing]:
    """Returns every drawing of the manifest, rendered, in the manifest's order."""
    sets: dict[str, dict[str, Any]] = {}
    drawings = []
    for row in manifest():
        source = row["source"]
        if source not in sets:
            sets[source] = fetch(source, cache)
        pixels = render(sets[source], row["id"].partition(":")[2])
        drawings.append(Drawing(**row, pixels=pixels))
    return drawings


def _on_black(picture: Image.Image) -> Pixels:
    """Returns a picture with transparency centred on a black square."""
    room = SIDE - 2 * MARGIN
    scale = room / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    picture = picture.resize(size, Image.Resampling.LANCZOS)
    alpha = np.asarray(picture.getchannel("A"), np.float32) / 255
    gray = np.asarray(picture.convert("L"), np.float32)
    drawn = gray * alpha
    if (drawn > 48).mean() < 0.06:
        drawn = (255 - gray) * alpha
    step = 255 / (SHADES - 1)
    square = np.zeros((SIDE, SIDE), np.uint8)
    top, left = (SIDE - size[1]) // 2, (SIDE - size[0]) // 2
    shades = np.round(np.clip(drawn, 0, 255) / step) * step
    square[top : top + size[1], left : left + size[0]] = shades.astype(np.uint8)
    return square
