"""A run: from its description to samples, in memory or in a folder.

`generate` is the function behind the command line, the studio and the cluster. Seeds are batched in
chunks that depend only on the run. A resumed run computes unfinished chunks again as a whole and
adds the missing samples, so its bytes do not depend on where it was interrupted.
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

    With `keep`, each sample records its rank; no sample is left out. While a run writes to a
    folder, `preview.png` there shows the predicted canvases, updated every 10 s.

    Args:
        config: The run.
        out: Folder for the samples; `None` keeps them in memory. Existing samples of the same run,
            even one with another `keep`, are kept and not made again.
        device: `auto`, `cpu`, `cuda` or `mps`; not used with a `pair`.
        offload: Whether each model stays on the CPU until it is called, which needs less GPU
            memory and is a little slower; not used with a `pair`.
        overwrite: Whether existing samples in `out` are made again and replaced.
        on_step: Called after each step with its record and the predicted clean latents.
        on_sample: Called with each sample, existing ones first.
        on_warning: Called with each warning about prompts, licences of downloads and mismatched
            models; by default `warnings.warn`.
        on_cost: Called after each chunk of seeds with its cost, as in `making.Maker`.
        pair: A loaded pair to use instead of the one that the run names.
        make: Makes the samples outside this process, such as `batch.pool.Pool`; `on_step` is then
            not called.

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
