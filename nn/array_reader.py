"""Reading files of named arrays, as docs/recording-format.md describes them.

Nothing in a file is believed before it is checked: a reader never runs what a file holds, takes no
more memory than the file has bytes, and says in one line what is wrong with it.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Collection
from io import BufferedReader
from math import prod
from pathlib import Path
from typing import Any, NamedTuple, NoReturn
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from epochreel.nn.array_file import ALIGNMENT, HEADER_LIMIT, MAGIC, PREAMBLE, VERSION, Header
from epochreel.nn.errors import RecordingError
from epochreel.nn.fields import Fields
from epochreel.nn.rows import Rows

__all__ = ["read_arrays"]

DTYPES = {dtype: np.dtype(dtype) for dtype in ("<f4", "<f8", "<i8")}
DIMENSIONS = 4
BUFFER = 1 << 20
"""Bytes that are read at a time of what stays in its file; whole numbers of any type."""


class _Chunk(NamedTuple):
    array: str
    offset: int
    rows: int
    size: int  # bytes
    crc: int


def read_arrays(
    path: Path, mapped: Collection[str] = ()
) -> tuple[Fields, dict[str, NDArray[Any]], dict[str, Rows]]:
    """Read a whole file.

    Parameters
    ----------
    path : Path
    mapped : collection of str
        Names of arrays that are only checked, a little at a time, and stay in the file.

    Returns
    -------
    header : Fields
    arrays : dict
        Name → array, the caller's own.
    rows : dict
        Name → rows, of those that stay in the file.

    Raises
    ------
    RecordingError
        For what can't be read, isn't such a file, is damaged, or needs a newer version.
    """
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise RecordingError("can't be read: Is not a file")
            return _read(file, status, path, mapped)
    except OSError as err:
        raise RecordingError(f"{path}: can't be read: {err.strerror or err}") from err
    except ValueError as err:  # a name with a zero byte in it
        raise RecordingError(f"{str(path)!r}: can't be read: {err}") from err
    except MemoryError as err:
        raise RecordingError(f"{path}: can't be read: is larger than the memory") from err
    except RecordingError as err:
        raise RecordingError(f"{path}: {err}") from err


def _open_at_once(path: str, flags: int) -> int:
    # a named pipe would wait for somebody to write
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _read(
    file: BufferedReader, status: os.stat_result, path: Path, mapped: Collection[str]
) -> tuple[Fields, dict[str, NDArray[Any]], dict[str, Rows]]:
    size = status.st_size
    preamble = file.read(PREAMBLE.size)
    if not MAGIC.startswith(preamble[: len(MAGIC)]) or not preamble:
        raise RecordingError("is not a recording of Epochreel")
    if len(preamble) < PREAMBLE.size:
        raise RecordingError(f"is truncated: has {len(preamble)} bytes of at least {PREAMBLE.size}")
    _, version, header_crc, start, length, end, crc = PREAMBLE.unpack(preamble)
    if version > VERSION and crc32(preamble[:-4]) == crc:
        raise RecordingError(
            f"is in version {version} of the format, newer than the {VERSION} that this "
            "Epochreel reads; update Epochreel"
        )
    if not 1 <= version <= VERSION or crc32(preamble[:-4]) != crc:
        raise RecordingError("is damaged: its first 64 bytes don't match their checksum")
    if end > size:
        raise RecordingError(f"is truncated: has {size} bytes of {end}")
    if start < PREAMBLE.size or length > HEADER_LIMIT or start + length > end:
        raise RecordingError(f"is damaged: its header can't be {length} bytes at {start}")
    file.seek(start)
    text = file.read(length)
    if crc32(text) != header_crc:
        raise RecordingError("is damaged: its header doesn't match its checksum")
    header = _parse(text)
    shapes, chunks = _check_arrays(header.fields("arrays"), end)
    _check_overlap([("the first bytes", 0, PREAMBLE.size), ("the header", start, length)], chunks)
    identity = status.st_dev, status.st_ino
    arrays: dict[str, NDArray[Any]] = {}
    rows: dict[str, Rows] = {}
    chunks_of: dict[str, list[_Chunk]] = {name: [] for name in shapes}
    for chunk in chunks:
        chunks_of[chunk.array].append(chunk)
    for name, (dtype, shape) in shapes.items():
        own = chunks_of[name]
        if name in mapped:
            finite = all([_look_through(file, chunk, dtype) for chunk in own])
            places = [(chunk.offset, chunk.rows) for chunk in own]
            rows[name] = Rows(path.absolute(), identity, dtype, shape[1:], places, finite=finite)
            continue
        arrays[name] = np.empty(shape, dtype)
        begin = 0
        for chunk in own:
            memory = arrays[name][begin : begin + chunk.rows].reshape(-1).view(np.uint8).data
            begin += chunk.rows
            file.seek(chunk.offset)
            _check_crc(chunk, crc32(memory) if file.readinto(memory) == chunk.size else None)
    return header, arrays, rows


def _look_through(file: BufferedReader, chunk: _Chunk, dtype: np.dtype[Any]) -> bool:
    """Check a chunk that stays in the file; say whether all of its numbers are finite."""
    buffer = np.empty(BUFFER, np.uint8)
    crc, left, finite = 0, chunk.size, True
    file.seek(chunk.offset)
    while left:
        part = buffer[: min(left, BUFFER)]
        if file.readinto(part.data) != len(part):
            break
        crc = crc32(part.data, crc)
        finite = finite and bool(np.isfinite(part.view(dtype)).all())
        left -= len(part)
    _check_crc(chunk, None if left else crc)
    return finite


def _check_crc(chunk: _Chunk, crc: int | None) -> None:
    if crc != chunk.crc:
        raise RecordingError(f"is damaged: {chunk.array!r:.60} doesn't match its checksum")


def _parse(text: bytes) -> Fields:
    try:
        header: object = json.loads(
            text.decode(), parse_constant=_refuse_constant, object_pairs_hook=_once
        )
        if b"\\ud" in text.lower():  # an escaped half of a character can't be written again
            json.dumps(header, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as err:  # the latter: nested a thousand deep
        raise RecordingError("is damaged: its header isn't JSON of this format") from err
    return Fields(header)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _once(pairs: list[tuple[str, Any]]) -> Header:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key comes twice")
    return found


def _check_arrays(
    entries: Fields, end: int
) -> tuple[dict[str, tuple[np.dtype[Any], tuple[int, ...]]], list[_Chunk]]:
    shapes: dict[str, tuple[np.dtype[Any], tuple[int, ...]]] = {}
    chunks: list[_Chunk] = []
    for name in entries:
        entry = entries.fields(name)
        code, shape = entry.text("dtype"), entry.wholes("shape")
        if code not in DTYPES:
            raise RecordingError(
                f"is damaged: {entry.where}.dtype must be one of {', '.join(DTYPES)}, "
                f"got {code!r:.60}"
            )
        # any number of empty rows would stand in no bytes
        if not 1 <= len(shape) <= DIMENSIONS or shape[0] < 0 or min(shape[1:], default=1) < 1:
            raise RecordingError(f"is damaged: {entry.where}.shape can't be {shape!r:.60}")
        row = prod(shape[1:]) * DTYPES[code].itemsize
        if row > end:
            raise RecordingError(f"is damaged: {entry.where}.shape is larger than the file")
        found = [_chunk(name, given, row, end) for given in entry.each("chunks")]
        if sum(chunk.rows for chunk in found) != shape[0]:
            raise RecordingError(f"is damaged: {entry.where}.chunks don't have all its rows")
        shapes[name] = (DTYPES[code], shape)
        chunks += found
    return shapes, chunks


def _chunk(array: str, entry: Fields, row: int, end: int) -> _Chunk:
    offset, rows, crc = entry.whole("offset"), entry.whole("rows"), entry.whole("crc32")
    if rows < 1 or offset < PREAMBLE.size or offset % ALIGNMENT or offset + rows * row > end:
        raise RecordingError(
            f"is damaged: {entry.where} can't have {rows!r:.20} rows at {offset!r:.20}"
        )
    return _Chunk(array, offset, rows, rows * row, crc)


def _check_overlap(taken: list[tuple[str, int, int]], chunks: list[_Chunk]) -> None:
    """Refuse bytes that are used twice: a small file would fill any memory with them."""
    spans = taken + [(chunk.array, chunk.offset, chunk.size) for chunk in chunks]
    spans.sort(key=lambda span: span[1:])
    for (before, start, size), (after, offset, _) in zip(spans, spans[1:], strict=False):
        if start + size > offset:
            raise RecordingError(f"is damaged: {before!r:.60} and {after!r:.60} overlap")
