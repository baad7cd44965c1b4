"""Gradients of whole networks, against finite differences and against the oracle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from epochreel.nn.activations import ACTIVATIONS
from epochreel.nn.architecture import named_parameters, parameter_blocks
from epochreel.nn.losses import LOSSES
from epochreel.nn.network import Network, Pass

every_pair = pytest.mark.parametrize(
    ("activation", "loss"), [(activation, loss) for activation in ACTIVATIONS for loss in LOSSES]
)


def gradient_of(network: Network, x, y, loss: str) -> tuple[float, np.ndarray]:
    """Go up and down once; give the mean loss and the gradient."""
    gradient = np.full_like(network.flat, np.nan)
    batch = Pass(network.architecture, network.flat, gradient, len(x))
    columns = np.vstack([x.T, np.ones(len(x))]).astype(network.flat.dtype)
    labels = y[None].astype(network.flat.dtype)
    value = LOSSES[loss].values(batch.forward(columns), labels).mean()
    batch.backward(columns, labels, LOSSES[loss](len(x), network.flat.dtype))
    return float(value), gradient


def away_from_kinks(network: Network, x) -> bool:
    """Say whether no unit stands where a finite difference would step over its kink."""
    end = 0
    for number, spec in enumerate(network.architecture[:-1], start=1):
        end += (spec.input_dim + 1) * spec.output_dim
        below = Network.from_vector(network.architecture[:number], network.flat[:end])
        if np.abs(below.logits(x)).min() < 1e-4:
            return False
    return True


@every_pair
@settings(max_examples=40, deadline=None, database=None)
@given(
    hidden=st.lists(st.integers(1, 5), max_size=3),
    samples=st.integers(1, 6),
    seed=st.integers(0, 2**32 - 1),
)
def test_finite_differences(activation, loss, hidden, samples, seed):
    rng = np.random.default_rng(seed)
    network = Network(
        [2, *hidden, 1], activation, LOSSES[loss].output_activation, rng=rng, dtype=np.float64
    )
    network.flat *= 8
    x, y = rng.standard_normal((samples, 2)), rng.integers(0, 2, samples).astype(float)
    assume(away_from_kinks(network, x) or activation not in ("relu", "leaky_relu"))
    _, gradient = gradient_of(network, x, y, loss)
    h = 1e-6
    for index in range(network.parameter_count):
        kept = network.flat[index]
        ends = []
        for sign in (1, -1):
            network.flat[index] = kept + sign * h
            ends.append(gradient_of(network, x, y, loss)[0])
        network.flat[index] = kept
        assert gradient[index] == pytest.approx((ends[0] - ends[1]) / (2 * h), abs=2e-8)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(np.float64, 1e-14), (np.float32, 2e-6)], ids=["float64", "float32"]
)
def test_the_oracle_agrees(activation, dtype, tolerance, oracle, moons):
    network = Network(
        [2, 25, 50, 50, 25, 1], activation, initializer="glorot_uniform",
        rng=np.random.default_rng(6), dtype=dtype,
    )  # fmt: skip
    other = oracle(network.parameters(), activation)
    x, y = moons.x_train, moons.y_train.astype(float)
    value, gradient = gradient_of(network, x, y, "binary_crossentropy")
    assert value == pytest.approx(other.loss(x, y), rel=tolerance * 10)
    named = named_parameters(parameter_blocks(network.architecture, gradient))
    for name, expected in other.gradients(x, y).items():
        values = named[name].reshape(expected.shape)
        np.testing.assert_allclose(values, expected, rtol=0, atol=tolerance)
