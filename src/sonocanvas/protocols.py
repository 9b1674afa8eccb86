"""The protocols of menu entries, and the callbacks of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from sonocanvas.types import CanvasFormat, Colour, ModelPair, Sample, Score, Step, Waveform

if TYPE_CHECKING:
    from torch import Tensor

Reads = Mapping[str, set[str] | bool]
"""The tables that are read from a run, each with the keys that are used or `True` for all."""

SCENE: Reads = {"layers": True, "duration_s": True}
"""The tables read by methods that draw the layers of a run."""

OnStep = Callable[[Step, Any], None]
"""Called after each step with its record and the predicted clean latents."""

OnWarning = Callable[[str], None]
"""Called with each warning for the user."""


OnCost = Callable[[Sequence[int], dict[str, float]], None]
"""Called with the seeds of a chunk and their total cost."""


class Make(Protocol):
    """Makes the samples of a run elsewhere, such as on a cluster.

    Attributes:
        device: Where it computes; it determines the dtype of the weights.
    """

    device: str

    def __call__(
        self, config: Any, chunks: Sequence[Sequence[int]], on_cost: OnCost | None
    ) -> Iterator[Sample]:
        """Yields the sample of each seed as saved, in any order."""

    def expect(self, config: Any, chunks: Sequence[Sequence[int]]) -> None:
        """Starts runs that will be requested later."""


class Method(Protocol):
    """Makes samples; a frozen dataclass whose fields are its options.

    Attributes:
        reads: The tables of the run that it reads besides its own and the vocoder's: all keys
            (`True`) or a set of keys. They are recorded in the samples.
    """

    reads: ClassVar[Reads]

    def __call__(
        self,
        config: Any,
        pair: ModelPair,
        chunks: Sequence[Sequence[int]],
        on_step: OnStep | None,
        on_warning: OnWarning,
    ) -> Iterator[Sample]:
        """Yields the sample of each seed of a `RunConfig`; those of a chunk share a batch."""


class Search(Method, Protocol):
    """Finds the best of many tries for each seed; a frozen dataclass whose fields are its options.

    Attributes:
        method: The method whose tries it searches.
        beside: Scores used for the choice in addition to the run's `keep_by`.
    """

    method: ClassVar[str]
    beside: ClassVar[tuple[str, ...]]

    def evaluations(self, steps: int) -> int:
        """Returns the largest number of evaluations per seed, given the steps of sampling."""


class Rule(Protocol):
    """Mixes the two predictions; a frozen dataclass whose fields are its options."""

    def needs(self, step: Step) -> tuple[bool, bool]:
        """Returns whether this step needs the (image, audio) model."""

    def __call__(
        self, image_noise: Tensor | None, audio_noise: Tensor | None, step: Step
    ) -> Tensor:
        """Returns the noise `(batch, channels, height, width)` from the guided predictions."""


class Source(Protocol):
    """Layer content that no model draws; a frozen dataclass whose fields are its options.

    Attributes:
        kind: Kind of content: `"picture"` or `"sound"`.
    """

    kind: ClassVar[str]

    def settled(self) -> Self:
        """Returns itself with the identity of its content, such as a digest of its file.

        Raises:
            InvalidInputError: The content is missing, or differs from the recorded identity.
        """

    def __call__(self, canvas_format: CanvasFormat) -> tuple[Tensor, Tensor]:
        """Returns its content as a canvas, and its opacity; both in [0, 1].

        A picture is `(height, width)` in any size. A sound is `(mels, frames)` in its own length.
        """


class Vocoder(Protocol):
    """Plays a canvas; a frozen dataclass whose fields are its options."""

    def __call__(self, canvas: Tensor, canvas_format: CanvasFormat) -> Waveform:
        """Returns the sound of a canvas `(batch, mels, frames)` in [0, 1]."""


class Colouriser(Protocol):
    """Colours canvases; a frozen dataclass whose fields are its options."""

    @property
    def record(self) -> dict[str, Any]:
        """Name and options, as saved with the pictures."""

    def __call__(
        self, pair: Callable[[], ModelPair], device: str, on_step: OnStep | None
    ) -> Callable[[Sample], Colour]:
        """Loads models, the pair only if needed, and returns the function that colours a sample.

        Raises:
            InvalidInputError: The pair or an option cannot be used.
            CheckpointError: Weights are missing or broken.
        """


class Scorer(Protocol):
    """Scores samples one by one; heavy models load when it is made."""

    higher_is_better: ClassVar[bool]

    def __call__(self, samples: Sequence[Sample]) -> list[list[Score]]:
        """Returns the scores of each sample."""


class SetScorer(Protocol):
    """Scores a set of samples against a reference set; heavy models load when it is made."""

    higher_is_better: ClassVar[bool]

    def __call__(self, samples: Sequence[Sample], reference: Sequence[Sample]) -> Score:
        """Returns one score of the whole set."""
