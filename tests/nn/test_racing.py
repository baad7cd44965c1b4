"""Networks trained together against the same networks trained alone."""

from __future__ import annotations

import numpy as np
import pytest

from epochreel.nn import (
    Callback,
    EarlyStopping,
    Network,
    NetworkRecorder,
    StopTraining,
    make_dataset,
    train,
    train_together,
)
from epochreel.nn.activations import ACTIVATIONS
from epochreel.nn.errors import InvalidInputError
from epochreel.nn.initializers import INITIALIZERS
from epochreel.nn.losses import LOSSES
from epochreel.nn.optimizers import OPTIMIZERS, SGD, Adam
from epochreel.nn.racing import FEWEST_NETWORKS, LARGEST_BATCH
from epochreel.nn.schedules import ExponentialDecay

SIZES = [2, 9, 7, 1]


@pytest.fixture(scope="module")
def data():
    return make_dataset("moons", samples=120, noise=0.2, seed=4, test_fraction=0)


def start(count, sizes=SIZES, activation="relu", output="sigmoid", dtype=np.float32):
    return [
        Network(
            sizes, activation, output, "glorot_uniform", rng=np.random.default_rng(seed),
            dtype=dtype,
        )
        for seed in range(count)
    ]  # fmt: skip


def generators(count):
    return [np.random.default_rng(100 + seed) for seed in range(count)]


def both(data, optimizers, *, callbacks=None, network=None, **options):
    """Train together and alone; give networks and histories of each."""
    count = len(optimizers)
    together, alone = start(count, **network or {}), start(count, **network or {})
    made = callbacks or Callback
    hooks, others = [made() for _ in range(count)], [made() for _ in range(count)]
    ours = train_together(
        together, data.x_train, data.y_train, optimizers=optimizers, rngs=generators(count),
        callbacks=[[hook] for hook in hooks], **options,
    )  # fmt: skip
    theirs = []
    for net, optimizer, rng, hook in zip(alone, optimizers, generators(count), others, strict=True):
        theirs.append(
            train(
                net, data.x_train, data.y_train, optimizer=optimizer, rng=rng,
                callbacks=[hook], **options,
            )
        )  # fmt: skip
    return together, ours, hooks, alone, theirs, others


def assert_same(together, ours, alone, theirs, tolerance=0.0):
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one.flat, other.flat, rtol=0, atol=tolerance)
    for one, other in zip(ours, theirs, strict=True):
        assert (one.updates, one.epochs, one.stopped) == (
            other.updates,
            other.epochs,
            other.stopped,
        )
        assert one.restored == other.restored
        assert one.metrics.keys() == other.metrics.keys()
        for name, values in one.metrics.items():
            np.testing.assert_allclose(
                values, other.metrics[name], rtol=10 * tolerance, atol=tolerance
            )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("batch_size", [1, 16, 33, 64])
def test_a_race_of_optimizers(batch_size, dtype, data):
    optimizers = [OPTIMIZERS[name]() for name in OPTIMIZERS]
    found = both(data, optimizers, epochs=4, batch_size=batch_size, network={"dtype": dtype})
    together, ours, _, alone, theirs, _ = found
    assert_same(together, ours, alone, theirs, 1e-5 if dtype == np.float32 else 1e-12)
    assert len({net.flat.tobytes() for net in together}) == len(optimizers)


def test_the_published_network_is_the_same_to_the_last_bit(data):
    network = {"sizes": [2, 25, 50, 50, 25, 1]}
    optimizers = [SGD(rate) for rate in (0.01, 0.1, 0.3, 0.5)]
    found = both(data, optimizers, epochs=5, batch_size=32, network=network)
    together, ours, _, alone, theirs, _ = found
    assert_same(together, ours, alone, theirs)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation(activation, data):
    found = both(
        data, [SGD(0.1)] * 3, epochs=3, batch_size=16,
        network={"activation": activation, "dtype": np.float64},
    )  # fmt: skip
    together, ours, _, alone, theirs, _ = found
    assert_same(together, ours, alone, theirs, 1e-12)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("outputs", [1, 3])
