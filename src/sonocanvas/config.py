"""The configuration of a run, shared by command line, studio and cluster, with its defaults.

The options of a rule, a vocoder or the warm start are the fields of its dataclass. Building it
checks them, and defaults are filled in, so that a saved run records every value that it used.
"""

import difflib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    Field,
    Strict,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from sonocanvas.choose.ranking import KEEP_RULES, selecting_scores
from sonocanvas.errors import InvalidInputError, unknown
from sonocanvas.registry import MENUS, load, split_pair
from sonocanvas.scene.layers import MODEL_KINDS, Layer, parse_layer
from sonocanvas.settings import (
    Choice,
    ColourChoice,
    MethodChoice,
    Options,
    Part,
    RuleChoice,
    Sampling,
    SearchChoice,
    VocoderChoice,
    check_duration,
    whole_options,
    whole_or_none,
)
from sonocanvas.values import MAX_SEED, expanded, parse_duration, parse_seeds, shown

MINI = Path(__file__).parent / "weights" / "mini"

Seed = Annotated[int, Strict(), Field(ge=0, le=MAX_SEED)]

PAIR_VOCODERS = {"sd15-auffusion": "hifigan"}
"""Default vocoders of pairs from the Hub, where not Griffin-Lim."""


MODELS = (
    *("image_model", "audio_model", "image_lora", "audio_lora"),
    *("image_lora_scale", "audio_lora_scale"),
)
"""Fields of `RunConfig` with the user's own models, passed to `pairs.named.load_named`."""


