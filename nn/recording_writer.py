"""A file that grows row by row, and is a whole recording at every moment.

Rows are written behind the end as they come; what the file says of itself lags a little behind. At
a flush the header is written anew, behind the rows, and once all that is on the disk the first 64
bytes are, which say where the header is. So a killed process leaves what was there at the last
flush: those are a second apart, later a twentieth of the time so far, and so they are few.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from io import BufferedRandom
from math import prod
from pathlib import Path
from time import monotonic
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from epochreel.nn.array_file import ALIGNMENT, PREAMBLE, Header, dump_header, entry, seal
from epochreel.nn.errors import OutputError
from epochreel.nn.rows import Rows

__all__ = ["RecordingWriter"]

LAG_S = 1.0
LAG_SHARE = 0.05
_FLOAT = np.dtype("<f4")


class RecordingWriter:
    """Appends rows of float32 to a file; it knows nothing of what they are.

    Parameters
    ----------
    path : Path
        What stood there before is replaced when the first row is written.
    name : str
        Of the array that grows.
    row : tuple of int
        Shape of one of its rows.
    fixed : mapping
        Name → array that never changes.
    describe : callable
        Gives header and arrays (name → array), small ones, that are written anew at each flush.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        row: tuple[int, ...],
        fixed: Mapping[str, NDArray[Any]],
        describe: Callable[[], tuple[Mapping[str, Any], Mapping[str, NDArray[Any]]]],
    ) -> None:
        self._path, self._name, self._row = path, name, row
        self._fixed: Mapping[str, NDArray[Any]] = fixed
        self._describe = describe
        self._entries: Header = {}
        self._chunks: list[Header] = []  # of rows; the last may still grow
        self._growing = False
        self._file: BufferedRandom | None = None
        self._began = self._flushed = self._last = monotonic()

    def __len__(self) -> int:
        """Count the rows."""
        return sum(chunk["rows"] for chunk in self._chunks)

    def append(self, row: NDArray[np.float32]) -> None:
        """Write a row; flush if it is time to.

        Raises
        ------
        OutputError
            If the file can't be written. It is closed then; what it had at the last flush stays.
        """
        try:
            if self._file is None:
                self._start(row)
                return
            self._write_row(self._file, row)
            now = monotonic()
            # when the next row comes it may be too late
            waited = now + (now - self._last) - self._flushed
            self._last = now
            if waited >= max(LAG_S, LAG_SHARE * (now - self._began)):
                self._flush(self._file)
        except OSError as err:
            raise self._failed(err) from err

    def flush(self) -> None:
        """Let the file say all that is in it; a file without rows isn't there at all."""
        if self._file is None:
            return
        try:
            self._flush(self._file)
        except OSError as err:
            raise self._failed(err) from err

    def close(self) -> None:
        """Flush, and be done."""
        if self._file is None:
            return
        self.flush()
        try:
            os.fsync(self._file.fileno())
            self._file.close()
        except OSError as err:
            raise self._failed(err) from err
        self._file = None

    def rows(self) -> Rows:
        """View the rows that were flushed."""
        status = os.stat(self._path)
        places = [(chunk["offset"], chunk["rows"]) for chunk in self._chunks]
        identity = status.st_dev, status.st_ino
        return Rows(self._path.absolute(), identity, _FLOAT, self._row, places, finite=True)

    def _start(self, row: NDArray[np.float32]) -> None:
        """Write beside the target, take its place when whole, and go on there."""
        partial = self._path.with_name(f".{self._path.name}.{os.getpid()}.partial")
        try:
            with open(partial, "w+b") as file:
                file.write(b"\0" * PREAMBLE.size)
                self._entries = {name: _append(file, array) for name, array in self._fixed.items()}
                self._write_row(file, row)
                self._flush(file)
            os.replace(partial, self._path)
        finally:
            partial.unlink(missing_ok=True)
        self._file = open(self._path, "r+b")  # noqa: SIM115 -- until it is closed
        self._file.seek(0, os.SEEK_END)
        self._fixed = {}

    def _write_row(self, file: BufferedRandom, row: NDArray[np.float32]) -> None:
        memory = np.ascontiguousarray(row, _FLOAT).reshape(-1).view(np.uint8).data
        if not self._growing:
            _align(file)
            self._chunks.append({"offset": file.tell(), "rows": 0, "crc32": 0})
            self._growing = True
        file.write(memory)
        file.flush()  # a process that is forked off must not have half of it to write again
        chunk = self._chunks[-1]
        chunk["rows"] += 1
        chunk["crc32"] = crc32(memory, chunk["crc32"])

    def _flush(self, file: BufferedRandom) -> None:
        header, arrays = self._describe()
        entries = {**self._entries, **{name: _append(file, arrays[name]) for name in arrays}}
        entries[self._name] = entry(_FLOAT, (len(self), *self._row), self._chunks)
        text = dump_header({**header, "arrays": entries})
        start = file.tell()
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
        file.seek(0)
        file.write(seal(text, start, start + len(text)))
        file.flush()
        file.seek(0, os.SEEK_END)
        self._growing = False
        self._flushed = monotonic()

    def _failed(self, err: OSError) -> OutputError:
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):
                file.close()
        return OutputError(f"{self._path}: can't be written: {err.strerror or err}")


def _align(file: BufferedRandom) -> None:
    file.write(b"\0" * (-file.tell() % ALIGNMENT))


def _append(file: BufferedRandom, array: NDArray[Any]) -> Header:
    """Write an array behind the end; give its entry."""
    array = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    _align(file)
    chunk = {"offset": file.tell(), "rows": len(array), "crc32": crc32(array.data)}
    file.write(array.data)
    return entry(array.dtype, array.shape, [chunk] if prod(array.shape) else [])
