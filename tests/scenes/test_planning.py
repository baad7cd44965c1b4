from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epochreel.nn.capture import Adaptive, Listed, Spaced
from epochreel.nn.early_stopping import EarlyStopping
from epochreel.nn.optimizers import OPTIMIZERS, SGD, Adam, AdamW
from epochreel.nn.schedules import (
    CosineDecay,
    ExponentialDecay,
    PiecewiseConstant,
    StepDecay,
    WarmUp,
)
from epochreel.scenes.model_spec import CaptureSpec, LayerSpec, ModelSpec
from epochreel.scenes.planning import plan_training


def test_the_default_is_the_published_numpy_training() -> None:
    plan = plan_training(ModelSpec(), 900)
    assert [(layer.input_dim, layer.output_dim, layer.activation) for layer in plan.layers] == [
        (2, 25, "relu"),
        (25, 50, "relu"),
        (50, 50, "relu"),
        (50, 25, "relu"),
        (25, 1, "sigmoid"),
    ]
    assert plan.parameter_count == 75 + 1300 + 2550 + 1275 + 26
    assert (plan.batch_size, plan.iterations, plan.epochs, plan.updates) == (
        None,
        10_000,
        None,
        10_000,
    )
    assert (plan.every, plan.unit, plan.snapshots) == (50, "update", 201)


@pytest.mark.parametrize(
    "spec", [ModelSpec(epochs=200), ModelSpec(batch_size=32), ModelSpec(batch_size=32, epochs=200)]
)
def test_epochs_or_batches_alone_give_the_published_keras_training(spec: ModelSpec) -> None:
    plan = plan_training(spec, 900)
    assert (plan.batch_size, plan.iterations, plan.epochs, plan.updates) == (32, None, 200, 5800)
    assert (plan.every, plan.unit, plan.snapshots) == (1, "epoch", 201)


@pytest.mark.parametrize(
    ("spec", "updates", "every", "unit", "snapshots"),
    [
        (ModelSpec(iterations=7), 7, 1, "update", 8),
        (ModelSpec(iterations=10, capture=CaptureSpec(every=3)), 10, 3, "update", 5),
        (ModelSpec(iterations=10, capture=CaptureSpec(every=100)), 10, 100, "update", 2),
        (ModelSpec(iterations=1000, batch_size=50), 1000, 5, "update", 201),
        (ModelSpec(epochs=1000), 4000, 5, "epoch", 201),
        (ModelSpec(epochs=10, batch_size="full"), 10, 1, "epoch", 11),
        (ModelSpec(epochs=10, capture=CaptureSpec(unit="update")), 40, 1, "update", 41),
        (ModelSpec(iterations=10, batch_size=50, capture=CaptureSpec(every=1, unit="epoch")),
         10, 1, "epoch", 6),
        (ModelSpec(iterations=11, batch_size=50, capture=CaptureSpec(every=2, unit="epoch")),
         11, 2, "epoch", 4),
    ],
)  # fmt: skip
def test_lengths_and_captures(
    spec: ModelSpec, updates: int, every: int, unit: str, snapshots: int
) -> None:
    plan = plan_training(spec, 100)
    assert (plan.updates, plan.every, plan.unit, plan.snapshots) == (
        updates,
        every,
        unit,
        snapshots,
    )


def test_a_batch_as_large_as_the_data_is_the_full_batch() -> None:
    assert plan_training(ModelSpec(batch_size=100), 100) == plan_training(
        ModelSpec(batch_size=5000), 100
    )


def test_an_architecture_says_the_same_as_layers() -> None:
    entries = (
        LayerSpec(input_dim=2, output_dim=4, activation="tanh"),
        LayerSpec(input_dim=4, output_dim=1, activation="sigmoid"),
    )
    assert plan_training(ModelSpec(architecture=entries), 100) == plan_training(
        ModelSpec(layers=(4,), activation="tanh"), 100
    )


def test_no_hidden_layers_is_logistic_regression() -> None:
    plan = plan_training(ModelSpec(layers=()), 100)
    assert plan.parameter_count == 3


@given(
    st.integers(1, 5000),
    st.integers(1, 400),
    st.none() | st.integers(1, 50),
    st.none() | st.integers(1, 300),
    st.sampled_from([None, "update", "epoch"]),
    st.booleans(),
)
def test_snapshots_are_counted_as_a_loop_counts_them(
    length: int, samples: int, batch: int | None, every: int | None, unit: str | None, epochs: bool
) -> None:
    spec = ModelSpec(
        batch_size=batch or "full",
        iterations=None if epochs else length,
        epochs=length if epochs else None,
        capture=CaptureSpec(every=every, unit=unit),
    )
    plan = plan_training(spec, samples)
    per_epoch = len(range(0, samples, plan.batch_size or samples))
    step = plan.every * (per_epoch if plan.unit == "epoch" else 1)
    kept = {0, plan.updates} | set(range(0, plan.updates, step))
    assert plan.snapshots == len(kept)
    if every is None:
        assert plan.snapshots <= 302


