"""Data that can't be changed, and data that can't be."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from epochreel.nn.dataset import Dataset, Viewport
from epochreel.nn.errors import InvalidInputError

GOOD = {
    "name": "data",
    "x_train": [[0, 1], [1, 0], [2, 2]],
    "y_train": [0, 1, 1],
    "x_test": np.empty((0, 2)),
    "y_test": [],
    "viewport": Viewport(-1, 3, -1, 2),
}


def test_it_holds_float64_and_int64():
    data = Dataset(**GOOD)
    assert data.x_train.dtype == data.x_test.dtype == np.float64
    assert data.y_train.dtype == data.y_test.dtype == np.int64
    assert (data.classes, data.features) == (2, 2)
    assert data.feature_names == ("X₁", "X₂")
    assert data.class_names == ("class 0", "class 1")


def test_arrays_are_copies_that_cannot_be_written():
    x = np.array(GOOD["x_train"], float)
    data = Dataset(**{**GOOD, "x_train": x})
    x[:] = 9
    assert data.x_train[0, 0] == 0
    for again in (data, pickle.loads(pickle.dumps(data))):
        for array in (again.x_train, again.y_train, again.x_test, again.y_test):
            assert not array.flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            again.x_train[0, 0] = 1
        with pytest.raises(AttributeError):
            again.name = "other"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x_train": [0, 1, 2]}, r"x_train: must have 2 dimension\(s\), got shape \(3,\)"),
        ({"x_train": [["a", "b"]] * 3}, "x_train: must be an array of numbers"),
        ({"x_train": [[0], [1], [2]]}, "x_train: must have 2 columns, one for each feature name"),
        ({"y_train": [0, 1]}, "y_train: must have one label for each of 3 samples, got 2"),
        ({"y_train": [0, 1, 2]}, "y_train: must be from 0 to 1, got 0 to 2"),
        ({"y_train": [-1, 0, 1]}, "y_train: must be from 0 to 1, got -1 to 1"),
        ({"y_train": [0, 0.5, 1]}, "y_train: must be whole numbers"),
        ({"y_train": [[0], [1], [1]]}, r"y_train: must have 1 dimension\(s\)"),
        ({"x_train": [[0, np.nan], [1, 1], [2, 2]]}, r"x_train: .*, got \[0.0, nan\] in row 0"),
        ({"x_test": [[np.inf, 0]], "y_test": [0]}, r"x_test: must be finite, got \[inf, 0.0\]"),
    ],
)  # fmt: skip
def test_what_cannot_be_data(change, message):
    with pytest.raises(InvalidInputError, match=message):
        Dataset(**{**GOOD, **change})


def test_a_viewport_has_a_size():
    viewport = Viewport(-1.5, 2.5, -1, 2)
    assert (viewport.width, viewport.height) == (4, 3)
    assert pickle.loads(pickle.dumps(viewport)) == viewport


@pytest.mark.parametrize(
    ("corners", "message"),
    [
        ((1, 1, 0, 1), "viewport: x_min must be less than x_max, got 1 and 1"),
        ((0, 1, 2, 1), "viewport: y_min must be less than y_max, got 2 and 1"),
        ((0, np.inf, 0, 1), "viewport: must be finite, got x 0 to inf"),
        ((0, 1, np.nan, 1), "viewport: must be finite, got y nan to 1"),
    ],
)
def test_what_cannot_be_a_viewport(corners, message):
    with pytest.raises(InvalidInputError, match=message):
        Viewport(*corners)
