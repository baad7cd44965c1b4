"""Ctrl-C and polite kills, put off or ignored while things are put away."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

__all__ = ["interruptions_deferred", "interrupts_blocked", "uninterrupted"]

Handler = Callable[[int, FrameType | None], Any] | int


@contextmanager
def interrupts_blocked() -> Generator[None]:
    """Block SIGINT for this thread and for processes it starts; they inherit the mask."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def interruptions_deferred() -> Generator[None]:
    """Put off Ctrl-C and a polite kill until the block is done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[tuple[int, FrameType | None]] = []
    before = _handle(lambda number, frame: came.append((number, frame)))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number, frame in came:
            handler = before[number]
            if callable(handler):
                handler(number, frame)


@contextmanager
def uninterrupted() -> Generator[None]:
    """Put things away without being interrupted by a second, impatient Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = _handle(signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _handle(handler: Handler) -> dict[int, Handler]:
    """Set a handler for what ends a program, and give those that were set before."""
    return {
        # None stands for one that was not set from Python, and can't be set again
        number: signal.signal(number, handler) or signal.SIG_DFL
        for number in (signal.SIGINT, signal.SIGTERM)
    }
