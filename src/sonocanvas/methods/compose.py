"""`compose`: two models denoise one canvas together, the paper's method."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from sonocanvas.config import RunConfig
from sonocanvas.denoise import denoise, initial_noise, make_scheduler
from sonocanvas.experts import Composition
from sonocanvas.finish import finish
from sonocanvas.protocols import SCENE, OnStep, OnWarning, Reads, Rule
from sonocanvas.registry import build
from sonocanvas.scene.composing import compose_layers
from sonocanvas.scene.layers import KINDS, MODEL_OF
from sonocanvas.scene.placing import counted_squares, place_layers
from sonocanvas.stages import stage
from sonocanvas.text import check_known
from sonocanvas.types import ModelPair, Prompts, Sample


@dataclass(frozen=True)
class Compose:
    """Both models denoise one canvas by the run's rule, after its warm start."""

    reads: ClassVar[Reads] = {"sampling": True, "rule": True, "warm_start": True, **SCENE}

    def __call__(
        self,
        config: RunConfig,
        pair: ModelPair,
        chunks: Sequence[Sequence[int]],
        on_step: OnStep | None,
        on_warning: OnWarning,
    ) -> Iterator[Sample]:
        """Yields the sample of each seed; the seeds of a chunk share a batch."""
        yield from sample_all(config, pair, chunks, make_rule(config), on_step, on_warning)


def make_rule(config: RunConfig) -> Rule:
    """Returns the rule of a run within its warm start."""
    inner = build("rule", config.rule.name, config.rule.options)
    rule: Rule = build("wrapper", "warm_start", config.warm_start.options, rule=inner)
    return rule


def sample_all(
    config: RunConfig,
    pair: ModelPair,
    chunks: Sequence[Sequence[int]],
    rule: Rule,
    on_step: OnStep | None,
    on_warning: OnWarning,
    kinds: Collection[str] = KINDS,
) -> Iterator[Sample]:
    """Yields the sample of each seed, denoised under a rule; a chunk shares a batch.

    Args:
        config: The run.
        pair: Its models.
        chunks: Its seeds.
        rule: Mixes the two models; a model that it does not need is not evaluated.
        on_step: Called after each step with its record and the predicted clean latents.
        on_warning: Called with each warning about the prompts.
        kinds: Kinds of layers to draw.
    """
    prompts, drawn, sentences = read_scene(config, pair, on_warning, kinds)
    for seeds in chunks:
        latents = sample_latents(config, pair, drawn, seeds, rule, on_step)
        for seed, latent in zip(seeds, latents, strict=True):
            yield finish(config, pair, prompts, seed, latent, sentences, drawn.pinned)


def read_scene(
    config: RunConfig, pair: ModelPair, on_warning: OnWarning, kinds: Collection[str] = KINDS
) -> tuple[Prompts, Composition, list[str]]:
    """Returns the prompts of a run, its composition, and warnings.

    Args:
        config: The run.
        pair: Its models.
        on_warning: Called with each warning.
        kinds: Kinds of layers to draw; others are ignored.
    """
    prompts = Prompts(
        config.image_prompt,
        config.audio_prompt,
        config.negative_image_prompt,
        config.negative_audio_prompt,
    )
    asked = (layer for layer in config.scene if layer.kind in kinds)
    layers = [one for layer in asked for one in counted_squares(layer, pair)]
    for layer in layers if not config.anyway else ():
        if layer.prompt:
            check_known(pair, MODEL_OF[layer.kind], layer.prompt)
    negative = {"image": prompts.negative_image, "audio": prompts.negative_audio}
    drawn, told = compose_layers(place_layers(layers, pair), pair, negative)
    sentences = list(dict.fromkeys(told))
    for sentence in sentences:
        on_warning(sentence)
    return prompts, drawn, sentences


def sample_latents(
    config: RunConfig,
    pair: ModelPair,
    drawn: Composition,
    seeds: Sequence[int],
    rule: Rule,
    on_step: OnStep | None = None,
    noise: Tensor | None = None,
    begin: int = 0,
    end: int | None = None,
) -> Tensor:
    """Returns latents `(seeds, channels, height, width)`, sampled with the run's settings.

    Args:
        config: The run; only its sampling is read.
        pair: The two models.
        drawn: The composition.
        seeds: The seeds of the batch.
        rule: Mixes the two models.
        on_step: Called after each step with its record and the predicted clean latents.
        noise: Initial latents; by default the noise of the seeds.
        begin: Index of the first step to run.
        end: Index after the last step to run; by default the number of steps.
    """
    if drawn.pinned is not None and drawn.is_given:  # no model draws
        return drawn.pinned.latent.expand(len(seeds), -1, -1, -1)
    taken = (config.sampling.steps if end is None else end) - begin
    with stage(f"{taken} steps for seeds {', '.join(map(str, seeds))}"):
        return denoise(
            pair,
            drawn,
            initial_noise(pair, seeds) if noise is None else noise,
            make_scheduler(pair.scheduler_config, config.sampling.scheduler),
            rule,
            steps=config.sampling.steps,
            begin=begin,
            end=end,
            image_guidance_scale=config.sampling.image_guidance_scale,
            audio_guidance_scale=config.sampling.audio_guidance_scale,
            guidance_interval=config.sampling.guidance_interval,
            eta=config.sampling.eta,
            seeds=seeds,
            on_step=on_step,
        )
