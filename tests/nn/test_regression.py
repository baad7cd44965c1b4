"""Numbers instead of classes: the data, what is measured, files, and other units."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from recording_files import forged, refusal

from epochreel.nn.csv_data import read_csv
from epochreel.nn.dataset import Dataset, Target, Viewport
from epochreel.nn.datasets import make_dataset
from epochreel.nn.errors import InvalidInputError, RecordingError
from epochreel.nn.measuring import gradient_norms, learning_rates
from epochreel.nn.network import Network
from epochreel.nn.optimizers import Adam
from epochreel.nn.recorder import NetworkRecorder
from epochreel.nn.recording import ParameterRecording
from epochreel.nn.recording_file import load_recording
from epochreel.nn.scaling import Scaling
from epochreel.nn.schedules import CosineDecay
from epochreel.nn.training import train

MSE = "mean_squared_error"


def learned(data: Dataset, *, iterations: int = 300, **options) -> ParameterRecording:
    rng = np.random.default_rng(1)
    network = Network(
        [1, 16, 1], "tanh", output_activation="linear", initializer="glorot_uniform", rng=rng
    )
    recorder = NetworkRecorder("Curve", data, every=50, loss=MSE, **options)
    train(
        network, data.x_train, data.y_train, loss=MSE, optimizer=Adam(0.03),
        iterations=iterations, callbacks=[recorder],
    )  # fmt: skip
    return recorder.recording()


@pytest.fixture(scope="module")
def sine() -> Dataset:
    return make_dataset("sine", samples=150, noise=0.2, seed=5)


def test_a_sine_is_one_and_its_noise(sine):
    assert (sine.task, sine.classes, sine.class_names, sine.features) == ("regression", 0, (), 1)
    assert sine.y_train.dtype == np.float64
    assert (len(sine.y_train), len(sine.y_test)) == (135, 15)
    rest = sine.y_train - np.sin(sine.x_train[:, 0])
    assert rest.std() == pytest.approx(0.2, rel=0.2)
    assert abs(sine.x_train).max() <= np.pi
    x, y = sine.target.truth.T
    np.testing.assert_allclose(y, np.sin(x), atol=1e-12)
    assert sine.target.noise == 0.2
    view = sine.viewport
    assert view.y_min < sine.y_train.min()
    assert view.y_max > sine.y_train.max()
    assert view.x_min < -3
    calm = make_dataset("sine", samples=150, noise=0, seed=5)
    np.testing.assert_allclose(calm.y_train, np.sin(calm.x_train[:, 0]))


def test_what_was_learned_fits_what_was_drawn(sine):
    recording = learned(sine)
    assert recording.link == "identity"
    assert set(recording.metrics) == {"train_loss", "train_r2", "test_loss", "test_r2"}
    predicted = recording.logits(len(recording) - 1, sine.x_test)[:, 0]
    errors = predicted - sine.y_test
    assert recording.metrics["test_loss"][-1] == pytest.approx(np.mean(errors**2), rel=1e-5)
    assert recording.metrics["test_r2"][-1] == pytest.approx(
        1 - np.mean(errors**2) / np.var(sine.y_test), rel=1e-5
    )
    assert recording.metrics["train_r2"][-1] > 0.9
    vectors = np.array([recording.vector(index) for index in (0, len(recording) - 1)])
    expected = recording.metrics["train_loss"][[0, -1]]
    np.testing.assert_allclose(recording.losses(vectors), expected, rtol=1e-6)


def test_a_target_that_never_changes_has_no_r2():
    x = np.linspace(-1, 1, 20)[:, None]
    data = Dataset(
        name="flat", x_train=x, y_train=np.ones(20), x_test=x[:5], y_test=np.arange(5.0),
        viewport=Viewport(-1, 1, 0, 5), feature_names=("x",), target=Target(),
    )  # fmt: skip
    assert set(learned(data, iterations=10).metrics) == {"train_loss", "test_loss", "test_r2"}


@pytest.mark.parametrize("task", ["sine", "moons"])
def test_the_gradient_norm_is_that_of_finite_differences(task):
    data, rng = make_dataset(task, samples=40, seed=5), np.random.default_rng(1)
    loss, last = (MSE, "linear") if task == "sine" else ("binary_crossentropy", "sigmoid")
    network = Network([data.features, 4, 1], "tanh", output_activation=last, rng=rng)
    flat = network.flat.astype(np.float64)
    (norm,) = gradient_norms(network.architecture, [flat], data, loss)
    wide = Network.from_vector(network.architecture, flat.copy())

    def mean(vector):
        np.copyto(wide.flat, vector)
        z, y = wide.logits(data.x_train)[:, 0], data.y_train
        if task == "sine":
            return np.mean((z - y) ** 2)
        return np.mean(np.logaddexp(0, z) - y * z)

    step = 1e-6 * np.eye(len(flat))
    slopes = [(mean(flat + way) - mean(flat - way)) / 2e-6 for way in step]
    assert norm == pytest.approx(np.linalg.norm(slopes), rel=1e-6)


def test_learning_rates_are_those_of_the_updates_that_follow():
    schedule = CosineDecay(0.1, 100)
    found = learning_rates(schedule, [0, 50, 100])
    np.testing.assert_allclose(found, [schedule(0), schedule(50), schedule(100)])
    np.testing.assert_array_equal(learning_rates(0.3, [0, 7]), [0.3, 0.3])


def test_they_are_recorded_when_they_are_asked_for(sine):
    recording = learned(sine, gradient_norm=True, learning_rate=0.03)
    assert (recording.metrics["learning_rate"] == 0.03).all()
    norms = gradient_norms(recording.architecture, recording.parameters, sine, MSE)
    np.testing.assert_array_equal(recording.metrics["gradient_norm"], norms)
    assert norms[-1] < norms[0]


@pytest.mark.parametrize("known", [True, False])
def test_a_file_keeps_it(sine, known, tmp_path):
    if not known:
        sine = make_dataset("sine", samples=20, seed=1)
        object.__setattr__(sine, "target", Target(name="price"))
    recording = learned(sine, iterations=50)
    path = tmp_path / "it.reel"
    recording.save(path)
    assert path.read_bytes()[8:12] == (2).to_bytes(4, "little")
    loaded = load_recording(path)
    data, target = loaded.dataset, loaded.dataset.target
    assert loaded.link == "identity"
    assert (data.task, target.name, target.noise) == (
        "regression", sine.target.name, sine.target.noise,
    )  # fmt: skip
    for name in ("x_train", "y_train", "x_test", "y_test"):
        np.testing.assert_array_equal(getattr(data, name), getattr(sine, name))
    if known:
        np.testing.assert_array_equal(target.truth, sine.target.truth)
    else:
        assert target.truth is None
    x = np.linspace(-2, 2, 7)[:, None]
    np.testing.assert_array_equal(loaded.logits(0.5, x), recording.logits(0.5, x))
    assert dict(loaded.metrics).keys() == dict(recording.metrics).keys()


def test_data_of_classes_are_still_in_version_1(tmp_path):
    data = make_dataset("moons", samples=20, seed=1)
    network = Network([2, 1], output_activation="sigmoid", rng=np.random.default_rng(1))
    recorder = NetworkRecorder("Moons", data)
    train(network, data.x_train, data.y_train, iterations=1, callbacks=[recorder])
    recorder.recording().save(tmp_path / "it.reel")
    assert (tmp_path / "it.reel").read_bytes()[8:12] == (1).to_bytes(4, "little")


def test_a_truth_of_another_type_is_damage(sine, tmp_path):
    recording = learned(sine, iterations=50)
    path = tmp_path / "it.reel"
    object.__setattr__(sine.target, "truth", sine.target.truth.astype(np.float32))
    try:
        recording.save(path)
    finally:
        object.__setattr__(sine.target, "truth", sine.target.truth.astype(np.float64))
    with pytest.raises(RecordingError, match="dataset/truth must be float64"):
        load_recording(path)


def _in_target(**changes):
    return lambda header: header["dataset"]["target"].update(changes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda header: header["dataset"].update(target=3), "dataset.target in its header must be"),
        (_in_target(name=3), "dataset.target.name in its header must be text, got 3"),
        (_in_target(noise="much"), "dataset.target.noise in its header must be a number"),
        (_in_target(noise=-1), "noise: must be finite and ≥ 0, got -1"),
        (lambda header: header["dataset"]["target"].pop("noise"), "target.noise is missing"),
        (lambda header: header["dataset"].pop("target"), "link can't be 'identity' of such data"),
        (lambda header: header.update(link="sigmoid"), "link can't be 'sigmoid' of such data"),
        (
            lambda header: header["arrays"]["dataset/truth"].update(
                shape=[1602], chunks=header["arrays"]["dataset/truth"]["chunks"]
            ),
            "is damaged",
        ),
    ],
)
def test_hostile_files_are_refused(sine, change, message, tmp_path):
    recording = learned(sine, iterations=50)
    path = tmp_path / "it.reel"
    recording.save(path)
    path.write_bytes(forged(path.read_bytes(), change))
    assert message in refusal(path)


def test_a_pickle_keeps_it(sine):
    again = pickle.loads(pickle.dumps(sine))
    np.testing.assert_array_equal(again.target.truth, sine.target.truth)
    assert not again.target.truth.flags.writeable
    assert not again.y_train.flags.writeable


def test_other_units_are_folded_back():
    rng = np.random.default_rng(1)
    x = 5000 + 300 * rng.standard_normal((80, 1))
    y = 2e5 + 400 * (x[:, 0] - 5000) + 1e4 * rng.standard_normal(80)
    data = Dataset(
        name="houses", x_train=x[:60], y_train=y[:60], x_test=x[60:], y_test=y[60:],
        viewport=Viewport(4000, 6000, -3e5, 7e5), feature_names=("area",),
        target=Target(name="price"),
    )  # fmt: skip
    scaling = Scaling.of_dataset(data)
    scaled = scaling.apply(data)
    assert scaled.y_train.mean() == pytest.approx(0, abs=1e-12)
    assert scaled.y_train.std() == pytest.approx(1)
    assert scaled.viewport.y_max == pytest.approx((7e5 - y[:60].mean()) / y[:60].std())
    recording = scaling.undo(learned(scaled, gradient_norm=True), data)
    errors = recording.logits(len(recording) - 1, data.x_test)[:, 0] - data.y_test
    assert recording.metrics["test_loss"][-1] == pytest.approx(np.mean(errors**2), rel=1e-3)
    assert recording.metrics["test_r2"][-1] == pytest.approx(
        1 - np.mean(errors**2) / np.var(data.y_test), rel=1e-3
    )
    assert recording.metrics["test_r2"][-1] > 0.95
    assert recording.dataset is data


def test_two_columns_are_a_regression(tmp_path: Path):
    path = tmp_path / "houses.csv"
    path.write_text("area,price\n1,2.5\n2,4\n3,6.5\n", encoding="utf-8")
    table = read_csv(str(path), task="regression")
    np.testing.assert_array_equal(table.y, [2.5, 4, 6.5])
    np.testing.assert_array_equal(table.x, [[1], [2], [3]])
    data = make_dataset("csv", path=str(path), task="regression", label="area", test_fraction=0)
    assert (data.feature_names, data.target.name) == (("price",), "area")
    assert data.target.truth is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b,c\n1,2,3\n", "houses.csv: must have 2 columns, x and y, got 3"),
        ("a,b\n1,two\n", "houses.csv, row 2, b: must be a number, got 'two'"),
        ("a,b\n1,inf\n", "houses.csv, row 2, b: must be finite"),
    ],
)
def test_impossible_tables(text, message, tmp_path):
    path = tmp_path / "houses.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInputError, match=message):
        read_csv(str(path), task="regression")


def test_impossible_targets():
    with pytest.raises(InvalidInputError, match="truth: must have strictly increasing x"):
        Target(truth=np.array([[1.0, 0], [0, 0]]))
    with pytest.raises(InvalidInputError, match="truth: must be finite points"):
        Target(truth=np.zeros(3))
    with pytest.raises(InvalidInputError, match="noise: must be finite and ≥ 0, got -1"):
        Target(noise=-1)
    x = np.zeros((2, 1))
    with pytest.raises(InvalidInputError, match="y_train: must be finite"):
        Dataset(
            name="it", x_train=x, y_train=np.array([0, np.nan]), x_test=x[:0], y_test=np.empty(0),
            viewport=Viewport(0, 1, 0, 1), feature_names=("x",), target=Target(),
        )  # fmt: skip
    with pytest.raises(InvalidInputError, match="task: must be one of 'classification'"):
        read_csv("it.csv", task="regresion")


def test_a_network_that_gives_probabilities_isn_t_recorded(sine):
    network = Network([1, 1], output_activation="sigmoid", rng=np.random.default_rng(1))
    recorder = NetworkRecorder("It", sine, loss=MSE)
    with pytest.raises(InvalidInputError, match="must end in 1 linear unit under mean_squared"):
        train(network, sine.x_train, sine.y_train, loss=MSE, iterations=1, callbacks=[recorder])
