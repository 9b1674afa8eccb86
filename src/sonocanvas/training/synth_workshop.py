"""Synthesizers of tools, household things and games: saw and kettle to fireworks.

Each takes a `numpy.random.Generator` and returns a mono clip: float32, `SAMPLE_RATE_HZ`, peak
0.9, 0.3 to 10.24 s. Outside a sound's own frequencies it is silent.
"""

from collections.abc import Callable

import numpy as np

from sonocanvas.training.dsp import bubble, wander
from sonocanvas.training.partials import (
    Clip,
    Event,
    band_noise,
    damped_modes,
    fade,
    finish,
    harmonic_tone,
    mix,
    puff,
    strikes,
    stroke_times,
    timeline,
)

Rng = np.random.Generator


def sewing_machine(rng: Rng) -> Clip:
    """Return a sewing machine: runs of 9 to 18 stitches a second over the motor's hum."""
    modes = np.concatenate([rng.uniform(250, 800, 3), rng.uniform(1500, 5000, 4)])
    stitch = damped_modes(modes, rng.uniform(0.3, 1, 7), 0.008, 0.06, 0.001)
    rate = rng.uniform(9, 18)
    events: list[Event] = []
    start = rng.uniform(0.05, 0.3)
    for _ in range(rng.integers(2, 5)):
        length = rng.uniform(0.8, 2.6)
        time = timeline(length)
        speed = np.clip(np.minimum(time / 0.3, (length - time) / 0.25), 0.35, 1)
        turns = np.floor(np.cumsum(rate * speed) / 16_000)
        times = time[1:][np.diff(turns) > 0]
        hum = harmonic_tone(rate * 14 * speed, 0.5 ** np.arange(8))
        events.append((start, strikes(times, rng.uniform(0.7, 1, len(times)), stitch, length)))
        events.append((start, fade(rng.uniform(0.1, 0.3) * hum * speed, 0.1, 0.15)))
        start += length + rng.uniform(0.3, 0.8)
    return finish(mix(events))


def typewriter(rng: Rng) -> Clip:
    """Return a typewriter: uneven key strokes, a bell at the end of the line, the carriage."""
    events: list[Event] = []
    start = 0.05
    bell = damped_modes(rng.uniform(2200, 3600) * np.array([1, 1.51]), [1, 0.4], 0.35, 1.4)
    ratchet = damped_modes(rng.uniform(800, 4000, 4), 1, 0.003, 0.03, 0.001)
    modes, pace = rng.uniform(300, 6000, 9), rng.uniform(0.11, 0.19)
    for _ in range(rng.integers(1, 4)):
        for _ in range(rng.integers(9, 20)):
            key = damped_modes(modes * rng.uniform(0.97, 1.03), rng.uniform(0.2, 1, 9), 0.006, 0.05)
            events += [(start, rng.uniform(0.6, 1) * key), (start + 0.035, 0.25 * key)]
            start += pace * rng.choice([1, 1, 1, 2]) * rng.uniform(0.75, 1.3)
        events.append((start, 2.5 * bell))
        zip_s = rng.uniform(0.4, 0.7)
        times = np.cumsum(np.linspace(0.02, 0.009, 60))
        times = times[times < zip_s]
        events.append((start + 0.4, strikes(times, 1.2, ratchet, zip_s)))
        start += 0.6 + zip_s
    return finish(mix(events))


def vacuum_cleaner(rng: Rng) -> Clip:
    """Return a vacuum cleaner: a motor that runs up, whines at 230 to 420 Hz and runs down."""
    duration = rng.uniform(5, 10)
    time = timeline(duration)
    up, down = rng.uniform(0.3, 0.8), rng.uniform(0.7, 1.5)
    speed = (1 - np.exp(-time / (up / 2.5))) * np.clip((duration - time) / down, 0, 1) ** 0.7
    load = 1 + 0.05 * np.sin(2 * np.pi * rng.uniform(0.3, 0.8) * time + rng.uniform(0, 6.28))
    pitch = rng.uniform(230, 420) * np.maximum(speed, 0.08) * load
    motor = harmonic_tone(pitch, rng.uniform(0.3, 1, 16) * 0.82 ** np.arange(16))
    air = band_noise(rng, duration, rng.uniform(300, 600), rng.uniform(2500, 5000))
    return finish(fade((motor + rng.uniform(0.25, 0.6) * air) * speed**1.5, 0.05, 0.1))


