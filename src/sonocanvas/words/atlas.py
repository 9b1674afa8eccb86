"""The atlas of pictures and sounds that `mini` composes well, and of better alternatives."""

import csv
import functools
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources

from sonocanvas.config import RunConfig
from sonocanvas.words.concepts import shared

TABLE = "data/atlas.tsv"
COLUMNS = ("picture", "sound", "seed", "picture_place", "sound_place")
HOPELESS = 10
"""A picture or sound whose prompt ranks below this among the 48 counts as lost."""
BETTER = 3
"""Number of alternatives in a warning."""


@dataclass(frozen=True)
class Entry:
    """One picture with one sound, composed once.

    Attributes:
        picture, sound: Names of the concepts.
        picture_place, sound_place: Rank of the right prompt among all 48, by the selector; 1 is
            first.
    """

    picture: str
    sound: str
    picture_place: int
    sound_place: int

    @property
    def worse(self) -> int:
        """The worse of the two ranks."""
        return max(self.picture_place, self.sound_place)


@functools.cache
def entries() -> tuple[Entry, ...]:
    """Returns all pairs, picture by picture."""
    text = resources.files("sonocanvas").joinpath(TABLE).read_text("utf-8")
    return tuple(
        Entry(row["picture"], row["sound"], int(row["picture_place"]), int(row["sound_place"]))
        for row in csv.DictReader(text.splitlines(), delimiter="\t")
    )


def entry_of(image_prompt: str, audio_prompt: str) -> Entry | None:
    """Returns the entry of two prompts, or `None` if the atlas has none for them."""
    pictures = {row["image_prompt"]: row["id"] for row in shared()}
    sounds = {row["audio_prompt"]: row["id"] for row in shared()}
    asked = (pictures.get(image_prompt.strip().lower()), sounds.get(audio_prompt.strip().lower()))
    return next((one for one in entries() if (one.picture, one.sound) == asked), None)


def warning_of(config: RunConfig) -> str:
    """Returns the warning for a run; empty if the atlas does not cover such runs."""
    like = RunConfig(image_prompt="a", audio_prompt="b")
    asked = ("pair", "image_model", "audio_model", "method", "search", "layers", "duration_s")
    if any(getattr(config, name) != getattr(like, name) for name in asked):
        return ""
    return warning_for(config.image_prompt, config.audio_prompt)


def best_sounds(picture: str) -> list[Entry]:
    """Returns the entries of a picture with the sounds that go best with it, best first."""
    return _best(lambda one: one.picture == picture)


def warning_for(image_prompt: str, audio_prompt: str) -> str:
    """Returns the warning for two prompts that go together poorly, with better alternatives.

    It is empty if they go together well, or if they are not in the atlas.
    """
    entry = entry_of(image_prompt, audio_prompt)
    if entry is None or entry.worse <= HOPELESS:
        return ""
    drawn = {row["id"]: row["image_prompt"] for row in shared()}
    played = {row["id"]: row["audio_prompt"] for row in shared()}
    sounds = best_sounds(entry.picture)
    pictures = _best(lambda one: one.sound == entry.sound)
    lost = "picture" if entry.picture_place > entry.sound_place else "sound"
    return (
        f"'{image_prompt}' and '{audio_prompt}' hardly go together: the {lost} was lost when they "
        f"were tried. Better with this picture: {_listed([played[one.sound] for one in sounds])}; "
        f"with this sound: {_listed([drawn[one.picture] for one in pictures])}."
    )


def _best(fits: Callable[[Entry], bool]) -> list[Entry]:
    def order(one: Entry) -> tuple[int, int, bool]:
        return one.worse, one.sound_place, one.picture != one.sound  # its own sound comes first

    return sorted(filter(fits, entries()), key=order)[:BETTER]


def _listed(prompts: list[str]) -> str:
    return ", ".join(f"'{prompt}'" for prompt in prompts)
