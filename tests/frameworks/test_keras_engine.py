"""A scene's model in Keras: the same training as in NumPy, as far as chance allows."""

from __future__ import annotations

import random

import keras
import numpy as np
import pytest

from epochreel.nn.activations import ACTIVATIONS
from epochreel.nn.datasets import make_dataset
from epochreel.nn.errors import MissingPackageError
from epochreel.nn.losses import LOSSES
from epochreel.nn.optimizers import OPTIMIZERS
from epochreel.nn.recording import ParameterRecording
from epochreel.scenes import keras_engine
from epochreel.scenes.engines import load_engine
from epochreel.scenes.keras_engine import (
    KERAS_OPTIMIZERS,
    SETTINGS,
    build_schedule,
)
from epochreel.scenes.keras_engine import build_optimizer as keras_optimizer
from epochreel.scenes.model_spec import ModelSpec
from epochreel.scenes.optimizing import build_optimizer
from epochreel.scenes.planning import plan_training

DATA = make_dataset("moons", samples=120, seed=3)
BASE = {"layers": [6, 5], "iterations": 30, "initializer": "glorot_uniform", "activation": "tanh"}


def recorded(engine: str, data=DATA, on_update=lambda done: None, **tables) -> ParameterRecording:
    spec = ModelSpec.model_validate({**BASE, "engine": engine, **tables})
    plan = plan_training(spec, len(data.y_train), data.classes, data.features)
    return load_engine(engine)(plan, data, on_update)


def compare(tolerance: float, data=DATA, **tables) -> ParameterRecording:
    """Train in both with all samples at a time, which leaves nothing to chance."""
    ours, theirs = recorded("numpy", data, **tables), recorded("keras", data, **tables)
    np.testing.assert_array_equal(theirs.parameters[0], ours.parameters[0])
    np.testing.assert_array_equal(theirs.updates, ours.updates)
    np.testing.assert_allclose(theirs.parameters, ours.parameters, rtol=0, atol=tolerance)
    assert np.abs(ours.parameters[-1] - ours.parameters[0]).max() > max(1e-3, 20 * tolerance)
    return theirs


def test_every_activation() -> None:
    """In one network, a layer of each: a compilation takes JAX longer than the training."""
    names = [name for name in ACTIVATIONS if name != "softmax"]
    sizes = [2, *[6] * len(names)]
    entries = [
        {"input_dim": inputs, "output_dim": units, "activation": name}
        for inputs, units, name in zip(sizes, sizes[1:], names, strict=False)
    ]
    entries.append({"input_dim": 6, "output_dim": 1, "activation": "sigmoid"})
    tables = {"layers": None, "activation": None, "architecture": entries}
    compare(1e-6, **tables, optimizer={"learning_rate": 0.2}, regularization={"l2": 0.02})


def test_a_regression() -> None:
    compare(1e-6, make_dataset("sine", samples=60, seed=3), optimizer={"learning_rate": 0.1})


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_optimizers(kind: str) -> None:
    """That the same settings give the same steps is shown beside, in ``test_keras_optimizers``."""
    given = {"learning_rate": 0.03, "weight_decay": 0.02, "clip_norm": 0.3}
    given |= {"epsilon": 1e-5} if kind in ("rmsprop", "adagrad", "adam", "adamw") else {}
    given |= {"momentum": 0.7} if kind in ("momentum", "nesterov") else {}
    given |= {"beta_1": 0.8, "beta_2": 0.95} if kind in ("adam", "adamw", "lion") else {}
    spec = ModelSpec.model_validate({"optimizer": {"kind": kind, **given}})
    theirs = keras_optimizer(keras, build_optimizer(spec.optimizer, 1)).get_config()
    given["clipnorm"] = given.pop("clip_norm")
    for name, value in given.items():
        assert theirs[name] == pytest.approx(value), name
    if kind in ("momentum", "nesterov"):
        assert theirs["nesterov"] == (kind == "nesterov")
    assert set(KERAS_OPTIMIZERS) == set(OPTIMIZERS)


@pytest.mark.parametrize(("ours", "theirs"), SETTINGS.items())
def test_ways_to_clip(ours: str, theirs: str) -> None:
    spec = ModelSpec.model_validate({"optimizer": {"kind": "adam", ours: 0.25}})
    assert keras_optimizer(keras, build_optimizer(spec.optimizer, 1)).get_config()[theirs] == 0.25


def test_much_at_once() -> None:
    optimizer = {"kind": "adam", "learning_rate": 0.02, "global_clip_norm": 0.05}
    optimizer |= {"weight_decay": 0.1, "schedule": {"kind": "cosine", "warm_up_steps": 5}}
    penalty = {"l1": 0.002, "l2": 0.01}
    compare(2e-6, optimizer=optimizer, regularization=penalty, capture={"every": 7})


