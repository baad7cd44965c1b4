"""Scenes of more than two features and classes: every engine here learns and films them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from epochreel.scenes import NullReporter, SerialExecutor, load_scenes, render_scenes

SCENE = """
data = { kind = "iris" }
timeline = { fps = 20, hold_last = 0.2 }
layout = { areas = ["A B"], insets = [{ panel = "C", on = "A" }] }
models = [{ name = "Net", layers = [8], epochs = 20, engine = "ENGINE", optimizer = { kind = "adam", learning_rate = 0.02 } }]
panels = [
    { kind = "boundary", plane = { x = "petal length", y = "petal width", at = { "sepal width" = 3.0 } } },
    { kind = "boundary", plane = "pca", points = "both", mark_errors = true },
    { kind = "scoreboard" },
]
[[outputs]]
file = "film.mp4"
size = [480, 240]
"""  # noqa: E501


@pytest.mark.parametrize("engine", ["numpy", "sklearn"])
def test_it_learns_irises(tmp_path: Path, engine: str) -> None:
    path = tmp_path / "scene.toml"
    path.write_text(SCENE.replace("ENGINE", engine), encoding="utf-8")
    scenes = load_scenes([str(path)])
    plan = scenes[0].plans[0]
    assert [layer.input_dim for layer in plan.layers] == [4, 8]
    assert plan.outputs == 3
    report = render_scenes(
        scenes, tmp_path / "out", executor=SerialExecutor(), reporter=NullReporter()
    )
    assert [outcome.error for outcome in report.outcomes] == [None]
    assert (tmp_path / "out" / "film.mp4").stat().st_size > 1000


def test_a_file_of_four_columns_is_three_features(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    rows = ["a,b,c,kind", *(f"{x:.3f},{y:.3f},{z:.3f},{'uvw'[n % 3]}"
                            for n, (x, y, z) in enumerate(rng.normal(size=(60, 3))))]  # fmt: skip
    (tmp_path / "own.csv").write_text("\n".join(rows), encoding="utf-8")
    path = tmp_path / "scene.toml"
    path.write_text('data = { kind = "csv", path = "own.csv" }\n', encoding="utf-8")
    scene = load_scenes([str(path)])[0]
    assert scene.dataset.feature_names == ("a", "b", "c")
    assert scene.dataset.class_names == ("u", "v", "w")
    assert scene.plans[0].layers[0].input_dim == 3
