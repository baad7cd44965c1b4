"""A scene rendered anew whenever its file is saved: a preview, while somebody writes it.

Files are looked at a few times a second, by what the system says of them. That works on every
system and file system, for editors that write a file in place and for those that put a new one
there by renaming it. A save while a preview is being made ends that one, for the newer.
"""

from __future__ import annotations

import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from epochreel.nn.dataset import Dataset
from epochreel.nn.errors import Cancelled, EpochreelError
from epochreel.scenes.building import build_dataset
from epochreel.scenes.data_spec import DataSpec, GeneratedData
from epochreel.scenes.executors import SerialExecutor
from epochreel.scenes.gathering import read_scenes
from epochreel.scenes.loading import find_scene
from epochreel.scenes.outcomes import Report
from epochreel.scenes.overriding import Setting
from epochreel.scenes.pipeline import render_scenes
from epochreel.scenes.preparing import prepare_scenes
from epochreel.scenes.progress import Reporter, Task
from epochreel.scenes.storing import RecordingStore

__all__ = ["Watch", "watch"]

POLL_S = 0.3

GONE_S = 1.0
"""How long a file may be away before that is told."""

Stamp = tuple[int, int, int] | None


@dataclass(frozen=True)
class Watch:
    """What is watched, and what comes of it.

    Attributes
    ----------
    scene : str
        A scene file, or the name of a ready-made scene.
    output : Path
        Folder of the previews.
    settings : sequence of Setting
    open_store : callable
        Gives a store of recordings for one preview: with one that keeps them, a change of style
        trains nothing.
    open_reporter : callable
        Gives who is told how far a preview is.
    on_made : callable
        Told of a preview: what was made, and the seconds it took.
    on_error : callable
        Told why there is none.
    """

    scene: str
    output: Path
    settings: Sequence[Setting]
    open_store: Callable[[Reporter], AbstractContextManager[RecordingStore]]
    open_reporter: Callable[[], Reporter]
    on_made: Callable[[Report, float], None]
    on_error: Callable[[str], None]


def watch(wanted: Watch, *, rounds: int | None = None) -> None:
    """Make previews, one now and one at each save.

    Parameters
    ----------
    wanted : Watch
    rounds : int, optional
        Previews after which to return; without it, never.

    Raises
    ------
    SceneError
        When there is no such file to begin with.
    """
    path = find_scene(wanted.scene)
    datasets: dict[DataSpec, Dataset] = {}
    done = 0
    while rounds is None or done < rounds:
        stamps = _settled(path)
        done += _make(wanted, stamps, datasets)
        while not _has_changed(stamps):
            if rounds is not None and done >= rounds:
                return
            time.sleep(POLL_S)


def _make(wanted: Watch, stamps: Mapping[Path, Stamp], datasets: dict[DataSpec, Dataset]) -> bool:
    """Make a preview, or tell why not; say whether that was done, before the next save."""

    def make(spec: DataSpec) -> Dataset:
        if not isinstance(spec, GeneratedData):  # the file may have changed
            return build_dataset(spec)
        if spec not in datasets:
            datasets.clear()
            datasets[spec] = build_dataset(spec)
        return datasets[spec]

    began = time.monotonic()
    reporter = wanted.open_reporter()
    watching = _Watching(reporter, stamps)
    try:
        with wanted.open_store(reporter) as store, SerialExecutor() as executor:
            files, problems = read_scenes([wanted.scene], settings=wanted.settings)
            report = render_scenes(
                prepare_scenes(files, problems, make=make),
                wanted.output,
                executor=executor,
                reporter=watching,
                preview=True,
                keep_going=True,
                store=store,
            )
    except (EpochreelError, MemoryError) as error:
        reporter.close()
        if not _has_changed(stamps):
            wanted.on_error(str(error) or "out of memory")
            return True
        return False
    finally:
        reporter.close()
    if watching.ended:
        return False
    for error in report.errors:
        wanted.on_error(error)
    wanted.on_made(report, time.monotonic() - began)
    return True


class _Watching:
    """Ends the work when what it is made of has changed, or else passes on."""

    def __init__(self, reporter: Reporter, stamps: Mapping[Path, Stamp]) -> None:
        self._reporter = reporter
        self._stamps = stamps
        self._next_s = time.monotonic() + POLL_S
        self.ended = False

    def start(self, task: Task) -> None:
        self._reporter.start(task)

    def advance(self, key: str, done: int) -> None:
        now = time.monotonic()
        if now >= self._next_s:
            self._next_s = now + POLL_S
            self.ended = self.ended or _has_changed(self._stamps)
        if self.ended:
            raise Cancelled("saved anew")
        self._reporter.advance(key, done)

    def finish(self, key: str) -> None:
        self._reporter.finish(key)

    def note(self, message: str) -> None:
        self._reporter.note(message)

    def close(self) -> None:
        """Leave that to the reporter's owner."""


def _settled(scene: Path) -> dict[Path, Stamp]:
    """Look at the files once nothing is being written: an editor may write in several steps.

    Between two of them there may be no file at all.
    """
    stamps, gone_until = _look(scene), time.monotonic() + GONE_S
    while True:
        time.sleep(POLL_S / 3)
        now = _look(scene)
        if now == stamps and (now[scene] is not None or time.monotonic() > gone_until):
            return stamps
        stamps = now


def _look(scene: Path) -> dict[Path, Stamp]:
    return {path: _stamp(path) for path in (scene, *_tables(scene))}


def _tables(scene: Path) -> list[Path]:
    """Find the CSV file that a scene names, also when the scene is otherwise wrong."""
    try:
        data: Any = tomllib.loads(scene.read_text(encoding="utf-8")).get("data")
        name = cast("dict[str, Any]", data).get("path") if isinstance(data, dict) else None
        return [scene.parent / name] if isinstance(name, str) and "\0" not in name else []
    except (OSError, ValueError):  # being written, or not TOML
        return []


def _stamp(path: Path) -> Stamp:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _has_changed(stamps: Mapping[Path, Stamp]) -> bool:
    return any(_stamp(path) != stamp for path, stamp in stamps.items())
