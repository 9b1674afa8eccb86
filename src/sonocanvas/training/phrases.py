"""The phrases that the instruments of a soundfont play, from a seeded plan of notes.

Some keys and one drum kit sound only in held-out phrases.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from sonocanvas.errors import unknown

HELD_PITCH_CLASS = 6  # F sharp, in every octave, is reserved for test phrases
HELD_KIT = 32  # so is the jazz kit


@dataclass(frozen=True)
class Voice:
    """An instrument of the soundfont, and the phrases that it may play.

    Attributes:
        concept: Concept of the embedded pair, or any other noun.
        caption: Description of the sound.
        preset: Bank and program; bank 128 holds the drum kits.
        keys: Lowest and highest key; the same key twice for a percussion instrument.
        styles: Names in `FIGURES` of the figures that it plays in turn.
        count: Number of phrases.
        longest_s: Latest start of a note in a phrase.
    """

    concept: str
    caption: str
    preset: tuple[int, int]
    keys: tuple[int, int]
    styles: str
    count: int = 6
    longest_s: float = 10.24


@dataclass(frozen=True)
class Note:
    """One key press: `start_s` and `hold_s` in seconds, MIDI `key` and `velocity` (1 to 127)."""

    start_s: float
    hold_s: float
    key: int
    velocity: int


@dataclass(frozen=True)
class Phrase:
    """The notes that one clip plays on one preset (bank, program)."""

    preset: tuple[int, int]
    notes: tuple[Note, ...]
    held: bool


_MUSIC = "melody chord arpeggio scale single"
_TUNE = "melody scale single melody"
_KEYS = "melody chord arpeggio"


def _short(
    concept: str, caption: str, preset: tuple[int, int], keys: tuple[int, int], styles: str
) -> Voice:
    """Returns a voice of ten short phrases."""
    return Voice(concept, caption, preset, keys, styles, count=10, longest_s=3.0)


def _percussion(concept: str, caption: str, *keys: int) -> tuple[Voice, ...]:
    """Returns voices of the standard drum kit, with ten short phrases split equally over keys."""
    return tuple(
        Voice(concept, caption, (128, 0), (key, key), "beats", 10 // len(keys), 3.0) for key in keys
    )


VOICES = (
    Voice("church", "a church organ playing", (0, 19), (36, 79), "chord melody chord arpeggio", 36),
    Voice("castle", "tubular bells tolling", (0, 14), (55, 82), "toll melody toll single", 36),
    Voice("bell", "a bell ringing", (8, 14), (48, 84), "toll single toll beats", 36),
    Voice("piano", "a piano playing", (0, 0), (36, 91), _MUSIC, 36),
    Voice("violin", "a violin playing", (0, 40), (55, 96), _TUNE, 24),
    Voice("violin", "a fiddle playing", (0, 110), (55, 91), _TUNE, 6),
    Voice("violin", "a cello playing", (0, 42), (36, 72), _TUNE, 12),
    Voice("trumpet", "a trumpet playing", (0, 56), (54, 84), _TUNE, 24),
    Voice("trumpet", "a horn playing", (0, 60), (41, 72), _TUNE, 8),
    Voice("trumpet", "a trombone playing", (0, 57), (40, 70), _TUNE, 8),
    Voice("trumpet", "a brass section playing", (0, 61), (43, 79), "chord melody"),
    Voice("flute", "a flute playing", (0, 73), (60, 93), _TUNE, 24),
    Voice("flute", "a clarinet playing", (0, 71), (50, 84), _TUNE, 8),
    Voice("flute", "a saxophone playing", (0, 65), (49, 80), _TUNE, 8),
    Voice(
        "harp", "a harp playing arpeggios", (0, 46), (36, 96), "arpeggio strum arpeggio scale", 36
    ),
    Voice("accordion", "an accordion playing", (0, 21), (48, 84), "chord melody chord scale", 30),
    Voice("accordion", "an accordion playing", (8, 21), (48, 84), "chord melody"),
    Voice("guitar", "a guitar strumming", (0, 25), (40, 76), "strum strum arpeggio", 24),
    Voice("guitar", "a guitar strumming", (0, 24), (40, 76), "strum arpeggio melody", 12),
    Voice("guitar", "a banjo playing", (0, 105), (48, 79), "arpeggio strum"),
    Voice("guitar", "a ukulele strumming", (8, 24), (55, 84), "strum"),
    Voice("drum", "drums beating", (128, 0), (35, 57), "kit", 36),
    Voice("drum", "drums beating", (0, 116), (36, 60), "beats", 8),
    Voice("drum", "timpani beating", (0, 47), (36, 60), "beats single", 12),
    Voice("wind-chime", "wind chimes ringing", (0, 112), (72, 100), "shimmer", 12),
    Voice("glockenspiel", "a glockenspiel playing", (0, 9), (72, 103), _TUNE),
    Voice("music-box", "a music box playing", (0, 10), (60, 96), _TUNE),
    Voice("celesta", "a celesta playing", (0, 8), (60, 96), _TUNE),
    Voice("xylophone", "a xylophone playing", (0, 13), (65, 96), _TUNE),
    Voice("marimba", "a marimba playing", (0, 12), (48, 84), _TUNE),
    Voice("vibraphone", "a vibraphone playing", (0, 11), (53, 89), _TUNE),
    Voice("steel-drum", "a steel drum playing", (0, 114), (52, 84), _TUNE),
    Voice("kalimba", "a kalimba playing", (0, 108), (55, 84), _TUNE),
    Voice("harpsichord", "a harpsichord playing", (0, 6), (41, 84), _MUSIC),
    Voice("harmonica", "a harmonica playing", (0, 22), (60, 89), "chord melody"),
    Voice("bagpipe", "a bagpipe playing", (0, 109), (55, 77), _TUNE),
    Voice("sitar", "a sitar playing", (0, 104), (48, 77), _TUNE),
    Voice("oboe", "an oboe playing", (0, 68), (58, 89), _TUNE),
    Voice("bassoon", "a bassoon playing", (0, 70), (34, 67), _TUNE),
    Voice("pan-flute", "a pan flute playing", (0, 75), (60, 91), _TUNE),
    Voice("tuba", "a tuba playing", (0, 58), (29, 55), _TUNE),
    Voice("whistle", "a person whistling", (0, 78), (72, 96), _TUNE),
    Voice("choir", "a choir singing", (0, 52), (48, 79), "chord melody"),
    Voice("strings", "an orchestra of strings playing", (0, 48), (36, 88), "chord melody"),
    Voice("electric-guitar", "an electric guitar playing", (0, 30), (40, 76), "chord melody"),
    Voice("cymbal", "cymbals crashing", (128, 0), (49, 49), "beats"),
    Voice("cymbal", "cymbals crashing", (128, 48), (57, 57), "beats"),
    Voice("tambourine", "a tambourine shaking", (128, 0), (54, 54), "beats"),
    Voice("cowbell", "a cowbell", (128, 0), (56, 56), "beats"),
    Voice("triangle", "a triangle ringing", (128, 0), (81, 81), "beats"),
    Voice("wood-block", "a wood block knocking", (0, 115), (60, 84), "beats"),
    _short("pizzicato", "strings plucked pizzicato", (0, 45), (36, 88), "melody scale arpeggio"),
    _short("recorder", "a recorder playing", (0, 74), (60, 91), _TUNE),
    _short("blown-bottle", "blowing over a bottle", (0, 76), (48, 79), "single melody beats"),
    _short("ocarina", "an ocarina playing", (0, 79), (60, 89), _TUNE),
    _short("koto", "a koto playing", (0, 107), (48, 84), "arpeggio melody strum"),
    _short("reverse-cymbal", "a cymbal played backwards", (0, 119), (52, 72), "single"),
    _short("castanets", "castanets clicking", (8, 115), (60, 84), "beats"),
    *_percussion("hand-clap", "a person clapping a rhythm", 39),
    *_percussion("hi-hat", "a hi-hat playing", 42, 46),
    *_percussion("maracas", "maracas shaking", 70),
    *_percussion("guiro", "a guiro scraping", 73, 74),
    *_percussion("bongos", "bongos drumming", 60, 61),
    *_percussion("referee-whistle", "a referee blowing a whistle", 71, 72),
    *_percussion("sleigh-bells", "sleigh bells jingling", 83),
)

# drums of a marching band: programs 56 (snare), 59 (bass) and 96 (tenors) in bank 128 of
# MuseScore's soundfont, which are separate recordings
MARCHING_VOICES = tuple(
    Voice("drum", caption, (128, program), (key, key), "beats", 5, 6.0)
    for caption, program, keys in (
        ("a snare drum", 56, (52, 60)),
        ("a drum roll", 56, (48,)),
        ("a bass drum", 59, (37, 49, 61)),
        ("drums beating", 96, (36, 37, 40)),
        ("a drum roll", 96, (50,)),
    )
    for key in keys
)


Steps = tuple[int, ...]
Figure = list[tuple[float, float, int]]
CHORDS = ((0, 4, 7, 12), (0, 3, 7, 12), (0, 5, 9, 12), (0, 7, 12, 16))
SCALES = ((0, 2, 4, 5, 7, 9, 11, 12), (0, 2, 3, 5, 7, 8, 10, 12), (0, 2, 4, 7, 9, 12))


def figure(style: str, rng: random.Random) -> Figure:
    """Returns a short musical figure as (start in s, duration in s, semitones above the root).

    Args:
        style: One of `FIGURES`.
        rng: Source of randomness.

    Raises:
        InvalidInputError: If the style is unknown.
    """
    if style not in FIGURES:
        raise unknown("figure", style, FIGURES)
    beat_s = rng.uniform(0.18, 0.45)
    return FIGURES[style](rng, beat_s, rng.choice(CHORDS), rng.choice(SCALES))


def _single(rng: random.Random, *_: object) -> Figure:
    return [(0.0, rng.uniform(1.5, 4.0), 0)]


def _chords(rng: random.Random, _: float, chord: Steps, __: Steps) -> Figure:
    long = rng.uniform(0.8, 1.6)
    shifts = (0, *rng.choices((0, 2, 5, 7), k=rng.randint(1, 3)))
    return [(n * long, long, s + step) for n, s in enumerate(shifts) for step in chord]


def _strum(rng: random.Random, beat_s: float, chord: Steps, _: Steps) -> Figure:
    spread = rng.uniform(0.012, 0.035)
    shifts = (0, *rng.choices((0, 5, 7), k=rng.randint(2, 5)))
    return [
        (2 * beat_s * n + spread * i, 2 * beat_s, s + step)
        for n, s in enumerate(shifts)
        for i, step in enumerate(chord)
    ]


def _arpeggio(rng: random.Random, beat_s: float, chord: Steps, _: Steps) -> Figure:
    steps = [*chord[:3], *(step + 12 for step in chord[:3]), 24]
    steps = rng.choice([steps, steps[::-1], steps + steps[-2::-1]])
    return [(n * beat_s * 0.6, beat_s * 1.5, step) for n, step in enumerate(steps)]


def _scale(rng: random.Random, beat_s: float, _: Steps, scale: Steps) -> Figure:
    steps = rng.choice([scale, scale[::-1], scale + scale[-2::-1]])
    return [(n * beat_s, beat_s, step) for n, step in enumerate(steps)]


def _melody(rng: random.Random, beat_s: float, _: Steps, scale: Steps) -> Figure:
    place, notes, start_s = rng.randrange(len(scale)), [], 0.0
    for _note in range(rng.randint(5, 12)):
        hold_s = beat_s * rng.choice((1, 1, 2))
        notes.append((start_s, hold_s, scale[place]))
        start_s += hold_s
        place = min(max(place + rng.choice((-2, -1, 1, 2)), 0), len(scale) - 1)
    return notes


def _toll(rng: random.Random, *_: object) -> Figure:
    gap_s = rng.uniform(0.7, 1.6)
    steps = rng.choices((0, 0, 4, 5, 7, 12), k=rng.randint(3, 5))
    return [(n * gap_s, gap_s, step) for n, step in enumerate(steps)]


def _beats(rng: random.Random, beat_s: float, *_: object) -> Figure:
    gaps_s = rng.choices((beat_s / 2, beat_s, 2 * beat_s), k=rng.randint(4, 14))
    return [(sum(gaps_s[:n]), 0.4, 0) for n in range(len(gaps_s))]


def _shimmer(rng: random.Random, *_: object) -> Figure:
    starts_s = sorted(rng.uniform(0, 4) for _ in range(rng.randint(8, 24)))
    return [(start_s, 2.0, rng.choice((0, 2, 4, 7, 9, 12, 14, 16))) for start_s in starts_s]


FIGURES: dict[str, Callable[[random.Random, float, Steps, Steps], Figure]] = {
    "single": _single,
    "chord": _chords,
    "strum": _strum,
    "arpeggio": _arpeggio,
    "scale": _scale,
    "melody": _melody,
    "toll": _toll,
    "beats": _beats,
    "shimmer": _shimmer,
}


def _drum_notes(rng: random.Random) -> tuple[Note, ...]:
    """Returns a bar pattern for a drum kit: bass, snare, hi-hat, and toms or a cymbal."""
    step = rng.uniform(0.11, 0.2)
    fill = rng.choice([(41, 45, 48, 50), (50, 47, 43, 41), (45, 45, 41, 49), (38, 38, 38, 38)])
    hat = rng.choice((42, 46, 51, 44))
    notes = []
    for n in range(rng.choice((16, 24, 32))):
        keys = []
        if n % 8 == 0 or rng.random() < 0.12:
            keys.append(36)
        if n % 8 == 4:
            keys.append(38)
        if n % 2 == 0 and rng.random() < 0.7:
            keys.append(hat)
        if n % 16 >= 12:
            keys.append(fill[n % 4])
        notes += [Note(n * step, 0.3, key, rng.randint(70, 120)) for key in keys]
    return tuple(notes)


def plan_phrases(voice: Voice) -> list[Phrase]:
    """Returns the phrases that an instrument plays; the same voice gives the same phrases.

    Every tenth phrase, from the sixth on, is held out from training. Keys of the held-out pitch
    class, and for drums the held-out kit, sound only there.
    """
    low, high = voice.keys
    kits = (0, 8, 16, 24, 40, 48)
    phrases = []
    for index in range(voice.count):
        rng = random.Random(f"{voice.caption}:{voice.preset}:{index}")
        style = voice.styles.split()[index % len(voice.styles.split())]
        held = index % 10 == 5
        if style == "kit":
            kit = HELD_KIT if held else kits[index % len(kits)]
            phrases.append(Phrase((128, kit), _drum_notes(rng), held))
            continue
        while True:
            steps = [step for step in figure(style, rng) if step[0] <= voice.longest_s]
            root = rng.randint(low, high)
            keys = {root + step for _, _, step in steps}
            fits = max(keys) <= high or high - low < max(keys) - root
            wrong = any(key % 12 == HELD_PITCH_CLASS for key in keys) != held
            if low == high or (fits and not wrong):
                break
        notes = tuple(Note(s, h, root + step, rng.randint(75, 120)) for s, h, step in steps)
        phrases.append(Phrase(voice.preset, notes, held and low != high))
    return phrases
