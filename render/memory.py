"""Memory that was freed, given back to the system."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable
from functools import cache
from typing import Any

__all__ = ["give_back"]


@cache
def _trim() -> Callable[[int], Any] | None:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # not glibc; others give it back themselves
        return None


def give_back() -> None:
    """Give freed memory back: glibc keeps what lies below anything that is in use.

    What is new and refers to itself, as Matplotlib's figures do, is freed first; that takes less
    than 1 ms, and is all of it where it is done soon.
    """
    gc.collect(1)
    trim = _trim()
    if trim is not None:
        trim(0)
