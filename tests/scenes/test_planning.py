from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
