"""``epochreel figures``: files with sidecars, and refusals before any training."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from epochreel.render.figures import FIGURES
from epochreel.render.figures.sheet import WIDTHS as SHEET_WIDTHS
from epochreel.scenes import figure_data, figuring
from epochreel.scenes.cli import main
from epochreel.scenes.figure_words import WORDS
from epochreel.scenes.recorded_comparison import read_comparison, write_recorded

PAGE = (Path(__file__).parents[2] / "docs" / "figures.md").read_text(encoding="utf-8")
SCENE = """
data = { samples = 80, noise = 0.1 }
models = [{ name = "Small", layers = [6, 5], iterations = 40, capture = { every = 4 } }]
"""
TWO = """
data = { samples = 80, noise = 0.1 }
models = [
  { name = "Small", layers = [3], iterations = 30, capture = { every = 3 } },
  { name = "Large", layers = [8], batch_size = 20, epochs = 8 },
]
"""


@pytest.fixture
def no_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figure_data, "find_spec", lambda name: None)


def test_every_figure_has_a_subject_and_words() -> None:
    assert list(FIGURES) == list(WORDS) == list(figuring._SUBJECTS)
    assert tuple(SHEET_WIDTHS) == figuring.WIDTHS
    assert all(f"| `{name}` |" in PAGE for name in FIGURES)


@pytest.mark.usefixtures("no_keras")
def test_all_figures_of_a_scene_with_their_words(
    scene_file: Callable[..., Path], cli: Callable[..., Any], tmp_path: Path
) -> None:
    scene_file(SCENE)
    ran = cli("figures", "--scene", "my.toml", "-o", "out", "--format", "png", "-q")
    assert ran.code == 0, ran.err
    assert "comparison: is of numbers measured once, as Keras isn't installed" in ran.err
    assert [line.split()[0] for line in ran.out.splitlines()] == [
        str(Path("out") / f"{name}.png") for name in FIGURES
    ]
    for name in FIGURES:
        path = tmp_path / "out" / f"{name}.png"
        record = json.loads(path.with_name(f"{name}.png.json").read_text(encoding="utf-8"))
        assert record["format"] == "epochreel figure"
        assert record["path"] == f"{name}.png"
        assert record["media_type"] == "image/png"
        assert record["scene"] == "my"
        assert len(record["alt"]) > 40
        assert record["caption"].endswith(".")
        with Image.open(path) as picture:
            assert picture.size == (record["width"], record["height"])
            assert picture.width == 720
        assert record["file"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    words = {
        name: json.loads((tmp_path / "out" / f"{name}.png.json").read_text(encoding="utf-8"))
        for name in FIGURES
    }
    assert "6 units with relu" in words["architecture"]["alt"]
    assert "W2 5×6, b2 5" in words["shapes"]["alt"]
    assert "72 samples" in words["blueprint"]["caption"]
    assert "Keras Model: seconds" in words["comparison"]["alt"]
    assert "measured once, with Keras 3" in words["comparison"]["caption"]


def test_a_second_run_gives_the_same_bytes(
    scene_file: Callable[..., Path], cli: Callable[..., Any], tmp_path: Path,
    files_in: Callable[[Path], list[str]],
) -> None:  # fmt: skip
    scene_file(SCENE)
    for folder in ("one", "two"):
        ran = cli("figures", "unit", "strip", "--scene", "my.toml", "-o", folder, "-q",
                  "--width", "column", "--style", "dark")  # fmt: skip
        assert ran.code == 0, ran.err
    one, two = tmp_path / "one", tmp_path / "two"
    assert files_in(one) == files_in(two)
    assert len(files_in(one)) == 12
    for name in files_in(one):
        assert (one / name).read_bytes() == (two / name).read_bytes(), name


def test_what_needs_no_training_trains_nothing(
    scene_file: Callable[..., Path], cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(figure_data, "train_model")
    scene_file(SCENE)
    ran = cli("figures", "architecture", "shapes", "layer_steps", "activations", "dataset",
              "blueprint", "--scene", "my.toml", "--format", "svg", "-q")  # fmt: skip
    assert ran.code == 0, ran.err
    assert len(ran.out.splitlines()) == 6


def test_models_of_a_scene_are_compared_and_one_can_be_chosen(
    scene_file: Callable[..., Path], cli: Callable[..., Any], tmp_path: Path
) -> None:
    scene_file(TWO)
    names = ("architecture", "curves", "comparison")
    ran = cli("figures", *names, "--scene", "my.toml", "-o", ".", "--format", "svg", "-q")
    assert ran.code == 0, ran.err
    drawn = {name: (tmp_path / f"{name}.svg").read_text(encoding="utf-8") for name in names}
    for name in ("curves", "comparison"):
        assert "Small" in drawn[name]
        assert "Large" in drawn[name]
    assert "3 units" in drawn["architecture"]
    ran = cli("figures", "architecture", "curves", "--scene", "my.toml", "-o", ".", "--format",
              "svg", "--model", "Large", "-q")  # fmt: skip
    assert ran.code == 0, ran.err
    assert "8 units" in (tmp_path / "architecture.svg").read_text(encoding="utf-8")
    assert "Small" not in (tmp_path / "curves.svg").read_text(encoding="utf-8")


def test_the_blueprint_is_a_film_as_well(
    scene_file: Callable[..., Path], cli: Callable[..., Any], tmp_path: Path
) -> None:
    scene_file(SCENE.replace("[6, 5]", "[3]"))
    ran = cli("figures", "blueprint", "--scene", "my.toml", "-o", ".", "--format", "gif", "-q")
    assert ran.code == 0, ran.err
    with Image.open(tmp_path / "blueprint.gif") as film:
        assert film.n_frames > 10
    record = json.loads((tmp_path / "blueprint.gif.json").read_text(encoding="utf-8"))
    assert record["kind"] == "film"
    assert record["media_type"] == "image/gif"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["blueprnt"], "figure: must be one of 'architecture', "),
        (["unit", "--format", "svg,jpg"], "format: must be one of 'svg', 'pdf', 'png', 'mp4'"),
        (["unit", "--format", "mp4"], "format: 'mp4' is a film's, and only 'blueprint' has one"),
        (["--format", ","], "format: must be at least one, got none"),
        (["--style", "drak"], "style: must be one of 'dark', 'light', got 'drak'"),
        (["--width", "a4"], "width: must be one of 'column', 'slide', 'blog', got 'a4'"),
        (["unit", "--model", "Big"], "model: must be one of 'Small', got 'Big'"),
        (["unit", "-o", "my.toml"], "output: must be a folder, got the file 'my.toml'"),
        (["unit", "-o", "my.toml/a"], "output: must be a folder, got the file 'my.toml'"),
        (["unit", "--scene", "nope"], "nope"),
    ],
)
def test_what_cannot_be_is_one_line_before_any_training(
    arguments: list[str], words: str, scene_file: Callable[..., Path], cli: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, files_in: Callable[[Path], list[str]],
) -> None:  # fmt: skip
    monkeypatch.delattr(figure_data, "train_model")
    scene_file(SCENE)
    scene = [] if "--scene" in arguments else ["--scene", "my.toml"]
    ran = cli("figures", *arguments, *scene)
    assert ran.code == 2, ran
    assert ran.out == ""
    (line,) = ran.err.splitlines()
    assert words in line
    assert files_in(tmp_path) == ["my.toml"]


def test_a_unit_needs_the_layers_of_its_model(
    scene_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, cli: Callable[..., Any]
) -> None:
    class Grid:
        name = "Small"

    monkeypatch.setattr(figure_data, "train_model", lambda job, reporter: Grid())
    scene_file(SCENE)
    ran = cli("figures", "unit", "--scene", "my.toml", "-q")
    assert ran.code == 2
    (line,) = ran.err.splitlines()
    assert line == (
        "epochreel: figures: 'unit' needs the layers of 'Small', which its recording doesn't have"
    )


def test_what_was_measured_once_comes_back_as_it_was(tmp_path: Path) -> None:
    comparison, circumstances = read_comparison()
    assert [result.name for result in comparison.results] == ["NumPy Model", "Keras Model"]
    assert comparison.repeat >= 3
    for result in comparison.results:
        assert result.parameters == 5226
        assert result.measured["test_accuracy"].median > 0.95
    write_recorded(comparison, circumstances, tmp_path / "a.json")
    assert read_comparison(tmp_path / "a.json") == (comparison, circumstances)


def test_the_pages_commands_are_understood(
    cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, scene_file: Callable[..., Path]
) -> None:
    scene_file(SCENE.replace('"Small"', '"NumPy Model"'))
    made: list[Any] = []
    monkeypatch.setattr(figuring, "make_figures", lambda *args, **more: made.append(args) or [])
    commands = re.search(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    assert commands
    lines = commands[1].splitlines()
    for line in lines:
        assert main(shlex.split(line, comments=True)[1:]) == 0, line
    assert len(made) == len(lines) == 4
    for scene, folder, wishes in made:
        assert figuring.check_wishes(wishes, folder)
        assert wishes.model is None or wishes.model in [plan.name for plan in scene.plans]


@pytest.mark.filterwarnings("error")
def test_the_pages_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    example = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert example
    exec(example[1], {})
    for name in ("network.pdf", "page.png", "last.svg"):
        assert (tmp_path / name).stat().st_size > 1000
