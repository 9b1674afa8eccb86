"""The pack: all drawings and clips used for training, in one file with a manifest.

`python -m sonocanvas.training.pack --cache CACHE --out packs/mini.zip` downloads the sources that
are not cached, renders them and writes the pack. It holds PNG and Ogg files and `manifest.json`
(source, licence and SHA-256 of each). The same sources give the same manifest.
"""

import argparse
import hashlib
import io
import json
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from PIL import Image

from sonocanvas.training import drawings, recordings

COMPRESSION = 0.9  # for Vorbis, above the default of 0.6: the pack must stay below 40 MiB
EPOCH = (2024, 1, 1, 0, 0, 0)  # date of all entries, so that equal content gives an equal file


@dataclass(frozen=True)
class Pack:
    """The training data."""

    drawings: list[drawings.Drawing]
    clips: list[recordings.Clip]


def write_pack(pack: Pack, path: Path) -> None:
    """Writes a pack under a temporary name and renames it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    manifest: list[dict[str, Any]] = []
    with zipfile.ZipFile(partial, "w") as archive:
        for drawing in pack.drawings:
            content = io.BytesIO()
            Image.fromarray(drawing.pixels).save(content, "PNG", optimize=True)
            _add(archive, manifest, "drawings", f"{len(manifest):05d}.png", drawing, content)
        for clip in pack.clips:
            content = io.BytesIO()
            rate = recordings.SAMPLE_RATE_HZ
            soundfile.write(
                content,
                clip.samples,
                rate,
                format="OGG",
                subtype="VORBIS",
                compression_level=COMPRESSION,
            )
            _add(archive, manifest, "clips", f"{len(manifest):05d}.ogg", clip, content)
        _store(archive, "manifest.json", json.dumps(manifest, indent=0).encode())
    partial.replace(path)


def read_pack(path: Path) -> Pack:
    """Returns a pack that `write_pack` wrote."""
    pack = Pack([], [])
    with zipfile.ZipFile(path) as archive:
        for entry in json.loads(archive.read("manifest.json")):
            content = io.BytesIO(archive.read(entry["file"]))
            fields = {key: entry[key] for key in ("id", "concept", "caption", "source", "licence")}
            if entry["kind"] == "drawings":
                pixels = np.asarray(Image.open(content))
                pack.drawings.append(drawings.Drawing(**fields, pixels=pixels))
            else:
                samples, _ = soundfile.read(content, dtype="float32")
                pack.clips.append(recordings.Clip(**fields, samples=samples))
    return pack


def _add(
    archive: zipfile.ZipFile,
    manifest: list[dict[str, Any]],
    kind: str,
    name: str,
    item: drawings.Drawing | recordings.Clip,
    content: io.BytesIO,
) -> None:
    """Stores one item and its entry in the manifest."""
    fields = {key: value for key, value in asdict(item).items() if isinstance(value, str)}
    digest = hashlib.sha256(content.getvalue()).hexdigest()
    manifest.append({"kind": kind, "file": f"{kind}/{name}", **fields, "sha256": digest})
    _store(archive, f"{kind}/{name}", content.getvalue())


def _store(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    # even Ogg shrinks, since every file repeats the codebooks in its header
    archive.writestr(zipfile.ZipInfo(name, EPOCH), content, zipfile.ZIP_DEFLATED)


def main() -> None:
    """Collects everything and writes the pack."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path("packs/cache"))
    parser.add_argument("--out", type=Path, default=Path("packs/mini.zip"))
    arguments = parser.parse_args()
    pack = Pack(
        drawings.collect(arguments.cache / "npm"), recordings.collect(arguments.cache / "sounds")
    )
    write_pack(pack, arguments.out)
    size = arguments.out.stat().st_size / 2**20
    print(f"{len(pack.drawings)} drawings, {len(pack.clips)} clips, {size:.1f} MiB")


if __name__ == "__main__":
    main()
