"""What a recording tells of its layers, against the network itself."""

from __future__ import annotations

import numpy as np
import pytest

from epochreel.nn import Network, NetworkRecorder, make_dataset, train
from epochreel.nn.errors import InvalidInputError
from epochreel.nn.measuring import evaluate
from epochreel.nn.optimizers import Adam
from epochreel.nn.recording import FunctionRecording, Layered, ParameterRecording

KINDS = [("relu", 2), ("tanh", 2), ("selu", 3), ("gelu", 2)]


def recorded(activation: str, classes: int) -> ParameterRecording:
    kind = "moons" if classes == 2 else "blobs"
    options = {} if classes == 2 else {"classes": classes}
    data, rng = make_dataset(kind, samples=60, seed=3, **options), np.random.default_rng(0)
    outputs = 1 if classes == 2 else classes
    last = "sigmoid" if classes == 2 else "softmax"
    loss = "binary_crossentropy" if classes == 2 else "categorical_crossentropy"
    network = Network([2, 5, 4, outputs], activation, last, "glorot_uniform", rng=rng)
    recorder = NetworkRecorder("M", data, every=5, loss=loss)
    train(
        network, data.x_train, data.y_train, optimizer=Adam(0.01), iterations=20, loss=loss,
        rng=rng, callbacks=[recorder],
    )  # fmt: skip
    return recorder.recording()


@pytest.mark.parametrize(("activation", "classes"), KINDS)
def test_layers_give_what_the_network_gives(activation: str, classes: int) -> None:
    recording = recorded(activation, classes)
    assert isinstance(recording, Layered)
    x = recording.dataset.x_test
    outputs = recording.activations(2, x)
    assert [found.shape[1] for found in outputs] == [5, 4, 1 if classes == 2 else classes]
    assert {len(found) for found in outputs} == {len(x)}
    np.testing.assert_allclose(outputs[-1], recording.network(2).predict(x), atol=1e-6)
    weights, biases = recording.layers(2)[0]
    named = recording.network(2).views()
    np.testing.assert_array_equal(weights, named["W1"])
    np.testing.assert_array_equal(biases, named["b1"].ravel())


@pytest.mark.parametrize(("activation", "classes"), KINDS)
def test_losses_are_those_of_each_network(activation: str, classes: int) -> None:
    recording = recorded(activation, classes)
    data = recording.dataset
    loss = "binary_crossentropy" if classes == 2 else "categorical_crossentropy"
    vectors = np.stack([recording.vector(snapshot) for snapshot in (0, 1, 4)])
    expected = [
        evaluate(recording.network(snapshot), data.x_train, data.y_train, loss)[0]
        for snapshot in (0, 1, 4)
    ]
    np.testing.assert_allclose(recording.losses(vectors), expected, rtol=1e-6)


def test_between_two_snapshots_parameters_are_between_them() -> None:
    recording = recorded("relu", 2)
    low, high = recording.vector(1), recording.vector(2)
    np.testing.assert_allclose(recording.vector(1.25), 0.75 * low + 0.25 * high, atol=1e-7)
    recording.vector(1)[:] = 0
    np.testing.assert_array_equal(recording.vector(1), low)
    with pytest.raises(InvalidInputError, match="snapshot"):
        recording.vector(5)


def test_a_function_has_no_layers() -> None:
    assert not isinstance(FunctionRecording.__new__(FunctionRecording), Layered)
