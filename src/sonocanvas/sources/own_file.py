"""What all sources share that are a file of the user's own."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sonocanvas.errors import InvalidInputError
from sonocanvas.files.writing import digest_of


@dataclass(frozen=True)
class OwnFile:
    """A file that is known by its digest from when a run is begun.

    Attributes:
        path: The file.
        digest: SHA-256 of the file; empty until a run is begun.

    Raises:
        InvalidInputError: There is no path.
    """

    path: str = ""
    digest: str = ""

    def __post_init__(self) -> None:
        if not self.path:
            raise InvalidInputError("A layer of a file needs a path.")

    def settled(self) -> Self:
        """Returns itself with the digest of its file.

        Raises:
            InvalidInputError: The file is missing, or is another than when the run was begun.
        """
        return dataclasses.replace(self, digest=digest_of(Path(self.path), self.digest))
