"""What happens to files when processes are interrupted, killed or orphaned: real ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

RUN = "import sys; from epochreel.scenes.cli import main; sys.exit(main())"

# minutes of work, whatever the machine
LONG_TRAINING = """
[[models]]
iterations = 10_000_000
capture = { every = 1_000_000 }
[[outputs]]
file = "long.mp4"
size = [64, 48]
[[outputs]]
file = "long.gif"
size = [64, 48]
"""
LONG_FILM = """
[data]
samples = 40
[timeline]
fps = 60
[[models]]
layers = [2]
iterations = 20_000
capture = { every = 1 }
[[outputs]]
file = "long.mp4"
size = [1600, 1200]
[[outputs]]
file = "long.gif"
size = [1600, 1200]
"""


@pytest.fixture
def start(
    tmp_path: Path, scene_file: Callable[..., Path]
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start ``epochreel render`` in a process group of its own."""
    started: list[subprocess.Popen[str]] = []

    def run(text: str, jobs: int, *more: str) -> subprocess.Popen[str]:
        scene_file(text)
        command = ["render", "my.toml", "-o", "out", "--jobs", str(jobs), *more]
        process = subprocess.Popen(
            [sys.executable, "-c", RUN, *command],
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


def wait_for(condition: Callable[[], Any], what: str, seconds: float = 100) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited in vain for {what}")


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    """Pids of worker processes: its children that run multiprocessing, or what these have forked.

    The process that forks workers is none.
    """
    parents: dict[int, int] = {}
    commands: dict[int, bytes] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text().rpartition(")")[2].split()
            commands[int(folder.name)] = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if status[0] != "Z":
            parents[int(folder.name)] = int(status[1])
    servers = [
        pid
        for pid, parent in parents.items()
        if parent == process.pid and b"multiprocessing.forkserver" in commands[pid]
    ]
    return [
        pid
        for pid, parent in parents.items()
        if parent in servers or (parent == process.pid and b"spawn_main" in commands[pid])
    ]


def processor_seconds(pids: list[int]) -> float:
    """Processor time of the busiest of some processes, which may have ended."""
    ticks = os.sysconf("SC_CLK_TCK")
    used = [0.0]
    for pid in pids:
        try:
            fields = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        used.append((int(fields[11]) + int(fields[12])) / ticks)
    return max(used)


def wait_for_training(process: subprocess.Popen[str], jobs: int, folder: Path) -> None:
    """Wait until places for the films are made, and then for more work than a start takes."""

    def used() -> float:
        return processor_seconds([process.pid] if jobs == 1 else workers_of(process))

    # imports come before it, and take as long as a loaded machine likes
    wait_for(lambda: list(folder.glob("out/.epochreel-*")), "a hidden folder")
    start_s = used() if jobs == 1 else 0.0
    # a worker has its own imports to do first
    enough_s = start_s + (0.7 if jobs == 1 else 2.0)
    wait_for(lambda: used() > enough_s, "training")


def partial_films(folder: Path, name: str = "") -> list[Path]:
    """Find what is being made: recordings, films and parts whose names hold this."""
    return [
        path
        for path in folder.glob("out/.epochreel-*/**/*")
        if name in path.name and path.is_file() and path.stat().st_size
    ]


def nothing_left(folder: Path, files_in: Callable[[Path], list[str]]) -> None:
    assert files_in(folder) == ["my.toml"]
    # hidden ones too; the folder itself is made once the data are
    assert list((folder / "out").glob("*")) == []


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("whom", ["main process", "whole group"])
def test_ctrl_c_while_training(
    jobs: int,
    whom: str,
    start: Callable[..., subprocess.Popen[str]],
    tmp_path: Path,
    files_in: Callable[[Path], list[str]],
) -> None:
    process = start(LONG_TRAINING, jobs)
    wait_for_training(process, jobs, tmp_path)
    send = os.kill if whom == "main process" else os.killpg
    began = time.monotonic()
    send(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - began < 5
    assert process.returncode == 130
    assert out == ""
    assert "Traceback" not in err
    assert err.splitlines()[-1] == "epochreel: interrupted; nothing half-made is left"
    nothing_left(tmp_path, files_in)


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_while_rendering(
    jobs: int,
    start: Callable[..., subprocess.Popen[str]],
    tmp_path: Path,
    files_in: Callable[[Path], list[str]],
) -> None:
    process = start(LONG_FILM, jobs)
    wait_for(lambda: partial_films(tmp_path), "a film that is being written")
    os.kill(process.pid, signal.SIGINT)
    time.sleep(0.05)
    if process.poll() is None:
        os.kill(process.pid, signal.SIGINT)  # impatience changes nothing
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    nothing_left(tmp_path, files_in)


def test_ctrl_c_while_workers_start(
    start: Callable[..., subprocess.Popen[str]],
    tmp_path: Path,
    files_in: Callable[[Path], list[str]],
) -> None:
    process = start(LONG_TRAINING, 2)
    wait_for(lambda: workers_of(process), "a worker")
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert err == "epochreel: interrupted; nothing half-made is left\n"
    nothing_left(tmp_path, files_in)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_polite_kill_leaves_nothing(
    number: signal.Signals,
    code: int,
    start: Callable[..., subprocess.Popen[str]],
    tmp_path: Path,
    files_in: Callable[[Path], list[str]],
) -> None:
    process = start(LONG_FILM, 2)
    wait_for(lambda: partial_films(tmp_path), "a film that is being written")
    os.kill(process.pid, number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert "Traceback" not in err
    assert "resource_tracker" not in err
    nothing_left(tmp_path, files_in)


def test_a_killed_worker_is_one_clear_line(
    start: Callable[..., subprocess.Popen[str]],
    tmp_path: Path,
    files_in: Callable[[Path], list[str]],
) -> None:
    process = start(LONG_FILM, 2)
    wait_for(lambda: partial_films(tmp_path, "long"), "a film that is being written")
    os.kill(workers_of(process)[0], signal.SIGKILL)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert out == ""
    assert "Traceback" not in err
    last = err.splitlines()[-1]
    assert last.startswith("epochreel: a worker process was killed or ran out of memory")
    nothing_left(tmp_path, files_in)


def test_a_worker_killed_in_a_part_of_a_film(
    start: Callable[..., subprocess.Popen[str]],
    tmp_path: Path,
    films_in: Callable[[Path], list[str]],
) -> None:
    scene = LONG_FILM.partition('[[outputs]]\nfile = "long.gif"')[0]
    scene = scene.replace("iterations = 20_000", "iterations = 3000")
    # trained long before the other, and filmed by then
    short = scene.replace("iterations = 3000", "iterations = 2").replace("long.mp4", "short.gif")
    (tmp_path / "short.toml").write_text(short.replace("[1600, 1200]", "[16, 16]"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "long.mp4").write_bytes(b"older")
    process = start(scene, 4, "short.toml")

    def parts() -> list[Path]:
        return [path for path in partial_films(tmp_path) if path.name.startswith("long.mp4.")]

    wait_for(lambda: (tmp_path / "out" / "short.gif").exists() and parts(), "parts of a film", 90)
    before = {pid: processor_seconds([pid]) for pid in workers_of(process)}
    time.sleep(0.5)
    used = {pid: processor_seconds([pid]) - before[pid] for pid in before}
    os.kill(max(used, key=lambda pid: used[pid]), signal.SIGKILL)  # one that encodes
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "Traceback" not in err
    last = err.splitlines()[-1]
    assert last.startswith("epochreel: a worker process was killed or ran out of memory")
    # the film that was finished stays, the older one isn't touched, and nothing else is left
    logs = ["logs/my.log", "logs/short.log"]
    assert films_in(tmp_path / "out") == [*logs, "long.mp4", "short.gif"]
    assert (tmp_path / "out" / "long.mp4").read_bytes() == b"older"
    again = start(scene, 2, "--preview")
    _, err = again.communicate(timeout=60)
    assert again.returncode == 0, err
    assert "long-preview.mp4" in films_in(tmp_path / "out")


def test_workers_do_not_outlive_a_killed_main_process(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    process = start(LONG_TRAINING, 2)
    wait_for_training(process, 2, tmp_path)
    pids = workers_of(process)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=10)

    def lives(pid: int) -> bool:
        try:
            return bool((Path("/proc") / str(pid) / "cmdline").read_bytes())
        except OSError:  # it may go between any two looks
            return False

    wait_for(lambda: not any(map(lives, pids)), "the workers' end", 10)
    assert not (tmp_path / "out" / "long.mp4").exists()
