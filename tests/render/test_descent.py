"""The plane of a loss landscape, against NumPy and scikit-learn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from panel_samples import trained
from sklearn.decomposition import PCA

from epochreel.nn import Network, make_dataset
from epochreel.nn.recording import ParameterRecording
from epochreel.render.descent import MOST_SAMPLES, find_plane, loss_grid
from epochreel.render.principal import principal


@pytest.mark.parametrize("shape", [(40, 5), (6, 30)])
def test_principal_components_are_scikit_learn_s(shape: tuple[int, int]) -> None:
    points = np.random.default_rng(0).normal(size=shape) * np.linspace(3, 1, shape[1])
    found, expected = principal(points, 2), PCA(2).fit(points)
    np.testing.assert_allclose(found.shares, expected.explained_variance_ratio_, rtol=1e-9)
    for one, other in zip(found.directions, expected.components_, strict=True):
        assert abs(one @ other) == pytest.approx(1, abs=1e-9)
        assert one[np.argmax(np.abs(one))] > 0
    np.testing.assert_allclose(
        np.abs(found.project(points)), np.abs(expected.transform(points)), atol=1e-9
    )


def test_signs_don_t_depend_on_the_order_of_points() -> None:
    points = np.random.default_rng(1).normal(size=(20, 4))
    one, other = principal(points, 2), principal(points[::-1].copy(), 2)
    np.testing.assert_allclose(one.directions, other.directions, atol=1e-9)


def test_points_that_are_all_one_have_no_direction() -> None:
    found = principal(np.ones((5, 3)), 2)
    assert not found.directions.any()
    assert not found.shares.any()


def test_paths_are_projected_as_numpy_does_it() -> None:
    one, other = trained("A", seed=1), trained("B", seed=2)
    plane = find_plane([one, other], "pca", 0)
    stack = np.concatenate([one.parameters[:], other.parameters[:]]).astype(np.float64)
    expected = PCA(2).fit(stack)
    assert plane.explained == pytest.approx(expected.explained_variance_ratio_.sum(), abs=1e-6)
    np.testing.assert_allclose(np.linalg.norm(plane.directions, axis=1), 1)
    centre = (one.parameters[-1].astype(float) + other.parameters[-1]) / 2
    np.testing.assert_allclose(plane.centre, centre)
    away = one.parameters[:].astype(float) - centre
    np.testing.assert_allclose(plane.paths[0], away @ plane.directions.T, atol=1e-6)


def test_of_one_training_the_loss_at_its_end_is_its_own() -> None:
    recording = trained()
    plane = find_plane([recording], "pca", 0)
    np.testing.assert_allclose(plane.paths[0][-1], 0, atol=1e-9)
    vector = plane.centre.astype(np.float32)[None]
    assert recording.losses(vector)[0] == pytest.approx(
        recording.metrics["train_loss"][-1], rel=1e-4
    )


def test_the_grid_has_the_losses_of_its_places() -> None:
    recording = trained()
    plane = find_plane([recording], "pca", 0)
    grid = loss_grid(recording, plane, nodes=5, least=0.0, shape=0.7)
    x = np.linspace(grid.view.x_min, grid.view.x_max, 5)
    y = np.linspace(grid.view.y_min, grid.view.y_max, 5)
    place = plane.centre + x[1] * plane.directions[0] + y[3] * plane.directions[1]
    network = Network.from_vector(recording.architecture, place.astype(np.float32))
    data = recording.dataset
    logits = network.logits(data.x_train)[:, 0].astype(np.float64)
    expected = np.mean(np.logaddexp(0, logits) - data.y_train * logits)
    assert grid.losses[3, 1] == pytest.approx(expected, rel=1e-4)
    places = np.concatenate(plane.paths)
    assert (places[:, 0] > grid.view.x_min).all()
    assert (places[:, 0] < grid.view.x_max).all()
    assert (places[:, 1] > grid.view.y_min).all()
    assert (places[:, 1] < grid.view.y_max).all()


def test_random_directions_are_as_long_unit_by_unit_as_the_network() -> None:
    recording = trained()
    plane = find_plane([recording], "random", 3)
    again, other = find_plane([recording], "random", 3), find_plane([recording], "random", 4)
    np.testing.assert_array_equal(plane.directions, again.directions)
    assert (plane.directions != other.directions).any()
    end = recording.parameters[-1].astype(float)
    for direction in plane.directions:
        start = 0
        for layer in recording.architecture:
            stop = start + (layer.input_dim + 1) * layer.output_dim
            own = end[start:stop].reshape(-1, layer.output_dim)
            part = direction[start:stop].reshape(-1, layer.output_dim)
            np.testing.assert_allclose(np.linalg.norm(part, axis=0), np.linalg.norm(own, axis=0))
            start = stop
        assert start == len(end)
    assert 0 < plane.explained < find_plane([recording], "pca", 0).explained
    grid = loss_grid(recording, plane, nodes=3, least=1.0, shape=0.7)
    assert grid.view.x_min <= -1
    assert grid.view.x_max >= 1


def straight(steps: int) -> ParameterRecording:
    """A training that goes straight, or stands still in its only snapshot."""
    recording = trained()
    start, end = recording.parameters[0], recording.parameters[-1]
    rows = np.array([start + share * (end - start) for share in np.linspace(0, 1, steps)])
    count = np.arange(steps)
    metrics = {name: np.full(steps, 0.5) for name in recording.metrics}
    return replace(
        recording, parameters=rows, updates=count, epochs=count, seconds=count, metrics=metrics
    )


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_paths_of_fewer_than_two_dimensions_have_a_plane(steps: int) -> None:
    plane = find_plane([straight(steps)], "pca", 0)
    assert plane.explained == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(plane.directions @ plane.directions.T, np.eye(2), atol=1e-6)
    grid = loss_grid(straight(steps), plane, nodes=3, least=0.0, shape=0.7)
    assert np.isfinite(grid.losses).all()


def test_many_samples_are_thinned_evenly() -> None:
    recording = trained()
    data = make_dataset("moons", samples=6000, seed=5)
    large = replace(recording, dataset=data)
    vector = recording.vector(2)[None]
    chosen = np.linspace(0, len(data.y_train) - 1, MOST_SAMPLES).astype(int)
    thin = replace(data, x_train=data.x_train[chosen], y_train=data.y_train[chosen])
    expected = replace(recording, dataset=thin).losses(vector)
    assert large.losses(vector, most=MOST_SAMPLES) == expected
    assert large.losses(vector) != expected
    assert recording.losses(vector, most=MOST_SAMPLES) == recording.losses(vector)
