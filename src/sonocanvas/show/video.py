"""A sample as a video: the canvas, a playhead that moves with the sound, and the prompts below.

A canvas much wider than the screen moves past the playhead instead.

PyAV, which includes its own codecs, writes MP4 with H.264 and AAC, which browsers and phones play.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import soxr
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from sonocanvas.canvas import canvas_to_bytes
from sonocanvas.errors import InvalidInputError
from sonocanvas.files.artifacts import COLOUR_FILE, load_sample, sample_folders
from sonocanvas.files.origin import origin_of, to_comment
from sonocanvas.files.pictures import image_to_rgb
from sonocanvas.files.sounds import quantise
from sonocanvas.files.writing import write_beside
from sonocanvas.show.morph import at
from sonocanvas.types import Sample

FRAMES_PER_S = 25
WIDTH = 1280
WIDEST = 6.0
"""A canvas wider than this many times its height is shown in a window of 4 to 1."""
CAPTION_HEIGHT = 96
PLAYHEAD_WIDTH = 3
SOUND_RATE_HZ = 48000  # every player supports it
GROUND = (13, 12, 15)
INK = (236, 231, 223)
SOFT = (162, 156, 147)
GLOW = (255, 180, 84)

Pixels = npt.NDArray[np.uint8]


def write_video(path: Path, sample: Sample, picture: Image.Image | None = None) -> None:
    """Writes a sample as an MP4 of its whole length, at 25 frames per second.

    Args:
        path: The MP4.
        sample: The sample to show and play.
        picture: A picture to show instead of the gray canvas, such as the canvas in colour.

    Raises:
        InvalidInputError: The sound is empty or the file cannot be written.
    """
    strip = _strip(picture or Image.fromarray(canvas_to_bytes(sample.canvas)))
    _write(path, sample, lambda share: strip)


def write_morph(path: Path, sample: Sample, canvases: Tensor) -> None:
    """Writes a morph as an MP4, as `write_video` does.

    Args:
        path: The MP4.
        sample: The sample to play, from `morph.morph`.
        canvases: The canvases to show, `(count, mels, frames)`.

    Raises:
        InvalidInputError: The file cannot be written.
    """

    def shown(share: float) -> Pixels:
        return _strip(Image.fromarray(canvas_to_bytes(at(canvases, share))))

    _write(path, sample, shown)


def _write(path: Path, sample: Sample, shown_at: Callable[[float], Pixels]) -> None:
    """Writes a sample with the picture that is shown at each fraction of its time."""
    pcm, _ = quantise(sample.waveform)
    caption = _caption(sample)
    duration_s = len(pcm) / sample.waveform.sample_rate_hz

    def write(beside: Path) -> None:
        with av.open(beside, "w", format="mp4", options={"movflags": "+faststart"}) as container:
            container.metadata["title"] = f"{sample.prompts.image} x {sample.prompts.audio}"
            container.metadata["comment"] = to_comment(origin_of(sample))
            quality = {"crf": "18", "preset": "veryfast"}
            shown = container.add_stream("libx264", rate=FRAMES_PER_S, options=quality)
            shown.height, shown.width = len(shown_at(0)) + len(caption), WIDTH
            shown.pix_fmt = "yuv420p"
            heard = container.add_stream("aac", SOUND_RATE_HZ, layout="mono", bit_rate=160_000)
            for pixels in frames(shown_at, caption, duration_s):
                container.mux(shown.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
            container.mux(shown.encode(None))
            container.mux(heard.encode(_sound(pcm, sample.waveform.sample_rate_hz)))
            container.mux(heard.encode(None))

    write_beside(path, write)


def write_videos(folder: Path, overwrite: bool = False, in_colour: bool = False) -> Iterator[Path]:
    """Yields the video of every sample of a run, or of one sample, once written.

    It is `video.mp4`, or `video-colour.mp4` for the canvas in colour.

    Args:
        folder: Folder of a run or of a sample.
        overwrite: Whether existing videos are made again; otherwise they are kept.
        in_colour: Whether to show the `colour.png` of a sample instead of its canvas.

    Raises:
        InvalidInputError: The folder holds no sample, one has no `colour.png` to show (then no
            video is made), or one is incomplete.
    """
    samples = sample_folders(folder)
    gray = [one for one in samples if in_colour and not (one / COLOUR_FILE).exists()]
    if gray:
        raise InvalidInputError(
            f"'{gray[0]}' has no {COLOUR_FILE}; 'sonocanvas colour {folder}' makes it."
        )
    for path in (one / ("video-colour.mp4" if in_colour else "video.mp4") for one in samples):
        if overwrite or not path.exists():
            sample = load_sample(path.parent)
            colour = sample.colour if in_colour else None
            shown = None if colour is None else Image.fromarray(image_to_rgb(colour.pictures[0]))
            write_video(path, sample, shown)
        yield path


def frames(
    shown_at: Callable[[float], Pixels], caption: Pixels, duration_s: float
) -> Iterator[Pixels]:
    """Yields the frames `(height, 1280, 3)`: frame `k` shows the moment `k / 25` seconds.

    Args:
        shown_at: The canvas `(height, width, 3)` at a fraction of the time; one wider than 1280
            moves, so that the playhead stays in the middle except at its start and end.
        caption: The picture of the prompts below it, `(height, 1280, 3)`.
        duration_s: Length of the sound.
    """
    for number in range(max(1, round(duration_s * FRAMES_PER_S))):
        share = number / FRAMES_PER_S / duration_s
        strip = shown_at(share)
        width = strip.shape[1]
        head = int(share * width)
        left = min(max(0, head - WIDTH // 2), width - WIDTH)
        frame = np.concatenate([strip[:, left : left + WIDTH], caption])
        frame[: len(strip), head - left : head - left + PLAYHEAD_WIDTH] = GLOW
        yield frame


def _strip(picture: Image.Image) -> Pixels:
    """Returns the canvas as wide as the page, or wider if it has to move."""
    ratio = picture.width / picture.height
    width = WIDTH if ratio <= WIDEST else round(WIDTH * ratio / 4)
    height = round(width / ratio / 2) * 2  # the codec needs an even number
    size = (width, height)
    return np.asarray(picture.convert("RGB").resize(size, Image.Resampling.BICUBIC))


def _caption(sample: Sample) -> Pixels:
    """Returns the picture of the prompts below the canvas."""
    page = Image.new("RGB", (WIDTH, CAPTION_HEIGHT), GROUND)
    pen = ImageDraw.Draw(page)
    for line, (word, prompt) in enumerate(
        (("looks like", sample.prompts.image), ("sounds like", sample.prompts.audio))
    ):
        top = 16 + 34 * line
        pen.text((20, top), word, SOFT, ImageFont.load_default(24))
        pen.text((165, top), _fitted(prompt), INK, ImageFont.load_default(24))
    return np.asarray(page)


def _fitted(text: str) -> str:
    """Returns a text cut to the width of the page."""
    font = ImageFont.load_default(24)
    if font.getlength(text) <= WIDTH - 185:
        return text
    while font.getlength(f"{text}…") > WIDTH - 185:
        text = text[:-1]
    return f"{text}…"


def _sound(pcm: npt.NDArray[np.int16], sample_rate_hz: int) -> av.AudioFrame:
    """Returns 16-bit sound as one frame at the rate of the video."""
    samples = soxr.resample(pcm.astype(np.float32) / 32768, sample_rate_hz, SOUND_RATE_HZ)
    frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
    frame.sample_rate, frame.pts = SOUND_RATE_HZ, 0
    frame.time_base = Fraction(1, SOUND_RATE_HZ)
    return frame