def kettle(rng: Rng) -> Clip:
    """Return a kettle: simmering water, then a whistle that climbs to 1.8 to 3.2 kHz."""
    duration = rng.uniform(6, 10)
    time = timeline(duration)
    boil = np.clip((time / duration - rng.uniform(0.05, 0.3)) / rng.uniform(0.3, 0.5), 0, 1)
    pitch = (
        rng.uniform(1800, 3200)
        * (0.55 + 0.45 * boil**0.7)
        * (1 + 0.004 * wander(rng, len(time), 8))
    )
    whistle = harmonic_tone(pitch, [1, 0.3, 0.1]) + 0.6 * harmonic_tone(pitch * 1.19, [1, 0.2])
    simmer = band_noise(rng, duration, 200, 1500) * (0.6 + 0.4 * wander(rng, len(time), 12))
    steam = band_noise(rng, duration, 2500, 6500)
    total = boil**1.5 * whistle + 0.12 * simmer * (1 - 0.5 * boil) + 0.02 * boil * steam
    return finish(fade(total, 0.2, 0.3))


def tap(rng: Rng) -> Clip:
    """Return a dripping tap: now and then a drop, which traps a bubble and echoes in the sink."""
    events: list[Event] = []
    pace = rng.uniform(0.45, 1.3)
    pitch = rng.uniform(700, 2200)
    for start in stroke_times(rng, int(rng.uniform(4, 9) / pace), pace, 0.12):
        drop = bubble(pitch * rng.uniform(0.85, 1.15), rng.uniform(0.012, 0.03), 0.12)
        tick = damped_modes(rng.uniform(2500, 6500, 3), 0.25, 0.002, 0.02)
        events += [(start, tick), (start + 0.02, drop)]
        events += [(start + 0.02 + k * 0.045, 0.3**k * drop) for k in (1, 2)]
    return finish(mix(events))


def saw(rng: Rng) -> Clip:
    """Return a hand saw cutting wood: strokes to and fro, teeth at 60 to 200 a second."""
    events: list[Event] = []
    tooth = damped_modes(rng.uniform(700, 6000, 8), rng.uniform(0.3, 1, 8), 0.003, 0.03, 0.001)
    start, stroke_s, teeth = 0.05, rng.uniform(0.25, 0.45), rng.uniform(110, 220)
    for index in range(int(rng.uniform(4, 8) / stroke_s / 1.3)):
        length = stroke_s * rng.uniform(0.9, 1.1)
        time = timeline(length)
        speed = np.sin(np.pi * time / length) ** 0.7
        turns = np.floor(np.cumsum(teeth * speed) / 16_000)
        times = time[1:][np.diff(turns) > 0]
        cut = strikes(times, rng.uniform(0.5, 1, len(times)), tooth, length)
        rasp = band_noise(rng, length, 1200 if index % 2 else 800, 5000) * speed**2
        level = 1.0 if index % 2 else 0.6
        events.append((start, fade(level * (cut + 0.3 * rasp), 0.03, 0.05)))
        start += length * rng.uniform(1.1, 1.3)
    return finish(mix(events))


def jackhammer(rng: Rng) -> Clip:
    """Return a jackhammer: bursts of 14 to 24 blows a second, a thud and a clank to each."""
    modes = np.concatenate([rng.uniform(60, 180, 3), rng.uniform(900, 5000, 6)])
    blow = damped_modes(
        modes, [1, 1, 1, *rng.uniform(0.2, 0.6, 6)], [0.02] * 3 + [0.008] * 6, 0.12, 0.001
    )
    rate = rng.uniform(14, 24)
    events: list[Event] = []
    start = 0.05
    for _ in range(rng.integers(1, 4)):
        length = rng.uniform(1.2, 3)
        times = np.arange(0, length, 1 / rate) + rng.normal(0, 0.002, int(np.ceil(length * rate)))
        hits = strikes(times, rng.uniform(0.7, 1, len(times)), blow, length + 0.1)
        air = band_noise(rng, length + 0.1, 1500, 6000)
        pressure = strikes(times + 0.02, 1.0, puff(0.008, 0.01), length + 0.1)
        events.append((start, hits + 0.12 * np.abs(hits).max() * air * pressure))
        start += length + rng.uniform(0.4, 1.0)
    return finish(mix(events))


