"""Chains folded into dense layers: the same function, by float64 arithmetic written out."""

from __future__ import annotations

from time import process_time

import numpy as np
import pytest

from epochreel.nn.dense_stack import (
    Activation,
    Dense,
    NotDense,
    Scale,
    batch_normalization,
    fold,
)
from epochreel.nn.network import Network


def dense(rng, inputs: int, units: int, *, bias: bool = True) -> Dense:
    weight = (rng.normal(size=(inputs, units)) / np.sqrt(inputs)).astype(np.float32)
    return Dense(weight, rng.normal(size=units).astype(np.float32) if bias else None)


def scale(rng, width: int) -> Scale:
    return Scale(rng.normal(1, 0.5, size=width), rng.normal(size=width))


def straight(steps, x, forward):
    """Apply one step after the other, in float64, features last."""
    for step in steps:
        if isinstance(step, Dense):
            x = x @ step.weight.astype(np.float64) + (0 if step.bias is None else step.bias)
        elif isinstance(step, Scale):
            x = x * step.scale + step.shift
        else:
            x = forward[step.name](x.T).T
    return x


def chains():
    """Give each place where a scale may stand, with and without biases."""
    rng = np.random.default_rng(0)
    relu, sigmoid = Activation("relu"), Activation("sigmoid")
    last = dense(rng, 6, 1)
    yield "plain", [dense(rng, 2, 6), relu, last, sigmoid]
    yield "no bias", [dense(rng, 2, 6, bias=False), relu, dense(rng, 6, 1, bias=False), sigmoid]
    yield "before all", [scale(rng, 2), dense(rng, 2, 6), relu, last, sigmoid]
    yield "before, no bias", [scale(rng, 2), dense(rng, 2, 6, bias=False), relu, last, sigmoid]
    yield "behind a layer", [dense(rng, 2, 6), scale(rng, 6), relu, last, sigmoid]
    yield "behind, no bias", [dense(rng, 2, 6, bias=False), scale(rng, 6), relu, last, sigmoid]
    yield "behind an activation", [dense(rng, 2, 6), relu, scale(rng, 6), last, sigmoid]
    yield "two in a row", [scale(rng, 2), scale(rng, 2), dense(rng, 2, 6), relu, last, sigmoid]
    yield "on both sides", [
        dense(rng, 2, 6), scale(rng, 6), scale(rng, 6), relu, scale(rng, 6), last, scale(rng, 1),
        sigmoid,
    ]  # fmt: skip
    yield "linear layers", [dense(rng, 2, 6), Activation("linear"), scale(rng, 6), last, sigmoid]
    yield "activations in a row", [dense(rng, 2, 6), relu, Activation("tanh"), last, sigmoid]
    yield "a scale between activations", [
        dense(rng, 2, 6), relu, scale(rng, 6), Activation("tanh"), last, sigmoid,
    ]  # fmt: skip
    yield "a scale, then an activation", [scale(rng, 2), Activation("tanh"), dense(rng, 2, 3)]
    yield "a scale at the end", [dense(rng, 2, 6), relu, scale(rng, 6)]
    alike = Scale(np.array(0.25), np.array(-1.0))
    yield "the same for all features", [alike, dense(rng, 2, 6), alike, relu, alike, alike, last]
    yield "softmax", [dense(rng, 2, 6), relu, dense(rng, 6, 3), Activation("softmax")]


@pytest.mark.parametrize(("name", "steps"), list(chains()), ids=[name for name, _ in chains()])
def test_the_same_function(name: str, steps, forward) -> None:
    del name
    architecture, parameters = fold(steps)
    assert parameters.dtype == np.float32
    network = Network.from_vector(architecture, parameters.astype(np.float64))
    points = np.random.default_rng(1).normal(size=(50, 2))
    expected = straight(steps, points, forward)
    last = architecture[-1].activation
    got = forward[last](network.logits(points).T.astype(np.float64)).T
    np.testing.assert_allclose(got, expected, atol=2e-6)


@pytest.mark.parametrize(
    ("where", "layers"), [("before all", 2), ("on both sides", 2), ("plain", 2), ("softmax", 2)]
)
def test_nothing_is_added_that_can_be_folded(where: str, layers: int) -> None:
    assert len(fold(dict(chains())[where]).architecture) == layers


def test_a_batch_normalisation() -> None:
    rng = np.random.default_rng(3)
    mean, variance, gamma, beta = rng.uniform(0.5, 2, size=(4, 5))
    step = batch_normalization(mean, variance, gamma, beta, 1e-3)
    x = rng.normal(size=(7, 5))
    expected = gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta
    np.testing.assert_allclose(x * step.scale + step.shift, expected, rtol=1e-13)


def test_weights_that_nothing_touches_are_kept_to_the_last_bit() -> None:
    rng = np.random.default_rng(4)
    first, last = dense(rng, 2, 6), dense(rng, 6, 1)
    _, parameters = fold([first, Activation("relu"), last])
    parts = [first.weight.ravel(), first.bias, last.weight.ravel(), last.bias]
    assert parameters.tobytes() == np.concatenate(parts).tobytes()
    first.weight[:] = 0  # the framework's own memory goes on changing
    assert parameters[0] != 0


def test_a_fold_of_large_features_keeps_its_digits() -> None:
    """A feature around 170 with a deviation of 8: its mean must not be lost in float32 too soon."""
    rng = np.random.default_rng(5)
    steps = [Scale(np.full(2, 1 / 8), np.full(2, -170 / 8)), dense(rng, 2, 6)]
    architecture, parameters = fold(steps)
    points = rng.normal(170, 8, size=(50, 2))
    expected = straight(steps, points, {})
    got = points @ parameters[:12].reshape(2, 6).astype(np.float64) + parameters[12:]
    np.testing.assert_allclose(got, expected, atol=2e-5)
    assert len(architecture) == 1


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ([], "no dense layer"),
        ([Activation("tanh"), Dense(np.ones((2, 1)))], "how many inputs"),
        ([Scale(np.ones(()), np.ones(()))], "how many inputs"),
        ([Dense(np.ones((2, 3))), Dense(np.ones((4, 1)))], "4 inputs follows one of 3 units"),
        ([Dense(np.ones((2, 3))), Scale(np.ones(2), np.ones(2))], "2 inputs follows one of 3"),
        ([Dense(np.ones((3, 3, 2, 1)))], "aren't a matrix"),
        ([Dense(np.ones((2, 3)), np.ones(4))], "aren't a matrix"),
        ([Dense(np.ones((2, 1))), Activation("mish")], "'mish'"),
        ([Scale(np.ones((2, 2)), np.ones((2, 2))), Dense(np.ones((2, 1)))], "each feature"),
    ],
)
def test_what_is_no_chain_of_dense_layers(steps, why: str) -> None:
    with pytest.raises(NotDense, match=why):
        fold(steps)


def test_a_diverging_training_is_folded_as_it_is() -> None:
    huge = np.full((2, 1), 1e300)
    assert np.isinf(fold([Dense(huge)]).parameters[:2]).all()


def test_it_costs_much_less_than_a_millisecond() -> None:
    """The article's network with four batch normalisations."""
    rng = np.random.default_rng(6)
    sizes, steps = [2, 25, 50, 50, 25, 1], []
    for inputs, units in zip(sizes, sizes[1:], strict=False):
        steps += [dense(rng, inputs, units), scale(rng, units), Activation("relu")]
    fold(steps)
    began = process_time()
    for _ in range(100):
        fold(steps)
    assert (process_time() - began) / 100 < 1e-3
