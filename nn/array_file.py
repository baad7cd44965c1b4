"""Files of named arrays behind a JSON header: docs/recording-format.md describes every byte.

Nothing in a file is believed before it is checked: a reader never runs what a file holds, takes no
more memory than the file has bytes, and says in one line what is wrong with it.
"""

from __future__ import annotations

import json
import os
import stat
import struct
from collections.abc import Mapping
from io import BufferedReader
from math import prod
from pathlib import Path
from typing import Any, NamedTuple, NoReturn
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from epochreel.nn.errors import InvalidInputError, OutputError, RecordingError
from epochreel.nn.fields import Fields

__all__ = ["ALIGNMENT", "MAGIC", "PREAMBLE", "VERSION", "read_arrays", "write_arrays"]

MAGIC = b"\x89REEL\r\n\x1a"
"""As PNG's: no text file begins so, and a transfer that changes ends of lines shows."""
VERSION = 1
PREAMBLE = struct.Struct("<8sIIQQQ20xI")
"""Magic, version, CRC of the header, its offset, its length, length of all; CRC of all this."""
ALIGNMENT = 64
"""Bytes; arrays begin at multiples of it, as vector instructions and memory maps like it."""
DTYPES = {dtype: np.dtype(dtype) for dtype in ("<f4", "<f8", "<i8")}
DIMENSIONS = 4
HEADER_LIMIT = 1 << 22
"""Bytes; a header of this length can name 60 000 chunks."""

Header = dict[str, Any]


class _Chunk(NamedTuple):
    array: str
    offset: int
    rows: int
    size: int  # bytes
    crc: int


def write_arrays(path: Path, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write a file: beside its target, and renamed when it is whole.

    Parameters
    ----------
    path : Path
    header : mapping
        JSON's types; ``"arrays"`` is added.
    arrays : mapping
        Name → array of float32, float64 or int64, of at least one dimension.

    Raises
    ------
    InvalidInputError
        For a header that JSON can't hold.
    OutputError
        If the file can't be written; nothing is left of it then.
    """
    stored = {name: _stored(array) for name, array in arrays.items()}
    text, offsets, length = _lay_out(header, stored)
    preamble = PREAMBLE.pack(MAGIC, VERSION, crc32(text), PREAMBLE.size, len(text), length, 0)
    preamble = preamble[:-4] + struct.pack("<I", crc32(preamble[:-4]))
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        try:
            with open(partial, "wb") as file:
                file.write(preamble + text)
                for name, array in stored.items():
                    file.write(b"\0" * (offsets[name] - file.tell()))
                    file.write(array.data)
                file.flush()
                os.fsync(file.fileno())  # else a crash may leave the name without the bytes
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as err:
        raise OutputError(f"{path}: can't be written: {err.strerror or err}") from err


def _stored(array: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<"))


def _lay_out(
    header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> tuple[bytes, dict[str, int], int]:
    """Find the header's text, where each array begins, and where all ends."""
    room = 0
    while True:  # offsets stand in the header, and its length moves them: twice, seldom thrice
        offsets: dict[str, int] = {}
        entries: dict[str, Any] = {}
        end = PREAMBLE.size + room
        for name, array in arrays.items():
            offsets[name] = -(-end // ALIGNMENT) * ALIGNMENT
            end = offsets[name] + array.nbytes
            chunk = {"offset": offsets[name], "rows": len(array), "crc32": crc32(array.data)}
            entries[name] = {
                "dtype": array.dtype.newbyteorder("<").str,
                "shape": list(array.shape),
                "chunks": [chunk] if array.nbytes else [],
            }
        whole = {**header, "arrays": entries}
        text = _dump(whole)
        if len(text) <= room:
            return text.ljust(room), offsets, end
        room = -(-len(text) // ALIGNMENT) * ALIGNMENT


def _dump(header: Header) -> bytes:
    try:
        return json.dumps(header, ensure_ascii=False, allow_nan=False, indent=1).encode()
    except (ValueError, TypeError) as err:  # lone surrogates, for instance
        raise InvalidInputError(f"recording: can't be written as JSON: {err}") from err


def read_arrays(path: Path) -> tuple[Fields, dict[str, NDArray[Any]]]:
    """Read a whole file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    header : Fields
    arrays : dict
        Name → array, the caller's own.

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
            return _read(file, status.st_size)
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


def _read(file: BufferedReader, size: int) -> tuple[Fields, dict[str, NDArray[Any]]]:
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
    if version != VERSION or crc32(preamble[:-4]) != crc:
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
    arrays = {name: np.empty(shape, dtype) for name, (dtype, shape) in shapes.items()}
    begun = dict.fromkeys(arrays, 0)
    for chunk in chunks:
        rows = arrays[chunk.array][begun[chunk.array] : begun[chunk.array] + chunk.rows]
        begun[chunk.array] += chunk.rows
        file.seek(chunk.offset)
        memory = rows.reshape(-1).view(np.uint8).data
        if file.readinto(memory) != chunk.size or crc32(memory) != chunk.crc:
            raise RecordingError(f"is damaged: {chunk.array!r:.60} doesn't match its checksum")
    return header, arrays


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
