"""What holds for every loss in the table, and what is exact where outputs saturate."""

from __future__ import annotations

import math

import numpy as np
import pytest

from epochreel.nn.activations import ACTIVATIONS
from epochreel.nn.losses import LOSSES, BinaryCrossentropy
from epochreel.nn.network import mean_loss

each = pytest.mark.parametrize("name", LOSSES)


@pytest.fixture
def samples():
    rng = np.random.default_rng(5)
    return rng.normal(0, 3, (1, 40)), rng.integers(0, 2, (1, 40)).astype(np.float64)


@each
def test_delta_is_the_derivative_of_the_mean(name, samples):
    logits, y = samples
    delta = np.empty_like(logits)
    LOSSES[name](logits.shape[1], np.float64).delta(logits, y, delta)
    h = 1e-5
    for sample in range(logits.shape[1]):
        nudge = np.zeros_like(logits)
        nudge[0, sample] = h
        up, down = (LOSSES[name].values(logits + s * nudge, y).mean() for s in (1, -1))
        assert delta[0, sample] == pytest.approx((up - down) / (2 * h), abs=1e-9)


@each
def test_it_leaves_its_arguments_alone(name, samples):
    logits, y = (array.copy() for array in samples)
    LOSSES[name].values(logits, y)
    LOSSES[name].hits(logits, y)
    LOSSES[name](40, np.float64).delta(logits, y, np.empty_like(logits))
    np.testing.assert_array_equal(logits, samples[0])
    np.testing.assert_array_equal(y, samples[1])


@each
def test_it_goes_with_an_activation_of_the_table(name):
    assert LOSSES[name].output_activation in ACTIVATIONS


@each
def test_rows_are_what_each_is_alone(name, samples):
    logits, y = np.vstack([samples[0], -samples[0], samples[0] * 2]), samples[1][0]
    loss, accuracy = mean_loss(LOSSES[name], logits, y)
    for row in range(3):
        alone = mean_loss(LOSSES[name], logits[row : row + 1], y[None])
        assert (loss[row], accuracy[row]) == (alone[0][0], alone[1][0])
    assert accuracy[0] == 1 - accuracy[1]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("z", [0.0, 1e-3, 5.0, 30.0, 88.0, 100.0, 720.0, 1000.0, 1e6, 1e30])
def test_saturated_outputs_lose_nothing(z, dtype):
    small = math.exp(-z) if z > 30 else math.log1p(math.exp(-z))  # log(1 + e) = e at e < 1e-13
    with np.errstate(under="ignore"):
        values = BinaryCrossentropy.values(np.array([z, z, -z, -z], dtype), np.array([1, 0, 0, 1]))
    eps = float(np.finfo(dtype).eps)
    right, wrong = float(np.finfo(dtype).tiny), z + small
    assert values[0] == pytest.approx(small, rel=40 * eps, abs=right)
    assert values[2] == pytest.approx(small, rel=40 * eps, abs=right)
    assert values[1] == pytest.approx(wrong, rel=2 * eps)
    assert values[3] == pytest.approx(wrong, rel=2 * eps)


def test_delta_of_saturated_outputs_is_exact():
    logits = np.array([[1000, 1000, -1000, -1000]], np.float32)
    y = np.array([[1, 0, 0, 1]], np.float32)
    delta = np.empty_like(logits)
    with np.errstate(over="ignore"):
        BinaryCrossentropy(4, np.float32).delta(logits, y, delta)
    np.testing.assert_array_equal(delta, [[0, 0.25, 0, -0.25]])


def test_a_logit_of_0_predicts_class_0():
    hits = BinaryCrossentropy.hits(np.array([0.0, 0.0, 1e-30]), np.array([0, 1, 1]))
    np.testing.assert_array_equal(hits, [True, False, True])
