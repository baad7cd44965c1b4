"""What holds for every loss in the table, and what is exact where outputs saturate."""

from __future__ import annotations

import math

import numpy as np
import pytest

from epochreel.nn.activations import ACTIVATIONS
from epochreel.nn.errors import InvalidInputError
from epochreel.nn.losses import LOSSES, make_loss, weighted
from epochreel.nn.network import mean_loss

CASES = [
    (name, activation, outputs)
    for name, kind in LOSSES.items()
    for activation in kind.output_activations
    for outputs in ((1,) if kind.one_output else (2, 4) if activation == "softmax" else (1, 2, 4))
]
each = pytest.mark.parametrize(("name", "activation", "outputs"), CASES)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def book(name, activation, z, label):
    """Compute the loss of one sample as it is written in the book, z being (outputs,)."""
    outputs = {
        "sigmoid": sigmoid, "softmax": lambda z: np.exp(z) / np.exp(z).sum(),
        "linear": lambda z: z, "tanh": np.tanh,
    }[activation](z)  # fmt: skip
    own = np.eye(max(2, len(z)))[label][-len(z) :]  # of one output the 1 of class 1
    if len(z) > 1:
        own = np.eye(len(z))[label]
    if name == "binary_crossentropy":
        return -(own * np.log(outputs) + (1 - own) * np.log(1 - outputs))[0]
    if name == "categorical_crossentropy":
        return -np.log(outputs[label])
    if name == "mean_squared_error":
        return np.mean((outputs - own) ** 2)
    return np.mean(
        [max(0, 1 - (1 if one else -1) * p) for p, one in zip(outputs, own, strict=True)]
    )


