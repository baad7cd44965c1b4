"""What can be asked of a training beside its updates."""

from __future__ import annotations

import numpy as np
import pytest

from epochreel.nn.callbacks import Callback
from epochreel.nn.early_stopping import EarlyStopping
from epochreel.nn.network import Network
from epochreel.nn.optimizers import SGD, Adam
from epochreel.nn.training import train

SIZES = [2, 6, 4, 1]


def start(sizes=SIZES, output="sigmoid", dtype=np.float64, activation="tanh"):
    rng = np.random.default_rng(1)
    return Network(sizes, activation, output, "glorot_uniform", rng=rng, dtype=dtype)


def doomed():
    return Network([2, 20, 20, 1], rng=np.random.default_rng(1))


def run(data, network=None, rate=0.3, **options):
    network = network or start()
    if "iterations" not in options:
        options = {"epochs": 4, **options}
    options = {"rng": np.random.default_rng(7), "optimizer": SGD(rate), **options}
    return train(network, data.x_train, data.y_train, **options), network


class Seen(Callback):
    """Keeps the parameters before training and after each update."""

    def on_train_begin(self, state):
        self.parameters = [state.parameters.copy()]

    def on_iteration_end(self, state):
        self.parameters.append(state.parameters.copy())


def sums(vector):
    """Cut a vector into (weights, whole layer) of each layer."""
    begin = 0
    for inputs, units in zip(SIZES, SIZES[1:], strict=False):
        weights = vector[begin : begin + inputs * units]
        layer = vector[begin : begin + (inputs + 1) * units]
        begin += len(layer)
        yield weights, layer


# weights


@pytest.mark.parametrize("batch_size", [None, 50])
def test_class_weights_are_the_sample_weights_of_their_classes(batch_size, moons):
    options = {"batch_size": batch_size}
    first, a = run(moons, class_weight={1: 3.0}, **options)
    second, b = run(moons, sample_weight=np.where(moons.y_train == 1, 3.0, 1.0), **options)
    plain, c = run(moons, **options)
    np.testing.assert_array_equal(a.flat, b.flat)
    np.testing.assert_array_equal(first.loss, second.loss)
    assert (first.loss > plain.loss).all()
    assert not np.allclose(a.flat, c.flat)


def test_a_weight_of_2_is_the_sample_twice(moons):
    twice = np.arange(180) % 3 == 0
    x = np.concatenate([moons.x_train, moons.x_train[twice]])
    y = np.concatenate([moons.y_train, moons.y_train[twice]])
    a, b = start(), start()
    # the sum is divided by the number of samples, not by the sum of the weights: 240 / 180
    train(a, moons.x_train, moons.y_train, optimizer=SGD(0.3), iterations=5,
          sample_weight=np.where(twice, 2.0, 1.0))  # fmt: skip
    train(b, x, y, optimizer=SGD(0.3 * 240 / 180), iterations=5)
    np.testing.assert_allclose(a.flat, b.flat, rtol=1e-12)


def test_weights_of_0_leave_nothing_to_learn(moons):
    network = start()
    before = network.flat.copy()
    history, _ = run(moons, network, sample_weight=np.zeros(180), batch_size=32)
    np.testing.assert_array_equal(network.flat, before)
    np.testing.assert_array_equal(history.loss, 0)
    assert (history.accuracy > 0).all()  # accuracy isn't weighed


def test_weights_go_where_their_samples_are_shuffled(moons):
    """Samples without weight are wrong on purpose; if weights strayed, they would be learned."""
    labels = moons.y_train.copy()
    labels[::2] = 1 - labels[::2]
    network = start(dtype=np.float32)
    train(
        network, moons.x_train, labels, optimizer=Adam(0.02), epochs=60, batch_size=16,
        rng=np.random.default_rng(0), sample_weight=np.arange(180) % 2,
    )  # fmt: skip
    predicted = network.predict(moons.x_test)[:, 0] > 0.5
    assert (predicted == moons.y_test).mean() >= 0.85


# penalties


