"""A damaged TensorFlow checkpoint raises one of our errors, wherever the damage lies."""

import importlib.util
import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from sonocanvas.errors import InvalidInputError
from sonocanvas.scorers.tf_checkpoint import read_checkpoint

FILES = (".index", ".data-00000-of-00001")


@pytest.fixture
def checkpoint(tmp_path):
    package = Path(importlib.util.find_spec("musicnn").origin).parent
    for name in FILES:
        shutil.copy(package / "MTT_vgg" / name, tmp_path)
    return tmp_path


def test_tensors_have_their_shapes_and_are_finite(checkpoint):
    tensors = read_checkpoint(checkpoint)
    assert tensors["5CNN/kernel"].shape == (3, 3, 128, 128)
    assert tensors["dense/bias"].shape == (50,)
    assert all(np.isfinite(values).all() for values in tensors.values())
    assert (tensors["batch_normalization_3/moving_variance"] > 0).all()


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_missing_or_cut_is_told(checkpoint, name):
    path = checkpoint / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InvalidInputError, match="is not a TensorFlow checkpoint"):
        read_checkpoint(checkpoint)
    path.unlink()
    with pytest.raises(InvalidInputError, match="No such file"):
        read_checkpoint(checkpoint)


def test_no_damage_of_the_index_is_another_error(checkpoint):
    path, rng = checkpoint / ".index", random.Random(0)
    whole = path.read_bytes()
    told = 0
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[rng.randrange(len(whole))] = rng.randrange(256)
        path.write_bytes(damaged)
        try:
            read_checkpoint(checkpoint)
        except InvalidInputError:
            told += 1
    assert told > 30