def test_every_loss(loss, outputs, data):
    kind = LOSSES[loss]
    if outputs > 1 and kind.one_output:
        outputs = 1
    for output in kind.output_activations:
        network = {"sizes": [2, 6, outputs], "output": output, "dtype": np.float64}
        if output == "softmax" and outputs == 1:
            network["sizes"] = [2, 6, 2]
        together, ours, _, alone, theirs, _ = both(
            data, [SGD(0.1)] * 3, epochs=3, batch_size=16, loss=loss, network=network
        )
        assert_same(together, ours, alone, theirs, 1e-12)
        assert ours[0].loss[-1] < ours[0].loss[0]


OPTIONS = {
    "penalties": {"l1": 1e-3, "l2": 1e-2},
    "class weights": {"class_weight": {0: 0.5, 1: 2.0}},
    "sample weights": {"sample_weight": np.linspace(0, 2, 120)},
    "all metrics": {"metrics": ("loss", "accuracy", "gradient_norm", "update_ratio")},
    "no metrics": {"metrics": ()},
    "of each iteration": {"metrics_per": "iteration"},
    "dropout": {"dropout": 0.3},
    "in order": {"shuffle": False},
    "a broken epoch": {"epochs": None, "iterations": 19},
    "full batch": {"batch_size": None},
}


@pytest.mark.parametrize("options", OPTIONS)
def test_options(options, data):
    given = {"epochs": 4, "batch_size": 16, **OPTIONS[options]}
    optimizers = [SGD(0.1), Adam(), SGD(ExponentialDecay(0.3, 10, 0.5))]
    found = both(data, optimizers, network={"dtype": np.float64}, **given)
    together, ours, _, alone, theirs, _ = found
    assert_same(together, ours, alone, theirs, 1e-12)


def test_validation_and_early_stopping(data):
    """One ends before the others, which go on."""
    other = make_dataset("moons", samples=50, noise=0.3, seed=9, test_fraction=0)
    found = both(
        data, [SGD(0.0), SGD(0.05), SGD(0.5), Adam(0.01)], epochs=12, batch_size=16,
        validation_data=(other.x_train, other.y_train),
        early_stopping=EarlyStopping("val_loss", patience=2), network={"dtype": np.float64},
    )  # fmt: skip
    together, ours, _, alone, theirs, _ = found
    assert_same(together, ours, alone, theirs, 1e-12)
    updates = [history.updates for history in ours]
    assert updates[0] == 3 * 8
    assert max(updates) > updates[0]


def test_one_that_diverges_does_not_disturb_the_others(data):
    together, ours, _, alone, theirs, _ = both(
        data, [SGD(0.1), SGD(1e30), SGD(0.2)], epochs=4, batch_size=16
    )
    assert ours[1].stopped == theirs[1].stopped
    assert ours[1].stopped.startswith("loss is not finite at update")
    assert [history.updates for history in ours] == [32, theirs[1].updates, 32]
    for index in (0, 2):
        np.testing.assert_allclose(together[index].flat, alone[index].flat, rtol=0, atol=1e-5)
        assert np.isfinite(together[index].flat).all()


class Journal(Callback):
    """Writes down all that it is told, and how the network predicts; ends after some updates."""

    def __init__(self, end: int | None = None) -> None:
        self.lines, self.end = [], end

    def note(self, hook, state):
        prediction = state.network.predict([[0.5, 0.5]])[0, 0]
        self.lines.append((hook, state.iteration, state.epoch, round(float(prediction), 9)))
        if hook == "iteration end" and state.iteration == self.end:
            raise StopTraining("enough")

    def on_train_begin(self, state):
        self.note("train begin", state)

    def on_train_end(self, state):
        self.note(f"train end {state.stopped}", state)

    def on_epoch_begin(self, state):
        self.note("epoch begin", state)

    def on_epoch_end(self, state):
        self.note("epoch end", state)

    def on_iteration_begin(self, state):
        self.note("iteration begin", state)

    def on_iteration_end(self, state):
        self.note("iteration end", state)


