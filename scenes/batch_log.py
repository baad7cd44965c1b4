"""A log for each scene of a batch: what was done when, what there was to say, what went wrong.

It is written as things happen, so it is there whatever happens to the batch. A scene on its own
needs none, unless something goes wrong that nobody had foreseen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Protocol

from epochreel.scenes.filenames import collision_key, refuse_file_name
from epochreel.scenes.loading import SceneFile
from epochreel.scenes.messages import printable
from epochreel.scenes.outcomes import Outcome

__all__ = ["FOLDER", "BatchLog", "Journal", "NullJournal"]

FOLDER = "logs"
"""Under the output folder."""


class Journal(Protocol):
    """Told what is done for each scene."""

    def write(self, scene: SceneFile, message: str, *, serious: bool = False) -> None:
        """Take note of something, of several lines if need be."""
        ...


class NullJournal:
    """Takes no notes."""

    def write(self, scene: SceneFile, message: str, *, serious: bool = False) -> None:
        """Ignore."""


class BatchLog:
    """Files ``logs/<scene>.log``, each begun anew by the first thing that is noted in a batch.

    Parameters
    ----------
    output_dir : Path
    scenes : sequence of SceneFile
    on_trouble : callable
        Told once when logs can't be written; the batch goes on.
    """

    def __init__(
        self, output_dir: Path, scenes: Sequence[SceneFile], on_trouble: Callable[[str], None]
    ) -> None:
        self._folder = output_dir / FOLDER
        self._names = _names(scenes)
        self._waiting: list[str] | None = [] if len(scenes) == 1 else None
        """Lines of a scene on its own, until they are worth a file."""
        self._begun: set[int] = set()
        self._on_trouble = on_trouble
        self._works = True

    def path(self, scene: SceneFile) -> Path:
        """Say where a scene's log is, or will be."""
        return self._folder / self._names[id(scene)]

    def written(self, scene: SceneFile) -> bool:
        """Say whether there is a log of a scene."""
        return self._works and id(scene) in self._begun

    def write(self, scene: SceneFile, message: str, *, serious: bool = False) -> None:
        """Write some lines with the time; a mistake of the program is `serious`."""
        if id(scene) not in self._names or not self._works:
            return
        stamp = datetime.now().strftime("%Y-%m-%d %H:%M:%S")
        first, *others = [printable(line) for line in message.splitlines()] or [""]
        text = "".join(f"{line}\n" for line in (f"{stamp}  {first}", *(f"    {o}" for o in others)))
        if self._waiting is not None:
            if not self._waiting:
                with suppress(OSError):  # one of an earlier run would be taken for this one's
                    self.path(scene).unlink()
            self._waiting.append(text)
            if not serious:
                return
            text = "".join(self._waiting)
            self._waiting = None
        try:
            self._append(scene, text)
        except OSError as error:
            self._works = False
            reason = (error.strerror or "no reason given").lower()
            self._on_trouble(f"{self.path(scene)}: can't be written: {reason}; no more logs")

    def errors(self, failed: Sequence[Outcome]) -> list[str]:
        """Say why files failed, each reason once, and where there is more to read."""
        told: dict[str, None] = {}
        for outcome in failed:
            more = f"; see {self.path(outcome.scene)}" if self.written(outcome.scene) else ""
            told[f"{outcome.error}{more}"] = None
        return list(told)

    def _append(self, scene: SceneFile, text: str) -> None:
        new = id(scene) not in self._begun
        if new:
            self._folder.mkdir(parents=True, exist_ok=True)
        # opened for each entry: there may be more scenes than a process may have files open
        with self.path(scene).open("w" if new else "a", encoding="utf-8", newline="\n") as file:
            file.write(f"{_head(scene)}\n{text}" if new else text)
        self._begun.add(id(scene))


def _head(scene: SceneFile) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        ours = version("epochreel")
    except PackageNotFoundError:
        ours = "from source"
    return f"{printable(scene.label)}, epochreel {ours}"


def _names(scenes: Sequence[SceneFile]) -> dict[int, str]:
    """Name each scene's log after it; those that would be the same are numbered."""
    taken: set[str] = set()
    names: dict[int, str] = {}
    for scene in scenes:
        base = "".join(c if c.isalnum() or c in " ._-+=," else "_" for c in scene.name).strip(". ")
        base = base[:80]
        if refuse_file_name(f"{base}.log", [".log"]):
            base = f"scene {base}".strip()
        name, number = f"{base}.log", 1
        while collision_key(name) in taken:
            number += 1
            name = f"{base} {number}.log"
        taken.add(collision_key(name))
        names[id(scene)] = name
    return names
