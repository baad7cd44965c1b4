"""What holds for every optimiser in the table."""

from __future__ import annotations

import numpy as np
import pytest

from epochreel.nn.errors import InvalidInputError
from epochreel.nn.network import update
from epochreel.nn.optimizers import OPTIMIZERS, SGD

each = pytest.mark.parametrize("name", OPTIMIZERS)


@each
@pytest.mark.parametrize("rate", [float("nan"), float("inf"), -0.01])
def test_impossible_learning_rates_are_refused(name, rate):
    with pytest.raises(InvalidInputError, match="learning_rate: must be finite and ≥ 0"):
        OPTIMIZERS[name](learning_rate=rate)


@each
def test_it_goes_downhill(name):
    parameters = np.array([3.0, -2.0])
    to_step = OPTIMIZERS[name](learning_rate=0.1).start(parameters)
    for _ in range(300):
        update(parameters, 2 * parameters, to_step)
    assert np.abs(parameters).max() < 0.05


@each
def test_a_learning_rate_of_0_changes_nothing(name):
    parameters = np.array([3.0, -2.0], np.float32)
    update(parameters, np.ones(2, np.float32), OPTIMIZERS[name](learning_rate=0).start(parameters))
    np.testing.assert_array_equal(parameters, np.array([3, -2], np.float32))


@each
def test_one_optimiser_serves_many_trainings(name):
    ends = []
    optimizer = OPTIMIZERS[name](learning_rate=0.1)
    for _ in range(2):
        parameters = np.array([1.0])
        to_step = optimizer.start(parameters)
        for _ in range(5):
            update(parameters, parameters.copy(), to_step)
        ends.append(parameters[0])
    assert ends[0] == ends[1]


def test_sgd_is_one_line_of_mathematics():
    parameters = np.array([1.0, 2.0, 3.0], np.float32)
    gradient = np.array([0.5, -1.0, 0.25], np.float32)
    expected = parameters - np.float32(0.01) * gradient
    update(parameters, gradient, SGD().start(parameters))
    np.testing.assert_array_equal(parameters, expected)
