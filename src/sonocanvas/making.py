"""Makes the samples of a run's seeds on one device."""

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sonocanvas.choose.scoring import make_scorers, scored
from sonocanvas.config import RunConfig
from sonocanvas.files.artifacts import as_saved
from sonocanvas.finish import make_vocoder
from sonocanvas.protocols import OnCost, OnStep, OnWarning
from sonocanvas.registry import build
from sonocanvas.types import ModelPair, Sample


class Maker:
    """The models of a run, its method, scorers and colouriser, loaded once for many chunks.

    Args:
        config: The run, settled.
        pair: Its models, set to the length of its canvas.
        device: Device of the scorers and the colouriser.
        on_step: Called after each step with its record and the predicted clean latents.
        on_warning: Called with each warning about the prompts.

    Raises:
        InvalidInputError: An option of the run is not valid.
        CheckpointError: Weights of a scorer or a colouriser are missing or broken.
    """

    def __init__(
        self,
        config: RunConfig,
        pair: ModelPair,
        device: str,
        on_step: OnStep | None,
        on_warning: OnWarning,
    ) -> None:
        self.config, self.pair, self.on_warning = config, pair, on_warning
        self.on_step = on_step
        make_vocoder(config, pair)
        selecting = config.keep_by if config.keep else ()
        self._scorers = make_scorers(dict.fromkeys((*config.scores, *selecting)), device)
        self._coloured = _colouriser(config, pair, device, on_step)
        menu = "search" if config.search.name else "method"
        choice = getattr(config, menu)
        self._method = build(menu, choice.name, choice.options)

    def __call__(
        self, chunks: Sequence[Sequence[int]], on_cost: OnCost | None = None
    ) -> Iterator[Sample]:
        """Yields the sample of each seed as it is saved, scored and coloured.

        Args:
            chunks: Seeds, those of a chunk in one batch.
            on_cost: Called after each chunk, before its last sample is yielded, with its seeds and
                their total cost: `seconds`, `cpu_seconds` and `evaluations`. An evaluation is a
                model call with both halves of guidance.
        """
        last = {chunk[-1]: chunk for chunk in chunks}
        with _counted_rows(self.pair) as rows:
            begun = _clocks()
            for made in self._method(self.config, self.pair, chunks, self.on_step, self.on_warning):
                sample = self._coloured(scored(as_saved(made), self._scorers))
                if sample.seed in last and on_cost is not None:
                    cost = {what: now - begun[what] for what, now in _clocks().items()}
                    on_cost(last[sample.seed], {**cost, "evaluations": sum(rows) / 2})
                    rows.clear()
                    begun = _clocks()
                yield sample


def chunks_of(config: RunConfig) -> list[tuple[int, ...]]:
    """Returns the seeds of a run in the groups that share a batch."""
    starts = range(0, len(config.seeds), config.batch_size)
    return [config.seeds[start : start + config.batch_size] for start in starts]


def _colouriser(
    config: RunConfig, pair: ModelPair, device: str, on_step: OnStep | None
) -> Callable[[Sample], Sample]:
    """Returns the function that colours the samples of a run, with its models loaded."""
    if not config.colour.name:
        return lambda sample: sample
    colouriser = build("colouriser", config.colour.name, config.colour.options)
    colour = colouriser(lambda: pair, device, on_step)
    return lambda sample: dataclasses.replace(sample, colour=colour(sample))


def _clocks() -> dict[str, float]:
    return {"seconds": time.perf_counter(), "cpu_seconds": time.process_time()}


@contextmanager
def _counted_rows(models: ModelPair) -> Iterator[list[int]]:
    """Yields a list that collects the rows of each model call; two rows are an evaluation."""
    rows: list[int] = []
    unets = {id(unet): unet for unet in (models.image_unet, models.audio_unet)}
    handles = [
        unet.register_forward_pre_hook(lambda _, inputs: rows.append(len(inputs[0])))
        for unet in unets.values()
    ]
    try:
        yield rows
    finally:
        for handle in handles:
            handle.remove()
