"""`sonocanvas generate`: prompts to canvases that sound."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sonocanvas.cli.json_ import AsJson, echo_json
from sonocanvas.cli.own import allow_typed
from sonocanvas.cli.places import On, kept_in, made_on
from sonocanvas.cli.quick import import_quickly
from sonocanvas.cli.verbose import Verbose, is_verbose

if TYPE_CHECKING:
    from sonocanvas.config import RunConfig
    from sonocanvas.types import Sample

Texts = list[str]


def generate(
    image: Annotated[str | None, typer.Option(help="What the canvas should look like.")] = None,
    audio: Annotated[str | None, typer.Option(help="What it should sound like.")] = None,
    negative_image: Annotated[
        str | None, typer.Option(metavar="PROMPT", help="What it should not look like.")
    ] = None,
    negative_audio: Annotated[
        str | None, typer.Option(metavar="PROMPT", help="What it should not sound like.")
    ] = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Accept prompts of which the models know no word.")
    ] = False,
    image_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A picture of your own to keep.")
    ] = None,
    audio_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A sound of your own to keep.")
    ] = None,
    strength: Annotated[
        float | None,
        typer.Option(help="How much of those files to keep, from 0 to 1 (all of it)."),
    ] = None,
    layer: Annotated[
        Texts | None,
        typer.Option(
            metavar="LAYER", help="""A layer, such as 'sound "a bell ringing" 0-3s -10dB'."""
        ),
    ] = None,
    scene: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Layers in a TOML file; see docs/scenes.md.")
    ] = None,
    duration: Annotated[
        str | None, typer.Option(help="Length, such as 45s or 1:30, from 2 s to 10 min.")
    ] = None,
    seeds: Annotated[str | None, typer.Option(help="Seeds, such as 7, 0-7 or 1,4-6.")] = None,
    steps: Annotated[int | None, typer.Option(help="Denoising steps.")] = None,
    pair: Annotated[str | None, typer.Option(help="Model pair; see 'list pairs'.")] = None,
    image_model: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Another picture model: a folder or OWNER/NAME."),
    ] = None,
    audio_model: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Another spectrogram model; see docs/pairs.md."),
    ] = None,
    image_lora: Annotated[
        str | None,
        typer.Option(
            metavar="LORA", help="A LoRA for the picture model: a file, a folder or OWNER/NAME."
        ),
    ] = None,
    audio_lora: Annotated[
        str | None, typer.Option(metavar="LORA", help="A LoRA for the spectrogram model.")
    ] = None,
    method: Annotated[
        str | None, typer.Option(help="How to make the samples; see 'list methods'.")
    ] = None,
    search: Annotated[
        str | None, typer.Option(help="How to find the best of many tries; see 'list searches'.")
    ] = None,
    rule: Annotated[
        str | None, typer.Option(help="How to mix the models; see 'list rules'.")
    ] = None,
    vocoder: Annotated[
        str | None, typer.Option(help="How to play the canvas; see 'list vocoders'.")
    ] = None,
    colour: Annotated[
        str | None, typer.Option(help="How to colour the canvas; see 'list colourisers'.")
    ] = None,
    keep: Annotated[
        int | None, typer.Option(help="Rank the seeds and mark this many of the best as kept.")
    ] = None,
    settings: Annotated[
        Texts | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Any option, such as rule.audio_weight=0.5."
        ),
    ] = None,
    preset: Annotated[
        Texts | None,
        typer.Option(
            metavar="NAME", help="Settings to start from: a name or a run.toml; see 'list presets'."
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(help="Run folder or s3://BUCKET/NAME; by default a new one in runs/."),
    ] = None,
    on: On = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    offload: Annotated[
        bool,
        typer.Option(
            "--offload", help="Keep each model off the card until it is needed, to save memory."
        ),
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Overwrite existing files.")
    ] = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Make canvases that look like one prompt and sound like another."""
    from sonocanvas.errors import InvalidInputError
    from sonocanvas.files.run_file import load_scene, resolve

    if not any((image, audio, image_file, audio_file, layer, scene, settings, preset)):
        raise InvalidInputError(
            'Say what to make: --image "an owl" --audio "an owl hooting", or --preset owl-hoot; '
            "'sonocanvas list prompts' prints what 'mini' knows, and --help all options."
        )
    import_quickly("sonocanvas.generate")
    allow_typed(method, rule, vocoder, colour, settings, layer)
    files = {"picture": (image_file, image), "sound": (audio_file, audio)}
    given: dict[str, Any] = load_scene(scene) if scene is not None else {}
    given["layers"] = [*given.get("layers", []), *(layer or []), *own_layers(files, strength)]
    given |= {} if given["layers"] else {"layers": None}
    options: dict[str, Any] = {
        "image_prompt": image,
        "audio_prompt": audio,
        "negative_image_prompt": negative_image,
        "negative_audio_prompt": negative_audio,
        "anyway": anyway or None,
        "duration_s": duration,
        "seeds": seeds,
        "sampling": None if steps is None else {"steps": steps},
        "keep": keep,
        "pair": pair,
        "image_model": image_model,
        "audio_model": audio_model,
        "image_lora": image_lora,
        "audio_lora": audio_lora,
        "method": None if method is None else {"name": method},
        "search": None if search is None else {"name": search},
        "rule": None if rule is None else {"name": rule},
        "vocoder": None if vocoder is None else {"name": vocoder},
        "colour": None if colour is None else {"name": colour},
    }
    given |= {key: value for key, value in options.items() if value is not None}
    given = {key: value for key, value in given.items() if value is not None}
    config = resolve(given, preset or (), settings or ())
    if out is None:
        named = [name for name in preset or () if not name.endswith(".toml")]
        prompts_given = image is not None and audio is not None
        by_prompts = prompts_given or not named or bool(given.get("layers"))
        words = [config.image_prompt, config.audio_prompt] if by_prompts else named
        out = f"runs/{slug(' '.join(words))}"
    from sonocanvas.cli.console import RunDisplay, show_run
    from sonocanvas.generate import generate as run
    from sonocanvas.show.gallery import write_gallery
    from sonocanvas.words.atlas import warning_of

    display = RunDisplay(len(config.seeds))
    with kept_in(out) as (folder, send), display, made_on(on, display) as make:
        for sentence in (budget(config) if config.search.name else "", warning_of(config)):
            if sentence:
                display.on_warning(sentence)

        def on_sample(sample: Sample) -> None:
            send()
            display.on_sample(sample)

        samples = run(
            config,
            folder,
            device=device,
            offload=offload,
            overwrite=overwrite,
            on_step=display.on_step,
            on_sample=on_sample,
            on_warning=display.on_warning,
            make=make,
        )
        page = write_gallery(folder)
    shown = f"{out}/{page.name}"
    if as_json:
        echo_json({"page": shown, "samples": [described(sample, out) for sample in samples]})
    else:
        show_run(samples, shown, raw=is_verbose())


