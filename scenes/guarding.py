"""What surrounds every command: what went wrong as lines on stderr, signals, progress.

Exit codes: 0 done, 1 something failed while running, 2 what was given can't be used, 130
interrupted.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from epochreel.scenes.progress import Reporter

__all__ = ["INTERRUPTED", "guarded", "make_reporter", "tell", "terminable"]

FAILED, UNUSABLE, INTERRUPTED = 1, 2, 130
_INTERRUPTED = "interrupted; nothing half-made is left"


class _Signals:
    """Which signal came to end the program, if one did."""

    came: int | None = None


@contextmanager
def guarded() -> Generator[None]:
    """Turn what can go wrong into lines on stderr and an exit code."""
    try:
        yield
        sys.stdout.flush()
    except Exception as error:
        code = _explain(error)
        if code is None:
            raise
        raise typer.Exit(code) from None
    except KeyboardInterrupt:
        tell(_INTERRUPTED)
        raise typer.Exit(INTERRUPTED) from None


def _explain(error: Exception) -> int | None:
    """Say what happened and choose the exit code; ``None`` for a mistake of the program itself."""
    from epochreel.nn.errors import (
        Cancelled,
        EpochreelError,
        InvalidInputError,
        MissingPackageError,
        SceneError,
    )

    if _Signals.came is not None or isinstance(error, Cancelled):
        # where C code was interrupted, as in an import, the error is any other
        tell(_INTERRUPTED)
        return INTERRUPTED if _Signals.came is None else 128 + _Signals.came
    if isinstance(error, BrokenPipeError):
        # whoever read the output has enough; writing the rest at exit must not fail again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if isinstance(error, MemoryError):
        tell("out of memory")
        return FAILED
    if isinstance(error, EpochreelError):
        tell(str(error))
        unusable = isinstance(error, SceneError | InvalidInputError | MissingPackageError)
        return UNUSABLE if unusable else FAILED
    return None


@contextmanager
def terminable() -> Generator[None]:
    """Remember who ends the program; let a polite kill put things away as Ctrl-C does."""

    def leave(number: int, frame: object) -> None:
        _Signals.came = number
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + number)

    _Signals.came = None
    # in a thread, and where somebody else handles or ignores signals, that is left alone
    mine = threading.current_thread() is threading.main_thread()
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    if hasattr(signal, "SIGHUP"):  # the terminal is closed
        usual[signal.SIGHUP] = signal.SIG_DFL
    before = {
        number: signal.signal(number, leave)
        for number, handler in usual.items()
        if mine and signal.getsignal(number) is handler
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def make_reporter(*, quiet: bool, batch: bool = False) -> Reporter:
    """Choose how progress is told: bars on a terminal, else lines; a batch as a whole."""
    if batch:
        from epochreel.scenes.batch_progress import BatchBars, BatchLines

        if sys.stderr.isatty() and not quiet:
            return BatchBars(sys.stderr)
        return BatchLines(sys.stderr, quiet=quiet)
    from epochreel.scenes.progress import LineReporter, TqdmReporter

    if sys.stderr.isatty() and not quiet:
        return TqdmReporter(sys.stderr)
    return LineReporter(sys.stderr, quiet=quiet)


def tell(*messages: str) -> None:
    """Write messages to stderr, each line with the program's name."""
    for message in messages:
        for line in message.splitlines():
            print(f"epochreel: {line}", file=sys.stderr)
