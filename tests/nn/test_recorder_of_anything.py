"""The general recorder: what it is told comes back from its file, whatever happens on the way."""

from __future__ import annotations

import os
import re
import sys
import time

import numpy as np
import pytest

from epochreel.nn import (
    SGD,
    GridRecording,
    Network,
    NetworkRecorder,
    Recorder,
    Viewport,
    load_recording,
    make_dataset,
    recorders,
    train,
)
from epochreel.nn.errors import (
    InvalidInputError,
    MissingPackageError,
    OutputError,
    RecordingError,
)

DATA = make_dataset("moons", samples=60, noise=0.2, seed=1)
BOTH = {"data": (DATA.x_train, DATA.y_train), "test_data": (DATA.x_test, DATA.y_test)}
POINTS = np.random.default_rng(5).uniform(-1, 2, (50, 2)).astype(np.float32)


def network(seed: int = 1, sizes=(2, 5, 4, 1), output: str = "sigmoid") -> Network:
    return Network(list(sizes), "tanh", output, rng=np.random.default_rng(seed))


def taken(recorder: Recorder, net: Network, updates=range(4), **more) -> None:
    for update in updates:
        net.flat[:] += 0.1
        recorder.capture(update, parameters=net.flat, architecture=net.architecture, **more)


def plane(update: float, points: np.ndarray) -> np.ndarray:
    """Give a probability whose logit is linear in the plane and in the update."""
    return 1 / (1 + np.exp(-(points[:, 0] * 2 - points[:, 1] + update)))


def test_parameters_are_recorded_as_our_own_recorder_does(tmp_path):
    net, seen = network(), {}
    own = NetworkRecorder("model", DATA, every=3)
    recorder = Recorder(tmp_path / "it.reel", name="model", viewport=DATA.viewport, **BOTH)

    def watch(iteration, parameters):
        if iteration % 3 == 0:
            recorder.capture(iteration, parameters=net.flat, architecture=net.architecture)
            seen[iteration] = net.logits(POINTS)

    watch(0, {})
    train(net, DATA.x_train, DATA.y_train, optimizer=SGD(0.5), iterations=9, callbacks=[own, watch])
    recorder.close()
    found, expected = recorder.recording(), own.recording()
    assert found.updates.tolist() == [0, 3, 6, 9]
    np.testing.assert_array_equal(found.parameters, expected.parameters, strict=True)
    assert list(found.metrics) == list(expected.metrics)
    for key, values in expected.metrics.items():
        np.testing.assert_array_equal(found.metrics[key], values)
    for name in ("x_train", "y_train", "x_test", "y_test"):
        np.testing.assert_array_equal(getattr(found.dataset, name), getattr(DATA, name))
    assert (found.link, found.unit, found.stopped) == ("sigmoid", "update", None)
    for snapshot, update in enumerate(seen):
        np.testing.assert_array_equal(found.logits(snapshot, POINTS), seen[update])
    assert os.listdir(tmp_path) == ["it.reel"]


def test_predictions_are_recorded_on_a_grid(tmp_path):
    asked = []

    def model(update):
        def predict(points):
            asked.append((points.shape, points.dtype))
            return plane(update, points)

        return predict

    options = {"resolution": (40, 30), "viewport": DATA.viewport, **BOTH}
    with Recorder(tmp_path / "it.reel", **options) as recorder:
        for update in (0, 2, 5):
            recorder.capture(update, predict=model(update), epoch=update / 10)
    found = recorder.recording()
    assert isinstance(found, GridRecording)
    # the grid has 40×30 nodes over the viewport, and as dense ones around it
    assert (found.grid.columns, found.grid.rows) == (44, 33)
    assert asked[:3] == [((44 * 33, 2), np.float32), ((54, 2), np.float32), ((6, 2), np.float32)]
    # linear logits are what bilinear interpolation gives, also between snapshots
    for snapshot, update in ((0, 0), (1, 2), (1.5, 3.5), (2, 5)):
        expected = POINTS[:, 0] * 2 - POINTS[:, 1] + update
        np.testing.assert_allclose(found.logits(snapshot, POINTS)[:, 0], expected, atol=5e-4)
    logits = DATA.x_train[:, 0] * 2 - DATA.x_train[:, 1] + 5
    y = DATA.y_train
    loss = np.mean(np.logaddexp(0, logits) - y * logits)
    assert found.metrics["train_loss"][2] == pytest.approx(loss, rel=1e-5)
    assert found.metrics["train_accuracy"][2] == np.mean((logits > 0) == y)
    assert set(found.metrics) == {
        f"{split}_{what}" for split in ("train", "test") for what in ("loss", "accuracy")
    }
    assert found.epochs.tolist() == [0, 0.2, 0.5]
    view = DATA.viewport
    corners = [[view.x_min, view.y_min], [view.x_max, view.y_max]]
    assert np.isfinite(found.logits(0, np.array(corners))).all()
    outside = np.array([[view.x_max + view.width, 0.0]])
    assert np.isnan(found.logits(0, outside)).all()