class RunConfig(Part):
    """All settings that determine the samples of a run.

    Raises:
        InvalidInputError: A key is unknown or a value is not allowed; the message names the key,
            the value and the allowed values in one sentence.
    """

    image_prompt: str
    audio_prompt: str
    negative_image_prompt: str = ""
    negative_audio_prompt: str = ""
    anyway: bool = Field(
        default=False, description="accept prompts of which the models know no word"
    )
    layers: Annotated[tuple[Layer, ...], Strict(False)] = Field(
        default=(), max_length=64, description="a kind without layers is its prompt everywhere"
    )
    duration_s: float = Field(default=0.0, description="2 to 600; 0 for the pair's own")
    seeds: Annotated[tuple[Seed, ...], Strict(False)] = (0, 1, 2, 3)
    pair: str = "mini"
    image_model: str = Field(default="", description="instead of the pair's; a folder or Hub name")
    audio_model: str = Field(default="", description="instead of the pair's; a folder or Hub name")
    image_lora: str = Field(default="", description="a file, a folder or Hub name")
    audio_lora: str = Field(default="", description="a file, a folder or Hub name")
    image_lora_scale: float = 1.0
    audio_lora_scale: float = 1.0
    batch_size: int = Field(default=4, ge=1, le=64, description="seeds that share a batch")
    scores: Annotated[tuple[str, ...], Strict(False)] = ("judge", "round_trip")
    keep: int = Field(
        default=0, ge=0, description="how many of the best seeds to keep; 0: no ranking"
    )
    keep_rule: str = "intersection"
    keep_by: Annotated[tuple[str, ...], Strict(False)] = ("selector",)
    sampling: Sampling = Sampling()
    method: MethodChoice = MethodChoice()
    search: SearchChoice = SearchChoice()
    rule: RuleChoice = RuleChoice()
    warm_start: Options = Options()
    vocoder: VocoderChoice = VocoderChoice()
    colour: ColourChoice = ColourChoice()

    def __init__(self, /, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise InvalidInputError(_sentence(error)) from None

    @model_validator(mode="before")
    @classmethod
    def _vocoder_of_the_pair(cls, values: dict[str, Any]) -> dict[str, Any]:
        vocoder = values.get("vocoder", {})
        if isinstance(vocoder, Mapping) and "name" not in vocoder:
            name = vocoder_of(values.get("pair", "mini"))
            return {**values, "vocoder": {**vocoder, "name": name}}
        return values

    @model_validator(mode="before")
    @classmethod
    def _scorers_of_the_pair(cls, values: dict[str, Any]) -> dict[str, Any]:
        own = values.get("pair", "mini") == "mini"
        return values if own else {"keep_by": ("clip", "clap"), "scores": ("round_trip",), **values}

    @model_validator(mode="before")
    @classmethod
    def _method_of_the_search(cls, values: dict[str, Any]) -> dict[str, Any]:
        search = values.get("search", {})
        name = search.get("name") if isinstance(search, Mapping) else search
        if isinstance(name, str) and name in MENUS["search"] and "method" not in values:
            return {**values, "method": {"name": load("search", name).method}}
        return values

    @model_validator(mode="before")
    @classmethod
    def _layers_as_given(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Reads the layers, so that their words can replace prompts that are not given."""
        layers = values.get("layers")
        if not isinstance(layers, list | tuple) or not layers:
            return values
        read = tuple(map(read_layer, layers))
        words = {
            f"{model}_prompt": "; ".join(one.words for one in read if one.kind == kind)
            for model, kind in MODEL_KINDS.items()
        }
        drawn = any(one.prompt.strip() for one in read) or any(
            key in values and not said for key, said in words.items()
        )
        if not drawn and all(words.values()) and "method" not in values and "search" not in values:
            values = {**values, "method": {"name": "layer"}}  # no model is needed
        return {**words, **values, "layers": read}

    @model_validator(mode="after")
    def _some_words(self) -> "RunConfig":
        for model in MODEL_KINDS:
            prompt = getattr(self, f"{model}_prompt")
            if not prompt.strip() and (prompt or not self.layers):
                raise InvalidInputError(f"A prompt must not be empty, but one is {prompt!r}.")
        return self

    @field_validator("duration_s", mode="before")
    @classmethod
    def _duration_from_text(cls, duration: Any) -> Any:
        return parse_duration(duration) if isinstance(duration, str) else duration

    @field_validator("duration_s")
    @classmethod
    def _some_seconds(cls, duration_s: float) -> float:
        return check_duration(duration_s)

    @field_validator("seeds", mode="before")
    @classmethod
    def _seeds_from_text(cls, seeds: Any) -> Any:
        return parse_seeds(seeds) if isinstance(seeds, str) else seeds

    @field_validator("seeds")
    @classmethod
    def _distinct(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if not 0 < len(set(seeds)) == len(seeds):
            raise InvalidInputError(f"The seeds must be one or more, each once, not {seeds}.")
        return seeds

    @field_validator("pair")
    @classmethod
    def _a_pair(cls, name: str) -> str:
        split_pair(name)
        return name

    @field_validator("scores")
    @classmethod
    def _on_the_menu(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for name in given:
            if name not in MENUS["scorer"]:
                load("scorer", name)  # raises unless it is the user's own
        return given

    @field_validator("keep_rule")
    @classmethod
    def _a_rule_of_keeping(cls, name: str) -> str:
        if name not in KEEP_RULES:
            raise unknown("keep_rule", name, KEEP_RULES)
        return name

    @field_validator("keep_by")
    @classmethod
    def _may_select(cls, scorers: tuple[str, ...]) -> tuple[str, ...]:
        selecting_scores(scorers)
        return scorers

    @model_validator(mode="after")
    def _as_many_as_seeds(self) -> "RunConfig":
        if self.keep > len(self.seeds):
            raise InvalidInputError(
                f"keep is {self.keep}, but there are only {len(self.seeds)} seeds to choose from."
            )
        return self

    @model_validator(mode="after")
    def _search_of_the_method(self) -> "RunConfig":
        if self.search.name:
            own = load("search", self.search.name).method
            if self.method.name != own:
                raise InvalidInputError(
                    f"The search '{self.search.name}' works with the method '{own}', not with "
                    f"'{self.method.name}'."
                )
        return self

    @model_validator(mode="after")
    def _layers_of_the_method(self) -> "RunConfig":
        menu = "search" if self.search.name else "method"
        name = getattr(self, menu).name
        if self.layers and "layers" not in load(menu, name).reads:
            raise InvalidInputError(
                f"The {menu} '{name}' takes no layers; 'compose', 'layer' and 'imprint' do."
            )
        return self

    @property
    def scene(self) -> tuple[Layer, ...]:
        """All layers: those of the run, and for a kind without layers its prompt everywhere."""
        full = []
        for model, kind in MODEL_KINDS.items():
            prompt = getattr(self, f"{model}_prompt")
            if prompt and all(layer.kind != kind for layer in self.layers):
                full.append(Layer(**{"kind": kind, "prompt": prompt}))
        return (*full, *self.layers)

    @field_validator("method", "search", "rule", "vocoder", "colour", mode="before")
    @classmethod
    def _name_alone(cls, given: Any) -> Any:
        return {"name": given} if isinstance(given, str) else given

    @field_validator("method", "rule", "vocoder")
    @classmethod
    def _whole_choice(cls, choice: Choice, info: ValidationInfo) -> Choice:
        given = whole_options(str(info.field_name), choice.name, choice.options)
        return type(choice)(name=choice.name, **given)

    @field_validator("search", "colour")
    @classmethod
    def _whole_or_none(cls, choice: Choice, info: ValidationInfo) -> Choice:
        key = str(info.field_name)
        menu = "colouriser" if key == "colour" else key
        return whole_or_none(menu, key, choice)

    @field_validator("warm_start")
    @classmethod
    def _whole_warm_start(cls, start: Options) -> Options:
        return Options(**whole_options("wrapper", "warm_start", start.options))


def read_layer(given: Any) -> Layer:
    """Returns the layer described by a table, or by a line in the syntax of `parse_layer`.

    Raises:
        InvalidInputError: The layer is not valid.
    """
    if isinstance(given, Layer):
        return given
    if isinstance(given, str):
        given = parse_layer(given)
    if not isinstance(given, Mapping):
        raise InvalidInputError(f"A layer must be a table or a line, not {shown(given)}.")
    try:
        return Layer(**given)
    except ValidationError as error:
        raise InvalidInputError(_sentence(error)) from None


def vocoder_of(pair: Any) -> str:
    """Returns the default vocoder of a pair.

    Raises:
        InvalidInputError: The pair is a folder and the description of its vocoder is not JSON.
    """
    kind, _, folder = str(pair).partition(":")
    home = MINI if kind == "mini" else expanded(folder)
    if kind not in ("mini", "local") or not (home / "vocoder").is_dir():
        return PAIR_VOCODERS.get(kind, VocoderChoice().name)
    description = home / "vocoder" / "config.json"
    try:
        described = json.loads(description.read_text(encoding="utf-8"))
    except FileNotFoundError:
        described = {}  # loading the pair reports what is missing
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidInputError(f"'{description}' is not a JSON file: {error}.") from None
    if not isinstance(described, dict):
        raise InvalidInputError(f"'{description}' does not hold a JSON object.")
    return str(described.get("vocoder", "hifigan"))


def _known_keys() -> list[str]:
    run = RunConfig(image_prompt="any", audio_prompt="any").model_dump()
    tables = {key: value for key, value in run.items() if isinstance(value, dict)}
    dotted = [f"{table}.{key}" for table, values in tables.items() for key in values]
    return sorted([*(run.keys() - tables.keys()), *dotted])


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    key, value = ".".join(map(str, first["loc"])), first["input"]
    reason = first.get("ctx", {}).get("error")
    if isinstance(reason, InvalidInputError):
        return str(reason)
    if first["type"] == "extra_forbidden":
        known = sorted([*Layer.model_fields, "file"]) if error.title == "Layer" else _known_keys()
        tails = [name for name in known if name.rpartition(".")[2] == key]
        near = tails or difflib.get_close_matches(key, known, n=1, cutoff=0.5)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        return f"Unknown key '{key}'.{hint} Known: {', '.join(known)}."
    if first["type"] == "missing":
        return f"{key} is missing; a run needs it."
    return f"{key} must be {first['msg'].removeprefix('Input should be ')}, not {shown(value)}."
