"""Every reader is given broken files, and must read them or refuse them with one of our errors.

Taking more than 10 s or 1 GB is a defect too. `pytest -m slow tests/faults/test_fuzz.py -s` tries
10,000 cases of each reader and prints a line for each reader.
"""

from pathlib import Path

import pytest
from fuzz_guard import Tally, guarded
from fuzz_reader import Reader
from hypothesis import HealthCheck, Phase, given, settings

QUICK, WHOLE = 20, 10_000
NAMES = (
    *("png", "pictures", "wav", "flac", "ogg", "mp3", "mp4", "run.toml", "scene", "preset"),
    *("prompts", "sample.json", "candidates", "latent", "scores", "study", "study key"),
    *("unet config", "safetensors", "vae config", "text_encoder config", "hifigan config"),
    *("model index", "schedule", "tokenizer", "hifigan", "lora", "settings"),
)


def tried(reader: Reader, folder: Path, cases: int) -> Tally:
    """Returns the outcomes of up to `cases` cases of a reader."""
    tally = Tally(reader.name)
    reader.prepare(folder)
    path = folder / reader.file

    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(reader.cases)
    def run(case: bytes) -> None:
        path.write_bytes(case)
        tally.add(guarded(lambda: reader.read(folder)), case)

    run()
    return tally


def test_every_reader_is_named(table):
    assert set(NAMES) == set(table)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_is_right_is_read(table, name, tmp_path):
    reader = table[name]
    reader.prepare(tmp_path)
    (tmp_path / reader.file).write_bytes(reader.right)
    reader.read(tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_a_few_cases(table, bounded, name, tmp_path):
    tally = tried(table[name], tmp_path, QUICK)
    assert tally.cases >= QUICK * 0.9
    assert tally.defects == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_ten_thousand_cases(table, bounded, name, tmp_path, capsys):
    tally = tried(table[name], tmp_path, WHOLE)
    with capsys.disabled():
        print(f"\n{tally}")
    assert tally.defects == {}
