"""What trainings, films and tasks cost, and whether a large batch costs what these say.

Seconds are those of a processor, not of the clock, so that it doesn't matter what else runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measuring import machine, publish, table

CHECKED = 320

SCENE = """
title = "Scene {n}"
data = {{ kind = "{kind}", seed = {n} }}
timeline = {{ fps = 20, frames = {frames} }}
outputs = [{{ file = "film{n:03}.{suffix}", size = [{width}, {height}] }}]
[[models]]
name = "Model {n}"
iterations = {updates}
seed = {n}
"""
KINDS = ("moons", "circles", "xor", "spirals")

Sample = tuple[str, int, int, int, int]
"""Suffix, width, height, frames, updates."""

VARIETY: list[Sample] = [
    (suffix, width, width * 3 // 4, frames, updates)
    for suffix in ("mp4", "gif")
    for width in (120, 320, 640)
    for frames, updates in ((12, 50), (48, 400))
]


def checked(n: int) -> Sample:
    """Vary the small scenes of the check, none of which was measured before."""
    return ("mp4", "gif")[n % 2], 120 + 40 * (n % 4), 90 + 30 * (n % 4), 10 + n % 8, 30 + n % 30


def write(folder: Path, samples: list[Sample], first: int = 0) -> None:
    folder.mkdir()
    for n, (suffix, width, height, frames, updates) in enumerate(samples, first):
        text = SCENE.format(
            n=n, kind=KINDS[n // 2 % 4], suffix=suffix, width=width, height=height,
            frames=frames, updates=updates,
        )  # fmt: skip
        (folder / f"scene{n:03}.toml").write_text(text)


def measured(folder: Path) -> tuple[dict[str, float], dict[str, float]]:
    """Make all scenes here; give the processor's seconds of each training and of each film."""
    from epochreel.scenes import NullReporter, SerialExecutor, load_scenes, render_scenes

    trainings: dict[str, float] = {}
    films: dict[str, float] = {}

    class Timing(SerialExecutor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            began = time.process_time()
            future = super().submit(fn, *args, **kwargs)
            seconds = time.process_time() - began
            job = args[0]
            if fn.__name__ == "train_model":
                trainings[job.plan.name] = seconds
            else:
                films[job.scene.title] = seconds
            return future

    scenes = load_scenes([str(folder)])
    render_scenes(scenes, folder / "output", executor=Timing(), reporter=NullReporter())
    return trainings, films


RUN = """
import json, resource, sys, time
from pathlib import Path
from epochreel.scenes import attempting
own = 0.0
call = attempting.Attempt.__call__
def timed(self, job, reporter):
    global own
    began = time.process_time()
    try:
        return call(self, job, reporter)
    finally:
        own += time.process_time() - began
attempting.Attempt.__call__ = timed
from epochreel.scenes.batch import BatchOptions, run_batch
report = run_batch(BatchOptions(["scenes"], Path("output"), quiet=True, jobs=1))
assert not report.failed
size = sum(artifact.bytes for artifact in report.artifacts)
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
Path("own.json").write_text(json.dumps([time.process_time(), own, size, memory]))
"""


def batch(folder: Path, samples: list[Sample]) -> list[float]:
    """Run a batch of one job: processor's seconds in all and of its tasks, bytes, kB of memory."""
    folder.mkdir()
    write(folder / "scenes", samples)
    subprocess.run(
        [sys.executable, "-c", RUN], cwd=folder, check=True, stdout=subprocess.DEVNULL,
        env={**os.environ, "EPOCHREEL_CACHE": str(folder / "cache")},
    )  # fmt: skip
    return json.loads((folder / "own.json").read_text())


def dask_seconds(tasks: int = 400) -> tuple[float, float]:
    """Time empty tasks: processor's seconds a task of the main process and scheduler, and tasks/s.

    Scheduler and main process are one here, with two workers.
    """
    from epochreel.scenes import NullReporter
    from epochreel.scenes.attempting import Attempt
    from epochreel.scenes.cluster import open_cluster

    with open_cluster("auto", jobs=2, reporter=NullReporter()) as executor:
        executor.settle()
        executor.submit(Attempt(nothing, "nothing"), None, NullReporter()).result()
        began, cpu = time.perf_counter(), time.process_time()
        running: list[Future[Any]] = []
        for _ in range(tasks):
            running.append(executor.submit(Attempt(nothing, "nothing"), None, NullReporter()))
            if len(running) > 8:
                running.pop(0).result()
        for future in running:
            future.result()
        return (time.process_time() - cpu) / tasks, tasks / (time.perf_counter() - began)


def nothing(job: Any, reporter: Any) -> None:
    """Do nothing, as a task."""


def fit(terms: list[list[float]], found: list[float]) -> Any:
    """Fit what is never negative, each sample weighing as much as another."""
    from scipy.optimize import nnls

    scale = np.array(found)[:, None]
    return nnls(np.array(terms) / scale, np.ones(len(found)))[0]


def film_terms(sample: Sample) -> list[float]:
    _, width, height, frames, _ = sample
    return [1.0, frames, frames * width * height / 1e6]


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "warm", VARIETY[:2], 900)
        measured(folder / "warm")  # libraries load on use
        write(folder / "variety", VARIETY)
        trainings, films = measured(folder / "variety")
        updates = fit(
            [[1.0, sample[4]] for sample in VARIETY],
            [trainings[f"Model {n}"] for n in range(len(VARIETY))],
        )
        cost: dict[str, Any] = {}
        size: dict[str, Any] = {}
        for suffix in ("mp4", "gif"):
            chosen = [n for n, sample in enumerate(VARIETY) if sample[0] == suffix]
            terms = [film_terms(VARIETY[n]) for n in chosen]
            cost[suffix] = fit(terms, [films[f"Scene {n}"] for n in chosen])
            files = [folder / "variety" / "output" / f"film{n:03}.{suffix}" for n in chosen]
            size[suffix] = fit(terms, [float(file.stat().st_size) for file in files])
        few = [checked(n) for n in range(1000, 1008)]
        more = [checked(n) for n in range(1000, 1048)]
        low, high = batch(folder / "few", few), batch(folder / "more", more)
        each = ((high[0] - high[1]) - (low[0] - low[1])) / (len(more) - len(few))
        start = low[0] - low[1] - each * len(few)
        task_s, rate = dask_seconds()

        samples = [checked(n) for n in range(CHECKED)]
        tasks = sum(updates @ [1.0, s[4]] + cost[s[0]] @ np.array(film_terms(s)) for s in samples)
        expected = [start + CHECKED * each + tasks, tasks]
        bytes_ = sum(size[s[0]] @ np.array(film_terms(s)) for s in samples)
        came = batch(folder / "check", samples)
    rows = [
        ["a training: to begin", f"{updates[0] * 1e3:.0f} ms", ""],
        ["each update (usual network, 1 000 samples)", f"{updates[1] * 1e3:.2f} ms", ""],
    ]
    for suffix in ("mp4", "gif"):
        c, b = cost[suffix], size[suffix]
        rows += [
            [
                f"a {suffix.upper()}: to begin and end",
                f"{c[0] * 1e3:.0f} ms",
                f"{b[0] / 1e3:.1f} kB",
            ],
            ["each frame", f"{c[1] * 1e3:.2f} ms", f"{b[1] / 1e3:.2f} kB"],
            ["each megapixel", f"{c[2] * 1e3:.1f} ms", f"{b[2] / 1e3:.1f} kB"],
        ]
    rows += [
        ["a batch: to begin", f"{start:.2f} s", ""],
        ["each scene of it, beside its tasks", f"{each * 1e3:.1f} ms", ""],
        ["each task on a cluster: main process and scheduler", f"{task_s * 1e3:.1f} ms", ""],
    ]
    check = [
        ["all", f"{expected[0]:.1f} s", f"{came[0]:.1f} s", f"{came[0] / expected[0]:.2f}"],
        ["tasks", f"{expected[1]:.1f} s", f"{came[1]:.1f} s", f"{came[1] / expected[1]:.2f}"],
        ["bytes", f"{bytes_ / 1e6:.2f} MB", f"{came[2] / 1e6:.2f} MB", f"{came[2] / bytes_:.2f}"],
    ]
    text = (
        f"{machine(['numpy', 'matplotlib', 'av', 'pillow', 'distributed'])}. Seconds of one "
        f"processor; load: {os.getloadavg()[0]:.0f}.\n\n"
        + table(["what", "seconds", "bytes"], rows)
        + f"\n\nEmpty tasks through the cluster of one machine: {rate:.0f} a second.\n\n"
        + f"A batch of {CHECKED} small scenes that were not among the measured, one job; it held "
        f"{came[3] / 1024:.0f} MB at most, one of {len(few)} scenes {low[3] / 1024:.0f} MB:\n\n"
        + table(["", "predicted", "measured", "ratio"], check)
    )
    publish("scaling", "What a large batch costs", text)


if __name__ == "__main__":
    main()
