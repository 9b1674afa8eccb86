"""A layer of a scene: a picture or a sound, where it comes from, and its place on the canvas."""

import dataclasses
import re
import shlex
from pathlib import Path, PurePath
from typing import Annotated, Any, Literal

from pydantic import Field, Strict, field_validator, model_validator

from sonocanvas.errors import InvalidInputError, unknown
from sonocanvas.registry import build, load
from sonocanvas.settings import Part, Share, SourceChoice, whole_or_none
from sonocanvas.values import expanded, read_value, shown

MODEL_KINDS = {"image": "picture", "audio": "sound"}
"""The kind of layer that each model draws."""
MODEL_OF = {kind: model for model, kind in MODEL_KINDS.items()}
KINDS = tuple(MODEL_OF)
FITS = ("contain", "cover", "tile", "stretch")
FILES = {"picture": "picture_file", "sound": "sound_file"}
"""The source for each kind of layer that names a file."""

PICTURE_SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"),
    *(".jp2", ".tga", ".ico"),
)
SOUND_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")

Range = Annotated[tuple[float, ...], Strict(False)]

STRENGTH = 0.4
"""Best by the selector: lower strengths lose the user's file, higher ones the other modality."""
NUMBER = r"(\d+(?:\.\d+)?)"
WORDS = {
    "span_s": re.compile(rf"{NUMBER}-{NUMBER}s"),
    "band_hz": re.compile(rf"{NUMBER}-{NUMBER}Hz", re.IGNORECASE),
    "level_db": re.compile(r"([+-]?\d+(?:\.\d+)?)dB", re.IGNORECASE),
    "feather_s": re.compile(rf"~{NUMBER}s"),
    "strength": re.compile(rf"{NUMBER}%"),
}
"""Syntax of each number in a layer's line."""


class Layer(Part):
    """A picture or a sound on the canvas.

    Raises:
        InvalidInputError: A value is not allowed, or the layer has no content.
    """

    kind: Literal["picture", "sound"]
    prompt: str = Field(default="", description="what a model draws; if there is a source, over it")
    negative_prompt: str = ""
    source: SourceChoice = SourceChoice()
    span_s: Range = Field(default=(), description="start and end; empty for the whole canvas")
    band_hz: Range = Field(default=(), description="lowest and highest; empty for all")
    level_db: float = Field(default=0.0, ge=-90, le=0)
    feather_s: float = Field(default=0.0, ge=0, le=60, description="how far its edges fade")
    fit: Literal["contain", "cover", "tile", "stretch"] = "contain"
    strength: Share = Field(
        default=STRENGTH, description="how much of the source's content to keep; 1 for all"
    )

    @model_validator(mode="before")
    @classmethod
    def _file_alone(cls, values: dict[str, Any]) -> dict[str, Any]:
        kind, file = values.get("kind"), values.get("file")
        if file is None:
            return values
        if not isinstance(kind, str) or kind not in FILES:
            raise unknown("kind of layer", shown(kind).strip("'"), KINDS)
        rest = {key: value for key, value in values.items() if key != "file"}
        return {**rest, "source": {"name": FILES[kind], "path": file}}

    @field_validator("source", mode="before")
    @classmethod
    def _name_alone(cls, given: Any) -> Any:
        return {"name": given} if isinstance(given, str) else given

    @field_validator("source")
    @classmethod
    def _whole_source(cls, choice: SourceChoice) -> SourceChoice:
        return SourceChoice(**whole_or_none("source", "source", choice).model_dump())

    @field_validator("span_s", "band_hz")
    @classmethod
    def _forwards(cls, ends: tuple[float, ...]) -> tuple[float, ...]:
        if ends and not (len(ends) == 2 and 0 <= ends[0] < ends[1]):
            raise InvalidInputError(
                f"A span or a band must be a start and a higher end, not {list(ends)}."
            )
        return ends

    @model_validator(mode="after")
    def _some_content(self) -> "Layer":
        if not self.prompt.strip() and not self.source.name:
            raise InvalidInputError(f"A {self.kind} layer has neither a prompt nor a source.")
        if self.source.name:
            own = load("source", self.source.name).kind
            if own != self.kind:
                raise InvalidInputError(
                    f"The source '{self.source.name}' holds a {own}, but the layer is a "
                    f"{self.kind}."
                )
        return self

    def settled(self) -> "Layer":
        """Returns the layer with the identity of its source's content, such as a digest.

        Raises:
            InvalidInputError: The content is missing, or differs from the recorded identity.
        """
        if not self.source.name:
            return self
        source = build("source", self.source.name, self.source.options).settled()
        given = SourceChoice(name=self.source.name, **dataclasses.asdict(source))
        return self.model_copy(update={"source": given})

    def beside(self, folder: Path) -> "Layer":
        """Returns the layer with the path of its file relative to a folder."""
        path = self.source.options.get("path")
        if path is None:
            return self
        options = {**self.source.options, "path": str(folder / expanded(path))}
        source = SourceChoice(name=self.source.name, **options)
        return self.model_copy(update={"source": source})

    @property
    def words(self) -> str:
        """The content of the layer in words: its prompt or the name of its source."""
        if self.prompt.strip():
            return self.prompt
        given = self.source.options
        named = given.get("words") or PurePath(str(given.get("path", self.source.name))).stem
        return re.sub(r"[\W_]+", " ", str(named)).strip() or self.kind


def parse_layer(text: str) -> dict[str, Any]:
    """Returns the fields of `Layer` in a line such as `sound "a bell ringing" 0-3s -10dB`.

    The first word is its kind. A word with the ending of a picture or a sound is a file, any other
    word a prompt; `key=value` is a field of `Layer` or an option of its source.

    Raises:
        InvalidInputError: A word is not valid or is given twice.

    Example:
        >>> parse_layer('picture "a castle" 0-10s 500-8000Hz -20dB cover')["band_hz"]
        (500.0, 8000.0)
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise InvalidInputError(f"Layer {text!r}: {error}.") from None
    if not words or words[0] not in KINDS:
        raise unknown("kind of layer", words[0] if words else "", KINDS)
    values: dict[str, Any] = {}
    options: dict[str, Any] = {}
    for word in words[1:]:
        key, value = _read(word)
        known = key in Layer.model_fields or key in ("file", "source")
        table, name = (values, key) if known else (options, key.removeprefix("source."))
        if name in table:
            raise InvalidInputError(f"Layer {text!r} gives {name} twice, the second by {word!r}.")
        table[name] = value
    if "file" in values and options:
        values["source"] = FILES[words[0]]
        options["path"] = values.pop("file")
    if options:
        options["name"] = values.pop("source", "")
        values["source"] = options
    return {"kind": words[0], **values}


def _read(word: str) -> tuple[str, Any]:
    """Returns the field of a layer, or option of its source, that a word sets, and its value."""
    for field, pattern in WORDS.items():
        found = pattern.fullmatch(word)
        if found:
            numbers = tuple(map(float, found.groups()))
            if field == "strength":
                return field, numbers[0] / 100
            return field, numbers if len(numbers) > 1 else numbers[0]
    if word in FITS:
        return "fit", word
    if PurePath(word).suffix.lower() in (*PICTURE_SUFFIXES, *SOUND_SUFFIXES):
        return "file", word
    key, equals, text = word.partition("=")
    if equals and re.fullmatch(r"[a-z_.]+", key):
        return key, read_value(text)
    return "prompt", word
