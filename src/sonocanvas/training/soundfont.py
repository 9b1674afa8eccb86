"""Clips of the instruments and sound effects of a soundfont."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sonocanvas.training.clips import SAMPLE_RATE_HZ, Clip, Samples, prepare
from sonocanvas.training.phrases import HELD_PITCH_CLASS, VOICES, Note, Phrase, Voice, plan_phrases
from sonocanvas.training.sound_table import noun, sound_table

FONT_RATE_HZ = 44100
EFFECT_KEYS = (53, 55, 57, 59, 60, 62, 64, 66)


class SoundFont:
    """A soundfont that plays phrases.

    Attributes:
        name: Name for the attribution.
        author: Who made it.
    """

    def __init__(self, path: Path, name: str, author: str = "Frank Wen") -> None:
        import tinysoundfont

        self.name = name
        self.author = author
        self._synth = tinysoundfont.Synth(samplerate=FONT_RATE_HZ)
        self._font = self._synth.sfload(str(path))

    def preset_name(self, preset: tuple[int, int]) -> str:
        """Returns the name of a preset, empty if the font has none there."""
        return self._synth.sfpreset_name(self._font, *preset) or ""

    def source(self, preset: tuple[int, int]) -> str:
        """Returns the attribution of a preset."""
        number = f"{preset[0]}:{preset[1]}"
        return f"{self.name} by {self.author}, preset {number} {self.preset_name(preset)}"

    def play(self, phrase: Phrase, release_s: float = 1.2) -> Samples:
        """Returns a phrase and its fading as a clip's samples `(samples,)`."""
        bank, program = phrase.preset
        self._synth.program_select(0, self._font, bank, program, bank == 128)
        # at equal times, a key is released before it is pressed again
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
            if length_s < 1.5:  # repeat short sounds: a bark, a step, a heartbeat
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


def instrument_clips(
    font: SoundFont,
    voices: Sequence[Voice] = VOICES,
    prefix: str = "phrase",
    licence: str = "MIT",
) -> Iterator[Clip]:
    """Yields the phrases of the instruments.

    Args:
        font: The soundfont that plays them.
        voices: The instruments.
        prefix: Prefix of the ids, different for every font.
        licence: SPDX identifier of the instruments' licence.
    """
    for number, voice in enumerate(voices):
        for index, phrase in enumerate(plan_phrases(voice)):
            name_id = f"{'held-' * phrase.held}{prefix}-{number:02d}-{index:02d}"
            source = font.source(phrase.preset)
            samples = font.play(phrase)
            yield Clip(name_id, voice.caption, voice.concept, source, licence, samples)