def described(sample: Sample, out: str) -> dict[str, Any]:
    """Returns a sample of a run folder as values for JSON."""
    rank = sample.record.get("rank")
    return {
        "seed": sample.seed,
        "folder": f"{out}/{sample.seed:04d}",
        "duration_s": sample.waveform.samples.shape[1] / sample.waveform.sample_rate_hz,
        "scores": {score.name: score.value for score in sample.scores},
        **({} if rank is None else {"rank": rank}),
    }


def own_layers(
    files: dict[str, tuple[Path | None, str | None]], strength: float | None
) -> list[dict[str, Any]]:
    """Returns layers of the user's own files, each over the whole canvas.

    Args:
        files: For each kind of layer, the file and a prompt that a model draws with it.
        strength: How much of the files to keep; `None` is the default.

    Raises:
        InvalidInputError: There is a strength but no file.
    """
    from sonocanvas.errors import InvalidInputError

    kept = {} if strength is None else {"strength": strength}
    layers = [
        {"kind": kind, "file": str(file), "prompt": prompt or "", **kept}
        for kind, (file, prompt) in files.items()
        if file is not None
    ]
    if kept and not layers:
        raise InvalidInputError(
            f"--strength {strength:g} needs --image-file or --audio-file; in a layer, write it "
            "as 60%."
        )
    return layers


def budget(config: RunConfig) -> str:
    """Returns a sentence that says how many evaluations a search takes."""
    from sonocanvas.registry import build

    search = build("search", config.search.name, config.search.options)
    each = search.evaluations(config.sampling.steps)
    return (
        f"The search '{config.search.name}' takes at most {each} evaluations per seed, "
        f"{each * len(config.seeds)} in all; one canvas takes about {2 * config.sampling.steps}."
    )


def slug(text: str) -> str:
    """Returns a text as a folder name.

    Example:
        >>> slug("A castle, with towers")
        'a-castle-with-towers'
    """
    return re.sub(r"\W+", "-", text.lower()).strip("-")[:60].strip("-") or "run"
