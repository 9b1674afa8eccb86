"""Tables of settings: how the models are sampled, and choices from menus with their options."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict, field_validator

from sonocanvas.errors import InvalidInputError
from sonocanvas.registry import MENUS, MISSING, build, options

DURATIONS_S = (2, 600)
"""Shortest and longest canvas, in seconds."""

Share = Annotated[float, Field(ge=0, le=1)]


class Part(BaseModel):
    """A frozen table of settings; a key that it does not have is an error."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, validate_default=True
    )


class Sampling(Part):
    """How the two models are sampled."""

    scheduler: str = "ddim"
    steps: int = Field(default=16, ge=1, le=1000)
    image_guidance_scale: float = Field(default=8.0, ge=0)
    audio_guidance_scale: float = Field(default=5.0, ge=0)
    guidance_interval: Annotated[tuple[Share, Share], Strict(False)] = Field(
        default=(0.0, 1.0), description="shares of the steps between which guidance applies"
    )
    eta: float = Field(default=0.0, ge=0, le=1)
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        default="auto",
        description="type of the weights; the latents are always float32. auto: float16 on cuda, "
        "otherwise float32",
    )

    @field_validator("guidance_interval")
    @classmethod
    def _forwards(cls, interval: tuple[float, float]) -> tuple[float, float]:
        if interval[0] > interval[1]:
            raise InvalidInputError(
                f"sampling.guidance_interval must not decrease, but is {list(interval)}."
            )
        return interval


class Options(BaseModel):
    """Free options, checked by building the entry that they belong to."""

    model_config = ConfigDict(frozen=True, extra="allow")

    @property
    def options(self) -> dict[str, Any]:
        """The options by name."""
        return dict(self.model_extra or {})


class Choice(Options):
    """An entry of a menu and its options."""

    name: str


class MethodChoice(Choice):
    """How the samples are made."""

    name: str = "compose"


class SearchChoice(Choice):
    """A search and its options; without a name each seed is tried once."""

    name: str = ""


class RuleChoice(Choice):
    """A composition rule and its options."""

    name: str = "mean"


class VocoderChoice(Choice):
    """A vocoder and its options."""

    name: str = "griffin_lim"


class ColourChoice(Choice):
    """A colouriser and its options; without a name the canvas stays gray."""

    name: str = ""


class SourceChoice(Choice):
    """The source of a layer and its options; without a name a model draws the layer."""

    name: str = ""


def whole_options(menu: str, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the checked options of an entry, with defaults for missing ones.

    Raises:
        InvalidInputError: The name, an option or a value is not allowed.
    """
    fields = options(menu, name)
    build(menu, name, given, **{key: None for key in fields if fields[key] is MISSING})
    return {**{key: value for key, value in fields.items() if value is not MISSING}, **given}


def whole_or_none(menu: str, key: str, choice: Choice) -> Choice:
    """Returns an optional choice with all its options, checked.

    Args:
        menu: One of `registry.MENUS`.
        key: Name of the choice in a run.
        choice: The choice; without a name it must have no options.

    Raises:
        InvalidInputError: The name, an option or a value is not allowed.
    """
    if choice.name:
        return type(choice)(name=choice.name, **whole_options(menu, choice.name, choice.options))
    if choice.options:
        raise InvalidInputError(
            f"{key}.{next(iter(choice.options))} is given without {key}.name; known: "
            f"{', '.join(MENUS[menu])}."
        )
    return choice


def check_duration(duration_s: Any) -> float:
    """Returns a duration in seconds.

    Raises:
        InvalidInputError: It is neither 0 nor between 2 and 600.
    """
    known = isinstance(duration_s, int | float)
    if not known or not (duration_s == 0 or DURATIONS_S[0] <= duration_s <= DURATIONS_S[1]):
        raise InvalidInputError(
            "duration_s must be from {} to {}, or 0 for the pair's own, not {!r}.".format(
                *DURATIONS_S, duration_s
            )
        )
    return float(duration_s)
