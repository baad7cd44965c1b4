"""Gradients of whole networks, against finite differences and against the oracle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from epochreel.nn.activations import ACTIVATIONS, activate
from epochreel.nn.architecture import named_parameters, parameter_blocks
from epochreel.nn.dropout import check_dropout
from epochreel.nn.losses import LOSSES, make_loss
from epochreel.nn.network import Network, Pass
from epochreel.nn.regularization import Penalty

KINKS = ("relu", "leaky_relu", "selu")
REGULARIZERS = {"none": (0, 0), "l1": (0.03, 0), "l2": (0, 0.05), "l1 and l2": (0.02, 0.04)}
drawn = settings(max_examples=6, deadline=None, database=None)
shapes = {
    "hidden": st.lists(st.integers(1, 4), max_size=3),
    "samples": st.integers(1, 5),
    "outputs": st.integers(1, 3),
    "seed": st.integers(0, 2**32 - 1),
}


class Problem:
    """A network, samples and a loss with its penalty."""

    def __init__(self, activation, name, hidden, samples, outputs, seed, l1=0, l2=0, dropout=0.0):
        rng = np.random.default_rng(seed)
        last = LOSSES[name].output_activations[seed % len(LOSSES[name].output_activations)]
        outputs = 1 if LOSSES[name].one_output else outputs + (last == "softmax")
        self.network = Network([2, *hidden, outputs], activation, last, rng=rng, dtype=np.float64)
        self.network.flat *= 8
        self.x = rng.standard_normal((samples, 2))
        self.loss = make_loss(name, last, outputs)
        self.y = self.loss.encode(rng.integers(0, max(2, outputs), samples), outputs)
        self.columns = np.vstack([self.x.T, np.ones(samples)])
        self.dropout, self.seed = dropout, seed
        self.penalty = Penalty(self.network.architecture, self.network.flat, l1, l2)
        self.costs = REGULARIZERS["none"] if not (l1 or l2) else (l1, l2)

    def run(self):
        """Go up; dropout draws the same each time."""
        network, rng = self.network, np.random.default_rng(self.seed)
        drops = check_dropout(self.dropout, len(network.architecture) - 1, rng)
        gradient = np.full_like(network.flat, np.nan)
        batch = Pass(network.architecture, network.flat, gradient, len(self.x), drops)
        return batch, gradient, batch.forward(self.columns)

    def value(self) -> float:
        weights = [values for name, values in self.network.views().items() if name[0] == "W"]
        l1, l2 = self.costs
        cost = sum(l1 * np.abs(values).sum() + l2 * (values**2).sum() for values in weights)
        return float(self.loss.values(self.run()[2], self.y).mean() + cost)

    def gradient(self):
        batch, gradient, logits = self.run()
        batch.backward(self.columns, self.y, self.loss.differential(logits))
        cost = self.penalty.add_to(gradient)
        assert self.value() == pytest.approx(self.loss.values(logits, self.y).mean() + cost)
        return gradient

    def away_from_kinks(self) -> bool:
        """Say whether nothing stands where a finite difference would step over a kink."""
        network, end = self.network, 0
        if any(np.abs(v).min() < 1e-4 for n, v in network.views().items() if n[0] == "W"):
            return False
        for number, spec in enumerate(network.architecture[:-1], start=1):
            end += (spec.input_dim + 1) * spec.output_dim
            below = Network.from_vector(network.architecture[:number], network.flat[:end])
            if spec.activation in KINKS and np.abs(below.logits(self.x)).min() < 1e-4:
                return False
        outputs = activate(self.loss.activation, network.logits(self.x).T)
        return type(self.loss) is not LOSSES["hinge"] or bool(
            np.abs(1 - self.y * outputs).min() > 1e-4
        )

    def check(self) -> None:
        flat, gradient, h = self.network.flat, self.gradient(), 1e-6
        for index in range(len(flat)):
            kept, ends = flat[index], []
            for sign in (1, -1):
                flat[index] = kept + sign * h
                ends.append(self.value())
            flat[index] = kept
            # the difference itself is rounded: the larger the loss, the more of it
            slope = (ends[0] - ends[1]) / (2 * h)
            assert gradient[index] == pytest.approx(slope, abs=3e-8, rel=1e-8)


@pytest.mark.parametrize("regularizer", REGULARIZERS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@drawn
@given(**shapes)
def test_finite_differences(activation, loss, regularizer, hidden, samples, outputs, seed):
    l1, l2 = REGULARIZERS[regularizer]
    problem = Problem(activation, loss, hidden, samples, outputs, seed, l1, l2)
    assume(problem.away_from_kinks())
    problem.check()


@pytest.mark.parametrize("activation", [name for name in ACTIVATIONS if name not in KINKS])
@drawn
@given(
    rate=st.floats(0.05, 0.9),
    name=st.sampled_from([name for name in LOSSES if name != "hinge"]),
    **shapes,
)
def test_finite_differences_with_the_same_units_dropped(
    activation, rate, name, hidden, samples, outputs, seed
):
    # what is dropped changes the sums above it, so that kinks can't be kept away from
    Problem(activation, name, hidden, samples, outputs, seed, dropout=rate).check()


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(np.float64, 1e-14), (np.float32, 2e-6)], ids=["float64", "float32"]
)
def test_the_oracle_agrees(elementwise, dtype, tolerance, oracle, moons):
    network = Network(
        [2, 25, 50, 50, 25, 1], elementwise, initializer="glorot_uniform",
        rng=np.random.default_rng(6), dtype=dtype,
    )  # fmt: skip
    other, loss = oracle(network.parameters(), elementwise), make_loss(*BINARY)
    x, y = moons.x_train, moons.y_train.astype(float)
    gradient = np.full_like(network.flat, np.nan)
    batch = Pass(network.architecture, network.flat, gradient, len(x))
    columns, labels = np.vstack([x.T, np.ones(len(x))]).astype(dtype), y[None].astype(dtype)
    logits = batch.forward(columns)
    assert loss.values(logits, labels).mean() == pytest.approx(other.loss(x, y), rel=tolerance * 10)
    batch.backward(columns, labels, loss.differential(logits))
    named = named_parameters(parameter_blocks(network.architecture, gradient))
    for name, expected in other.gradients(x, y).items():
        values = named[name].reshape(expected.shape)
        np.testing.assert_allclose(values, expected, rtol=0, atol=tolerance)


BINARY = "binary_crossentropy", "sigmoid", 1
