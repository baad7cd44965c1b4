"""Who is told how far the work is.

A reporter is started, advanced and finished per task, from one thread. In a worker process a
:class:`PipeReporter` sends the same calls home; see :mod:`epochreel.scenes.executors`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any, Protocol, TextIO, runtime_checkable

from epochreel.nn.errors import Cancelled
from epochreel.scenes.messages import count

if TYPE_CHECKING:
    from tqdm import tqdm

    from epochreel.scenes.outcomes import Outcome

__all__ = [
    "LineReporter",
    "NullReporter",
    "Overseer",
    "PipeReporter",
    "Reporter",
    "Task",
    "TqdmReporter",
]

PIPE_INTERVAL_S = 0.1


@dataclass(frozen=True)
class Task:
    """A piece of work with a known end.

    Attributes
    ----------
    key : str
        Tells it from all others of a run.
    label : str
        For people: ``training NumPy Model``.
    total : int
    unit : str
        What is counted: ``update``, ``frame``.
    of : str
        Key of the whole that it is a part of; empty where it is a whole itself.
    share : float
        How much of that whole it is.
    """

    key: str
    label: str
    total: int
    unit: str
    of: str = ""
    share: float = 1.0


class Reporter(Protocol):
    """Told about tasks as they go."""

    def start(self, task: Task) -> None:
        """Say that a task begins."""
        ...

    def advance(self, key: str, done: int) -> None:
        """Say how much of a task is done, in all; may raise ``Cancelled`` to end it."""
        ...

    def finish(self, key: str) -> None:
        """Say that a task is over, whether it got to its end or not."""
        ...

    def note(self, message: str) -> None:
        """Tell something that a user should know."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was."""
        ...


@runtime_checkable
class Overseer(Protocol):
    """A reporter that knows the whole batch."""

    def plan(self, weights: Mapping[str, float], scenes: Mapping[str, str], files: int) -> None:
        """Say what there is to do before it begins.

        Parameters
        ----------
        weights : mapping
            Seconds about, by key of each task that is a whole.
        scenes : mapping
            Name of the scene that each is for, by the same key.
        files : int
            How many files will be told of.
        """
        ...

    def settle(self, key: str) -> None:
        """Say that nothing more will be done for a task: it is over, or isn't needed."""
        ...

    def tell(self, outcome: Outcome) -> None:
        """Say what became of a file."""
        ...


class NullReporter:
    """Keeps everything to itself."""

    def start(self, task: Task) -> None:
        """Ignore."""

    def advance(self, key: str, done: int) -> None:
        """Ignore."""

    def finish(self, key: str) -> None:
        """Ignore."""

    def note(self, message: str) -> None:
        """Ignore."""

    def close(self) -> None:
        """Ignore."""


class LineReporter:
    """One line for each task that got to its end, for logs; none when `quiet`, notes always.

    Parameters
    ----------
    stream : text file
    quiet : bool
    """

    def __init__(self, stream: TextIO, *, quiet: bool = False) -> None:
        self._stream = stream
        self._quiet = quiet
        self._running: dict[str, tuple[Task, float]] = {}
        self._done: dict[str, int] = {}

    def start(self, task: Task) -> None:
        """Remember when."""
        self._running[task.key] = task, time.monotonic()

    def advance(self, key: str, done: int) -> None:
        """Remember how much; a log needs no steps."""
        self._done[key] = done

    def finish(self, key: str) -> None:
        """Say what was done and how long it took."""
        started = self._running.pop(key, None)
        done = self._done.pop(key, 0)
        # why a task ended early is told by a note or an error
        if started and not self._quiet and done >= started[0].total:
            task, since = started
            seconds = time.monotonic() - since
            self.note(f"{task.label}: {count(task.total, task.unit)} in {seconds:.1f} s")

    def note(self, message: str) -> None:
        """Write a line."""
        print(f"epochreel: {message}", file=self._stream, flush=True)

    def close(self) -> None:
        """Nothing to put away."""


class TqdmReporter:
    """A bar for each task, for terminals.

    Parameters
    ----------
    stream : text file
        Where bars go; never the stream that results go to.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._bars: dict[str, tqdm[Any]] = {}
        self._most = 0  # bars that were ever open at once

    def start(self, task: Task) -> None:
        """Open a bar."""
        from tqdm import tqdm

        self._bars[task.key] = tqdm(
            desc=task.label,
            total=task.total,
            unit=f" {task.unit}s",
            file=self._stream,
            dynamic_ncols=True,
            # both kinds of work go at a steady pace: a long memory makes the better estimate
            smoothing=0.05,
            mininterval=0.1,
        )
        self._most = max(self._most, len(self._bars))

    def advance(self, key: str, done: int) -> None:
        """Move a bar."""
        bar = self._bars.get(key)
        if bar is not None:
            bar.update(done - bar.n)

    def finish(self, key: str) -> None:
        """Close a bar; it stays on the screen."""
        bar = self._bars.pop(key, None)
        if bar is not None:
            bar.close()

    def note(self, message: str) -> None:
        """Write a line above the bars."""
        from tqdm import tqdm

        tqdm.write(f"epochreel: {message}", file=self._stream)

    def close(self) -> None:
        """Close the bars that are still open."""
        for key in list(self._bars):
            self.finish(key)
        # tqdm moves bars up as others close, and may leave an old copy on the lines below
        blank = " " * (get_terminal_size().columns - 1)
        self._stream.write(f"\r{blank}\n" * self._most + "\x1b[A" * self._most + "\r")
        self._stream.flush()
        self._most = 0


class PipeReporter:
    """Sends calls home from a worker, advances not too often.

    Parameters
    ----------
    send : callable
        Takes a method's name and its argument tuple.
    is_cancelled : callable
        Whether the work is to end; asked on every advance.
    interval_s : float
        Between two advances that are sent.
    """

    def __init__(
        self,
        send: Callable[[str, tuple[Any, ...]], None],
        is_cancelled: Callable[[], bool],
        interval_s: float = PIPE_INTERVAL_S,
    ) -> None:
        self._send = send
        self._is_cancelled = is_cancelled
        self._interval_s = interval_s
        self._next_s = 0.0
        self._last: dict[str, int] = {}

    def start(self, task: Task) -> None:
        """Send on."""
        self._send("start", (task,))

    def advance(self, key: str, done: int) -> None:
        """Send on what is due; raise ``Cancelled`` when the work is to end."""
        if self._is_cancelled():
            raise Cancelled("stopped")
        self._last[key] = done
        now = time.monotonic()
        if now >= self._next_s:
            self._next_s = now + self._interval_s
            self._send("advance", (key, done))

    def finish(self, key: str) -> None:
        """Send on, after what was held back."""
        if key in self._last:
            self._send("advance", (key, self._last.pop(key)))
        self._send("finish", (key,))

    def note(self, message: str) -> None:
        """Send on."""
        self._send("note", (message,))

    def close(self) -> None:
        """Nothing to put away."""
