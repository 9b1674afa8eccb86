"""Seeded synthesizers of animal voices, after the source-filter theory.

Each takes a random generator and returns one natural phrase: mono float32 at 16 kHz, peak 0.9,
0.3 to 10.24 s. In both mammals and birds a source (vocal folds, syrinx) excites the resonances of a
tract (Taylor & Reby 2010, "The contribution of source-filter theory to mammal vocal communication
research"). The ranges of pitch, formants and timing are our own choice, checked on spectrograms.
"""

import numpy as np

from sonocanvas.training.dsp import (
    SAMPLE_RATE_HZ,
    Array,
    Formants,
    Waveform,
    chain,
    clock,
    contour,
    envelope,
    finish,
    hoarse_voice,
    noise,
    samples,
    voice,
    wander,
)

Rng = np.random.Generator


def _formants(rng: Rng, *centres_hz: float, width: float = 0.12) -> Formants:
    """Returns resonances of one animal: all centres scaled by its size, each a little off."""
    size = rng.uniform(0.9, 1.12)
    return [(f * size * rng.uniform(0.96, 1.04), f * width + 30) for f in centres_hz]


def _rough(rng: Rng, n: int, rate_hz: float, depth: float) -> Array:
    """Returns a gain that beats: the amplitude modulation of a hoarse source."""
    phase = 2 * np.pi * rate_hz * clock(n) + 2 * wander(rng, n, 8)
    gain: Array = 1 - depth * (0.5 + 0.5 * np.sin(phase + rng.uniform(0, 6.28)))
    return gain


def _gaps(rng: Rng, count: int, low_s: float, high_s: float) -> list[float]:
    """Returns one gap per call: an animal's own tempo with a little unevenness."""
    tempo = rng.uniform(low_s, high_s)
    return [tempo * rng.uniform(0.8, 1.25) for _ in range(count)]


def dog(rng: Rng) -> Waveform:
    """Barks: short arches of pitch with a noisy onset."""
    pitch, formants = rng.uniform(260, 620), _formants(rng, 750, 1450, 2600)
    barks = []
    for _ in range(rng.integers(1, 6)):
        n = samples(rng.uniform(0.13, 0.26))
        arch = (
            contour(n, [0.65, 1.15, 1.0, 0.6], [0, 0.25, 0.6, 1]) * pitch * rng.uniform(0.93, 1.07)
        )
        hoarse = noise(rng, n, 1300, 0.6) * rng.uniform(0.02, 0.08)
        barks.append((voice(arch, formants, -5) + hoarse) * envelope(n, 0.02, 0.09))
    return finish(chain(barks, _gaps(rng, len(barks), 0.12, 0.55)))


def cat(rng: Rng) -> Waveform:
    """Meows: a pitch arch while the mouth opens and closes, "mi-a-u"."""
    pitch, meows = rng.uniform(430, 760), []
    for _ in range(rng.integers(1, 4)):
        n = samples(rng.uniform(0.6, 1.2))
        arch = pitch * contour(n, [0.8, 1.1, 1.15, 0.75], [0, 0.25, 0.5, 1])
        opening = contour(n, [500, 1300, 1500, 700], [0, 0.35, 0.6, 1]) * rng.uniform(0.9, 1.1)
        second = contour(n, [2300, 2500, 2200, 1200], [0, 0.3, 0.6, 1]) * rng.uniform(0.9, 1.1)
        call = voice(arch, [(opening, 150), (second, 250), (4000, 500)], -4)
        meows.append(call * envelope(n, 0.12, 0.3))
    return finish(chain(meows, _gaps(rng, len(meows), 0.3, 0.9)))


def rooster(rng: Rng) -> Waveform:
    """A crow of four notes: hoarse, quick and high, hoarse, and one held at 650 to 850 Hz.

    The second harmonic is the strongest, as in a recording in the pack.
    """
    pitch = rng.uniform(650, 850)
    formants = _formants(rng, 2 * pitch, 2900, 4600, width=0.2)
    held = [1.12, 1.0, rng.uniform(0.96, 1.02), rng.uniform(0.94, 1.0), rng.uniform(0.8, 1.05)]
    shapes = [[0.75, 0.9, 0.8], [1.0, 1.5, 1.2], [1.0, 1.25, 1.1], held]
    lengths = [(0.15, 0.25), (0.1, 0.18), (0.2, 0.45), (0.8, 1.5)]
    notes = []
    for shape, (low, high), hoarse in zip(shapes, lengths, (1.0, 0.2, 0.8, 0.12), strict=True):
        n = samples(rng.uniform(low, high))
        call = hoarse_voice(rng, pitch * contour(n, shape), formants, -6, hoarse)
        notes.append(call * envelope(n, 0.03, 0.06))
    return finish(chain(notes, [rng.uniform(0.08, 0.2), *_gaps(rng, 3, 0.01, 0.06)]))


