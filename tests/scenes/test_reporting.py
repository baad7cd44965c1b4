"""What is said when everything is made, and on the way there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from epochreel.scenes.library import STARTER
from epochreel.scenes.panel_specs import PANEL_SPECS

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


def test_check_says_what_panels_of_many_models_are_of(
    cli: Callable[..., Any], scene_file: Callable[..., Path]
) -> None:
    models = "".join(f'[[models]]\nname = "M{index}"\nlayers = [4]\n' for index in range(7))
    scene_file(
        models
        + '[[panels]]\nkind = "curves"\nmodels = ["M1", "M2"]\nmetric = "gradient_norm"\n'
        + '[[panels]]\nkind = "curves"\n[[panels]]\nkind = "landscape"\n'
        + '[[panels]]\nkind = "landscape"\ntitle = "Ways down"\n'
        + '[[panels]]\nkind = "network"\nmodel = "M3"\n'
    )
    ran = cli("check", "my.toml")
    assert ran.code == 0, ran.err
    panels = [line.split(maxsplit=2)[1:] for line in ran.out.splitlines() if "  panel" in line]
    assert panels == [
        ["curves", "gradient norm: M1, M2"],
        ["curves", "loss: 7 models"],
        ["landscape", "7 models"],
        ["landscape", "Ways down"],
        ["network", "M3"],
    ]


def test_every_kind_of_panel_is_listed_and_the_starter_tells_of_more(
    cli: Callable[..., Any],
) -> None:
    listed = cli("list").out.split("\npanels\n")[1].split("\n\n")[0]
    assert [line.split()[0] for line in listed.splitlines()] == list(PANEL_SPECS)
    comments = [line for line in STARTER.read_text(encoding="utf-8").splitlines() if "#" in line]
    for kind in PANEL_SPECS:
        if kind != "fit":  # which draws a regression, and the starter isn't one
            assert any(f'"{kind}"' in line for line in comments), kind
