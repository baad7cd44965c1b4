"""Shapes and bytes of a training step are those of its arrays; curves those of the formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest

from epochreel.nn import Adam, InvalidInputError, Momentum, Network, activation_curves, step_arrays
from epochreel.nn.activations import ACTIVATIONS


def make(sizes: list[int], **options) -> Network:
    return Network(sizes, rng=np.random.default_rng(3), **options)


def test_shapes_are_those_of_the_networks_own_parameters() -> None:
    network = make([2, 5, 4, 3], output_activation="softmax")
    step = step_arrays(network, samples=7)
    views = network.views()
    widths = [2, 5, 4, 3]
    for index, layer in enumerate(step.layers):
        assert layer.weights == views[f"W{index + 1}"].shape
        assert layer.biases == views[f"b{index + 1}"].shape
        assert layer.inputs == (widths[index], 7)
        assert layer.outputs == layer.deltas == (widths[index + 1], 7)
        assert layer.parameters == widths[index + 1] * (widths[index] + 1)
    assert step.parameters == network.parameter_count
    assert [layer.activation for layer in step.layers] == ["relu", "relu", "softmax"]


def test_bytes_are_counted_once_and_none_is_left_out() -> None:
    step = step_arrays(make([2, 5, 1], dtype=np.float64), samples=10)
    memory = step.memory
    assert step.dtype == "float64"
    assert memory["parameters"] == memory["gradient"] == 8 * 21
    assert memory["batch"] == 8 * (3 * 10 + 10)  # a row of ones under x, and y
    assert memory["activations"] == 8 * (6 * 10 + 10)  # a row of ones under A, and the logits
    assert memory["deltas"] == 8 * (5 * 10 + 10)
    assert memory["optimizer"] == 8  # plain descent remembers its rate
    # of ReLU: zeros and ones of its own; slopes and ones of all, with the rows between layers
    assert memory["scratch"] == 8 * (5 * 10 + 5 * 10 + 6 * 10 + 6 * 10)
    assert step.bytes == sum(memory.values())


@pytest.mark.parametrize(("optimizer", "vectors"), [(Momentum(0.1), 1), (Adam(0.1), 3)])
def test_optimisers_remember_so_many_vectors(optimizer, vectors: int) -> None:
    step = step_arrays(make([2, 5, 1]), samples=10, optimizer=optimizer)
    kept = step.memory["optimizer"] - vectors * 4 * 21
    assert 0 <= kept <= 40  # and a few single numbers
    assert step.optimizer == type(optimizer).__name__


def test_the_network_stays_as_it_was() -> None:
    network = make([2, 3, 1])
    before = network.flat.copy()
    step_arrays(network, samples=4, optimizer=Adam(0.1, weight_decay=0.1))
    np.testing.assert_array_equal(network.flat, before)


@pytest.mark.parametrize("samples", [0, -1, 2.5])
def test_a_batch_has_samples(samples) -> None:
    with pytest.raises(InvalidInputError, match="samples: must be"):
        step_arrays(make([2, 1]), samples=samples)


def test_every_activation_has_its_curve_and_its_own_slope() -> None:
    curves = activation_curves(-3, 3, 301)
    assert list(curves) == list(ACTIVATIONS)
    for name, curve in curves.items():
        numeric = (curve.f[2:] - curve.f[:-2]) / (curve.z[2:] - curve.z[:-2])
        smooth = np.abs(curve.z[1:-1]) > 0.03  # not across a kink
        assert np.abs(numeric - curve.slope[1:-1])[smooth].max() < 2e-4, name
    at = {name: float(np.interp(1.0, curve.z, curve.f)) for name, curve in curves.items()}
    assert at["relu"] == at["linear"] == pytest.approx(1)
    assert at["tanh"] == pytest.approx(math.tanh(1))
    assert at["sigmoid"] == pytest.approx(1 / (1 + math.exp(-1)))
    assert at["softmax"] == pytest.approx(at["sigmoid"])  # beside one 0
    assert curves["softmax"].note
