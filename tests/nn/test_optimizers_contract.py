"""What holds for every optimiser in the table, against slow ones that follow the book."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from epochreel.nn.errors import InvalidInputError
from epochreel.nn.network import Network, update
from epochreel.nn.optimizers import OPTIMIZERS, SGD, Nesterov
from epochreel.nn.schedules import ExponentialDecay
from epochreel.nn.training import train

each = pytest.mark.parametrize("name", OPTIMIZERS)
precisions = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def sgd(p, gradients, rate, momentum=0.0, nesterov=False):
    v = 0.0
    for g in gradients:
        v = momentum * v - rate * g
        p = p + (momentum * v - rate * g if nesterov else v)
        yield p


def rmsprop(p, gradients, rate, rho=0.9, epsilon=1e-7):
    mean = 0.0
    for g in gradients:
        mean = rho * mean + (1 - rho) * g**2
        p = p - rate * g / np.sqrt(mean + epsilon)
        yield p


def adagrad(p, gradients, rate, start=0.1, epsilon=1e-7):
    for number in range(1, len(gradients) + 1):
        total = start + sum(g**2 for g in gradients[:number])
        p = p - rate * gradients[number - 1] / np.sqrt(total + epsilon)
        yield p


def adam(p, gradients, rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7, decay=0.0):
    """As in the paper before "the order of computation": corrected moments, ε scaled to match."""
    for t in range(1, len(gradients) + 1):
        past = gradients[:t]
        m = sum((1 - beta_1) * beta_1 ** (t - 1 - i) * g for i, g in enumerate(past))
        v = sum((1 - beta_2) * beta_2 ** (t - 1 - i) * g**2 for i, g in enumerate(past))
        m_hat, v_hat = m / (1 - beta_1**t), v / (1 - beta_2**t)
        p = p - decay * rate * p
        p = p - rate * m_hat / (np.sqrt(v_hat) + epsilon / np.sqrt(1 - beta_2**t))
        yield p


def lion(p, gradients, rate, beta_1=0.9, beta_2=0.99):
    m = 0.0
    for g in gradients:
        p = p - rate * np.sign(beta_1 * m + (1 - beta_1) * g)
        m = beta_2 * m + (1 - beta_2) * g
        yield p


BOOK = {
    "sgd": sgd,
    "momentum": lambda *args: sgd(*args, momentum=0.9),
    "nesterov": lambda *args: sgd(*args, momentum=0.9, nesterov=True),
    "rmsprop": rmsprop,
    "adagrad": adagrad,
    "adam": adam,
    "adamw": lambda *args: adam(*args, decay=0.004),
    "lion": lion,
}


def follow(optimizer, start, gradients, dtype=np.float64, variables=None):
    parameters = np.array(start, dtype)
    to_step = optimizer.start(parameters, variables)
    for gradient in gradients:
        update(parameters, gradient.astype(dtype), to_step)
        yield parameters.copy()


@pytest.fixture
def gradients():
    rng = np.random.default_rng(3)
    scale = 10.0 ** rng.integers(-4, 3, 40)  # from far below to far above the usual
    return list(rng.standard_normal((60, 40)) * scale)


START = np.random.default_rng(4).standard_normal(40)


@each
@pytest.mark.parametrize("rate", [0.0, 1e-3, 0.3])
def test_it_follows_the_book(name, rate, gradients):
    ours = follow(OPTIMIZERS[name](learning_rate=rate), START, gradients)
    for mine, theirs in zip(ours, BOOK[name](START, gradients, rate), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-11, atol=1e-12)


@each
def test_float32_stays_near_float64(name, gradients):
    scaled = [np.sign(g) * np.maximum(np.abs(g), 0.01) for g in gradients]
    optimizer = OPTIMIZERS[name](learning_rate=1e-3)
    *_, short = follow(optimizer, START, scaled, np.float32)
    *_, long = follow(optimizer, START.astype(np.float32), scaled)
    assert short.dtype == np.float32
    np.testing.assert_allclose(short, long, rtol=1e-5, atol=1e-5)


@settings(max_examples=40, deadline=None, database=None)
@given(
    beta_1=st.floats(0, 0.999), beta_2=st.floats(0, 0.9999), momentum=st.floats(0, 1),
    rho=st.floats(0, 1), epsilon=st.floats(1e-8, 1), rate=st.floats(0, 1),
)  # fmt: skip
def test_their_settings_are_the_books(beta_1, beta_2, momentum, rho, epsilon, rate):
    gradients = list(np.random.default_rng(1).standard_normal((8, 3)))
    pairs = [
        (SGD(rate, momentum), sgd(START[:3], gradients, rate, momentum)),
        (Nesterov(rate, momentum), sgd(START[:3], gradients, rate, momentum, True)),
        (OPTIMIZERS["rmsprop"](rate, rho=rho, epsilon=epsilon),
         rmsprop(START[:3], gradients, rate, rho, epsilon)),
        (OPTIMIZERS["adagrad"](rate, initial_accumulator_value=rho, epsilon=epsilon),
         adagrad(START[:3], gradients, rate, rho, epsilon)),
        (OPTIMIZERS["adam"](rate, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon),
         adam(START[:3], gradients, rate, beta_1, beta_2, epsilon)),
        (OPTIMIZERS["lion"](rate, beta_1=beta_1, beta_2=beta_2),
         lion(START[:3], gradients, rate, beta_1, beta_2)),
    ]  # fmt: skip
    for optimizer, book in pairs:
        for mine, theirs in zip(follow(optimizer, START[:3], gradients), book, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-7, atol=1e-9)


@each
def test_defaults_are_keras_s(name):
    keras = {
        "sgd": {"learning_rate": 0.01, "momentum": 0, "nesterov": False},
        "momentum": {"learning_rate": 0.01, "momentum": 0.9, "nesterov": False},
        "nesterov": {"learning_rate": 0.01, "momentum": 0.9, "nesterov": True},
        "rmsprop": {"learning_rate": 0.001, "rho": 0.9, "epsilon": 1e-7},
        "adagrad": {"learning_rate": 0.001, "initial_accumulator_value": 0.1, "epsilon": 1e-7},
        "adam": {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
        "adamw": {
            "learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7,
            "weight_decay": 0.004,
        },
        "lion": {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.99},
    }  # fmt: skip
    nothing = dict.fromkeys(["weight_decay", "clip_norm", "global_clip_norm", "clip_value"])
    optimizer = OPTIMIZERS[name]()
    ours = {field.name: getattr(optimizer, field.name) for field in fields(optimizer)}
    assert ours == {**nothing, **keras[name]}


@each
def test_it_goes_downhill(name):
    parameters = np.array([3.0, -2.0])
    rate = 1.0 if name == "adagrad" else 0.03
    to_step = OPTIMIZERS[name](learning_rate=rate).start(parameters)
    for _ in range(300):
        update(parameters, 2 * parameters, to_step)
    assert np.abs(parameters).max() < 0.05


@each
@precisions
def test_a_learning_rate_of_0_changes_nothing(name, dtype):
    optimizer = OPTIMIZERS[name](learning_rate=0)
    *_, end = follow(optimizer, [3.0, -2.0], [np.ones(2), np.zeros(2)] * 10, dtype)
    np.testing.assert_array_equal(end, np.array([3, -2], dtype))


@each
@precisions
def test_gradients_of_0_move_nothing_and_divide_nothing(name, dtype):
    optimizer = OPTIMIZERS[name](learning_rate=0.1, weight_decay=0.0)
    with np.errstate(all="raise"):
        *_, end = follow(optimizer, [3.0, -2.0], [np.zeros(2)] * 10, dtype)
    np.testing.assert_array_equal(end, np.array([3, -2], dtype))


@each
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_gradient_that_is_not_finite_shows(name, bad):
    """Lion takes only the sign, so an infinite gradient is one more gradient for it."""
    with np.errstate(all="ignore"):
        *_, end = follow(OPTIMIZERS[name](), [1.0, 1.0], [np.array([bad, 1.0])] * 3)
    assert np.isfinite(end[1])
    assert np.isfinite(end[0]) == (name == "lion" and bad == np.inf)


@each
def test_one_optimiser_serves_many_trainings(name, gradients):
    optimizer = OPTIMIZERS[name](learning_rate=ExponentialDecay(0.1, 3, 0.5), weight_decay=0.1)
    ends = [list(follow(optimizer, START, gradients[:5])) for _ in range(2)]
    np.testing.assert_array_equal(*ends)


@each
def test_a_schedule_gives_each_update_its_rate(name, gradients):
    """Momenta that hold the rate within them make this differ from scaling the steps."""
    schedule = ExponentialDecay(0.1, 4, 0.5)
    ours = list(follow(OPTIMIZERS[name](schedule, weight_decay=0.01), START, gradients[:9]))
    parameters = START.copy()
    rate = np.array(0.0)
    rule = OPTIMIZERS[name]().rule(parameters, rate)
    for number, gradient in enumerate(gradients[:9]):
        rate[()] = 0.1 * 0.5 ** (number / 4)
        parameters -= 0.01 * rate * parameters
        update(parameters, gradient.copy(), rule)
        np.testing.assert_allclose(ours[number], parameters, rtol=1e-12)


@each
def test_it_trains_a_network(name, moons):
    network = Network([2, 8, 1], "tanh", initializer="glorot_uniform", rng=np.random.default_rng(1))
    optimizer = OPTIMIZERS[name](learning_rate=0.1 if "lr" in name else 0.02)
    history = train(network, moons.x_train, moons.y_train, optimizer=optimizer, iterations=120)
    assert history.stopped is None
    assert history.loss[-1] < history.loss[0] - 0.01


def test_sgd_is_one_line_of_mathematics():
    parameters = np.array([1.0, 2.0, 3.0], np.float32)
    gradient = np.array([0.5, -1.0, 0.25], np.float32)
    expected = parameters - np.float32(0.01) * gradient
    update(parameters, gradient, SGD().start(parameters))
    np.testing.assert_array_equal(parameters, expected)


BAD = float("nan"), float("inf"), -0.01, "0.1", True, None


@each
@pytest.mark.parametrize("rate", BAD)
def test_impossible_learning_rates_are_refused(name, rate):
    with pytest.raises(InvalidInputError, match="learning_rate: must be finite and ≥ 0, got"):
        OPTIMIZERS[name](learning_rate=rate)


@pytest.mark.parametrize(
    ("name", "settings_", "message"),
    [
        ("sgd", {"momentum": 1.1}, "momentum: must be ≥ 0 and ≤ 1, got 1.1"),
        ("rmsprop", {"rho": -0.1}, "rho: must be ≥ 0 and ≤ 1, got -0.1"),
        ("rmsprop", {"epsilon": 0}, "epsilon: must be finite and ≥ 1e-30, got 0"),
        ("adagrad", {"initial_accumulator_value": -1}, "initial_accumulator_value: .* got -1"),
        ("adagrad", {"epsilon": float("nan")}, "epsilon: must be finite"),
        ("adam", {"beta_1": 1.0}, "beta_1: must be ≥ 0 and < 1, got 1"),
        ("adam", {"beta_2": "x"}, "beta_2: must be ≥ 0 and < 1, got 'x'"),
        ("adam", {"epsilon": 0.0}, "epsilon"),
        ("lion", {"beta_1": 2}, "beta_1: must be ≥ 0 and ≤ 1, got 2"),
        ("lion", {"beta_2": float("nan")}, "beta_2"),
        ("adamw", {"weight_decay": -1}, "weight_decay: must be finite and ≥ 0, got -1"),
        ("sgd", {"clip_norm": 0}, "clip_norm: must be finite and > 0, got 0"),
        ("sgd", {"global_clip_norm": float("inf")}, "global_clip_norm: must be finite and > 0"),
        ("sgd", {"clip_value": -2.5}, "clip_value: must be finite and > 0, got -2.5"),
        (
            "adam", {"clip_norm": 1.0, "clip_value": 1.0},
            "clip_value: can't be given beside clip_norm; give one of them",
        ),
    ],
)  # fmt: skip
def test_impossible_settings_are_refused(name, settings_, message):
    with pytest.raises(InvalidInputError, match=message):
        OPTIMIZERS[name](**settings_)


def test_weight_decay_shrinks_all_parameters_before_the_step():
    steps = follow(SGD(0.5, weight_decay=0.1), [2.0, -4.0], [np.array([1.0, 0.0])] * 2)
    np.testing.assert_allclose(next(steps), [2 * 0.95 - 0.5, -4 * 0.95])
    np.testing.assert_allclose(next(steps), [(2 * 0.95 - 0.5) * 0.95 - 0.5, -4 * 0.95**2])