def model(**tables: object) -> ModelSpec:
    """Read a model as from a scene file."""
    return ModelSpec.model_validate(tables)


@pytest.mark.parametrize(
    ("table", "optimizer"),
    [
        ({}, SGD(0.01)),
        ({"learning_rate": 0.5, "momentum": 0.3}, SGD(0.5, 0.3)),
        ({"kind": "adamw"}, AdamW()),
        ({"kind": "adam", "beta_1": 0.5, "clip_norm": 2}, Adam(beta_1=0.5, clip_norm=2)),
        ({"schedule": {}}, SGD(0.01)),
        ({"kind": "adam", "schedule": {"kind": "cosine"}}, Adam(CosineDecay(0.001, 1000))),
        (
            {"schedule": {"kind": "cosine", "warm_up_steps": 100, "warm_up_start": 0.001}},
            SGD(WarmUp(CosineDecay(0.01, 900), 100, 0.001)),
        ),
        (
            {"learning_rate": 1, "schedule": {"kind": "cosine", "decay_steps": 7, "alpha": 0.5}},
            SGD(CosineDecay(1, 7, 0.5)),
        ),
        ({"schedule": {"kind": "step", "decay_steps": 9}}, SGD(StepDecay(0.01, 9))),
        (
            {"schedule": {"kind": "step", "decay_steps": 9, "decay_rate": 0.5}},
            SGD(StepDecay(0.01, 9, 0.5)),
        ),
        (
            {"schedule": {"kind": "exponential", "decay_steps": 9, "decay_rate": 0.5}},
            SGD(ExponentialDecay(0.01, 9, 0.5)),
        ),
        (
            {"schedule": {"kind": "piecewise", "boundaries": [5], "values": [1.0, 0.1]}},
            SGD(PiecewiseConstant([5], [1.0, 0.1])),
        ),
        ({"schedule": {"warm_up_steps": 5}}, SGD(WarmUp(0.01, 5))),
    ],
)
def test_optimizers_and_schedules(table: dict[str, object], optimizer: object) -> None:
    plan = plan_training(model(optimizer=table, iterations=1000), 100)
    assert plan.optimizer == optimizer
    assert hash(plan) == hash(plan_training(model(optimizer=table, iterations=1000), 100))


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_every_optimizer_can_be_asked_for(kind: str) -> None:
    plan = plan_training(model(optimizer={"kind": kind}), 100)
    assert plan.optimizer == OPTIMIZERS[kind]()


@pytest.mark.parametrize(
    ("table", "capture", "snapshots"),
    [
        ({"updates": [1, 5, 20]}, Listed((1, 5, 20)), 5),
        ({"updates": [0, 5, 100]}, Listed((0, 5, 100)), 3),
        ({"count": 7}, Spaced(7), 7),
        ({"count": 7, "spacing": "linear"}, Spaced(7), 7),
        ({"count": 7, "spacing": "logarithmic"}, Spaced(7, "logarithmic"), 7),
        ({"count": 7, "spacing": "adaptive"}, Adaptive(7), 7),
        ({"count": 500, "spacing": "adaptive"}, Adaptive(500), 101),
    ],
)
def test_captures(table: dict[str, object], capture: object, snapshots: int) -> None:
    plan = plan_training(model(capture=table, iterations=100), 100)
    assert (plan.capture, plan.snapshots, plan.every) == (capture, snapshots, None)


@pytest.mark.parametrize(
    ("loss", "classes", "outputs", "last", "settled"),
    [
        (None, 2, 1, "sigmoid", "binary_crossentropy"),
        (None, 3, 3, "softmax", "categorical_crossentropy"),
        ("categorical_crossentropy", 2, 2, "softmax", "categorical_crossentropy"),
        ("mean_squared_error", 2, 1, "sigmoid", "mean_squared_error"),
        ("mean_squared_error", 4, 4, "softmax", "mean_squared_error"),
        ("hinge", 2, 1, "linear", "hinge"),
        ("hinge", 3, 3, "linear", "hinge"),
    ],
)
def test_outputs_fit_the_loss_and_the_classes(
    loss: str | None, classes: int, outputs: int, last: str, settled: str
) -> None:
    plan = plan_training(model(loss=loss, layers=[4]), 100, classes)
    layer = plan.layers[-1]
    assert (layer.output_dim, layer.activation, plan.loss) == (outputs, last, settled)


def test_what_is_asked_for_beside_updates() -> None:
    plan = plan_training(
        model(
            regularization={"l1": 0.1, "l2": 0.2}, dropout=0.3, layers=[4, 4],
            early_stopping={"monitor": "loss", "patience": 5, "restore_best": False},
        ),
        100,
    )  # fmt: skip
    assert (plan.l1, plan.l2, plan.dropout) == (0.1, 0.2, (0.3, 0.3))
    assert plan.early_stopping == EarlyStopping("loss", 5, restore_best=False)
    plan = plan_training(model(dropout=[0.3, 0], layers=[4, 4]), 100)
    assert (plan.l1, plan.l2, plan.dropout, plan.early_stopping) == (0, 0, (0.3, 0), None)
