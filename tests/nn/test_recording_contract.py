"""What holds for every kind of recording."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from epochreel.nn.architecture import architecture_from_sizes
from epochreel.nn.errors import InvalidInputError
from epochreel.nn.network import BLOCK, Network
from epochreel.nn.recording import FunctionRecording, ParameterRecording, Recording, reached

SNAPSHOTS = 4
ARCHITECTURE = architecture_from_sizes([2, 9, 5, 1], "relu", "sigmoid")


def plane(snapshot: int, points: np.ndarray) -> np.ndarray:
    return (points[:, :1] - points[:, 1:]) * snapshot


def networks() -> list[Network]:
    rngs = map(np.random.default_rng, range(SNAPSHOTS))
    return [Network([2, 9, 5, 1], rng=rng) for rng in rngs]


@pytest.fixture(params=[FunctionRecording, ParameterRecording])
def recording(request, moons) -> Recording:
    own = (
        {"function": plane}
        if request.param is FunctionRecording
        else {
            "architecture": ARCHITECTURE,
            "parameters": np.array([network.flat for network in networks()]),
        }
    )
    steps = np.arange(SNAPSHOTS)
    return request.param(
        name="model", dataset=moons, updates=steps * 50, epochs=steps * 50, seconds=steps / 10,
        unit="update", metrics={"train_loss": 1 / (1 + steps)}, **own,
    )  # fmt: skip


@pytest.fixture
def points():
    return np.random.default_rng(9).standard_normal((300, 2))


def test_it_is_what_was_given(recording):
    assert len(recording) == SNAPSHOTS
    assert recording.name == "model"
    assert recording.updates.dtype == np.int64
    assert recording.updates.tolist() == [0, 50, 100, 150]
    assert recording.epochs.dtype == recording.seconds.dtype == np.float64
    assert recording.metrics["train_loss"].tolist() == [1, 1 / 2, 1 / 3, 1 / 4]
    assert (recording.unit, recording.stopped, recording.link) == ("update", None, "sigmoid")


def test_nothing_can_be_written(recording):
    arrays = [recording.updates, recording.epochs, recording.seconds, *recording.metrics.values()]
    if isinstance(recording, ParameterRecording):
        arrays.append(recording.parameters)
    for again in (arrays, _arrays(pickle.loads(pickle.dumps(recording)))):
        for array in again:
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 1
    with pytest.raises(FrozenInstanceError):
        recording.name = "other"
    with pytest.raises(TypeError):
        recording.metrics["train_loss"] = 1


def _arrays(recording):
    data = recording.dataset
    return [
        recording.updates, recording.epochs, recording.seconds, *recording.metrics.values(),
        data.x_train, data.y_train, data.x_test, data.y_test,
    ]  # fmt: skip


def test_what_was_given_stays_writable(moons):
    updates = np.arange(2)
    FunctionRecording(
        name="model", dataset=moons, updates=updates, epochs=updates, seconds=updates,
        unit="update", metrics={}, function=plane,
    )  # fmt: skip
    updates[0] = 7


def test_logits_are_float32_and_the_callers_own(recording, points):
    first = recording.logits(1, points)
    assert (first.shape, first.dtype) == ((300, 1), np.float32)
    kept = first.copy()
    second = recording.logits(2, points)
    np.testing.assert_array_equal(first, kept)
    assert not np.array_equal(first, second)
    first[:] = 0
    np.testing.assert_array_equal(recording.logits(1, points), kept)


@pytest.mark.parametrize("snapshot", [-1, SNAPSHOTS])
def test_there_is_no_other_snapshot(recording, points, snapshot):
    with pytest.raises(InvalidInputError, match=f"snapshot: must be from 0 to 3, got {snapshot}"):
        recording.logits(snapshot, points)


def test_pickling_keeps_all_but_what_is_kept_for_speed(recording, points):
    fresh = pickle.dumps(recording)
    expected = recording.logits(3, points)
    recording.logits(3, np.zeros((20_000, 2)))
    used = pickle.dumps(recording)
    assert len(used) == len(fresh)
    copy = pickle.loads(used)
    np.testing.assert_array_equal(copy.logits(3, points), expected)
    assert dict(copy.metrics).keys() == dict(recording.metrics).keys()
    assert copy.dataset.name == recording.dataset.name


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"updates": [0, 50, 50, 150]}, "updates: must be ≥ 0 and strictly increasing"),
        ({"updates": [-1, 50, 100, 150]}, "updates: must be ≥ 0 and strictly increasing"),
        ({"updates": []}, "updates: must be one number for each of at least one snapshot"),
        ({"epochs": [0, 1]}, r"epochs: must be one number .* 4 snapshots, got shape \(2,\)"),
        ({"seconds": [[0, 1, 2, 3]]}, r"seconds: must be one .* got shape \(1, 4\)"),
        ({"metrics": {"test_loss": [1]}}, r"test_loss: must be one .* got shape \(1,\)"),
        ({"unit": "step"}, "unit: must be 'update' or 'epoch', got 'step'"),
    ],
)
def test_what_cannot_be_a_recording(recording, change, message):
    with pytest.raises(InvalidInputError, match=message):
        replace(recording, **change)


@pytest.mark.parametrize("count", [1, 300, BLOCK + 1, 20_000])
def test_parameters_predict_as_their_network(moons, count):
    nets, steps = networks(), np.arange(SNAPSHOTS)
    recording = ParameterRecording(
        name="model", dataset=moons, updates=steps, epochs=steps, seconds=steps, unit="epoch",
        metrics={}, architecture=ARCHITECTURE, parameters=np.array([net.flat for net in nets]),
    )  # fmt: skip
    points = np.random.default_rng(9).standard_normal((count, 2))
    for index in (2, 0, 3, 1, 1):
        expected = nets[index].logits(points)
        np.testing.assert_array_equal(recording.logits(index, points), expected)
        np.testing.assert_array_equal(recording.network(index).logits(points), expected)


def test_a_network_of_a_snapshot_is_free_to_be_changed(moons):
    nets, steps = networks(), np.arange(SNAPSHOTS)
    recording = ParameterRecording(
        name="model", dataset=moons, updates=steps, epochs=steps, seconds=steps, unit="epoch",
        metrics={}, architecture=ARCHITECTURE, parameters=np.array([net.flat for net in nets]),
    )  # fmt: skip
    recording.network(1).flat[:] = 0
    np.testing.assert_array_equal(recording.network(1).flat, nets[1].flat)
    with pytest.raises(InvalidInputError, match=r"parameters: must have shape \(4, 83\), got"):
        replace(recording, parameters=recording.parameters[:, :-1])
    broken = recording.parameters.copy()
    broken[1, 1] = np.nan
    with pytest.raises(InvalidInputError, match="parameters: must be finite"):
        replace(recording, parameters=broken)


def test_between_two_snapshots_it_is_between_them(recording, points):
    for snapshot in range(SNAPSHOTS):
        assert (
            recording.logits(float(snapshot), points) == recording.logits(snapshot, points)
        ).all()
    between = recording.logits(1.25, points)
    assert between.dtype == np.float32
    if isinstance(recording, ParameterRecording):
        mixed = 0.75 * recording.parameters[1] + 0.25 * recording.parameters[2]
        network = Network.from_vector(ARCHITECTURE, mixed.astype(np.float32))
        expected = network.logits(points)
    else:
        expected = 0.75 * plane(1, points) + 0.25 * plane(2, points)
    np.testing.assert_allclose(between, expected, rtol=1e-5, atol=1e-5)
    # and nothing of it is left behind
    np.testing.assert_array_equal(recording.logits(1, points), recording.logits(1.0, points))
    for wrong in (-0.5, SNAPSHOTS - 0.5, float("nan")):
        with pytest.raises(InvalidInputError, match="snapshot: must be from 0 to 3"):
            recording.logits(wrong, points)


def test_between_certainties_the_nearer_one_counts(moons):
    def sure(snapshot, points):
        return np.array([[np.inf if snapshot else -np.inf], [2.0]])

    steps = np.arange(2)
    recording = FunctionRecording(
        name="sure", dataset=moons, updates=steps, epochs=steps, seconds=steps, unit="update",
        metrics={}, function=sure,
    )  # fmt: skip
    assert recording.logits(0.25, np.zeros((2, 2))).tolist() == [[-np.inf], [2]]
    assert recording.logits(0.75, np.zeros((2, 2))).tolist() == [[np.inf], [2]]


@pytest.mark.parametrize(
    ("snapshot", "done"), [(0, 0), (1, 50), (1.5, 75), (1.99, 99), (2, 100), (1.999_999_999_9, 100)]
)
def test_what_is_done_is_counted_in_whole_updates(snapshot, done):
    assert reached(np.array([0, 50, 100]), snapshot) == done
