"""Reads text files, which may come from anywhere, within bounds."""

from pathlib import Path

from sonocanvas.errors import InvalidInputError


def read_text(path: Path, most_bytes: int) -> str:
    """Returns the text of a UTF-8 file.

    Args:
        path: The file.
        most_bytes: Size limit.

    Raises:
        InvalidInputError: It is missing, cannot be read, is too large, or is not UTF-8 text.
    """
    try:
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
        if len(content) > most_bytes:
            raise InvalidInputError(
                f"'{path}' is too large; it can have at most {most_bytes // 2**20} MB."
            )
        return content.decode("utf-8")
    except OSError as error:
        raise InvalidInputError(f"Cannot read '{path}': {error.strerror}.") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise InvalidInputError(
            f"'{path}', line {line}: it is not UTF-8 text: {error.reason}."
        ) from None
