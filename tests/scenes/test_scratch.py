"""Hidden folders: a living run's stay, a dead one's go, whenever it died."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from epochreel.scenes import scratch
from epochreel.scenes.scratch import PREFIX, Scratch, sweep

HOLD = """
import sys, time
from pathlib import Path
from epochreel.scenes.scratch import Scratch
room = Scratch(Path(sys.argv[1]))
(room.path / "film.mp4").write_bytes(b"half")
(room.path / "frames").mkdir()
(room.path / "frames" / "00000.png").write_bytes(b"half")
print(room.path, flush=True)
time.sleep(100)
"""


def test_another_process_s_folder_goes_only_when_that_is_dead(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        room = Path(process.stdout.readline().strip())
        sweep([tmp_path])
        assert (room / "film.mp4").read_bytes() == b"half"
        process.send_signal(signal.SIGKILL)
    assert room.is_dir()
    sweep([tmp_path])
    assert list(tmp_path.iterdir()) == []


def test_its_own_folder_is_removed_whole(tmp_path: Path) -> None:
    room = Scratch(tmp_path)
    (room.path / "a").mkdir()
    (room.path / "a" / "b").write_bytes(b"c")
    sweep([tmp_path])
    assert (room.path / "a" / "b").exists()
    room.remove()
    assert list(tmp_path.iterdir()) == []
    room.remove()  # twice is once


def test_what_a_kill_leaves_of_a_folder_that_begins_or_ends(tmp_path: Path) -> None:
    (tmp_path / f"{PREFIX}begun").mkdir()
    ended = tmp_path / f"{PREFIX}ended"
    ended.mkdir()
    (ended / ".lock").touch()
    sweep([tmp_path])
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / ".lock").touch()
    (tmp_path / f"{PREFIX}link").symlink_to(target, target_is_directory=True)
    (tmp_path / f"{PREFIX}file").write_bytes(b"text")
    other = tmp_path / f"{PREFIX}other"
    other.mkdir()
    (other / "precious").touch()  # no lock that says whose it is
    before = sorted(tmp_path.rglob("*"))
    sweep([tmp_path, tmp_path / "isn't there", other / "precious"])
    assert sorted(tmp_path.rglob("*")) == before


def test_runs_that_begin_while_others_sweep(tmp_path: Path) -> None:
    stop = threading.Event()

    def sweep_on() -> None:
        while not stop.is_set():
            sweep([tmp_path])

    threads = [threading.Thread(target=sweep_on) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(200):
            room = Scratch(tmp_path)
            (room.path / "film").touch()
            assert (room.path / "film").exists()
            room.remove()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    sweep([tmp_path])
    assert list(tmp_path.iterdir()) == []


def test_without_locks_nothing_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int, *, wait: bool = False) -> bool:
        return False

    monkeypatch.setattr(scratch, "locked", refuse)
    room = Scratch(tmp_path)
    sweep([tmp_path])
    assert room.path.is_dir()
    room.remove()
    assert list(tmp_path.iterdir()) == []
