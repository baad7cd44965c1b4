"""Files of named arrays behind a JSON header: docs/recording-format.md describes every byte."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from epochreel.nn.errors import InvalidInputError, OutputError
from epochreel.nn.rows import Rows

__all__ = [
    "ALIGNMENT",
    "HEADER_LIMIT",
    "MAGIC",
    "PREAMBLE",
    "VERSION",
    "Header",
    "Stored",
    "dump_header",
    "entry",
    "seal",
    "write_arrays",
]

MAGIC = b"\x89REEL\r\n\x1a"
"""As PNG's: no text file begins so, and a transfer that changes ends of lines shows."""
VERSION = 2
"""The newest; a file is of the oldest that says all it has to say."""
PREAMBLE = struct.Struct("<8sIIQQQ20xI")
"""Magic, version, CRC of the header, its offset, its length, length of all; CRC of all this."""
ALIGNMENT = 64
"""Bytes; arrays begin at multiples of it, as vector instructions and memory maps like it."""
HEADER_LIMIT = 1 << 22
"""Bytes; a header of this length can name 60 000 chunks."""

Header = dict[str, Any]
Stored = NDArray[Any] | Rows


def write_arrays(
    path: Path,
    header: Mapping[str, Any],
    arrays: Mapping[str, Stored],
    *,
    version: int = 1,
    durable: bool = True,
) -> None:
    """Write a file: beside its target, and renamed when it is whole.

    Parameters
    ----------
    path : Path
    header : mapping
        JSON's types; ``"arrays"`` is added.
    arrays : mapping
        Name → array of float32, float64 or int64, of at least one dimension.
    version : int
        Of the format.
    durable : bool
        Whether the file is there after a power cut, too: that takes the time of the disk.

    Raises
    ------
    InvalidInputError
        For a header that JSON can't hold.
    OutputError
        If the file can't be written; nothing is left of it then.
    """
    text, offsets, length = _lay_out(header, arrays)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        try:
            with open(partial, "wb") as file:
                file.write(seal(text, PREAMBLE.size, length, version) + text)
                for name, array in arrays.items():
                    file.write(b"\0" * (offsets[name] - file.tell()))
                    for block in _blocks(array):
                        file.write(block.data)
                if durable:
                    file.flush()
                    os.fsync(file.fileno())  # else a crash may leave the name without the bytes
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as err:
        raise OutputError(f"{path}: can't be written: {err.strerror or err}") from err


def seal(text: bytes, start: int, end: int, version: int = 1) -> bytes:
    """Make the first bytes of a file of `end` bytes, whose header `text` begins at `start`."""
    preamble = PREAMBLE.pack(MAGIC, version, crc32(text), start, len(text), end, 0)[:-4]
    return preamble + struct.pack("<I", crc32(preamble))


def entry(dtype: np.dtype[Any], shape: tuple[int, ...], chunks: list[Header]) -> Header:
    """Describe an array in the header; `chunks` have ``offset``, ``rows`` and ``crc32``."""
    return {"dtype": dtype.newbyteorder("<").str, "shape": list(shape), "chunks": chunks}


def _blocks(array: Stored) -> Iterator[NDArray[Any]]:
    """Give an array's numbers in pieces that may be written one after the other."""
    if isinstance(array, Rows):
        yield from array
    else:
        yield np.ascontiguousarray(array, array.dtype.newbyteorder("<"))


def _lay_out(
    header: Mapping[str, Any], arrays: Mapping[str, Stored]
) -> tuple[bytes, dict[str, int], int]:
    """Find the header's text, where each array begins, and where all ends."""
    checksums = dict.fromkeys(arrays, 0)
    for name, array in arrays.items():
        for block in _blocks(array):
            checksums[name] = crc32(block.data, checksums[name])
    room = 0
    while True:  # offsets stand in the header, and its length moves them: twice, seldom thrice
        offsets: dict[str, int] = {}
        entries: dict[str, Any] = {}
        end = PREAMBLE.size + room
        for name, array in arrays.items():
            offsets[name] = -(-end // ALIGNMENT) * ALIGNMENT
            end = offsets[name] + array.nbytes
            chunk = {"offset": offsets[name], "rows": len(array), "crc32": checksums[name]}
            entries[name] = entry(array.dtype, array.shape, [chunk] if array.nbytes else [])
        text = dump_header({**header, "arrays": entries})
        if len(text) <= room:
            return text.ljust(room), offsets, end
        room = -(-len(text) // ALIGNMENT) * ALIGNMENT


def dump_header(header: Header) -> bytes:
    """Write a header as text.

    Raises
    ------
    InvalidInputError
        For what JSON can't hold, and for more than a reader takes.
    """
    try:
        text = json.dumps(header, ensure_ascii=False, allow_nan=False, indent=1).encode()
    except (ValueError, TypeError) as err:  # lone surrogates, for instance
        raise InvalidInputError(f"recording: can't be written as JSON: {err}") from err
    if len(text) > HEADER_LIMIT:
        raise InvalidInputError(
            f"recording: names and other text must be at most {HEADER_LIMIT} bytes, got {len(text)}"
        )
    return text
