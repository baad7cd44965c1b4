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


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("glorot_uniform", 2 / (30 + 200)), ("glorot_normal", 2 / (30 + 200)),
        ("he_uniform", 2 / 30), ("he_normal", 2 / 30),
        ("lecun_uniform", 1 / 30), ("lecun_normal", 1 / 30),
    ],
)  # fmt: skip
@pytest.mark.parametrize("make", [np.random.default_rng, np.random.RandomState])
def test_weights_have_the_variance_that_is_meant(name, variance, make):
    weights, biases = INITIALIZERS[name](make(0), 30, 200)
    assert weights.var() == pytest.approx(variance, rel=0.04)
    assert weights.mean() == pytest.approx(0, abs=4 * np.sqrt(variance / weights.size))
    # a uniform one ends at √3 deviations, a truncated normal one at two of the wider deviations
    longest = np.sqrt(3) if name.endswith("uniform") else 2 / 0.87962566103423978
    assert 0.97 * longest < np.abs(weights).max() / np.sqrt(variance) <= longest
    assert not biases.any()


def test_truncated_normal_is_scipys():
    from scipy.stats import kstest, truncnorm

    weights, _ = INITIALIZERS["he_normal"](np.random.default_rng(0), 50, 400)
    scale = np.sqrt(2 / 50) / truncnorm(-2, 2).std()
    assert kstest(weights.ravel(), truncnorm(-2, 2, scale=scale).cdf).pvalue > 0.01


@pytest.mark.parametrize(("inputs", "units"), [(7, 7), (5, 9), (9, 5), (1, 4), (4, 1), (1, 1)])
def test_orthogonal_rows_or_columns(inputs, units):
    weights, biases = INITIALIZERS["orthogonal"](np.random.default_rng(0), inputs, units)
    product = weights @ weights.T if units <= inputs else weights.T @ weights
    np.testing.assert_allclose(product, np.eye(min(inputs, units)), atol=1e-14)
    assert not biases.any()


def test_orthogonal_ones_point_everywhere_alike():
    draws = [INITIALIZERS["orthogonal"](np.random.default_rng(s), 2, 2)[0] for s in range(400)]
    assert np.abs(np.mean(draws, axis=0)).max() < 0.12
    assert abs(np.mean([np.linalg.det(draw) for draw in draws])) < 0.2


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
