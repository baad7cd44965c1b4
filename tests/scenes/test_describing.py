"""``epochreel info``: what is in a recording, at a glance."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from epochreel.nn import Network, Recorder
from epochreel.scenes.describing import sparkline

X = np.random.default_rng(1).uniform(-1, 1, (8, 2))
Y = np.arange(8) % 2


def test_a_network(cli: Callable[..., Any], tmp_path: Path) -> None:
    net = Network([2, 5, 1], "relu", rng=np.random.default_rng(1))
    options: dict[str, Any] = {"provenance": {"seed": 3, "keras": "3.9"}}
    with Recorder(
        tmp_path / "a.reel", name="Ours", data=(X, Y), test_data=(X[:2], Y[:2]), **options
    ) as recorder:
        for update in range(0, 40, 10):
            net.flat[:] *= 1.1
            recorder.capture(
                update, parameters=net.flat, architecture=net.architecture, seconds=update / 8
            )
    found = recorder.recording()
    ran = cli("info", "a.reel")
    assert (ran.code, ran.err) == (0, "")
    head, *lines = ran.out.splitlines()
    said = {line[2:].partition("  ")[0]: line[2:].partition("  ")[2].strip() for line in lines}
    assert head == "a.reel: Ours"
    assert said["kind"] == "parameters of 2-5-1, relu, sigmoid, 21 parameters"
    assert said["snapshots"] == "4, counted by update"
    assert said["updates"] == "0 to 30"
    assert said["training"] == "3.75 s"
    loss = found.metrics["train_loss"]
    assert said["train loss"] == f"{loss[0]:.4g} → {loss[-1]:.4g}"
    assert said["data"].startswith("data, 8 training samples, 2 for testing, of class 0, class 1; ")
    assert (said["seed"], said["keras"], said["numpy"]) == ("3", "3.9", np.__version__)
    assert said["file"] == f"{(tmp_path / 'a.reel').stat().st_size / 1e6:.2f} MB"
    assert "epochs" not in said
    assert "stopped" not in said
    assert f"{sparkline(loss)}  train loss from" in ran.out


def test_a_grid_that_stopped(cli: Callable[..., Any], tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "a.reel", viewport=(0, 1, 0, 2), resolution=(21, 11))
    recorder.capture(0, predict=lambda points: points[:, 0] * 0 + 0.5, epoch=0.5)
    recorder.close(stopped="enough")
    ran = cli("info", "a.reel", "a.reel")
    assert ran.code == 0
    for words in (
        "predictions on 23×12 points, 1 output",
        "stopped    enough",
        "samples weren't kept",
        "X₁ 0 to 1, X₂ 0 to 2",
        "0.5",
    ):
        assert ran.out.count(words) >= 2


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"),
        ([1, 1], "▁▁"),
        ([np.nan, 2, 1, np.inf], " █▁ "),
        ([np.nan], " "),
        (np.repeat([5.0, 0.0], 400), "█" * 20 + "▁" * 20),
    ],
)
def test_a_line_of_blocks(values: list[float], line: str) -> None:
    assert sparkline(np.array(values, np.float64)) == line


def test_what_cannot_be_read(cli: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "text.reel").write_text("text")
    for name, why in (("text.reel", "is not a recording"), ("no.reel", "can't be read: No such")):
        ran = cli("info", name)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith(f"epochreel: {name}: {why}")
        assert ran.err.count("\n") == 1


def test_a_name_cannot_steer_the_terminal(cli: Callable[..., Any], tmp_path: Path) -> None:
    evil = "red \x1b[31m\nline"
    with Recorder(
        tmp_path / "a.reel", name=evil, viewport=(0, 1, 0, 1), class_names=(evil, "b")
    ) as recorder:
        recorder.capture(0, predict=lambda points: points[:, 0] * 0 + 0.5)
    ran = cli("info", "a.reel")
    assert ran.code == 0
    assert "\x1b" not in ran.out
    assert "red \\x1b[31m\\nline" in ran.out
