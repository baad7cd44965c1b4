"""Scenes that learn a number: rendered, compared, filmed; what they can't ask for is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from epochreel.nn import make_dataset
from epochreel.nn.measuring import gradient_norms
from epochreel.scenes.numpy_engine import train_model
from epochreel.scenes.panel_specs import FitSpec
from epochreel.scenes.preparing import load_scene

WAVE = """
data = { kind = "sine", samples = 60 }
timeline = { fps = 10, hold_last = 0.2 }
models = [{ name = "Wave", layers = [6], activation = "tanh", epochs = 40, batch_size = 10, \
optimizer = { kind = "adam", learning_rate = 0.03 }, capture = { every = 10 } }]
outputs = [{ file = "wave.mp4", size = [160, 120] }, { file = "wave.png", at = "r2 >= 0.1" }]
"""
MOONS = "data = { samples = 60 }\nmodels = [{ layers = [4], iterations = 20 }]\n"


def changed(old: str, new: str) -> str:
    assert old in WAVE
    return WAVE.replace(old, new)


def test_it_gets_a_fit_panel_and_says_r2(
    cli: Callable[..., Any], scene_file: Callable[..., Path], tmp_path: Path
) -> None:
    scene_file(WAVE)
    ran = cli("check", "my.toml")
    assert ran.code == 0, ran.err
    assert "1-6-1, 19 parameters" in ran.out
    assert "panel   fit" in ran.out
    ran = cli("render", "my.toml", "-o", ".")
    assert ran.code == 0, ran.err
    film, still = ran.out.splitlines()
    assert film.startswith("wave.mp4")
    assert " test R² " in film
    assert " at r2 >= 0.1 " in still
    assert (tmp_path / "wave.mp4").stat().st_size > 1000


def test_compare_says_r2_instead_of_accuracy(
    cli: Callable[..., Any], scene_file: Callable[..., Path], tmp_path: Path
) -> None:
    scene_file(WAVE)
    ran = cli("compare", "my.toml", "-o", "it.md", "-o", "it.svg")
    assert ran.code == 0, ran.err
    assert "train R²" in ran.out
    assert "test R²" in ran.out
    assert "accuracy" not in ran.out
    assert "accuracy" not in (tmp_path / "it.svg").read_text(encoding="utf-8")


def test_a_recording_of_it_is_described_and_filmed(
    cli: Callable[..., Any], scene_file: Callable[..., Path], tmp_path: Path
) -> None:
    scene = load_scene(str(scene_file(WAVE)))
    train_model(scene.plans[0], scene.dataset, lambda done: None).save(tmp_path / "wave.reel")
    ran = cli("info", "wave.reel")
    assert ran.code == 0, ran.err
    assert "54 training samples, 6 for testing, of y; " in ran.out.replace("sine, ", "")
    assert "x -4 to 4, y " in ran.out
    assert "test r2" in ran.out
    ran = cli("film", "wave.reel", "-o", "it.mp4", "--size", "160x120")
    assert ran.code == 0, ran.err
    assert " test R² " in ran.out
    ran = cli("film", "wave.reel", "-o", "it.gif", "--size", "160x120", "--panel", "curves")
    assert ran.code == 0, ran.err
    ran = cli("film", "wave.reel", "-o", "i.gif", "--size", "160x120", "--panel", "landscape")
    assert ran.code == 0, ran.err
    for kind in ("boundary", "confusion", "hidden_units", "representation", "surface"):
        ran = cli("film", "wave.reel", "-o", "no.mp4", "--panel", kind)
        assert ran.code == 2
        assert ran.err == (
            f"epochreel: panels: '{kind}' needs classes, and 'Wave' learns a regression\n"
        )


def test_a_fit_of_classes_is_refused_by_film(
    cli: Callable[..., Any], scene_file: Callable[..., Path], tmp_path: Path
) -> None:
    scene = load_scene(str(scene_file(MOONS)))
    train_model(scene.plans[0], scene.dataset, lambda done: None).save(tmp_path / "it.reel")
    ran = cli("film", "it.reel", "-o", "no.mp4", "--panel", "fit")
    assert ran.code == 2
    assert ran.err == (
        "epochreel: panels: 'fit' needs a regression, and 'NumPy Model' learns classes\n"
    )


def test_a_file_of_two_columns(
    cli: Callable[..., Any], scene_file: Callable[..., Path], tmp_path: Path
) -> None:
    x = np.random.default_rng(1).uniform(1000, 3000, 80)
    rows = "\n".join(f"{each:.1f},{200 * each + 5e4:.1f}" for each in x)
    (tmp_path / "houses.csv").write_text(f"area,price\n{rows}\n", encoding="utf-8")
    path = scene_file(
        changed(
            'kind = "sine", samples = 60', 'kind = "csv", path = "houses.csv", task = "regression"'
        )
    )
    scene = load_scene(str(path))
    assert scene.dataset.task == "regression"
    assert isinstance(scene.file.scene.shown[0], FitSpec)
    ran = cli("render", "my.toml", "-o", ".")
    assert ran.code == 0, ran.err
    score = float(ran.out.split("test R² ")[1].split()[0])
    assert score > 0.9  # though prices are 10⁵ times what weights begin with


def test_what_panels_ask_for_is_recorded_and_nothing_else(scene_file: Callable[..., Path]) -> None:
    panels = '[[panels]]\nkind = "curves"\nmetric = "{}"\n'
    plain = load_scene(str(scene_file(MOONS)))
    assert plain.plans[0].measures == ()
    schedule = 'optimizer = { learning_rate = 0.1, schedule = { kind = "cosine" } }, '
    text = MOONS.replace("layers", schedule + "layers")
    text += panels.format("gradient_norm") + panels.format("learning_rate")
    scene = load_scene(str(scene_file(text)))
    (plan,) = scene.plans
    assert plan.measures == ("gradient_norm", "learning_rate")
    recording = train_model(plan, scene.dataset, lambda done: None)
    rates = [plan.optimizer.learning_rate(int(update)) for update in recording.updates]
    np.testing.assert_allclose(recording.metrics["learning_rate"], rates)
    assert rates[0] > rates[-1]
    norms = gradient_norms(
        recording.architecture, recording.parameters, scene.dataset, "binary_crossentropy"
    )
    np.testing.assert_array_equal(recording.metrics["gradient_norm"], norms)
    # it changes nothing of the training itself
    again = train_model(replace(plan, measures=()), scene.dataset, lambda done: None)
    np.testing.assert_array_equal(again.parameters, recording.parameters)
    assert "gradient_norm" not in again.metrics


ENTRIES = "architecture = [{{ input_dim = {}, output_dim = {}, activation = '{}' }}]"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            WAVE + '[[panels]]\nkind = "boundary"\n',
            "panels[0].kind: can't be 'boundary' for a regression, which has no classes",
        ),
        (
            WAVE + '[[panels]]\nkind = "confusion"\n',
            "panels[0].kind: can't be 'confusion' for a regression, which has no classes",
        ),
        (
            WAVE + '[[panels]]\nkind = "surface"\n',
            "panels[0].kind: can't be 'surface' for a regression, which has no classes",
        ),
        (
            WAVE + '[[panels]]\nkind = "representation"\n',
            "panels[0].kind: can't be 'representation' for a regression, which has no classes",
        ),
        (
            WAVE + '[[panels]]\nkind = "hidden_units"\n',
            "panels[0].kind: can't be 'hidden_units' for a regression, which has no classes",
        ),
        (
            MOONS + '[[panels]]\nkind = "fit"\n',
            "panels[0].kind: can't be 'fit' for a classification; it draws a regression",
        ),
        (
            WAVE + '[[panels]]\nkind = "curves"\nmetric = "accuracy"\n',
            "panels[0].metric: can't be 'accuracy' for a regression",
        ),
        (
            MOONS + '[[panels]]\nkind = "curves"\nmetric = "r2"\n',
            "panels[0].metric: can't be 'r2' for a classification",
        ),
        (
            MOONS + '[[panels]]\nkind = "curves"\nmetric = "los"\n',
            "panels[0].metric: must be one of 'loss', 'accuracy'",
        ),
        (
            MOONS.replace("60", "60, test_fraction = 0")
            + '[[panels]]\nkind = "curves"\nsplits = "test"\n',
            "panels[0].splits: must be 'train' without test samples, got 'test'",
        ),
        (
            WAVE + '[[panels]]\nkind = "fit"\nnumbers = ["test_accuracy"]\n',
            "panels[0].numbers[0]: must be one that a regression has, got 'test_accuracy'",
        ),
        (
            MOONS + '[[panels]]\nnumbers = ["test_r2"]\n',
            "panels[0].numbers[0]: must be one that a classification has, got 'test_r2'",
        ),
        (
            changed("r2 >= 0.1", "accuracy >= 0.9"),
            "outputs[1].at: must be of something that a regression has, got 'accuracy >= 0.9'",
        ),
        (
            MOONS + '[[captions]]\ntext = "Now"\nevent = "r2 >= 0.5"\n',
            "captions[0].event: must be of something that a classification has",
        ),
        (
            changed("epochs", "loss = 'binary_crossentropy', epochs"),
            "models[0].loss: must be 'mean_squared_error' for a regression, "
            "got 'binary_crossentropy'",
        ),
        (
            changed("epochs", "early_stopping = {patience = 3, monitor = 'val_accuracy'}, epochs"),
            "models[0].early_stopping.monitor: must be 'loss' or 'val_loss' for a regression",
        ),
        (
            changed('layers = [6], activation = "tanh"', ENTRIES.format(2, 1, "linear")),
            "models[0].architecture[0].input_dim: must be 1, one for each feature of the data",
        ),
        (
            changed('layers = [6], activation = "tanh"', ENTRIES.format(1, 2, "linear")),
            "models[0].architecture[0].output_dim: must be 1 in the last entry for a regression",
        ),
        (
            changed(
                'layers = [6], activation = "tanh"',
                "loss = 'mean_squared_error', " + ENTRIES.format(1, 1, "sigmoid"),
            ),
            "models[0].architecture[0].activation: must be 'linear' in the last entry for a regr",
        ),
        (
            MOONS.replace("layers = [4]", ENTRIES.format(2, 1, "linear")),
            "models[0].architecture[0].activation: must be 'sigmoid' in the last entry, got 'lin",
        ),
        (
            changed("epochs", "engine = 'sklearn', epochs"),
            "models[0].engine: must be 'numpy', 'keras' or 'torch' for a regression",
        ),
        ('data = { kind = "csv", task = "regresion", path = "a.csv" }', "data"),
    ],
)  # fmt: skip
def test_one_line_says_what_can_t_be(
    scene_file: Callable[..., Path], cli: Callable[..., Any], text: str, message: str
) -> None:
    scene_file(text)
    ran = cli("check", "my.toml")
    assert ran.code == 2
    assert message in ran.err
    if message != "data":
        assert len(ran.err.splitlines()) == 1
    else:
        assert (
            "data.task: must be one of 'classification', 'regression', got 'regresion'" in ran.err
        )


def test_the_sine_of_a_scene_is_that_of_the_library(scene_file: Callable[..., Path]) -> None:
    scene = load_scene(str(scene_file(WAVE)))
    same = make_dataset("sine", samples=60, noise=0.2, seed=100)
    np.testing.assert_array_equal(scene.dataset.y_train, same.y_train)
