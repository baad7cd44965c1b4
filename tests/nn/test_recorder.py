"""Which snapshots are kept, and that they are what training had."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from epochreel.nn.callbacks import StopTraining
from epochreel.nn.capture import Adaptive, Every, Listed, Path, Spaced
from epochreel.nn.dataset import Dataset, Viewport
from epochreel.nn.datasets import make_dataset
from epochreel.nn.errors import InvalidInputError, RecordingError
from epochreel.nn.network import Network
from epochreel.nn.optimizers import SGD
from epochreel.nn.recorder import NetworkRecorder, evaluate
from epochreel.nn.schedules import ExponentialDecay
from epochreel.nn.training import train

SIZES = [2, 6, 4, 1]


def record(data, *, every=50, unit="update", dtype=np.float32, callbacks=(), rate=0.1, **options):
    network = Network(SIZES, rng=np.random.default_rng(1), dtype=dtype)
    recorder = NetworkRecorder("model", data, every=every, unit=unit)
    options = {"rng": np.random.default_rng(2), **options}
    train(
        network, data.x_train, data.y_train, optimizer=SGD(rate),
        callbacks=[recorder, *callbacks], **options,
    )  # fmt: skip
    return recorder.recording(), network


@pytest.mark.parametrize(
    ("options", "updates"),
    [
        ({"iterations": 200}, [0, 50, 100, 150, 200]),
        ({"iterations": 120}, [0, 50, 100, 120]),
        ({"iterations": 1}, [0, 1]),
        ({"iterations": 3, "every": 1}, [0, 1, 2, 3]),
        ({"iterations": 3, "every": 1000}, [0, 3]),
        ({"epochs": 4, "batch_size": 60, "every": 2, "unit": "epoch"}, [0, 6, 12]),
        ({"epochs": 3, "batch_size": 50, "every": 2, "unit": "epoch"}, [0, 8, 12]),
        ({"epochs": 2, "batch_size": 50, "every": 3}, [0, 3, 6, 8]),
        ({"iterations": 10, "batch_size": 50, "every": 1, "unit": "epoch"}, [0, 4, 8, 10]),
        ({"epochs": 3, "every": 1, "unit": "epoch"}, [0, 1, 2, 3]),
    ],
)
def test_schedule(options, updates, moons):
    recording, network = record(moons, **options)
    np.testing.assert_array_equal(recording.updates, updates)
    per_epoch = -(-180 // options.get("batch_size", 180))
    np.testing.assert_allclose(recording.epochs, np.array(updates) / per_epoch)
    assert (np.diff(recording.seconds) >= 0).all()
    assert recording.unit == options.get("unit", "update")
    assert recording.stopped is None
    np.testing.assert_array_equal(recording.parameters[-1], network.flat)


@settings(max_examples=30, deadline=None, database=None)
@given(
    every=st.integers(1, 30), unit=st.sampled_from(["update", "epoch"]),
    batch_size=st.sampled_from([None, 2, 3]), iterations=st.integers(1, 40),
)  # fmt: skip
def test_first_last_and_nothing_twice(every, unit, batch_size, iterations):
    data = tiny()
    recording, _ = record(
        data, every=every, unit=unit, batch_size=batch_size, iterations=iterations
    )
    step = every * (-(-5 // (batch_size or 5)) if unit == "epoch" else 1)
    assert recording.updates.tolist() == sorted({*range(0, iterations, step), iterations})


def tiny(tests: int = 0) -> Dataset:
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1], [2, 2.0]])
    return Dataset(
        name="tiny", x_train=x, y_train=[0, 1, 1, 0, 1], x_test=x[:tests], y_test=[0, 1][:tests],
        viewport=Viewport(0, 1, 0, 1),
    )  # fmt: skip


@pytest.mark.parametrize("batch_size", [None, 32])
def test_snapshots_are_what_training_had(batch_size, moons):
    kept: dict[int, np.ndarray] = {}

    def keep(iteration, parameters):
        kept[iteration] = np.concatenate(
            [np.vstack([parameters[f"W{n}"].T, parameters[f"b{n}"]]).ravel() for n in (1, 2, 3)]
        )

    start = Network(SIZES, rng=np.random.default_rng(1)).flat
    recording, _ = record(moons, every=7, iterations=40, batch_size=batch_size, callbacks=[keep])
    np.testing.assert_array_equal(recording.parameters[0], start)
    for update, snapshot in zip(recording.updates[1:], recording.parameters[1:], strict=True):
        np.testing.assert_array_equal(snapshot, kept[int(update)])


def test_recording_changes_nothing(moons):
    _, watched = record(moons, every=1, iterations=30, batch_size=32)
    alone = Network(SIZES, rng=np.random.default_rng(1))
    train(
        alone, moons.x_train, moons.y_train, optimizer=SGD(0.1), iterations=30, batch_size=32,
        rng=np.random.default_rng(2),
    )  # fmt: skip
    np.testing.assert_array_equal(watched.flat, alone.flat)


def test_metrics_are_those_of_each_snapshot(moons, oracle):
    recording, _ = record(moons, iterations=150, rate=0.5)
    assert set(recording.metrics) == {"train_loss", "train_accuracy", "test_loss", "test_accuracy"}
    for index in range(len(recording)):
        other = oracle(recording.network(index).parameters())
        for split, x, y in (
            ("train", moons.x_train, moons.y_train), ("test", moons.x_test, moons.y_test)
        ):  # fmt: skip
            loss, accuracy = (
                recording.metrics[f"{split}_loss"],
                recording.metrics[f"{split}_accuracy"],
            )
            assert loss[index] == pytest.approx(other.loss(x, y), rel=1e-6)
            assert accuracy[index] == other.accuracy(x, y)


def test_accuracy_is_scikit_learns(moons):
    from sklearn.metrics import accuracy_score, log_loss

    network = Network(SIZES, initializer="glorot_uniform", rng=np.random.default_rng(4))
    p = network.predict(moons.x_test)[:, 0].astype(float)
    loss, accuracy = evaluate(network, moons.x_test, moons.y_test)
    assert accuracy == accuracy_score(moons.y_test, p > 0.5)
    assert loss == pytest.approx(log_loss(moons.y_test, p), rel=1e-6)


def test_without_a_test_split_there_are_no_test_metrics():
    recording, _ = record(tiny(), iterations=3)
    assert set(recording.metrics) == {"train_loss", "train_accuracy"}
    recording, _ = record(tiny(tests=2), iterations=3)
    assert set(recording.metrics) >= {"test_loss", "test_accuracy"}


def test_float64_networks_are_recorded_in_float32(moons):
    recording, network = record(moons, iterations=20, dtype=np.float64)
    assert recording.parameters.dtype == np.float32
    np.testing.assert_array_equal(recording.parameters[-1], network.flat.astype(np.float32))


@pytest.mark.parametrize(("dtype", "rate"), [(np.float32, 1e20), (np.float64, 1e100)])
@pytest.mark.parametrize(("batch_size", "unit"), [(None, "update"), (32, "update"), (32, "epoch")])
def test_a_training_that_diverges_leaves_what_was_finite(dtype, rate, batch_size, unit, moons):
    recording, _ = record(
        moons, every=1, unit=unit, iterations=3000, batch_size=batch_size, rate=rate, dtype=dtype
    )
    assert recording.stopped
    assert recording.stopped.startswith("loss is not finite at update ")
    assert recording.updates[0] == 0
    assert recording.updates[-1] < int(recording.stopped.split()[-1])
    assert np.isfinite(recording.parameters).all()
    assert all(np.isfinite(values).all() for values in recording.metrics.values())
    assert not np.isnan(recording.logits(len(recording) - 1, moons.x_train)).any()


def test_a_training_that_is_stopped_keeps_its_last_update(moons):
    def stop(iteration, parameters):
        if iteration == 73:
            raise StopTraining("seen enough")

    recording, _ = record(moons, iterations=500, callbacks=[stop])
    assert recording.updates.tolist() == [0, 50, 73]
    assert recording.stopped == "seen enough"


def test_a_recorder_can_be_used_again(moons):
    recorder = NetworkRecorder("model", moons, every=2)
    for iterations in (4, 3):
        network = Network(SIZES, rng=np.random.default_rng(1))
        train(network, moons.x_train, moons.y_train, iterations=iterations, callbacks=[recorder])
    assert recorder.recording().updates.tolist() == [0, 2, 3]


def test_nothing_to_record(moons):
    with pytest.raises(RecordingError, match="model: can't be recorded before it is trained"):
        NetworkRecorder("model", moons).recording()
    recorder = NetworkRecorder("model", moons)
    network = Network(SIZES, rng=np.random.default_rng(1))
    network.flat[:] = 1e38
    train(network, moons.x_train, moons.y_train, iterations=3, callbacks=[recorder])
    with pytest.raises(RecordingError, match="model: has no finite loss even before"):
        recorder.recording()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"every": 0}, "every: must be a whole number ≥ 1, got 0"),
        ({"every": 2.0}, "every: must be a whole number ≥ 1, got 2.0"),
        ({"unit": "epochs"}, "unit: must be one of 'update', 'epoch', got 'epochs'; .*'epoch'"),
    ],
)
def test_impossible_schedules(options, message, moons):
    with pytest.raises(InvalidInputError, match=message):
        NetworkRecorder("model", moons, **options)


# which moments are kept


def path_of(data, capture, **options):
    """Record, and walk the same training again with every update."""
    network = Network(SIZES, rng=np.random.default_rng(1))
    recorder = NetworkRecorder("model", data, capture=capture, unit=options.pop("unit", "update"))
    seen = [network.flat.copy()]
    options = {"rng": np.random.default_rng(2), "optimizer": SGD(0.5), **options}
    history = train(
        network, data.x_train, data.y_train,
        callbacks=[recorder, lambda iteration, parameters: seen.append(network.flat.copy())],
        **options,
    )  # fmt: skip
    return recorder.recording(), np.array(seen), history


@pytest.mark.parametrize(
    ("capture", "options", "updates"),
    [
        (Listed([3, 10, 11]), {"iterations": 20}, [0, 3, 10, 11, 20]),
        (Listed([0, 3, 99]), {"iterations": 20}, [0, 3, 20]),
        (Listed([]), {"iterations": 20}, [0, 20]),
        (Listed([1, 3]), {"epochs": 4, "batch_size": 60, "unit": "epoch"}, [0, 3, 9, 12]),
        (Spaced(5), {"iterations": 20}, [0, 5, 10, 15, 20]),
        (Spaced(2), {"iterations": 20}, [0, 20]),
        (Spaced(50), {"iterations": 4}, [0, 1, 2, 3, 4]),
        (Spaced(5), {"epochs": 4, "batch_size": 60, "unit": "epoch"}, [0, 3, 6, 9, 12]),
        (Spaced(3), {"iterations": 10, "batch_size": 60, "unit": "epoch"}, [0, 6, 10]),
        (Spaced(5, "logarithmic"), {"iterations": 1000}, [0, 1, 10, 100, 1000]),
        (Spaced(2, "logarithmic"), {"iterations": 20}, [0, 20]),
        (Spaced(8, "logarithmic"), {"iterations": 9}, [0, 1, 2, 3, 4, 5, 6, 9]),
        (Every(7), {"iterations": 20}, [0, 7, 14, 20]),
        (Adaptive(50), {"iterations": 4}, [0, 1, 2, 3, 4]),
        (Adaptive(2), {"iterations": 100}, [0, 100]),
        (Adaptive(3), {"epochs": 2, "batch_size": 60, "unit": "epoch"}, [0, 3, 6]),
    ],
)  # fmt: skip
def test_captures(capture, options, updates, moons):
    recording, seen, _ = path_of(moons, capture, **options)
    np.testing.assert_array_equal(recording.updates, updates)
    np.testing.assert_array_equal(recording.parameters, seen[updates])


@settings(max_examples=80, deadline=None, database=None)
@given(
    capture=st.one_of(
        st.builds(Every, st.integers(1, 60)),
        st.builds(Listed, st.sets(st.integers(0, 90)).map(sorted)),
        st.builds(Spaced, st.integers(2, 60), st.sampled_from(["linear", "logarithmic"])),
        st.builds(Adaptive, st.integers(2, 60)),
    ),
    iterations=st.integers(1, 70), unit=st.sampled_from(["update", "epoch"]),
    batch_size=st.sampled_from([None, 2]), rate=st.sampled_from([0.0, 0.1]),
    stop=st.integers(1, 80),
)  # fmt: skip
def test_any_capture_has_first_and_last_and_its_count(
    capture, iterations, unit, batch_size, rate, stop
):
    def end(iteration, parameters):
        if iteration == stop:
            raise StopTraining("enough")

    data = tiny()
    network = Network(SIZES, rng=np.random.default_rng(1))
    recorder = NetworkRecorder("model", data, capture=capture, unit=unit)
    train(
        network, data.x_train, data.y_train, optimizer=SGD(rate), iterations=iterations,
        batch_size=batch_size, rng=np.random.default_rng(2), callbacks=[recorder, end],
    )  # fmt: skip
    recording, last = recorder.recording(), min(iterations, stop)
    assert recording.updates[0] == 0
    assert recording.updates[-1] == last
    assert (np.diff(recording.updates) > 0).all()
    np.testing.assert_array_equal(recording.parameters[-1], network.flat)
    if isinstance(capture, (Spaced, Adaptive)):
        per_unit = 3 if unit == "epoch" and batch_size else 1
        units = -(-iterations // per_unit)
        assert len(recording) <= min(capture.count, units + 1) + (last < iterations)
        if last == iterations:
            assert len(recording) == min(capture.count, units + 1)


@pytest.mark.parametrize("count", [10, 40])
def test_adaptive_snapshots_are_as_far_from_one_another(count, moons):
    """The rate falls fast, so almost all of the way is walked at the beginning."""
    options = {"optimizer": SGD(ExponentialDecay(1.0, 60, 0.5)), "iterations": 2000}
    recording, seen, _ = path_of(moons, Adaptive(count), **options)
    assert len(recording) == count
    walked = np.append(0, np.cumsum(np.linalg.norm(np.diff(seen, axis=0), axis=1)))
    gaps = np.diff(walked[recording.updates])
    even = np.diff(walked[np.linspace(0, 2000, count).astype(int)])
    assert gaps.max() < 2 * walked[-1] / count + np.diff(walked).max()
    assert gaps.max() < even.max() / 2
    assert (recording.updates < 500).mean() > 0.8


def test_a_path_is_kept_in_bounded_memory():
    path, kept = Path(10), 0
    places = np.random.default_rng(0).standard_normal((5000, 3)).cumsum(axis=0)
    for moment, place in enumerate(places):
        kept += path.step(place, moment)
        if path.full:
            kept = len(path.thin())
        assert kept <= path.room == 20
    assert len(path.thin()) == 10


def test_where_nothing_moves_adaptive_goes_by_time(moons):
    recording, _, _ = path_of(moons, Adaptive(20), optimizer=SGD(0), iterations=2000)
    assert len(recording) == 20
    assert np.diff(recording.updates).max() < 3 * 2000 / 20


def test_a_diverged_training_is_recorded_as_far_as_it_is_finite(moons):
    network = Network([2, 20, 20, 1], rng=np.random.default_rng(1))
    recorder = NetworkRecorder("model", moons, capture=Adaptive(20))
    history = train(
        network, moons.x_train, moons.y_train, optimizer=SGD(1e6), iterations=5000,
        callbacks=[recorder],
    )  # fmt: skip
    recording = recorder.recording()
    assert recording.stopped == history.stopped
    assert recording.stopped is not None
    assert recording.updates[0] == 0
    assert np.isfinite(recording.parameters).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Every(0), "every: must be a whole number ≥ 1, got 0"),
        (lambda: Listed([3, 3]), "moments: must be strictly increasing"),
        (lambda: Listed([-1]), "moments: must be a whole number ≥ 0, got -1"),
        (lambda: Spaced(1), "count: must be a whole number ≥ 2, got 1"),
        (lambda: Spaced(5, "log"), "spacing: must be one of .* got 'log'"),
        (lambda: Adaptive(1), "count: must be a whole number ≥ 2, got 1"),
        (lambda: NetworkRecorder("m", tiny(), loss="hing"), "loss: .* did you mean 'hinge'"),
    ],
)
def test_impossible_captures_are_refused(make, message):
    with pytest.raises(InvalidInputError, match=message):
        make()


# other losses, more classes


@pytest.mark.parametrize(
    ("loss", "output", "outputs", "link"),
    [
        ("categorical_crossentropy", "softmax", 3, "softmax"),
        ("mean_squared_error", "softmax", 3, "softmax"),
        ("mean_squared_error", "sigmoid", 1, "sigmoid"),
        ("hinge", "linear", 1, "sigmoid"),
        ("hinge", "tanh", 3, "softmax"),
    ],
)
def test_recordings_of_other_losses(loss, output, outputs, link):
    data = make_dataset("blobs", samples=120, seed=3, classes=max(2, outputs))
    network = Network(
        [2, 6, outputs], "tanh", output, "glorot_uniform", rng=np.random.default_rng(1)
    )
    recorder = NetworkRecorder("model", data, every=20, loss=loss)
    history = train(
        network, data.x_train, data.y_train, loss=loss, optimizer=SGD(0.2), iterations=100,
        callbacks=[recorder],
    )  # fmt: skip
    recording = recorder.recording()
    assert recording.link == link
    assert recording.logits(0, data.x_test).shape == (12, outputs)
    np.testing.assert_allclose(
        recording.metrics["train_loss"][:-1], history.loss[recording.updates[:-1]], rtol=1e-5
    )
    logits = recording.logits(5, data.x_test)
    predicted = logits.argmax(axis=1) if outputs > 1 else logits[:, 0] > 0
    assert recording.metrics["test_accuracy"][5] == (predicted == data.y_test).mean()
    assert recording.metrics["train_accuracy"][-1] > 0.8


def test_outputs_that_are_no_probabilities_are_refused(moons):
    network = Network([2, 1], output_activation="linear", rng=np.random.default_rng(1))
    recorder = NetworkRecorder("model", moons, loss="mean_squared_error")
    with pytest.raises(InvalidInputError, match="must end in sigmoid or softmax units to be"):
        train(
            network, moons.x_train, moons.y_train, loss="mean_squared_error", iterations=1,
            callbacks=[recorder],
        )  # fmt: skip