@pytest.mark.parametrize("batch_size", [None, 50])
@pytest.mark.parametrize(("l1", "l2"), [(0.01, 0), (0, 0.02), (0.01, 0.02)])
def test_a_penalty_is_in_the_loss(l1, l2, batch_size, moons):
    seen = Seen()
    history, _ = run(
        moons, l1=l1, l2=l2, batch_size=batch_size, callbacks=[seen], metrics_per="iteration",
        shuffle=False,
    )  # fmt: skip
    for update, loss in enumerate(history.loss):
        flat = seen.parameters[update]
        cost = sum(l1 * np.abs(w).sum() + l2 * (w**2).sum() for w, _ in sums(flat))
        begin = 0 if batch_size is None else update % 4 * 50
        part = slice(begin, begin + (batch_size or 180))
        network = Network.from_vector(start().architecture, flat)
        p = network.predict(moons.x_train[part])[:, 0]
        y = moons.y_train[part]
        plain = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
        assert loss == pytest.approx(plain + cost, rel=1e-10)


def test_the_epochs_loss_is_the_mean_over_its_samples(moons):
    options = {"batch_size": 50, "l2": 0.02, "class_weight": {0: 2.0}}
    each, _ = run(moons, metrics_per="iteration", **options)
    whole, _ = run(moons, metrics_per="epoch", **options)
    assert len(each.loss) == 16
    shares = np.array([50, 50, 50, 30]) / 180
    np.testing.assert_allclose(whole.loss, each.loss.reshape(4, 4) @ shares)
    np.testing.assert_allclose(whole.accuracy, each.accuracy.reshape(4, 4) @ shares)


def test_penalties_shrink_weights_and_leave_biases_alone(moons):
    _, plain = run(moons, epochs=100)
    _, small = run(moons, epochs=100, l2=0.1)
    _, sparse = run(moons, epochs=300, l1=0.05, rate=0.05)
    for name, values in small.parameters().items():
        if name[0] == "W":
            assert np.abs(values).sum() < np.abs(plain.parameters()[name]).sum()
    assert np.median(np.abs(sparse.parameters()["W2"])) < 0.01
    network = start()
    network.flat[:] = 1
    x, y = np.zeros((2, 2)), np.array([0, 1])
    train(network, x, y, optimizer=SGD(0.1), iterations=1, l1=1.0, sample_weight=np.zeros(2))
    for name, values in network.parameters().items():
        np.testing.assert_allclose(values, 0.9 if name[0] == "W" else 1.0)


# what is recorded


@pytest.mark.parametrize("batch_size", [None, 50])
@pytest.mark.parametrize("per", ["iteration", "epoch"])
def test_layers_are_measured_as_they_are_moved(batch_size, per, moons):
    seen = Seen()
    rate = 0.3
    history, _ = run(
        moons, rate=rate, batch_size=batch_size, callbacks=[seen], metrics_per=per,
        metrics=["gradient_norm", "update_ratio"],
    )  # fmt: skip
    assert set(history.metrics) == {"gradient_norm", "update_ratio"}
    assert len(history.loss) == len(history.accuracy) == 0
    step = 1 if per == "iteration" or batch_size is None else 4
    updates = range(0, 4 if batch_size is None else 16, step)
    assert history.metrics["gradient_norm"].shape == (len(updates), 3)
    for row, update in enumerate(updates):
        before, after = seen.parameters[update : update + 2]
        changed = zip(sums(before), sums(after - before), strict=True)
        for layer, ((weights, _), (moved, whole)) in enumerate(changed):
            norm = history.metrics["gradient_norm"][row, layer]
            ratio = history.metrics["update_ratio"][row, layer]
            assert norm == pytest.approx(np.linalg.norm(whole) / rate, rel=1e-9)
            expected = np.linalg.norm(moved) / np.linalg.norm(weights)
            assert ratio == pytest.approx(expected, rel=1e-9)


