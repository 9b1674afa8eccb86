"""Text encoder, picture tower and sound tower with a shared embedding space, which score `mini`.

Two sets of towers are shipped: the selector's, whose text encoder also reads the prompts of the
diffusion models, and the judge's, which took no part in the pair's training.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPTextModel, PreTrainedTokenizerFast, ResNetModel

from sonocanvas.canvas import band_middles, canvas_to_mel, mel_to_canvas, waveform_to_canvas
from sonocanvas.pairs.part_files import check_weights
from sonocanvas.pairs.parts import load_part
from sonocanvas.scorers.embedder import likeness, peak_normalised, squares
from sonocanvas.text import known_prompt
from sonocanvas.types import MINI_FORMAT, Prompts, Sample, Score

TOKENS = 16
PARTS = {"text": "text_encoder", "picture": "picture_tower", "sound": "sound_tower"}
CLASSES = {"text": "CLIPTextModel", "picture": "ResNetModel", "sound": "ResNetModel"}
ROWS = 64
"""Rows to which a tower's input is reduced, unless its configuration says otherwise."""
PEAK = 0.95
"""Peak of the sounds that the towers were trained on."""
PEAK_OVER_COLUMN = 10 ** (-37.4 / 20)
"""Peak of a played canvas of `mini` over the root of the power of its loudest column: the mean of
72 canvases, with a standard deviation of 2.1 dB."""


class Towers(nn.Module):
    """Text encoder, picture tower and sound tower of one width, with a learned temperature."""

    def __init__(self, text: CLIPTextModel, picture: ResNetModel, sound: ResNetModel) -> None:
        super().__init__()
        self.text = text
        self.picture = picture
        self.sound = sound
        self.log_scale = nn.Parameter(torch.tensor(2.5))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def rows(self, tower: str) -> int:
        """Returns how many rows a tower reads."""
        return int(getattr(getattr(self, tower).config, "image_size", ROWS))

    def embed_text(self, tokens: Tensor) -> Tensor:
        """Returns unit vectors `(batch, width)` of token ids `(batch, 16)`."""
        return functional.normalize(self.text(tokens).pooler_output.float(), dim=-1)

    def embed(self, tower: str, canvases: Tensor) -> Tensor:
        """Returns unit vectors `(batch, width)` of canvases `(batch, rows, width)` in [0, 1].

        Args:
            tower: `"picture"` (a square) or `"sound"` (a whole canvas).
            canvases: The canvases; reduced if they have more rows than the tower reads.
        """
        seen = reduce_rows(canvases, self.rows(tower))[:, None] - 0.25
        seen = seen.contiguous(memory_format=torch.channels_last)
        features = getattr(self, tower)(seen).pooler_output.flatten(1)
        return functional.normalize(features.float(), dim=-1)


def load_towers(folder: Path) -> tuple[Towers, PreTrainedTokenizerFast]:
    """Returns the towers in a folder, in float32 and without gradients, and their tokenizer.

    Raises:
        CheckpointError: A part is missing or broken.
    """
    parts: dict[str, Any] = {}
    for part, name in PARTS.items():
        check_weights(folder / name)
        kind = ("transformers", CLASSES[part])
        parts[part] = load_part(folder / name, kind, "cpu", torch.float32)
    kind = ("transformers", "PreTrainedTokenizerFast")
    tokenizer = load_part(folder / "tokenizer", kind, "cpu", torch.float32)
    return Towers(**parts).eval().requires_grad_(False), tokenizer


