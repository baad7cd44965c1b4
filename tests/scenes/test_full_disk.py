"""A disk that fills up while films are written: a real limit, in real processes."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

RUN = "import sys; from epochreel.scenes.cli import main; sys.exit(main())"

SCENE = """
[data]
samples = 40
[[models]]
layers = [8]
iterations = 60
capture = { every = 2 }
[[outputs]]
file = "film.SUFFIX"
size = [640, 480]
"""


def fill_disk_early() -> None:
    """Let writes past 12 kB fail, as on a full disk (with EFBIG where that has ENOSPC)."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, resource.RLIM_INFINITY))


@pytest.mark.parametrize(("suffix", "jobs"), [("mp4", 2), ("gif", 1), ("gif", 2), ("/", 1)])
def test_a_full_disk_is_one_clear_line(
    tmp_path: Path,
    scene_file: Callable[..., Path],
    files_in: Callable[[Path], list[str]],
    suffix: str,
    jobs: int,
) -> None:
    name = "film/" if suffix == "/" else f"film.{suffix}"
    scene_file(SCENE.replace("film.SUFFIX", name))
    done = subprocess.run(
        [sys.executable, "-c", RUN, "render", "my.toml", "-o", "out", "--jobs", str(jobs)],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        timeout=90,
        check=False,
        preexec_fn=fill_disk_early,
    )
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    last = [line for line in done.stderr.splitlines() if "can't be written" in line]
    assert len(last) == 1
    assert f"{name.rstrip('/')}: can't be written: " in last[0]
    assert files_in(tmp_path) == ["my.toml"]
