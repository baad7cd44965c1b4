"""How long it takes from a command to the first frame that is written."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.measuring import machine, publish, table
from epochreel.nn import NetworkRecorder, make_dataset, train
from epochreel.nn.network import Network
from epochreel.nn.optimizers import SGD

ROUNDS = 5
MOST_S = 2.5

FLOOR = "import numpy, matplotlib.figure, av, PIL.Image"

WATCHED = """
import os, sys, time
from epochreel.scenes import NullReporter, guarding
from epochreel.scenes.cli import main

class Watch(NullReporter):
    frames = set()
    def start(self, task):
        if task.unit == "frame":
            self.frames.add(task.key)
    def advance(self, key, done):
        if key in self.frames:
            print(time.monotonic(), flush=True)
            os._exit(0)  # workers end with it

guarding.make_reporter = lambda **_: Watch()
sys.exit(main() or "no frame was told of")
"""
"""The command line, up to the first word of a frame; the clock is the same in all processes."""

SCENE = """
[[models]]
iterations = 200
[[outputs]]
file = "film.mp4"
size = [1600, 1200]
"""


def record(path: Path) -> None:
    """Keep a short training in a file."""
    dataset = make_dataset("moons", samples=1000, noise=0.2, seed=100)
    recorder = NetworkRecorder("Run", dataset, every=1)
    rng = np.random.default_rng(2)
    network = Network([2, 25, 50, 50, 25, 1], initializer="glorot_uniform", rng=rng)
    train(
        network, dataset.x_train, dataset.y_train, optimizer=SGD(0.01), epochs=200, rng=rng,
        callbacks=[recorder],
    )  # fmt: skip
    recorder.recording().save(path)


def floor_s() -> float:
    """Time what any such command has to load."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", FLOOR], check=True)
    return time.monotonic() - began


def first_frame_s(folder: Path, *arguments: str) -> float:
    """Time a command from its process's start to when its first frame has been written."""
    began = time.monotonic()
    # it leaves without putting anything away, which Python would warn of
    quiet = {**os.environ, "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-c", WATCHED, *arguments]
    told = subprocess.run(command, cwd=folder, env=quiet, check=True, stdout=subprocess.PIPE).stdout
    return float(told) - began


def main() -> None:
    commands = {
        "`epochreel film run.reel`, one process": ("film", "run.reel", "-o", "a.mp4", "-j", "1"),
        "`epochreel film run.reel`, two processes": ("film", "run.reel", "-o", "a.mp4", "-j", "2"),
        "`epochreel render --preview`, 200 iterations": ("render", "film.toml", "--preview"),
    }
    floors: list[float] = []
    times: dict[str, list[float]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        record(folder / "run.reel")
        (folder / "film.toml").write_text(SCENE)
        for _ in range(ROUNDS):
            floors.append(floor_s())
            for what, arguments in commands.items():
                times[what].append(first_frame_s(folder, *arguments))
    floor = statistics.median(floors)
    rows = [[f"`{FLOOR}`", f"{floor:.2f} s", "1", ""]]
    for what, found in times.items():
        seconds = statistics.median(found)
        ratio = statistics.median(a / b for a, b in zip(found, floors, strict=True))
        reached = "" if seconds <= MOST_S else " **not reached**"
        rows.append([what, f"{seconds:.2f} s", f"{ratio:.1f}", f"≤ {MOST_S:g} s{reached}"])
    text = (
        "From the start of the process to when the first frame of 1600×1200 (of the preview: "
        "480×360) has been handed to its writer and that has taken it; the training of the scene "
        f"included. Medians of {ROUNDS} rounds in turn, by the clock, beside what it takes to load "
        "the libraries alone.\n"
        f"{machine(['numpy', 'matplotlib', 'av', 'pillow'])}.\n\n"
        + table(["", "seconds", "× the libraries", "target"], rows)
    )
    publish("start", "From command to first frame", text)