def reduce_rows(canvases: Tensor, rows: int = ROWS) -> Tensor:
    """Returns canvases `(batch, height, width)`, reduced in proportion to a number of rows."""
    if canvases.shape[-2] == rows:
        return canvases.float()
    size = (rows, canvases.shape[-1] * rows // canvases.shape[-2])
    return functional.interpolate(canvases[:, None].float(), size, mode="area")[:, 0]


def levelled(canvases: Tensor) -> Tensor:
    """Returns canvases at the level at which a sound tower sees them once they are played.

    A composed canvas is often louder than any sound that the towers were trained on. The peak of
    its sound is estimated from the power of its loudest column.

    Args:
        canvases: `(batch, 256, frames)` in the format of `mini`.
    """
    mel = canvas_to_mel(canvases, MINI_FORMAT)
    (widths_hz,) = torch.gradient(band_middles(MINI_FORMAT).to(mel))
    loudest = (mel.square() * widths_hz[:, None]).sum(1).amax(1).sqrt()
    gain = PEAK / (PEAK_OVER_COLUMN * loudest)
    return torch.where(canvases > 0, mel_to_canvas(mel * gain[:, None, None], MINI_FORMAT), 0.0)


def tokenize(tokenizer: PreTrainedTokenizerFast, captions: list[str]) -> Tensor:
    """Returns padded token ids `(captions, 16)`."""
    options = {"padding": "max_length", "truncation": True, "max_length": TOKENS}
    return torch.tensor(tokenizer(captions, **options)["input_ids"])


@dataclass(frozen=True)
class TowerEmbedder:
    """The text encoder with one of the other two towers (an `Embedder`).

    Attributes:
        towers: All three.
        tokenizer: Tokenizer of the text encoder; as in the pair, unknown words are replaced by
            the nearest known ones, if there are any.
        tower: `"picture"`, which sees the squares that lie side by side on a canvas, or `"sound"`,
            which hears the sound, analysed in the format of `mini`.
    """

    towers: Towers
    tokenizer: PreTrainedTokenizerFast
    tower: str

    def embed_text(self, prompt: str) -> Tensor:
        """Returns the vector `(width,)` of a prompt, float32."""
        read = known_prompt(self.tokenizer, prompt)
        return self.towers.embed_text(tokenize(self.tokenizer, [read]))[0]

    def embed(self, sample: Sample) -> Tensor:
        """Returns the vectors `(squares, width)` or `(1, width)` of a sample, float32."""
        if self.tower == "picture":
            canvas, height = sample.canvas.float().cpu(), len(sample.canvas)
            beside = max(0, height - canvas.shape[1])  # a short canvas is padded with black
            canvases = squares(functional.pad(canvas, (0, beside))[None], height)[0]
        else:
            sound = peak_normalised(sample.waveform, MINI_FORMAT.sample_rate_hz, PEAK)
            canvases = waveform_to_canvas(torch.from_numpy(sound)[None], MINI_FORMAT)
        return self.towers.embed(self.tower, canvases)


def load_embedders(folder: Path) -> tuple[TowerEmbedder, TowerEmbedder]:
    """Returns the embedder of pictures and the embedder of sounds from the towers in a folder.

    Raises:
        CheckpointError: A part is missing or broken.
    """
    towers, tokenizer = load_towers(folder)
    return TowerEmbedder(towers, tokenizer, "picture"), TowerEmbedder(towers, tokenizer, "sound")


def tower_scores(
    embedders: tuple[TowerEmbedder, TowerEmbedder], name: str, sample: Sample
) -> list[Score]:
    """Returns the scores `NAME_image` and `NAME_audio` of a sample, by the towers' cosines."""
    picture, sound = embedders
    return [
        likeness(picture, f"{name}_image", sample, sample.prompts.image),
        likeness(sound, f"{name}_audio", sample, sample.prompts.audio),
    ]


@dataclass(frozen=True)
class TowerScorer:
    """A scorer that uses the two towers in a folder.

    Attributes:
        name: Name of its scores, before `_image` and `_audio`.
        folder: Folder of its towers.
    """

    name: ClassVar[str]
    folder: ClassVar[Path]
    higher_is_better: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for part in PARTS.values():  # the weights load with the first sample, after the drawing
            check_weights(self.folder / part)

    @cached_property
    def _embedders(self) -> tuple[TowerEmbedder, TowerEmbedder]:
        return load_embedders(self.folder)

    def __call__(self, samples: Sequence[Sample]) -> list[list[Score]]:
        """Returns `NAME_image` and `NAME_audio` of each sample, from -1 to 1.

        The picture's score is the mean over the squares that lie side by side on the canvas; the
        sound's is that of the analysed waveform.

        Args:
            samples: Each with a canvas and its sound; a canvas narrower than it is high is padded
                with black.

        Raises:
            InvalidInputError: A sound is too short to be analysed.
        """
        return [tower_scores(self._embedders, self.name, sample) for sample in samples]

    @torch.no_grad()
    def of_canvases(self, canvases: Tensor, prompts: Prompts) -> list[list[Score]]:
        """Returns the two scores of each canvas as drawn, at the level of a sound that is played.

        Args:
            canvases: `(batch, 256, frames)` in the format of `mini`, at least 256 frames wide.
            prompts: The prompts.
        """
        looks, sounds = self._embedders
        seen = looks.towers.embed("picture", squares(canvases, canvases.shape[1]).flatten(0, 1))
        cosines = (seen @ looks.embed_text(prompts.image)).reshape(len(canvases), -1).mean(1)
        heard = sounds.towers.embed("sound", levelled(canvases)) @ sounds.embed_text(prompts.audio)
        return [
            [
                Score(f"{self.name}_image", look, "", higher_is_better=True),
                Score(f"{self.name}_audio", sound, "", higher_is_better=True),
            ]
            for look, sound in zip(cosines.tolist(), heard.tolist(), strict=True)
        ]
