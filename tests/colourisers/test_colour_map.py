"""False colour: one picture in the map's own colours, without a model."""

import numpy as np
import pytest

from sonocanvas.canvas import canvas_to_bytes
from sonocanvas.files.colour_maps import colour_tables
from sonocanvas.files.pictures import image_to_rgb
from sonocanvas.registry import build


@pytest.mark.parametrize("name", colour_tables())
def test_each_pixel_has_the_colour_of_its_level(sample, name):
    def no_pair():
        raise AssertionError("a colour map loads no models")

    colour = build("colouriser", name, {})(no_pair, "cpu", None)(sample)
    assert (colour.colour_map, colour.record) == (name, {"name": name})
    assert colour.pictures.shape == (1, 3, *sample.canvas.shape)
    rgb = image_to_rgb(colour.pictures[0])
    assert np.array_equal(rgb, colour_tables()[name][canvas_to_bytes(sample.canvas)])
