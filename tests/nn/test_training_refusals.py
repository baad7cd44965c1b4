"""What can't be asked of a training, and what is said then."""

from __future__ import annotations

import numpy as np
import pytest

from epochreel.nn.early_stopping import EarlyStopping
from epochreel.nn.errors import InvalidInputError
from epochreel.nn.network import Network
from epochreel.nn.training import train

X, Y = [[0.0, 1.0], [1.0, 0.0]], [0, 1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"l1": -1}, "l1: must be finite and ≥ 0, got -1"),
        ({"l2": np.inf}, "l2: must be finite and ≥ 0, got inf"),
        ({"dropout": 1}, "dropout: must be ≥ 0 and < 1, got 1"),
        ({"dropout": [0.1]}, "dropout: must have one rate for each of 2 hidden layers, got 1"),
        ({"dropout": 0.1}, "rng: must be given to drop units, got None"),
        ({"class_weight": {2: 1.0}}, "class_weight: must name classes of y, 0, 1, got 2"),
        ({"class_weight": {1: -1.0}}, r"class_weight\[1\]: must be finite and ≥ 0, got -1"),
        ({"sample_weight": [1.0]}, r"sample_weight: must have one number .* shape \(1,\)"),
        ({"sample_weight": [1.0, -1.0]}, "sample_weight: must be finite and ≥ 0"),
        ({"sample_weight": [1.0, 1e39]}, "sample_weight: must be finite and ≥ 0"),
        ({"sample_weight": ["a", "b"]}, "sample_weight: must be an array of numbers"),
        (
            {"sample_weight": [1, 1], "class_weight": {0: 1}},
            "sample_weight: can't be given beside class_weight",
        ),
        ({"validation_data": (X, [[[0]]])}, "validation y: must have one label for each of 2"),
        ({"validation_data": 5}, r"validation_data: must be a pair \(x, y\)"),
        ({"validation_data": (X, [0, 3])}, "validation y: must be 0 or 1, got 3"),
        ({"validation_data": ([[0.0]], [0])}, "validation x: must have 2 columns"),
        (
            {"early_stopping": EarlyStopping()},
            "early_stopping.monitor: must be 'loss' or 'accuracy' without validation_data",
        ),
        ({"metrics": ["losss"]}, "metrics: must be one of 'loss', .* did you mean 'loss'"),
        ({"metrics_per": "batch"}, "metrics_per: must be one of 'iteration', 'epoch', got 'batch'"),
        ({"loss": "hinge"}, "network: must end in linear or tanh units for hinge"),
        ({"loss": "mean_squared_error", "y": [0, 1e39]}, "y: must be finite in float32"),
    ],
)
def test_what_cannot_be_done_is_refused(change, message):
    network = Network([2, 6, 4, 1], "tanh", rng=np.random.default_rng(1), dtype=np.float32)
    before = network.flat.copy()
    arguments = {"x": X, "y": Y, "iterations": 5, **change}
    with pytest.raises(InvalidInputError, match=message):
        train(network, arguments.pop("x"), arguments.pop("y"), **arguments)
    np.testing.assert_array_equal(network.flat, before)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"monitor": "val_los"}, "monitor: must be one of .* did you mean 'val_loss'"),
        ({"patience": -1}, "patience: must be a whole number ≥ 0, got -1"),
        ({"min_delta": np.nan}, "min_delta: must be finite and ≥ 0, got nan"),
        ({"restore_best": 1}, "restore_best: must be a bool, got 1"),
    ],
)
def test_impossible_early_stopping_is_refused(options, message):
    with pytest.raises(InvalidInputError, match=message):
        EarlyStopping(**options)
