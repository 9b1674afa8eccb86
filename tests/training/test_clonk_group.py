import gzip
import struct

import pytest

from sonocanvas.errors import InvalidInputError
from sonocanvas.training.clonk_group import group_files, scrambled


def plain_group(files):
    """Returns an uncompressed group; `files` maps names to bytes or, for groups, dictionaries."""
    header = bytearray(b"RedWolf Design GrpFolder\0".ljust(204, b"\0"))
    struct.pack_into("<i", header, 36, len(files))
    entries, bodies = b"", b""
    for name, content in files.items():
        body = plain_group(content) if isinstance(content, dict) else content
        numbers = (1, isinstance(content, dict), len(body), 0, len(bodies))
        entry = name.encode().ljust(260, b"\0") + struct.pack("<5i", *numbers)
        entries += entry.ljust(316, b"\0")
        bodies += body
    return scrambled(bytes(header)) + entries + bodies


def group(files):
    return b"\x1e\x8c" + gzip.compress(plain_group(files))[2:]


def test_files_of_a_group_and_of_the_groups_inside_come_back():
    content = group({"a.wav": b"one", "Fire.ocg": {"b.ogg": b"two", "c.ogg": b""}})
    assert group_files(content) == {
        "a.wav": b"one",
        "Fire.ocg/b.ogg": b"two",
        "Fire.ocg/c.ogg": b"",
    }


def test_a_header_is_hidden_and_shown_by_one_function():
    header = bytes(range(204))
    assert scrambled(scrambled(header)) == header
    assert scrambled(b"abc") == bytes([ord("c") ^ 237, ord("b") ^ 237, ord("a") ^ 237])


def test_a_broken_group_is_an_error():
    whole = plain_group({"a.wav": b"one"})
    with pytest.raises(InvalidInputError, match=r"ends before 'a\.wav' does"):
        group_files(whole[:-1])
    with pytest.raises(InvalidInputError, match="ends before its list does"):
        group_files(whole[:300])
    with pytest.raises(InvalidInputError, match="cannot be unpacked"):
        group_files(group({"a.wav": b"one"})[:40])
    with pytest.raises(InvalidInputError, match="not a group of OpenClonk"):
        group_files(b"RIFF")
