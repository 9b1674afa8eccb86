"""The published checkpoints of the pairs: their names, revisions and licences.

A revision is a commit that other public code pins too (Stable Diffusion: many projects; Riffusion:
its authors' own code), or `main` for Auffusion, for which we know of no such commit. Each sample
records the commit used, and `OWNER/NAME@COMMIT` requests it again.
"""

from sonocanvas.pairs.hub import Source

STABLE_DIFFUSION = Source(
    "stable-diffusion-v1-5/stable-diffusion-v1-5",
    "451f4fe16113bff5a5d2269ed5ad43b0592e9a14",
    "CreativeML OpenRAIL-M",
)
AUFFUSION = Source(
    "auffusion/auffusion-full-no-adapter",
    "main",
    "CC BY-NC-SA 4.0, not for commercial use",
    vocoder=True,
)
RIFFUSION = Source(
    "riffusion/riffusion-model-v1",
    "79993436c342ff529802d1dabb016ebe15b5c4ae",
    "CreativeML OpenRAIL-M",
)
