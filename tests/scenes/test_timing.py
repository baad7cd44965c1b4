"""Seconds that are shown belong to one model alone: nothing else runs while they are measured."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from epochreel.scenes import NullReporter, WorkerPool, load_scenes, render_scenes

SCENE = """
data = {{ samples = 40 }}
timeline = {{ fps = 10, hold_last = 0.0, align = "{align}" }}
models = [
  {{ name = "A", layers = [2], iterations = 4, capture = {{ every = 2 }} }},
  {{ name = "B", layers = [3], iterations = 4, capture = {{ every = 2 }} }},
]
panels = [{{ model = "A", numbers = {numbers} }}, {{ model = "B" }}]
outputs = [{{ file = "{file}.gif", size = [64, 48] }}]
"""


class Watched(ThreadPoolExecutor):
    """Four threads, and word of what ran at the same time."""

    def __init__(self) -> None:
        super().__init__(4)
        self.events: list[str] = []
        self.running: set[str] = set()
        self.company: dict[str, set[str]] = {}
        self.lock, self.work = threading.Lock(), threading.Lock()

    def settle(self) -> None:
        self.events.append("settle")

    def submit(self, fn: Any, /, job: Any, link: Any) -> Any:  # pyright: ignore
        name = f"train {job.plan.name}" if hasattr(job, "plan") else f"film {job.label}"
        self.events.append(name)

        def run() -> Any:
            with self.lock:
                for other in self.running:
                    self.company[other].add(name)
                self.company[name] = set(self.running)
                self.running.add(name)
            time.sleep(0.1)
            try:
                with self.work:  # Matplotlib's settings are one for all threads
                    return fn(job, link)
            finally:
                with self.lock:
                    self.running.remove(name)

        return super().submit(run)


def watched(tmp_path: Path, *paths: Path) -> Watched:
    with Watched() as executor:
        render_scenes(
            load_scenes([str(path) for path in paths]),
            tmp_path / "out",
            executor=executor,
            reporter=NullReporter(),
            jobs=4,
        )
    return executor


@pytest.mark.parametrize(
    ("numbers", "align"), [('["seconds"]', "snapshots"), ('["test_loss"]', "seconds")]
)
def test_timed_models_are_trained_one_at_a_time(
    numbers: str, align: str, scene_file: Callable[..., Path], tmp_path: Path
) -> None:
    timed = scene_file(SCENE.format(numbers=numbers, align=align, file="a"), "a.toml")
    other = scene_file(
        SCENE.format(numbers='["test_loss"]', align="snapshots", file="b").replace('"B"', '"C"'),
        "b.toml",
    )
    executor = watched(tmp_path, other, timed)
    # A stands in both scenes and is trained once; C has all the company it likes
    assert executor.company["train A"] == executor.company["train B"] == set()
    assert executor.events[:3] == ["settle", "train A", "train B"]


def test_models_whose_seconds_nobody_sees_are_trained_together(
    scene_file: Callable[..., Path], tmp_path: Path
) -> None:
    text = SCENE.format(numbers='["test_loss"]', align="updates", file="a")
    executor = watched(tmp_path, scene_file(text))
    assert executor.company["train A"] == {"train B"}
    assert "settle" not in executor.events


def test_a_pool_settles_when_all_workers_have_started() -> None:
    with WorkerPool(2, NullReporter()) as pool:
        pool.settle()
        there = len(pool._workers._children)
        started = [pool._workers._started.acquire(block=False) for _ in range(there + 1)]
    assert there in (1, 2)
    assert started == [True] * there + [False]
