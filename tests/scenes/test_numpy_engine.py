"""What a scene asks of a training is what the engine does."""

from __future__ import annotations

import numpy as np
import pytest

from epochreel.nn.datasets import make_dataset
from epochreel.nn.network import Network
from epochreel.nn.optimizers import Adam
from epochreel.nn.recording import ParameterRecording
from epochreel.nn.schedules import CosineDecay
from epochreel.nn.training import train
from epochreel.scenes.model_spec import ModelSpec
from epochreel.scenes.numpy_engine import train_model
from epochreel.scenes.planning import plan_training

DATA = make_dataset("moons", samples=120, seed=3)


def recorded(data=DATA, **tables: object) -> ParameterRecording:
    spec = ModelSpec.model_validate({"layers": [6], "iterations": 40, **tables})
    plan = plan_training(spec, len(data.y_train), data.classes)
    recording = train_model(plan, data, lambda done: None)
    assert len(recording) <= plan.snapshots
    if recording.stopped is None:
        assert len(recording) == plan.snapshots
    return recording


def test_all_of_it_reaches_the_training() -> None:
    recording = recorded(
        loss="mean_squared_error", batch_size=32, seed=5, dropout=0.2,
        optimizer={"kind": "adam", "clip_norm": 0.5, "schedule": {"kind": "cosine"}},
        regularization={"l1": 0.01, "l2": 0.02},
    )  # fmt: skip
    rng = np.random.default_rng(5)
    network = Network([2, 6, 1], initializer="glorot_uniform", rng=rng)
    np.testing.assert_array_equal(network.flat, recording.parameters[0])
    train(
        network, DATA.x_train, DATA.y_train, loss="mean_squared_error", iterations=40,
        batch_size=32, rng=rng, optimizer=Adam(CosineDecay(0.001, 40), clip_norm=0.5), l1=0.01,
        l2=0.02, dropout=0.2,
    )  # fmt: skip
    np.testing.assert_array_equal(network.flat, recording.parameters[-1])


@pytest.mark.parametrize(
    ("capture", "updates"),
    [
        ({"updates": [3, 9]}, [0, 3, 9, 40]),
        ({"count": 5}, [0, 10, 20, 30, 40]),
        ({"count": 3, "spacing": "logarithmic"}, [0, 1, 40]),
    ],
)
def test_captures(capture: dict[str, object], updates: list[int]) -> None:
    assert recorded(capture=capture).updates.tolist() == updates


def test_adaptive_capture() -> None:
    assert len(recorded(capture={"count": 9, "spacing": "adaptive"})) == 9


def test_early_stopping_is_judged_on_the_test_split() -> None:
    recording = recorded(
        iterations=4000, optimizer={"learning_rate": 3.0}, capture={"every": 1},
        early_stopping={"patience": 3, "min_delta": 0.01},
    )  # fmt: skip
    assert recording.stopped is not None
    best = int(recording.stopped.removeprefix("val_loss is no better since update "))
    assert recording.updates[-1] == best + 3
    losses = recording.metrics["test_loss"]
    assert losses[best] <= losses[1:].min() + 0.01


@pytest.mark.parametrize("loss", [None, "mean_squared_error", "hinge"])
def test_three_classes(loss: str | None) -> None:
    data = make_dataset("blobs", samples=150, seed=3, classes=3)
    recording = recorded(
        data, loss=loss, iterations=300, optimizer={"kind": "adam", "learning_rate": 0.02}
    )
    assert recording.link == "softmax"
    assert recording.metrics["test_accuracy"][-1] > 0.85


@pytest.mark.parametrize("loss", ["mean_squared_error", "hinge"])
def test_other_losses_of_two_classes(loss: str) -> None:
    recording = recorded(loss=loss, optimizer={"learning_rate": 0.5}, iterations=600)
    assert recording.link == "sigmoid"
    assert recording.metrics["train_accuracy"][-1] > 0.8
