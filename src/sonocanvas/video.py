"""A sample as a video: the canvas, a playhead that moves with the sound, the prompts below.

H.264 and AAC in MP4 by PyAV, which brings its codecs along: it plays in browsers and on phones.
"""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import soxr
from PIL import Image, ImageDraw, ImageFont

from sonocanvas.artifacts import COLOUR_FILE, load_sample, sample_folders
from sonocanvas.canvas import canvas_to_bytes
from sonocanvas.errors import InvalidInputError
from sonocanvas.files import write_beside
from sonocanvas.origin import origin_of, to_comment
from sonocanvas.picture_files import image_to_rgb
from sonocanvas.sound_files import quantise
from sonocanvas.types import Sample

FRAMES_PER_S = 25
WIDTH = 1280
CAPTION_HEIGHT = 96
PLAYHEAD_WIDTH = 3
SOUND_RATE_HZ = 48000  # every player takes it
GROUND = (13, 12, 15)
INK = (236, 231, 223)
SOFT = (162, 156, 147)
GLOW = (255, 180, 84)

Pixels = npt.NDArray[np.uint8]


def write_video(path: Path, sample: Sample, picture: Image.Image | None = None) -> None:
    """Writes a sample as an MP4 of its whole length, 25 frames a second.

    Args:
        path: Where to.
        sample: What is shown and heard.
        picture: What is shown instead of the gray canvas, such as the canvas in colour.

    Raises:
        InvalidInputError: The sound is empty or the file cannot be written.
    """
    pcm, _ = quantise(sample.waveform)
    still = _still(sample, picture)
    duration_s = len(pcm) / sample.waveform.sample_rate_hz

    def write(beside: Path) -> None:
        with av.open(beside, "w", format="mp4", options={"movflags": "+faststart"}) as container:
            container.metadata["title"] = f"{sample.prompts.image} x {sample.prompts.audio}"
            container.metadata["comment"] = to_comment(origin_of(sample))
            quality = {"crf": "18", "preset": "veryfast"}
            shown = container.add_stream("libx264", rate=FRAMES_PER_S, options=quality)
            shown.height, shown.width, shown.pix_fmt = *still.shape[:2], "yuv420p"
            heard = container.add_stream("aac", SOUND_RATE_HZ, layout="mono", bit_rate=160_000)
            for pixels in frames(still, duration_s):
                container.mux(shown.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
            container.mux(shown.encode(None))
            container.mux(heard.encode(_sound(pcm, sample.waveform.sample_rate_hz)))
            container.mux(heard.encode(None))

    write_beside(path, write)


def write_videos(folder: Path, overwrite: bool = False, in_colour: bool = False) -> Iterator[Path]:
    """Yields the video of every sample in a run, or of one sample, as each is there.

    It is `video.mp4`, of the canvas in colour `video-colour.mp4`.

    Args:
        folder: Folder of a run or of a sample.
        overwrite: Whether a video that is there is made again; otherwise it is kept.
        in_colour: Whether the `colour.png` of a sample is shown instead of its canvas.

    Raises:
        InvalidInputError: The folder holds no sample, one has no `colour.png` that is to be shown
            (no video is made), or one is not whole.
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


def frames(still: Pixels, duration_s: float) -> Iterator[Pixels]:
    """Yields the frames `(height, 1280, 3)`: frame `k` shows the moment `k / 25` seconds.

    Args:
        still: What does not move; the playhead runs above its caption.
        duration_s: How long the sound is.
    """
    for number in range(max(1, round(duration_s * FRAMES_PER_S))):
        frame = still.copy()
        left = int(number / FRAMES_PER_S / duration_s * WIDTH)
        frame[:-CAPTION_HEIGHT, left : left + PLAYHEAD_WIDTH] = GLOW
        yield frame


def _still(sample: Sample, picture: Image.Image | None) -> Pixels:
    """Returns what does not move: the picture over the prompts."""
    picture = picture or Image.fromarray(canvas_to_bytes(sample.canvas))
    height = round(WIDTH * picture.height / picture.width / 2) * 2  # the codec wants it even
    page = Image.new("RGB", (WIDTH, height + CAPTION_HEIGHT), GROUND)
    page.paste(picture.convert("RGB").resize((WIDTH, height), Image.Resampling.BICUBIC))
    pen = ImageDraw.Draw(page)
    for line, (word, prompt) in enumerate(
        (("looks like", sample.prompts.image), ("sounds like", sample.prompts.audio))
    ):
        top = height + 16 + 34 * line
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
    """Returns sound of 16 bits as one frame at the rate of the video."""
    samples = soxr.resample(pcm.astype(np.float32) / 32768, sample_rate_hz, SOUND_RATE_HZ)
    frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
    frame.sample_rate, frame.pts = SOUND_RATE_HZ, 0
    frame.time_base = Fraction(1, SOUND_RATE_HZ)
    return frame
