"""Strategies for hostile values, trees of them, and damaged bytes."""

import copy
import json
import math
import random
from collections.abc import Callable
from typing import Any

import tomli_w
from hypothesis import strategies as st

DEEP, HUGE, HEX, TINY = "@deep@", "@huge@", "@hex@", "@tiny@"
RAW = {
    DEEP: "[" * 20_000 + "]" * 20_000,
    HUGE: "9" * 5_000,
    HEX: "0x" + "f" * 6_000,
    TINY: "1e999",
}
"""Text that no library writes; it replaces the quoted placeholder in the output."""

STRINGS = (
    *("", "..", "../../../etc/passwd", "/etc/passwd", "~no-such-user/x", "local:~no-such-user/x"),
    *("\0", "a\0b", "local:\0", "\ud7ff\u202e", "a" * 20_000, "9" * 5_000, "nan", "inf", "-1"),
    *("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{0.__class__}", "%s%n"),
    *("0-99999999", "1:99999999999", "mini", "self", "name", "picture 'x", "sound x 0-1s 9%"),
)
NUMBERS = (
    *(0, -1, 1, 2, 3, 255, 10**6, 10**9, 2**31 - 1, 2**31, 2**32, 2**63 - 1, 2**63, 10**30),
    *(-(10**9), 10**400, 0.0, -0.0, 1e-320, 1e308, -1e308, math.nan, math.inf, -math.inf, 0.5),
)

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(NUMBERS),
    st.sampled_from(STRINGS),
    st.sampled_from((DEEP, HUGE, HEX, TINY)),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
)
values = st.one_of(
    leaves,
    st.lists(leaves, max_size=4),
    st.dictionaries(
        st.one_of(st.sampled_from(STRINGS[:16]), st.text(max_size=6)), leaves, max_size=3
    ),
    st.sampled_from(([[]], {}, [{}], [0] * 5_000, {"name": []}, {"name": {}}, {"self": 1})),
)


@st.composite
def trees(draw: Callable[..., Any], seed: Any) -> Any:
    """Returns a JSON tree with one to three changes."""
    tree = copy.deepcopy(seed)
    for _ in range(draw(st.sampled_from((1, 1, 1, 2, 3)))):
        spots = [((), None), *_spots(tree)]
        parent, key = spots[draw(st.integers(0, len(spots) - 1))]
        how = draw(st.sampled_from(("put", "put", "put", "drop", "add", "wrap", "text", "number")))
        if key is None:
            if how == "add" and isinstance(tree, dict):
                tree[draw(st.sampled_from(STRINGS))] = copy.deepcopy(draw(values))
            elif draw(st.integers(0, 9)) == 0:
                tree = copy.deepcopy(draw(values))
            continue
        if how == "drop":
            del parent[key]
        elif how == "wrap":
            parent[key] = draw(st.sampled_from(([parent[key]], {"name": parent[key]})))
        elif how == "text":
            parent[key] = str(parent[key])
        elif how == "number":
            parent[key] = draw(st.sampled_from(NUMBERS))
        elif how == "add" and isinstance(parent[key], dict):
            parent[key][draw(st.sampled_from(STRINGS))] = copy.deepcopy(draw(values))
        else:
            parent[key] = copy.deepcopy(draw(values))
    return tree


def _spots(tree: Any) -> list[tuple[Any, Any]]:
    """Returns up to about a thousand places of a tree, each as its parent and its key there."""
    found, waiting = [], [tree]
    while waiting and len(found) < 1000:
        one = waiting.pop()
        keys = (
            one.keys() if isinstance(one, dict) else range(len(one) if isinstance(one, list) else 0)
        )
        found += [(one, key) for key in keys]
        waiting += [one[key] for key in keys]
    return found


def to_json(tree: Any) -> bytes:
    """Returns a tree as JSON, with values that no library would write."""
    with _long_numbers():
        text = json.dumps(tree, ensure_ascii=False)
    return _raw(text).encode("utf-8", "surrogatepass")


def to_toml(tree: Any) -> bytes:
    """Returns a tree as TOML, which has no null."""
    table = tree if isinstance(tree, dict) else {"value": tree}
    with _long_numbers():
        text = tomli_w.dumps(_without_null(table))
    return _raw(text).encode("utf-8", "surrogatepass")


def _without_null(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {str(key): _without_null(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_without_null(value) for value in tree]
    return TINY if tree is None else tree


def _raw(text: str) -> str:
    for name, raw in RAW.items():
        text = text.replace(f'"{name}"', raw)
    return text


class _long_numbers:  # noqa: N801
    def __enter__(self) -> None:
        import sys

        self.before = sys.get_int_max_str_digits()
        sys.set_int_max_str_digits(0)

    def __exit__(self, *_: object) -> None:
        import sys

        sys.set_int_max_str_digits(self.before)


INSERTED = (
    b"\0",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\r\n",
    b"[" * 3000,
    b"\x80" * 9,
    b"9" * 5000,
    b"a." * 3000,
    b'"',
    b"\t",
)
WORDS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 10**9, 65536)


@st.composite
def damaged(draw: Callable[..., Any], seed: bytes) -> bytes:
    """Returns bytes damaged one to six times: flipped, cut, doubled, inserted or overwritten."""
    dice = random.Random(draw(st.integers(0, 2**48)))
    found = bytearray(seed)
    for _ in range(draw(st.integers(1, 6))):
        damage(found, dice)
    return bytes(found)


def damage(found: bytearray, dice: random.Random) -> None:
    """Damages some bytes in place."""
    at, length = dice.randrange(len(found) + 1), dice.choice((1, 2, 4, 8, 64, 1024))
    how = dice.randrange(8)
    if how == 0 and at < len(found):
        found[at] ^= 1 << dice.randrange(8)
    elif how == 1:
        found[at : at + 1] = bytes([dice.randrange(256)])
    elif how == 2:
        del found[at:]
    elif how == 3:
        del found[at : at + length]
    elif how == 4:
        found[at:at] = found[at : at + length]
    elif how == 5:
        found[at:at] = dice.choice(INSERTED)
    else:
        size = dice.choice((1, 2, 4, 8))
        number = dice.choice(WORDS) % 256**size
        found[at : at + size] = number.to_bytes(size, dice.choice(("little", "big")))