def motorcycle(rng: Rng) -> Clip:
    """Return a motorcycle accelerating: the firing rate climbs in each gear and drops between."""
    gears, parts = int(rng.integers(2, 5)), []
    low, high = rng.uniform(45, 65), rng.uniform(120, 190)
    for gear in range(gears):
        time = timeline(rng.uniform(1.0, 1.6) * (1 + 0.5 * gear))
        first = low if gear == 0 else high * rng.uniform(0.6, 0.72)
        parts.append(first + (high - first) * (1 - np.exp(-2.2 * time / time[-1])) / 0.89)
        parts.append(np.linspace(high, high * 0.65, 2400))
    firing = np.concatenate(parts)
    firing = firing * (1 + 0.01 * wander(rng, len(firing), 15))
    uneven = rng.uniform(0.15, 0.5)
    engine = harmonic_tone(firing, rng.uniform(0.5, 1, 50) / np.arange(1, 51) ** 0.75)
    engine += uneven * harmonic_tone(firing / 2, np.ones(40) / np.arange(1, 41) ** 0.7)
    away = np.linspace(1, rng.uniform(0.3, 1), len(firing))
    return finish(fade(engine * away, 0.1, 0.5))


def bouncing_ball(rng: Rng) -> Clip:
    """Return a ball that bounces out: each bounce sooner and softer by the same factor."""
    root, keep = rng.uniform(80, 260), rng.uniform(0.78, 0.9)
    modes = root * np.array([1, 1.6, 2.3, 5.2, 8.1])
    hit = damped_modes(modes, [1, 0.7, 0.5, 0.3, 0.2], [0.05, 0.04, 0.03, 0.01, 0.01], 0.3, 0.001)
    events: list[Event] = []
    start, gap, level = 0.05, rng.uniform(0.6, 1.0), 1.0
    while gap > 0.03 and start < 9:
        events.append((start, level * hit))
        start, gap, level = start + gap, gap * keep, level * keep
    return finish(mix(events))


def ping_pong(rng: Rng) -> Clip:
    """Return table tennis: a rally of hollow knocks, 800 to 1700 Hz, bat and table in turn."""
    bat, table = rng.uniform(800, 1200), rng.uniform(1250, 1700)
    sounds = [
        damped_modes(f * np.array([1, 2.4, 4.1]), [1, 0.5, 0.3], [0.012, 0.006, 0.004], 0.1, 0.001)
        for f in (bat, table)
    ]
    events: list[Event] = []
    start, pace = 0.05, rng.uniform(0.45, 0.75)
    for _ in range(rng.integers(6, 14)):
        events.append((start, rng.uniform(0.7, 1) * sounds[0]))
        events.append((start + pace * rng.uniform(0.5, 0.62), rng.uniform(0.4, 0.7) * sounds[1]))
        start += pace * rng.uniform(0.9, 1.1)
    return finish(mix(events))


def fireworks(rng: Rng) -> Clip:
    """Return fireworks: a whistle that climbs and falls, a bang, and a shower of crackles."""
    events: list[Event] = []
    start = rng.uniform(0.05, 0.4)
    spark = damped_modes(rng.uniform(1500, 7000, 5), 1, 0.002, 0.02, 0.0005)
    for _ in range(rng.integers(2, 4)):
        length = rng.uniform(0.7, 1.4)
        time = timeline(length)
        pitch = rng.uniform(1800, 3200) * (1 + 0.5 * np.sin(np.pi * 0.8 * time / length))
        events.append((start, 0.25 * fade(harmonic_tone(pitch, [1, 0.15]), 0.1, 0.15)))
        start += length + rng.uniform(0, 0.15)
        for low, decay in ((50, 0.35), (180, 0.2), (600, 0.1), (2200, 0.05)):
            bang = band_noise(rng, 1.6, low, 3 * low) * np.exp(-timeline(1.6) / decay)
            events.append((start, fade(0.5 * bang, 0.003, 0.3)))
        times = 0.25 + rng.gamma(2, 0.3, rng.integers(20, 120))
        events.append((start, strikes(times, rng.uniform(0.05, 0.35, len(times)), spark, 2.4)))
        start += rng.uniform(0.7, 1.6)
    return finish(mix(events))


