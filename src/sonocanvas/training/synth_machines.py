"""Synthesizers of machines, instruments and things, one phrase a call, every parameter drawn.

Each takes a `numpy.random.Generator` and returns a mono clip: float32, `SAMPLE_RATE_HZ`, peak
0.9, 0.3 to 10.24 s. Outside a sound's own frequencies it is silent. "Fletcher and Rossing" is
The Physics of Musical Instruments, 2nd edition, Springer 1998; "Farnell" is Designing Sound,
MIT Press 2010.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sonocanvas.training.partials import (
    Clip,
    Event,
    Samples,
    band_noise,
    chord,
    damped_modes,
    fade,
    finish,
    harmonic_tone,
    melody,
    mix,
    note_hz,
    plucked_string,
    puff,
    strikes,
    timeline,
    vibrato,
)

BELL_RATIOS = np.array([0.5, 1.0, 1.2, 1.5, 2.0, 2.5, 2.67, 3.0, 4.0, 5.33])
"""Hum, prime, tierce, quint, nominal and on (Rossing, The Acoustics of Bells, 1984)."""
TUBE_RATIOS = np.array([3.0112, 5.0, 7.0, 9.0, 11.0, 13.0, 15.0]) ** 2 / 40.5
"""Free bar modes over the strike note, an octave below the fourth mode (Fletcher and Rossing)."""
MEMBRANE_RATIOS = np.array([1.0, 1.594, 2.136, 2.296, 2.653, 2.918, 3.156, 3.501, 3.6, 4.06])
"""Modes of an ideal circular membrane, zeros of Bessel functions (Fletcher and Rossing)."""


def _starts(rng: np.random.Generator, count: int, gap_s: float, jitter: float) -> list[float]:
    """Return `count` start times about `gap_s` apart, the first at 0.02 to 0.2 s."""
    gaps = gap_s * (1 + jitter * rng.uniform(-1, 1, count))
    return [float(start) for start in rng.uniform(0.02, 0.2) + np.cumsum(gaps) - gaps[0]]


def _whistle(rng: np.random.Generator, pitches: list[float], duration_s: float) -> Samples:
    """Return one blast of a chime whistle: its pitch rises with the steam and sags at the end."""
    time = timeline(duration_s)
    bend = 1 - 0.12 * np.exp(-time / 0.05) - 0.1 * np.exp((time - duration_s) / 0.07)
    tones = [harmonic_tone(pitch * bend, [1, 0.5, 0.2, 0.08]) for pitch in pitches]
    breath = 0.01 * band_noise(rng, duration_s, pitches[0], 3 * pitches[0])
    return fade(np.sum(tones, axis=0) / len(tones) + breath, 0.06, 0.12)


def train(rng: np.random.Generator) -> Clip:
    """Return a steam train: chime whistle chords over chuffs of four exhaust beats a turn.

    Farnell, the steam chapter; whistle: harmonics of stopped chambers tuned to a chord.
    """
    duration = rng.uniform(4, 9)
    root = rng.uniform(300, 620)
    ratios = [(1, 1.2, 1.5), (1, 1.26, 1.5, 1.68), (1, 1.19, 1.41, 1.68)][rng.integers(3)]
    events: list[Event] = []
    start = rng.uniform(0.1, 2.0)
    while start < duration - 0.5:
        length = min(rng.choice([rng.uniform(0.25, 0.5), rng.uniform(0.8, 2.2)]), duration - start)
        events.append((start, _whistle(rng, [root * r for r in ratios], length)))
        start += length + rng.choice([0.2, 0.5, 1.5]) * rng.uniform(0.8, 1.2)
    gaps = np.geomspace(rng.uniform(0.2, 0.5), rng.uniform(0.16, 0.3), 60)
    beats = np.cumsum(gaps)
    levels = np.where(np.arange(60) % 4 == 0, 1.0, rng.uniform(0.5, 0.8))
    envelope = strikes(beats, levels, puff(0.02, rng.uniform(0.03, 0.05)), duration)
    steam = band_noise(rng, duration, rng.uniform(120, 250), rng.uniform(900, 2000))
    return finish(mix([*events, (0, rng.uniform(0.05, 0.25) * steam * envelope)]))


def ship(rng: np.random.Generator) -> Clip:
    """Return a ship's horn: long low blasts rich in harmonics.

    A diaphragm horn as a band-limited pulse with a rolloff; IMO rules put large ships at 70 to
    200 Hz (COLREG, Annex III).
    """
    root = rng.uniform(70, 190)
    slope = rng.uniform(0.75, 0.9)
    events: list[Event] = []
    start = rng.uniform(0.02, 0.3)
    blasts = rng.integers(1, 4)
    for _ in range(blasts):
        length = rng.uniform(1.2, 6.0 / blasts + 1)
        time = timeline(length)
        rise = 1 - np.exp(-time / rng.uniform(0.05, 0.2))
        tone = harmonic_tone(root * (0.96 + 0.04 * rise), np.ones(40), slope * (0.5 + 0.5 * rise))
        events.append((start, fade(tone, 0.1, 0.35)))
        start += length + rng.uniform(0.3, 1.0)
    return finish(mix(events))


def airplane(rng: np.random.Generator) -> Clip:
    """Return a jet passing over: noise that opens upwards as it comes, and a falling fan whine.

    Farnell, the jet engine: broadband exhaust and turbine tones; Doppler shift of a pass.
    """
    duration = rng.uniform(5, 10)
    time = timeline(duration)
    offset = (time - duration * rng.uniform(0.35, 0.65)) / (duration * rng.uniform(0.1, 0.2))
    events: list[Event] = []
    low = rng.uniform(50, 90)
    for octave in range(6):
        envelope = 1 / (1 + offset**2) ** (0.5 + 0.6 * octave)
        noise = band_noise(rng, duration, low * 2**octave, low * 2 ** (octave + 0.8))
        events.append((0, noise * envelope * 0.6**octave))
    whine = rng.uniform(1200, 3000) * (1 - 0.3 * offset / np.sqrt(1 + offset**2))
    tone = sum(harmonic_tone(whine * r, [1, 0.4]) for r in (1, rng.uniform(1.2, 1.6)))
    events.append((0, rng.uniform(0.2, 0.6) * tone / (1 + offset**2)))
    return finish(fade(mix(events), 0.3, 0.3))


def helicopter(rng: np.random.Generator) -> Clip:
    """Return a helicopter: blade slaps at 7 to 12 Hz and the tail rotor's faint tones.

    Farnell, helicopter: rotor pulses of low noise; tail rotor five to six times as fast.
    """
    duration = rng.uniform(4, 10)
    rate = rng.uniform(7, 12)
    time = timeline(duration)
    beats = np.arange(0, duration, 1 / rate)
    levels = np.where(np.arange(len(beats)) % 2 == 0, 1.0, rng.uniform(0.6, 1.0))
    envelope = strikes(beats, levels, puff(0.008, rng.uniform(0.01, 0.016)), duration)
    slap = band_noise(rng, duration, 50, rng.uniform(500, 1600)) * envelope
    tail = harmonic_tone(np.full(len(time), rate * rng.uniform(5, 6.5) * 2), np.ones(8), 0.6)
    swell = 1 - rng.uniform(0, 0.8) * (time / duration - rng.uniform(0, 1)) ** 2
    whole = (slap + 0.05 * tail) * swell
    return finish(fade(whole, 0.2, 0.3))


def car(rng: np.random.Generator) -> Clip:
    """Return one or two racing cars passing: engine harmonics that drop by the Doppler effect.

    Pierce, Acoustics, 1989: a source at speed v and distance d, shift `c / (c + dr/dt)`.
    """
    events: list[Event] = []
    start = 0.0
    for _ in range(rng.integers(1, 4)):
        duration = rng.uniform(2.5, 4.0)
        time = timeline(duration) - duration * rng.uniform(0.4, 0.6)
        speed, distance = rng.uniform(45, 95), rng.uniform(8, 25)
        radius = np.sqrt(distance**2 + (speed * time) ** 2)
        pitch = rng.uniform(180, 420) * 340 / (340 + speed**2 * time / radius)
        amplitudes = rng.uniform(0.3, 1, 24) * rng.uniform(0.78, 0.9) ** np.arange(24)
        nearness = distance / radius
        tone = harmonic_tone(pitch, amplitudes, 0.6 + 0.4 * nearness)
        events.append((start, fade(tone * nearness, 0.3, 0.3)))
        start += duration * rng.uniform(0.6, 1.0)
    return finish(mix(events))


def truck(rng: np.random.Generator) -> Clip:
    """Return a diesel engine: idling, with a rev or two.

    Farnell, the four-stroke engine: half-order harmonics of the firing rate, and knock that
    excites the block at each combustion.
    """
    duration = rng.uniform(4, 9)
    time = timeline(duration)
    revs = np.zeros_like(time)
    for _ in range(rng.integers(1, 4)):
        revs += np.exp(-(((time - rng.uniform(1, duration)) / rng.uniform(0.4, 0.9)) ** 2))
    wobble = 1 + 0.01 * np.sin(2 * np.pi * rng.uniform(1, 3) * time)
    half_order = rng.uniform(11, 18) * wobble * (1 + rng.uniform(0.6, 1.6) * np.minimum(revs, 1))
    amplitudes = rng.uniform(0.1, 0.5, 70) / np.arange(1, 71) ** rng.uniform(0.6, 0.9)
    amplitudes[1::2] *= 2.5
    engine = harmonic_tone(half_order, amplitudes)
    pulse = (0.5 + 0.5 * np.cos(4 * np.pi * np.cumsum(half_order) / 16000)) ** 8
    knock = band_noise(rng, duration, rng.uniform(800, 1200), rng.uniform(1500, 2400)) * pulse
    loud = 0.5 + 0.5 * np.minimum(revs, 1)
    return finish(fade((engine + rng.uniform(0.003, 0.015) * knock) * loud, 0.15, 0.2))


def fire_truck(rng: np.random.Generator) -> Clip:
    """Return a siren: wailing, yelping or in two tones, its horn rich in odd harmonics.

    SAE J1849: wail 10 to 30 and yelp 150 to 250 cycles a minute, between 650 and 2000 Hz.
    """
    duration = rng.uniform(4, 10)
    time = timeline(duration)
    style = rng.choice(["wail", "wail", "yelp", "two tones"])
    rate = {"wail": (0.17, 0.5), "yelp": (1.5, 3.5), "two tones": (0.5, 1.0)}[style]
    cycle = (time * rng.uniform(*rate) + rng.random()) % 1
    rise = rng.uniform(0.35, 0.65)
    ramp = np.where(cycle < rise, cycle / rise, (1 - cycle) / (1 - rise))
    if style == "two tones":
        ramp = 1 / (1 + np.exp(-80 * (ramp - 0.5)))
    low = rng.uniform(420, 700)
    span = rng.uniform(1.25, 1.5) if style == "two tones" else rng.uniform(1.8, 2.6)
    even = rng.uniform(0.05, 0.5)
    amplitudes = np.where(np.arange(1, 11) % 2 == 0, even, 1.0) * rng.uniform(
        0.5, 0.7
    ) ** np.arange(10)
    return finish(fade(harmonic_tone(low * span**ramp, amplitudes), 0.05, 0.1))


def bell(rng: np.random.Generator) -> Clip:
    """Return a church bell struck one to six times; `BELL_RATIOS` over a prime of 180 to 700 Hz.

    Rossing, The Acoustics of Bells, 1984. Each mode is a doublet that warbles.
    """
    prime = np.exp(rng.uniform(np.log(180), np.log(700)))
    modes = prime * BELL_RATIOS * (1 + rng.uniform(-0.006, 0.006, 10))
    level = np.array([0.5, 0.7, 0.8, 0.35, 1, 0.4, 0.4, 0.6, 0.4, 0.25]) * rng.uniform(0.6, 1.2, 10)
    decay = rng.uniform(0.9, 2.2) * BELL_RATIOS**-0.7
    gap = rng.uniform(0.7, 2.2)
    strokes = int(rng.integers(1, min(7, 2 + int(7 / gap))))
    twins = np.concatenate([modes, modes * (1 + rng.uniform(0.0005, 0.003, 10))])
    levels, decays = np.tile(level, 2), np.tile(decay, 2)
    return finish(
        mix(
            (start, rng.uniform(0.7, 1) * damped_modes(twins, levels, decays, rng.uniform(3, 4.5)))
            for start in _starts(rng, strokes, gap, 0.05)
        )
    )


def church(rng: np.random.Generator) -> Clip:
    """Return organ chords: ranks of pipes at 16, 8, 4, 2 2/3 and 2 feet, drawn at random.

    Fletcher and Rossing, ch. 17: near-harmonic steady partials; additive ranks, long room.
    """
    ranks = np.array([0.5, 1, 2, 3, 4])
    stops = np.array([0.6, 1, 0.7, 0.35, 0.4]) * (rng.random(5) < [0.6, 1, 0.8, 0.5, 0.6])
    pipe = rng.uniform(0.3, 0.55) ** np.arange(6)
    frequencies, levels = np.outer(ranks, np.arange(1, 7)).ravel(), np.outer(stops, pipe).ravel()
    events: list[Event] = []
    start = 0.05
    for _ in range(rng.integers(2, 6)):
        length = rng.uniform(0.8, 2.2)
        notes = np.array(chord(rng, int(rng.integers(43, 50)), int(rng.integers(66, 80))))
        pipes = (notes[:, None] * frequencies * (1 + rng.normal(0, 0.0006, 30))).ravel()
        tone = damped_modes(pipes, np.tile(levels, len(notes)), 1e3, length + 0.5)
        events.append((start, fade(tone, 0.05, 0.55)))
        start += length
    return finish(mix(events))


def castle(rng: np.random.Generator) -> Clip:
    """Return tubular bells tolling a slow melody; `TUBE_RATIOS` over notes of C4 to F5.

    Fletcher and Rossing, ch. 19: modes 4, 5 and 6 near 2:3:4 give the strike note.
    """
    levels = np.array([0.4, 0.5, 0.6, 1, 0.8, 0.5, 0.25]) * rng.uniform(0.5, 1.2, 7)
    decay = rng.uniform(0.8, 1.8)
    count = int(rng.integers(3, 9))
    starts = _starts(rng, count, rng.uniform(0.6, 1.3), 0.03)
    return finish(
        mix(
            (start, damped_modes(pitch * TUBE_RATIOS, levels, decay * TUBE_RATIOS**-0.4, 3.5))
            for start, pitch in zip(starts, melody(rng, 60, 77, count), strict=True)
        )
    )


def wind_chime(rng: np.random.Generator) -> Clip:
    """Return wind chimes: five to eight rods struck at random, in gusts.

    Fletcher and Rossing, ch. 2: free bars at 1 : 2.756 : 5.404.
    """
    rods = melody(rng, 81, 101, int(rng.integers(5, 9)), pentatonic=True)
    duration, decay = rng.uniform(3, 7.5), rng.uniform(0.25, 0.9)
    gust = rng.uniform(0, duration, 3)
    events: list[Event] = []
    for _ in range(int(duration * rng.uniform(2, 5))):
        start = float(np.clip(rng.choice(gust) + rng.normal(0, 0.8), 0, duration))
        modes = rng.choice(rods) * np.array([1, 2.756, 5.404])
        tone = damped_modes(modes, [1, 0.5, 0.2], decay * np.array([1, 0.5, 0.25]), 4 * decay + 0.2)
        events.append((start, rng.uniform(0.15, 1) * tone))
    return finish(mix(events))


def clock(rng: np.random.Generator) -> Clip:
    """Return a clock ticking, tick and tock in turn, sometimes with a chime at the end.

    Farnell, clocks: each tick is two or three impacts of the escapement on a small case.
    """
    duration, rate = rng.uniform(4, 9), rng.choice([1.0, 2.0, 2.5, 4.0]) * rng.uniform(0.95, 1.05)
    sounds = []
    for _ in range(2):
        modes = rng.uniform(1200, 6500, 5)
        tick = damped_modes(modes, rng.uniform(0.3, 1, 5), rng.uniform(0.002, 0.008), 0.06, 0.001)
        sounds.append(mix([(0, tick), (rng.uniform(0.008, 0.03), rng.uniform(0.3, 0.8) * tick)]))
    lag = rng.uniform(0, 0.15) / rate
    events: list[Event] = [
        (0.05 + i / rate + lag * (i % 2), rng.uniform(0.85, 1) * sounds[i % 2])
        for i in range(int(duration * rate))
    ]
    if rng.random() < 0.25:
        rod = rng.uniform(350, 800) * np.array([1, 2.756, 5.404])
        for stroke in range(rng.integers(1, 4)):
            chime = damped_modes(rod, [1, 0.7, 0.3], [0.7, 0.4, 0.2], 2.5)
            events.append((duration - 2.5 + 1.1 * stroke, 0.5 * chime))
    return finish(mix(events))


def telephone(rng: np.random.Generator) -> Clip:
    """Return an electromechanical telephone: a clapper between two small gongs, in cadence.

    Farnell, telephone bell: 20 to 25 strokes a second; rings of one or of two bursts.
    """
    root, rate, detune = rng.uniform(900, 1700), rng.uniform(18, 26), rng.uniform(1.12, 1.3)
    ratios, decay = (
        np.array([1, 2.1, 3.3, 4.2]) * rng.uniform(0.95, 1.05, 4),
        rng.uniform(0.06, 0.2),
    )
    gongs = [
        damped_modes(
            root * scale * ratios, [1, 0.7, 0.4, 0.2], decay / ratios**0.5, 6 * decay, 0.005
        )
        for scale in (1, detune)
    ]
    bursts = [(rng.uniform(1.2, 2.2),), (0.4, 0.4)][rng.integers(2)]
    rest = rng.uniform(1.0, 2.5)
    events: list[Event] = []
    start = rng.uniform(0.02, 0.3)
    for _ in range(rng.integers(1, 4)):
        for burst in bursts:
            for gong, lag in zip(gongs, (0, 0.5 / rate), strict=True):
                times = lag + np.arange(0, burst, 1 / rate)
                levels = rng.uniform(0.8, 1, len(times))
                events.append((start, strikes(times, levels, gong, burst + 6 * decay)))
            start += burst + 0.2
        start += rest
    return finish(mix(events))


def drum(rng: np.random.Generator) -> Clip:
    """Return drums beating a pattern: `MEMBRANE_RATIOS`, a tension glide and the stick.

    Fletcher and Rossing, ch. 18; the pitch falls as the large amplitude dies.
    """
    step, loops = rng.uniform(0.11, 0.22), int(rng.integers(2, 5))
    root, decay = np.exp(rng.uniform(np.log(60), np.log(130))), rng.uniform(0.08, 0.22)
    sounds = []
    for scale in (1, rng.uniform(1.4, 1.9), rng.uniform(2, 2.8)):
        time = timeline(7 * decay)
        glide = root * scale * (1 + rng.uniform(0.1, 0.5) * np.exp(-time / 0.03))
        head = fade(harmonic_tone(glide, [1]) * np.exp(-time / decay), 0.004, 0.02)
        skin = damped_modes(root * scale * MEMBRANE_RATIOS[1:], 0.3, decay / 3, 2 * decay)
        envelope = fade(np.exp(-timeline(0.1) / 0.01), 0.003, 0.03)
        stick = 0.4 * band_noise(rng, 0.1, 200, rng.uniform(900, 2500)) * envelope
        sounds.append(mix([(0, head), (0, skin), (0, stick)]))
    pattern = [(place, int(rng.integers(3))) for place in range(8) if rng.random() < 0.55]
    pattern = [(0, 0), (4, 1), *pattern]
    return finish(
        mix(
            (0.05 + (8 * loop + place) * step, rng.uniform(0.6, 1) * sounds[which])
            for loop in range(loops)
            for place, which in pattern
        )
    )


def guitar(rng: np.random.Generator) -> Clip:
    """Return strummed guitar chords on six Karplus-Strong strings.

    K. Karplus and A. Strong, Computer Music Journal 7(2), 1983.
    """
    gap, count = rng.uniform(0.3, 0.9), int(rng.integers(3, 9))
    softness, loss = rng.uniform(0.3, 1), rng.uniform(0.990, 0.998)
    events: list[Event] = []
    notes = chord(rng, 40, 66)[:6]
    for index, start in enumerate(_starts(rng, count, gap, 0.05)):
        if rng.random() < 0.5:
            notes = chord(rng, 40, 66)[:6]
        spread = rng.uniform(0.008, 0.03)
        order = notes if index % 2 == 0 else notes[::-1]
        ring = gap + (1.6 if index == count - 1 else 0.1)
        for place, pitch in enumerate(order):
            string = plucked_string(rng, pitch, ring, loss, softness)
            events.append((start + place * spread, rng.uniform(0.7, 1) * string))
    return finish(mix(events))


def piano(rng: np.random.Generator) -> Clip:
    """Return a piano phrase: stiff strings at `n f sqrt(1 + B n^2)`, struck at an eighth.

    Fletcher and Rossing, ch. 12; H. Fletcher, JASA 36, 1964, for the stiffness.
    """
    number = np.arange(1, 17)
    hammer = rng.uniform(0.62, 0.8)
    gap, count = rng.uniform(0.22, 0.6), int(rng.integers(5, 13))
    notes = melody(rng, 55, 88, count)
    bass = melody(rng, 36, 52, count)
    events: list[Event] = []
    for index, start in enumerate(_starts(rng, count, gap, 0.03)):
        for pitch in (notes[index], bass[index])[: 1 + (index % 2 == 0)]:
            stiff = pitch * number * np.sqrt(1 + rng.uniform(2e-4, 6e-4) * number**2)
            level = np.abs(np.sin(np.pi * number / 8.2)) * hammer**number * 260 / (200 + pitch)
            decay = (260 / pitch) ** 0.5 / (0.9 + 0.25 * number)
            ring = min(3 * gap, 2.0) if index < count - 1 else 2.5
            events.append((start, rng.uniform(0.6, 1) * damped_modes(stiff, level, decay, ring)))
    return finish(mix(events))


def violin(rng: np.random.Generator) -> Clip:
    """Return a bowed melody: a sawtooth (Helmholtz motion) through the body's resonances.

    Fletcher and Rossing, ch. 10: air 280 Hz, wood 460 Hz, bridge hill about 2.5 kHz.
    """
    centres = np.array([280, 460, 700, 1100, 2500, 3300]) * rng.uniform(0.92, 1.08, 6)
    heights = np.array([1.5, 2, 1, 0.8, 2.2, 1]) * rng.uniform(0.6, 1.3, 6)
    number, cents = np.arange(1, 26), rng.uniform(18, 45)
    events: list[Event] = []
    start = 0.05
    for pitch in melody(rng, 58, 84, int(rng.integers(3, 8))):
        length = rng.uniform(0.4, 1.6)
        offset = np.log2(number[:, None] * pitch / centres)
        body = 0.25 + (heights * np.exp(-((offset / 0.25) ** 2))).sum(axis=1)
        tone = harmonic_tone(pitch * vibrato(rng, length, cents), body / number)
        events.append((start, rng.uniform(0.7, 1) * fade(tone, rng.uniform(0.05, 0.15), 0.12)))
        start += length - 0.06
    return finish(mix(events))


def trumpet(rng: np.random.Generator) -> Clip:
    """Return a fanfare: harmonics that spread upwards as the level grows.

    J.-C. Risset and M. Mathews, Physics Today 22(2), 1969: brass brightness follows level.
    """
    root = note_hz(int(rng.integers(53, 60)))
    bright = rng.uniform(0.72, 0.88)
    events: list[Event] = []
    start, duration = 0.05, rng.uniform(2.5, 7)
    while start < duration:
        length = float(rng.choice([0.14, 0.14, 0.3, 0.9])) * rng.uniform(0.9, 1.2)
        pitch = root * rng.choice([1, 1.25, 1.5, 2, 2, 2.5])
        time = timeline(length)
        level = (1 - np.exp(-time / 0.03)) * np.minimum((length - time) / 0.08, 1)
        steady = pitch * vibrato(rng, length, 12)
        tone = harmonic_tone(steady, np.ones(18), 0.25 + (bright - 0.25) * level)
        events.append((start, fade(tone * level, 0.01, 0.04)))
        start += length + rng.uniform(0.02, 0.12)
    return finish(mix(events))


def flute(rng: np.random.Generator) -> Clip:
    """Return a flute melody: almost a sine, with vibrato in pitch and level, and breath.

    Fletcher and Rossing, ch. 16: few harmonics, and noise shaped by the bore.
    """
    breath, cents = rng.uniform(0.001, 0.008), rng.uniform(10, 30)
    overtones = np.array([1, rng.uniform(0.1, 0.4), rng.uniform(0.03, 0.15), 0.02])
    pace = rng.uniform(0.2, 0.8)
    events: list[Event] = []
    start = 0.05
    for pitch in melody(rng, 72, 93, int(rng.integers(4, 11))):
        length = pace * rng.uniform(0.7, 1.6)
        swing = vibrato(rng, length, cents)
        tone = harmonic_tone(pitch * swing, overtones) * swing**8
        noise = breath * band_noise(rng, length, 0.9 * pitch, 1.2 * pitch)
        events.append((start, fade(tone + noise, 0.05, 0.08)))
        start += length
    return finish(mix(events))


def harp(rng: np.random.Generator) -> Clip:
    """Return harp arpeggios running up and down over three octaves or more.

    Fletcher and Rossing, ch. 11: a string plucked at the point p has amplitudes
    `sin(pi n p) / n^2`.
    """
    number = np.arange(1, 9)
    shape = np.abs(np.sin(np.pi * number * rng.uniform(0.25, 0.45))) / number ** rng.uniform(1.3, 2)
    gap, ring = rng.uniform(0.06, 0.14), rng.uniform(0.7, 1.6)
    events: list[Event] = []
    start = 0.05
    for _ in range(rng.integers(1, 4)):
        notes = chord(rng, int(rng.integers(45, 55)), int(rng.integers(84, 99)))
        run = [notes, notes + notes[-2::-1], notes[::-1]][rng.integers(3)]
        for pitch in run:
            decay = ring * (300 / pitch) ** 0.4 / number**0.6
            events.append((start, damped_modes(pitch * number, shape, decay, 1.4 * ring)))
            start += gap
        start += rng.uniform(0.2, 0.6)
    return finish(mix(events))


def accordion(rng: np.random.Generator) -> Clip:
    """Return an accordion waltz: pairs of detuned reeds, bass and chords on the beat.

    Fletcher and Rossing, ch. 13: free reeds; two of them a few hertz apart make the tremolo.
    """
    beat, detune = rng.uniform(0.22, 0.42), rng.uniform(1.004, 1.012)
    number = np.arange(1, 17)
    reed = np.where(number % 2 == 1, 1, rng.uniform(0.3, 0.6)) * rng.uniform(0.78, 0.88) ** number
    events: list[Event] = []
    for bar in range(rng.integers(2, 5)):
        notes = chord(rng, 41, 65)
        for place in range(3):
            low = notes[:1] if place == 0 else notes[2:5]
            modes = np.outer(low, number[:10]).ravel()
            tone = damped_modes(modes, np.tile(reed[:10], len(low)), 1e3, 0.8 * beat)
            events.append((0.05 + (3 * bar + place) * beat, 0.4 * fade(tone, 0.02, 0.05)))
    total, start = 3 * beat * (bar + 1), 0.05
    while start < total:
        length = beat * float(rng.choice([0.5, 1, 1, 2, 3]))
        pitch = melody(rng, 69, 86, 1)[0]
        modes = np.concatenate([pitch * number, pitch * detune * number])
        tone = damped_modes(modes, np.tile(reed, 2), 1e3, length)
        events.append((start, fade(tone, 0.03, 0.06)))
        start += length
    return finish(mix(events))


def glass(rng: np.random.Generator) -> Clip:
    """Return glasses clinking: two rims struck against each other, two to six times.

    Rossing, JASA 76, 1984, wine glasses: modes at about 1 : 2.3 : 4.2 : 6.6.
    """
    ratios, decay = np.array([1, 2.32, 4.25, 6.63]), rng.uniform(0.08, 0.35)
    roots = rng.uniform(1000, 2300) * np.array([1, rng.uniform(1.05, 1.4)])
    modes = np.outer(roots, ratios * rng.uniform(0.96, 1.04, 4)).ravel()
    levels = rng.uniform(0.4, 1, 8) * np.tile([1, 0.9, 0.7, 0.4], 2)
    decays = decay * np.tile([1, 0.7, 0.45, 0.3], 2)
    events: list[Event] = []
    for start in _starts(rng, int(rng.integers(2, 7)), rng.uniform(0.4, 1.2), 0.3):
        ring = damped_modes(modes, levels, decays, 6 * decay + 0.2, 0.001)
        for bounce in range(rng.integers(1, 4)):
            lag = bounce * rng.uniform(0.03, 0.07)
            events.append((start + lag, rng.uniform(0.3, 1) * 0.5**bounce * ring))
    return finish(mix(events))


def door(rng: np.random.Generator) -> Clip:
    """Return a door that creaks, then knocks shut.

    Farnell, creaking door: stick-slip pulses whose rate slides with force, through the modes
    of the panel; the slam is a low thump.
    """
    panel = rng.uniform(350, 2600, 7)
    slip = damped_modes(panel, rng.uniform(0.3, 1, 7), rng.uniform(0.006, 0.02), 0.1, 0.004)
    events: list[Event] = []
    start = rng.uniform(0.05, 0.3)
    for _ in range(rng.integers(1, 4)):
        length = rng.uniform(0.7, 2.0)
        time = timeline(length)
        knots = np.exp(rng.uniform(np.log(45), np.log(520), 4))
        rate = np.exp(np.interp(time, np.linspace(0, length, 4), np.log(knots)))
        turns = np.floor(np.cumsum(rate) / 16000)
        times = time[1:][np.diff(turns) > 0]
        levels = rng.uniform(0.6, 1, len(times)) * np.interp(times, [0, length], [1, 0.6])
        events.append((start, fade(strikes(times, levels, slip, length + 0.1), 0.1, 0.1)))
        start += length + rng.uniform(0.1, 0.5)
    loudest = max(float(np.abs(part).max()) for _, part in events)
    if rng.random() < 0.75:
        boards = np.concatenate([rng.uniform(70, 160, 3), rng.uniform(200, 700, 4)])
        slam = damped_modes(boards, [1, 1, 1, 0.5, 0.5, 0.5, 0.5], rng.uniform(0.04, 0.1), 0.5)
        events.append((start, 1.5 * loudest * slam / np.abs(slam).max()))
    return finish(mix(events))


def bomb(rng: np.random.Generator) -> Clip:
    """Return an explosion: a burst, noise that sinks and decays, and falling debris.

    Farnell, explosions: the higher the band the sooner it dies.
    """
    duration, size = rng.uniform(2.5, 6), rng.uniform(0.5, 1.2)
    time = timeline(duration)
    events: list[Event] = []
    start = rng.uniform(0.05, 0.5)
    for octave in range(7):
        noise = band_noise(rng, duration, 35 * 2**octave, 35 * 2 ** (octave + 0.9))
        decay = size * 0.58**octave
        events.append((start, fade(noise * np.exp(-time / decay) * 0.8**octave, 0.004, 0.5)))
    for _ in range(rng.integers(0, 40)):
        rock = damped_modes(rng.uniform(200, 2500, 3), 1, rng.uniform(0.005, 0.03), 0.15)
        lag = 0.4 + rng.exponential(0.3 * duration)
        events.append((start + min(lag, duration), rng.uniform(0.005, 0.12) * rock))
    return finish(mix(events))


def gong(rng: np.random.Generator) -> Clip:
    """Return a gong: dense inharmonic modes, the high ones blooming after the stroke.

    Fletcher and Rossing, ch. 20: energy moves from low to high modes for about a second.
    """
    root, count = rng.uniform(65, 180), 24
    modes = root * np.concatenate(
        [[1, 1.5, 2.03], rng.uniform(2.2, rng.uniform(16, 28), count - 3)]
    )
    level = np.concatenate([[1.2, 0.8, 1], rng.uniform(0.1, 0.6, count - 3)])
    level *= np.exp(-modes / rng.uniform(1200, 2600))
    decay = rng.uniform(1.2, 2.2) * (root / modes) ** 0.35
    bloom = 1 / (1 / decay + 1 / (0.02 + 0.8 * np.minimum(modes / 2500, 1)))
    events: list[Event] = []
    for start in _starts(rng, int(rng.integers(1, 4)), rng.uniform(1.8, 3.2), 0.1):
        ring = damped_modes(
            np.tile(modes, 2), np.concatenate([level, -level]), np.concatenate([decay, bloom]), 6
        )
        events.append((start, rng.uniform(0.6, 1) * ring))
    return finish(mix(events))


def xylophone(rng: np.random.Generator) -> Clip:
    """Return a quick xylophone melody of short notes.

    Fletcher and Rossing, ch. 19: bars undercut so that the modes are 1 : 3 : 6.1.
    """
    decay, gap = rng.uniform(0.04, 0.12), rng.uniform(0.11, 0.28)
    count = int(rng.integers(6, 22))
    starts = _starts(rng, count, gap, 0.04)
    ratios, levels = np.array([1, 3, 6.1]), [1, rng.uniform(0.3, 0.6), rng.uniform(0.1, 0.25)]
    return finish(
        mix(
            (start, rng.uniform(0.6, 1) * damped_modes(pitch * ratios, levels, decay / ratios, 0.6))
            for start, pitch in zip(starts, melody(rng, 69, 100, count), strict=True)
        )
    )


def footsteps(rng: np.random.Generator) -> Clip:
    """Return footsteps: heel, then toe, the two feet in turn.

    Farnell, footsteps: two contacts a step, the heel a thud with a click, the toe a scuff.
    """
    pace, count = rng.uniform(0.4, 0.75), int(rng.integers(5, 13))
    heel = damped_modes(rng.uniform(90, 260, 3), 1, rng.uniform(0.015, 0.03), 0.2)
    crisp, high = rng.uniform(0.2, 0.7), rng.uniform(1200, 3500)
    events: list[Event] = []
    for index, start in enumerate(_starts(rng, count, pace, 0.04)):
        click = band_noise(rng, 0.12, 400, high) * fade(
            np.exp(-timeline(0.12) / 0.008), 0.003, 0.03
        )
        scuff = band_noise(rng, 0.2, 500, 0.8 * high) * fade(np.ones(3200), 0.03, 0.15)
        level = rng.uniform(0.75, 1) * (1 if index % 2 else 0.85)
        events += [(start, level * heel), (start, crisp * level * click)]
        events.append((start + rng.uniform(0.1, 0.15), 0.15 * crisp * level * scuff))
    return finish(mix(events))


def hammer(rng: np.random.Generator) -> Clip:
    """Return a hammer on an anvil: a hard click and a high inharmonic ring, at a steady pace.

    Modal synthesis of a steel block (van den Doel and Pai, Presence 7(4), 1998).
    """
    modes = np.concatenate([rng.uniform(700, 1500, 2), rng.uniform(1800, 7000, 9)])
    level, decay = rng.uniform(0.2, 1, 11), rng.uniform(0.08, 0.3) * rng.uniform(0.5, 1.3, 11)
    thud = damped_modes(rng.uniform(120, 400, 3), 0.8, 0.012, 0.12)
    events: list[Event] = []
    for start in _starts(rng, int(rng.integers(3, 10)), rng.uniform(0.4, 1.0), 0.08):
        ring = damped_modes(modes, level * rng.uniform(0.6, 1.2, 11), decay, 1.5, 0.001)
        strength = rng.uniform(0.6, 1)
        events += [(start, strength * ring), (start, strength * thud)]
        if rng.random() < 0.2:
            events.append((start + rng.uniform(0.12, 0.18), 0.25 * ring))
    return finish(mix(events))


def alarm(rng: np.random.Generator) -> Clip:
    """Return an electronic alarm: groups of equal beeps of a piezo buzzer's square wave.

    A symmetric square wave has odd harmonics at `1 / n`; its band limit is `TOP_HZ`.
    """
    pitch, odd = rng.uniform(700, 2600), np.array([1, 0, 1 / 3, 0, 1 / 5, 0, 1 / 7])
    second = pitch * rng.choice([1, 1, rng.uniform(1.15, 1.5)])
    beep, rest = rng.uniform(0.06, 0.25), rng.uniform(0.05, 0.2)
    size, pause = int(rng.integers(1, 6)), rng.uniform(0.25, 0.8)
    tones = [
        fade(harmonic_tone(np.full(len(timeline(beep)), f), odd), 0.006, 0.006)
        for f in (pitch, second)
    ]
    events: list[Event] = []
    start, duration = 0.05, rng.uniform(2.5, 8)
    while start < duration:
        for index in range(size):
            events.append((start, tones[index % 2]))
            start += beep + rest
        start += pause if size > 1 else 0
    return finish(mix(events))


def robot(rng: np.random.Generator) -> Clip:
    """Return a robot's chatter: quick electronic blips, glides and trills of random pitch.

    Frequency modulation after J. Chowning, JAES 21(7), 1973, at the scale of a syllable.
    """
    events: list[Event] = []
    start, duration, pace = 0.05, rng.uniform(1.5, 5.5), rng.uniform(0.05, 0.14)
    colour = np.array([1, rng.uniform(0, 0.2), rng.uniform(0, 0.35), 0, rng.uniform(0, 0.15)])
    while start < duration:
        length = pace * rng.choice([1, 1, 1, 2, 4])
        time = timeline(length)
        low, high = np.exp(rng.uniform(np.log(350), np.log(3200), 2))
        pitch = low * np.ones_like(time)
        kind = rng.integers(4)
        if kind == 0:
            pitch = low * (high / low) ** (time / length)
        elif kind == 1:
            pitch = low * 2 ** (
                rng.uniform(0.1, 0.5) * np.sin(2 * np.pi * rng.uniform(12, 25) * time)
            )
        events.append((start, fade(harmonic_tone(pitch, colour), 0.006, 0.01)))
        start += length + rng.choice([0.01, 0.02, rng.uniform(0.1, 0.4)], p=[0.5, 0.3, 0.2])
    return finish(mix(events))


def applause(rng: np.random.Generator) -> Clip:
    """Return applause: many people clapping, each with hands and a pace of their own.

    L. Peltola et al., IEEE Trans. Audio 15(3), 2007: claps are short resonances at 1 to 3 kHz,
    three to five a second.
    """
    duration, people = rng.uniform(2.5, 8), int(rng.integers(6, 30))
    total = np.zeros(len(timeline(duration)))
    for _ in range(8):
        centre = np.exp(rng.uniform(np.log(700), np.log(2600)))
        hands = band_noise(rng, 0.08, 0.9 * centre, 1.1 * centre)
        hands = fade(hands * np.exp(-timeline(0.08) / rng.uniform(0.005, 0.01)), 0.003, 0.03)
        times = []
        for _ in range(-(-people // 8)):
            gap, first = rng.uniform(0.2, 0.36), rng.uniform(0, 0.5)
            beats = np.arange(first, duration * rng.uniform(0.75, 1), gap)
            times.append(beats + rng.normal(0, 0.02, len(beats)))
        joined = np.concatenate(times)
        total += strikes(joined, rng.uniform(0.3, 1, len(joined)), hands, duration)
    return finish(fade(total, rng.uniform(0.05, 0.6), rng.uniform(0.4, 1.5)))


MACHINES: dict[str, Callable[[np.random.Generator], Clip]] = {
    "train": train,
    "ship": ship,
    "airplane": airplane,
    "helicopter": helicopter,
    "car": car,
    "truck": truck,
    "fire-truck": fire_truck,
    "bell": bell,
    "church": church,
    "castle": castle,
    "wind-chime": wind_chime,
    "clock": clock,
    "telephone": telephone,
    "drum": drum,
    "guitar": guitar,
    "piano": piano,
    "violin": violin,
    "trumpet": trumpet,
    "flute": flute,
    "harp": harp,
    "accordion": accordion,
    "glass": glass,
    "door": door,
    "bomb": bomb,
    "gong": gong,
    "xylophone": xylophone,
    "footsteps": footsteps,
    "hammer": hammer,
    "alarm": alarm,
    "robot": robot,
    "applause": applause,
}
"""The synthesizer of each concept."""
