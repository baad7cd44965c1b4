"""Recordings of a run as files: handed over between processes, and kept for later runs.

A worker leaves a recording in the run's own hidden folder and names its place; whoever films it
maps the file, so no process sends the numbers to another. What is in the cache is linked from there
and to there, so a run has its recordings whatever becomes of the cache.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from epochreel.nn.recording import Recording
from epochreel.scenes.cache import RecordingCache
from epochreel.scenes.data_spec import DataSpec
from epochreel.scenes.interruptions import uninterrupted
from epochreel.scenes.keys import digest_of, recording_key
from epochreel.scenes.model_spec import ModelSpec
from epochreel.scenes.scratch import Scratch

__all__ = ["FileStore"]


class FileStore:
    """A :class:`~epochreel.scenes.storing.RecordingStore` of one run; a context manager.

    Parameters
    ----------
    folder : Path
        Where the run's hidden folder is made, once it is needed; itself made if it isn't there.
    cache : RecordingCache or None
        What was kept by other runs; ``None`` where nothing is to be kept.
    reads : bool
        Whether what was kept may be used; else all is trained anew.
    passes : bool
        Whether recordings go from one process to another. Where they neither do nor are kept, they
        stay in memory.
    """

    def __init__(
        self,
        folder: Path,
        cache: RecordingCache | None,
        *,
        reads: bool = True,
        passes: bool = True,
    ) -> None:
        self._folder = folder
        self._cache = cache
        self._reads = reads
        self._scratch: Scratch | None = None
        self._in_memory = cache is None and not passes

    def __enter__(self) -> FileStore:
        """Start without a hidden folder."""
        return self

    def __exit__(self, *failure: object) -> None:
        """Remove it."""
        if self._scratch is not None:
            with uninterrupted():
                self._scratch.remove()

    def key(self, data: DataSpec, model: ModelSpec, measures: tuple[str, ...] = ()) -> str:
        """Name what a recording of this training depends on."""
        return recording_key(data, model, measures)

    def has(self, plan_key: str, *, alone: bool = False) -> bool:
        """Tell whether a recording is kept, without a look at whether it is whole."""
        return (
            self._cache is not None
            and self._reads
            and any(self._cache.has(name) for name in _names(plan_key, alone=alone))
        )

    def find(self, plan_key: str, *, alone: bool = False) -> Recording | None:
        """Give a recording that was kept, if it is there and whole."""
        if self._cache is None or not self._reads:
            return None
        path = self.path_for(plan_key, alone=alone)
        if path is None:
            return None
        # one whose seconds are its own is as good for films that don't show them
        for name in _names(plan_key, alone=alone):
            recording = self._cache.take(name, path)
            if recording is not None:
                return recording
        return None

    def path_for(self, plan_key: str, *, alone: bool = False) -> Path | None:
        """Say in which file a worker is to leave a recording.

        The file's name without its ending is what it is to be sealed with.
        """
        if self._scratch is None and not self._in_memory:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._scratch = Scratch(self._folder)
            except OSError:
                self._in_memory = True  # the films will say why nothing can be written there
        if self._scratch is None:
            return None
        return self._scratch.path / f"{_names(plan_key, alone=alone)[0]}.reel"

    def keep(self, plan_key: str, recording: Recording, *, alone: bool = False) -> None:
        """Keep the file of a recording, if a worker has left one."""
        path = self.path_for(plan_key, alone=alone)
        if path is not None and self._cache is not None and path.exists():
            self._cache.keep(path.stem, path)

    def drop(self, plan_key: str, *, alone: bool = False) -> None:
        """Forget a recording that this run needs no more."""
        if self._scratch is not None:
            path = self.path_for(plan_key, alone=alone)
            with suppress(OSError):
                if path is not None:
                    path.unlink()


def _names(plan_key: str, *, alone: bool) -> list[str]:
    """Say under which names a recording may be kept, its own first."""
    own = digest_of([plan_key, "alone"])
    return [own] if alone else [plan_key, own]