def duck(rng: Rng) -> Waveform:
    """Quacks: a hoarse pulse train of 150 to 250 Hz through nasal formants, each softer."""
    pitch, formants = rng.uniform(150, 250), _formants(rng, 1300, 2200, 3300, width=0.25)
    quacks, count = [], int(rng.integers(3, 9))
    for k in range(count):
        n = samples(rng.uniform(0.12, 0.26) * (1.3 if k == 0 else 1))
        fall = pitch * contour(n, [1.0, 1.15, 0.75], [0, 0.2, 1])
        call = hoarse_voice(rng, fall, formants, -1, rng.uniform(0.5, 1.0))
        quacks.append(call * envelope(n, 0.02, 0.08) * (1 - 0.6 * k / count))
    return finish(chain(quacks, _gaps(rng, count, 0.08, 0.28)))


def owl(rng: Rng) -> Waveform:
    """Hoots: almost pure tones of 300 to 500 Hz in a rhythm that ends long."""
    pitch, hoots = rng.uniform(300, 480), []
    for length in [*rng.uniform(0.15, 0.35, rng.integers(1, 4)), rng.uniform(0.6, 1.1)]:
        n = samples(length)
        curve = pitch * contour(n, [0.92, 1.03, 1.0, 0.9])
        waver = 1 + 0.012 * np.sin(2 * np.pi * rng.uniform(5, 8) * clock(n))
        hoot = voice(curve * waver, [(pitch, 60), (pitch * 1.2, 150)], -12)
        hoots.append(hoot * envelope(n, 0.05, 0.12))
    return finish(chain(hoots, _gaps(rng, len(hoots), 0.15, 0.5)))


def horse(rng: Rng) -> Waveform:
    """A whinny: a high start that sinks through a strong tremor, then a snort."""
    n = samples(rng.uniform(1.4, 2.5))
    top, low = rng.uniform(950, 1350), rng.uniform(380, 560)
    curve = contour(n, [0.8 * top, top, 0.85 * top, low], [0, 0.12, 0.45, 1])
    tremor = np.sin(2 * np.pi * np.cumsum(contour(n, [14, 9])) / SAMPLE_RATE_HZ)
    call = voice(curve * (1 + 0.09 * tremor), _formants(rng, 1100, 2400, 3800), -4)
    call *= (0.65 + 0.35 * tremor) * envelope(n, 0.08, 0.3)
    m = samples(rng.uniform(0.3, 0.6))
    snort = noise(rng, m, rng.uniform(500, 900), 0.6) * _rough(rng, m, rng.uniform(18, 28), 0.9)
    snort *= rng.uniform(0.03, 0.1) * envelope(m, 0.05, 0.2)
    return finish(chain([call, snort], [rng.uniform(0.02, 0.2), 0]))


def cow(rng: Rng) -> Waveform:
    """Moos: 90 to 170 Hz, closed lips that open, "mmm-ooo"."""
    pitch, size, moos = rng.uniform(90, 160), rng.uniform(0.9, 1.1), []
    for _ in range(rng.integers(1, 3)):
        n = samples(rng.uniform(1.2, 2.6))
        curve = pitch * contour(n, [0.85, 1.0, 1.12, 0.8], [0, 0.3, 0.75, 1])
        first = size * contour(n, [230, 280, 560, 420], [0, 0.25, 0.6, 1])
        second = size * contour(n, [700, 750, 1150, 900], [0, 0.25, 0.6, 1])
        call = voice(curve, [(first, 70), (second, 110), (1900 * size, 250)], -6)
        moos.append(call * envelope(n, 0.25, 0.35))
    return finish(chain(moos, _gaps(rng, len(moos), 0.4, 1.2)))


