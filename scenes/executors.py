"""Where work runs: what an executor may offer, and the one that works here, task after task.

Any :class:`concurrent.futures.Executor` serves the pipeline. What a task needs besides its
arguments, somebody to report to, is handed over as a :class:`Link`, which turns into the worker's
own reporter when it is sent to another process.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any, ParamSpec, Protocol, TypeVar, runtime_checkable

from epochreel.nn.errors import Cancelled
from epochreel.scenes.progress import NullReporter, Overseer, Reporter, Task

__all__ = [
    "Elsewhere",
    "Link",
    "Renewable",
    "SerialExecutor",
    "Settling",
    "Stoppable",
    "ThisWorker",
    "default_jobs",
    "nobody_listening",
    "one_blas_thread",
]

GRACE_S = 5.0
"""How long workers get to put their things away before they are killed."""

P = ParamSpec("P")
T = TypeVar("T")


def default_jobs() -> int:
    """Count the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@runtime_checkable
class Stoppable(Protocol):
    """An executor that can end running tasks."""

    def stop(self) -> None:
        """End all tasks and return when none runs any more."""
        ...


@runtime_checkable
class Settling(Protocol):
    """An executor that needs a while to start."""

    def settle(self) -> None:
        """Return when it takes no more time from what runs."""
        ...


@runtime_checkable
class Renewable(Protocol):
    """An executor that can go on after it has lost workers, and all tasks with them."""

    def renew(self) -> Sequence[Future[Any]]:
        """Start anew.

        Returns
        -------
        sequence of Future
            Tasks in whose midst workers died, as far as that is known; the others were lost along
            with them.
        """
        ...


@runtime_checkable
class Elsewhere(Protocol):
    """An executor whose tasks run on other machines: films aren't made in parts there."""

    @property
    def jobs(self) -> int:
        """How many tasks run at a time, by what is known now."""
        ...


@contextmanager
def one_blas_thread() -> Generator[None]:
    """Compute as a worker does.

    Sums of several threads round differently, and bytes must not depend on where work runs.
    """
    with _loaded_libraries(len(sys.modules)).limit(limits=1, user_api="blas"):
        yield


@lru_cache(maxsize=1)
def _loaded_libraries(modules: int) -> Any:
    """Find what computes in threads: that takes 4 ms, and changes only with what is imported."""
    from threadpoolctl import ThreadpoolController  # pyright: ignore[reportMissingTypeStubs]

    return ThreadpoolController()


class SerialExecutor(Executor):
    """Runs each task in this process as it is submitted."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run a task now; its future is done when this returns.

        An interruption by the user is raised here, not kept for whoever asks for the result.
        """
        future: Future[T] = Future()
        try:
            with one_blas_thread():
                future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class Link:
    """What a task reports to: the given reporter in this process, the worker's own in another.

    Parameters
    ----------
    reporter : Reporter
    """

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._lock = threading.Lock()  # an executor may run tasks in threads
        self.cancelled = False

    def __reduce__(self) -> tuple[Callable[[], Reporter], tuple[()]]:
        """Become the worker's reporter on arrival."""
        return _worker_reporter, ()

    def start(self, task: Task) -> None:
        """Pass on."""
        self._tell("start", task)

    def advance(self, key: str, done: int) -> None:
        """Pass on, or end the task."""
        if self.cancelled:
            raise Cancelled("stopped")
        self._tell("advance", key, done)

    def finish(self, key: str) -> None:
        """Pass on."""
        self._tell("finish", key)

    def note(self, message: str) -> None:
        """Pass on."""
        self._tell("note", message)

    def close(self) -> None:
        """Leave that to the reporter's owner."""

    def oversee(self, method: str, *arguments: Any) -> None:
        """Call a method of an :class:`~epochreel.scenes.progress.Overseer`, if somebody is one."""
        if isinstance(self._reporter, Overseer):
            self._tell(method, *arguments)

    def _tell(self, method: str, *arguments: Any) -> None:
        with self._lock, nobody_listening():
            getattr(self._reporter, method)(*arguments)


@contextmanager
def nobody_listening() -> Generator[None]:
    """Go on working when there is nobody to tell: stderr may be a pipe that was closed."""
    with suppress(OSError, ValueError):
        yield


def _unheard(method: str, arguments: tuple[Any, ...]) -> None:
    """Send nothing: this process is nobody's worker."""


class ThisWorker:
    """What a worker process keeps for its tasks."""

    reporter: Reporter = NullReporter()
    send: Callable[[str, tuple[Any, ...]], None] = _unheard
    blas_limit: object = None


def _worker_reporter() -> Reporter:
    return ThisWorker.reporter
