"""Strategies for files with a broken structure whose checksums and lengths are still right."""

import io
import json
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

from fuzz_values import NUMBERS, WORDS, damage, damaged, to_json, trees
from hypothesis import strategies as st

SIGNATURE = b"\x89PNG\r\n\x1a\n"
SIZES = (0, 1, 2, 255, 256, 5000, 20000, 65535, 2**31 - 1, 2**31, 2**32 - 1)
RATES = (0, 1, 2, 100, 8000, 44100, 192000, 655350, 10**9, 2**31 - 1, 2**31, 2**32 - 1)


def chunks_of(png: bytes) -> list[tuple[bytes, bytes]]:
    """Returns the chunks of a PNG as pairs of kind and content."""
    found, at = [], 8
    while at + 8 <= len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        found.append((png[at + 4 : at + 8], png[at + 8 : at + 8 + length]))
        at += length + 12
    return found


def to_png(chunks: list[tuple[bytes, bytes]]) -> bytes:
    """Returns a PNG of the chunks, with valid checksums."""
    return SIGNATURE + b"".join(
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )


def text_chunk(key: bytes, text: bytes) -> tuple[bytes, bytes]:
    """Returns a text chunk of a PNG."""
    return b"tEXt", key + b"\0" + text


@st.composite
def pngs(draw: Callable[..., Any], seed: bytes) -> bytes:
    """Returns a PNG with chunks changed, duplicated, dropped or added."""
    chunks = chunks_of(seed)
    dice = random.Random(draw(st.integers(0, 2**48)))
    for _ in range(draw(st.integers(1, 3))):
        at = dice.randrange(len(chunks)) if chunks else 0
        how = draw(st.integers(0, 8))
        if how <= 2:
            chunks = [_other_text(draw, chunk) for chunk in chunks]
        elif how == 3 and chunks and chunks[0][0] == b"IHDR":
            chunks[0] = (b"IHDR", _header(dice, chunks[0][1]))
        elif how == 4 and chunks:
            chunks.insert(dice.randrange(len(chunks)), chunks[at])
        elif how == 5 and len(chunks) > 1:
            del chunks[at]
        elif how == 6:
            chunks.insert(max(1, at), dice.choice(_strange(dice)))
        elif chunks:
            content = bytearray(chunks[at][1])
            damage(content, dice)
            chunks[at] = (chunks[at][0], bytes(content))
    png = to_png(chunks)
    return draw(damaged(png)) if draw(st.integers(0, 4)) == 0 else png


def _other_text(draw: Callable[..., Any], chunk: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    kind, content = chunk
    key, _, text = content.partition(b"\0")
    if kind != b"tEXt" or key not in (b"sonocanvas", b"Comment"):
        return chunk
    head, marker, told = text.partition(b" origin=")
    try:
        tree = json.loads(told if marker else text)
    except (ValueError, RecursionError):  # changed in an earlier round
        return chunk
    told = to_json(draw(trees(tree)))
    return text_chunk(key, head + marker + told if marker else told)


def _header(dice: random.Random, content: bytes) -> bytes:
    fields = list(struct.unpack(">IIBBBBB", content[:13].ljust(13, b"\0")))
    for _ in range(dice.randrange(1, 3)):
        place = dice.randrange(7)
        fields[place] = (
            dice.choice(SIZES) if place < 2 else dice.choice((0, 1, 2, 3, 4, 6, 8, 16, 255))
        )
    return struct.pack(">IIBBBBB", *fields)


def _strange(dice: random.Random) -> list[tuple[bytes, bytes]]:
    bomb = zlib.compress(bytes(3 * 2**20))
    junk = dice.randbytes(dice.choice((0, 1, 8, 40)))
    return [
        (b"zTXt", b"sonocanvas\0\0" + bomb),
        (b"zTXt", b"Comment\0\0" + zlib.compress(junk)),
        (b"iTXt", b"sonocanvas\0\1\0\0\0" + bomb),
        (b"iCCP", b"name\0\0" + bomb),
        (b"eXIf", b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01" + junk),
        (b"eXIf", b"Exif\0\0II*\0\x08\0\0\0" + junk),
        (b"acTL", struct.pack(">II", dice.choice(SIZES), 0)),
        (
            b"fcTL",
            struct.pack(">IIIIIHHBB", 0, *(dice.choice(SIZES) for _ in range(4)), 1, 0, 0, 0),
        ),
        (b"tRNS", junk),
        (b"PLTE", junk),
        (b"IDAT", junk),
    ]


@st.composite
def waves(draw: Callable[..., Any], seed: bytes) -> bytes:
    """Returns a WAV with a changed header."""
    found = bytearray(seed)
    dice = random.Random(draw(st.integers(0, 2**48)))
    format_at, data_at = found.find(b"fmt "), found.find(b"data")
    for _ in range(draw(st.integers(1, 3))):
        how = dice.randrange(8)
        if how <= 1:
            struct.pack_into("<I", found, format_at + 12, dice.choice(RATES))
        elif how == 2:
            struct.pack_into(
                "<H", found, format_at + 8, dice.choice((0, 1, 2, 3, 6, 7, 17, 0x31, 0x55, 0xFFFE))
            )
        elif how == 3:
            struct.pack_into(
                "<H", found, format_at + 10, dice.choice((0, 1, 2, 16, 255, 1024, 1025, 65535))
            )
        elif how == 4:
            struct.pack_into(
                "<HH",
                found,
                format_at + 20,
                dice.choice(SIZES) % 65536,
                dice.choice((0, 1, 8, 12, 24, 32, 64, 255)),
            )
        elif how == 5:
            struct.pack_into(
                "<I", found, dice.choice((4, format_at + 4, data_at + 4)), dice.choice(WORDS)
            )
        elif how == 6:
            found[:4] = dice.choice(
                (b"RF64", b"RIFX", b"FORM", b"riff", b"fLaC", b"OggS", b"caff", b".snd")
            )
        else:
            damage(found, dice)
            found += bytes(max(0, max(format_at, data_at) + 32 - len(found)))
    return bytes(found)


@st.composite
def flacs(draw: Callable[..., Any], seed: bytes) -> bytes:
    """Returns a FLAC with changed stream information."""
    found = bytearray(seed)
    dice = random.Random(draw(st.integers(0, 2**48)))
    if dice.randrange(2):
        (word,) = struct.unpack_from(">Q", found, 18)
        rate, channels, bits, total = (
            word >> 44,
            word >> 41 & 7,
            word >> 36 & 31,
            word & (2**36 - 1),
        )
        rate = dice.choice((rate, rate, *RATES)) % 2**20
        channels = dice.choice((channels, channels, 0, 1, 7))
        bits = dice.choice((bits, bits, 3, 23, 31))
        total = dice.choice((total, 0, 1, 2**36 - 1, 10**9, rate * 599))
        struct.pack_into(">Q", found, 18, rate << 44 | channels << 41 | bits << 36 | total % 2**36)
    if dice.randrange(2):
        struct.pack_into(">HH", found, 8, dice.choice(SIZES) % 65536, dice.choice(SIZES) % 65536)
    for _ in range(dice.randrange(3)):
        damage(found, dice)
    return bytes(found)


def _ogg_table() -> list[int]:
    table = []
    for index in range(256):
        sum_ = index << 24
        for _ in range(8):
            sum_ = (sum_ << 1 ^ 0x04C11DB7 if sum_ & 0x80000000 else sum_ << 1) & 0xFFFFFFFF
        table.append(sum_)
    return table


OGG = _ogg_table()


@st.composite
def oggs(draw: Callable[..., Any], seed: bytes) -> bytes:
    """Returns a damaged OGG whose pages have valid checksums again."""
    found = bytearray(seed)
    dice = random.Random(draw(st.integers(0, 2**48)))
    if dice.randrange(2):
        struct.pack_into("<I", found, 40, dice.choice(RATES))  # in the identification header
    if dice.randrange(4) == 0:
        found[39] = dice.choice((0, 1, 2, 8, 255))
    for _ in range(dice.randrange(4)):
        damage(found, dice)
    at = found.find(b"OggS")
    while at >= 0:
        after = found.find(b"OggS", at + 4)
        page = found[at : after if after > 0 else len(found)]
        if len(page) >= 27:
            page[22:26] = bytes(4)
            sum_ = 0
            for byte in page:
                sum_ = (sum_ << 8) & 0xFFFFFFFF ^ OGG[sum_ >> 24 ^ byte]
            found[at + 22 : at + 26] = sum_.to_bytes(4, "little")
        at = after
    return bytes(found)


@st.composite
def tensors(draw: Callable[..., Any], seed: bytes) -> bytes:
    """Returns a safetensors file with a changed header, or a damaged one."""
    (length,) = struct.unpack("<Q", seed[:8])
    header, body = json.loads(seed[8 : 8 + length]), seed[8 + length :]
    dice = random.Random(draw(st.integers(0, 2**48)))
    how = dice.randrange(6)
    if how == 0:
        return draw(damaged(seed))
    if how == 1:
        name = dice.choice(list(header))
        if name != "__metadata__":
            header[name]["dtype"] = dice.choice(
                ("F64", "F32", "F16", "BF16", "I64", "U8", "BOOL", "F8_E4M3", "C64", "X")
            )
            if dice.randrange(2):
                whole = header[name]["data_offsets"][1] - header[name]["data_offsets"][0]
                header[name]["shape"] = dice.choice(
                    ([whole], [], [0], [1, whole, 1], [whole // 4], [2**32, 2**32, 0])
                )
    elif how == 2:
        names = [name for name in header if name != "__metadata__"]
        first, second = dice.choice(names), dice.choice(names)
        header[first]["data_offsets"] = list(header[second]["data_offsets"])
    elif how == 3:
        name = dice.choice(list(header))
        other = dice.choice(
            ("", "..", name.replace("A", "B"), "x" * 10_000, f"{name}.bias", "unet." + name)
        )
        header[other] = header.pop(name)
    else:
        header = draw(trees(header))
    text = to_json(header)
    claimed = dice.choice((len(text),) * 9 + (0, 8, 2**31, 2**63, 2**64 - 1, len(seed)))
    return struct.pack("<Q", claimed) + text + body


@st.composite
def pickles(draw: Callable[..., Any], seed: bytes) -> bytes:
    """Returns a torch file that is damaged, or whose pickle is."""
    dice = random.Random(draw(st.integers(0, 2**48)))
    if dice.randrange(3) == 0:
        return draw(damaged(seed))
    kept = io.BytesIO()
    squeezed = dice.choice((zipfile.ZIP_STORED,) * 5 + (zipfile.ZIP_DEFLATED,))
    with zipfile.ZipFile(io.BytesIO(seed)) as old, zipfile.ZipFile(kept, "w", squeezed) as new:
        for name in old.namelist():
            content = bytearray(old.read(name))
            if name.endswith(".pkl"):
                for _ in range(dice.randrange(1, 4)):
                    _other_pickle(content, dice)
            elif dice.randrange(10) == 0:
                damage(content, dice)
            new.writestr(name, bytes(content))
    return kept.getvalue()


def _other_pickle(content: bytearray, dice: random.Random) -> None:
    """Changes a whole number in a pickle, or damages any bytes."""
    numbers = [at for at, byte in enumerate(content) if byte == ord("K") and at + 1 < len(content)]
    if dice.randrange(2) and numbers:
        at = dice.choice(numbers)
        number = dice.choice([one for one in NUMBERS if isinstance(one, int) and abs(one) < 2**31])
        content[at : at + 2] = b"J" + number.to_bytes(4, "little", signed=True)
        return
    damage(content, dice)
