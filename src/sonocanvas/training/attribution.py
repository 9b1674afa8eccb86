"""Writes the attribution that is shipped with the weights: who made their training data."""

from collections import Counter
from pathlib import Path

from sonocanvas.training.drawings import manifest
from sonocanvas.training.listed import listed
from sonocanvas.training.pack import Pack
from sonocanvas.words.concepts import pictures, sounds

AUTHORS = {
    "game-icons": "Game-icons.net authors (Lorc, Delapouite and contributors)",
    "fluent-emoji": "Microsoft Corporation, Fluent Emoji",
    "fluent-emoji-flat": "Microsoft Corporation, Fluent Emoji",
    "fluent-emoji-high-contrast": "Microsoft Corporation, Fluent Emoji",
    "noto": "Google Inc, Noto Emoji",
    "noto-v1": "Google Inc, Noto Emoji version 1",
    "twemoji": "Twitter, Inc and contributors, Twemoji",
    "emojione": "Emoji One (EmojiTwo)",
    "emojione-monotone": "Emoji One (EmojiTwo)",
    "fxemoji": "Mozilla, Firefox OS Emoji",
    "streamline-emojis": "Streamline (Webalys)",
    "mdi": "Pictogrammers, Material Design Icons",
    "fa6-solid": "Font Awesome 6 Free, Dave Gandy and Fonticons",
    "ph": "Phosphor Icons",
    "icon-park-solid": "ByteDance, IconPark",
    "maki": "Mapbox, Maki",
    "healthicons": "Resolve to Save Lives, Health Icons",
    "temaki": "Bryan Housel, Temaki",
    "mingcute": "MingCute Design, MingCute",
    "material-symbols": "Google, Material Symbols",
    "tabler": "Paweł Kuna, Tabler Icons",
}
LIBRARIES = {
    "FluidR3": ("FluidR3 GM and GS soundfonts, rendered phrases", "Frank Wen", "MIT"),
    "MuseScore": (
        "MuseScore Drumline, rendered beats",
        "S. Christian Collins and Amir Oosman",
        "CC0-1.0",
    ),
    "Sonic Pi": ("Sonic Pi samples", "Sam Aaron and contributors", "CC0-1.0"),
    "BigSoundBank": ("BigSoundBank", "Joseph Sardin", "CC0-1.0"),
    "OpenSFX": ("OpenSFX", "below, sound by sound", "CC-BY-3.0 or CC0-1.0"),
    "OpenClonk": ("OpenClonk, sounds", "below, sound by sound", "CC-BY-3.0 or CC0-1.0"),
    "Minetest Game": ("Minetest Game, sounds", "below, sound by sound", "CC-BY-3.0 or CC0-1.0"),
    "Hydrogen": ("Hydrogen drum kits, guitar strums", "Gabriel Verdugo Soto", "CC-BY-3.0"),
    "pykanto": ("pykanto, songs of great tits", "Nilo Merino Recalde", "MIT"),
}
TEXT = """# Attribution

The weights in this folder are licensed under CC-BY-4.0. They were trained on drawings and
sounds by the people below, which were rendered on black, cropped, mirrored, scaled, mixed and
turned into spectrograms.

## Drawings

| set | authors | licence | drawings |
|---|---|---|---|
{drawings}

## Sounds

| source | authors | licence | clips |
|---|---|---|---|
{sounds}
| synthesizers | the SonoCanvas authors (`training/synth_*.py`) | Apache-2.0 | made on the fly |

A tenth of the drawings and the soundfont keys marked `held-` were kept out of training.

### OpenSFX, in the words of its own titles

{titles}

### Other recordings, sound by sound

{recordings}
"""


def attribution(pack: Pack) -> str:
    """Returns the attribution as Markdown.

    Args:
        pack: The training pack; clips of sounds that the pair does not know are left out.

    Raises:
        KeyError: The authors of a drawing's icon set or of a clip's library are unknown.
    """
    drawn, heard = ({one.name for one in known} for known in (pictures(), sounds()))
    sets = Counter((row["source"], row["licence"]) for row in manifest() if row["concept"] in drawn)
    drawings = [f"| {name} | {AUTHORS[name]} | {of} | {n} |" for (name, of), n in sets.items()]
    clips = [clip for clip in pack.clips if clip.concept in heard]
    libraries = Counter(_library(clip.source) for clip in clips)
    told = [f"| {' | '.join(LIBRARIES[name])} | {n} |" for name, n in libraries.items()]
    names = tuple({f"{row['library']}: " for row in listed()})
    listed_ones = [f"{c.source}, {c.licence}" for c in clips if c.source.startswith(names)]
    titles = [clip.source.removeprefix("OpenSFX: ") for clip in clips if "OpenSFX" in clip.source]
    return TEXT.format(
        drawings="\n".join(drawings),
        sounds="\n".join(told),
        titles="\n".join(f"- {title}" for title in dict.fromkeys(titles)),
        recordings="\n".join(f"- {one}" for one in dict.fromkeys(listed_ones)),
    )


def _library(source: str) -> str:
    """Returns the name of the library at the start of a clip's source."""
    name = next((name for name in LIBRARIES if source.startswith(name)), None)
    if name is None:
        raise KeyError(source)
    return name


def write_attribution(pack: Pack, folder: Path) -> None:
    """Writes `ATTRIBUTION.md` into a folder of weights."""
    (folder / "ATTRIBUTION.md").write_text(attribution(pack), encoding="utf-8")
