"""A batch of many scenes: what a second process buys, and what the batch itself costs."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measuring import machine, publish, table

ROUNDS = 3
SCENES = 24

KINDS = ("moons", "circles", "xor", "spirals")
STYLES = ("dark", "light")

SCENE = """
title = "Scene {n}"
style = "{style}"
data = {{ kind = "{kind}", seed = {n} }}
timeline = {{ fps = 20, max_frames = 40, hold_last = 0.5 }}
outputs = [{{ file = "film{n:02}.{suffix}", size = [480, 360] }}]
[[models]]
name = "Model {n}"
iterations = {updates}
seed = {n}
"""

RUN = """
import json, sys
from pathlib import Path
from epochreel.scenes import batch
from epochreel.scenes.cli import main

def watched(options, run_batch=batch.run_batch):
    report = run_batch(options)
    own = sum(outcome.seconds for outcome in report.outcomes)
    made = sum(outcome.status == "made" for outcome in report.outcomes)
    Path("own.json").write_text(json.dumps([own, made]))
    return report

batch.run_batch = watched
if __name__ == "__main__":
    sys.exit(main())
"""
"""The command line, which also tells how long the tasks themselves took."""


def write_scenes(folder: Path, count: int, updates: int = 2000) -> None:
    """Write scenes of preview size that have no training and no film in common."""
    folder.mkdir()
    for n in range(count):
        text = SCENE.format(
            n=n, style=STYLES[n // 2 % len(STYLES)], kind=KINDS[n // 2 % len(KINDS)],
            suffix=("mp4", "gif")[n % 2], updates=updates,
        )  # fmt: skip
        (folder / f"scene{n:02}.toml").write_text(text)


def run(folder: Path, *options: str, new: bool = True) -> tuple[float, float, int]:
    """Give the seconds of a batch from its process's start to its end, of its tasks, and files."""
    if new:
        shutil.rmtree(folder / "output", ignore_errors=True)
        shutil.rmtree(folder / "cache", ignore_errors=True)
    command = ["render", "scenes", "--output", "output", "--quiet", *options]
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", RUN, *command], cwd=folder, check=True, stdout=subprocess.DEVNULL,
        env={**os.environ, "EPOCHREEL_CACHE": str(folder / "cache")},
    )  # fmt: skip
    seconds = time.perf_counter() - began
    own, made = json.loads((folder / "own.json").read_text())
    return seconds, own, made


def ratios(numerators: Sequence[float], denominators: Sequence[float]) -> float:
    return statistics.median(a / b for a, b in zip(numerators, denominators, strict=True))


def main() -> None:
    one: list[float] = []
    two: list[float] = []
    dask: list[float] = []
    again: list[float] = []
    beyond: list[float] = []
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_scenes(folder / "scenes", SCENES)
        run(folder, "--jobs", "2")  # what is read for the first time is slower
        for _ in range(ROUNDS):
            seconds, own, made = run(folder, "--jobs", "1")
            if made != SCENES:
                raise SystemExit(f"batch: {made} of {SCENES} files were made")
            one.append(seconds)
            beyond.append(seconds / own - 1)
            two.append(run(folder, "--jobs", "2")[0])
            again.append(run(folder, "--jobs", "2", new=False)[0])
            dask.append(run(folder, "--jobs", "2", "--cluster", "auto")[0])
    idle = [wall * share / (1 + share) for wall, share in zip(one, beyond, strict=True)]
    rows = [
        _row("one job", one, "", None),
        _row("two jobs", two, "× as fast as one", (ratios(one, two), 1.75, True)),
        _row(
            "one job, beyond its tasks' own seconds", idle,
            "of these", (statistics.median(beyond), 0.05, False),
        ),
        _row("nothing changed", again, "s", (statistics.median(again), 1.5, False)),
        _row(
            "Dask on this machine, two workers", dask, "× as fast as two jobs",
            (ratios(two, dask), 0.9, True),
        ),
    ]  # fmt: skip
    text = (
        f"{SCENES} different scenes of 480×360, 40 frames, 2000 updates of the usual network, half "
        "MP4 and half GIF; from the start of the process to its end, the cache of recordings empty "
        "at first. "
        f"Medians of {ROUNDS} rounds in turn; load before: {load:.1f}.\n"
        f"{machine(['numpy', 'matplotlib', 'av', 'pillow', 'distributed'])}.\n\n"
        + table(["", "seconds", "ratio", "target"], rows)
    )
    publish("batch", "A batch of scenes", text)


def _row(
    what: str, found: Sequence[float], unit: str, goal: tuple[float, float, bool] | None
) -> list[str]:
    seconds = f"{statistics.median(found):.2f} s"
    if goal is None:
        return [what, seconds, "1", ""]
    figure, target, more = goal
    reached = figure >= target if more else figure <= target
    shown = f"{figure:.1%}" if unit == "of these" else f"{figure:.2f} {unit}"
    sign = "≥" if more else "≤"
    bound = f"{target:.0%}" if unit == "of these" else f"{target:g}"
    return [what, seconds, shown, f"{sign} {bound}{'' if reached else ' **not reached**'}"]


if __name__ == "__main__":
    main()
