"""Real schedulers and workers on loopback: run by ``make test-cluster``, never by ``make test``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from epochreel.scenes import LineReporter

DEADLINE_S = 60.0

SCENE = """
title = "Scene {n}"
data = {{ samples = 60, noise = 0.1, seed = {n} }}
timeline = {{ fps = 10, hold_last = 0.2 }}
models = [{{ name = "Small", layers = [4], iterations = {updates}, capture = {{ count = 20 }} }}]
outputs = [{{ file = "film{n}.{suffix}", size = [160, 120] }}]
"""


def wait_until(what: Callable[[], object], seconds: float = DEADLINE_S) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


@dataclass
class Cluster:
    """A scheduler, and workers that are started one by one."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    scheduler: subprocess.Popen[bytes] | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return json.loads((self.folder / "scheduler.json").read_text())["address"]

    def _is_there(self) -> bool:
        try:
            return bool(self.address)
        except (OSError, ValueError):  # not written, or not to its end
            return False

    def start(self) -> None:
        self.scheduler = self._run(
            "dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
            "--scheduler-file", "scheduler.json",
        )  # fmt: skip
        wait_until(self._is_there)

    def add(self, preload: str = "", *options: str) -> subprocess.Popen[bytes]:
        """Start a worker of one thread, that runs `preload` first; it comes when it is ready."""
        number = len(self.workers)
        if preload:
            path = self.folder / f"preload{number}.py"
            path.write_text(preload)
            options = (*options, "--preload", str(path))
        worker = self._run(
            "dask_worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard",
            "--name", f"w{number}", "--local-directory", str(self.folder), *options,
        )  # fmt: skip
        self.workers.append(worker)
        return worker

    def _run(self, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        log = (self.folder / f"{module}{len(self.workers)}.log").open("wb")
        with log:
            return subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{module}", *arguments],
                cwd=self.folder, stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, "PYTHONWARNINGS": "ignore", **self.environment},
            )  # fmt: skip

    def stop(self) -> None:
        for process in [*self.workers, self.scheduler]:
            if process is not None:
                process.kill()
        for process in [*self.workers, self.scheduler]:
            if process is not None:
                process.wait()


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


@dataclass
class Told:
    """What a command of its own process says."""

    process: subprocess.Popen[str]
    out: str = ""
    err: str = ""

    def end(self) -> int:
        self.out, self.err = self.process.communicate(timeout=DEADLINE_S)
        return self.process.returncode

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)


RUN_MAIN = "import sys; from epochreel.scenes.cli import main; sys.exit(main())"


@pytest.fixture
def epochreel(tmp_path: Path) -> Iterator[Callable[..., Told]]:
    """Start the command line in a process of its own, warnings being errors."""
    started: list[Told] = []

    def start(*arguments: object) -> Told:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", RUN_MAIN, *map(str, arguments)],
            cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip
        started.append(Told(process))
        return started[-1]

    yield start
    for told in started:
        if told.process.poll() is None:
            told.process.kill()
            told.process.communicate()


@pytest.fixture
def write_scenes(tmp_path: Path) -> Callable[..., Path]:
    """Write a folder of small scenes, all different."""

    def write(count: int, *, updates: int = 200, suffix: str = "mp4") -> Path:
        folder = tmp_path / "scenes"
        folder.mkdir(exist_ok=True)
        for n in range(count):
            text = SCENE.format(n=n, updates=updates, suffix=suffix)
            (folder / f"scene{n}.toml").write_text(text)
        return folder

    return write


@pytest.fixture
def films_in() -> Callable[[Path], dict[str, bytes]]:
    """Read all films below a folder, with the frames of folders."""

    def read(folder: Path) -> dict[str, bytes]:
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.suffix in (".mp4", ".gif", ".png") and "posters" not in path.parts
        }

    return read


class Listening(LineReporter):
    """Remembers what it was told, and calls somebody at every note and start."""

    def __init__(self) -> None:
        super().__init__(sys.stderr, quiet=True)
        self.notes: list[str] = []
        self.started: list[str] = []
        self.on_start: Callable[[], None] = lambda: None
        self.on_note: Callable[[], None] = lambda: None

    def start(self, task) -> None:
        self.started.append(task.label)
        self.on_start()

    def note(self, message: str) -> None:
        self.notes.append(message)
        self.on_note()


@pytest.fixture
def listening() -> Listening:
    return Listening()
