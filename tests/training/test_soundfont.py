import numpy as np

from sonocanvas.training.phrases import MARCHING_VOICES, VOICES
from sonocanvas.training.soundfont import SoundFont, instrument_clips


class SilentFont(SoundFont):
    """A font without its synthesizer; a phrase is as long as its number of notes."""

    def __init__(self, name, author):
        self.name, self.author = name, author

    def preset_name(self, preset):
        return f"Preset {preset[1]}"

    def play(self, phrase, release_s=1.2):
        return np.full(len(phrase.notes), 0.9, np.float32)


def test_clips_of_two_fonts_have_ids_authors_and_licences_of_their_own():
    band = SilentFont("A Band", "B. Drummer")
    clips = list(instrument_clips(band, MARCHING_VOICES, prefix="march", licence="CC0-1.0"))
    assert len(clips) == sum(voice.count for voice in MARCHING_VOICES)
    assert {clip.licence for clip in clips} == {"CC0-1.0"}
    assert clips[0].source == "A Band by B. Drummer, preset 128:56 Preset 56"
    others = list(instrument_clips(SilentFont("A Font", "C. Player"), VOICES[:2]))
    ids = [clip.id for clip in clips + others]
    assert len(set(ids)) == len(ids)
    assert any(name.startswith("held-phrase-") for name in ids)
    assert not any(name.startswith("held-march-") for name in ids)