@pytest.mark.parametrize(
    ("given", "outputs", "expected"),
    [
        ([0.25, 0.5, 0, 1], "probabilities", [[np.log(1 / 3)], [0], [-16], [16]]),
        ([[0.25], [0.5]], "probabilities", [[np.log(1 / 3)], [0]]),
        ([[0.75, 0.25], [0, 1]], "probabilities", [[np.log(1 / 3)], [16]]),
        ([[0.7, 0.3, 0]], "probabilities", [[np.log(0.7), np.log(0.3), -16]]),
        ([3, -20.5], "logits", [[3], [-20.5]]),
        ([[1, 4]], "logits", [[3]]),
        ([[1, 4, 2]], "logits", [[1, 4, 2]]),
    ],
)
def test_what_a_classifier_says(given, outputs, expected):
    from epochreel.nn.grid_recording import as_logits

    np.testing.assert_allclose(as_logits(given, len(given), outputs), expected, rtol=1e-12)


@pytest.mark.parametrize("classes", [1, 2, 3])
def test_models_of_several_classes(classes, tmp_path):
    x = DATA.x_train
    y = np.arange(len(x)) % max(2, classes)
    with Recorder(tmp_path / "it.reel", data=(x, y), resolution=(8, 6)) as recorder:

        def predict(points):
            p = np.tile(np.arange(1.0, classes + 1), (len(points), 1))
            return p / p.sum() if classes > 1 else p * 0.3

        recorder.capture(0, predict=predict)
    found = recorder.recording()
    assert found.link == ("softmax" if classes > 2 else "sigmoid")
    assert found.logits(0, POINTS).shape == (50, classes if classes > 2 else 1)
    assert found.dataset.class_names == tuple(f"class {n}" for n in range(max(2, classes)))
    wins = {1: y == 0, 2: y == 1, 3: y == 2}[classes]
    assert found.metrics["train_accuracy"][0] == pytest.approx(wins.mean())


def test_what_is_reported_counts_where_nothing_is_measured(tmp_path):
    net = network()
    with Recorder(tmp_path / "it.reel") as recorder:
        taken(recorder, net, [0], loss=0.7)
        taken(recorder, net, [1])
        taken(recorder, net, [2], loss=0.5, val_accuracy=0.9)
    found = recorder.recording()
    assert list(found.metrics) == ["train_loss", "test_accuracy"]
    np.testing.assert_array_equal(found.metrics["train_loss"], [0.7, 0.7, 0.5])
    np.testing.assert_array_equal(found.metrics["test_accuracy"], [np.nan, np.nan, 0.9])
    assert found.dataset.x_train.shape == (0, 2)
    with Recorder(tmp_path / "it.reel", data=BOTH["data"]) as recorder:
        taken(recorder, net, [0], loss=0.7, val_loss=0.25)
    metrics = recorder.recording().metrics
    assert metrics["train_loss"][0] != 0.7
    assert metrics["test_loss"][0] == 0.25


def test_where_it_comes_from(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "training.py"), "--fast"])
    with Recorder(tmp_path / "it.reel", provenance={"seed": 3, "keras": "3.9"}, **BOTH) as recorder:
        taken(recorder, network())
    found = recorder.recording().provenance
    assert (found["script"], found["seed"], found["keras"]) == ("training.py", 3, "3.9")
    assert {"epochreel", "python", "numpy", "machine"} < set(found)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e39])
def test_a_training_that_diverges_is_recorded_up_to_there(bad, tmp_path):
    net = network()
    with Recorder(tmp_path / "it.reel", **BOTH) as recorder:
        taken(recorder, net, [0, 1])
        broken = net.flat.astype(np.float64)
        broken[3] = bad
        recorder.capture(2, parameters=broken, architecture=net.architecture)
        taken(recorder, net, [3])
    found = recorder.recording()
    assert found.updates.tolist() == [0, 1]
    assert found.stopped == "parameters are not finite at update 2"


def test_a_model_that_predicts_nan_is_recorded_up_to_there(tmp_path):
    with Recorder(tmp_path / "it.reel", resolution=(8, 6), **BOTH) as recorder:
        recorder.capture(0, predict=lambda points: np.full(len(points), 0.5))
        recorder.capture(1, predict=lambda points: np.full(len(points), np.nan))
    found = recorder.recording()
    assert (len(found), found.stopped) == (1, "predictions are not finite at update 1")


