"""Units that are left out at random."""

from __future__ import annotations

import numpy as np
import pytest

from epochreel.nn.dropout import Drop, DropOut, check_dropout
from epochreel.nn.errors import InvalidInputError
from epochreel.nn.network import Network
from epochreel.nn.optimizers import SGD
from epochreel.nn.training import train


def dropped(rate, make=np.random.default_rng, dtype=np.float32, name="tanh"):
    a, delta = np.empty((2, 60, 100), dtype)
    layer = DropOut(name, a, delta, Drop(rate, make(3)))
    layer.z[...] = 0.5
    delta[...] = 2
    layer.forward()
    layer.backward()
    return a, delta


@pytest.mark.parametrize("make", [np.random.default_rng, np.random.RandomState])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_what_is_kept_is_scaled_up_so_that_the_mean_stays(rate, make, dtype):
    a, delta = dropped(rate, make, dtype)
    kept = a != 0
    np.testing.assert_allclose(a[kept], np.tanh(0.5) / (1 - rate), rtol=1e-6)
    np.testing.assert_allclose(delta[kept], 2 / (1 - rate) / np.cosh(0.5) ** 2, rtol=1e-6)
    assert not delta[~kept].any()
    share = np.sqrt(rate * (1 - rate) / a.size)  # standard deviation of the share that is kept
    assert kept.mean() == pytest.approx(1 - rate, abs=4 * share)


def test_each_update_drops_others_and_the_same_seed_the_same(moons):
    ends = []
    for seed in (1, 1, 2):
        network = Network([2, 20, 20, 1], rng=np.random.default_rng(0))
        train(
            network, moons.x_train, moons.y_train, optimizer=SGD(0.1), iterations=30,
            dropout=[0.2, 0.5], rng=np.random.default_rng(seed),
        )  # fmt: skip
        ends.append(network.flat.copy())
    np.testing.assert_array_equal(ends[0], ends[1])
    assert not np.array_equal(ends[0], ends[2])


def test_predictions_drop_nothing(moons):
    network = Network([2, 20, 1], initializer="glorot_uniform", rng=np.random.default_rng(0))
    train(
        network, moons.x_train, moons.y_train, optimizer=SGD(0.5), epochs=100, batch_size=32,
        dropout=0.3, rng=np.random.default_rng(1),
    )  # fmt: skip
    first = network.predict(moons.x_test)
    np.testing.assert_array_equal(network.predict(moons.x_test), first)
    assert ((first[:, 0] > 0.5) == moons.y_test).mean() > 0.75


def test_a_rate_of_0_is_no_dropout(moons):
    ends = []
    for dropout in (0.0, [0, 0]):
        network = Network([2, 5, 5, 1], rng=np.random.default_rng(0))
        train(network, moons.x_train, moons.y_train, iterations=5, dropout=dropout)
        ends.append(network.flat)
    np.testing.assert_array_equal(*ends)
    assert check_dropout(0.0, 3, None) == ()
    rng = np.random.default_rng(0)
    assert check_dropout([0, 0.5], 2, rng) == (None, Drop(0.5, rng))


def test_a_network_without_hidden_layers_has_nothing_to_drop():
    assert check_dropout(0.5, 0, None) == ()


@pytest.mark.parametrize(
    ("dropout", "message"),
    [
        (1.0, "dropout: must be ≥ 0 and < 1, got 1"),
        (-0.1, "dropout: must be ≥ 0 and < 1, got -0.1"),
        ([0.5, np.nan], "dropout: must be ≥ 0 and < 1, got nan"),
        ("half", "dropout: must be ≥ 0 and < 1, got 'half'"),
        ([0.5], "dropout: must have one rate for each of 2 hidden layers, got 1"),
        (0.5, "rng: must be given to drop units, got None"),
    ],
)
def test_impossible_rates_are_refused(dropout, message):
    with pytest.raises(InvalidInputError, match=message):
        check_dropout(dropout, 2, None)
