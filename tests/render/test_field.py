"""The field against closed forms and Matplotlib's own contours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy.interpolate import RegularGridInterpolator

from epochreel.nn.dataset import Viewport
from epochreel.render.field import FieldGrid, IsolinePainter, paint_bands
from epochreel.render.style import load_style

VIEWPORT = Viewport(-1.5, 2.5, -1.0, 2.0)


@given(
    width=st.integers(1, 90),
    height=st.integers(1, 90),
    step=st.integers(1, 9),
    seed=st.integers(0, 1000),
)
@settings(max_examples=60, deadline=None)
def test_interpolation_is_bilinear(width: int, height: int, step: int, seed: int) -> None:
    grid = FieldGrid(width, height, VIEWPORT, step)
    nodes = np.random.default_rng(seed).normal(size=(grid.rows + 1, grid.columns + 1))
    oracle = RegularGridInterpolator(
        (np.arange(grid.rows + 1) * step, np.arange(grid.columns + 1) * step), nodes
    )
    yy, xx = np.meshgrid(np.arange(height) + 0.5, np.arange(width) + 0.5, indexing="ij")
    found = grid.interpolate(nodes.astype(np.float32))
    assert found.shape == (height, width)
    np.testing.assert_allclose(found, oracle((yy, xx)), atol=2e-6)


def test_nodes_cover_the_viewport_from_corner_to_corner() -> None:
    grid = FieldGrid(400, 300, VIEWPORT, 4)
    np.testing.assert_allclose(grid.points[0], [-1.5, 2.0])
    np.testing.assert_allclose(grid.points[-1], [2.5, -1.0], atol=1e-6)


@pytest.mark.parametrize("bands", [2, 25, 256])
@pytest.mark.parametrize("colormap", ["Spectral", "PuOr", "RdYlBu", "cividis"])
def test_bands_are_those_of_contourf(bands: int, colormap: str) -> None:
    probability = np.linspace(0.0005, 0.9995, 2000)
    logits = np.log(probability / (1 - probability)).astype(np.float32)[None].repeat(2, axis=0)
    style = load_style("dark", colormap)
    painted = np.zeros((2, 2000, 3), np.uint8)
    paint_bands(logits.copy(), style.band_colors(bands), painted)

    figure = Figure(figsize=(20, 0.2), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    contours = axes.contourf(
        np.arange(2000), [0, 1], np.tile(probability, (2, 1)), np.linspace(0, 1, bands + 1),
        cmap=colormap,
    )  # fmt: skip
    expected = np.rint(255 * np.array(contours.get_facecolor()))[:, :3]
    band = np.minimum((probability * bands).astype(int), bands - 1)
    inside = np.abs(probability * bands - np.rint(probability * bands)) > 1e-3
    wanted = expected[band][inside]
    assert np.abs(painted[0][inside].astype(int) - wanted).max() <= 1
    FigureCanvasAgg(figure).draw()


def test_certain_probabilities_have_the_end_colours() -> None:
    colors = load_style("light").band_colors(25)
    painted = np.zeros((1, 4, 3), np.uint8)
    logits = np.array([[-1e30, 1e30, -np.inf, np.inf]], np.float32)
    paint_bands(logits, colors, painted)
    np.testing.assert_array_equal(painted[0], colors[[0, -1, 0, -1]])


def disc(grid: FieldGrid, radius: float) -> np.ndarray:
    distance = np.hypot(grid.points[:, 0] - 0.5, grid.points[:, 1] - 0.5)
    return grid.as_nodes((radius - distance).astype(np.float32))


def test_isoline_runs_where_the_logit_is_zero_and_keeps_its_width() -> None:
    grid = FieldGrid(400, 300, VIEWPORT, 4)
    painter = IsolinePainter(grid, 2.0, 5.0, (0, 0, 0), (255, 255, 255))
    canvas = np.full((300, 400, 3), 128, np.uint8)
    painter.paint(disc(grid, 1.0), canvas)
    yy, xx = np.meshgrid(np.arange(300) + 0.5, np.arange(400) + 0.5, indexing="ij")
    away = np.abs(np.hypot(xx - 200, yy - 150) - 100)  # 100 px to a unit, the centre at (200, 150)
    dark = canvas[..., 0] < 40
    light = canvas[..., 0] > 200
    assert dark.any()
    assert away[dark].max() <= 1.3
    assert away[away < 0.3].size
    assert (canvas[..., 0][away < 0.3] < 40).all()
    assert light.any()
    assert away[light].min() >= 0.8
    assert away[light].max() <= 2.8
    assert (canvas[away > 3.3] == 128).all()


def test_isoline_does_not_depend_on_what_was_painted_before() -> None:
    grid = FieldGrid(200, 150, VIEWPORT, 4)
    painter = IsolinePainter(grid, 2.0, 5.0, (0, 0, 0), (255, 255, 255))
    fresh = IsolinePainter(grid, 2.0, 5.0, (0, 0, 0), (255, 255, 255))
    painter.paint(disc(grid, 0.5), np.full((150, 200, 3), 90, np.uint8))
    one, two = (np.full((150, 200, 3), 90, np.uint8) for _ in range(2))
    painter.paint(disc(grid, 1.0), one)
    fresh.paint(disc(grid, 1.0), two)
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("value", [-1.0, 0.0, 1.0])
def test_a_constant_field_has_no_line(value: float) -> None:
    grid = FieldGrid(60, 40, VIEWPORT, 4)
    painter = IsolinePainter(grid, 2.0, 5.0, (0, 0, 0), (255, 255, 255))
    canvas = np.full((40, 60, 3), 90, np.uint8)
    painter.paint(np.full((grid.rows + 1, grid.columns + 1), value, np.float32), canvas)
    assert (canvas == 90).all()


def test_separate_pieces_of_the_line_are_not_joined() -> None:
    grid = FieldGrid(400, 300, VIEWPORT, 4)
    x = grid.points[:, 0]
    nodes = grid.as_nodes((np.abs(x - 0.5) - 1.0).astype(np.float32))  # two upright lines
    pieces = IsolinePainter(grid, 2, 5, (0, 0, 0), (255, 255, 255)).segments(nodes)
    lengths = np.hypot(*(pieces[:, 1] - pieces[:, 0]).T)
    assert lengths.max() <= 4 * np.sqrt(2) + 1e-6
    assert set(np.round(pieces[..., 0].ravel())) == {100, 300}
