"""The weights panel: densities, ridges that recede, cells that are their weights, dead units."""

from __future__ import annotations

import numpy as np
import pytest
from inside import DATA, film_of, network, painted, recording, stills

from epochreel.nn.dataset import Dataset
from epochreel.render.panels.dead import DeadUnits
from epochreel.render.panels.heatmaps import fitted
from epochreel.render.panels.ridges import densities
from epochreel.render.panels.signs import Signs
from epochreel.render.panels.weights import WeightsPanel


def test_a_density_is_that_of_what_the_numbers_came_from() -> None:
    rng = np.random.default_rng(1)
    rows = np.stack([rng.normal(0, 0.2, 20_000), rng.normal(0.3, 0.4, 20_000)])
    found = densities(rows, 2.0)
    x = (np.arange(128) + 0.5) / 128 * 4 - 2
    for row, mean, std in ((0, 0.0, 0.2), (1, 0.3, 0.4)):
        exact = np.exp(-0.5 * ((x - mean) / std) ** 2) / (std * np.sqrt(2 * np.pi)) * 4 / 128
        np.testing.assert_allclose(found[row], exact, atol=0.05 * exact.max())
        assert found[row].sum() == pytest.approx(1, abs=1e-3)


def test_numbers_beyond_the_axis_are_left_out_not_piled_up_at_its_ends() -> None:
    rows = np.concatenate([np.full(50, 9.0), np.zeros(50)])[None]
    found = densities(rows, 1.0)[0]
    assert found.sum() == pytest.approx(0.5, abs=1e-3)
    assert found[-5:].sum() < 1e-6


def test_one_row_of_one_number_is_a_hill_where_it_is() -> None:
    found = densities(np.array([[0.5]]), 1.0)[0]
    assert abs((found.argmax() + 0.5) / 128 * 2 - 1 - 0.5) < 0.02


