"""Seeded synthesizers of more animals and of people: cuckoo to whale, baby, snore, cough.

Each takes a random generator and returns one natural phrase: mono float32 at 16 kHz, peak
0.9, 0.3 to 10.24 s. Voices follow the source-filter theory as in `synth_animals`; the ranges
of pitch, formants and timing are our own choice, checked on spectrograms.
"""

from collections.abc import Callable

import numpy as np

from sonocanvas.training.dsp import (
    Array,
    Waveform,
    chain,
    clock,
    contour,
    envelope,
    finish,
    hoarse_voice,
    noise,
    samples,
    tone,
    voice,
    wander,
)

Rng = np.random.Generator


def _pulses(rng: Rng, rate_hz: Array, width_s: float) -> Array:
    """Returns a gain `(n_samples,)` of decaying pulses at a rate that follows a curve."""
    beats = np.floor(np.cumsum(rate_hz) / 16_000)
    starts = np.flatnonzero(np.diff(beats, prepend=-1.0) > 0)
    train = np.zeros(len(rate_hz))
    train[starts] = rng.uniform(0.6, 1, len(starts))
    n = samples(5 * width_s)
    shape = np.exp(-clock(n) / width_s) * envelope(n, 0.15 * width_s, width_s)
    return np.asarray(np.convolve(train, shape)[: len(train)], dtype=float)


def cuckoo(rng: Rng) -> Waveform:
    """A cuckoo: two nearly pure notes, 620 to 760 Hz and a third below, about once a second."""
    high = rng.uniform(620, 760)
    low = high / rng.uniform(1.18, 1.27)
    notes, gaps = [], []
    rest_s = rng.uniform(0.5, 0.9)
    for _ in range(rng.integers(3, 8)):
        for pitch, length in ((high, rng.uniform(0.12, 0.18)), (low, rng.uniform(0.2, 0.28))):
            n = samples(length)
            call = voice(pitch * contour(n, [0.95, 1.01, 0.97]), [(pitch, 90)], -14)
            notes.append(call * envelope(n, 0.03, 0.06))
        gaps += [rng.uniform(0.08, 0.14), rest_s * rng.uniform(0.95, 1.05)]
    return finish(chain(notes, gaps))


def woodpecker(rng: Rng) -> Waveform:
    """A woodpecker drumming: rolls of 10 to 20 blows at 18 to 28 a second on a hollow trunk."""
    modes, rolls = rng.uniform(500, 2400, 4), []
    rate = rng.uniform(18, 28)
    m = samples(0.03)
    blow = sum(tone(np.full(m, f)) * np.exp(-clock(m) / 0.006) for f in modes)
    for _ in range(rng.integers(2, 5)):
        blows = rng.integers(10, 21)
        track = np.zeros(samples(blows / rate + 0.1))
        for k in range(blows):
            at = samples(k / rate * (1 - 0.1 * k / blows))
            track[at : at + m] += blow * (1 - 0.6 * k / blows)
        rolls.append(track)
    return finish(chain(rolls, list(rng.uniform(0.7, 1.8, len(rolls)))))


def turkey(rng: Rng) -> Waveform:
    """A turkey gobbling: 8 to 14 quick notes, each falling, the whole sinking by a third."""
    top, calls, gaps = rng.uniform(750, 1050), [], []
    formants = [(rng.uniform(1000, 1300), 200), (2300, 400), (3400, 500)]
    for _ in range(rng.integers(1, 4)):
        count = int(rng.integers(8, 15))
        for k in range(count):
            n = samples(rng.uniform(0.055, 0.075))
            fall = top * (1 - 0.35 * k / count) * contour(n, [0.8, 1.1, 0.65], [0, 0.3, 1])
            calls.append(hoarse_voice(rng, fall, formants, -6, 0.5) * envelope(n, 0.012, 0.03))
            gaps.append(rng.uniform(0.015, 0.03))
        gaps[-1] = rng.uniform(0.7, 1.5)
    return finish(chain(calls, gaps))


def goose(rng: Rng) -> Waveform:
    """A goose honking: a reedy note of 320 to 450 Hz that breaks up by a half, 3 to 8 times."""
    pitch, honks = rng.uniform(320, 450), []
    formants = [(rng.uniform(900, 1200), 150), (rng.uniform(2000, 2500), 250), (3800, 400)]
    for _ in range(rng.integers(3, 9)):
        n = samples(rng.uniform(0.28, 0.45))
        jump = rng.uniform(1.4, 1.6)
        curve = contour(n, [0.95, 1.0, jump, jump, 0.9], [0, 0.35, 0.42, 0.75, 1])
        honks.append(voice(pitch * curve, formants, 0) * envelope(n, 0.03, 0.08))
    tempo = rng.uniform(0.15, 0.6)
    return finish(chain(honks, list(tempo * rng.uniform(0.8, 1.2, len(honks)))))


