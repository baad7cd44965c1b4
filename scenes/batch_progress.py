"""What those who wait for a batch are told: one bar for the whole, or a line for each file."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any, TextIO

from epochreel.scenes.filenames import shown_path
from epochreel.scenes.messages import count
from epochreel.scenes.outcomes import Outcome
from epochreel.scenes.overview import Overview
from epochreel.scenes.progress import Task
from epochreel.scenes.summarizing import artifact_words

if TYPE_CHECKING:
    from tqdm import tqdm

__all__ = ["BatchBars", "BatchLines"]

INTERVAL_S = 0.1

_PREPARING = "preparing scenes …"

LEAST_SHARE, LEAST_S = 0.02, 2.0
"""So much of a batch must be done, and so long, before what is left is guessed."""


class BatchLines:
    """One numbered line for each finished file, for logs; none when `quiet`, notes always.

    Parameters
    ----------
    stream : text file
    quiet : bool
    """

    def __init__(self, stream: TextIO, *, quiet: bool = False) -> None:
        self._stream = stream
        self._quiet = quiet
        self._files = self._told = 0
        self._lock = threading.Lock()  # word comes from workers too

    def plan(self, weights: Mapping[str, float], scenes: Mapping[str, str], files: int) -> None:
        """Know how many files there will be."""
        self._files = files

    def settle(self, key: str) -> None:
        """Ignore."""

    def tell(self, outcome: Outcome) -> None:
        """Write a file's line."""
        if outcome.status == "left out":
            return
        self._told += 1
        if self._quiet:
            return
        number = f"[{self._told:>{len(str(self._files))}}/{self._files}]"
        if outcome.artifact is None:
            self.note(f"{number} {shown_path(outcome.name)} failed: {outcome.error}")
        else:
            words = artifact_words(outcome.artifact)
            self.note(f"{number} {words}, in {outcome.seconds:.1f} s")

    def start(self, task: Task) -> None:
        """Ignore; a log needs no steps."""

    def advance(self, key: str, done: int) -> None:
        """Ignore."""

    def finish(self, key: str) -> None:
        """Ignore."""

    def note(self, message: str) -> None:
        """Write a line."""
        with self._lock:
            print(f"epochreel: {message}", file=self._stream, flush=True)

    def close(self) -> None:
        """Nothing to put away."""


