"""The published checkpoints that pairs are made of: their names, revisions and licences.

A revision is `main` where no commit could be verified; the commit that was used is kept in each
sample, and `OWNER/NAME@COMMIT` asks for it again.
"""

from sonocanvas.pairs.hub import Source

STABLE_DIFFUSION = Source(
    "stable-diffusion-v1-5/stable-diffusion-v1-5", "main", "CreativeML OpenRAIL-M"
)
AUFFUSION = Source(
    "auffusion/auffusion-full-no-adapter",
    "main",
    "CC BY-NC-SA 4.0, not for commercial use",
    vocoder=True,
)
RIFFUSION = Source("riffusion/riffusion-model-v1", "main", "CreativeML OpenRAIL-M")
