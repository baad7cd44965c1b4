"""Workers that are killed amid a batch that keeps going: real ones, by SIGKILL."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

RUN = "import sys; from epochreel.scenes.cli import main; sys.exit(main())"

SCENE = """
data = {{ samples = 40, seed = {seed} }}
timeline = {{ fps = 30, hold_last = 0 }}
models = [{{ layers = [2], iterations = {frames}, capture = {{ every = 1 }} }}]
outputs = [{{ file = "{name}", size = [{width}, 240] }}]
"""
LONG = 1200
"""Frames that take seconds, so that a worker can be met amid them."""


@pytest.fixture
def start(
    tmp_path: Path, scene_file: Callable[..., Path]
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a batch of some short films and a long one."""
    started: list[subprocess.Popen[str]] = []

    def run(out: str, long: int = LONG) -> subprocess.Popen[str]:
        for seed, name in enumerate(("a.gif", "b.mp4", "long.mp4", "c.gif")):
            frames = long if name == "long.mp4" else 10
            text = SCENE.format(seed=seed, name=name, frames=frames, width=320)
            scene_file(text, f"term/{name}.toml")
        process = subprocess.Popen(
            [sys.executable, "-c", RUN, "render", "term", "-o", out, "-k", "--jobs", "2"],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def at_work_on(name: str, group: int, *others: int) -> int | None:
    """Give the process of a group that has a partial file of this name open."""
    for folder in Path("/proc").glob("[0-9]*"):
        pid = int(folder.name)
        if pid in others:
            continue
        try:
            if os.getpgid(pid) != group:
                continue
            for link in (folder / "fd").iterdir():
                if "/.epochreel-" in (path := os.readlink(link)) and name in path:
                    return pid
        except OSError:
            continue
    return None


def kill_whoever_is_at(name: str, process: subprocess.Popen[str], *killed: int) -> int:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        pid = at_work_on(name, process.pid, *killed)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            return pid
        assert process.poll() is None, "ended before its worker could be killed"
        time.sleep(0.01)
    raise AssertionError(f"nobody worked on {name}")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.*") if path.is_file()}


def test_a_worker_killed_once_changes_nothing(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    process = start("calm")
    out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    process = start("out")
    kill_whoever_is_at("long.mp4", process)
    out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    assert "4 files: 4 made" in out
    assert "Traceback" not in err
    calm = contents(tmp_path / "calm")
    assert {"a.gif", "b.mp4", "c.gif", "long.mp4"} <= set(calm)
    for name in ("a.gif", "b.mp4", "c.gif", "long.mp4"):
        assert (tmp_path / "out" / name).read_bytes() == calm[name]
    assert not list((tmp_path / "out").glob(".*"))
    log = (tmp_path / "out" / "logs" / "long.mp4.log").read_text("utf-8")
    assert "rendering long.mp4: lost, a worker process was killed\n" in log


def test_a_film_that_kills_its_worker_every_time_fails_alone(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    process = start("out")
    first = kill_whoever_is_at("long.mp4", process)
    kill_whoever_is_at("long.mp4", process, first)
    out, err = process.communicate(timeout=90)
    assert process.returncode == 1
    assert "4 files: 3 made, 1 failed" in out
    assert "Traceback" not in err
    last = err.splitlines()[-1]
    assert last.startswith(
        "epochreel: term/long.mp4.toml: rendering long.mp4: a worker process was killed or ran out"
    )
    assert last.endswith("; see out/logs/long.mp4.log")
    assert {"a.gif", "b.mp4", "c.gif"} <= set(contents(tmp_path / "out"))
    assert not (tmp_path / "out" / "long.mp4").exists()
    assert not list((tmp_path / "out").glob(".*"))


def test_a_polite_kill_leaves_what_is_finished(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    process = start("out", 4 * LONG)
    deadline = time.monotonic() + 60
    while not (tmp_path / "out" / "a.gif").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (143, "")
    assert "Traceback" not in err
    assert (tmp_path / "out" / "a.gif").exists()
    assert not (tmp_path / "out" / "long.mp4").exists()
    assert not list((tmp_path / "out").glob(".*"))
    assert any(line.startswith("epochreel: stopped; made by then: ") for line in err.splitlines())


DYING = """
import os
from concurrent.futures import BrokenExecutor
from epochreel.scenes.pools import WorkerPool
from epochreel.scenes.progress import NullReporter
import dying

if __name__ == "__main__":
    with WorkerPool(2, NullReporter()) as pool:
        try:
            pool.submit(dying.die_while_sending, os.getpid()).result()
        except BrokenExecutor:
            pool.renew()
            print(pool.submit(abs, -7).result())
"""

DIE = """
import os, signal, threading, time

def die_while_sending(reader):
    def die():
        time.sleep(1.0)
        os.kill(reader, signal.SIGCONT)
        os.kill(os.getpid(), signal.SIGKILL)
    threading.Thread(target=die).start()
    os.kill(reader, signal.SIGSTOP)  # so that only a part of the result gets into the pipe
    return bytes(80_000_000)
"""


def test_a_worker_killed_while_it_sends_a_result_is_noticed(tmp_path: Path) -> None:
    """The standard library's pool waits for ever for the rest of such a result."""
    (tmp_path / "dying.py").write_text(DIE, encoding="utf-8")
    (tmp_path / "main.py").write_text(DYING, encoding="utf-8")
    paths = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "main.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        encoding="utf-8",
        timeout=90,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "7\n"), done.stderr