def test_the_past_lies_behind_and_recedes() -> None:
    net = network([2, 6, 1])
    found = recording(net, [net.flat * share for share in np.linspace(0.3, 1, 10)])
    film = film_of(found, WeightsPanel("Model"))
    counts = [len(painted(film, index).calls["line"]) for index in (0, 4, 9)]
    assert counts[0] == 2, "at first a ridge for each layer"
    assert counts == sorted(set(counts))
    # the eldest is highest up on the page, the present one the lowest and in the ink of text
    row = painted(film, 9).calls["line"][: counts[2] // 2]
    bottoms = [places[0][:, 1].max() for places, _ in row]
    assert (np.diff(bottoms) > 0).all()
    assert row[-1][0][2] == film.style.ink
    # one scale for all: the widest there ever is fits
    ends = [
        np.abs(places[0][:, 0] / film.layout.slots[0].body.width - 0.5).max() for places, _ in row
    ]
    assert max(ends) < 0.5


def test_left_of_zero_is_the_colour_of_what_is_below() -> None:
    net = network([2, 6, 1])
    film = film_of(recording(net, [net.flat, net.flat * 1.1]), WeightsPanel("Model"))
    middle = film.layout.slots[0].body.width / 2
    for (corners, fills), _ in painted(film).calls["polygons"]:
        left = corners[0, :, 0].mean() < middle
        assert (corners[0, :, 0] <= middle + 1e-6).all() == left
        assert (fills[0, 0] > fills[0, 2]) == left


def test_a_dead_unit_is_one_that_no_training_point_wakes() -> None:
    net = network([2, 6, 4, 1])
    views = net.views()
    views["b1"][2] = -100
    views["W2"][3], views["b2"][3] = 0, -1e-3
    found = recording(net, [net.flat, net.flat])
    first, second, last = DeadUnits(found, DATA.x_train)(1)
    expected = [(a == 0).all(axis=0) for a in found.activations(1, DATA.x_train)]
    np.testing.assert_array_equal(first, expected[0])
    np.testing.assert_array_equal(second, expected[1])
    assert first[2]
    assert second[3]
    assert not last.any(), "what comes out isn't a unit that learns no more"
    film = film_of(found, WeightsPanel("Model"))
    assert painted(film).texts == [f"{first.sum()} of 6 dead", f"{second.sum()} of 4 dead"]
    film = film_of(found, WeightsPanel("Model", view="matrix"))
    assert painted(film).texts == [f"{first.sum()} dead", f"{second.sum()} dead"]


@pytest.mark.parametrize("waking", [0, 777, 19_999])
def test_one_point_among_many_is_enough(waking: int) -> None:
    x = np.zeros((20_000, 2))
    x[waking] = 1
    net = network([2, 3, 1])
    net.flat[:] = -1
    views = net.views()
    views["W1"][0] = 2.0
    (dead, _) = DeadUnits(recording(net, [net.flat]), x)(0)
    np.testing.assert_array_equal(dead, [False, True, True])


@pytest.mark.parametrize("activation", ["tanh", "elu", "leaky_relu"])
def test_other_units_don_t_die(activation: str) -> None:
    net = network([2, 3, 1], activation)
    net.flat[:] = 0
    assert not any(units.any() for units in DeadUnits(recording(net, [net.flat]), DATA.x_train)(0))


def test_without_samples_nothing_is_dead() -> None:
    bare = Dataset(
        name="bare", x_train=np.empty((0, 2)), y_train=np.empty(0, np.int64),
        x_test=np.empty((0, 2)), y_test=np.empty(0, np.int64), viewport=DATA.viewport,
    )  # fmt: skip
    net = network([2, 3, 1])
    film = film_of(recording(net, [net.flat, net.flat], bare), WeightsPanel("Model"))
    assert painted(film).texts == []


def test_cells_are_spread_over_pixels_or_averaged() -> None:
    cells = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(fitted(cells, 4, 6), np.kron(cells, np.ones((2, 2))))
    wide = np.random.default_rng(1).normal(size=(40, 90))
    means = wide.reshape(10, 4, 30, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(fitted(wide, 10, 30), means)
    assert fitted(wide, 7, 13).shape == (7, 13)


def test_a_cell_has_the_colour_of_its_weight() -> None:
    net = network([2, 5, 3, 1])
    found = recording(net, [net.flat * 0.5, net.flat])
    film = film_of(found, WeightsPanel("Model", view="matrix"))
    drawing, body = film._set.drawings[0], film.layout.slots[0].body
    pixels = film.frame(1).pixels
    table = Signs.of_style(film.style).table(511)
    values = [value for s in (0, 1) for pair in found.layers(s) for value in pair]
    full = np.quantile(np.abs(np.concatenate([value.ravel() for value in values])), 0.995)
    for block, (weights, biases) in zip(drawing._blocks, found.layers(1), strict=True):
        rows, columns = weights.shape
        for row in range(rows):
            y = body.top + block.top + int((row + 0.5) / rows * block.height)
            for column in range(columns):
                x = body.left + block.left + int((column + 0.5) / columns * block.width)
                share = np.clip(weights[row, column] / full, -1, 1)
                expected = table[round(255 * (1 + float(share)))]
                assert np.abs(pixels[y, x].astype(int) - expected).max() <= 1
            x = body.left + block.bias_left + block.bias_width // 2
            share = np.clip(biases[row] / full, -1, 1)
            assert (
                np.abs(pixels[y, x].astype(int) - table[round(255 * (1 + float(share)))]).max() <= 1
            )


def test_shapes_are_told() -> None:
    net = network([2, 5, 3, 1])
    found = recording(net, [net.flat] * 2)
    assert {"Layer 1", "Layer 2", "Output", "5 × 2", "3 × 5", "1 × 3"} <= set(
        stills(film_of(found, WeightsPanel("Model")))
    )
    words = stills(film_of(found, WeightsPanel("Model", view="matrix")))
    assert {"W1, b1", "5 × 2", "W3, b3", "1 × 3"} <= set(words)
    assert "Model: 28 weights, 9 biases, a row for each unit" in words


@pytest.mark.parametrize(
    "sizes", [[2, 1], [2, 300, 1], [2, 25, 50, 50, 25, 1], [2] + [4] * 9 + [1]]
)
def test_matrices_stand_apart_and_inside(sizes: list[int]) -> None:
    net = network(sizes)
    for size in ((800, 600), (480, 480), (1600, 1200)):
        film = film_of(recording(net, [net.flat] * 2), WeightsPanel("Model", view="matrix"), size)
        body, right = film.layout.slots[0].body, 0
        for block in film._set.drawings[0]._blocks:
            assert block.left > right
            assert block.bias_left >= block.left + block.width
            assert block.top >= 0
            assert block.top + block.height <= body.height
            right = block.bias_left + block.bias_width
        assert right < body.width
