"""`image-only` and `audio-only`: one model alone, the bounds that other methods lie between."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from sonocanvas.compose.mean import Mean
from sonocanvas.config import RunConfig
from sonocanvas.methods.compose import sample_all
from sonocanvas.protocols import SCENE, OnStep, OnWarning, Reads
from sonocanvas.types import ModelPair, Sample

SAMPLING = {"scheduler", "steps", "guidance_interval", "eta", "dtype"}
"""Sampling keys that both read, in addition to the guidance of their own model."""


@dataclass(frozen=True)
class ImageOnly:
    """The picture model alone, whatever the canvas sounds like."""

    reads: ClassVar[Reads] = {"sampling": SAMPLING | {"image_guidance_scale"}, **SCENE}

    def __call__(
        self,
        config: RunConfig,
        pair: ModelPair,
        chunks: Sequence[Sequence[int]],
        on_step: OnStep | None,
        on_warning: OnWarning,
    ) -> Iterator[Sample]:
        """Yields the sample of each seed; the spectrogram model is never evaluated."""
        yield from sample_all(config, pair, chunks, Mean(0.0), on_step, on_warning, ("picture",))


@dataclass(frozen=True)
class AudioOnly:
    """The spectrogram model alone, whatever the canvas looks like."""

    reads: ClassVar[Reads] = {"sampling": SAMPLING | {"audio_guidance_scale"}, **SCENE}

    def __call__(
        self,
        config: RunConfig,
        pair: ModelPair,
        chunks: Sequence[Sequence[int]],
        on_step: OnStep | None,
        on_warning: OnWarning,
    ) -> Iterator[Sample]:
        """Yields the sample of each seed; the picture model is never evaluated."""
        yield from sample_all(config, pair, chunks, Mean(1.0), on_step, on_warning, ("sound",))
