"""Memory of a whole run: what all processes of one ``epochreel render`` hold at the same time."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measuring import machine, publish, table

RUN = "import sys; from epochreel.scenes.cli import main; sys.exit(main())"

SCENE = """
[[models]]
layers = [25, 50, 50, 25]
initializer = "glorot_uniform"
iterations = 200
capture = {{ every = 1 }}

[timeline]
frames = {frames}
hold_last = 0

[[outputs]]
file = "film.{suffix}"
size = [{width}, {height}]
"""

INTERVAL_S = 0.05


def peak_mb(folder: Path, suffix: str, *, frames: int, size: tuple[int, int], jobs: int) -> float:
    """Render a film, and measure the most memory that all processes held at a time.

    Parameters
    ----------
    folder : Path
    suffix : str
        "mp4", "gif"; the film's format.
    frames : int
        All of them different: there are networks between the 201 snapshots.
    size : tuple of int
        Width and height in pixels.
    jobs : int

    Returns
    -------
    float
        Megabytes (10⁶ bytes). A page that several processes share counts once.
    """
    scene = folder / "film.toml"
    width, height = size
    scene.write_text(SCENE.format(frames=frames, suffix=suffix, width=width, height=height))
    command = [sys.executable, "-c", RUN, "render", scene, "-o", folder, "-q", "-j", str(jobs)]
    most = 0.0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            most = max(most, sum(map(_held_mb, _family(process.pid))))
            time.sleep(INTERVAL_S)
    if process.returncode:
        raise RuntimeError(f"epochreel render ended with {process.returncode}")
    return most


def _family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found = [pid]
    for parent in found:
        try:
            children = Path(f"/proc/{parent}/task/{parent}/children").read_text()
        except OSError:  # it has just ended
            continue
        found += map(int, children.split())
    return found


def _held_mb(pid: int) -> float:
    """Proportional set size: shared pages are divided among those who share them."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        pass
    return 0.0


def main() -> None:
    large, small = (1600, 1200), (160, 120)
    cases = [
        ("mp4", 200, large, 1),
        ("mp4", 200, large, 2),
        ("gif", 200, large, 2),
        ("mp4", 200, small, 1),
        ("mp4", 10_000, small, 1),
        ("gif", 200, small, 1),
        ("gif", 10_000, small, 1),
    ]
    rows: list[list[str]] = []
    for suffix, frames, size, jobs in cases:
        with tempfile.TemporaryDirectory() as name:
            held = peak_mb(Path(name), suffix, frames=frames, size=size, jobs=jobs)
        rows.append([suffix, f"{size[0]}×{size[1]}", str(frames), str(jobs), f"{held:.0f} MB"])
    text = (
        "The most that all processes of one `epochreel render` hold at a time, training included, "
        "with what they share counted once. Targets: under 500 MB, and 10 000 frames within 10 % "
        "of 200.\n"
        + f"{machine(['numpy', 'matplotlib', 'av', 'pillow'])}.\n\n"
        + table(["format", "size", "frames", "jobs", "held"], rows)
    )
    publish("memory", "Memory of a whole run", text)
