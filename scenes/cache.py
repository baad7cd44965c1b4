"""Recordings of trainings that were made before, in a folder that may be deleted at any time.

An entry is a recording's file (docs/recording-format.md) under its key, with a seal behind its end:
a digest of the key and of all bytes. What is damaged, cut short, or another key's is removed and
trained anew. Entries appear whole and are never changed, so several processes may work with one
folder; what a run takes from it is linked or copied first, so nobody can take it away again.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from pathlib import Path

from epochreel.nn.errors import InvalidInputError, RecordingError
from epochreel.nn.recording_file import SavedRecording, load_recording
from epochreel.scenes.file_lengths import parse_length, refuse_length
from epochreel.scenes.scratch import locked

__all__ = ["DEFAULT_LIMIT", "RecordingCache", "Usage", "cache_folder", "cache_limit", "seal"]

DEFAULT_LIMIT = 2_000_000_000
"""Bytes that a cache may take."""

_SUFFIX, _PARTIAL = ".reel", ".partial"
_MAGIC = b"EPRSEAL1"
_SEAL_BYTES = len(_MAGIC) + sha256().digest_size
_BLOCK = 1 << 20
_TAG = "CACHEDIR.TAG"
_TAG_TEXT = """Signature: 8a477f597d28d172789f06886806bc55
# Recordings that Epochreel makes again when they are missing; see https://bford.info/cachedir/
"""
_ROOM = 0.9
"""Share of its limit that a cache is cut down to, so that it isn't counted for each entry."""

_numbers = count()


@dataclass(frozen=True)
class Usage:
    """How many recordings there are, and how many bytes they take."""

    recordings: int
    bytes: int