def tyre_screech(rng: Rng) -> Clip:
    """Return tyres screeching: a stick-slip squeal of 700 to 1500 Hz that wavers and sinks."""
    events: list[Event] = []
    start = 0.05
    for _ in range(rng.integers(1, 4)):
        length = rng.uniform(0.8, 2.4)
        time = timeline(length)
        waver = 1 + 0.03 * wander(rng, len(time), 12) + 0.01 * wander(rng, len(time), 60)
        pitch = rng.uniform(700, 1500) * np.interp(time, [0, 0.15, length], [0.9, 1, 0.8]) * waver
        squeal = harmonic_tone(pitch, [1, 0.5, 0.35, 0.2, 0.1])
        squeal += 0.6 * harmonic_tone(pitch * rng.uniform(1.1, 1.3), [1, 0.4, 0.2])
        rubber = band_noise(rng, length, 500, 4000)
        events.append((start, fade(squeal + rng.uniform(0.1, 0.25) * rubber, 0.04, 0.2)))
        start += length + rng.uniform(0.2, 0.7)
    return finish(mix(events))


def electricity(rng: Rng) -> Clip:
    """Return electric sparks: arcs that buzz at twice the mains' 50 or 60 Hz and break off."""
    rate = rng.choice([100.0, 120.0])
    snap = damped_modes(rng.uniform(1000, 7200, 14), rng.uniform(0.3, 1, 14), 0.0015, 0.015, 0.0004)
    events: list[Event] = []
    start, duration = 0.05, rng.uniform(3, 8)
    while start < duration:
        length = rng.choice([0.05, rng.uniform(0.1, 0.3), rng.uniform(0.4, 1.0)])
        times = np.arange(0, length, 1 / rate)
        times = times[rng.random(len(times)) < 0.9] + 0.0005
        levels = rng.uniform(0.3, 1, len(times)) * rng.uniform(0.5, 1)
        events.append((start, strikes(times, levels, snap, length + 0.02)))
        start += length + rng.exponential(0.2)
    return finish(mix(events))


def drill(rng: Rng) -> Clip:
    """Return an electric drill: a whine that runs up, sinks under load, and stops, twice or so."""
    events: list[Event] = []
    top, start = rng.uniform(350, 800), 0.05
    amplitudes = rng.uniform(0.3, 1, 14) * 0.85 ** np.arange(14)
    for _ in range(rng.integers(2, 5)):
        length = rng.uniform(1.0, 2.4)
        time = timeline(length)
        load = 1 - rng.uniform(0.1, 0.35) * np.clip((time / length - 0.35) / 0.1, 0, 1)
        run = (1 - np.exp(-time / 0.1)) * np.clip((length - time) / 0.25, 0.05, 1)
        whine = harmonic_tone(top * np.maximum(run, 0.1) * load, amplitudes)
        bite = band_noise(rng, length, 1000, 5000) * (load < 0.99)
        events.append((start, fade((whine + 0.3 * bite) * run, 0.02, 0.1)))
        start += length + rng.uniform(0.2, 0.7)
    return finish(mix(events))


WORKSHOP: dict[str, Callable[[Rng], Clip]] = {
    "sewing-machine": sewing_machine,
    "typewriter": typewriter,
    "vacuum-cleaner": vacuum_cleaner,
    "kettle": kettle,
    "dripping-tap": tap,
    "saw": saw,
    "jackhammer": jackhammer,
    "motorcycle": motorcycle,
    "bouncing-ball": bouncing_ball,
    "ping-pong": ping_pong,
    "fireworks": fireworks,
    "tyre-screech": tyre_screech,
    "electricity": electricity,
    "drill": drill,
}
"""The synthesizers in this file, by concept."""
