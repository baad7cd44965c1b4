"""A file, or a folder, that appears under its name when it is whole, and not before."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from epochreel.nn.errors import OutputError

__all__ = ["AtomicWriter", "partial_path", "sync"]


def partial_path(path: Path) -> Path:
    """Name under which a file is written until it is finished: hidden, in the same folder."""
    return path.with_name(f".{path.name}.partial")


def sync(path: Path) -> None:
    """Return when a file's contents, or a folder's names, are on the disk.

    Else a power cut may leave a new name with nothing behind it.
    """
    if path.is_dir() and os.name == "nt":  # which can't, and needn't
        return
    # Windows wants to write what it syncs; folders can't be written to
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class AtomicWriter:
    """Base of writers that leave one file: subclasses fill in ``_open``, ``_append``, ``_close``.

    Parameters
    ----------
    path : Path
        The finished file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.partial = partial_path(path)

    def _open(self) -> None:
        raise NotImplementedError

    def _append(self, frame: npt.NDArray[np.uint8], repeats: int) -> None:
        raise NotImplementedError

    def _close(self) -> None:
        """Write what is left and close the file."""
        raise NotImplementedError

    def _abandon(self) -> None:
        """Close the file without another word."""
        raise NotImplementedError

    def _create(self) -> None:
        """Make what will be written to."""
        # at once, since an encoder may open its file only when its first packet is ready
        self.partial.write_bytes(b"")

    def _publish(self) -> None:
        """Put what is whole into its place."""
        sync(self.partial)
        os.replace(self.partial, self.path)

    def _remove(self) -> None:
        """Delete what isn't whole, if it is there."""
        self.partial.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        """Open the hidden file."""
        try:
            self._create()
            self._open()
        except OSError as error:
            self._discard()
            raise self._failed(error) from error
        return self

    def write(self, frame: npt.NDArray[np.uint8], repeats: int = 1) -> None:
        """Append a frame, ``uint8`` of shape (height, width, 4), shown for `repeats` frames."""
        try:
            self._append(frame, repeats)
        except OSError as error:
            raise self._failed(error) from error

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Finish and rename, or delete."""
        if kind is not None:
            self._discard()
            return
        try:
            self._close()
            self._publish()
        except BaseException as failure:
            self._discard()
            if isinstance(failure, OSError):
                raise self._failed(failure) from failure
            raise

    def _discard(self) -> None:
        try:
            self._abandon()
        finally:
            self._remove()

    def _failed(self, error: OSError) -> OutputError:
        reason = error.strerror or str(error)
        return OutputError(f"{self.path}: can't be written: {reason}")
