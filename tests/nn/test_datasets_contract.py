"""What holds for every kind of data, and what each is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn import datasets as sklearn_datasets
from sklearn.model_selection import train_test_split

from epochreel.nn.dataset import Viewport
from epochreel.nn.datasets import DATASETS, _tidy_range, make_dataset
from epochreel.nn.errors import InvalidInputError
from epochreel.nn.network import Network
from epochreel.nn.optimizers import SGD
from epochreel.nn.recorder import evaluate
from epochreel.nn.training import train

DRAWN = [kind for kind in DATASETS if kind not in ("csv", "iris")]  # from a seed
each = pytest.mark.parametrize("kind", DRAWN)
OF_CLASSES = [kind for kind in DRAWN if kind != "sine"]  # which test_regression.py is about
each_of_classes = pytest.mark.parametrize("kind", OF_CLASSES)


def everything(data):
    return np.vstack([data.x_train, data.x_test]), np.concatenate([data.y_train, data.y_test])


@each_of_classes
@pytest.mark.parametrize("samples", [10, 101, 1000])
def test_it_has_as_many_samples_as_asked_for_of_both_classes(kind, samples):
    data = make_dataset(kind, samples=samples, seed=3)
    x, y = everything(data)
    assert data.name == kind
    assert x.shape == (samples, 2)
    assert len(data.y_test) == -(-samples // 10)
    assert abs(np.bincount(y, minlength=2) - samples / 2).max() <= 2


@each
def test_the_seed_decides(kind):
    first, again, other = (everything(make_dataset(kind, seed=s))[0] for s in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@each
def test_the_split_seed_decides_only_the_split(kind):
    a, b = (make_dataset(kind, seed=3, split_seed=s) for s in (42, 43))
    assert not np.array_equal(a.x_test, b.x_test)
    for x in (a, b):
        assert sorted(map(tuple, everything(x)[0])) == sorted(map(tuple, everything(a)[0]))


@each_of_classes
def test_without_a_test_fraction_all_is_for_training(kind):
    data = make_dataset(kind, samples=50, seed=3, test_fraction=0)
    assert (data.x_train.shape, data.x_test.shape, data.y_test.shape) == ((50, 2), (0, 2), (0,))


@pytest.mark.parametrize(("fraction", "count"), [(0.01, 1), (0.02, 2), (0.5, 50), (0.9, 90)])
def test_the_test_fraction_is_rounded_up(fraction, count):
    assert len(make_dataset("moons", samples=100, seed=3, test_fraction=fraction).y_test) == count


@each_of_classes
def test_noise_is_what_spreads_it(kind):
    calm, loud = (everything(make_dataset(kind, seed=3, noise=n))[0].std() for n in (0, 3))
    assert loud > calm


@each_of_classes
def test_its_viewport_shows_all_of_it_or_is_published(kind):
    data = make_dataset(kind, seed=3)
    x, _ = everything(data)
    view = data.viewport
    if view != Viewport(-1.5, 2.5, -1, 2):
        assert view.x_min < x[:, 0].min() < x[:, 0].max() < view.x_max
        assert view.y_min < x[:, 1].min() < x[:, 1].max() < view.y_max
    given = Viewport(-9, 9, -8, 8)
    assert make_dataset(kind, seed=3, viewport=given).viewport is given


@each_of_classes
def test_it_can_be_learned(kind):
    data, rng = make_dataset(kind, seed=3), np.random.default_rng(1)
    network = Network([2, 24, 24, 1], "tanh", initializer="glorot_uniform", rng=rng)
    train(
        network, data.x_train, data.y_train, optimizer=SGD(0.3), epochs=120, batch_size=32, rng=rng
    )
    assert evaluate(network, data.x_test, data.y_test)[1] >= 0.8


def test_moons_are_the_published_ones():
    x, y = sklearn_datasets.make_moons(1000, noise=0.2, random_state=100)
    expected = train_test_split(x, y, test_size=0.1, random_state=42)
    data = make_dataset("moons", samples=1000, noise=0.2, seed=100)
    for values, array in zip(
        expected, (data.x_train, data.x_test, data.y_train, data.y_test), strict=True
    ):
        np.testing.assert_array_equal(array, values)
    assert data.viewport == Viewport(-1.5, 2.5, -1.0, 2.0)


def test_noisy_moons_get_more_room_than_was_published():
    assert make_dataset("moons", noise=0.2, seed=3).viewport == Viewport(-1.5, 2.5, -1.0, 2.0)
    data = make_dataset("moons", noise=0.5, seed=3)
    assert data.viewport.y_min < everything(data)[0][:, 1].min() < -1


def test_circles_and_blobs_are_scikit_learns():
    x, y = sklearn_datasets.make_circles(300, noise=0.1, factor=0.5, random_state=7)
    data = make_dataset("circles", samples=300, seed=7, test_fraction=0)
    np.testing.assert_array_equal(data.x_train, x)
    np.testing.assert_array_equal(data.y_train, y)
    centers = [[-2, -2], [2, 2]]
    x, y = sklearn_datasets.make_blobs(300, centers=centers, cluster_std=0.7, random_state=7)
    data = make_dataset("blobs", samples=300, seed=7, noise=0.7, test_fraction=0)
    np.testing.assert_array_equal(data.x_train, x)
    np.testing.assert_array_equal(data.y_train, y)


def test_xor_without_noise_is_the_sign_of_the_product():
    data = make_dataset("xor", seed=7, noise=0, test_fraction=0)
    np.testing.assert_array_equal(data.y_train, data.x_train.prod(axis=1) < 0)
    assert np.abs(data.x_train).max() <= 1


def test_arms_of_spirals_are_half_a_turn_apart():
    data = make_dataset("spirals", seed=7, noise=0, test_fraction=0)
    radius = np.hypot(*data.x_train.T)
    angle = np.arctan2(data.x_train[:, 1], data.x_train[:, 0])
    turned = (angle - np.pi * radius - np.pi * data.y_train) % (2 * np.pi)
    assert np.minimum(turned, 2 * np.pi - turned).max() < 1e-9
    assert 2.9 < radius.max() <= 3


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("moon", {}, "kind: must be one of 'moons', .* got 'moon'; did you mean 'moons'"),
        (3, {}, "kind: must be one of 'moons', .* got 3"),
        ("moons", {}, "moons.seed: must be given"),
        ("moons", {"seed": 1, "nose": 2}, "moons: must be one of .* got 'nose'; .*'noise'"),
        ("moons", {"seed": 1, "noise": -1}, "noise: must be finite and ≥ 0, got -1"),
        ("xor", {"seed": 1, "noise": float("nan")}, "noise: must be finite and ≥ 0, got nan"),
        ("blobs", {"seed": 1, "samples": 1}, "samples: must be a whole number ≥ 2, got 1"),
        ("moons", {"seed": -1}, "seed: must be a whole number ≥ 0, got -1"),
        ("moons", {"seed": 1, "split_seed": 0.5}, "split_seed: must be a whole number ≥ 0"),
        ("moons", {"seed": 1, "test_fraction": 1}, "test_fraction: must be ≥ 0 and < 1, got 1"),
        ("moons", {"seed": 1, "test_fraction": -0.1}, "test_fraction: must be ≥ 0 and < 1"),
        (
            "moons",
            {"seed": 1, "samples": 4, "test_fraction": 0.9},
            "test_fraction: must leave training samples of each class, got 0.9 of 4 samples",
        ),
        ("csv", {}, "csv.path: must be given"),
        ("csv", {"path": "a.csv", "seed": 1}, "csv: must be one of .* got 'seed'"),
    ],
)
def test_impossible_data(kind, options, message):
    with pytest.raises(InvalidInputError, match=message):
        make_dataset(kind, **options)


@settings(max_examples=300, deadline=None, database=None)
@given(st.floats(-1e12, 1e12, allow_nan=False), st.floats(-1e12, 1e12, allow_nan=False))
@example(0.0, 5e-324)
def test_tidy_ranges_hold_the_data_and_little_more(a, b):
    low, high = min(a, b), max(a, b)
    start, stop = _tidy_range(low, high)
    assert start < low <= high < stop
    extent = max(high - low, 1e-6 * max(abs(low), abs(high)))
    extent = extent if extent > 1e-300 else 1.0
    assert stop - start <= 1.55 * extent
    assert Viewport(start, stop, 0, 1).width > 0


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, (-0.1, 1.1)),
        (-1.03, 1.02, (-1.4, 1.4)),
        (100, 1100, (0, 1200)),
        (5, 5, (4.999999, 5.000001)),
        (0, 0, (-0.1, 0.1)),
    ],
)
def test_tidy_ranges(low, high, expected):
    assert _tidy_range(low, high) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("kind", ["blobs", "spirals"])
@pytest.mark.parametrize("classes", [2, 3, 5])
def test_more_classes(kind, classes):
    data = make_dataset(kind, samples=500, seed=4, classes=classes, noise=0.05)
    assert data.classes == classes
    assert data.class_names == tuple(f"class {number}" for number in range(classes))
    shares = np.bincount(np.append(data.y_train, data.y_test)) / 500
    np.testing.assert_allclose(shares, 1 / classes, atol=0.01)
    if kind == "blobs":
        means = np.array(
            [data.x_train[data.y_train == each].mean(axis=0) for each in range(classes)]
        )
        np.testing.assert_allclose(np.linalg.norm(means, axis=1), np.sqrt(8), rtol=0.01)
        apart = np.linalg.norm(means - np.roll(means, 1, axis=0), axis=1)
        np.testing.assert_allclose(apart, 2 * np.sqrt(8) * np.sin(np.pi / classes), rtol=0.01)


def test_each_arm_of_a_spiral_is_the_first_one_turned():
    data = make_dataset("spirals", samples=3000, seed=4, classes=3, noise=0, test_fraction=0)
    angle = np.arctan2(data.x_train[:, 1], data.x_train[:, 0])
    radius = np.linalg.norm(data.x_train, axis=1)
    turned = angle - np.pi * radius - 2 * np.pi * data.y_train / 3
    np.testing.assert_allclose(np.cos(turned), 1, atol=1e-9)


@pytest.mark.parametrize("kind", ["blobs", "spirals"])
def test_two_classes_are_what_they_were_before_there_could_be_more(kind):
    two, unsaid = make_dataset(kind, seed=4, classes=2), make_dataset(kind, seed=4)
    np.testing.assert_array_equal(two.x_train, unsaid.x_train)
    with pytest.raises(InvalidInputError, match="classes: must be a whole number ≥ 2, got 1"):
        make_dataset(kind, seed=4, classes=1)
    with pytest.raises(InvalidInputError, match="moons: must be one of .* got 'classes'"):
        make_dataset("moons", seed=4, classes=3)


def test_irises_are_as_they_were_measured():
    data = make_dataset("iris", test_fraction=0.2)
    x, y = everything(data)
    assert data.feature_names == ("sepal length", "sepal width", "petal length", "petal width")
    assert data.class_names == ("setosa", "versicolor", "virginica")
    np.testing.assert_array_equal(np.bincount(y), [50, 50, 50])
    np.testing.assert_allclose(x.mean(axis=0), [5.8433, 3.0573, 3.7580, 1.1993], atol=1e-4)
    assert len(data.y_test) == 30
