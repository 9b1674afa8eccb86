"""The frozen records that pass between the stages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class CanvasFormat:
    """What a canvas means as sound: all constants of the conversion between pixels and waveform.

    Attributes:
        sample_rate_hz: Sample rate of the sound.
        n_fft: Length of the Fourier transform, in samples.
        window_samples: Length of the Hann window, centred in the transform.
        hop_samples: Samples per canvas column.
        mels: Rows of the canvas, one per mel band.
        f_min_hz: Lower edge of the lowest band.
        f_max_hz: Upper edge of the highest band.
        log_floor: Mel magnitude of silence, from which the logarithm is measured.
        log_ceiling: Mel magnitude of the loudest pixel.
        power: 0 draws the logarithm of a mel magnitude, from floor to ceiling; a value above 0
            draws `(mel / ceiling) ** power`, where silence is 0.
        htk: Whether the bands are HTK's, of equal height, rather than Slaney's, of equal area.
        inverted: Whether the loudest pixel is black and silence white, rather than the reverse.
        centred: Whether column `k` is centred at `k` hops, rather than half a hop later.
    """

    sample_rate_hz: int
    n_fft: int
    window_samples: int
    hop_samples: int
    mels: int
    f_min_hz: float
    f_max_hz: float
    log_floor: float
    log_ceiling: float
    power: float = 0.0
    htk: bool = False
    inverted: bool = False
    centred: bool = False


AUFFUSION_FORMAT = CanvasFormat(16000, 2048, 1024, 160, 256, 0.0, 8000.0, 1e-5, 200.0)
"""The format of the Auffusion checkpoints, with 146 dB from black to white."""

MINI_FORMAT = CanvasFormat(16000, 2048, 1024, 160, 256, 0.0, 8000.0, 1e-3, 50.0)
"""The format of the embedded pair: Auffusion's with a range of 94 dB, which keeps the noise floor
of a recording dark and the contrast of a picture high."""

RIFFUSION_FORMAT = CanvasFormat(
    sample_rate_hz=44100,
    n_fft=17640,
    window_samples=4410,
    hop_samples=441,
    mels=512,
    f_min_hz=0.0,
    f_max_hz=10000.0,
    log_floor=3e7 / 32768 / 1e5,
    log_ceiling=3e7 / 32768,
    power=0.25,
    htk=True,
    inverted=True,
    centred=True,
)
"""The format of riffusion-model-v1, from its public parameters. Its training clips were each drawn
relative to their own loudest mel; the ceiling is the value that Riffusion's own player assumes for
it, 3e7 in 16-bit levels. The floor, 100 dB lower, does not affect the drawing."""

FORMATS = {"auffusion": AUFFUSION_FORMAT, "mini": MINI_FORMAT, "riffusion": RIFFUSION_FORMAT}
"""Canvas formats by the pair that draws them."""


@dataclass(frozen=True)
class Prompts:
    """What the canvas should look like and sound like, and what it should not."""

    image: str
    audio: str
    negative_image: str = ""
    negative_audio: str = ""


@dataclass(frozen=True)
class TextEmbeddings:
    """Prompts as the two models read them, each `(1 or batch, tokens, width)`."""

    image: Tensor
    negative_image: Tensor
    audio: Tensor
    negative_audio: Tensor


@dataclass(frozen=True)
class VocoderWeights:
    """A vocoder that comes with a checkpoint, as saved.

    Attributes:
        config: Its own configuration.
        tensors: Its weights by name, in float32.
    """

    config: dict[str, Any]
    tensors: dict[str, Tensor]

    @property
    def kind(self) -> str:
        """Name on the menu of the vocoder that uses these weights."""
        return str(self.config.get("vocoder", "hifigan"))

    @property
    def canvas_format(self) -> CanvasFormat:
        """The format of the canvases that it was trained on: Auffusion's for a HiFi-GAN."""
        return AUFFUSION_FORMAT if self.kind == "hifigan" else MINI_FORMAT


VOCODER_KEYS = {
    "num_mels": "mels",
    "hop_size": "hop_samples",
    "sampling_rate": "sample_rate_hz",
    "n_fft": "n_fft",
    "win_size": "window_samples",
    "fmin": "f_min_hz",
    "fmax": "f_max_hz",
}
"""HiFi-GAN's names for the values of a canvas format, with the names of our fields."""


