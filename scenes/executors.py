"""Where work runs: here, one task after the other, or in worker processes.

Any :class:`concurrent.futures.Executor` serves the pipeline. What a task needs besides its
arguments, somebody to report to, is handed over as a :class:`Link`, which turns into the worker's
own reporter when it is sent to another process.
"""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import time
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, ParamSpec, Protocol, TypeVar, runtime_checkable

from epochreel.nn.errors import Cancelled
from epochreel.scenes.interruptions import interruptions_deferred, uninterrupted
from epochreel.scenes.processes import follow_parent, fresh_context, load_needed, worker_context
from epochreel.scenes.progress import NullReporter, PipeReporter, Reporter, Task

__all__ = [
    "Link",
    "PassingProcess",
    "SerialExecutor",
    "Settling",
    "Stoppable",
    "WorkerPool",
    "default_jobs",
    "one_blas_thread",
]

GRACE_S = 5.0
"""How long workers get to put their things away before they are killed."""

START_S = 30.0
"""How long workers may take to start before what is measured no longer waits for them."""

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


@contextmanager
def one_blas_thread() -> Generator[None]:
    """Compute as a worker does.

    Sums of several threads round differently, and bytes must not depend on where work runs.
    """
    from threadpoolctl import threadpool_limits  # pyright: ignore[reportMissingTypeStubs]

    with threadpool_limits(limits=1, user_api="blas"):
        yield


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

    def _tell(self, method: str, *arguments: Any) -> None:
        with self._lock, _nobody_listening():
            getattr(self._reporter, method)(*arguments)


class WorkerPool(ProcessPoolExecutor):
    """Worker processes, one BLAS thread each, deaf to Ctrl-C.

    Parameters
    ----------
    jobs : int
        Number of processes.
    reporter : Reporter
        Told what workers report, from one thread.
    """

    def __init__(self, jobs: int, reporter: Reporter) -> None:
        context = worker_context()
        self._children = context.children
        self._receiver, sender = context.Pipe(duplex=False)
        self._sender = sender
        self._cancelled = context.RawValue(ctypes.c_bool, False)
        self._reporter = reporter
        self._jobs = jobs
        self._started = context.Semaphore(0)
        super().__init__(
            max_workers=jobs,
            mp_context=context,
            initializer=_start_worker,
            initargs=(sender, context.Lock(), self._cancelled, self._started, {**os.environ}),
        )
        self._closing = threading.Event()
        self._listener = threading.Thread(target=self._listen, name="progress", daemon=True)
        self._listener.start()
        # Now: one that starts when it is needed lets its work wait for it. Those that are started
        # fresh all are, but the last, since until the first task comes this process takes a core
        # itself, for making data.
        self._complete = False
        try:
            with interruptions_deferred():
                context.prepare()
                for _ in range(0 if context.forks else jobs - 1):
                    super().submit(_be_there)
        except BaseException as error:  # nobody else knows of the processes yet
            self.__exit__(type(error), error, error.__traceback__)
            raise

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Hand a task to the workers, starting one more if none is free."""
        # an interruption in here could leave a process behind that is started by half
        with interruptions_deferred():
            try:
                future = super().submit(fn, *args, **kwargs)
                self._be_complete()
            except (EOFError, OSError) as error:  # whoever starts them has been killed
                raise BrokenProcessPool("workers can't be started") from error
            return future

    def _be_complete(self) -> None:
        if not self._complete:
            self._complete = True
            for _ in range(self._jobs - len(self._children)):
                super().submit(_be_there)

    def settle(self) -> None:
        """Wait until all workers have started; not for ever, as one may have died of it."""
        deadline = time.monotonic() + START_S
        self._be_complete()
        # fewer than there may be, if the first was free again before the last was needed
        starting = range(len(self._children))
        for _ in starting:
            self._started.acquire(timeout=max(0.0, deadline - time.monotonic()))
        for _ in starting:
            self._started.release()

    def stop(self) -> None:
        """End all tasks: ask for it, and after a few seconds insist."""
        with uninterrupted():
            self._cancelled.value = True
            self.shutdown(wait=False, cancel_futures=True)
            deadline = time.monotonic() + GRACE_S
            for child in self._children:
                child.join(max(0.0, deadline - time.monotonic()))
            for child in self._children:
                if child.is_alive():
                    child.kill()
            self.shutdown(wait=True)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        """Wait for the tasks, or stop them after an error."""
        if exc_type is None:
            self.shutdown(wait=True)
        else:
            self.stop()
        self._closing.set()
        # a worker that was killed while it wrote leaves half a message: don't wait for the rest
        self._listener.join(timeout=1.0)
        self._sender.close()
        if not self._listener.is_alive():
            self._receiver.close()

    def _listen(self) -> None:
        with suppress(EOFError, OSError):
            while True:
                if self._receiver.poll(0.05):
                    method, arguments = self._receiver.recv()
                    with _nobody_listening():
                        getattr(self._reporter, method)(*arguments)
                elif self._closing.is_set():
                    return


class PassingProcess(ProcessPoolExecutor):
    """One process, started with its first task; when it ends, what it loaded goes with it."""

    def __init__(self) -> None:
        super().__init__(1, mp_context=fresh_context(), initializer=follow_parent)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Hand over a task."""
        with interruptions_deferred():
            return super().submit(fn, *args, **kwargs)


@contextmanager
def _nobody_listening() -> Generator[None]:
    """Go on working when there is nobody to tell: stderr may be a pipe that was closed."""
    with suppress(OSError, ValueError):
        yield


class _Worker:
    """What a worker process keeps for its tasks."""

    reporter: Reporter = NullReporter()
    blas_limit: object = None


def _be_there() -> None:
    """Give a worker something to start for."""


def _worker_reporter() -> Reporter:
    return _Worker.reporter


def _start_worker(
    sender: Any, lock: Any, cancelled: Any, started: Any, environment: Mapping[str, str]
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # a server that an earlier pool has started may know another one
    os.environ.clear()
    os.environ.update(environment)
    load_needed()
    follow_parent()

    from threadpoolctl import threadpool_limits  # pyright: ignore[reportMissingTypeStubs]

    _Worker.blas_limit = threadpool_limits(limits=1, user_api="blas")

    def send(method: str, arguments: tuple[Any, ...]) -> None:
        # a worker that was killed may have taken the lock with it; don't wait for progress
        if lock.acquire(timeout=1.0):
            try:
                sender.send((method, arguments))
            finally:
                lock.release()

    _Worker.reporter = PipeReporter(send, lambda: bool(cancelled.value))
    started.release()