def test_the_ratio_counts_all_that_the_update_changes(moons):
    """Weight decay and clipping too; the gradient's norm is that before clipping, with penalty."""
    seen, rate = Seen(), 0.1
    optimizer = SGD(rate, weight_decay=0.5, global_clip_norm=1e-6)
    history, _ = run(
        moons, optimizer=optimizer, iterations=3, l2=3.0, callbacks=[seen],
        metrics=["gradient_norm", "update_ratio"],
    )  # fmt: skip
    np.testing.assert_allclose(history.metrics["update_ratio"], 0.05, rtol=1e-3)
    for layer, (weights, _) in enumerate(sums(seen.parameters[0])):
        norm = history.metrics["gradient_norm"][0, layer]
        assert norm == pytest.approx(6 * np.linalg.norm(weights), rel=0.2)


def test_a_ratio_to_weights_of_0(moons):
    network = Network([2, 3, 1], initializer="zeros", rng=np.random.default_rng(0))
    history, _ = run(moons, network, iterations=2, metrics=["update_ratio"])
    np.testing.assert_array_equal(history.metrics["update_ratio"], 0.0)
    network = Network([2, 1], initializer="zeros", rng=np.random.default_rng(0))
    history, _ = run(moons, network, iterations=2, metrics=["update_ratio"])
    assert history.metrics["update_ratio"][0, 0] == np.inf
    assert np.isfinite(history.metrics["update_ratio"][1, 0])


@pytest.mark.parametrize("asked", [(), ("loss",), ("accuracy",), ("loss", "update_ratio")])
def test_only_what_is_asked_for_is_there(asked, moons):
    history, network = run(moons, metrics=asked, batch_size=32)
    assert set(history.metrics) == set(asked)
    _, plain = run(moons, batch_size=32)
    np.testing.assert_array_equal(network.flat, plain.flat)


def test_without_metrics_divergence_is_still_found(moons):
    history, _ = run(moons, doomed(), rate=1e6, iterations=5000, metrics=())
    assert history.stopped is not None
    assert history.stopped.startswith("loss is not finite at update ")


def test_measurements_end_with_the_loss(moons):
    history, _ = run(
        moons, network=doomed(), rate=1e6, iterations=500,
        metrics=["loss", "gradient_norm"], validation_data=(moons.x_test, moons.y_test),
    )  # fmt: skip
    assert history.stopped is not None
    assert len(history.metrics["gradient_norm"]) == len(history.loss) < 500


# validation and early stopping


@pytest.mark.parametrize("batch_size", [None, 50])
def test_validation_is_after_each_epoch(batch_size, moons):
    seen = Seen()
    history, _ = run(
        moons, batch_size=batch_size, callbacks=[seen], l2=0.01,
        validation_data=(moons.x_test, moons.y_test),
    )  # fmt: skip
    per_epoch = 1 if batch_size is None else 4
    assert len(history.metrics["val_loss"]) == 4
    for epoch in range(4):
        flat = seen.parameters[(epoch + 1) * per_epoch]
        p = Network.from_vector(start().architecture, flat).predict(moons.x_test)[:, 0]
        y = moons.y_test
        loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
        loss += sum(0.01 * (w**2).sum() for w, _ in sums(flat))
        assert history.metrics["val_loss"][epoch] == pytest.approx(loss, rel=1e-10)
        assert history.metrics["val_accuracy"][epoch] == np.mean((p > 0.5) == y)


def test_validation_changes_nothing(moons):
    _, a = run(moons, batch_size=32)
    _, b = run(moons, batch_size=32, validation_data=(moons.x_test, moons.y_test))
    np.testing.assert_array_equal(a.flat, b.flat)


def by_the_book(values, patience, min_delta=0.0, sign=-1):
    """Keras's rule: (epochs done, best epoch from 1)."""
    best, wait, best_epoch = None, 0, 0
    for epoch, value in enumerate(values):
        wait += 1
        if best is None or sign * value - min_delta > sign * best:
            best, wait, best_epoch = value, 0, epoch + 1
        elif wait >= patience and epoch > 0:
            return epoch + 1, best_epoch
    return len(values), best_epoch


