"""The ready-made scenes of several engines, shortened, for real."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from epochreel.scenes import NullReporter, load_scenes
from epochreel.scenes.cli import main
from epochreel.scenes.library import ready_made
from epochreel.scenes.tasks import TrainingJob, train_model


@pytest.fixture
def short(tmp_path: Path):
    """Write a ready-made scene with a training of a few epochs."""

    def write(name: str, **lengths: tuple[str, str]) -> str:
        text = ready_made()[name].read_text(encoding="utf-8")
        for before, after in lengths.values():
            assert before in text
            text = text.replace(before, after)
        path = tmp_path / f"{name}.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def test_four_frameworks_start_alike_and_go_the_same_way(short) -> None:
    (scene,) = load_scenes([short("frameworks", epochs=("epochs = 100", "epochs = 20"))])
    assert [plan.engine for plan in scene.plans] == ["numpy", "keras", "torch", "sklearn"]
    recordings = [
        train_model(TrainingJob(plan.name, plan, scene.dataset), NullReporter())
        for plan in scene.plans
    ]
    for recording in recordings:
        np.testing.assert_array_equal(recording.updates, np.arange(21) * 29)
        assert recording.metrics["test_loss"][0] == recordings[0].metrics["test_loss"][0]
        # batches come in other orders, and end up in about the same place
        assert recording.metrics["test_accuracy"][-1] >= 0.93
        assert recording.metrics["test_loss"][-1] == pytest.approx(
            recordings[0].metrics["test_loss"][-1], abs=0.06
        )
        assert recording.seconds[0] < 0.1
        assert (np.diff(recording.seconds) > 0).all()


def test_numpy_and_keras_side_by_side_in_workers(
    short, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = short(
        "numpy_vs_keras",
        epochs=("epochs = 200", "epochs = 3"),
        iterations=("iterations = 10000", "iterations = 150"),
    )
    out = tmp_path / "out"
    assert main(["render", path, "--preview", "--jobs", "2", "-q", "-o", str(out)]) == 0
    assert capsys.readouterr().err == ""
    films = [file.name for file in out.iterdir() if file.suffix in (".gif", ".mp4")]
    assert sorted(films) == ["numpy_vs_keras-preview.gif", "numpy_vs_keras-preview.mp4"]
    with Image.open(out / "numpy_vs_keras-preview.gif") as film:
        assert film.size == (480, 360)


def test_frameworks_are_compared(short, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = short("frameworks", epochs=("epochs = 100", "epochs = 2"))
    figure = tmp_path / "figure.png"
    assert main(["compare", path, "--repeat", "2", "-q", "-o", str(figure)]) == 0
    out = capsys.readouterr().out
    for name in ("NumPy", "Keras", "PyTorch", "scikit-learn"):
        (row,) = [line.split() for line in out.splitlines() if line.split()[:1] == [name]]
        assert row[1:3] == ["5226", "58"]
        assert float(row[3]) > 0
    assert figure.is_file()
