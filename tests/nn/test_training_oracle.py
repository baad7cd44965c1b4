"""Whole trainings against the oracle, update by update."""

from __future__ import annotations

import numpy as np
import pytest

from epochreel.nn.network import Network
from epochreel.nn.optimizers import SGD
from epochreel.nn.training import train

SIZES = [2, 25, 50, 50, 25, 1]
PRECISIONS = pytest.mark.parametrize(
    ("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 2e-5)], ids=["float64", "float32"]
)


class Watch:
    """Keeps every update's parameters."""

    def __init__(self) -> None:
        self.seen: list[dict] = []

    def __call__(self, iteration, parameters) -> None:
        assert iteration == len(self.seen) + 1
        self.seen.append(dict(parameters))


def assert_same(parameters, expected, tolerance) -> None:
    for name, values in expected.items():
        np.testing.assert_allclose(parameters[name], values, rtol=0, atol=tolerance, err_msg=name)


@pytest.mark.parametrize(
    ("activation", "initializer", "dtype", "rate", "tolerance"),
    [
        ("relu", "normal", np.float64, 0.01, 1e-12),
        ("relu", "glorot_uniform", np.float64, 0.1, 1e-12),
        # where rounding puts one sample on the other side of a kink, its whole gradient differs
        ("relu", "normal", np.float32, 0.01, 2e-5),
        ("tanh", "glorot_uniform", np.float32, 0.1, 2e-6),
    ],
)
def test_full_batch(activation, initializer, dtype, rate, tolerance, oracle, moons):
    rng = np.random.RandomState(2)
    network = Network(SIZES, activation, initializer=initializer, rng=rng, dtype=dtype)
    other = oracle(network.parameters(), activation)
    x, y, watch = moons.x_train, moons.y_train, Watch()
    history = train(network, x, y, optimizer=SGD(rate), iterations=200, callbacks=[watch])
    assert len(watch.seen) == history.updates == len(history.loss) == 200
    for update in range(200):
        loss, accuracy = other.loss(x, y), other.accuracy(x, y)
        assert history.loss[update] == pytest.approx(loss, abs=tolerance)
        assert history.accuracy[update] == pytest.approx(accuracy, abs=1e-12)
        other.step(x, y, rate)
        assert_same(watch.seen[update], other.named(), tolerance)
    assert history.loss[-1] < history.loss[0]
    assert_same(network.parameters(), other.named(), tolerance)


@PRECISIONS
def test_mini_batches_with_a_short_last_one(dtype, tolerance, oracle, moons):
    network = Network(
        SIZES, initializer="glorot_uniform", rng=np.random.default_rng(3), dtype=dtype
    )
    other = oracle(network.parameters())
    x, y, watch = moons.x_train, moons.y_train, Watch()
    assert len(x) % 32 == 20
    history = train(
        network, x, y, optimizer=SGD(0.05), epochs=8, batch_size=32,
        rng=np.random.default_rng(11), callbacks=[watch],
    )  # fmt: skip
    assert (history.updates, history.epochs, len(history.loss)) == (48, 8, 8)
    rng, update = np.random.default_rng(11), 0
    for epoch in range(8):
        losses, hits = [], []
        for batch_x, batch_y in other.epoch(x, y, 32, rng.permutation(len(x))):
            losses.append(other.loss(batch_x, batch_y) * len(batch_x))
            hits.append(other.accuracy(batch_x, batch_y) * len(batch_x))
            other.step(batch_x, batch_y, 0.05)
            assert_same(watch.seen[update], other.named(), tolerance)
            update += 1
        assert history.loss[epoch] == pytest.approx(sum(losses) / len(x), abs=tolerance)
        assert history.accuracy[epoch] == pytest.approx(sum(hits) / len(x), abs=1e-12)
    assert history.loss[-1] < history.loss[0]


def test_every_activation(elementwise, oracle, moons):
    activation = elementwise
    network = Network(
        [2, 6, 4, 1], activation, initializer="glorot_uniform",
        rng=np.random.default_rng(4), dtype=np.float64,
    )  # fmt: skip
    other = oracle(network.parameters(), activation)
    x, y = moons.x_train, moons.y_train
    train(network, x, y, optimizer=SGD(0.3), iterations=50)
    for _ in range(50):
        other.step(x, y, 0.3)
    assert_same(network.parameters(), other.named(), 1e-12)


@pytest.mark.parametrize("batch_size", [1, 7, 60, 179, 180, 181, None])
@pytest.mark.parametrize("iterations", [1, 5, 61])
def test_any_batch_size_and_length(batch_size, iterations, oracle, moons):
    network = Network([2, 5, 1], "tanh", rng=np.random.default_rng(4), dtype=np.float64)
    other = oracle(network.parameters(), "tanh")
    x, y = moons.x_train, moons.y_train
    history = train(
        network, x, y, optimizer=SGD(0.3), iterations=iterations, batch_size=batch_size,
        shuffle=False,
    )  # fmt: skip
    size, done, rows = min(batch_size or 180, 180), 0, []
    while done < iterations:
        losses, seen = 0.0, 0
        for batch_x, batch_y in other.epoch(x, y, size, np.arange(180)):
            if done < iterations:
                losses += other.loss(batch_x, batch_y) * len(batch_x)
                seen += len(batch_x)
                other.step(batch_x, batch_y, 0.3)
                done += 1
        rows.append(losses / seen)
    assert_same(network.parameters(), other.named(), 1e-12)
    np.testing.assert_allclose(history.loss, rows, rtol=0, atol=1e-12)
    assert history.updates == iterations
    assert history.epochs == pytest.approx(iterations / -(-180 // size))


def test_logistic_regression_has_no_hidden_layer(oracle, moons):
    network = Network([2, 1], rng=np.random.default_rng(4), dtype=np.float64)
    other = oracle(network.parameters())
    train(network, moons.x_train, moons.y_train, optimizer=SGD(0.3), iterations=30)
    for _ in range(30):
        other.step(moons.x_train, moons.y_train, 0.3)
    assert_same(network.parameters(), other.named(), 1e-12)
