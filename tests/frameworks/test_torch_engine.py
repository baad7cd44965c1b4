"""A scene's model in PyTorch: the same training as in NumPy where both do the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from epochreel.nn.activations import ACTIVATIONS
from epochreel.nn.datasets import make_dataset
from epochreel.nn.losses import LOSSES
from epochreel.nn.optimizers import OPTIMIZERS
from epochreel.nn.recording import ParameterRecording
from epochreel.scenes.engine_limits import LIMITS
from epochreel.scenes.engines import load_engine
from epochreel.scenes.model_spec import ModelSpec
from epochreel.scenes.planning import plan_training
from epochreel.scenes.torch_engine import TORCH_OPTIMIZERS

DATA = make_dataset("moons", samples=120, seed=3)  # 108 of them to train on
BASE = {"layers": [6, 5], "iterations": 40, "initializer": "glorot_uniform", "activation": "tanh"}


def recorded(engine: str, data=DATA, **tables: object) -> ParameterRecording:
    spec = ModelSpec.model_validate({**BASE, "engine": engine, **tables})
    plan = plan_training(spec, len(data.y_train), data.classes, data.features)
    return load_engine(engine)(plan, data, lambda done: None)


def compare(tolerance: float, data=DATA, **tables: object) -> None:
    ours, theirs = recorded("numpy", data, **tables), recorded("torch", data, **tables)
    np.testing.assert_array_equal(theirs.parameters[0], ours.parameters[0])
    np.testing.assert_array_equal(theirs.updates, ours.updates)
    np.testing.assert_allclose(theirs.parameters, ours.parameters, rtol=0, atol=tolerance)
    way = np.abs(ours.parameters[-1] - ours.parameters[0]).max()
    assert way > max(2e-3, 20 * tolerance)


@pytest.mark.parametrize("activation", sorted(set(ACTIVATIONS) - {"softmax"}))
def test_activations(activation: str) -> None:
    compare(1e-6, activation=activation, optimizer={"learning_rate": 0.2})


def test_a_regression() -> None:
    compare(1e-6, make_dataset("sine", samples=60, seed=3), optimizer={"learning_rate": 0.1})


# PyTorch adds its epsilon elsewhere: Adam to the root of the corrected v, RMSprop outside of it
@pytest.mark.parametrize("kind", TORCH_OPTIMIZERS)
def test_optimizers(kind: str) -> None:
    options = {"epsilon": 1e-16} if kind in ("rmsprop", "adam", "adamw", "adagrad") else {}
    compare(1e-4 if options else 1e-6, optimizer={"kind": kind, **options})


def test_every_optimizer_has_one_or_is_refused() -> None:
    (limit,) = LIMITS["torch"]
    assert list(TORCH_OPTIMIZERS) == list(limit.allowed)
    assert set(OPTIMIZERS) - set(TORCH_OPTIMIZERS) == {"lion"}


@pytest.mark.parametrize(
    "optimizer",
    [
        {"learning_rate": 0.1, "schedule": {"kind": "cosine", "warm_up_steps": 5}},
        {"learning_rate": 0.1, "schedule": {"kind": "step", "decay_steps": 9, "decay_rate": 0.5}},
        {"schedule": {"kind": "piecewise", "boundaries": [9, 20], "values": [0.1, 0.2, 0.05]}},
        {"kind": "momentum", "learning_rate": 0.05, "clip_norm": 0.02},
        {"kind": "momentum", "learning_rate": 0.05, "global_clip_norm": 0.02},
        {"kind": "momentum", "learning_rate": 0.05, "clip_value": 0.004},
        {"kind": "momentum", "learning_rate": 0.05, "weight_decay": 0.5},
    ],
    ids=str,
)
def test_schedules_clipping_and_decay(optimizer: dict[str, object]) -> None:
    compare(1e-5, optimizer=optimizer)  # PyTorch divides by the norm + 1e-6


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_and_penalties(loss: str) -> None:
    tables = {"loss": loss, "optimizer": {"learning_rate": 0.2}}
    tables["regularization"] = {"l1": 0.002, "l2": 0.01}
    blobs = make_dataset("blobs", samples=90, seed=3, classes=3)
    if loss != "categorical_crossentropy":
        compare(1e-6, **tables)
    if loss != "binary_crossentropy":
        compare(1e-6, blobs, **tables)


def test_dropout_and_shuffling_are_seeded_and_leave_no_trace() -> None:
    tables = {"dropout": 0.3, "batch_size": 32, "iterations": None, "epochs": 5, "seed": 7}
    torch.manual_seed(11)
    state, threads = torch.random.get_rng_state(), torch.get_num_threads()
    first = recorded("torch", **tables)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.get_num_threads() == threads
    torch.manual_seed(12)
    np.testing.assert_array_equal(recorded("torch", **tables).parameters, first.parameters)
    without = recorded("torch", **{**tables, "dropout": 0.0})
    assert (without.parameters[1:] != first.parameters[1:]).any(axis=1).all()
    assert first.updates.tolist() == [0, 4, 8, 12, 16, 20]


def test_divergence_is_told() -> None:
    recording = recorded(
        "torch", optimizer={"learning_rate": 1e6}, activation="linear",
        regularization={"l2": 1.0}, capture={"every": 1},
    )  # fmt: skip
    assert recording.stopped is not None
    assert recording.stopped.startswith("loss is not finite at update ")


def test_early_stopping_at_the_same_update() -> None:
    tables = {
        "iterations": 2000, "optimizer": {"learning_rate": 1.5}, "capture": {"every": 25},
        "early_stopping": {"patience": 8, "min_delta": 0.001},
    }  # fmt: skip
    ours, theirs = recorded("numpy", **tables), recorded("torch", **tables)
    assert ours.stopped is not None
    assert (theirs.stopped, theirs.updates[-1]) == (ours.stopped, ours.updates[-1])


@pytest.mark.parametrize("capture", [{"count": 9, "spacing": "adaptive"}, {"updates": [3, 9]}])
def test_captures(capture: dict[str, object]) -> None:
    compare(1e-6, capture=capture, optimizer={"learning_rate": 0.2})