def donkey(rng: Rng) -> Waveform:
    """A donkey braying: a wheezed "hee" of 550 to 850 Hz, a harsh "haw" of 130 to 220 Hz."""
    high, low, parts, gaps = rng.uniform(550, 850), rng.uniform(130, 220), [], []
    count = int(rng.integers(2, 5))
    for k in range(count):
        n, m = samples(rng.uniform(0.45, 0.7)), samples(rng.uniform(0.6, 0.95))
        hee = voice(high * contour(n, [0.8, 1.1, 1.0]), [(1600, 400), (3000, 500)], -3)
        hee += noise(rng, n, 2500, 0.5) * rng.uniform(0.02, 0.08)
        haw = voice(
            low * contour(m, [1.1, 1.0, 0.8]) * (1 + 0.05 * wander(rng, m, 40)),
            [(750, 150), (1350, 200), (2700, 400)],
            -2,
        )
        fade = 1 - 0.4 * k / count
        parts += [0.6 * fade * hee * envelope(n, 0.15, 0.06), fade * haw * envelope(m, 0.04, 0.2)]
        gaps += [rng.uniform(0.02, 0.1), rng.uniform(0.08, 0.25)]
    return finish(chain(parts, gaps))


def mouse(rng: Rng) -> Waveform:
    """A mouse squeaking: sweeps of 3.5 to 7 kHz with a weak octave below, in small groups."""
    parts, gaps = [], []
    for _ in range(rng.integers(2, 6)):
        for _ in range(rng.integers(2, 6)):
            n, centre = samples(rng.uniform(0.05, 0.13)), rng.uniform(4200, 6200)
            curve = centre * contour(n, list(rng.permutation([0.85, 1.1, 1.0])))
            squeak = tone(np.minimum(curve, 7300)) + 0.25 * tone(curve / 2)
            parts.append(squeak * envelope(n, 0.015, 0.03) * rng.uniform(0.5, 1))
            gaps.append(rng.uniform(0.03, 0.1))
        gaps[-1] = rng.uniform(0.3, 0.9)
    return finish(chain(parts, gaps))


def dolphin(rng: Rng) -> Waveform:
    """A dolphin: looping whistles of 2.5 to 7 kHz and trains of clicks that quicken."""
    parts: list[Array] = []
    for index in range(rng.integers(3, 7)):
        if index % 2 == rng.integers(2):
            n = samples(rng.uniform(0.5, 1.1))
            loops = rng.uniform(1, 3) * 2 * np.pi * clock(n) / (n / 16_000)
            curve = rng.uniform(3800, 5200) * (1 + 0.3 * np.sin(loops + rng.uniform(0, 6.28)))
            parts.append(tone(curve) * envelope(n, 0.08, 0.12))
        else:
            n = samples(rng.uniform(0.5, 1.2))
            rate = contour(n, [rng.uniform(12, 30), rng.uniform(70, 180)])
            parts.append(0.25 * noise(rng, n, 4500, 0.5) * _pulses(rng, rate, 0.0015))
    return finish(chain(parts, list(rng.uniform(0.05, 0.35, len(parts)))))


def whale(rng: Rng) -> Waveform:
    """A whale singing: moans that glide between 90 and 900 Hz and echo through the sea."""
    total = np.zeros(samples(10.2))
    start_s = rng.uniform(0, 0.4)
    while start_s < 8:
        n = samples(rng.uniform(1.2, 2.8))
        knots = np.exp(rng.uniform(np.log(110), np.log(800), 3))
        curve = np.exp(contour(n, list(np.log(knots)))) * (1 + 0.01 * wander(rng, n, 5))
        moan = voice(curve, [(500, 500), (1300, 800)], -9) * envelope(n, 0.3, 0.5)
        for echo in range(4):
            at = samples(start_s + echo * rng.uniform(0.25, 0.4))
            part = moan[: max(0, len(total) - at)]
            total[at : at + len(part)] += part * 0.45**echo
        start_s += n / 16_000 + rng.uniform(0.2, 0.9)
    return finish(total)


def cicada(rng: Rng) -> Waveform:
    """A cicada: a buzz at 4.2 to 5.9 kHz, tymbals clicking 120 to 220 a second, in swells."""
    n = samples(rng.uniform(5, 10))
    seconds, centre = clock(n), rng.uniform(4200, 5900)
    clicks = _pulses(rng, np.full(n, rng.uniform(120, 220)), 0.0015)
    swell = 0.5 - 0.5 * np.cos(2 * np.pi * rng.uniform(0.25, 2.5) * seconds)
    buzz = noise(rng, n, centre, 0.09) * (0.3 + clicks)
    return finish(buzz * (0.12 + 0.88 * swell) * envelope(n, 0.5, 0.6))


