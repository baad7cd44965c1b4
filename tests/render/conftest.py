"""Recordings whose fields are known in closed form, to check a drawing against."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from epochreel.nn.dataset import Dataset, Viewport
from epochreel.nn.recording import FunctionRecording


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    rng = np.random.default_rng(7)
    x = rng.uniform([-1.4, -0.9], [2.4, 1.9], (60, 2))
    y = (np.hypot(x[:, 0] - 0.5, x[:, 1] - 0.5) < 1).astype(np.int64)
    return Dataset(
        name="disc",
        x_train=x[:40],
        y_train=y[:40],
        x_test=x[40:],
        y_test=y[40:],
        feature_names=("X₁", "X₂"),
        class_names=("class 0", "class 1"),
        viewport=Viewport(-1.5, 2.5, -1.0, 2.0),
    )


def disc_logits(snapshot: int, points: np.ndarray) -> np.ndarray:
    """A disc of radius 1 around (0.5, 0.5) that gets sharper with each snapshot."""
    radius = np.hypot(points[:, 0] - 0.5, points[:, 1] - 0.5)
    return ((1.0 - radius) * (0.02 + snapshot))[:, None].astype(np.float32)


RecordingMaker = Callable[..., FunctionRecording]


@pytest.fixture(scope="session")
def make_recording(dataset: Dataset) -> RecordingMaker:
    def make(name: str = "Disc", snapshots: int = 6, function=disc_logits) -> FunctionRecording:
        steps = np.arange(snapshots)
        return FunctionRecording(
            name=name,
            dataset=dataset,
            updates=steps * 50,
            epochs=steps * 50.0,
            seconds=steps * 0.1,
            unit="update",
            metrics={
                "train_loss": 0.7 / (1 + steps),
                "train_accuracy": 0.5 + 0.4 * steps / max(1, snapshots),
                "test_loss": 0.69 / (1 + steps),
                "test_accuracy": 0.5 + 0.45 * steps / max(1, snapshots),
            },
            stopped=None,
            link="sigmoid",
            function=function,
        )

    return make
