"""One tree of errors, each with one line for a user."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from epochreel.nn import errors
from epochreel.nn.errors import InvalidInputError, SceneError, look_up, unknown_name, whole_number

KINDS = [
    getattr(errors, name) for name in errors.__all__ if isinstance(getattr(errors, name), type)
]


@pytest.mark.parametrize("kind", KINDS)
def test_all_have_one_root_and_survive_a_process(kind):
    error = pickle.loads(pickle.dumps(kind("a: must be 1, got 2")))
    assert isinstance(error, errors.EpochreelError)
    assert type(error) is kind
    assert str(error) == "a: must be 1, got 2"


def test_scene_errors_are_many():
    error = pickle.loads(pickle.dumps(SceneError("one", "two")))
    assert error.problems == ("one", "two")
    assert str(error) == "one\ntwo"


def test_the_nearest_name_is_named():
    error = unknown_name("activation", "rleu", ["tanh", "relu"])
    assert str(error) == (
        "activation: must be one of 'tanh', 'relu', got 'rleu'; did you mean 'relu'?"
    )
    assert str(unknown_name("a", "zzz", ["relu"])) == "a: must be one of 'relu', got 'zzz'"


@pytest.mark.parametrize("name", ["b", None, 3, ["a"], {}])
def test_look_up_takes_names_only(name):
    assert look_up("kind", "a", {"a": 1}) == 1
    with pytest.raises(InvalidInputError, match="kind: must be one of 'a', got"):
        look_up("kind", name, {"a": 1})


@pytest.mark.parametrize("value", [3, np.int8(3), np.uint64(3), np.array(3)])
def test_whole_numbers(value):
    number = whole_number("n", value)
    assert number == 3
    assert type(number) is int


@pytest.mark.parametrize("value", [0, -1, 1.0, "1", None, True, np.True_, [1], float("nan")])
def test_other_numbers(value):
    with pytest.raises(InvalidInputError, match="n: must be a whole number ≥ 1, got"):
        whole_number("n", value)
