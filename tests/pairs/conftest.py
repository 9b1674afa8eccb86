"""Checkpoints in the published layout, made once."""

import pytest
from tiny_checkpoint import VOCODER, save_checkpoint


@pytest.fixture(scope="session")
def saved(tmp_path_factory):
    """Returns two checkpoints that differ in the UNet; the audio one is laid out as Auffusion's."""
    folder = tmp_path_factory.mktemp("checkpoints")
    save_checkpoint(folder / "image", seed=1)
    save_checkpoint(folder / "audio", seed=2, vocoder=VOCODER, pickled_unet=True)
    return folder
