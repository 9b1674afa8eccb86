"""The group files of OpenClonk: folders of sounds in one compressed file."""

import gzip
import struct
import zlib

from sonocanvas.errors import InvalidInputError

HEADER_BYTES, ENTRY_BYTES, NAME_BYTES = 204, 316, 260
COUNT_OFFSET = 36
KEY = 237  # XORed with every byte of a header


def scrambled(header: bytes) -> bytes:
    """Returns a group's header scrambled or unscrambled; the function is its own inverse.

    The first and third byte of every three are swapped, and all bytes are XORed with `KEY`.
    """
    swapped = bytearray(header)
    for start in range(0, len(header) - 2, 3):
        swapped[start], swapped[start + 2] = swapped[start + 2], swapped[start]
    return bytes(byte ^ KEY for byte in swapped)


def group_files(content: bytes) -> dict[str, bytes]:
    """Returns path inside the group -> content of every file, including those of nested groups.

    A group is a gzip file with the magic bytes 1E 8C. It holds a scrambled header of 204 bytes
    (number of entries at 36, little-endian i32), 316 bytes per entry (name, then i32: packed,
    is a group, size, unused, offset) and the contents. Nested groups are not compressed.

    Raises:
        InvalidInputError: If the content is not a group or is truncated.
    """
    if content[:2] == b"\x1e\x8c":
        try:
            content = gzip.decompress(b"\x1f\x8b" + content[2:])
        except (OSError, EOFError, zlib.error) as broken:
            raise InvalidInputError(f"The group file cannot be unpacked: {broken}.") from broken
    header = scrambled(content[:HEADER_BYTES])
    if not header.startswith(b"RedWolf Design GrpFolder"):
        raise InvalidInputError("The file is not a group of OpenClonk: its header is missing.")
    (count,) = struct.unpack_from("<i", header, COUNT_OFFSET)
    body = HEADER_BYTES + ENTRY_BYTES * count
    if len(content) < body:
        raise InvalidInputError("The group file ends before its list does.")
    files: dict[str, bytes] = {}
    for start in range(HEADER_BYTES, body, ENTRY_BYTES):
        name = content[start : start + NAME_BYTES].split(b"\0")[0].decode("latin-1")
        _, is_group, size, _, offset = struct.unpack_from("<5i", content, start + NAME_BYTES)
        inside = content[body + offset : body + offset + size]
        if len(inside) < size:
            raise InvalidInputError(f"The group file ends before '{name}' does.")
        if is_group:
            files |= {f"{name}/{path}": file for path, file in group_files(inside).items()}
        else:
            files[name] = inside
    return files
