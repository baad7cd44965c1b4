"""What holds for every activation in the table."""

from __future__ import annotations

import math

import numpy as np
import pytest

from epochreel.nn.activations import ACTIVATIONS, activate
from epochreel.nn.network import Network

each = pytest.mark.parametrize("name", ACTIVATIONS)
DTYPES = [np.float32, np.float64]


@pytest.fixture
def z():
    points = np.linspace(-6, 6, 240)  # none of them 0, where some have no derivative
    return points.reshape(8, 30)


@each
@pytest.mark.parametrize("dtype", DTYPES)
def test_forward_is_its_formula_in_place(name, dtype, z, forward):
    a = z.astype(dtype)
    assert ACTIVATIONS[name](a, np.empty_like(a)).forward() is None
    assert a.dtype == dtype
    np.testing.assert_allclose(a, forward[name](z), rtol=0, atol=8 * np.finfo(dtype).eps)


@each
def test_backward_is_the_slope_by_finite_differences(name, z):
    def f(values):
        a = values.copy()
        ACTIVATIONS[name](a, np.empty_like(a)).forward()
        return a

    h = 1e-6
    incoming = np.random.default_rng(1).standard_normal(z.shape)
    expected = np.zeros_like(z)
    for unit in range(len(z)):  # a unit may change all units of its sample, as of softmax
        nudge = np.zeros_like(z)
        nudge[unit] = h
        expected[unit] = (incoming * (f(z + nudge) - f(z - nudge)) / (2 * h)).sum(axis=0)
    a, delta = z.copy(), incoming.copy()
    activation = ACTIVATIONS[name](a, delta)
    activation.forward()
    activation.backward()
    np.testing.assert_allclose(delta, expected, rtol=0, atol=1e-8)


@each
@pytest.mark.parametrize("dtype", DTYPES)
def test_backward_can_be_repeated(name, dtype, z):
    a, delta = z.astype(dtype), np.empty(z.shape, dtype)
    activation = ACTIVATIONS[name](a, delta)
    results = []
    for _ in range(2):
        a[...] = z
        delta[...] = 3
        activation.forward()
        activation.backward()
        results.append(delta.copy())
    np.testing.assert_array_equal(*results)


@each
@pytest.mark.parametrize("dtype", DTYPES)
def test_extremes_give_limits_not_nan(name, dtype):
    a = np.array([[-1e30, -200.0, 0.0, 200.0, 1e30]], dtype)
    delta = np.ones_like(a)
    activation = ACTIVATIONS[name](a, delta)
    with np.errstate(all="ignore"):
        activation.forward()
        activation.backward()
    assert not np.isnan(a).any()
    assert not np.isnan(delta).any()


@pytest.mark.parametrize("dtype", DTYPES)
def test_relu_reads_bits_exactly(dtype):
    info = np.finfo(dtype)
    values = [info.smallest_subnormal, info.tiny, info.eps, 1, info.max, -info.max, 0.0, -0.0]
    z = np.array([values], dtype)
    incoming = np.array([[-1.5, 2.5, -info.tiny, info.max, -info.smallest_subnormal, 7, 7, 7]])
    a, delta = z.copy(), incoming.astype(dtype)
    relu = ACTIVATIONS["relu"](a, delta)
    relu.forward()
    relu.backward()
    np.testing.assert_array_equal(a, np.maximum(z, 0))
    np.testing.assert_array_equal(delta, incoming.astype(dtype) * (z > 0))


@each
def test_a_network_can_end_in_it(name, forward):
    network = Network([2, 4, 3], "tanh", name, rng=np.random.default_rng(3), dtype=np.float64)
    points = np.random.default_rng(4).standard_normal((10, 2))
    expected = forward[name](network.logits(points).T).T
    np.testing.assert_allclose(network.predict(points), expected, atol=1e-15)
    np.testing.assert_allclose(activate(name, network.logits(points).T).T, expected, atol=1e-15)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("name", "z", "value"),
    [
        ("gelu", -9.0, -4.5 * math.erfc(9 / math.sqrt(2))),
        ("silu", -40.0, -40 * math.exp(-40)),
        ("softplus", -40.0, math.exp(-40)),
        ("elu", -1e-9, -1e-9),
        ("selu", -1e-9, -1e-9 * 1.0507009873554805 * 1.6732632423543772),
        ("sigmoid", -40.0, math.exp(-40)),
    ],
)
def test_nothing_is_lost_below_0(name, z, value, dtype):
    """Relative, not absolute: a tail of 1e-18 is right in all its digits."""
    a = np.array([[z]], dtype)
    ACTIVATIONS[name](a, np.empty_like(a)).forward()
    assert a[0, 0] == pytest.approx(value, rel=50 * float(np.finfo(dtype).eps))


@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax_adds_up_to_1_for_any_sums(dtype):
    a = np.array([[1e30, 0.0, -3], [1e30, -1000.0, 2], [-1e30, 1000.0, 2]], dtype)
    ACTIVATIONS["softmax"](a, np.empty_like(a)).forward()
    np.testing.assert_allclose(a.sum(axis=0), 1, rtol=1e-6)
    np.testing.assert_array_equal(a[:, :2], np.array([[0.5, 0], [0.5, 0], [0, 1]], dtype))
