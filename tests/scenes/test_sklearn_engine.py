"""A scene's model in scikit-learn: the same training as in NumPy where both do the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier

from epochreel.nn.datasets import make_dataset
from epochreel.nn.recording import ParameterRecording
from epochreel.scenes.engines import load_engine
from epochreel.scenes.framework_training import initial_network
from epochreel.scenes.model_spec import ModelSpec
from epochreel.scenes.planning import TrainingPlan, plan_training

DATA = make_dataset("moons", samples=120, seed=3)  # 108 of them to train on
BASE = {"layers": [6, 5], "iterations": 40, "initializer": "glorot_uniform", "activation": "tanh"}


def planned(engine: str, data=DATA, **tables: object) -> TrainingPlan:
    spec = ModelSpec.model_validate({**BASE, "engine": engine, **tables})
    return plan_training(spec, len(data.y_train), data.classes)


def recorded(engine: str, data=DATA, **tables: object) -> ParameterRecording:
    return load_engine(engine)(planned(engine, data, **tables), data, lambda done: None)


@pytest.mark.parametrize(
    "tables",
    [
        {"optimizer": {"kind": "sgd", "learning_rate": 0.3}},
        {"optimizer": {"kind": "momentum", "momentum": 0.7}},
        {"optimizer": {"kind": "nesterov"}},
        {"optimizer": {"kind": "adam", "beta_1": 0.8, "epsilon": 1e-6}},
        {"regularization": {"l2": 0.05}, "activation": "relu"},
        {"activation": "sigmoid"},
        {"activation": "linear"},
        {"layers": []},
    ],
    ids=str,
)
def test_full_batches_are_those_of_the_numpy_engine(tables: dict[str, object]) -> None:
    ours, theirs = recorded("numpy", **tables), recorded("sklearn", **tables)
    np.testing.assert_array_equal(theirs.parameters[0], ours.parameters[0])
    np.testing.assert_array_equal(theirs.updates, ours.updates)
    np.testing.assert_allclose(theirs.parameters, ours.parameters, rtol=0, atol=2e-6)
    assert np.abs(ours.parameters[-1] - ours.parameters[0]).max() > 5e-3
    np.testing.assert_allclose(
        theirs.metrics["test_loss"], ours.metrics["test_loss"], rtol=0, atol=1e-5
    )


def test_batches_within_an_epoch() -> None:
    tables = {"batch_size": 40, "capture": {"every": 1}, "iterations": 7}
    recording = recorded("sklearn", **tables)
    assert recording.unit == "update"
    assert recording.updates.tolist() == list(range(8))
    np.testing.assert_allclose(recording.epochs, np.arange(8) / 3)
    assert (np.diff(recording.parameters, axis=0) != 0).any(axis=1).all()


def test_a_penalty_weighs_the_same_in_a_short_batch() -> None:
    """Weights that only decay: after k updates they are (1 − 2 η l2)ᵏ of what they were."""
    data = replace(DATA, x_train=np.zeros_like(DATA.x_train))
    tables = {
        "layers": [3], "activation": "linear", "batch_size": 40, "iterations": 6,
        "optimizer": {"learning_rate": 0.1}, "regularization": {"l2": 0.5}, "capture": {"every": 1},
    }  # fmt: skip
    weights = recorded("sklearn", data, **tables).parameters[:, :6]
    shrunk = weights[0] * 0.9 ** np.arange(7)[:, None]
    np.testing.assert_allclose(weights, shrunk, rtol=1e-5)


def test_whole_epochs_are_its_own() -> None:
    """One call of ``partial_fit`` an epoch, which shuffles each time anew, from the seed."""
    tables = {"iterations": None, "epochs": 6, "batch_size": 36, "seed": 4}
    recording = recorded("sklearn", **tables)
    assert recording.unit == "epoch"
    assert recording.updates.tolist() == [0, 3, 6, 9, 12, 15, 18]
    start = initial_network(planned("sklearn", **tables))
    np.testing.assert_array_equal(recording.parameters[0], start.flat)
    again = recorded("sklearn", **tables)
    np.testing.assert_array_equal(again.parameters, recording.parameters)
    other = recorded("sklearn", **{**tables, "seed": 5})
    assert (other.parameters != recording.parameters).any()


def test_predictions_are_those_of_the_classifier(monkeypatch: pytest.MonkeyPatch) -> None:
    models: list[MLPClassifier] = []
    fit = MLPClassifier.partial_fit

    def spy(self, *arguments, **options):
        models.append(self)
        return fit(self, *arguments, **options)

    monkeypatch.setattr(MLPClassifier, "partial_fit", spy)
    data = make_dataset("blobs", samples=150, seed=3, classes=3)
    recording = recorded("sklearn", data, optimizer={"kind": "adam", "learning_rate": 0.02},
                         iterations=300)  # fmt: skip
    assert recording.link == "softmax"
    logits = recording.logits(len(recording) - 1, data.x_test).astype(np.float64)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shares, models[-1].predict_proba(data.x_test), rtol=0, atol=1e-6)
    assert recording.metrics["test_accuracy"][-1] > 0.85


@pytest.mark.parametrize("engine", ["numpy", "sklearn"])
def test_divergence_is_told(engine: str) -> None:
    recording = recorded(
        engine, optimizer={"learning_rate": 1e6}, activation="linear",
        regularization={"l2": 1.0}, capture={"every": 1},
    )  # fmt: skip
    assert recording.stopped is not None
    assert recording.stopped.startswith("loss is not finite at update ")
    assert 0 < recording.updates[-1] < 40


def test_early_stopping_at_the_same_update() -> None:
    tables = {
        "iterations": 2000, "optimizer": {"learning_rate": 1.5}, "capture": {"every": 25},
        "early_stopping": {"patience": 8, "min_delta": 0.001},
    }  # fmt: skip
    ours, theirs = recorded("numpy", **tables), recorded("sklearn", **tables)
    assert ours.stopped is not None
    assert (theirs.stopped, theirs.updates[-1]) == (ours.stopped, ours.updates[-1])


def test_progress_and_seconds() -> None:
    told: list[int] = []
    plan = planned("sklearn", iterations=30)
    recording = load_engine("sklearn")(plan, DATA, told.append)
    assert told[0] == 0
    assert told[-1] == 30
    assert told == sorted(told)
    assert recording.seconds[0] == 0
    assert (np.diff(recording.seconds) > 0).all()


def test_ctrl_c_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """scikit-learn itself would only warn, and the next call would go on."""
    backprop, calls = MLPClassifier._backprop, []

    def interrupted(self, *arguments):
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return backprop(self, *arguments)

    monkeypatch.setattr(MLPClassifier, "_backprop", interrupted)
    with pytest.raises(KeyboardInterrupt):
        recorded("sklearn")
    assert len(calls) == 5
