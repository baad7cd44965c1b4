"""What holds for every initialiser in the table."""

from __future__ import annotations

import numpy as np
import pytest

from epochreel.nn.errors import InvalidInputError
from epochreel.nn.initializers import INITIALIZERS, glorot_uniform, normal
from epochreel.nn.network import Network

each = pytest.mark.parametrize("name", INITIALIZERS)


@each
@pytest.mark.parametrize("make", [np.random.default_rng, np.random.RandomState])
def test_it_draws_finite_layers_from_either_kind_of_generator(name, make):
    weights, biases = INITIALIZERS[name](make(3), 4, 7)
    assert (weights.shape, biases.shape) == ((7, 4), (7,))
    assert np.isfinite(weights).all()
    assert np.isfinite(biases).all()


@each
def test_the_same_seed_gives_the_same(name):
    first, second = (
        Network([2, 5, 1], initializer=name, rng=np.random.default_rng(8)).flat for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


def test_normal_is_a_tenth_of_the_standard_one_for_weights_and_biases():
    weights, biases = normal(np.random.default_rng(0), 200, 300)
    assert weights.std() == pytest.approx(0.1, rel=0.02)
    assert biases.std() == pytest.approx(0.1, rel=0.2)


def test_glorot_fills_its_range_and_no_more():
    weights, biases = glorot_uniform(np.random.default_rng(0), 50, 25)
    limit = np.sqrt(6 / 75)
    assert 0.98 * limit < np.abs(weights).max() <= limit
    assert weights.std() == pytest.approx(limit / np.sqrt(3), rel=0.05)
    assert not biases.any()


def test_zeros_are_zeros():
    assert not Network([2, 3, 1], initializer="zeros", rng=np.random.default_rng(0)).flat.any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_published_start_comes_from_randomstate_2(dtype):
    """Draws as the article's loop does: of each layer W, then b."""
    sizes = [2, 25, 50, 50, 25, 1]
    legacy = np.random.RandomState(2)
    network = Network(sizes, rng=np.random.RandomState(2), dtype=dtype)
    parameters = network.parameters()
    for layer in range(1, len(sizes)):
        weights = legacy.randn(sizes[layer], sizes[layer - 1]) * 0.1
        biases = legacy.randn(sizes[layer], 1) * 0.1
        np.testing.assert_array_equal(parameters[f"W{layer}"], weights.astype(dtype))
        np.testing.assert_array_equal(parameters[f"b{layer}"], biases[:, 0].astype(dtype))


def test_an_unknown_name_says_what_is_known():
    with pytest.raises(InvalidInputError, match=r"initializer: .*'normal'.*got 'norml'.*'normal'"):
        Network([2, 1], initializer="norml", rng=np.random.default_rng(0))
