"""Every reader of the project."""

from pathlib import Path

from fuzz_media import pictures, sounds
from fuzz_reader import Reader
from fuzz_records import samples, studies
from fuzz_texts import texts
from fuzz_weights import weights


def readers(home: Path) -> list[Reader]:
    """Returns every reader.

    Args:
        home: Folder for the valid files.
    """
    return [*pictures(home), *sounds(home), *texts(), *samples(home), *studies(), *weights(home)]
