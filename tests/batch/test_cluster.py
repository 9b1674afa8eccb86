"""Cluster options as a user writes them."""

import re

import pytest

from sonocanvas.batch.cluster import Cluster
from sonocanvas.errors import InvalidInputError


def test_a_text_names_a_cluster_and_its_workers():
    assert Cluster.parse("ray") == Cluster()
    asked = "ray://head:10001?workers=4&gpus=0.5&cpus=2&attempts=5&limit_s=60"
    assert Cluster.parse(asked) == Cluster("ray://head:10001", 4, 2.0, 0.5, 5, 60.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("spark", "'spark' is not a cluster; write ray or ray://HOST:PORT"),
        ("ray?worker=4", "Unknown option of a cluster 'worker'. Did you mean 'workers'?"),
        ("ray?workers=1.5", "workers of a cluster must be a whole number, not '1.5'."),
        ("ray?gpus=", "gpus of a cluster must be a number, not ''."),
        ("ray?cpus=nan", "cpus of a cluster must be from 0 to 999999, not nan."),
        ("ray?attempts=0", "attempts of a cluster must be from 1 to 999999, not 0."),
    ],
)
def test_what_names_no_cluster_is_refused(text, message):
    with pytest.raises(InvalidInputError, match=re.escape(message)):
        Cluster.parse(text)
