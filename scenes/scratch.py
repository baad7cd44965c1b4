"""Hidden folders for what isn't finished: each belongs to one run, and doesn't outlive it for long.

A run holds a lock on a file in its folder. The system lets go of the lock when the process ends,
however it ends, so whoever gets the lock knows that nobody works there any more.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

__all__ = ["Scratch", "locked", "sweep"]

PREFIX = ".epochreel-"
_LOCK = ".lock"
_ATTEMPTS = 100


class Scratch:
    """A hidden folder of this process.

    Parameters
    ----------
    parent : Path
        Where it is made; on the file system of what will be moved out of it.

    Attributes
    ----------
    path : Path

    Raises
    ------
    OSError
        When it can't be made.
    """

    def __init__(self, parent: Path) -> None:
        for _ in range(_ATTEMPTS):
            self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
            self._lock = _hold(self.path / _LOCK)
            if self._lock is not None:
                return
        raise OSError(0, "hidden folders are removed as fast as they are made")

    def remove(self) -> None:
        """Remove it with all that is in it."""
        if self._lock is not None:
            _empty(self.path)
            os.close(self._lock)
            self._lock = None
            _remove_empty(self.path)


def sweep(parents: Iterable[Path]) -> None:
    """Remove the hidden folders of runs that were killed.

    Parameters
    ----------
    parents : iterable of Path
        Folders that may have some; ones that aren't there have none.
    """
    for parent in set(parents):
        with suppress(OSError), os.scandir(parent) as entries:
            found = [Path(entry.path) for entry in entries if entry.name.startswith(PREFIX)]
            for folder in found:
                if folder.is_dir() and not folder.is_symlink():
                    _sweep(folder)


def _sweep(folder: Path) -> None:
    with suppress(OSError):
        if not (folder / _LOCK).exists():
            folder.rmdir()  # of a run that was killed before it held a lock; others aren't empty
            return
        descriptor = os.open(folder / _LOCK, os.O_RDWR)
        try:
            dead = locked(descriptor)
            if dead:
                _empty(folder)
                with suppress(PermissionError):  # Windows removes no open files
                    (folder / _LOCK).unlink()  # while it is held: nobody can get it any more
        finally:
            os.close(descriptor)
        if dead:
            _remove_empty(folder)


def locked(descriptor: int, *, wait: bool = False) -> bool:
    """Lock an open file for this process until it is closed, unless another has it.

    Where a file system knows no locks, nobody gets one.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


def _hold(path: Path) -> int | None:
    """Make and lock a file; nothing where a run that sweeps was quicker."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except FileNotFoundError:
        return None
    locked(descriptor, wait=True)
    try:
        # whoever sweeps needs the lock, and removes it while it is held: this one is ours for good
        if os.path.samestat(os.fstat(descriptor), path.stat()):
            return descriptor
    except FileNotFoundError:
        pass
    os.close(descriptor)
    return None


def _empty(folder: Path) -> None:
    """Remove all but the lock: killed in here, the next run must find it."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            elif entry.name != _LOCK:
                with suppress(OSError):
                    os.unlink(entry.path)


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):
        (folder / _LOCK).unlink(missing_ok=True)
        folder.rmdir()