def sheep(rng: Rng) -> Waveform:
    """Bleats: a vowel "e" shaken at 7 to 12 Hz in pitch and loudness."""
    pitch, formants, bleats = rng.uniform(190, 400), _formants(rng, 750, 1750, 2900), []
    for _ in range(rng.integers(1, 4)):
        n = samples(rng.uniform(0.6, 1.2))
        shake = np.sin(2 * np.pi * rng.uniform(7, 12) * clock(n))
        curve = pitch * contour(n, [0.95, 1.05, 1.0, 0.88]) * (1 + 0.035 * shake)
        call = voice(curve, formants, -3) * (0.55 + 0.45 * shake)
        bleats.append(call * envelope(n, 0.05, 0.15))
    return finish(chain(bleats, _gaps(rng, len(bleats), 0.25, 0.9)))


def pig(rng: Rng) -> Waveform:
    """Grunts: slow pulses of 35 to 70 Hz with snuffling noise, uneven."""
    formants, rate, grunts = _formants(rng, 420, 1050), rng.uniform(35, 65), []
    for _ in range(rng.integers(3, 9)):
        n = samples(rng.uniform(0.12, 0.35))
        curve = rate * contour(n, [0.9, 1.2, 0.8]) * (1 + 0.15 * wander(rng, n, 15))
        snuffle = noise(rng, n, rng.uniform(600, 1000), 0.55) * rng.uniform(0.05, 0.14)
        grunt = (voice(curve, formants, -4) + snuffle) * _rough(rng, n, 28, 0.5)
        grunts.append(grunt * envelope(n, 0.03, 0.1) * rng.uniform(0.5, 1))
    return finish(chain(grunts, _gaps(rng, len(grunts), 0.1, 0.5)))


def lion(rng: Rng) -> Waveform:
    """A roar that swells and sinks, then grunts that fade."""
    pitch, formants = rng.uniform(75, 130), _formants(rng, 320, 780, 1500, width=0.25)
    lengths = [rng.uniform(1.3, 2.3), *rng.uniform(0.35, 0.6, rng.integers(2, 6))]
    roars = []
    for k, length in enumerate(lengths):
        n = samples(length)
        curve = pitch * contour(n, [0.7, 1.35, 1.2, 0.6]) * (1 + 0.07 * wander(rng, n, 30))
        breath = noise(rng, n, contour(n, [400, 950, 350]), 0.8) * rng.uniform(0.12, 0.22)
        swell = contour(n, [0, 0.6, 1, 0.6, 0]) * (0.8**k)
        roars.append((voice(curve, formants, -5) + breath) * swell * _rough(rng, n, 24, 0.4))
    return finish(chain(roars, _gaps(rng, len(roars), 0.12, 0.4)))


def monkey(rng: Rng) -> Waveform:
    """A pant-hoot: quickening hoots that climb into screams."""
    hoots, screams = int(rng.integers(3, 8)), int(rng.integers(2, 6))
    low, high = rng.uniform(330, 480), rng.uniform(1000, 1600)
    calls: list[Array] = []
    for k in range(hoots):
        n = samples(rng.uniform(0.12, 0.2))
        curve = low * (1 + 0.5 * k / hoots) * contour(n, [0.8, 1.2, 1.0])
        hoot = hoarse_voice(rng, curve, [(600, 150), (1300, 300)], -8, 0.6)
        calls.append(0.6 * hoot * envelope(n, 0.04, 0.08))
    for _ in range(screams):
        n = samples(rng.uniform(0.2, 0.5))
        curve = high * contour(n, [0.65, 1.1, 1.15, 0.8]) * rng.uniform(0.9, 1.1)
        scream = hoarse_voice(rng, curve, [(1700, 500), (3600, 900)], -3, 0.4)
        calls.append(scream * envelope(n, 0.03, 0.08))
    return finish(chain(calls, _gaps(rng, len(calls), 0.06, 0.2)))


