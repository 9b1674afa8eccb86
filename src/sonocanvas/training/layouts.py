"""Layouts of drawings on the wide canvas of the picture model, and their captions."""

from dataclasses import dataclass

CANVAS_POSITIONS = 32


@dataclass(frozen=True)
class Layout:
    """An arrangement of drawings on a canvas, with its caption.

    Attributes:
        caption: Template with `{0}` and optionally `{1}` for the things; empty for the drawing's
            own caption.
        places: First column of each drawing, in latent positions. Drawings are 8 wide; the rest
            stays black. With `{1}` in the caption the two things alternate.
        share: Its frequency.
    """

    caption: str
    places: tuple[int, ...]
    share: float


LAYOUTS = (
    Layout("", (0, 8, 16, 24), 0.8),
    Layout("a {0} and a {1}", (0, 8, 16, 24), 0.08),
    Layout("one {0}", (12,), 0.04),
    Layout("two {0}", (4, 20), 0.04),
    Layout("three {0}", (1, 12, 23), 0.04),
)
