"""Reach a Dask cluster, or start one on this machine."""

from __future__ import annotations

import asyncio
import logging
import re
import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

from epochreel.nn.errors import (
    InvalidInputError,
    MissingPackageError,
)
from epochreel.scenes.cluster_executor import ClusterExecutor
from epochreel.scenes.executors import GRACE_S, default_jobs
from epochreel.scenes.interruptions import interrupts_blocked, uninterrupted
from epochreel.scenes.messages import quoted
from epochreel.scenes.processes import worker_context
from epochreel.scenes.progress import Reporter

__all__ = ["AUTO", "check_address", "open_cluster"]

AUTO = "auto"

CONNECT_S = 5.0
"""How long a scheduler may take to answer."""

_UNDISTURBED = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
}
"""Workers of our own look less often at what they are doing: that took 8 % of a batch's time."""

_ADDRESS = re.compile(r"(?:tcp|tls|ws|wss)://(?:[^\s/:\[\]]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})")


def check_address(where: str) -> None:
    """Refuse what isn't the address of a scheduler.

    Parameters
    ----------
    where : str
        ``auto``, or such as ``tcp://host:8786``.

    Raises
    ------
    InvalidInputError
    """
    found = _ADDRESS.fullmatch(where)
    if where != AUTO and not (found and 0 < int(found.group(1)) < 65536):
        raise InvalidInputError(
            f"--cluster: must be 'auto' or a scheduler's address such as tcp://host:8786, "
            f"got {quoted(where)}"
        )


@contextmanager
def open_cluster(
    where: str, *, jobs: int | None = None, reporter: Reporter
) -> Generator[ClusterExecutor]:
    """Reach a cluster, or start one on this machine.

    Parameters
    ----------
    where : str
        ``auto`` for worker processes here, or a scheduler's address.
    jobs : int, optional
        Tasks at a time; as many as there are workers when left out.
    reporter : Reporter
        Told of lost workers, and of what had better be otherwise.

    Raises
    ------
    InvalidInputError
        When `where` is no address, nobody answers there, or a worker has another version.
    MissingPackageError
        When Dask isn't installed.
    """
    check_address(where)
    distributed = _load_dask()
    config: Any = import_module("dask").config
    # a recording may be large, and travels with each film that shows it
    settings: dict[str, Any] = {"distributed.admin.large-graph-warning-threshold": "1GiB"}
    if where == AUTO:
        settings |= _UNDISTURBED
    with config.set(settings), warnings.catch_warnings():
        # of versions we tell ourselves; a coroutine that a lost connection leaves isn't ours
        warnings.filterwarnings("ignore", module=r"distributed|tornado|asyncio")
        warnings.filterwarnings("ignore", message="Mismatched versions found|.*[Cc]luster")
        count = (jobs or default_jobs()) if where == AUTO else 0
        cluster = _start(distributed, count) if count else None
        executor = None
        try:
            client = _connect(distributed, cluster.scheduler_address if cluster else where)
            executor = ClusterExecutor(client, where, reporter, jobs or count, starting=count)
            if cluster is None:
                executor.greet()
            yield executor
        finally:
            with uninterrupted():
                if executor is not None:
                    executor.close()
                if cluster is not None:
                    with suppress(Exception):
                        cluster.close(timeout=GRACE_S)


def _load_dask() -> Any:
    try:
        distributed: Any = import_module("distributed")
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            f"--cluster: needs {error.name}, which isn't installed; "
            "pip install 'epochreel[cluster]'"
        ) from error
    # what a user should know is told by us, in one line
    for name in ("distributed", *logging.root.manager.loggerDict):
        if name.split(".")[0] in ("distributed", "tornado", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    return distributed


def _start(distributed: Any, jobs: int) -> Any:
    """Start a scheduler in this process, and one worker process with one thread for each job.

    The workers come later by themselves: meanwhile data are made.
    """
    config: Any = import_module("dask").config
    method = "spawn"
    if sys.platform == "linux":
        method = "forkserver"
        # the server has loaded what a worker needs, as that of a WorkerPool
        worker_context().prepare("distributed", "epochreel.scenes.cluster_worker")
    config.set({"distributed.worker.multiprocessing-method": method})
    # threads that are started here start the workers, which inherit what is blocked
    with interrupts_blocked():
        cluster = distributed.LocalCluster(
            n_workers=0,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
            worker_dashboard_address=None,
            memory_limit=0,
            silence_logs=logging.CRITICAL + 1,
        )
        cluster.scale(jobs)
        return cluster


def _connect(distributed: Any, where: str) -> Any:
    try:
        asyncio.run(_knock(distributed, where))
        return distributed.Client(where, timeout=CONNECT_S, set_as_default=False)
    except Exception as error:  # whatever is there, it isn't a scheduler
        raise InvalidInputError(
            f"--cluster: no scheduler answers at {where}; start one there, or see whether a "
            "firewall is between"
        ) from error


async def _knock(distributed: Any, where: str) -> None:
    """See whether somebody answers; a client would wait for ever for one who only listens."""
    options = distributed.security.Security().get_connection_args("client")
    trying = distributed.comm.connect(where, timeout=CONNECT_S, **options)
    comm = await asyncio.wait_for(trying, CONNECT_S)
    await comm.close()
