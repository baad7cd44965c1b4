"""Rows of numbers that stay in their file: each is mapped into memory while it is looked at."""

from __future__ import annotations

import mmap
import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from epochreel.nn.errors import RecordingError

__all__ = ["Rows"]

LARGE = 1 << 18
"""Bytes; of rows as large as that, only the last two stay in memory."""


class Rows:
    """The rows of one array of a file, in one or several pieces, read-only.

    It is pickled as where the rows are; the numbers stay in the file.

    Parameters
    ----------
    path : Path
        Absolute.
    identity : tuple of int
        Device and number of the file, which must still be the same when the rows are read.
    dtype : dtype
    row : tuple of int
        Shape of a row.
    places : sequence of (offset, rows)
        Where each piece begins, in bytes, and how many rows it has.
    finite : bool
        Whether all numbers are known to be finite.
    """

    def __init__(
        self,
        path: Path,
        identity: tuple[int, int],
        dtype: DTypeLike,
        row: Sequence[int],
        places: Sequence[tuple[int, int]],
        *,
        finite: bool,
    ) -> None:
        self.dtype = np.dtype(dtype)
        self.shape = (sum(rows for _, rows in places), *row)
        self.finite = finite
        self._path, self._identity = path, identity
        self._offsets = [offset for offset, _ in places]
        self._starts = [0, *accumulate(rows for _, rows in places)]
        self._row_bytes = prod(row) * self.dtype.itemsize
        self._recent: list[int] = []

    @property
    def nbytes(self) -> int:
        """Bytes of all rows."""
        return len(self) * self._row_bytes

    def __len__(self) -> int:
        """Count the rows."""
        return self.shape[0]

    def __getitem__(self, index: int) -> NDArray[Any]:
        """View a row.

        Raises
        ------
        IndexError
        RecordingError
            If another file stands there by now.
        """
        number = range(len(self))[index]
        piece = bisect_right(self._starts, number) - 1
        offset = self._offsets[piece] + (number - self._starts[piece]) * self._row_bytes
        self._forget_but(offset)
        flat = np.frombuffer(self._map, self.dtype, prod(self.shape[1:]), offset)
        return flat.reshape(self.shape[1:])

    def __iter__(self) -> Iterator[NDArray[Any]]:
        """View one row after the other."""
        return (self[number] for number in range(len(self)))

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        """Copy all rows into one array."""
        if copy is False:
            raise ValueError("rows of a file can't be one array without a copy")
        whole = np.empty(self.shape, self.dtype if dtype is None else dtype)
        for number, row in enumerate(self):
            whole[number] = row
        return whole

    def __getstate__(self) -> dict[str, Any]:
        """Leave the memory map behind."""
        state: dict[str, Any] = {**self.__dict__, "_recent": []}
        state.pop("_map", None)
        return state

    @cached_property
    def _map(self) -> mmap.mmap:
        try:
            with open(self._path, "rb") as file:
                status = os.fstat(file.fileno())
                if (status.st_dev, status.st_ino) != self._identity:
                    raise RecordingError(f"{self._path}: was replaced since it was opened")
                return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as err:
            reason = err.strerror if isinstance(err, OSError) else err
            raise RecordingError(f"{self._path}: can't be read: {reason or err}") from err

    def _forget_but(self, offset: int) -> None:
        """Let the system have back the memory of a large row that was looked at before the last.

        A whole map would fill up with all that was ever read. What is forgotten can be read again.
        """
        if self._row_bytes < LARGE or offset in self._recent or not hasattr(mmap, "MADV_DONTNEED"):
            return
        self._recent.append(offset)
        if len(self._recent) > 2:
            begin = self._recent.pop(0)
            start = begin // mmap.PAGESIZE * mmap.PAGESIZE
            length = begin + self._row_bytes - start
            self._map.madvise(mmap.MADV_DONTNEED, start, length)