@pytest.mark.parametrize(
    "schedule",
    [
        {"kind": "constant"},
        {"kind": "constant", "warm_up_steps": 7, "warm_up_start": 0.02},
        {"kind": "cosine", "decay_steps": 20, "alpha": 0.1},
        {"kind": "cosine", "warm_up_steps": 5},
        {"kind": "step", "decay_steps": 9, "decay_rate": 0.5},
        {"kind": "exponential", "decay_steps": 9, "decay_rate": 0.5, "warm_up_steps": 5},
        {"kind": "piecewise", "boundaries": [9, 20], "values": [0.1, 0.2, 0.05]},
        {"kind": "piecewise", "boundaries": [2], "values": [0.1, 0.2], "warm_up_steps": 3},
    ],
    ids=str,
)
def test_schedules(schedule) -> None:
    table = ModelSpec.model_validate({"optimizer": {"kind": "sgd", "schedule": schedule}})
    ours = build_optimizer(table.optimizer, 30).learning_rate
    theirs = build_schedule(keras, ours)
    for step in range(40):
        rate = float(theirs(step)) if callable(theirs) else theirs
        assert rate == pytest.approx(ours(step) if callable(ours) else ours, rel=1e-5)


@pytest.mark.parametrize("loss", sorted(set(LOSSES) - {"binary_crossentropy"}))
def test_losses(loss: str) -> None:
    data = DATA
    if loss != "mean_squared_error":  # of one output; the others of three
        data = make_dataset("blobs", samples=90, seed=3, classes=3)
    compare(1e-6, data, loss=loss, optimizer={"learning_rate": 0.2})


@pytest.mark.parametrize(
    ("capture", "updates"),
    [
        ({"updates": [3, 9]}, [0, 3, 9, 30]),
        ({"every": 3, "unit": "epoch"}, [0, 12, 24, 30]),
    ],
)
def test_captures_within_epochs(capture, updates) -> None:
    """Four batches an epoch, so that the last epoch is cut short."""
    recording = recorded("keras", capture=capture, batch_size=30)
    assert recording.updates.tolist() == updates
    np.testing.assert_allclose(recording.epochs, np.array(updates) / 4)
    assert (np.diff(recording.seconds) > 0).all()
    assert recording.stopped is None


def test_by_epochs_in_batches_with_dropout() -> None:
    tables = {"epochs": 12, "iterations": None, "batch_size": 32, "dropout": 0.2, "seed": 4}
    tables["optimizer"] = {"kind": "adam", "learning_rate": 0.03}
    told: list[int] = []
    first = recorded("keras", on_update=told.append, **tables)
    assert first.epochs.tolist() == list(range(13))
    assert first.updates[-1] == 48
    assert told[0] == 0
    assert told[-1] == 48
    assert first.metrics["train_accuracy"][-1] > 0.75
    again = recorded("keras", **tables)
    np.testing.assert_array_equal(again.parameters, first.parameters)
    without = recorded("keras", **{**tables, "dropout": 0.0})
    assert np.abs(without.parameters[-1] - first.parameters[-1]).max() > 1e-3


def test_generators_are_left_as_they_were() -> None:
    random.seed(5)
    np.random.seed(6)  # noqa: NPY002 -- the one that Keras seeds
    first = random.random(), np.random.random()  # noqa: NPY002
    random.seed(5)
    np.random.seed(6)  # noqa: NPY002
    recorded("keras", batch_size=32, iterations=2)
    assert (random.random(), np.random.random()) == first  # noqa: NPY002


@pytest.mark.parametrize(
    ("monitor", "loss"),
    [("val_loss", "binary_crossentropy"), ("accuracy", "hinge")],
)
def test_early_stopping_is_keras_s_own(monitor: str, loss: str) -> None:
    stopping = {"monitor": monitor, "patience": 2, "min_delta": 0.02}
    tables = {"iterations": 200, "loss": loss, "optimizer": {"learning_rate": 0.5}}
    theirs = recorded("keras", early_stopping=stopping, capture={"every": 1}, **tables)
    ours = recorded("numpy", early_stopping=stopping, capture={"every": 1}, **tables)
    assert theirs.stopped is not None
    assert theirs.stopped == ours.stopped
    assert theirs.updates.tolist() == ours.updates.tolist()
    np.testing.assert_allclose(theirs.parameters[-1], ours.parameters[-1], atol=1e-5)


def test_a_training_that_diverges_ends() -> None:
    recording = recorded(
        "keras", optimizer={"learning_rate": 1e6}, activation="linear",
        regularization={"l2": 1.0}, capture={"every": 1},
    )  # fmt: skip
    assert recording.stopped is not None
    assert recording.stopped.startswith("loss is not finite at update ")
    assert np.isfinite(recording.parameters).all()


def test_what_on_update_raises_ends_it() -> None:
    def stop(done: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        recorded("keras", on_update=stop)


def test_keras_without_a_backend_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setattr(keras_engine, "find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match=r"needs jax, torch or tensorflow; pip install"):
        recorded("keras")
