"""What training promises beside its numbers."""

from __future__ import annotations

import numpy as np
import pytest

from epochreel.nn.errors import InvalidInputError
from epochreel.nn.network import Network
from epochreel.nn.optimizers import SGD
from epochreel.nn.training import train


def network(seed: int = 1, **options) -> Network:
    return Network([2, 8, 1], rng=np.random.default_rng(seed), **options)


def test_the_published_job_gets_there_in_a_tenth_of_its_time():
    """Moons, 1000 samples: ≥ 0.95 on the test split after 20 epochs of the Keras recipe at 10 ×."""
    from epochreel.nn.datasets import make_dataset
    from epochreel.nn.recorder import evaluate

    data, rng = make_dataset("moons", seed=100), np.random.default_rng(1)
    net = Network([2, 25, 50, 50, 25, 1], initializer="glorot_uniform", rng=rng)
    train(net, data.x_train, data.y_train, optimizer=SGD(0.1), epochs=20, batch_size=32, rng=rng)
    assert evaluate(net, data.x_test, data.y_test)[1] >= 0.95


@pytest.mark.parametrize("batch_size", [None, 32])
def test_the_same_seed_gives_the_same_bits(batch_size, moons):
    ends = []
    for _ in range(2):
        net = network()
        history = train(
            net, moons.x_train, moons.y_train, epochs=20, batch_size=batch_size,
            rng=np.random.default_rng(5),
        )  # fmt: skip
        ends.append((net.flat.tobytes(), history.loss.tobytes(), history.accuracy.tobytes()))
    assert ends[0] == ends[1]


def test_another_seed_gives_another_order(moons):
    ends = []
    for seed in (5, 6):
        net = network()
        rng = np.random.default_rng(seed)
        train(net, moons.x_train, moons.y_train, epochs=2, batch_size=32, rng=rng)
        ends.append(net.flat.copy())
    assert not np.array_equal(*ends)


def test_a_legacy_generator_shuffles_too(moons):
    net, rng = network(), np.random.RandomState(5)
    history = train(net, moons.x_train, moons.y_train, epochs=2, batch_size=32, rng=rng)
    assert history.epochs == 2


