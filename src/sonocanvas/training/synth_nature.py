"""Seeded synthesizers of nature: birds, insects, weather, water, fire; and the list of all of them.

Each takes a random generator and returns one natural phrase: mono float32 at 16 kHz, peak
0.9, 0.3 to 10.24 s. Silent parts are digital silence, or nearly so.
"""

from collections.abc import Callable

import numpy as np

from sonocanvas.training import synth_animals as animals
from sonocanvas.training.dsp import (
    MAX_DURATION_S,
    SAMPLE_RATE_HZ,
    Array,
    Waveform,
    bubble,
    chain,
    clock,
    contour,
    envelope,
    finish,
    noise,
    samples,
    scatter,
    tone,
    voice,
    wander,
)

Rng = np.random.Generator


def _syllable(rng: Rng, centre_hz: float) -> Array:
    """Returns one sweep of a songbird: a nearly pure tone that rises, falls, arches or shakes."""
    n, width = samples(rng.uniform(0.05, 0.22)), rng.uniform(0.08, 0.35)
    shapes = ([-1, 1], [1, -1], [-1, 1, -0.8], [1, -1, 0.8], [0.2, -0.2])
    sweep = contour(n, shapes[rng.integers(len(shapes))])
    shake = rng.choice([0.0, 0.05]) * np.sin(2 * np.pi * rng.uniform(25, 45) * clock(n))
    frequency = np.clip(centre_hz * (1 + width * sweep + shake), 1500, 7400)
    return tone(frequency) * envelope(n, 0.015, 0.03)


def bird(rng: Rng) -> Waveform:
    """Birdsong: phrases, each one sweep of 2 to 6.5 kHz repeated."""
    parts, gaps = [], []
    for _ in range(rng.integers(3, 8)):
        one, gap = _syllable(rng, rng.uniform(2300, 5500)), rng.uniform(0.03, 0.12)
        for _ in range(rng.integers(1, 8)):
            parts.append(one * rng.uniform(0.6, 1))
            gaps.append(gap)
        gaps[-1] = rng.uniform(0.1, 0.7)
    return finish(chain(parts, gaps))


def frog(rng: Rng) -> Waveform:
    """Croaks: 12 to 26 pulses a second, rung at the vocal sac's resonances."""
    rate, carrier = rng.uniform(12, 26), rng.uniform(550, 1300)
    croaks = []
    for _ in range(rng.integers(2, 7)):
        n = samples(rng.uniform(0.2, 0.7))
        beat = np.cumsum(rate * contour(n, [0.85, 1.1])) / SAMPLE_RATE_HZ
        ringing = np.exp(-4 * (beat % 1)) * np.sin(np.pi * np.clip((beat % 1) / 0.3, 0, 0.5)) ** 2
        bend = contour(n, [0.9, 1.05])
        sound = tone(carrier * bend) + 0.5 * tone(2.1 * carrier * bend)
        croaks.append(sound * ringing * envelope(n, 0.08, 0.08))
    return finish(chain(croaks, list(rng.uniform(0.15, 0.8) * rng.uniform(0.8, 1.2, len(croaks)))))


def snake(rng: Rng) -> Waveform:
    """Hisses: turbulent breath, 3 to 7.5 kHz, that swells and dies."""
    hisses = []
    for _ in range(rng.integers(1, 4)):
        n = samples(rng.uniform(0.8, 2.5))
        centre = rng.uniform(4200, 5600) * contour(n, [0.9, 1.1, 0.95])
        swell = contour(n, [0, 1, 0.7, 0], [0, rng.uniform(0.15, 0.4), 0.7, 1])
        hisses.append(noise(rng, n, centre, 0.25) * swell)
    return finish(chain(hisses, list(rng.uniform(0.15, 0.7, len(hisses)))))


def bee(rng: Rng) -> Waveform:
    """A buzz: wing beats of 170 to 250 a second and a dozen harmonics."""
    n = samples(rng.uniform(3, 8))
    pitch = rng.uniform(170, 250) * (1 + 0.06 * wander(rng, n, 0.8) + 0.012 * wander(rng, n, 12))
    passing = 0.25 + 0.75 * (0.5 + 0.5 * wander(rng, n, 0.6))
    buzz = voice(pitch, [(rng.uniform(350, 600), 400), (1800, 1000)], -3)
    return finish(buzz * passing * envelope(n, 0.3, 0.4))