def cache_folder() -> Path:
    """Say where recordings are kept: ``EPOCHREEL_CACHE``, or the user's folder for caches."""
    chosen = os.environ.get("EPOCHREEL_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    home = Path("~").expanduser()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
        return base / "epochreel" / "Cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "epochreel"
    base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return (base if base.is_absolute() else home / ".cache") / "epochreel"


def cache_limit() -> int:
    """Say how many bytes they may take: ``EPOCHREEL_CACHE_SIZE``, or 2 GB.

    Raises
    ------
    InvalidInputError
        When that isn't a length.
    """
    chosen = os.environ.get("EPOCHREEL_CACHE_SIZE")
    if not chosen:
        return DEFAULT_LIMIT
    reason = refuse_length(chosen, bounded=False)
    if reason:
        raise InvalidInputError(f"EPOCHREEL_CACHE_SIZE: {reason}, got {chosen!r}")
    return parse_length(chosen)


def seal(path: Path, key: str) -> None:
    """Put the seal behind a recording's file; readers of recordings don't look there.

    Raises
    ------
    OSError
    """
    with open(path, "r+b") as file:
        digest = sha256(key.encode())
        while block := file.read(_BLOCK):
            digest.update(block)
        file.write(_MAGIC + digest.digest())


def _is_sealed(path: Path, key: str) -> bool:
    with open(path, "rb") as file:
        left = os.fstat(file.fileno()).st_size - _SEAL_BYTES
        digest = sha256(key.encode())
        while left > 0:
            block = file.read(min(left, _BLOCK))
            if not block:
                return False
            digest.update(block)
            left -= len(block)
        return left == 0 and file.read() == _MAGIC + digest.digest()


class RecordingCache:
    """Recordings by key.

    Parameters
    ----------
    folder : Path
        Made when something is kept in it.
    limit : int
        Bytes; the least recently used recordings go first.
    note : callable, optional
        Told, once, why recordings can't be kept; that is never a failure.
    """

    def __init__(
        self,
        folder: Path,
        limit: int = DEFAULT_LIMIT,
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.folder = folder
        self.limit = limit
        self._note: Callable[[str], None] | None = note
        self._entries = folder / "recordings"
        self._spare = 0

    def has(self, key: str) -> bool:
        """Tell whether there is an entry; whether it is whole, only :meth:`take` tells."""
        return self._entry(key).is_file()

    def take(self, key: str, path: Path) -> SavedRecording | None:
        """Look for a recording.

        Parameters
        ----------
        key : str
        path : Path
            Where its file is linked or copied to, and stays as long as the recording is used.

        Returns
        -------
        ParameterRecording, GridRecording or None
            ``None`` where there is none, or none that can be trusted; it is removed then.
        """
        entry = self._entry(key)
        try:
            if not entry.is_file():
                return None
            _link_or_copy(entry, path)
        except OSError:
            return None
        try:
            if _is_sealed(path, key):
                recording = load_recording(path)
                with suppress(OSError):
                    os.utime(entry)  # used just now
                return recording
        except (OSError, RecordingError):
            pass
        for damaged in (path, entry):
            with suppress(OSError):
                damaged.unlink()
        return None

    def keep(self, key: str, path: Path) -> None:
        """Keep a sealed recording, which may also stay where it is."""
        try:
            size = path.stat().st_size
            if size > self.limit:
                return
            self._make_folder()
            self._put(path, self._entry(key))
            self._make_room(size)
        except FileNotFoundError:
            return  # somebody deletes the folder just now, as they may
        except OSError as error:
            if self._note is not None:
                reason = (error.strerror or str(error)).lower()
                self._note(f"recordings can't be kept in {self._entries}: {reason}")
                self._note = None  # once is enough

    def _make_room(self, size: int) -> None:
        # others keep recordings, too: count again when half of what is free may be taken
        self._spare -= size
        if self._spare < 0:
            used = self.usage().bytes
            if used > self.limit:
                used = self.prune(int(self.limit * _ROOM)).bytes
            self._spare = (self.limit - used) // 2

    def usage(self) -> Usage:
        """Count what is there."""
        found = self._listed()
        return Usage(len(found), sum(size for _, size, _ in found))

    def prune(self, limit: int) -> Usage:
        """Remove the least recently used recordings until the rest takes so many bytes at most.

        Returns
        -------
        Usage
            Of what is left.
        """
        self._remove_partials()
        found = sorted(self._listed())
        total = sum(size for _, size, _ in found)
        left = len(found)
        for _, size, path in found:
            if total <= limit:
                break
            try:
                path.unlink()
            except FileNotFoundError:
                pass  # another process prunes, too
            except OSError:
                continue  # somebody else's, in a folder that is shared
            total -= size
            left -= 1
        return Usage(left, total)

    def clear(self) -> Usage:
        """Remove all recordings, and the folder if nothing else is in it.

        Returns
        -------
        Usage
            Of what was removed: others' recordings in a shared folder may have to stay.
        """
        before = self.usage()
        left = self.prune(-1)
        with suppress(OSError):
            self._entries.rmdir()
            (self.folder / _TAG).unlink(missing_ok=True)
            self.folder.rmdir()
        return Usage(before.recordings - left.recordings, before.bytes - left.bytes)

    def _entry(self, key: str) -> Path:
        return self._entries / f"{key}{_SUFFIX}"

    def _listed(self) -> list[tuple[int, int, Path]]:
        """List (when last used, bytes, path) of all entries."""
        found: list[tuple[int, int, Path]] = []
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(self._entries) as entries:
            for entry in entries:
                if entry.name.endswith(_SUFFIX) and entry.is_file(follow_symlinks=False):
                    with suppress(FileNotFoundError):
                        status = entry.stat(follow_symlinks=False)
                        found.append((status.st_mtime_ns, status.st_size, Path(entry.path)))
        return found

    def _make_folder(self) -> None:
        if not self._entries.is_dir():
            self._entries.mkdir(mode=0o700, parents=True, exist_ok=True)
            tag = self.folder / _TAG  # programs that make backups leave such folders out
            if not tag.exists():
                tag.write_text(_TAG_TEXT, encoding="ascii")

    def _put(self, path: Path, entry: Path) -> None:
        """Let a file appear under its final name, in place of an older one."""
        partial = entry.with_name(f".{entry.name}.{os.getpid()}.{next(_numbers)}{_PARTIAL}")
        try:
            try:
                os.link(path, partial)
            except OSError:  # another file system, or one without links
                with open(partial, "xb") as target, open(path, "rb") as source:
                    locked(target.fileno())
                    shutil.copyfileobj(source, target, _BLOCK)
            os.replace(partial, entry)
        finally:
            partial.unlink(missing_ok=True)  # also where both were links to one file already

    def _remove_partials(self) -> None:
        """Remove what killed processes left; who still writes holds a lock."""
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(self._entries) as entries:
            for partial in [entry.path for entry in entries if entry.name.endswith(_PARTIAL)]:
                with suppress(OSError), open(partial, "r+b") as file:
                    if locked(file.fileno()):
                        os.unlink(partial)


def _link_or_copy(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)
