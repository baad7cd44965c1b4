"""Run every benchmark, or the ones named: ``python -m benchmarks film``."""

from __future__ import annotations

import sys
from importlib import import_module

BENCHMARKS = {
    "batch": "many scenes: a second process, what the batch costs, Dask beside the pool",
    "film": "frames and files, against the published way",
    "frameworks": "filming a Keras training, against the published way",
    "memory": "what all processes of a run hold at a time, for short films and long ones",
    "panels": "frames of each kind of panel, against the boundary's",
    "scaling": "what scenes cost, and whether a batch of 320 costs what these say",
    "start": "from a command to the first frame that is written",
    "training": "training, against the published way, other libraries and the core's limit",
}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"benchmarks: must be among {', '.join(BENCHMARKS)}, got {unknown[0]}")
        return 2
    for name in names or BENCHMARKS:
        import_module(f"benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
