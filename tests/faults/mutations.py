"""Spoils files as accidents and mischief do: bytes flipped, cut, repeated and spliced, numbers no file should have."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

_NUMBER = re.compile(rb"[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?")
_NUMBERS = (
    *(b"nan", b"NaN", b"inf", b"-inf", b"Infinity", b"1e999", b"-1e308", b"1e308", b"1e-320", b"-0", b"0", b"-1"),
    *(b"9223372036854775808", b"-9223372036854775809", b"9" * 400, b"9" * 5000, b"0.1.2", "٣".encode(), b"0x10"),
    *(b"true", b"null", b'"text"', b"''", b"[]", b"{}", b"[[1]]", b"1979-05-27", b""),
)
_INSERTS = (
    *(b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\r\n", b"\n\n", b"\x85", b"\xe2\x80\xa8", b"\\ud800"),
    *(b"[" * 3000, b"{" * 3000, b'{"a":' * 900, b"[" * 900 + b"]" * 900, b"a" * 5000, b"<" * 500, b"#", b'"', b":"),
    *(b"%n%s", b"../../../etc/passwd", b"!!python/object/apply:os.system ['true']", b"__import__('os')", b"&a *a"),
)


def mutated(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    """One to four accidents that happen to `data`; `others` are what may be spliced into it."""
    for _ in range(rng.randint(1, 4)):
        data = rng.choice(_ACCIDENTS)(data, others, rng)
    return data


def _span(data: bytes, rng: Random) -> tuple[int, int]:
    start = rng.randint(0, len(data))
    return start, min(len(data), start + rng.choice((1, 4, 16, 64, 256)))


def _flip(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    spoilt = bytearray(data)
    for _ in range(min(len(spoilt), rng.choice((1, 1, 2, 8)))):
        spoilt[rng.randrange(len(spoilt))] ^= 1 << rng.randrange(8)
    return bytes(spoilt)


def _overwrite(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    start, stop = _span(data, rng)
    return data[:start] + rng.randbytes(stop - start) + data[stop:]


def _cut(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    return data[: rng.randint(0, len(data))]


def _remove(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    start, stop = _span(data, rng)
    return data[:start] + data[stop:]


def _repeat(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    start, stop = _span(data, rng)
    return data[:stop] + data[start:stop] * rng.choice((1, 2, 9)) + data[stop:]


def _splice(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    other = rng.choice(others)
    start, stop = _span(other, rng)
    place = rng.randint(0, len(data))
    return data[:place] + other[start:stop] + data[place:]


def _insert(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    place = rng.randint(0, len(data))
    return data[:place] + rng.choice(_INSERTS) + data[place:]


def _renumber(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    found = list(_NUMBER.finditer(data))
    if not found:
        return data
    number = rng.choice(found)
    return data[: number.start()] + rng.choice(_NUMBERS) + data[number.end() :]


def _reorder(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    lines = data.split(b"\n")
    lines.insert(rng.randint(0, len(lines)), lines.pop(rng.randrange(len(lines))))
    return b"\n".join(lines)


# numbers are what most of these files are made of, and what a look at the syntax alone does not find wrong
_ACCIDENTS = (_flip, _overwrite, _cut, _remove, _repeat, _splice, _insert, _reorder, *(_renumber,) * 4)