def mosquito(rng: Rng) -> Waveform:
    """A whine: 450 to 750 wing beats a second that glide as it passes."""
    n = samples(rng.uniform(3, 8))
    pitch = rng.uniform(450, 750) * (1 + 0.14 * wander(rng, n, 0.9) + 0.006 * wander(rng, n, 15))
    near = np.clip(0.5 + 0.6 * wander(rng, n, 0.7), 0.03, 1)
    whine = voice(pitch, [(rng.uniform(1500, 2500), 3000), (5000, 3000)], -4)
    return finish(whine * near * envelope(n, 0.5, 0.5))


def cricket(rng: Rng) -> Waveform:
    """Chirps: two to five wing strokes of a pure 4 to 5.5 kHz tone."""
    carrier, strokes, rate = rng.uniform(3900, 5600), int(rng.integers(2, 6)), rng.uniform(22, 38)
    n = samples(rng.uniform(0.6, 0.85) / rate)
    chirp = tone(carrier * contour(n, [1.01, 0.985])) * envelope(n, 0.006, 0.01)
    group = chain(
        [chirp * (0.5 + 0.5 * (k + 1) / strokes) for k in range(strokes)],
        [1 / rate - n / SAMPLE_RATE_HZ] * strokes,
    )
    pause = rng.uniform(0.12, 0.5)
    count = int(rng.uniform(4, MAX_DURATION_S) / (len(group) / SAMPLE_RATE_HZ + pause))
    return finish(chain([group] * count, list(pause * rng.uniform(0.9, 1.1, count))))


def rain(rng: Rng) -> Waveform:
    """Rain: a soft bed of 1 to 7 kHz with drops that ring as Minnaert's bubbles."""
    n = samples(MAX_DURATION_S)
    bed = noise(rng, n, rng.uniform(2800, 4500), rng.uniform(0.5, 0.8))
    bed *= rng.uniform(0.04, 0.12) * (1 + 0.3 * wander(rng, n, 0.4))

    def drop() -> Array:
        ring = bubble(rng.uniform(1800, 6500), rng.uniform(0.002, 0.006), 0.05)
        return ring * rng.uniform(0.1, 1) ** 2

    return finish(bed + scatter(rng, np.ones(n), rng.uniform(600, 1600), drop))


def thunder(rng: Rng) -> Waveform:
    """Thunder: a clap, then a rumble that sinks as the far air dulls it."""
    n = samples(rng.uniform(4, 9))
    seconds = clock(n)
    centre = 55 + rng.uniform(120, 400) * np.exp(-seconds / rng.uniform(0.4, 1))
    rolls = np.exp(-seconds / rng.uniform(0.3, 0.7))
    for _ in range(rng.integers(2, 6)):
        since = seconds - rng.uniform(0.2, 0.6) * n / SAMPLE_RATE_HZ
        slope = np.where(since > 0, np.exp(-since / rng.uniform(0.6, 1.4)), np.exp(since / 0.15))
        rolls += rng.uniform(0.2, 0.6) * slope
    rumble = noise(rng, n, centre, rng.uniform(0.8, 1.1)) * (1 + 0.4 * wander(rng, n, 8))
    return finish(rumble * rolls * envelope(n, 0.03, 1.5))


def wind(rng: Rng) -> Waveform:
    """Wind: gusts that whistle at an edge, the pitch rising with the speed."""
    n = samples(MAX_DURATION_S)
    speed = 0.5 + 0.5 * wander(rng, n, rng.uniform(0.2, 0.5))
    whistle = noise(rng, n, rng.uniform(250, 450) * (1 + 1.6 * speed), rng.uniform(0.1, 0.2))
    body = noise(rng, n, 130 * (1 + speed), 0.6)
    gust = 0.1 + 0.9 * speed**1.5
    return finish((whistle + rng.uniform(0.3, 0.8) * body) * gust * envelope(n, 0.4, 0.4))


def sea(rng: Rng) -> Waveform:
    """Waves: each swells low, breaks bright and draws back hissing."""
    n = samples(MAX_DURATION_S)
    seconds, total = clock(n), np.zeros(n)
    crest, period = rng.uniform(0.8, 3.0), rng.uniform(3.2, 5.5)
    while crest < MAX_DURATION_S + 1:
        since, rise = seconds - crest, rng.uniform(0.5, 0.9)
        swell = np.where(since < 0, np.exp(since / rise), np.exp(-since / rng.uniform(0.8, 1.4)))
        centre = 350 + 1500 / (1 + np.exp(-since / 0.3))
        total += noise(rng, n, centre, rng.uniform(0.85, 1.1)) * swell * rng.uniform(0.6, 1)
        crest += period * rng.uniform(0.85, 1.2)
    return finish(total)