def rattlesnake(rng: Rng) -> Waveform:
    """A rattlesnake: 22 to 50 shakes of the rattle a second, dry noise of 2 to 7 kHz."""
    bouts = []
    for _ in range(rng.integers(1, 4)):
        n, rate = samples(rng.uniform(1.2, 3)), rng.uniform(22, 50)
        shakes = _pulses(rng, rate * contour(n, [0.75, 1.0, 1.0, 0.8]), 0.004)
        rattle = noise(rng, n, rng.uniform(3600, 4800), 0.3) * shakes
        bouts.append(rattle * contour(n, [0.05, 1, 0.9, 0], [0, 0.25, 0.75, 1]))
    return finish(chain(bouts, list(rng.uniform(0.3, 0.9, len(bouts)))))


def baby(rng: Rng) -> Waveform:
    """A baby crying: arches of 400 to 580 Hz for about a second, a gasp between."""
    pitch, parts, gaps = rng.uniform(400, 580), [], []
    for _ in range(rng.integers(3, 7)):
        n, m = samples(rng.uniform(0.6, 1.2)), samples(rng.uniform(0.15, 0.25))
        curve = pitch * contour(n, [0.8, 1.1, 1.05, 0.75], [0, 0.2, 0.65, 1])
        curve *= 1 + 0.012 * np.sin(2 * np.pi * rng.uniform(6, 9) * clock(n))
        cry = voice(curve, [(1100, 200), (1700, 250), (3500, 400)], -2)
        parts += [
            cry * envelope(n, 0.08, 0.2),
            0.07 * noise(rng, m, 2200, 0.5) * envelope(m, 0.08, 0.08),
        ]
        gaps += [rng.uniform(0.03, 0.1), rng.uniform(0.03, 0.12)]
    return finish(chain(parts, gaps))


def snore(rng: Rng) -> Waveform:
    """A person snoring: a fluttering breath in, 25 to 45 pulses a second, then a soft one out."""
    rate, parts, gaps = rng.uniform(25, 45), [], []
    for _ in range(rng.integers(2, 4)):
        n, m = samples(rng.uniform(1.0, 1.6)), samples(rng.uniform(0.7, 1.1))
        flutter = rate * contour(n, [0.8, 1.0, 1.2]) * (1 + 0.1 * wander(rng, n, 12))
        drawn = voice(flutter, [(350, 120), (900, 250), (2300, 500)], -2)
        drawn += 0.15 * noise(rng, n, 700, 0.7) * _pulses(rng, flutter, 0.012)
        breath = 0.07 * noise(rng, m, rng.uniform(1200, 2200), 0.5) * envelope(m, 0.2, 0.4)
        parts += [drawn * contour(n, [0, 0.6, 1, 0]), breath]
        gaps += [rng.uniform(0.2, 0.4), rng.uniform(0.5, 0.9)]
    return finish(chain(parts, gaps))


def cough(rng: Rng) -> Waveform:
    """A person coughing: a burst of breath through the open throat, then a short hoarse voice."""
    pitch, coughs = rng.uniform(110, 260), []
    size = rng.uniform(0.9, 1.2)
    formants = [(650 * size, 150), (1500 * size, 250), (2700 * size, 400)]
    for _ in range(rng.integers(2, 6)):
        n = samples(rng.uniform(0.22, 0.34))
        burst = noise(rng, n, 1700 * size, 0.75) * np.exp(-clock(n) / 0.04)
        rasp = voice(
            pitch * contour(n, [1.3, 1.0, 0.7]) * (1 + 0.1 * wander(rng, n, 50)), formants, -4
        )
        rasp *= contour(n, [0, 0.9, 0.4, 0], [0, 0.35, 0.7, 1])
        coughs.append((0.5 * burst + rasp) * envelope(n, 0.006, 0.06))
    return finish(chain(coughs, list(rng.uniform(0.08, 0.5, len(coughs)))))


MORE_ANIMALS: dict[str, Callable[[Rng], Waveform]] = {
    "cuckoo": cuckoo,
    "woodpecker": woodpecker,
    "turkey": turkey,
    "goose": goose,
    "donkey": donkey,
    "mouse": mouse,
    "dolphin": dolphin,
    "whale": whale,
    "cicada": cicada,
    "rattlesnake": rattlesnake,
    "baby": baby,
    "snore": snore,
    "cough": cough,
}
"""The synthesizers in this file, by concept."""
