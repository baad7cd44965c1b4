"""One BLAS thread, whichever libraries are loaded by then."""

from __future__ import annotations

import subprocess
import sys

LATE = """
from threadpoolctl import threadpool_info, threadpool_limits
from epochreel.scenes.executors import one_blas_thread

def threads():
    return [info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"]

import numpy
with one_blas_thread():
    first = threads()
import scipy.linalg  # which brings a BLAS of its own
with threadpool_limits(2, user_api="blas"):
    with one_blas_thread():
        both = threads()
    assert set(threads()) == {2}
print(len(first), len(both), *{*first, *both})
"""


def test_libraries_that_come_later_are_limited_too() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", LATE], check=True, capture_output=True, encoding="utf-8"
    )
    first, both, *threads = map(int, ran.stdout.split())
    assert first < both
    assert threads == [1]
