"""`cycle`: what is left of a canvas after it is played and analysed again, by vocoder."""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sonocanvas.canvas import waveform_to_canvas
from sonocanvas.errors import CheckpointError, InvalidInputError
from sonocanvas.figures.matrix import Cell, Row, draw_matrix
from sonocanvas.figures.read import Shown
from sonocanvas.pairs import mini
from sonocanvas.registry import VOCODERS
from sonocanvas.scorers.round_trip import RoundTrip
from sonocanvas.types import MINI_FORMAT, Sample, Waveform
from sonocanvas.vocoders import istft_phase
from sonocanvas.vocoders.weights import build_vocoder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CAPTION = (
    "Each canvas was played and analysed again. r is the correlation with the canvas on top; dB "
    "is the root mean square difference after the one gain that fits best."
)


@dataclass(frozen=True)
class Cycle:
    """A canvas and what each vocoder leaves of it, with the scores of the round trip."""

    samples_of_a_run: ClassVar[int | None] = 1

    def __call__(self, shown: Sequence[Shown]) -> "Figure":
        """Returns the figure, one column per sample and one row per vocoder."""
        samples = [one.sample for one in shown]
        played = [dict(play_all(sample)) for sample in samples]
        rows = [Row([Cell(sample.canvas) for sample in samples], label="the canvas")]
        for name in VOCODERS:
            waveforms = [sounds.get(name) for sounds in played]
            if any(waveforms):
                cells = [
                    _analysed(sample, waveform) if waveform else None
                    for sample, waveform in zip(samples, waveforms, strict=True)
                ]
                rows.append(Row(cells, label=name))
        titles = [f"{one.looks_like}\n{one.sounds_like}" for one in shown]
        return draw_matrix(rows, samples[0].canvas_format, titles, CAPTION)


def play_all(sample: Sample) -> Iterator[tuple[str, Waveform]]:
    """Yields the name of each vocoder that can play a canvas, with its sound.

    The sound of the sample's own vocoder is the saved one, so its weights are not needed;
    `istft_phase` uses the phases of that sound too. Only `mini` has weights for other vocoders.

    Raises:
        InvalidInputError: The sample does not record which vocoder played it.
    """
    fmt, canvas = sample.canvas_format, sample.canvas.unsqueeze(0)
    weights = mini.vocoder() if fmt == MINI_FORMAT else None
    played_by = sample.record.get("vocoder")
    own = played_by.get("name") if isinstance(played_by, dict) else None
    if own is None:
        raise InvalidInputError(f"The sample of seed {sample.seed} does not name its vocoder.")
    for name in VOCODERS:
        if name == own:
            yield name, sample.waveform
        elif name == istft_phase.NAME:
            yield name, istft_phase.replay(canvas, sample.waveform.samples, fmt)
        else:
            try:
                vocoder = build_vocoder(name, {}, weights, "The pair")
            except (InvalidInputError, CheckpointError):  # it cannot play this format
                continue
            yield name, vocoder(canvas, fmt)


def _analysed(sample: Sample, waveform: Waveform) -> Cell:
    canvas = waveform_to_canvas(waveform.samples, sample.canvas_format)[0]
    correlation, error = RoundTrip()([dataclasses.replace(sample, waveform=waveform)])[0]
    return Cell(canvas, waveform, (f"r {correlation.value:.3f}, {error.value:.1f} dB",))
