"""A network's parameters, shapes and predictions."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from epochreel.nn.architecture import LayerSpec
from epochreel.nn.errors import InvalidInputError
from epochreel.nn.network import BLOCK, Network

SIZES = [2, 25, 50, 50, 25, 1]


@pytest.fixture
def network() -> Network:
    return Network(SIZES, rng=np.random.default_rng(1))


def test_one_vector_holds_everything(network):
    assert network.parameter_count == len(network.flat) == 75 + 1300 + 2550 + 1275 + 26
    assert network.flat.dtype == np.float32
    assert network.flat.flags.c_contiguous
    for view in network.views().values():
        assert np.shares_memory(view, network.flat)
    network.views()["W3"][4, 2] = 99
    assert (network.flat == 99).sum() == 1
    assert network.parameters()["W3"][4, 2] == 99


def test_shapes_and_names(network):
    shapes = {name: values.shape for name, values in network.parameters().items()}
    assert shapes == {
        "W1": (25, 2), "b1": (25,), "W2": (50, 25), "b2": (50,), "W3": (50, 50), "b3": (50,),
        "W4": (25, 50), "b4": (25,), "W5": (1, 25), "b5": (1,),
    }  # fmt: skip


def test_parameters_are_copies(network):
    before = network.flat.copy()
    for values in network.parameters().values():
        values[:] = 5
    np.testing.assert_array_equal(network.flat, before)


def test_load_takes_what_parameters_gave(network):
    other = Network(SIZES, rng=np.random.default_rng(2))
    other.load(network.parameters())
    np.testing.assert_array_equal(other.flat, network.flat)
    columns = {
        name: values.reshape(len(values), -1).tolist()
        for name, values in network.parameters().items()
    }
    other = Network(SIZES, rng=np.random.default_rng(2))
    other.load(columns)
    np.testing.assert_array_equal(other.flat, network.flat)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"W9": [1]}, "parameters: must be one of 'W1', 'b1', 'W2', 'b2', got 'W9'"),
        ({"W1": None}, "parameters: must have all of W1, b1, W2, b2, got no W1"),
        ({"W1": np.zeros((2, 4))}, r"parameters.W1: must have shape \(4, 2\), got \(2, 4\)"),
        ({"b1": np.zeros((1, 4))}, r"parameters.b1: must have shape \(4,\), got \(1, 4\)"),
        ({"b2": [np.nan]}, "parameters.b2: must be finite in float32"),
        ({"b2": [1e39]}, "parameters.b2: must be finite in float32"),
        ({"W2": [["a"] * 4]}, "parameters.W2: must be an array of numbers"),
        ({"W2": [[1], [2, 3]]}, "parameters.W2: must be an array of numbers"),
    ],
)
def test_load_takes_all_or_nothing(change, message):
    network = Network([2, 4, 1], rng=np.random.default_rng(1))
    before = network.flat.copy()
    given = {**{name: values + 1 for name, values in network.parameters().items()}, **change}
    given = {name: values for name, values in given.items() if values is not None}
    with pytest.raises(InvalidInputError, match=message):
        network.load(given)
    np.testing.assert_array_equal(network.flat, before)


def test_entries_describe_the_same_network(network):
    entries = [
        {"input_dim": a, "output_dim": b, "activation": "sigmoid" if b == 1 else "relu"}
        for a, b in zip(SIZES, SIZES[1:], strict=False)
    ]
    other = Network.from_layers(entries, rng=np.random.default_rng(1))
    assert other.architecture == network.architecture
    assert other.architecture[0] == LayerSpec(2, 25, "relu")
    np.testing.assert_array_equal(other.flat, network.flat)


ENTRY = {"input_dim": 2, "output_dim": 3, "activation": "relu"}


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([], "layers: must have at least one entry, got none"),
        ([{**ENTRY, "units": 3}], r"layers\[0\]: must be one of 'input_dim'.*got 'units'"),
        ([{"input_dim": 2, "activation": "relu"}], r"layers\[0\].output_dim: is missing"),
        (
            [{**ENTRY, "output_dim": 0}],
            r"layers\[0\].output_dim: must be a whole number ≥ 1, got 0",
        ),
        ([{**ENTRY, "input_dim": "2"}], r"layers\[0\].input_dim: must be a whole .* got '2'"),
        ([{**ENTRY, "activation": "rely"}], r"layers\[0\].activation: .*did you mean 'relu'"),
        ([ENTRY, ENTRY], r"layers\[1\].input_dim: must be 3, the output_dim .* got 2"),
    ],
)
def test_entries_that_do_not_fit(entries, message):
    with pytest.raises(InvalidInputError, match=message):
        Network.from_layers(entries, rng=np.random.default_rng(0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sizes": [2]}, r"sizes: must have at least 2 entries.*got \[2\]"),
        ({"sizes": [2, 0, 1]}, "output_dim: must be a whole number ≥ 1, got 0"),
        ({"sizes": [2, 2.5, 1]}, "output_dim: must be a whole number ≥ 1, got 2.5"),
        ({"sizes": [True, 1]}, "input_dim: must be a whole number ≥ 1, got True"),
        ({"activation": "tan"}, "activation: must be one of 'relu', .* got 'tan'; .*'tanh'"),
        ({"activation": ["relu"]}, r"activation: must be one of .* got \['relu'\]"),
        ({"output_activation": "sigmod"}, "did you mean 'sigmoid'"),
        ({"dtype": np.float16}, "dtype: must be one of 'float32', 'float64', got 'float16'"),
        ({"dtype": "int"}, "dtype: must be one of 'float32', 'float64', got 'int'"),
        ({"dtype": "int16"}, "got .int16."),
        ({"dtype": "nonsense"}, "dtype: must be one of 'float32', 'float64', got 'nonsense'"),
    ],
)
def test_impossible_networks(options, message):
    with pytest.raises(InvalidInputError, match=message):
        Network(**{"sizes": [2, 3, 1], "rng": np.random.default_rng(0), **options})


@pytest.mark.parametrize(
    "vector",
    [np.zeros(8, np.float32), np.zeros(9, np.int64), np.zeros((3, 3)), np.zeros(18)[::2]],
    ids=["count", "dtype", "shape", "gaps"],
)
def test_a_vector_must_fit(vector):
    with pytest.raises(InvalidInputError, match="must be 9 contiguous numbers of float32"):
        Network.from_vector((LayerSpec(2, 3, "sigmoid"),), vector)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("count", [0, 1, 2, 77, BLOCK, BLOCK + 1, 3 * BLOCK + 7])
def test_logits_are_the_oracles(count, dtype, oracle):
    network = Network(
        SIZES, initializer="glorot_uniform", rng=np.random.default_rng(1), dtype=dtype
    )
    points = np.random.default_rng(2).standard_normal((count, 2))
    p, memory = oracle(network.parameters()).forward(points)
    tolerance = 50 * np.finfo(dtype).eps
    for _ in range(2):
        logits = network.logits(points)
        assert (logits.shape, logits.dtype) == ((count, 1), dtype)
        np.testing.assert_allclose(logits, memory["Z5"].T, rtol=0, atol=tolerance)
        np.testing.assert_allclose(network.predict(points), p.T, rtol=0, atol=tolerance)


def test_logits_are_the_callers_own_and_follow_the_parameters(network):
    points = np.random.default_rng(2).standard_normal((50, 2)).astype(np.float32)
    first = network.logits(points)
    kept = first.copy()
    network.flat *= 2
    second = network.logits(points)
    assert not np.shares_memory(first, second)
    np.testing.assert_array_equal(first, kept)
    assert not np.array_equal(first, second)


def test_points_of_any_layout(network):
    points = np.random.default_rng(2).integers(-3, 3, (60, 2))
    expected = network.logits(points.astype(np.float64))
    for given in (points, points.tolist(), np.asfortranarray(points), points.astype(np.float32)):
        np.testing.assert_array_equal(network.logits(given), expected)


@pytest.mark.parametrize("points", [np.zeros(2), np.zeros((3, 3)), np.zeros((2, 2, 2))])
def test_points_of_another_shape(network, points):
    with pytest.raises(InvalidInputError, match="points: must have 2 columns, one for each input"):
        network.logits(points)


def test_points_that_are_no_numbers(network):
    with pytest.raises(InvalidInputError, match="points: must be an array of numbers"):
        network.logits([["a", "b"]])


def test_saturation_and_overflow_give_no_warning(network):
    network.flat *= 1e6
    outputs = network.predict(np.random.default_rng(0).standard_normal((100, 2)))
    assert ((outputs == 0) | (outputs == 1)).all()
    network.flat *= 1e30
    network.predict(np.ones((3, 2)))


@pytest.mark.parametrize("way", [copy.deepcopy, copy.copy, lambda n: pickle.loads(pickle.dumps(n))])
def test_copies_are_whole_and_their_own(network, way):
    points = np.random.default_rng(2).standard_normal((50, 2))
    expected = network.logits(points)
    other = way(network)
    network.flat[:] = 0
    np.testing.assert_array_equal(other.logits(points), expected)
    other.views()["b5"][:] += 1
    assert (other.logits(points) != expected).all()


def test_a_pickle_leaves_buffers_behind(network):
    before = len(pickle.dumps(network))
    network.logits(np.zeros((5000, 2)))
    assert len(pickle.dumps(network)) == before < 4 * network.parameter_count + 2000