def test_each_is_told_the_same_as_alone(data):
    ends = iter([None, 11, None, 16] * 2)
    together, ours, journals, alone, theirs, others = both(
        data, [SGD(0.1)] * 4, epochs=3, batch_size=16, callbacks=lambda: Journal(next(ends)),
        network={"dtype": np.float64},
    )  # fmt: skip
    assert_same(together, ours, alone, theirs, 1e-12)
    assert [history.updates for history in ours] == [24, 11, 24, 16]
    assert [history.stopped for history in ours] == [None, "enough", None, "enough"]
    for one, other in zip(journals, others, strict=True):
        assert one.lines == other.lines
    assert journals[1].lines[-1][0] == "train end enough"


def test_recorders_keep_snapshots(data):
    together, _, recorders, alone, _, others = both(
        data, [SGD(0.1), SGD(0.2), SGD(0.3)], epochs=3, batch_size=16,
        callbacks=lambda: NetworkRecorder("model", data, every=5),
        network={"sizes": [2, 25, 25, 1]},
    )  # fmt: skip
    for recorder, other, net in zip(recorders, others, together, strict=True):
        mine, yours = recorder.recording(), other.recording()
        np.testing.assert_array_equal(mine.updates, yours.updates)
        np.testing.assert_allclose(mine.parameters, yours.parameters, rtol=0, atol=1e-6)
        np.testing.assert_array_equal(mine.parameters[-1], net.flat)


def test_networks_are_written_in_place_even_when_a_hook_fails(data):
    nets = start(3)
    places = [net.flat for net in nets]
    before = [net.flat.copy() for net in nets]

    def fail(iteration, parameters):
        if iteration == 5:
            raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        train_together(
            nets, data.x_train, data.y_train, epochs=2, batch_size=16, rngs=generators(3),
            callbacks=[[], [fail], []],
        )  # fmt: skip
    for net, place, was in zip(nets, places, before, strict=True):
        assert net.flat is place
        assert not np.array_equal(net.flat, was)
        np.testing.assert_array_equal(net.parameters()["b1"], net.views()["b1"])


def test_few_networks_and_large_batches_are_trained_too(data):
    assert (FEWEST_NETWORKS, LARGEST_BATCH) == (3, 64)
    for count, batch_size in ((1, 16), (2, 16), (3, 100)):
        together, ours, _, alone, theirs, _ = both(
            data, [SGD(0.1)] * count, epochs=3, batch_size=batch_size
        )
        assert_same(together, ours, alone, theirs)
    assert train_together([], data.x_train, data.y_train, epochs=1) == []


@pytest.mark.parametrize("initializer", INITIALIZERS)
def test_dead_and_alike_units_stay_so(initializer, data):
    def nets():
        return [Network(SIZES, initializer=initializer, rng=np.random.default_rng(1))] + start(2)

    together, alone = nets(), nets()
    train_together(
        together, data.x_train, data.y_train, epochs=2, batch_size=16, rngs=generators(3)
    )
    for net, rng in zip(alone, generators(3), strict=True):
        train(net, data.x_train, data.y_train, epochs=2, batch_size=16, rng=rng)
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one.flat, other.flat, rtol=0, atol=1e-6)


def test_what_cannot_race(data):
    x, y, nets = data.x_train, data.y_train, start(3)
    before = [net.flat.copy() for net in nets]

    def refused(message, networks=nets, **options):
        with pytest.raises(InvalidInputError, match=message):
            train_together(networks, x, y, **{"epochs": 1, "batch_size": 16} | options)

    refused("rngs: must be another generator", rngs=[np.random.default_rng(1)] * 3)
    refused("rngs: must have one entry for each of 3 networks, got 2", rngs=generators(2))
    refused("optimizers: must have one entry for each of 3 networks", optimizers=["sgd"])
    refused("callbacks: must have one entry for each of 3", callbacks=[[]], rngs=generators(3))
    refused("optimizer: must be one of", optimizers=["sgd", "sdg", "adam"], rngs=generators(3))
    refused("rng: must be given to shuffle")
    refused("must not have the same network twice", [nets[0], nets[1], nets[0]])
    refused(r"networks\[1\]: must have the architecture", [nets[0], *start(1, sizes=[2, 3, 1])])
    refused(r"networks\[1\]: must have the arch", [nets[0], *start(1, dtype=np.float64)])
    refused("epochs, iterations: must be one of the two", iterations=3, rngs=generators(3))
    for net, was in zip(nets, before, strict=True):
        np.testing.assert_array_equal(net.flat, was)
