"""What holds for every activation in the table."""

from __future__ import annotations

import numpy as np
import pytest

from epochreel.nn.activations import ACTIVATIONS
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
    slope = (f(z + h) - f(z - h)) / (2 * h)
    incoming = np.random.default_rng(1).standard_normal(z.shape)
    a, delta = z.copy(), incoming.copy()
    activation = ACTIVATIONS[name](a, delta)
    activation.forward()
    activation.backward()
    np.testing.assert_allclose(delta, incoming * slope, rtol=0, atol=1e-8)


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
    np.testing.assert_allclose(
        network.predict(points), forward[name](network.logits(points)), atol=1e-15
    )