def test_an_error_in_the_training_keeps_what_is_there(tmp_path):
    def fail():
        with Recorder(tmp_path / "it.reel", **BOTH) as recorder:
            taken(recorder, network())
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        fail()
    found = load_recording(tmp_path / "it.reel")
    assert (len(found), found.stopped) == (4, "ZeroDivisionError")


def test_time_spent_in_the_recorder_is_not_the_trainings(tmp_path):
    def slow(points):
        time.sleep(0.03)
        return np.full(len(points), 0.5)

    with Recorder(tmp_path / "it.reel", resolution=(8, 6), viewport=(0, 1, 0, 1)) as recorder:
        for update in range(5):
            recorder.capture(update, predict=slow)
    seconds = recorder.recording().seconds
    assert recorder.overhead_s > 0.15
    assert 0 <= seconds[-1] < 0.1
    assert (np.diff(seconds) >= 0).all()


def test_seconds_that_are_given(tmp_path):
    with Recorder(tmp_path / "it.reel", unit="epoch") as recorder:
        taken(recorder, network(), [0], seconds=0.5)
        taken(recorder, network(), [7], seconds=1.5, epoch=1)
    found = recorder.recording()
    assert found.seconds.tolist() == [0.5, 1.5]
    assert (found.unit, found.epochs.tolist()) == ("epoch", [0, 1])


def test_nothing_is_replaced_before_there_is_something(tmp_path):
    path = tmp_path / "it.reel"
    path.write_bytes(b"what was here")
    recorder = Recorder(path)
    assert path.read_bytes() == b"what was here"
    taken(recorder, network(), [0])
    assert len(load_recording(path)) == 1
    recorder.close()
    with Recorder(tmp_path / "other.reel") as empty:
        pass
    with pytest.raises(RecordingError, match=r"other\.reel: nothing was captured"):
        empty.recording()
    assert os.listdir(tmp_path) == ["it.reel"]


def test_labels_may_be_columns(tmp_path):
    y = DATA.y_train
    for labels in (y[:, None], np.eye(2)[y], y.astype(np.float32), list(y), y.astype(bool)):
        recorder = Recorder(tmp_path / "it.reel", data=(DATA.x_train, labels))
        np.testing.assert_array_equal(recorder.dataset.y_train, y)


def test_a_full_disk_ends_the_recording_not_the_training(tmp_path, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    net = network()
    recorder = Recorder(tmp_path / "it.reel")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OutputError, match="can't be written: No space left"):
            taken(recorder, net, [0])
    assert os.listdir(tmp_path) == []
    recorder = Recorder(tmp_path / "it.reel")
    taken(recorder, net, [0])
    time.sleep(1.1)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.warns(RuntimeWarning, match="No space left on device; the recording ends there"):
        taken(recorder, net, [1])
    taken(recorder, net, [2])
    recorder.close()
    assert len(load_recording(tmp_path / "it.reel")) == 1


NET = network()
GOOD = {"parameters": NET.flat, "architecture": NET.architecture}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unit": "step"}, "unit: must be one of 'update', 'epoch', got 'step'"),
        ({"outputs": "logit"}, "outputs: must be one of .* did you mean 'logits'"),
        ({"loss": "bce"}, "loss: must be one of"),
        ({"resolution": 240}, "resolution: must be two numbers, columns and rows, got 240"),
        ({"resolution": (1, 5)}, "resolution: must be a whole number ≥ 2, got 1"),
        ({"viewport": (0, 0, 1, 2)}, "viewport: x_min must be less than x_max"),
        ({"data": DATA.x_train}, r"data: must be \(X, y\), two arrays of numbers"),
        ({"data": (DATA.x_train, DATA.y_train[:3])}, "data: y must have one label for each of 54"),
        ({"data": (DATA.x_train * np.nan, DATA.y_train)}, "data: X must be finite"),
        ({"data": (DATA.x_train, DATA.y_train - 1)}, "data: y must have whole numbers from 0"),
        ({"data": (DATA.x_train, DATA.y_train / 2)}, "data: y must have whole numbers from 0"),
        ({"data": (DATA.x_train[0], [1, 0])}, r"data: X must be \(samples, features\), got shape"),
        ({**BOTH, "test_data": ([[1.0]], [0])}, "test_data: must have 2 columns"),
        ({"data": (DATA.x_train, ["a"] * 54)}, "data: y must have whole numbers from 0, got <U1"),
        ({"data": (DATA.x_train, np.ones((54, 3)))}, "data: y must have a single 1 in each row"),
    ],
)
def test_what_cannot_be_asked_for(options, message, tmp_path):
    with pytest.raises(InvalidInputError, match=message):
        Recorder(tmp_path / "it.reel", **options)


