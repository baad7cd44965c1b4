"""How worker processes come to be: deaf to Ctrl-C, and never outliving who started them.

On Linux they are forked from one server process that has loaded what they need: the second takes
no time to start, and what all have loaded takes memory once. Elsewhere, where system libraries
don't bear it, each is started fresh. The server does nothing else and has no threads, so nothing
is ever forked amid something.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from multiprocessing import forkserver, parent_process
from multiprocessing.context import (
    ForkServerContext,
    ForkServerProcess,
    SpawnContext,
    SpawnProcess,
)
from multiprocessing.process import BaseProcess
from typing import Any

from epochreel.scenes.interruptions import interrupts_blocked

__all__ = ["follow_parent", "fresh_context", "load_needed", "worker_context"]

_NEEDED = (
    "numpy",  # its BLAS must be loaded to be limited
    "epochreel.scenes.pools",
    "epochreel.scenes.attempting",
    "epochreel.scenes.tasks",
    "epochreel.scenes.numpy_engine",
    "epochreel.render.film",
    "epochreel.render.output",
    "epochreel.render.panels.boundary",
    "epochreel.render.writers.mp4",
    "epochreel.render.writers.gif",
)
"""What workers load at once, while data are made and others train: Matplotlib takes its time."""


class _FreshProcess(SpawnProcess):
    """A worker to which Ctrl-C never gets, not even while it starts."""

    def start(self) -> None:
        with interrupts_blocked():
            super().start()


class _ForkedProcess(ForkServerProcess):
    """The same, forked from a server that inherits the deafness when it is the first."""

    def start(self) -> None:
        with interrupts_blocked():
            super().start()


class _Fresh(SpawnContext):
    """Starts each process fresh, which is the same on all systems."""

    forks = False

    def __init__(self) -> None:
        super().__init__()
        self.children: list[BaseProcess] = []

    def prepare(self, *modules: str) -> None:
        """Leave all to the processes."""

    def Process(self, *args: Any, **kwargs: Any) -> SpawnProcess:  # pyright: ignore
        child = _FreshProcess(*args, **kwargs)
        self.children.append(child)
        return child


class _Forked(ForkServerContext):
    forks = True

    def __init__(self) -> None:
        super().__init__()
        self.children: list[BaseProcess] = []

    def prepare(self, *modules: str) -> None:
        """Start the server; it lives on for the next pool, and ends with this process.

        Parameters
        ----------
        *modules : str
            What it loads beside what all workers need.
        """
        self.set_forkserver_preload([*_NEEDED, *modules])
        with interrupts_blocked(), _environment("OPENBLAS_NUM_THREADS", "1"):
            forkserver.ensure_running()

    def Process(self, *args: Any, **kwargs: Any) -> ForkServerProcess:  # pyright: ignore
        child = _ForkedProcess(*args, **kwargs)
        self.children.append(child)
        return child


def fresh_context() -> _Fresh:
    """Start processes that have nothing loaded."""
    return _Fresh()


def worker_context() -> _Fresh | _Forked:
    """Choose how this system starts workers."""
    return _Forked() if sys.platform == "linux" else _Fresh()


def load_needed() -> None:
    """Load in this process what a worker works with, as far as its server hasn't."""
    for module in _NEEDED:
        import_module(module)


def follow_parent() -> None:
    """End this process when the one that works with it ends, also if that is killed."""
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _environment(name: str, value: str) -> Generator[None]:
    """Set a variable for what is started in this block."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
