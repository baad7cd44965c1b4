"""What is said when everything is made, and on the way there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

TWO = """
title = "Two"
[data]
samples = 60
[timeline]
fps = 10
hold_last = 0.3
[[models]]
name = "Left"
layers = [4]
iterations = 20
capture = { every = 5 }
[[models]]
name = "Right"
initializer = "glorot_uniform"
layers = [4]
batch_size = 16
epochs = 4
[[outputs]]
file = "two.gif"
size = [160, 120]
[[outputs]]
file = "sub/two.mp4"
size = [96, 72]
"""


def test_the_summary_has_a_line_for_each_file(
    cli: Callable[..., Any], scene_file: Callable[..., Path], tmp_path: Path
) -> None:
    scene_file(TWO)
    ran = cli("render", "my.toml", "--jobs", 1, "-o", "films")
    assert ran.code == 0
    first, second = ran.out.splitlines()
    assert first.startswith("films/two.gif      160×120 px  0.8 s  ")
    assert " kB  test accuracy: Left 0." in first
    assert second.startswith("films/sub/two.mp4  96×72 px    0.8 s  ")
    # a log is told what was done, without a bar
    assert [line.partition(" in ")[0] for line in ran.err.splitlines()] == [
        "epochreel: training Left: 20 updates",
        "epochreel: training Right: 16 updates",
        "epochreel: rendering two.gif: 8 frames",
        "epochreel: rendering sub/two.mp4: 8 frames",
    ]
    assert "\r" not in ran.err
    assert "\x1b" not in ran.out + ran.err


def test_quiet_is_quiet(cli: Callable[..., Any], scene_file: Callable[..., Path]) -> None:
    scene_file()
    ran = cli("render", "my.toml", "--quiet", "--jobs", 1)
    assert (ran.code, ran.err) == (0, "")
    assert len(ran.out.splitlines()) == 1