def test_there_must_be_a_folder(tmp_path):
    for path in (tmp_path / "nowhere" / "it.reel", tmp_path):
        with pytest.raises(InvalidInputError, match="path: must be a file in a folder that is"):
            Recorder(path)


@pytest.mark.parametrize(
    ("first", "then", "message"),
    [
        ({}, {}, "capture: must be given either parameters"),
        ({**GOOD, "predict": len}, {}, "capture: must be given either parameters"),
        ({"predict": len}, {}, "viewport: must be given where there is no data"),
        ({"parameters": NET.flat}, {}, "viewport|architecture"),
        ({**GOOD, "parameters": NET.flat[1:]}, {}, r"parameters: must be 44 numbers .* \(43,\)"),
        ({**GOOD, "parameters": NET.flat.astype(int)}, {}, "parameters: must be .* of int64"),
        ({**GOOD, "auc": 1.0}, {}, "capture: must be one of 'loss', .* got 'auc'"),
        ({**GOOD, "update": -1}, {}, "update: must be a whole number ≥ 0, got -1"),
        (GOOD, {**GOOD, "update": 5}, "update: must be greater than 5, .* got 5"),
        (GOOD, {"predict": len}, "capture: must be given the same kind of thing each time"),
        (GOOD, {"parameters": NET.flat}, "architecture: must be given, the same each time"),
        (GOOD, {**GOOD, "architecture": network(sizes=(2, 3, 1)).architecture}, "architecture:"),
    ],
)
def test_what_cannot_be_captured(first, then, message, tmp_path):
    recorder = Recorder(tmp_path / "it.reel")
    if then:
        recorder.capture(**{"update": 5, **first})
    with pytest.raises(InvalidInputError, match=message):
        recorder.capture(**{"update": 6, **(then or first)})
    recorder.close()


@pytest.mark.parametrize(
    ("predict", "message"),
    [
        (lambda points: [0.5], r"predict: must give 99 rows, .* got shape \(1, 1\)"),
        (lambda points: points + 3, "predict: must give probabilities from 0 to 1, got .*logits"),
        (lambda points: "no", "predict: must give an array of numbers"),
        (lambda points: np.zeros((len(points), 2, 2)), "predict: must give 99 rows"),
    ],
)
def test_what_cannot_be_a_prediction(predict, message, tmp_path):
    recorder = Recorder(tmp_path / "it.reel", viewport=(0, 1, 0, 1), resolution=(10, 8))
    with pytest.raises(InvalidInputError, match=message):
        recorder.capture(0, predict=predict)


def test_data_must_fit_the_model(tmp_path):
    three = np.zeros((4, 3)), [0, 1, 0, 1]
    with pytest.raises(InvalidInputError, match="data: must have 2 features, one for each input"):
        Recorder(tmp_path / "it.reel", data=three).capture(0, **GOOD)
    with pytest.raises(InvalidInputError, match="data: must have 2 features for a model that"):
        Recorder(tmp_path / "it.reel", data=three).capture(0, predict=lambda p: p[:, 0] * 0)
    net, recorder = network(output="linear"), Recorder(tmp_path / "it.reel", **BOTH)
    with pytest.raises(InvalidInputError, match="network: must end in 1 sigmoid unit"):
        recorder.capture(0, parameters=net.flat, architecture=net.architecture)


def test_after_the_end(tmp_path):
    recorder = Recorder(tmp_path / "it.reel", viewport=Viewport(0, 1, 0, 1))
    with pytest.raises(RecordingError, match="must be closed before it is a recording"):
        recorder.recording()
    recorder.capture(0, **GOOD)
    recorder.close()
    recorder.close(stopped="never mind")
    assert recorder.recording().stopped is None
    with pytest.raises(RecordingError, match="is closed; nothing can be captured any more"):
        recorder.capture(1, **GOOD)


def test_a_framework_that_is_not_installed(monkeypatch):
    monkeypatch.setattr(recorders, "RECORDERS", {"OtherRecorder": "no_such_framework.x:Recorder"})
    monkeypatch.setattr(recorders, "EXTRAS", {"OtherRecorder": "other"})
    words = "needs no_such_framework, which isn't installed; pip install 'epochreel[other]'"
    with pytest.raises(MissingPackageError, match=re.escape(f"OtherRecorder: {words}")):
        _ = recorders.OtherRecorder
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = recorders.Nothing