def wolf(rng: Rng) -> Waveform:
    """A howl: up, held with a slow waver, down; a second wolf may join."""
    howls = []
    for _ in range(rng.integers(1, 4)):
        n, pitch = samples(rng.uniform(2.5, 5)), rng.uniform(380, 720)
        breaks = sorted(rng.uniform(0.12, 0.8, 2))
        curve = pitch * contour(n, [0.55, 1.0, rng.uniform(0.85, 1.1), 0.6], [0, *breaks, 1])
        curve *= 1 + 0.012 * wander(rng, n, 3)
        howl = voice(curve, [(pitch, 150), (1500, 600)], -9)
        howls.append(howl * envelope(n, 0.5, 0.7) * rng.uniform(0.5, 1))
    total = np.zeros(samples(10))
    start = 0
    for howl in howls:
        part = howl[: len(total) - start]
        total[start : start + len(part)] += part
        end = start + len(part)
        start = min(end - samples(0.5), start + samples(rng.uniform(1, 3)))
    return finish(total[: max(end, len(howls[0]))])


def elephant(rng: Rng) -> Waveform:
    """A trumpet: air driven through the trunk, brassy and hoarse, 300 to 600 Hz."""
    calls, pitch, formants = [], rng.uniform(320, 520), _formants(rng, 1000, 2100, 3300, 4800)
    for _ in range(rng.integers(1, 3)):
        n = samples(rng.uniform(0.8, 1.8))
        curve = contour(n, [0.75, 1.2, 1.35, 1.3, 0.8], [0, 0.15, 0.45, 0.8, 1])
        curve *= pitch * (1 + 0.025 * wander(rng, n, 40))
        blast = noise(rng, n, 2600, 0.45) * rng.uniform(0.01, 0.03)
        call = (voice(curve, formants, 0) + blast) * _rough(rng, n, rng.uniform(25, 45), 0.35)
        calls.append(call * envelope(n, 0.06, 0.2))
    return finish(chain(calls, _gaps(rng, len(calls), 0.3, 0.8)))


def crow(rng: Rng) -> Waveform:
    """Caws: 400 to 600 Hz broken by a 70 to 110 Hz roughness."""
    pitch, formants, caws = rng.uniform(420, 580), _formants(rng, 1500, 2700, width=0.25), []
    for _ in range(rng.integers(2, 6)):
        n = samples(rng.uniform(0.28, 0.5))
        curve = pitch * contour(n, [0.85, 1.1, 1.05, 0.8]) * (1 + 0.03 * wander(rng, n, 60))
        hoarse = noise(rng, n, 1700, 0.45) * rng.uniform(0.08, 0.18)
        caw = (voice(curve, formants, -1) + hoarse) * _rough(rng, n, rng.uniform(70, 110), 0.8)
        caws.append(caw * envelope(n, 0.04, 0.1))
    return finish(chain(caws, _gaps(rng, len(caws), 0.2, 0.6)))


def chicken(rng: Rng) -> Waveform:
    """A cackle: short clucks, then one long rising "gawk"."""
    pitch, formants = rng.uniform(330, 480), _formants(rng, 1000, 2000, 3000)
    calls, gaps = [], []
    for _ in range(rng.integers(1, 4)):
        clucks = int(rng.integers(2, 6))
        for _ in range(clucks):
            n = samples(rng.uniform(0.05, 0.09))
            cluck = voice(pitch * contour(n, [1.15, 1.0, 0.75]), formants, -5)
            calls.append(cluck * envelope(n, 0.01, 0.04) * rng.uniform(0.4, 0.7))
        n = samples(rng.uniform(0.28, 0.5))
        gawk = voice(pitch * contour(n, [1.0, 1.9, 2.1, 1.5]), formants, -2)
        calls.append(gawk * envelope(n, 0.03, 0.12))
        gaps += [*_gaps(rng, clucks, 0.1, 0.28), rng.uniform(0.2, 0.5)]
    return finish(chain(calls, gaps))


def seagull(rng: Rng) -> Waveform:
    """A long call: arched yelps with bright harmonics, quickening."""
    pitch, formants = rng.uniform(750, 1050), _formants(rng, 2100, 3600, 5200, width=0.2)
    calls, count = [], int(rng.integers(3, 9))
    length = rng.uniform(0.35, 0.6)
    for k in range(count):
        n = samples(length * (1 - 0.5 * k / count))
        shape = contour(n, [0.7, 1.35, 1.2, 0.75], [0, 0.2, 0.5, 1])
        yelp = voice(pitch * shape * rng.uniform(0.95, 1.05), formants, -1)
        calls.append(yelp * envelope(n, 0.03, 0.1))
    return finish(chain(calls, _gaps(rng, count, 0.06, 0.25)))
