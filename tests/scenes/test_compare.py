"""``epochreel compare``: the numbers are those of the trainings, whatever they are written into."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from PIL import Image
from threadpoolctl import threadpool_info, threadpool_limits

from epochreel.nn.capture import Spaced
from epochreel.scenes import NullReporter, comparing, load_scenes
from epochreel.scenes.comparing import Comparison, ModelResult, Spread, compare_models
from epochreel.scenes.comparison_output import markdown_table, text_table
from epochreel.scenes.tasks import TrainingJob, train_model

SCENE = """
title = "Small | large"
style = "light"
data = { samples = 100, noise = 0.1 }
models = [
  { name = "Small", layers = [3], iterations = 60, seed = 5, capture = { every = 10 } },
  { name = "Large", layers = [8], batch_size = 20, epochs = 20, seed = 5, optimizer = { kind = "adam" } },
]
"""  # noqa: E501


@pytest.fixture
def scene(scene_file: Callable[..., Path]) -> Path:
    return scene_file(SCENE)


def test_numbers_are_medians_over_seeds_of_the_scenes_own_training(scene: Path) -> None:
    (prepared,) = load_scenes([str(scene)])
    comparison = compare_models(prepared, repeat=3, reporter=NullReporter())
    assert [result.name for result in comparison.results] == ["Small", "Large"]
    for plan, result in zip(prepared.plans, comparison.results, strict=True):
        assert result.parameters == plan.parameter_count
        assert result.measured["updates"] == Spread(plan.updates, plan.updates, plan.updates)
        assert 0 < result.measured["seconds"].lowest < 10
        finals: dict[str, list[float]] = {}
        for seed in (5, 6, 7):  # with all that the scene keeps, as a film is made
            job = TrainingJob("again", replace(plan, seed=seed), prepared.dataset)
            for key, series in train_model(job, NullReporter()).metrics.items():
                finals.setdefault(key, []).append(float(series[-1]))
        assert set(finals) == {"train_accuracy", "train_loss", "test_accuracy", "test_loss"}
        for key, values in finals.items():
            assert result.measured[key] == Spread(median(values), min(values), max(values))
        assert len(set(finals["train_loss"])) == 3


def test_models_take_turns_on_the_same_data_and_one_thread(
    scene: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, int]] = []
    datasets: set[int] = set()
    threads: set[int] = set()

    def watched(job: TrainingJob, reporter: Any) -> Any:
        seen.append((job.plan.name, job.plan.seed))
        datasets.add(id(job.dataset))
        assert job.plan.capture == Spaced(2)
        threads.update(i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas")
        recording = train_model(job, reporter)
        assert len(recording) == 2
        return recording

    monkeypatch.setattr(comparing, "train_model", watched)
    (prepared,) = load_scenes([str(scene)])
    with threadpool_limits(2, user_api="blas"):
        compare_models(prepared, repeat=2, reporter=NullReporter())
    assert seen == [("Small", 5), ("Large", 5), ("Small", 6), ("Large", 6)]
    assert len(datasets) == 1
    assert threads == {1}


def test_a_table_a_markdown_file_and_a_figure(
    scene: Path, cli: Callable[..., Any], tmp_path: Path, files_in: Callable[[Path], list[str]]
) -> None:
    ran = cli("compare", "my.toml", "--repeat", 2, "-q", "-o", "t.md", "-o", "f.png")
    assert ran.code == 0, ran.err
    assert ran.err == ""
    title, note, heads, *rows = ran.out.splitlines()
    assert title == "Small | large"
    assert note.endswith("90 training samples; medians of 2 trainings, seeds 5 to 6, one at a time")
    assert "seconds  " in heads
    assert [row.split()[0] for row in rows if not row.startswith("   ")] == [
        "Small", "Large", "t.md", "f.png",
    ]  # fmt: skip
    assert files_in(tmp_path) == ["f.png", "my.toml", "t.md"]
    table = (tmp_path / "t.md").read_text(encoding="utf-8")
    assert table.startswith("# Small \\| large\n")
    cells = [line.strip("|").split(" | ") for line in table.splitlines() if line.startswith("|")]
    assert [len(row) for row in cells] == [8] * 4
    assert [cell.strip() for cell in cells[0]] == [
        "model", "parameters", "updates", "seconds",
        "train accuracy", "train loss", "test accuracy", "test loss",
    ]  # fmt: skip
    assert cells[2][1:3] == ["13", "60"]
    assert cells[3][1:3] == ["33", "100"]
    with Image.open(tmp_path / "f.png") as picture:
        assert picture.width == 1600
        light = picture.convert("RGB").getpixel((0, 0))
    assert min(light) > 240  # the scene's own style
    ran = cli("compare", "my.toml", "-q", "-o", "f.svg", "--style", "dark")
    assert ran.code == 0, ran.err
    assert "<svg" in (tmp_path / "f.svg").read_text(encoding="utf-8")


def comparison_of(**measured: Spread) -> Comparison:
    return Comparison("Two", "moons", 3, (1, 2), (ModelResult("A", 7, measured),))


def test_ranges_stand_beneath_or_behind_medians_where_there_are_any() -> None:
    comparison = comparison_of(
        updates=Spread(10, 10, 10), seconds=Spread(1.5, 1.25, 12.0), train_loss=Spread(0.5, 0.5, 1)
    )
    assert comparison.note == "moons; medians of 3 trainings, seeds of its own, one at a time"
    assert text_table(comparison)[2:] == [
        "  model  parameters  updates       seconds     train loss",
        "  A               7       10         1.500         0.5000",
        "                              1.250–12.000  0.5000–1.0000",
    ]
    assert markdown_table(comparison).splitlines()[-1] == (
        "| A | 7 | 10 | 1.500 (1.250–12.000) | 0.5000 (0.5000–1.0000) |"
    )


def test_what_a_model_is_called_is_not_read_as_markdown() -> None:
    comparison = comparison_of(updates=Spread(1, 1, 1))
    named = replace(comparison, results=(replace(comparison.results[0], name="a|b *c*"),))
    assert markdown_table(named).splitlines()[-1] == "| a\\|b \\*c\\* | 7 | 1 |"


def test_without_test_samples_there_are_no_columns_of_test(
    scene_file: Callable[..., Path], cli: Callable[..., Any]
) -> None:
    scene_file(SCENE.replace("noise = 0.1", "noise = 0.1, test_fraction = 0.0"))
    ran = cli("compare", "my.toml", "-q", "-o", "f.png")
    assert ran.code == 0, ran.err
    assert "test" not in ran.out.splitlines()[2]
    assert "train loss" in ran.out.splitlines()[2]


def test_a_training_that_breaks_is_told_and_still_compared(
    scene_file: Callable[..., Path], cli: Callable[..., Any]
) -> None:
    scene_file(SCENE.replace('"adam"', '"sgd", learning_rate = 1e6'))
    ran = cli("compare", "my.toml", "-q", "-o", "f.png", "-o", "t.md")
    assert ran.code == 0, ran.err
    (line,) = ran.err.splitlines()
    assert line.startswith("epochreel: Large, seed 5: ")
    assert any(row.strip().startswith("Large") for row in ran.out.splitlines())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "a.jpg"], "ending: must be one of '.md', '.png', '.svg', '.pdf', got '.jpg'"),
        (["-o", "no/a.md"], "output: must be in a folder that is there, got 'no/a.md'"),
        (["-o", "folder.md"], "output: must be in a folder that is there, got 'folder.md'"),
        (["--style", "drak"], "style: must be one of 'dark', 'light', got 'drak'"),
        (["--repeat", "101"], "repeat: must be ≤ 100, got 101"),
    ],
)
def test_what_cannot_be_is_one_line_before_any_training(
    arguments: list[str], words: str, scene: Path, cli: Callable[..., Any], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    (tmp_path / "folder.md").mkdir()
    monkeypatch.delattr(comparing, "train_model")
    ran = cli("compare", "my.toml", *arguments)
    assert ran.code == 2
    assert ran.out == ""
    (line,) = ran.err.splitlines()
    assert words in line


def test_a_scene_that_is_not_there_or_a_repeat_of_nothing(cli: Callable[..., Any]) -> None:
    assert cli("compare", "nope").code == 2
    assert cli("compare", "numpy_dark", "--repeat", "0").code == 2


def test_seconds_of_a_short_training_are_not_rounded_to_none() -> None:
    comparison = comparison_of(seconds=Spread(0.0042, 0.0041, 0.005))
    assert text_table(comparison)[3].split()[-1] == "0.004"