def river(rng: Rng) -> Waveform:
    """Running water: a crowd of rising bubbles, 400 to 3000 Hz."""
    n = samples(rng.uniform(7, MAX_DURATION_S))
    bed = noise(rng, n, rng.uniform(500, 800), 0.6) * rng.uniform(0.04, 0.1)

    def gurgle() -> Array:
        pitch = np.exp(rng.uniform(np.log(400), np.log(2600)))
        ring = bubble(pitch, rng.uniform(8, 20) / pitch, rng.uniform(0.02, 0.15))
        return ring * rng.uniform(0.1, 1) ** 2

    flow = 1 + 0.7 * wander(rng, n, 1.5)
    return finish(bed + scatter(rng, flow, rng.uniform(40, 100) * n / SAMPLE_RATE_HZ, gurgle))


def fire(rng: Rng) -> Waveform:
    """Fire: Poisson crackles of a few milliseconds over lapping flames."""
    n = samples(rng.uniform(6, MAX_DURATION_S))
    lapping = noise(rng, n, rng.uniform(80, 150), 0.6) * (0.6 + 0.4 * wander(rng, n, 5))

    def crackle() -> Array:
        m = samples(rng.uniform(0.006, 0.02))
        burst = rng.standard_normal(m) * np.exp(-6 * np.arange(m) / m)
        return burst * min(1.0, 0.06 * rng.pareto(1.2) + 0.02) * envelope(m, 0.0003, 0.002)

    flare = np.clip(0.4 + wander(rng, n, 2), 0.05, None)
    count = rng.uniform(6, 22) * n / SAMPLE_RATE_HZ
    return finish(rng.uniform(0.04, 0.1) * lapping + scatter(rng, flare, count, crackle))


def forest(rng: Rng) -> Waveform:
    """Leaves in gusts: thousands of light taps, each a short noise of 2 to 7 kHz."""
    n = samples(MAX_DURATION_S)
    gust = np.clip(0.35 + 0.75 * wander(rng, n, rng.uniform(0.3, 0.6)), 0.0, None) ** 2 + 0.004
    cloth = noise(rng, n, rng.uniform(3200, 4600), 0.4)

    def tap() -> Array:
        m = samples(rng.uniform(0.015, 0.05))
        start = int(rng.integers(n - m))
        return cloth[start : start + m] * envelope(m, 0.004, 0.03) * rng.uniform(0.1, 1) ** 2

    return finish(scatter(rng, gust, rng.uniform(700, 1300), tap) * (0.15 + gust))


def heart(rng: Rng) -> Waveform:
    """Heart beats: "lub" at 40 to 60 Hz and a shorter, higher "dub"."""
    beat_s, low = 60 / rng.uniform(52, 105), rng.uniform(42, 65)
    parts, gaps = [], []
    for _ in range(int(rng.uniform(3.5, 9) / beat_s)):
        first, second = samples(rng.uniform(0.12, 0.15)), samples(rng.uniform(0.08, 0.1))
        lub = tone(contour(first, [1.3 * low, low])) * envelope(first, 0.03, 0.09)
        dub = tone(contour(second, [1.7 * low, 1.4 * low])) * envelope(second, 0.02, 0.06)
        parts += [lub, rng.uniform(0.5, 0.8) * dub]
        systole_s = 0.3 * beat_s**0.5 - first / SAMPLE_RATE_HZ
        rest_s = beat_s - 0.3 * beat_s**0.5 - second / SAMPLE_RATE_HZ
        gaps += [max(0.05, systole_s), rest_s * rng.uniform(0.95, 1.05)]
    return finish(chain(parts, gaps))


NATURE: dict[str, Callable[[Rng], Waveform]] = {
    "bee": bee,
    "bird": bird,
    "cat": animals.cat,
    "chicken": animals.chicken,
    "cow": animals.cow,
    "cricket": cricket,
    "crow": animals.crow,
    "dog": animals.dog,
    "duck": animals.duck,
    "elephant": animals.elephant,
    "fire": fire,
    "forest": forest,
    "frog": frog,
    "heart": heart,
    "horse": animals.horse,
    "lion": animals.lion,
    "monkey": animals.monkey,
    "mosquito": mosquito,
    "owl": animals.owl,
    "pig": animals.pig,
    "rain": rain,
    "river": river,
    "rooster": animals.rooster,
    "sea": sea,
    "seagull": animals.seagull,
    "sheep": animals.sheep,
    "snake": snake,
    "thunder": thunder,
    "wind": wind,
    "wolf": animals.wolf,
}
