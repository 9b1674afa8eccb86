"""The autoencoder of the embedded pair: a linear code of blocks, and a decoder that refines it."""

from typing import Any

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from diffusers.models.autoencoders.vae import Decoder, DecoderOutput, EncoderOutput
from diffusers.utils.accelerate_utils import apply_forward_hook
from torch import Tensor, nn
from torch.nn.functional import pixel_shuffle


class BlockAutoencoder(ModelMixin, ConfigMixin):  # type: ignore[misc]
    """Latents are the principal components of square blocks; a network decodes what they leave out.

    Encoding is one linear map of each block of `block` x `block` gray pixels, so the mean of two
    latents is the latent of the mean of their images. Decoding is the transposed map plus a
    correction by diffusers' convolutional `Decoder`, which sees neighbouring blocks.

    Args:
        latent_channels: Number of components kept per block.
        block: Side of a block, in pixels; a multiple of `2 ** (len(block_out_channels) - 1)`.
        block_out_channels: Channels of the decoder's levels, finest first.
        norm_num_groups: Groups of its normalisation layers.
        scaling_factor: Factor on latents after encoding; training folds it into the weights.
    """

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(
        self,
        latent_channels: int = 32,
        block: int = 32,
        block_out_channels: tuple[int, ...] = (96, 128, 160),
        norm_num_groups: int = 16,
        scaling_factor: float = 1.0,
    ) -> None:
        super().__init__()
        levels = len(block_out_channels)
        self.patch = block // 2 ** (levels - 1)
        self.spatial_compression_ratio = block
        self.analysis = nn.Conv2d(1, latent_channels, block, stride=block)
        self.synthesis = nn.ConvTranspose2d(latent_channels, 1, block, stride=block)
        self.decoder = Decoder(
            in_channels=latent_channels,
            out_channels=self.patch**2,
            up_block_types=("UpDecoderBlock2D",) * levels,
            block_out_channels=block_out_channels,
            layers_per_block=1,
            norm_num_groups=norm_num_groups,
            mid_block_add_attention=False,
        )
        nn.init.zeros_(self.decoder.conv_out.weight)
        nn.init.zeros_(self.decoder.conv_out.bias)

    @apply_forward_hook  # type: ignore[untyped-decorator]
    def encode(self, x: Tensor, return_dict: bool = True) -> Any:
        """Returns the latents of images `(batch, 3, height, width)` in [-1, 1]; colour is dropped.

        Height and width must be multiples of the block.
        """
        latent = self.analysis(x.mean(1, keepdim=True))
        return EncoderOutput(latent=latent) if return_dict else (latent,)

    @apply_forward_hook  # type: ignore[untyped-decorator]
    def decode(self, z: Tensor, return_dict: bool = True, generator: Any = None) -> Any:
        """Returns gray images `(batch, 3, height, width)` of latents."""
        gray = self.synthesis(z) + pixel_shuffle(self.decoder(z), self.patch)
        image = gray.expand(-1, 3, -1, -1)
        return DecoderOutput(sample=image) if return_dict else (image,)

    def set_components(self, mean: float, components: Tensor, scale: Tensor) -> None:
        """Sets the linear code, in place.

        Args:
            mean: Gray level that is subtracted from blocks, in [-1, 1].
            components: Orthonormal rows `(latent_channels, block * block)`.
            scale: Factor of each component, `(latent_channels,)`.
        """
        shape = self.analysis.weight.shape
        code = {
            "analysis.weight": (scale[:, None] * components).view(shape),
            "analysis.bias": -mean * scale * components.sum(1),
            "synthesis.weight": (components / scale[:, None]).view(shape),
            "synthesis.bias": torch.tensor([mean]),
        }
        self.load_state_dict(code, strict=False)
