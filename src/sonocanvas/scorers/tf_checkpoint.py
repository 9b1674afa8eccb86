"""Reads tensors of a TensorFlow checkpoint without TensorFlow, whose size is 1.5 GB.

A checkpoint has two files: `.index`, a sorted table of names in LevelDB's format whose values are
protocol buffers (`BundleEntryProto`), and `.data-00000-of-00001` with the numbers in sequence.
"""

import math
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sonocanvas.errors import InvalidInputError

MAGIC = 0xDB4775248B80FB57
FOOTER_BYTES = 48
FLOAT32 = 1

Field = int | bytes


def read_checkpoint(folder: Path) -> dict[str, NDArray[np.float32]]:
    """Returns the float32 tensors of the checkpoint in a folder, by name.

    Raises:
        InvalidInputError: A file is missing or broken.
    """
    try:
        index = (folder / ".index").read_bytes()
        data = (folder / ".data-00000-of-00001").read_bytes()
        entries = list(_entries(index))
        return {name.decode(): _tensor(value, data) for name, value in entries if name}
    except (OSError, ValueError, IndexError, struct.error) as error:
        raise InvalidInputError(
            f"'{folder.name}' is not a TensorFlow checkpoint: {error}."
        ) from error


def _entries(table: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yields the keys and values of a LevelDB table without compression."""
    footer = table[-FOOTER_BYTES:]
    if len(footer) < FOOTER_BYTES or struct.unpack("<Q", footer[-8:])[0] != MAGIC:
        raise ValueError("its index has another format")
    at = 0
    for _ in range(2):  # offset and size of the metadata block
        _, at = _varint(footer, at)
    for _, handle in _block(table, footer[at:]):
        yield from _block(table, handle)


def _block(table: bytes, handle: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yields the entries of the block at a handle, which holds its offset and size."""
    begin, at = _varint(handle, 0)
    size, _ = _varint(handle, at)
    block = table[begin : begin + size]
    if table[begin + size] != 0:
        raise ValueError("its index is compressed")
    restarts = struct.unpack("<I", block[-4:])[0]
    end = len(block) - 4 * (restarts + 1)
    key, at = b"", 0
    while at < end:
        shared, at = _varint(block, at)
        added, at = _varint(block, at)
        length, at = _varint(block, at)
        key = key[:shared] + block[at : at + added]
        at += added
        yield key, block[at : at + length]
        at += length


def _tensor(entry: bytes, data: bytes) -> NDArray[np.float32]:
    fields = dict(_fields(entry))
    if fields.get(1) != FLOAT32:
        raise ValueError("a tensor is not float32")
    dims = [value for number, value in _fields(_bytes(fields.get(2, b""))) if number == 2]
    shape = [dict(_fields(_bytes(dim))).get(1, 0) for dim in dims]
    sizes = [size for size in shape if isinstance(size, int)]
    begin = fields.get(4, 0)
    if not isinstance(begin, int) or begin + 4 * math.prod(sizes) > len(data):
        raise ValueError("a tensor lies outside of its file")
    return np.frombuffer(data, "<f4", math.prod(sizes), begin).reshape(sizes)


def _fields(message: bytes) -> Iterator[tuple[int, Field]]:
    """Yields the numbers and values of the fields of a protocol buffer."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == 0:
            value: Field
            value, at = _varint(message, at)
        elif kind == 2:
            length, at = _varint(message, at)
            value = message[at : at + length]
            at += length
        elif kind == 5:
            value = message[at : at + 4]
            at += 4
        else:
            raise ValueError(f"a field of kind {kind} in its index")
        yield tag >> 3, value


def _bytes(value: Field) -> bytes:
    if isinstance(value, int):
        raise ValueError("a number where a message should be")
    return value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Returns the variable-length number at an offset, and where it ends."""
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
