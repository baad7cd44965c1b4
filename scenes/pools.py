"""Worker processes of this machine: how many start when, what they report, and how they end."""

from __future__ import annotations

import atexit
import ctypes
import gc
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing.connection import wait
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, cast

from epochreel.scenes.executors import GRACE_S, ThisWorker, nobody_listening
from epochreel.scenes.interruptions import interruptions_deferred, uninterrupted
from epochreel.scenes.processes import follow_parent, fresh_context, load_needed, worker_context
from epochreel.scenes.progress import PipeReporter, Reporter

__all__ = ["PassingProcess", "WorkerPool"]

START_S = 30.0
"""How long workers may take to start before what is measured no longer waits for them."""

STUCK_S = 3.0
"""How long after a worker's death the pool may take to notice it, before it is told."""

_TAKEN = "taken"

P = ParamSpec("P")
T = TypeVar("T")


class _Workers(ProcessPoolExecutor):
    """A pool until one of its processes is killed; then it is of no more use."""

    def __init__(self, jobs: int, reporter: Reporter) -> None:
        context = worker_context()
        self._children = context.children
        self._receiver, sender = context.Pipe(duplex=False)
        self._sender = sender
        self._cancelled = context.RawValue(ctypes.c_bool, False)
        self._reporter = reporter
        self._jobs = jobs
        self._amid: dict[int, int] = {}
        """Number of the task that each worker took last, by pid."""
        self._started = context.Semaphore(0)
        super().__init__(
            max_workers=jobs,
            mp_context=context,
            initializer=_start_worker,
            initargs=(sender, context.Lock(), self._cancelled, self._started, {**os.environ}),
        )
        self._results = cast(Any, self)._result_queue._writer
        self._closing = threading.Event()
        self._missed_s: float | None = None
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
            self._kill()
            self.shutdown(wait=True)

    def _kill(self) -> None:
        """End all workers, and whoever waits for the rest of a result that one was sending.

        The standard library's pool would wait for ever, as it holds the other end itself.
        """
        for child in self._children:
            if child.is_alive():
                child.kill()
        for child in self._children:
            child.join(GRACE_S)
        with suppress(OSError):
            self._results.close()

    def _look_after(self) -> None:
        """Help the pool if it hasn't noticed for a while that a worker has died."""
        now = time.monotonic()
        # its exit status is for whoever reads it first, so only look whether it is there
        if cast(Any, self)._broken or not self._one_has_died():
            self._missed_s = None
        elif self._missed_s is None:
            self._missed_s = now
        elif now - self._missed_s > STUCK_S and not self._cancelled.value:
            self._missed_s = None
            self._kill()

    def _one_has_died(self) -> bool:
        try:
            return bool(wait([child.sentinel for child in self._children], 0))
        except ValueError:  # one is being started
            return False

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
                    if method == _TAKEN:
                        pid, number = arguments
                        self._amid[pid] = number
                        continue
                    with nobody_listening():
                        getattr(self._reporter, method)(*arguments)
                elif self._closing.is_set():
                    return
                else:
                    self._look_after()

    def amid(self) -> set[int]:
        """Give the numbers of the tasks that workers died of, once all of these have ended.

        Those that the pool itself has ended, because another died, aren't among them.
        """
        ended = (None, 0, -signal.SIGTERM)
        died = [child.pid for child in self._children if child.exitcode not in ended]
        return {self._amid[pid] for pid in died if pid in self._amid}


class WorkerPool(Executor):
    """Worker processes, one BLAS thread each, deaf to Ctrl-C.

    Parameters
    ----------
    jobs : int
        Number of processes.
    reporter : Reporter
        Told what workers report, from one thread.
    """

    def __init__(self, jobs: int, reporter: Reporter) -> None:
        self._jobs = jobs
        self._reporter = reporter
        self._futures: dict[int, Future[Any]] = {}
        self._count = 0
        self._workers = _Workers(jobs, reporter)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Hand a task to the workers, starting one more if none is free."""
        number = self._count
        self._count += 1
        future = self._workers.submit(_take, number, fn, *args, **kwargs)
        self._futures[number] = future
        future.add_done_callback(lambda done: self._forget(number, done))
        return future

    def _forget(self, number: int, future: Future[Any]) -> None:
        # what was lost is asked for in a moment
        if future.cancelled() or not isinstance(future.exception(), BrokenExecutor):
            self._futures.pop(number, None)

    def settle(self) -> None:
        """Wait until all workers have started; not for ever, as one may have died of it."""
        self._workers.settle()

    def stop(self) -> None:
        """End all tasks: ask for it, and after a few seconds insist."""
        self._workers.stop()

    def renew(self) -> list[Future[Any]]:
        """Start new workers after one was killed; give the tasks that the dead ones had begun."""
        lost = RuntimeError("a worker was killed")
        with interruptions_deferred():
            self._workers.__exit__(RuntimeError, lost, None)
            begun = [self._futures[n] for n in self._workers.amid() if n in self._futures]
            self._futures.clear()
            self._workers = _Workers(self._jobs, self._reporter)
        return begun

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more tasks."""
        self._workers.shutdown(wait, cancel_futures=cancel_futures)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        """Wait for the tasks, or stop them after an error."""
        self._workers.__exit__(exc_type, exc_val, exc_tb)


class PassingProcess(ProcessPoolExecutor):
    """One process, started with its first task; when it ends, what it loaded goes with it."""

    def __init__(self) -> None:
        super().__init__(1, mp_context=fresh_context(), initializer=_start_passing)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Hand over a task."""
        with interruptions_deferred():
            return super().submit(fn, *args, **kwargs)


def _start_passing() -> None:
    follow_parent()
    atexit.register(gc.freeze)  # who waits for its end needn't wait for a look for garbage


def _be_there() -> None:
    """Give a worker something to start for."""


def _take(number: int, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Work, after word of it went home: if this process is killed, it is known over what."""
    ThisWorker.send(_TAKEN, (os.getpid(), number))
    return fn(*args, **kwargs)


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

    ThisWorker.blas_limit = threadpool_limits(limits=1, user_api="blas")

    def send(method: str, arguments: tuple[Any, ...]) -> None:
        # a worker that was killed may have taken the lock with it; don't wait for progress
        if lock.acquire(timeout=1.0):
            try:
                sender.send((method, arguments))
            finally:
                lock.release()

    ThisWorker.send = send
    ThisWorker.reporter = PipeReporter(send, lambda: bool(cancelled.value))
    started.release()
