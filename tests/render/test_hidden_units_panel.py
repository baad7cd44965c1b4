"""The panel of hidden units: each tile is its unit's field, and the last the network's own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from inside import DATA, film_of, network, painted, recording, stills

from epochreel.nn.dataset import Viewport
from epochreel.nn.errors import InvalidInputError
from epochreel.render.panels.hidden_units import HiddenUnitsPanel
from epochreel.render.panels.signs import Signs
from epochreel.render.panels.tiles import CoarseGrid

VIEW = DATA.viewport


def plane(left: float, top: float, side: int, px: np.ndarray) -> np.ndarray:
    x = VIEW.x_min + (px[:, 0] + 0.5 - left) / side * VIEW.width
    y = VIEW.y_max - (px[:, 1] + 0.5 - top) / side * VIEW.height
    return np.column_stack([x, y])


def test_upscaling_is_bilinear_between_nodes_at_the_edges() -> None:
    view = Viewport(-1, 3, 0, 2)
    grid = CoarseGrid(view, 50)
    x = view.x_min + (np.arange(50) + 0.5) / 50 * view.width
    y = view.y_max - (np.arange(50) + 0.5) / 50 * view.height
    fields = grid.points @ np.array([[1.0, 0.5], [-2.0, 3.0]]) + [0.3, -1]
    got = grid.upscaled(fields)
    for index, (a, b, c) in enumerate([(1.0, -2.0, 0.3), (0.5, 3.0, -1.0)]):
        np.testing.assert_allclose(got[index], a * x + b * y[:, None] + c, atol=1e-5)
    assert grid.points[:, 0].min() == -1
    assert grid.points[:, 1].max() == 2


def test_a_tile_has_the_colours_of_its_unit_s_activation() -> None:
    net = network([2, 5, 4, 1], "tanh")
    found = recording(net, [net.flat * 0.5, net.flat])
    film = film_of(found, HiddenUnitsPanel("Model"), (1600, 1200))
    drawing, body = film._set.drawings[0], film.layout.slots[0].body
    pixels, signs = film.frame(1).pixels[:, :, :3] / 255, Signs.of_style(film.style)
    tiles = drawing._tiles
    at = np.stack(np.meshgrid(*[np.arange(6, tiles.side - 6, 7)] * 2), -1).reshape(-1, 2)
    for layer, corners in enumerate(tiles.corners[1:]):
        for unit, corner in enumerate(corners):
            px = at + corner
            points = plane(*corner, tiles.side, px.astype(float))
            values = found.activations(1, points)[layer][:, drawing._units[layer + 1][unit]]
            expected = signs.mixed(np.clip(values / drawing._full[layer], -1, 1))
            got = pixels[body.top + px[:, 1], body.left + px[:, 0]]
            assert np.abs(got - expected).max() < 0.02


def test_scales_hold_over_the_film_and_are_each_layer_s_own() -> None:
    net = network([2, 5, 4, 1], "tanh")
    found = recording(net, [net.flat * 0.1, net.flat])
    full = film_of(found, HiddenUnitsPanel("Model"))._set.drawings[0]._full
    view = np.stack(
        np.meshgrid(
            np.linspace(VIEW.x_min, VIEW.x_max, 60), np.linspace(VIEW.y_min, VIEW.y_max, 60)
        ),
        -1,
    ).reshape(-1, 2)
    for layer, greatest in enumerate(full):
        top = np.abs(found.activations(1, view)[layer]).max()
        assert 0.8 * top < greatest <= top * 1.001


def test_the_output_is_the_boundary_s_field() -> None:
    net = network([2, 6, 1], "tanh")
    net.flat[:] *= 3
    found = recording(net, [net.flat, net.flat])
    film = film_of(found, HiddenUnitsPanel("Model", show_points="none"), (1600, 1200))
    out, body = film._set.drawings[0]._tiles.output, film.layout.slots[0].body
    rng = np.random.default_rng(1)
    px = rng.integers(8, out.width - 8, (400, 2)) + [out.left, out.top]
    logits = found.logits(1, plane(out.left, out.top, out.width, px.astype(float)))[:, 0]
    p = 1 / (1 + np.exp(-logits))
    colors = film.style.band_colors(25)
    got = film.frame(1).pixels[body.top + px[:, 1], body.left + px[:, 0], :3]
    bands = p * 25
    clear = (np.abs(bands - np.rint(bands)) > 0.15) & (np.abs(p - 0.5) > 0.15)
    assert clear.sum() > 100
    np.testing.assert_array_equal(got[clear], colors[bands[clear].astype(int)])


def test_three_classes_are_blended() -> None:
    net = network([2, 6, 3], "tanh", "softmax")
    net.flat[:] *= 4
    data = replace(
        DATA, class_names=("a", "b", "c"), y_train=np.arange(len(DATA.y_train)) % 3,
        y_test=np.arange(len(DATA.y_test)) % 3,
    )  # fmt: skip
    found = recording(net, [net.flat, net.flat], data, link="softmax")
    film = film_of(found, HiddenUnitsPanel("Model", show_points="none"), (1600, 1200))
    out, body = film._set.drawings[0]._tiles.output, film.layout.slots[0].body
    px = np.random.default_rng(1).integers(8, out.width - 8, (200, 2)) + [out.left, out.top]
    logits = found.logits(1, plane(out.left, out.top, out.width, px.astype(float))).astype(float)
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    got = film.frame(1).pixels[body.top + px[:, 1], body.left + px[:, 0], :3]
    assert np.abs(got - p @ film.style.class_colors(3)).max() < 24
    assert np.abs(got - p @ film.style.class_colors(3)).mean() < 2


def test_lines_lead_from_tile_to_tile() -> None:
    net = network([2, 3, 1])
    net.flat[:] *= 1e-3
    views = net.views()
    views["W1"][2, 1] = 4.0
    film = film_of(recording(net, [net.flat, net.flat]), HiddenUnitsPanel("Model"))
    segments, widths, colors = painted(film).only("lines")
    tiles = film._set.drawings[0]._tiles
    assert tuple(segments[-1][0]) == tuple(tiles.middles(0)[1] + [tiles.side / 2, 0])
    assert tuple(segments[-1][-1]) == tuple(tiles.middles(1)[2] - [tiles.side / 2, 0])
    assert colors[-1, 2] > colors[-1, 0]


@pytest.mark.parametrize("sizes", [[2, 1], [2, 3, 1], [2, 25, 50, 50, 25, 1], [2] + [8] * 9 + [1]])
@pytest.mark.parametrize("size", [(1600, 1200), (800, 600), (480, 480), (1920, 600)])
def test_tiles_stand_apart_and_inside(sizes: list[int], size: tuple[int, int]) -> None:
    net = network(sizes)
    film = film_of(recording(net, [net.flat] * 2), HiddenUnitsPanel("Model"), size)
    tiles, body = film._set.drawings[0]._tiles, film.layout.slots[0].body
    right = -1
    for corners in tiles.corners:
        assert (corners[:, 0] > right).all()
        assert (np.diff(corners[:, 1]) >= tiles.side).all()
        assert corners[:, 1].min() >= 0
        assert corners[:, 1].max() + tiles.side <= body.height
        right = corners[:, 0].max() + tiles.side
    assert tiles.output.left > right
    assert tiles.output.right <= body.width
    assert tiles.output.bottom <= body.height
    assert tiles.output.width >= tiles.side
    if len(tiles.dots):
        assert tiles.dots[:, 1].max() < body.height


def test_labels_say_how_many_units_there_are() -> None:
    net = network([2, 25, 3, 1], "tanh")
    words = stills(film_of(recording(net, [net.flat] * 2), HiddenUnitsPanel("Model", units=4)))
    assert {"4 of 25", "3", "tanh", "inputs", "sigmoid", *DATA.feature_names} <= set(words)


def test_more_features_than_a_plane_has_are_refused() -> None:
    wide = replace(
        DATA, x_train=np.hstack([DATA.x_train] * 2), x_test=np.hstack([DATA.x_test] * 2),
        feature_names=("a", "b", "c", "d"),
    )  # fmt: skip
    net = network([4, 3, 1])
    film = film_of(recording(net, [net.flat], wide), HiddenUnitsPanel("Model"))
    with pytest.raises(
        InvalidInputError, match="panels: 'hidden_units' needs data of 2 features, got 4"
    ):
        film.layout  # noqa: B018
