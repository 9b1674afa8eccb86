"""Training data that stays on the device: canvases are drawn, mixed and encoded there."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from sonocanvas.pairs.autoencoder import BlockAutoencoder
from sonocanvas.training.resident_pictures import Pictures, uniform
from sonocanvas.training.resident_sounds import Sounds

BATCHES_KEPT = 32
USES = 8  # average uses of a canvas, with new noise each time, before it is replaced


def encode(autoencoder: BlockAutoencoder, canvases: Tensor) -> Tensor:
    """Returns the latents `(batch, channels, 8, 32)` of canvases `(batch, 256, 1024)` in [0, 1].

    They equal those of `autoencoder.encode`, but need only one matrix product.
    """
    code, side = autoencoder.analysis, autoencoder.config.block
    count, height, width = canvases.shape
    blocks = canvases.reshape(count, height // side, side, width // side, side).transpose(2, 3)
    values = functional.linear(blocks.flatten(3) * 2 - 1, code.weight.flatten(1), code.bias)
    return values.permute(0, 3, 1, 2).contiguous()


class Batches:
    """Canvases of one modality, plain and mixed with the other, with their captions."""

    def __init__(self, pictures: Pictures, sounds: Sounds, modality: str) -> None:
        """Stores the sources.

        Args:
            pictures: Source of picture canvases.
            sounds: Source of sound canvases.
            modality: What the captions describe, `"image"` or `"audio"`.
        """
        self.pictures, self.sounds, self.modality = pictures, sounds, modality

    def __call__(self, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """Returns canvases `(count, 256, 1024)`, mixed versions of them, and caption numbers.

        A mixed canvas imitates a composed one: half are weighted means with a canvas of the other
        modality, half have its shape imposed on their levels.
        """
        if self.modality == "image":
            canvases, captions = self.pictures(count)
            other, _ = self.sounds(count)
            shaped = shaped_by(canvases, other, 0.1, 0.7)
        else:
            canvases, captions = self.sounds(count)
            other, _ = self.pictures(count, silhouettes=True)
            shaped = shaped_by(canvases, blurred(other), 0.2, 0.7)
            kept = shaped.square().sum((1, 2)) > 0.5 * canvases.square().sum((1, 2))
            shaped = torch.where(kept[:, None, None], shaped, canvases)
            other, _ = self.pictures(count)
        share = uniform(0.5, 0.9, count, 1, 1, device=self.sounds.device)
        averaged = share * canvases + (1 - share) * other
        is_shaped = torch.rand(count, 1, 1, device=self.sounds.device) < 0.5
        return canvases, torch.where(is_shaped, shaped, averaged), captions


class Latents:
    """Latents of canvases, plain and mixed, of which a part is replaced before each batch.

    Drawing and encoding a canvas costs more than a training step of a small model on it.
    """

    def __init__(
        self,
        batches: Callable[[int], tuple[Tensor, Tensor, Tensor]],
        autoencoder: BlockAutoencoder,
        batch: int,
    ) -> None:
        """Encodes the first canvases.

        Args:
            batches: Draws a number of canvases, plain and mixed, with their caption numbers.
            autoencoder: Encodes them; all tensors are on its device.
            batch: Batch size.
        """
        self.batches, self.autoencoder, self.batch = batches, autoencoder, batch
        self.fresh = max(1, batch // USES)
        first = [self._encoded(batch) for _ in range(BATCHES_KEPT)]
        self.kept = tuple(torch.cat(part) for part in zip(*first, strict=True))
        self.oldest = 0

    def _encoded(self, count: int) -> tuple[Tensor, Tensor, Tensor]:
        plain, mixed, captions = self.batches(count)
        return encode(self.autoencoder, plain), encode(self.autoencoder, mixed), captions

    @torch.no_grad()
    def __call__(self) -> tuple[Tensor, Tensor, Tensor]:
        """Returns latents `(batch, channels, 8, 32)`, plain and mixed, and numbers of captions."""
        size = len(self.kept[0])
        place = torch.arange(self.oldest, self.oldest + self.fresh) % size
        self.oldest = (self.oldest + self.fresh) % size
        device = self.kept[0].device
        for kept, new in zip(self.kept, self._encoded(self.fresh), strict=True):
            kept[place.to(device)] = new
        chosen = torch.randint(size, (self.batch,), device=device)
        plain, mixed, captions = (kept[chosen] for kept in self.kept)
        return plain, mixed, captions


def shaped_by(canvases: Tensor, shape: Tensor, least: float, most: float) -> Tensor:
    """Returns canvases with levels reduced, where `shape` is black, to a share within bounds."""
    floor = least + (most - least) * torch.rand(len(canvases), 1, 1, device=canvases.device)
    return canvases * (floor + (1 - floor) * shape)


def blurred(canvases: Tensor, by: int = 16) -> Tensor:
    """Returns canvases `(count, height, width)` blurred as if seen from `by` times the distance."""
    small = functional.avg_pool2d(canvases[:, None], by)
    size = tuple(canvases.shape[1:])
    return functional.interpolate(small, size, mode="bilinear", align_corners=False)[:, 0]
