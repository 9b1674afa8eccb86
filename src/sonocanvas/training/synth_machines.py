"""The synthesizer of every vehicle, instrument and thing, by concept."""

from collections.abc import Callable

import numpy as np

from sonocanvas.training import synth_instruments as instruments
from sonocanvas.training import synth_percussion as percussion
from sonocanvas.training import synth_things as things
from sonocanvas.training import synth_vehicles as vehicles
from sonocanvas.training.partials import Clip

MACHINES: dict[str, Callable[[np.random.Generator], Clip]] = {
    "train": vehicles.train,
    "ship": vehicles.ship,
    "airplane": vehicles.airplane,
    "helicopter": vehicles.helicopter,
    "car": vehicles.car,
    "truck": vehicles.truck,
    "fire-truck": vehicles.fire_truck,
    "bell": percussion.bell,
    "church": instruments.church,
    "castle": percussion.castle,
    "wind-chime": percussion.wind_chime,
    "clock": things.clock,
    "telephone": things.telephone,
    "drum": percussion.drum,
    "guitar": instruments.guitar,
    "piano": instruments.piano,
    "violin": instruments.violin,
    "trumpet": instruments.trumpet,
    "flute": instruments.flute,
    "harp": instruments.harp,
    "accordion": instruments.accordion,
    "glass": things.glass,
    "door": things.door,
    "bomb": things.bomb,
    "gong": percussion.gong,
    "xylophone": percussion.xylophone,
    "footsteps": things.footsteps,
    "hammer": things.hammer,
    "alarm": things.alarm,
    "robot": things.robot,
    "applause": things.applause,
}
"""Each takes a generator and returns one phrase; all parameters are random."""