def test_its_arguments_stay_as_they_were(moons):
    x, y = moons.x_train.copy(), moons.y_train.copy()
    train(network(), x, y, epochs=3, batch_size=32, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(x, moons.x_train)
    np.testing.assert_array_equal(y, moons.y_train)


def test_labels_may_be_a_column_and_lists_will_do():
    a, b = network(), network()
    train(a, [[0, 1], [1, 0], [2, 2]], [0, 1, 1], iterations=5)
    train(b, np.array([[0, 1], [1, 0], [2, 2.0]]), np.array([[0], [1], [1.0]]), iterations=5)
    np.testing.assert_array_equal(a.flat, b.flat)


def test_a_learning_rate_of_0_changes_nothing(moons):
    net = network()
    before = net.flat.copy()
    history = train(net, moons.x_train, moons.y_train, optimizer=SGD(0), iterations=300)
    np.testing.assert_array_equal(net.flat, before)
    assert np.ptp(history.loss) == 0
    assert history.stopped is None


def test_one_sample_one_unit_one_class():
    net = Network([1, 1, 1], rng=np.random.default_rng(0))
    history = train(net, [[1.0]], [1], optimizer=SGD(1.0), iterations=200)
    assert history.loss[-1] < 0.1 * history.loss[0]


def test_constant_features(moons):
    net, x = network(), np.full_like(moons.x_train, 3.0)
    history = train(net, x, moons.y_train, optimizer=SGD(0.1), iterations=500)
    share = moons.y_train.mean()
    best = -share * np.log(share) - (1 - share) * np.log(1 - share)
    assert history.loss[-1] == pytest.approx(best, abs=1e-3)


def test_a_dead_network_still_learns_the_share_of_each_class(moons):
    net = network()
    parameters = net.parameters()
    parameters["b1"][:] = -100
    net.load(parameters)
    history = train(net, moons.x_train, moons.y_train, optimizer=SGD(1.0), iterations=200)
    assert history.stopped is None
    np.testing.assert_array_equal(net.parameters()["W1"], parameters["W1"])
    assert np.ptp(net.predict(moons.x_train)) == 0


@pytest.mark.parametrize("batch_size", [None, 32])
@pytest.mark.parametrize(("dtype", "rate"), [(np.float32, 1e6), (np.float64, 1e100)])
def test_divergence_stops_and_says_where(batch_size, dtype, rate, moons):
    def run(iterations, callbacks=()):
        net = Network([2, 20, 20, 1], rng=np.random.default_rng(1), dtype=dtype)
        history = train(
            net, moons.x_train, moons.y_train, optimizer=SGD(rate), iterations=iterations,
            batch_size=batch_size, shuffle=False, callbacks=callbacks,
        )  # fmt: skip
        return net, history

    kept = []
    _, history = run(5000, [lambda iteration, parameters: kept.append(dict(parameters))])
    update = int((history.stopped or "").removeprefix("loss is not finite at update "))
    assert update in (history.updates, history.updates - 1)
    assert len(kept) == history.updates - 1
    assert all(np.isfinite(values).all() for values in kept[-1].values())
    assert np.isfinite(history.loss).all()
    if batch_size is None:
        assert len(history.loss) == update
        net, history = run(update - 1)
        assert history.stopped is None
        assert np.isfinite(net.logits(moons.x_train)).all()
    net, _ = run(update)
    assert not np.isfinite(net.logits(moons.x_train)).all()


@pytest.mark.parametrize("batch_size", [None, 2])
def test_a_loss_of_infinity_is_found_though_parameters_are_finite(batch_size):
    """Logits overflow, but in the right direction: the gradient is 0, so the parameters stay."""
    net = Network([1, 1], rng=np.random.default_rng(0))
    net.load({"W1": [[1e38]], "b1": [0.0]})
    x, y = [[1e3], [1.0], [2.0]], [1, 1, 1]
    history = train(net, x, y, iterations=100, batch_size=batch_size, shuffle=False)
    assert history.stopped == "loss is not finite at update 0"
    assert len(history.loss) == 0
    y, x = [1, 1, 1], [[1.0], [2.0], [1e3]]
    history = train(net, x, y, iterations=100, batch_size=batch_size, shuffle=False)
    assert history.stopped == f"loss is not finite at update {0 if batch_size is None else 1}"


def test_histories_are_long_enough_for_more_than_one_block():
    net = network()
    x, y = np.random.default_rng(0).standard_normal((900, 2)), np.arange(900) % 2
    history = train(net, x, y, iterations=200)
    assert len(history.loss) == len(history.accuracy) == 200
    assert np.isfinite(history.loss).all()
    assert 0 < history.seconds < 60


X, Y = [[0.0, 1.0], [1.0, 0.0]], [0, 1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": [[0.0], [1.0]]}, r"x: must have 2 columns.*got shape \(2, 1\)"),
        ({"x": [1.0, 2.0]}, r"x: must have 2 columns.*got shape \(2,\)"),
        ({"x": np.empty((0, 2)), "y": []}, "x: must have at least one sample, got none"),
        ({"x": [[0.0, np.nan], [1, 1]]}, "x: must be finite in float32, got .* in row 0"),
        ({"x": [[0.0, 0.0], [1, np.inf]]}, "x: must be finite in float32, got .* in row 1"),
        ({"x": [[0.0, 0.0], [1, 1e39]]}, r"x: must be finite in float32, got .*1e\+39\] in row 1"),
        ({"x": [["a", "b"], ["c", "d"]]}, "x: must be an array of numbers"),
        ({"y": [0, 2]}, "y: must be 0 or 1, got 2"),
        ({"y": [0, 0.5]}, "y: must be 0 or 1, got 0.5"),
        ({"y": [0, np.nan]}, "y: must be 0 or 1, got nan"),
        ({"y": ["no", "yes"]}, "y: must be 0 or 1, got no"),
        ({"y": [0]}, r"y: must have one label for each of 2 samples, got shape \(1,\)"),
        ({"y": [[0, 1], [1, 0]]}, r"y: must have one label .* got shape \(2, 2\)"),
        ({"batch_size": 0}, "batch_size: must be a whole number ≥ 1, got 0"),
        ({"batch_size": 1.5}, "batch_size: must be a whole number ≥ 1, got 1.5"),
        ({"batch_size": True}, "batch_size: must be a whole number ≥ 1, got True"),
        ({"batch_size": 1}, "rng: must be given to shuffle mini-batches, got None"),
        ({"iterations": None}, "epochs, iterations: must be one of the two, got None and None"),
        ({"epochs": 3}, "epochs, iterations: must be one of the two, got 3 and 5"),
        ({"iterations": 0}, "iterations: must be a whole number ≥ 1, got 0"),
        ({"iterations": None, "epochs": -1}, "epochs: must be a whole number ≥ 1, got -1"),
        ({"loss": "mse"}, "loss: must be one of 'binary_crossentropy', .* got 'mse'"),
        ({"optimizer": "sgdd"}, "optimizer: .*'sgd'.*did you mean 'sgd'"),
        ({"callbacks": [3]}, "callbacks: must be Callback objects or functions .* got 3"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(change, message):
    net = network()
    before = net.flat.copy()
    arguments = {"x": X, "y": Y, "iterations": 5, **change}
    with pytest.raises(InvalidInputError, match=message):
        train(net, arguments.pop("x"), arguments.pop("y"), **arguments)
    np.testing.assert_array_equal(net.flat, before)


@pytest.mark.parametrize(
    ("sizes", "output", "came"),
    [([2, 3, 2], "sigmoid", "2 of sigmoid"), ([2, 3, 1], "relu", "1 of relu")],
)
def test_the_last_layer_must_fit_the_loss(sizes, output, came):
    net = Network(sizes, output_activation=output, rng=np.random.default_rng(0))
    with pytest.raises(InvalidInputError, match=f"must end in 1 sigmoid unit.*got {came}"):
        train(net, X, Y, iterations=1)
