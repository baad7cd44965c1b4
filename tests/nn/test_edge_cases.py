"""What is odd but allowed: nothing to learn, hardly anything to learn from, far too large steps."""

from __future__ import annotations

import numpy as np
import pytest

from epochreel.nn.activations import ACTIVATIONS
from epochreel.nn.initializers import INITIALIZERS
from epochreel.nn.losses import LOSSES
from epochreel.nn.network import Network
from epochreel.nn.optimizers import OPTIMIZERS
from epochreel.nn.training import train

HIDDEN = [name for name in ACTIVATIONS if name != "softmax"]  # of one unit that is always 1
optimizers = pytest.mark.parametrize("optimizer", OPTIMIZERS)
activations = pytest.mark.parametrize("activation", HIDDEN)
losses = pytest.mark.parametrize("loss", LOSSES)
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def network(sizes, loss="binary_crossentropy", activation="tanh", seed=1, **options):
    output = LOSSES[loss].output_activations[0]
    sizes = [*sizes, 2 if output == "softmax" else 1]
    rng = np.random.default_rng(seed)
    return Network(
        sizes, activation, output, **{"initializer": "glorot_uniform", **options}, rng=rng
    )


@optimizers
@losses
@pytest.mark.parametrize("batch_size", [None, 32])
def test_a_rate_of_0(optimizer, loss, batch_size, moons):
    net = network([2, 5], loss)
    before = net.flat.copy()
    history = train(
        net, moons.x_train, moons.y_train, loss=loss, epochs=10, batch_size=batch_size,
        optimizer=OPTIMIZERS[optimizer](learning_rate=0), shuffle=False, l2=0.01,
    )  # fmt: skip
    np.testing.assert_array_equal(net.flat, before)
    assert np.ptp(history.loss) == 0
    assert (history.updates, history.stopped) == (10 if batch_size is None else 60, None)


@optimizers
@losses
@activations
def test_one_sample_one_unit(optimizer, loss, activation):
    net = network([1, 1], loss, activation)
    history = train(
        net, [[1.0]], [1], loss=loss, iterations=400,
        optimizer=OPTIMIZERS[optimizer](learning_rate=0.3 if optimizer == "adagrad" else 0.02),
    )  # fmt: skip
    assert history.stopped is None
    assert history.loss[-1] <= history.loss[0]
    assert np.isfinite(net.flat).all()


@optimizers
@pytest.mark.parametrize("value", [0.0, 3.0])
def test_constant_features_teach_the_share_of_each_class(optimizer, value, moons):
    net = network([2, 5])
    x, y = np.full_like(moons.x_train, value), (np.arange(180) % 3 == 0).astype(int)
    rate = {"adagrad": 0.5, "sgd": 0.5}.get(optimizer, 0.01)
    history = train(net, x, y, optimizer=OPTIMIZERS[optimizer](learning_rate=rate), iterations=800)
    best = -(np.log(1 / 3) + 2 * np.log(2 / 3)) / 3
    assert history.loss[-1] == pytest.approx(best, abs=5e-3)


@optimizers
@activations
def test_units_that_start_alike_stay_alike(optimizer, activation, moons):
    net = network([2, 4], activation=activation, initializer="zeros")
    history = train(
        net, moons.x_train, moons.y_train, iterations=50,
        optimizer=OPTIMIZERS[optimizer](learning_rate=0.01),
    )  # fmt: skip
    assert history.stopped is None
    parameters = net.parameters()
    for values in (parameters["W1"], parameters["b1"][:, None], parameters["W2"].T):
        np.testing.assert_allclose(values, np.broadcast_to(values[:1], values.shape), atol=1e-6)


@optimizers
def test_a_dead_layer_stays_dead_and_the_rest_learns(optimizer, moons):
    net = network([2, 4], activation="relu")
    parameters = net.parameters()
    parameters["b1"][:] = -100
    net.load(parameters)
    y = (np.arange(180) % 3 == 0).astype(int)
    history = train(
        net, moons.x_train, y, iterations=300,
        optimizer=OPTIMIZERS[optimizer](learning_rate=0.02, weight_decay=0.0),
    )  # fmt: skip
    np.testing.assert_array_equal(net.parameters()["W1"], parameters["W1"])
    assert np.ptp(net.predict(moons.x_train)) == 0
    assert history.loss[-1] < history.loss[0]
    assert history.stopped is None


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov"])
@activations
@losses
@DTYPES
def test_whatever_diverges_is_found_or_stays_finite(optimizer, activation, loss, dtype, moons):
    net = network([2, 6], loss, activation, dtype=dtype)
    rate = 1e20 if dtype == np.float32 else 1e200
    history = train(
        net, moons.x_train, moons.y_train, loss=loss, iterations=60, l2=1.0,
        optimizer=OPTIMIZERS[optimizer](learning_rate=rate),
        metrics=("loss", "accuracy", "gradient_norm", "update_ratio"),
    )  # fmt: skip
    assert history.stopped is not None
    assert history.stopped.startswith("loss is not finite at update ")
    assert np.isfinite(history.loss).all()
    assert len(history.loss) == len(history.metrics["gradient_norm"])
    assert history.updates < 60


@pytest.mark.parametrize("optimizer", ["rmsprop", "adagrad", "adam", "adamw", "lion"])
def test_steps_that_are_bounded_survive_a_great_rate(optimizer, moons):
    net = network([2, 6], activation="relu")
    history = train(
        net, moons.x_train, moons.y_train, iterations=50,
        optimizer=OPTIMIZERS[optimizer](learning_rate=100.0),
    )  # fmt: skip
    assert history.stopped is None
    assert np.isfinite(history.loss).all()


@pytest.mark.parametrize("initializer", INITIALIZERS)
@pytest.mark.parametrize("sizes", [[1], [2, 1], [2, 30, 1, 7]])
def test_any_start_of_any_shape(initializer, sizes, moons):
    net = network(sizes, initializer=initializer)
    history = train(net, moons.x_train[:, : sizes[0]], moons.y_train, iterations=5)
    assert np.isfinite(history.loss).all()


def test_more_samples_in_a_batch_than_there_are():
    first, second = network([1, 3]), network([1, 3])
    x, y = [[0.0], [1.0], [2.0]], [0, 1, 1]
    train(first, x, y, epochs=5, batch_size=3)
    train(second, x, y, epochs=5, batch_size=1000)
    np.testing.assert_array_equal(first.flat, second.flat)
