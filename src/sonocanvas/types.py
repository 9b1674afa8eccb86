"""The frozen records that pass between the stages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class CanvasFormat:
    """What a canvas means as sound: every constant between pixels and waveform.

    Attributes:
        sample_rate_hz: Sample rate of the sound.
        n_fft: Length of the Fourier transform, in samples.
        window_samples: Length of the Hann window, centred in the transform.
        hop_samples: Samples a canvas column.
        mels: Rows of the canvas, which are mel bands.
        f_min_hz: Lower edge of the lowest band.
        f_max_hz: Upper edge of the highest band.
        log_floor: Mel magnitude that counts as silence; the logarithm is measured from it.
        log_ceiling: Mel magnitude of the loudest pixel.
        power: 0 draws the logarithm of a mel, from floor to ceiling; above 0 it is
            `(mel / ceiling) ** power` that is drawn, in which silence is 0.
        htk: Whether the bands are HTK's, of equal height; else Slaney's, of equal area.
        inverted: Whether the loudest is black and silence is white; else the other way round.
        centred: Whether column `k` is the sound around `k` hops; else that half a hop later.
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
"""The format of the Auffusion checkpoints: black to white is 146 dB."""

MINI_FORMAT = CanvasFormat(16000, 2048, 1024, 160, 256, 0.0, 8000.0, 1e-3, 50.0)
"""The format of the embedded pair: Auffusion's with a range of 94 dB, so that the
noise floor of a recording is dark and a picture keeps its contrast."""

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
"""The format of riffusion-model-v1, from its public parameters. It was trained on clips that were
each drawn against their own loudest mel; the ceiling is what its own player takes for that, 3e7 in
16-bit levels. The floor, 100 dB lower, plays no part in the drawing."""

FORMATS = {"auffusion": AUFFUSION_FORMAT, "mini": MINI_FORMAT, "riffusion": RIFFUSION_FORMAT}
"""The formats of canvases, by the pair that draws them."""


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
    """A vocoder that comes with a checkpoint, as it is saved.

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
"""HiFi-GAN's names for the format of a canvas, with the names of our fields."""


@dataclass(frozen=True)
class ModelPair:
    """Two latent diffusion models that share one latent space.

    Attributes:
        name: Name on the menu, or the folder.
        vae: The shared autoencoder (any diffusers class with `encode` and `decode`).
        image_unet: The picture model.
        audio_unet: The spectrogram model.
        image_tokenizer, image_text_encoder: The picture model's reader of prompts.
        audio_tokenizer, audio_text_encoder: The spectrogram model's; may be the same objects.
        scheduler_config: diffusers configuration of the noise schedule of both.
        canvas_format: What the canvas means as sound.
        latent_shape: `(channels, height, width)` of the latent of one canvas.
        crop_columns: Columns that the pair leaves empty at the right; dropped after decoding.
        closed_vocabulary: Whether a word that the tokenizer does not hold means nothing.
        licences: Licence of the weights, by part, kept in every sample.
        vocoder: The vocoder that the pair carries, if it does.
        window: Columns of a latent that the models were trained for, where the canvas is wider;
            0 where it is not.
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
        index: Number of the step, from 0.
        count: Number of all steps.
        timestep: The schedule's own time.
        alpha, sigma: Share of signal and noise in `latents`: `alpha * clean + sigma * noise`.
        next_alpha, next_sigma: The same after the step.
        latents: `(batch, channels, height, width)` noisy latents, variance preserving.
        image_conditional, image_unconditional: The picture model's two predictions, each of
            the shape of `latents`; `None` where the rule did not need them, and the unconditional
            one also where there is no guidance.
        audio_conditional, audio_unconditional: The spectrogram model's.
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
        sample_rate_hz: Samples a second.
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
    """Pictures in colour that are read as the canvas of their sample, exactly.

    Attributes:
        pictures: `(pictures, 3, height, width)` in [0, 1], multiples of 1/255.
        record: How they were made: the colouriser's name and options.
        colour_map: Map that gave each gray level its colour; empty if gray is the channel mean.
    """

    pictures: Tensor
    record: dict[str, Any]
    colour_map: str = ""


@dataclass(frozen=True)
class Sample:
    """One canvas with everything that belongs to it.

    Attributes:
        seed: Seed of its noise.
        prompts: The prompts.
        latent: `(channels, height, width)` float32 clean latent.
        image: `(3, height, width)` decoded picture in [0, 1].
        canvas: `(mels, frames)` channel mean of `image`; row 0 is the highest frequency.
        waveform: `(1, samples)` the canvas played, before any scaling against clipping.
        canvas_format: What the canvas means as sound.
        scores: Numbers about it.
        record: What else is saved: method, pair, rule, vocoder, licences, versions.
        colour: The canvas in colour, if there is one.
        candidates: If it was searched for: each try with its scores.
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
