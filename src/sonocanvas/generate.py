"""A run: from its description to samples, in memory or in a folder.

`generate` is the function behind command line, studio and cluster. Seeds share a batch in chunks
that depend only on the run: a resumed run computes the same chunks again and keeps what was
missing, so that its bytes do not depend on where it was interrupted.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sonocanvas.choose.keeping import rank_samples
from sonocanvas.config import RunConfig
from sonocanvas.denoise import SCHEDULERS
from sonocanvas.errors import unknown
from sonocanvas.files.run_folder import PREVIEW_FILE, RunFolder
from sonocanvas.making import Maker, chunks_of
from sonocanvas.models import check_offload, pick_device, ready_pair, settled
from sonocanvas.protocols import Make, OnCost, OnStep, OnWarning
from sonocanvas.show.preview import previewing
from sonocanvas.types import ModelPair, Sample


def generate(
    config: RunConfig,
    out: Path | str | None = None,
    *,
    device: str = "auto",
    offload: bool = False,
    overwrite: bool = False,
    on_step: OnStep | None = None,
    on_sample: Callable[[Sample], None] | None = None,
    on_warning: OnWarning | None = None,
    on_cost: OnCost | None = None,
    pair: ModelPair | None = None,
    make: Make | None = None,
) -> list[Sample]:
    """Returns the samples of a run, in the order of its seeds, each as saved.

    A run with `keep` has the place of each sample in its record; no sample is left out. During a
    run in a folder, `preview.png` shows the prediction every 10 s.

    Args:
        config: The run.
        out: Folder for the samples; `None` keeps them in memory. Samples of an equal run in it are
            kept and not made again, even if `keep` differs.
        device: `auto`, `cpu`, `cuda` or `mps`; not used with a `pair`.
        offload: Whether each model waits on the CPU until it is called: less memory of a card,
            and a little slower; not used with a `pair`.
        overwrite: Whether samples in `out` are made again and replaced.
        on_step: Called after each step with its record and the predicted clean latents.
        on_sample: Called with each sample, existing ones first.
        on_warning: Called with each warning about the prompts, the licences of downloads and
            models that differ; by default `warnings.warn`.
        on_cost: Called after each chunk of seeds with its cost, as in `making.Maker`.
        pair: A pair that is loaded already, instead of the one that the run names.
        make: What makes the samples instead of this process, such as `batch.pool.Pool`; `on_step`
            is not called then.

    Raises:
        InvalidInputError: The run, the device or the folder cannot be used; nothing is written.
        CheckpointError: The weights are missing or broken; nothing is written.
    """
    if config.sampling.scheduler not in SCHEDULERS:
        raise unknown("scheduler", config.sampling.scheduler, SCHEDULERS)
    place = pick_device(device)
    if offload:
        check_offload(config, place)
    config = settled(config, place if make is None else make.device, pair)
    tell = on_sample or (lambda sample: None)

    def here(
        config: RunConfig, chunks: Sequence[Sequence[int]], on_cost: OnCost | None
    ) -> Iterator[Sample]:
        warn = on_warning or warnings.warn
        models = ready_pair(config, place, offload, pair, warn)
        drawn = on_step
        if folder.path is not None:
            drawn = previewing(folder.path / PREVIEW_FILE, models, on_step, folder.begin)
        yield from Maker(config, models, place, drawn, warn)(chunks, on_cost)

    with RunFolder(out, config, overwrite) as folder:
        samples = folder.kept()
        for sample in samples.values():
            tell(sample)
        chunks = [chunk for chunk in chunks_of(config) if not samples.keys() >= set(chunk)]
        for sample in (make or here)(config, chunks, on_cost) if chunks else ():
            if sample.seed not in samples:
                folder.add(sample)
                samples[sample.seed] = sample
                tell(sample)
        ranked = rank_samples([samples[seed] for seed in config.seeds], config, folder.path, place)
        folder.finish()
    return ranked