@pytest.mark.parametrize("monitor", ["loss", "accuracy", "val_loss", "val_accuracy"])
@pytest.mark.parametrize(("patience", "min_delta"), [(0, 0.0), (1, 0.0), (3, 0.0), (2, 0.02)])
@pytest.mark.parametrize("batch_size", [None, 32])
def test_early_stopping_follows_the_book(monitor, patience, min_delta, batch_size, moons):
    options = {
        "rate": 3.0, "epochs": 40, "batch_size": batch_size,
        "validation_data": (moons.x_test, moons.y_test),
    }  # fmt: skip
    seen = Seen()
    whole, last = run(moons, callbacks=[seen], **options)
    epochs, best = by_the_book(
        whole.metrics[monitor], patience, min_delta, 1 if "accuracy" in monitor else -1
    )
    history, network = run(
        moons, early_stopping=EarlyStopping(monitor, patience, min_delta), **options
    )
    per_epoch = 1 if batch_size is None else 6
    assert history.epochs == epochs
    assert history.updates == epochs * per_epoch
    assert history.restored == best * per_epoch
    np.testing.assert_array_equal(network.flat, seen.parameters[best * per_epoch])
    np.testing.assert_allclose(history.metrics[monitor], whole.metrics[monitor][:epochs])
    if epochs < 40:
        assert history.stopped == f"{monitor} is no better since update {best * per_epoch}"
    kept, network = run(
        moons, early_stopping=EarlyStopping(monitor, patience, min_delta, restore_best=False),
        **options,
    )  # fmt: skip
    assert kept.restored is None
    np.testing.assert_array_equal(network.flat, seen.parameters[epochs * per_epoch])


def test_the_best_is_restored_after_a_divergence_too(moons):
    network = doomed()
    history, _ = run(
        moons, network, rate=1e6, iterations=300, early_stopping=EarlyStopping("loss", 1000)
    )
    assert history.stopped is not None
    assert "not finite" in history.stopped
    assert np.isfinite(network.flat).all()


def test_watching_the_loss_costs_nothing_of_what_is_recorded(moons):
    watched, a = run(moons, batch_size=32, early_stopping=EarlyStopping("loss", 100, 0, False))
    plain, b = run(moons, batch_size=32)
    np.testing.assert_allclose(watched.loss, plain.loss, rtol=1e-12)
    np.testing.assert_array_equal(a.flat, b.flat)
    alone, _ = run(moons, early_stopping=EarlyStopping("accuracy", 100), metrics=())
    assert not alone.metrics


# more than two classes


@pytest.mark.parametrize("batch_size", [None, 32])
@pytest.mark.parametrize(
    ("loss", "output"),
    [
        ("categorical_crossentropy", "softmax"), ("mean_squared_error", "softmax"),
        ("mean_squared_error", "linear"), ("hinge", "linear"), ("hinge", "tanh"),
    ],
)  # fmt: skip
def test_three_classes_are_learned(loss, output, batch_size):
    rng = np.random.default_rng(0)
    y = np.arange(240) % 3
    angle = 2 * np.pi * y / 3
    x = np.column_stack([np.cos(angle), np.sin(angle)]) * 2 + 0.4 * rng.standard_normal((240, 2))
    network = start([2, 8, 3], output, np.float32)
    history = train(
        network, x, y, loss=loss, optimizer=Adam(0.02), iterations=400, batch_size=batch_size,
        rng=rng,
    )  # fmt: skip
    assert history.accuracy[-1] > 0.95
    assert (network.logits(x).argmax(axis=1) == y).mean() > 0.95


def test_numbers_can_be_fitted():
    x = np.linspace(-1, 1, 50)[:, None]
    targets = np.column_stack([x[:, 0] ** 2, -x[:, 0]])
    network = start([1, 12, 2], "linear", np.float32)
    history = train(
        network, x, targets, loss="mean_squared_error", optimizer=Adam(0.02), iterations=800,
        metrics=("loss",),
    )  # fmt: skip
    assert history.loss[-1] < 1e-3
    assert np.abs(network.predict(x) - targets).mean() < 0.05