@dataclass(frozen=True)
class ModelPair:
    """Two latent diffusion models that share one latent space.

    Attributes:
        name: Name on the menu, or the folder.
        vae: The shared autoencoder (any diffusers class with `encode` and `decode`).
        image_unet: The picture model.
        audio_unet: The spectrogram model.
        image_tokenizer, image_text_encoder: Tokenizer and text encoder of the picture model.
        audio_tokenizer, audio_text_encoder: Those of the spectrogram model; may be the same
            objects.
        scheduler_config: diffusers configuration of the noise schedule that both models share.
        canvas_format: What the canvas means as sound.
        latent_shape: `(channels, height, width)` of the latent of one canvas.
        crop_columns: Columns that the pair leaves empty at the right; dropped after decoding.
        closed_vocabulary: Whether words that the tokenizer lacks have no meaning to the models.
        licences: Licence of the weights by part, recorded in every sample.
        vocoder: The vocoder that comes with the pair, if any.
        window: Latent columns that the models were trained for if the canvas is wider, else 0.
    """

    name: str
    vae: Any
    image_unet: Any
    audio_unet: Any
    image_tokenizer: Any
    image_text_encoder: Any
    audio_tokenizer: Any
    audio_text_encoder: Any
    scheduler_config: dict[str, Any]
    canvas_format: CanvasFormat
    latent_shape: tuple[int, int, int]
    crop_columns: int = 0
    closed_vocabulary: bool = False
    licences: dict[str, str] = field(default_factory=dict)
    vocoder: VocoderWeights | None = None
    window: int = 0


@dataclass(frozen=True)
class Step:
    """One step of the denoising loop, as a rule or a callback sees it.

    Attributes:
        index: Index of the step, from 0.
        count: Total number of steps.
        timestep: Timestep of the schedule.
        alpha, sigma: Shares of signal and noise: `latents = alpha * clean + sigma * noise`.
        next_alpha, next_sigma: The same after the step.
        latents: `(batch, channels, height, width)` noisy latents, variance preserving.
        image_conditional, image_unconditional: The picture model's two predictions, each of
            the shape of `latents`; `None` if the rule did not need them. The unconditional one is
            also `None` without guidance.
        audio_conditional, audio_unconditional: The same for the spectrogram model.
    """

    index: int
    count: int
    timestep: float
    alpha: float
    sigma: float
    next_alpha: float
    next_sigma: float
    latents: Tensor
    image_conditional: Tensor | None = None
    image_unconditional: Tensor | None = None
    audio_conditional: Tensor | None = None
    audio_unconditional: Tensor | None = None


@dataclass(frozen=True)
class Waveform:
    """Sound.

    Attributes:
        samples: `(batch, samples)` float32; full scale is 1.
        sample_rate_hz: Samples per second.
    """

    samples: Tensor
    sample_rate_hz: int


@dataclass(frozen=True)
class Score:
    """One number about a sample."""

    name: str
    value: float
    unit: str
    higher_is_better: bool


@dataclass(frozen=True)
class Colour:
    """Colour pictures of a canvas, from which the canvas can be read back exactly.

    Attributes:
        pictures: `(pictures, 3, height, width)` in [0, 1], multiples of 1/255.
        record: How they were made: name and options of the colouriser.
        colour_map: Map from gray levels to colours; empty if gray is the channel mean.
    """

    pictures: Tensor
    record: dict[str, Any]
    colour_map: str = ""


@dataclass(frozen=True)
class Sample:
    """One canvas with its prompts, sound, scores and record.

    Attributes:
        seed: Seed of its noise.
        prompts: The prompts.
        latent: `(channels, height, width)` float32 clean latent.
        image: `(3, height, width)` decoded picture in [0, 1].
        canvas: `(mels, frames)` channel mean of `image`; row 0 is the highest frequency.
        waveform: `(1, samples)` sound of the canvas, before any scaling against clipping.
        canvas_format: What the canvas means as sound.
        scores: Its scores.
        record: Other saved facts: method, pair, rule, vocoder, licences, versions.
        colour: The canvas in colour, if it was coloured.
        candidates: All tries with their scores, if it is the result of a search.
    """

    seed: int
    prompts: Prompts
    latent: Tensor
    image: Tensor
    canvas: Tensor
    waveform: Waveform
    canvas_format: CanvasFormat
    scores: tuple[Score, ...] = ()
    record: dict[str, Any] = field(default_factory=dict)
    colour: Colour | None = None
    candidates: tuple[dict[str, float], ...] = ()