def case(name, activation, outputs, samples=40, seed=5):
    """Draw logits, classes, and what the loss makes of the classes."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, max(2, outputs), samples)
    loss = make_loss(name, activation, outputs)
    return loss, rng.normal(0, 2, (outputs, samples)), labels, loss.encode(labels, outputs)


@each
def test_values_are_the_books(name, activation, outputs):
    loss, logits, labels, y = case(name, activation, outputs)
    expected = [book(name, activation, logits[:, i], labels[i]) for i in range(40)]
    np.testing.assert_allclose(loss.values(logits, y), expected, rtol=1e-12, atol=1e-14)


@each
def test_delta_is_the_derivative_of_the_mean(name, activation, outputs):
    loss, logits, _, y = case(name, activation, outputs)
    delta = np.empty_like(logits)
    loss.differential(logits)(logits, y, delta)
    h = 1e-5
    for place in np.ndindex(logits.shape):
        nudge = np.zeros_like(logits)
        nudge[place] = h
        up, down = (loss.values(logits + s * nudge, y).mean() for s in (1, -1))
        assert delta[place] == pytest.approx((up - down) / (2 * h), abs=1e-9)


@each
def test_it_leaves_its_arguments_alone(name, activation, outputs):
    loss, logits, _, y = case(name, activation, outputs)
    kept = logits.copy(), y.copy()
    loss.values(logits, y)
    loss.hits(logits, y)
    loss.differential(logits)(logits, y, np.empty_like(logits))
    np.testing.assert_array_equal(logits, kept[0])
    np.testing.assert_array_equal(y, kept[1])


@each
def test_it_can_be_repeated_and_keeps_the_dtype(name, activation, outputs):
    loss, logits, _, y = case(name, activation, outputs)
    logits, y = logits.astype(np.float32), y.astype(np.float32)
    to_delta, ends = loss.differential(logits), []
    for given in (logits, -logits, logits):
        delta = np.full_like(logits, np.nan)
        to_delta(given, y, delta)
        ends.append(delta)
    np.testing.assert_array_equal(ends[0], ends[2])
    assert loss.values(logits, y).dtype == np.float32


@each
def test_the_predicted_class_is_where_the_output_says(name, activation, outputs):
    loss, logits, labels, y = case(name, activation, outputs)
    if outputs > 1:
        expected = logits.argmax(axis=0) == labels
    else:
        middle = 0.5 if (name, activation) == ("mean_squared_error", "linear") else 0
        expected = (logits[0] > middle) == labels
    np.testing.assert_array_equal(loss.hits(logits, y), expected)


@each
def test_rows_are_what_each_is_alone(name, activation, outputs):
    loss, logits, _, y = case(name, activation, outputs)
    many = np.stack([logits, -logits, logits * 2])
    values, accuracy = mean_loss(loss, many, y[None])
    for row in range(3):
        alone = mean_loss(loss, many[row : row + 1], y[None])
        assert values[row] == pytest.approx(alone[0][0], rel=1e-12)
        assert accuracy[row] == alone[1][0]


@each
def test_weights_are_factors_of_a_samples_loss(name, activation, outputs):
    loss, logits, _, y = case(name, activation, outputs)
    weights = np.random.default_rng(0).random(40)
    weights[3] = 0
    plain, heavy = np.empty_like(logits), np.empty_like(logits)
    loss.differential(logits)(logits, y, plain)
    weighted(loss.differential(logits), weights)(logits, y, heavy)
    np.testing.assert_allclose(heavy, plain * weights)
    value, accuracy = mean_loss(loss, logits[None], y[None], weights[None])
    assert value[0] == pytest.approx((loss.values(logits, y) * weights).sum() / 40)
    assert accuracy[0] == loss.hits(logits, y).mean()


@each
def test_it_goes_with_activations_of_the_table(name, activation, outputs):
    assert activation in ACTIVATIONS
    assert make_loss(name, activation, outputs).activation == activation


@each
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extremes_give_no_nan(name, activation, outputs, dtype):
    loss, _, _, y = case(name, activation, outputs, samples=5)
    logits = np.tile(np.array([-1e18, -200.0, 0.0, 200.0, 1e18], dtype), (outputs, 1))
    logits[0] *= -1
    delta = np.empty_like(logits)
    with np.errstate(over="ignore", under="ignore"):
        assert np.isfinite(loss.values(logits, y.astype(dtype))).all()
        loss.differential(logits)(logits, y.astype(dtype), delta)
    assert np.isfinite(delta).all()


SATURATED = pytest.mark.parametrize(
    "z", [0.0, 1e-3, 5.0, 30.0, 88.0, 100.0, 720.0, 1000.0, 1e6, 1e30]
)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@SATURATED
def test_saturated_outputs_lose_nothing(z, dtype):
    small = math.exp(-z) if z > 30 else math.log1p(math.exp(-z))  # log(1 + e) = e at e < 1e-13
    loss, y = make_loss("binary_crossentropy", "sigmoid", 1), np.array([[1, 0, 0, 1]])
    with np.errstate(under="ignore"):
        values = loss.values(np.array([[z, z, -z, -z]], dtype), y)
    eps = float(np.finfo(dtype).eps)
    right, wrong = float(np.finfo(dtype).tiny), z + small
    assert values[0] == pytest.approx(small, rel=40 * eps, abs=right)
    assert values[2] == pytest.approx(small, rel=40 * eps, abs=right)
    assert values[1] == pytest.approx(wrong, rel=2 * eps)
    assert values[3] == pytest.approx(wrong, rel=2 * eps)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@SATURATED
def test_saturated_softmax_loses_nothing(z, dtype):
    small = 2 * math.exp(-z) if z > 30 else math.log1p(2 * math.exp(-z))
    loss = make_loss("categorical_crossentropy", "softmax", 3)
    logits = np.array([[z, z], [0, 0], [0, 0]], dtype)
    with np.errstate(under="ignore"):
        right, wrong = loss.values(logits, loss.encode(np.array([0, 1]), 3))
    eps = float(np.finfo(dtype).eps)
    assert right == pytest.approx(small, rel=40 * eps, abs=float(np.finfo(dtype).tiny))
    assert wrong == pytest.approx(z + small, rel=4 * eps)


def test_two_softmax_outputs_are_one_sigmoid_of_their_difference():
    loss, logits, labels, y = case("categorical_crossentropy", "softmax", 2)
    binary = make_loss("binary_crossentropy", "sigmoid", 1)
    difference, labels = logits[1:] - logits[:1], labels[None]
    np.testing.assert_allclose(loss.values(logits, y), binary.values(difference, labels))


def test_delta_of_saturated_outputs_is_exact():
    logits = np.array([[1000, 1000, -1000, -1000]], np.float32)
    y = np.array([[1, 0, 0, 1]], np.float32)
    delta = np.empty_like(logits)
    with np.errstate(over="ignore"):
        make_loss("binary_crossentropy", "sigmoid", 1).differential(logits)(logits, y, delta)
    np.testing.assert_array_equal(delta, [[0, 0.25, 0, -0.25]])


def test_a_logit_of_0_predicts_class_0():
    loss = make_loss("binary_crossentropy", "sigmoid", 1)
    hits = loss.hits(np.array([[0.0, 0.0, 1e-30]]), np.array([[0, 1, 1]]))
    np.testing.assert_array_equal(hits, [True, False, True])


def test_labels_of_hinge_are_converted():
    loss = make_loss("hinge", "linear", 1)
    np.testing.assert_array_equal(loss.encode(np.array([0, 1, 1]), 1), [[-1, 1, 1]])
    np.testing.assert_array_equal(loss.encode(np.array([-1, 1, 1]), 1), [[-1, 1, 1]])
    np.testing.assert_array_equal(loss.encode(np.array([1, 1]), 1), [[1, 1]])
    expected = [[-1, 1], [-1, -1], [1, -1]]
    np.testing.assert_array_equal(loss.encode(np.array([2, 0]), 3), expected)


def test_numbers_of_the_mean_squared_error_stay_what_they_are():
    loss = make_loss("mean_squared_error", "linear", 2)
    numbers = np.array([[0.5, -3], [2, 7.25], [0, 1]])
    np.testing.assert_array_equal(loss.encode(numbers, 2), numbers.T)


@pytest.mark.parametrize(
    ("name", "activation", "outputs", "labels", "message"),
    [
        ("binary_crossentropy", "sigmoid", 1, [0, 2], "y: must be 0 or 1, got 2"),
        ("categorical_crossentropy", "softmax", 3, [0, 3], "y: must be 0 to 2, got 3"),
        ("categorical_crossentropy", "softmax", 3, [0, -1], "y: must be 0 to 2, got -1"),
        ("categorical_crossentropy", "softmax", 3, [0, 0.5], "y: must be 0 to 2, got 0.5"),
        ("categorical_crossentropy", "softmax", 2, [[0, 1]], r"y: must be one label .* \(1, 2\)"),
        ("hinge", "linear", 1, [0, -1], "y: must be 0 or 1, got -1"),
        ("hinge", "linear", 1, [1, -2], "y: must be -1 or 1, got -2"),
        ("hinge", "tanh", 3, [1, 3], "y: must be 0 to 2, got 3"),
        ("mean_squared_error", "linear", 1, [0, np.nan], "y: must be finite, got nan"),
        ("mean_squared_error", "linear", 1, ["a", "b"], "y: must be an array of numbers"),
        ("mean_squared_error", "linear", 2, [0, 2], "y: must be 0 or 1, got 2"),
    ],
)
def test_labels_it_does_not_know_are_refused(name, activation, outputs, labels, message):
    with pytest.raises(InvalidInputError, match=message):
        make_loss(name, activation, outputs).encode(np.array(labels), outputs)


@pytest.mark.parametrize(
    ("name", "activation", "outputs", "message"),
    [
        ("binary_crossentropy", "sigmoid", 2, "must end in 1 sigmoid unit .* got 2 of sigmoid"),
        ("binary_crossentropy", "relu", 1, "must end in 1 sigmoid unit .* got 1 of relu"),
        ("categorical_crossentropy", "sigmoid", 3, "must end in softmax units .* got 3 of sigmoid"),
        ("mean_squared_error", "relu", 1, "must end in linear or sigmoid or softmax units"),
        ("hinge", "sigmoid", 1, "must end in linear or tanh units for hinge, got 1 of sigmoid"),
        ("mean_squared_error", "softmax", 1, "must end in 2 softmax units or more"),
        ("hing", "linear", 1, "loss: must be one of .* did you mean 'hinge'"),
    ],
)
def test_layers_that_do_not_fit_are_refused(name, activation, outputs, message):
    with pytest.raises(InvalidInputError, match=message):
        make_loss(name, activation, outputs)