class BatchBars:
    """A bar for the whole, and below it a line for each task that runs; for terminals.

    Parameters
    ----------
    stream : text file
        Where they go; never the stream that results go to.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._overview = Overview({})
        self._scenes: Mapping[str, str] = {}
        self._files = self._told = self._failed = 0
        self._bar: tqdm[Any] | None = None
        self._lines: list[tqdm[Any]] = []
        self._slots: list[str | None] = []
        """Key of the task that each line shows."""
        self._tasks: dict[str, tuple[Task, int]] = {}
        self._shown: list[str] = []
        self._next_s = 0.0
        self._lock = threading.RLock()  # word comes from workers too
        self._began_s = 0.0
        self._stream.write(f"\r{_PREPARING}")
        self._stream.flush()
        self._preparing = True

    def plan(self, weights: Mapping[str, float], scenes: Mapping[str, str], files: int) -> None:
        """Open the bar."""
        from tqdm import tqdm

        with self._lock:
            self._end_preparing()
            self._overview = Overview(weights)
            self._scenes = scenes
            self._files = files
            ncols, nrows = _size(self._stream)
            self._bar = tqdm(
                total=self._overview.total or 1.0,
                bar_format="{percentage:3.0f}% |{bar}| {desc}",
                file=self._stream,
                mininterval=0,
                ncols=ncols,
                nrows=nrows,
            )
            self._began_s = time.monotonic()
            self._show(now=True)

    def settle(self, key: str) -> None:
        """Count a task as done."""
        with self._lock:
            self._overview.settle(key)
            self._show()

    def tell(self, outcome: Outcome) -> None:
        """Count a file; tell at once of one that failed."""
        with self._lock:
            if outcome.status == "left out":
                return
            self._told += 1
            if outcome.status == "failed":
                self._failed += 1
                self.note(f"{shown_path(outcome.name)} failed: {outcome.error}")
            self._show(now=True)

    def start(self, task: Task) -> None:
        """Give a task a line."""
        with self._lock:
            self._overview.start(task)
            self._tasks[task.key] = task, 0
            if task.key not in self._slots:
                free = self._slots.index(None) if None in self._slots else self._new_line()
                self._slots[free] = task.key
            self._show(now=True)

    def advance(self, key: str, done: int) -> None:
        """Move the bar and the task's line."""
        with self._lock:
            if key in self._tasks:
                self._tasks[key] = self._tasks[key][0], done
            self._overview.advance(key, done)
            self._show()

    def finish(self, key: str) -> None:
        """Free the task's line."""
        with self._lock:
            self._tasks.pop(key, None)
            if key in self._slots:
                self._slots[self._slots.index(key)] = None
            self._show()

    def note(self, message: str) -> None:
        """Write a line above the bar."""
        from tqdm import tqdm

        with self._lock:
            self._end_preparing()
            tqdm.write(f"epochreel: {message}", file=self._stream)

    def close(self) -> None:
        """Leave the bar as it is, and nothing below it."""
        with self._lock:
            self._end_preparing()
            for line in reversed(self._lines):
                line.set_description_str("", refresh=True)
                line.leave = False
                line.close()
            self._lines.clear()
            self._slots.clear()
            if self._bar is not None:
                self._show(now=True)
                self._bar.close()
                self._bar = None

    def _end_preparing(self) -> None:
        if self._preparing:
            self._preparing = False
            self._stream.write("\r" + " " * len(_PREPARING) + "\r")
            self._stream.flush()

    def _new_line(self) -> int:
        from tqdm import tqdm

        position = len(self._lines) + 1
        ncols, nrows = _size(self._stream)
        self._lines.append(
            tqdm(
                bar_format="{desc}",
                file=self._stream,
                position=position,
                leave=False,
                ncols=ncols,
                nrows=nrows,
            )
        )
        self._slots.append(None)
        self._shown.append("")
        return position - 1

    def _words(self, room: int) -> str:
        failed = f", {self._failed} failed" if self._failed else ""
        passed_s = time.monotonic() - self._began_s
        share = self._overview.done / (self._overview.total or 1.0)
        told = f"{self._told}/{count(self._files, 'file')}{failed}"
        words = f"{told}, {_clock(passed_s)}"
        # what has only begun tells nothing; and a batch is too mixed for its latest pace to tell
        # more than its mean one
        if share < LEAST_SHARE or passed_s < LEAST_S or self._told == self._files:
            return words
        left = f"about {_clock(passed_s * (1 - share) / share)} left"
        # on a narrow terminal what is left matters more than what has passed
        ways = (f"{words}, {left}", f"{told}, {left}")
        return next((way for way in ways if len(way) <= room), left)

    def _show(self, *, now: bool = False) -> None:
        """Draw what has changed, at most ten times a second unless it matters."""
        clock = time.monotonic()
        if self._bar is None or not (now or clock >= self._next_s):
            return
        self._next_s = clock + INTERVAL_S
        columns, rows = _size(self._stream)
        width = columns - 1
        for index, key in enumerate(self._slots):
            line = "" if key is None else _trimmed(self._line(key), width)
            if line != self._shown[index]:
                self._shown[index] = line
                # a line that gets shorter must not leave its old end behind
                self._lines[index].set_description_str(line, refresh=True)
        self._bar.set_description_str(self._words(width - len("100% |▋▋▋▋| ")), refresh=False)
        self._bar.ncols, self._bar.nrows = width, rows
        self._bar.n = self._overview.done
        self._bar.refresh()

    def _line(self, key: str) -> str:
        task, done = self._tasks[key]
        share = min(1.0, done / max(1, task.total))
        scene = self._scenes.get(task.of or key)
        whose = f"{scene}: " if scene else ""
        return f"  {share:4.0%}  {whose}{task.label}, {count(task.total, task.unit)}"


def _size(stream: TextIO) -> tuple[int, int]:
    """Measure a terminal in columns and lines; one that doesn't know is as large as is usual."""
    usual = get_terminal_size()
    try:
        found = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        return usual
    return found.columns or usual.columns, found.lines or usual.lines


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _trimmed(text: str, width: int) -> str:
    """Cut a text to so many columns; some signs take two."""
    from tqdm.utils import disp_trim  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

    return str(disp_trim(text, width))  # pyright: ignore[reportUnknownArgumentType]
