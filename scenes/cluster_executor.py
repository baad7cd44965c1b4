"""An executor whose tasks run on a Dask cluster, with Dask's own executor beneath.

What a task makes comes back through a folder that a worker shares with this machine, or else over
the wire; each worker finds out which, task by task, so workers may differ and come late. A lost
worker's tasks run again: that is the scheduler's own doing. Films are made whole, as parts would
have to meet on one machine.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

from epochreel.nn.errors import (
    EpochreelError,
    InvalidInputError,
    OutputError,
    RenderError,
)
from epochreel.scenes.attempting import Attempted
from epochreel.scenes.cluster_worker import (
    TOKEN,
    Delivery,
    Parcel,
    arrived_bytes,
    portable_job,
    refuse_versions,
    run_parcel,
    unpack_files,
    versions,
)
from epochreel.scenes.executors import GRACE_S
from epochreel.scenes.messages import count
from epochreel.scenes.progress import Reporter, Task
from epochreel.scenes.tasks import FilmJob, TrainingJob, leave_recording

__all__ = ["ClusterExecutor"]

ARRIVAL_S = 15.0
"""How long a file of a shared folder may take to be seen here; network folders are cached."""

START_S = 30.0
"""How long workers may take to start before what is measured no longer waits for them."""


class ClusterExecutor(Executor):
    """Hands tasks to a Dask cluster.

    Parameters
    ----------
    client : distributed.Client
    where : str
        For messages.
    reporter : Reporter
    jobs : int, optional
        Tasks at a time, where that isn't the number of workers.
    starting : int
        How many workers were started for this, and needn't be greeted.
    """

    def __init__(
        self,
        client: Any,
        where: str,
        reporter: Reporter,
        jobs: int | None = None,
        *,
        starting: int = 0,
    ) -> None:
        self._client = client
        self._where = where
        self._reporter = reporter
        self._wanted = jobs
        self._starting = starting
        self._dask: Any = client.get_executor(pure=False)
        self._topic = f"epochreel-{uuid4().hex}"
        self._token = uuid4().hex
        self._lock = threading.Lock()
        self._links: dict[str, Reporter] = {}
        self._begun: set[str] = set()
        self._marked: set[Path] = set()
        self._stopped = False
        # what arrives is written by other threads than the one that talks to the scheduler
        self._arrivals = ThreadPoolExecutor(2, thread_name_prefix="arrivals")
        self._workers: set[str] = set()
        client.subscribe_topic(self._topic, self._hear)
        client.subscribe_topic("all", self._hear_of_workers)

    @property
    def jobs(self) -> int:
        """How many tasks run at a time, by what is known now: workers come and go."""
        return self._wanted or max(1, len(self._workers))

    def greet(self) -> None:
        """See that the workers which are there have the same versions.

        Raises
        ------
        InvalidInputError
        """
        workers = cast("Mapping[str, Any]", self._client.scheduler_info(n_workers=-1)["workers"])
        self._workers.update(workers)
        if not workers:
            self._reporter.note(f"{self._where} has no worker yet; tasks wait for the first")
            return
        mine = versions()
        answers: Mapping[str, Any] = self._client.run(versions, on_error="return")
        other: dict[str, str] = {}
        for address, theirs in answers.items():
            if isinstance(theirs, Exception):
                if "No module named" in str(theirs):
                    raise InvalidInputError(
                        f"--cluster: worker {address}: lacks Epochreel; "
                        "pip install 'epochreel[cluster]' there"
                    )
                continue  # it has gone meanwhile
            problem = refuse_versions(address, mine, theirs)
            if problem:
                raise InvalidInputError(f"--cluster: {problem}")
            for name, number in theirs.items():
                if mine[name] != number:
                    other.setdefault(name, f"{name} {number}, here {mine[name]}")
        if other:
            self._reporter.note(f"workers have {'; '.join(other.values())}: bytes may differ")
        threads = [address for address, facts in workers.items() if facts["nthreads"] > 1]
        if threads:
            self._reporter.note(
                f"worker {threads[0]} has several threads, of which one works; "
                "start workers with --nthreads 1"
            )

    def settle(self) -> None:
        """Wait until the workers of this machine have started; those of others are there."""
        if self._starting:
            with suppress(Exception):  # a task will say what is wrong
                self._client.wait_for_workers(self._starting, timeout=START_S)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Hand over a task: a function of a job and of who is told how far it is."""
        job, link = args
        if isinstance(job, FilmJob):
            self._mark(job.path.parent)
        work = import_module("distributed.protocol.pickle").dumps((fn, portable_job(job)))
        parcel = Parcel(work, self._topic, self._token, versions())
        key = f"{fn.__name__}-{uuid4().hex}"
        with self._lock:
            self._links[key] = link
        outer: Future[Any] = Future()
        try:
            inner: Future[Any] = self._dask.submit(run_parcel, parcel, key=key)
        except Exception as error:
            outer.set_exception(self._lost(error))
            return outer
        outer.add_done_callback(lambda done: done.cancelled() and inner.cancel())
        inner.add_done_callback(lambda done: self._receive(done, outer, job, key))
        return outer

    def _mark(self, folder: Path) -> None:
        """Let workers find out whether they see the folder that films are put into."""
        if folder not in self._marked:
            self._marked.add(folder)
            with suppress(OSError):  # the film itself will say what is wrong there
                (folder / TOKEN).write_text(self._token, encoding="ascii")

    def _receive(self, inner: Future[Any], outer: Future[Any], job: Any, key: str) -> None:
        try:
            self._arrivals.submit(self._deliver, inner, outer, job, key)
        except RuntimeError:  # closed meanwhile
            outer.cancel()

    def _deliver(self, inner: Future[Any], outer: Future[Any], job: Any, key: str) -> None:
        with self._lock:
            self._links.pop(key, None)
        if not outer.set_running_or_notify_cancel():
            return
        try:
            delivery = cast("Delivery", inner.result())
            if delivery.pieces is not None:
                unpack_files(delivery, job.path)
            elif delivery.bytes is not None:
                _await_arrival(job, delivery.bytes)
        except BaseException as error:
            outer.set_exception(self._told(error))
        else:
            outer.set_result(_left(job, delivery.result))

    def _told(self, error: BaseException) -> BaseException:
        """Put into words what may happen to a task on its way."""
        if isinstance(error, EpochreelError | MemoryError):
            return error
        if type(error).__name__ == "KilledWorker":
            times = int(cast("Any", error).allowed_failures) + 1
            return RenderError(
                f"{count(times, 'worker')} got lost over it: killed, out of memory, or without "
                "Epochreel"
            )
        if isinstance(error, CancelledError | asyncio.CancelledError):
            return self._lost(error)
        return error

    def _lost(self, error: BaseException) -> RenderError:
        lost = RenderError(
            f"the scheduler at {self._where} was lost; what is finished stays, run again for the "
            "rest"
        )
        lost.__cause__ = error
        return lost

    def _hear(self, event: tuple[float, Any]) -> None:
        """Pass on what a task tells; called by the thread that talks to the scheduler."""
        message = event[1]
        method, key = message["method"], message["key"]
        with self._lock:
            if method == "begun":
                self._begun.add(key)
            elif method == "over":
                self._begun.discard(key)
            link = self._links.get(key)
        if link is None or method in ("begun", "over"):
            return
        values = [
            Task(**cast("dict[str, Any]", value)) if isinstance(value, dict) else value
            for value in message["arguments"]
        ]
        with suppress(Exception):  # one that is told to stop; the workers are told otherwise
            getattr(link, method)(*values)

    def _hear_of_workers(self, event: tuple[float, Any]) -> None:
        message = event[1]
        if not isinstance(message, dict) or self._stopped:
            return
        about = cast("dict[str, Any]", message)
        action, worker = about.get("action"), str(about.get("worker"))
        if action == "add-worker":
            self._workers.add(worker)
        elif action == "remove-worker":
            self._workers.discard(worker)
            if about.get("processing-tasks"):
                self._reporter.note(f"worker {worker} was lost; its tasks run again")

    def stop(self) -> None:
        """End all tasks; return when none runs any more, or after a few seconds."""
        self._stopped = True
        with suppress(Exception):
            self._dask.shutdown(wait=False)
        deadline = time.monotonic() + GRACE_S
        while self._begun and time.monotonic() < deadline and self._client.status == "running":
            time.sleep(0.02)
        self._arrivals.shutdown(wait=True, cancel_futures=True)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for the tasks, or end them."""
        if cancel_futures or not wait:
            self.stop()
            return
        self._dask.shutdown(wait=True)
        self._arrivals.shutdown(wait=True)

    def close(self) -> None:
        """End what runs, and take leave of the scheduler."""
        self.stop()
        with suppress(Exception):
            self._client.close(timeout=GRACE_S)


def _left(job: Any, result: Any) -> Any:
    """Leave a recording that has come where the run keeps such."""
    if not (isinstance(job, TrainingJob) and isinstance(result, Attempted)):
        return result
    if result.failure is not None:
        return result
    return replace(result, value=leave_recording(result.value, job.path))


def _await_arrival(job: FilmJob, size: int) -> None:
    """Wait until a film that a worker has moved to its place is seen here, whole."""
    deadline = time.monotonic() + ARRIVAL_S
    while arrived_bytes(job.path) != size:
        if time.monotonic() > deadline:
            raise OutputError(
                f"{job.label}: was written by a worker, but isn't seen in the shared folder"
            )
        time.sleep(0.05)
        with suppress(OSError):
            list(job.path.parent.iterdir())  # a network folder is looked at anew
