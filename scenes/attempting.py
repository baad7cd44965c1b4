"""A task that can't hurt anybody: whatever goes wrong in it comes home as words.

An exception that comes home from another process must be pickled there and built again here. Not
every one can be, and one that can't takes the whole pool with it. So none is sent.
"""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Callable, Generator
from concurrent.futures import BrokenExecutor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from epochreel.nn.errors import Cancelled, EpochreelError
from epochreel.scenes.messages import printable
from epochreel.scenes.progress import Reporter, Task

__all__ = [
    "Attempt",
    "Attempted",
    "Failure",
    "attempted_by",
    "has_failed",
    "is_lost",
    "is_whole",
]


@dataclass(frozen=True)
class Failure:
    """Why a task failed: one line, and the traceback of what nobody had foreseen.

    It is `cancelled` when the run was stopped, and `killed` when its process was.
    """

    message: str
    traceback: str = ""
    cancelled: bool = False
    killed: bool = False


@dataclass(frozen=True)
class Attempted:
    """What a task gave, how long it took, and what it had to say."""

    value: Any
    seconds: float
    notes: tuple[str, ...] = ()
    failure: Failure | None = None


@dataclass(frozen=True)
class Attempt:
    """Calls `task`, which takes a job and a reporter; goes by its name, for people by `label`."""

    task: Callable[[Any, Reporter], Any]
    label: str

    @property
    def __name__(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The task's."""
        return self.task.__name__

    def __call__(self, job: Any, reporter: Reporter) -> Attempted:
        """Work; never raises an ``Exception``."""
        listening = _Listening(reporter)
        value, failure = None, None
        began = perf_counter()
        try:
            with _warnings_kept(self.label, listening):
                value = self.task(job, listening)
        except Cancelled as error:
            failure = Failure(str(error), cancelled=True)
        except MemoryError:
            failure = Failure("out of memory")
        except EpochreelError as error:
            failure = Failure(str(error))
        except Exception as error:
            words = printable(" ".join(str(error).split()))
            kind = type(error).__name__
            failure = Failure(
                f"unexpected {kind}: {words}" if words else f"unexpected {kind}",
                "".join(traceback.format_exception(error)),
            )
        return Attempted(value, perf_counter() - began, tuple(listening.notes), failure)


def is_lost(future: Future[Attempted]) -> bool:
    """Say whether the process that worked on it is gone, or its whole pool."""
    return not future.cancelled() and isinstance(future.exception(), BrokenExecutor)


def is_whole(future: Future[Attempted]) -> bool:
    """Say whether a task came to an end of its own; one that is cancelled has."""
    return future.done() and not is_lost(future)


def has_failed(future: Future[Attempted]) -> bool:
    """Say whether a task that is over gave nothing."""
    return future.cancelled() or attempted_by(future).failure is not None


def attempted_by(future: Future[Attempted]) -> Attempted:
    """Take what a task gave; what can't be sent home is a failure as well."""
    error = future.exception()
    if error is None:
        return future.result()
    if not isinstance(error, Exception):
        raise error
    cancelled = isinstance(error, Cancelled)
    return Attempted(None, 0.0, failure=Failure(str(error) or repr(error), cancelled=cancelled))


class _Listening:
    """Passes on what a task reports, and keeps its notes."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self.notes: list[str] = []

    def start(self, task: Task) -> None:
        self._reporter.start(task)

    def advance(self, key: str, done: int) -> None:
        self._reporter.advance(key, done)

    def finish(self, key: str) -> None:
        self._reporter.finish(key)

    def note(self, message: str) -> None:
        self.notes.append(message)
        self._reporter.note(message)

    def close(self) -> None:
        """Leave that to the reporter's owner."""


@contextmanager
def _warnings_kept(label: str, listening: _Listening) -> Generator[None]:
    """Make a note of what Python warns of, once; filters stay as they are."""
    seen: set[str] = set()

    def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        text = f"{category.__name__}: {printable(' '.join(str(message).split()))}"
        if text not in seen:
            seen.add(text)
            listening.note(f"{label}: {text}")

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield
