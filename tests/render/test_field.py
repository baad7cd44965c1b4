"""The field and its line, against closed forms and Matplotlib's own contours."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy.interpolate import RegularGridInterpolator

from epochreel.nn.dataset import Viewport
from epochreel.render.field import BandPainter, NodeGrid, band_levels
from epochreel.render.isoline import find_isoline
from epochreel.render.stroke import Stroke
from epochreel.render.style import load_style

VIEWPORT = Viewport(-1.5, 2.5, -1.0, 2.0)
COLORS = load_style("dark").band_colors(25)


def blank(height: int, width: int, gray: int = 0) -> np.ndarray:
    canvas = np.full((height, width, 4), gray, np.uint8)
    canvas[..., 3] = 255
    return canvas


def disc(radius: float, sharpness: float = 4.0) -> Callable[[np.ndarray], np.ndarray]:
    def predict(places: np.ndarray) -> np.ndarray:
        away = np.hypot(places[:, 0] - 0.5, places[:, 1] - 0.5)
        return (sharpness * (radius - away)).astype(np.float32)

    return predict


def test_nodes_cover_the_viewport_from_corner_to_corner() -> None:
    seen = []

    def predict(places: np.ndarray) -> np.ndarray:
        seen.append(places)
        return places[:, 0]

    NodeGrid(400, 300, VIEWPORT, 2).sample(predict, 25)
    np.testing.assert_allclose(seen[0][0], [-1.5, 2.0])
    np.testing.assert_allclose(seen[0][-1], [2.5, -1.0], atol=1e-6)


@given(
    width=st.integers(1, 120),
    height=st.integers(1, 90),
    step=st.sampled_from([2, 4, 8]),
    slope=st.tuples(st.floats(-9, 9), st.floats(-9, 9), st.floats(-9, 9)),
)
@settings(max_examples=60, deadline=None)
def test_a_linear_model_is_drawn_exactly(
    width: int, height: int, step: int, slope: tuple[float, float, float]
) -> None:
    a, b, c = slope

    def predict(places: np.ndarray) -> np.ndarray:
        return (a * places[:, 0] + b * places[:, 1] + c).astype(np.float32)

    grid = NodeGrid(width, height, VIEWPORT, step)
    canvas = blank(height, width)
    BandPainter(grid, COLORS).paint(grid.sample(predict, 25), canvas)
    x = VIEWPORT.x_min + (np.arange(width) + 0.5) / width * VIEWPORT.width
    y = VIEWPORT.y_max - (np.arange(height) + 0.5) / height * VIEWPORT.height
    level = 25 / (1 + np.exp(-(a * x + b * y[:, None] + c)))
    clear = np.abs(level - np.rint(level)) > 1e-3
    expected = COLORS[np.minimum(level.astype(int), 24)]
    np.testing.assert_array_equal(canvas[clear][:, :3], expected[clear])


@pytest.mark.parametrize("step", [2, 4, 8])
def test_between_nodes_logits_are_interpolated_linearly(step: int) -> None:
    grid = NodeGrid(160, 120, VIEWPORT, step)
    nodes = grid.sample(disc(1.0), 25)
    canvas = blank(120, 160)
    BandPainter(grid, COLORS).paint(nodes, canvas)
    oracle = RegularGridInterpolator((grid.y_px[::2], grid.x_px[::2]), nodes.astype(float))
    yy, xx = np.meshgrid(np.arange(120) + 0.5, np.arange(160) + 0.5, indexing="ij")
    level = 25 / (1 + np.exp(-oracle((yy, xx))))
    clear = np.abs(level - np.rint(level)) > 1e-3
    np.testing.assert_array_equal(canvas[clear][:, :3], COLORS[level.astype(int)][clear])


def test_refined_nodes_are_the_model_s_own_where_the_colour_changes() -> None:
    grid = NodeGrid(400, 300, VIEWPORT, 4)
    predict = disc(1.0)
    nodes = grid.sample(predict, 25)
    x = VIEWPORT.x_min + grid.x_px[::2] / 400 * VIEWPORT.width
    y = VIEWPORT.y_max - grid.y_px[::2] / 300 * VIEWPORT.height
    true = predict(np.column_stack([g.ravel() for g in np.meshgrid(x, y)])).reshape(nodes.shape)
    bands = band_levels(true[::2, ::2], 25).astype(int)
    corners = np.stack([bands[:-1, :-1], bands[:-1, 1:], bands[1:, :-1], bands[1:, 1:]])
    cells = np.ptp(corners, axis=0) > 0  # 8 px wide, and each has four of the finer ones
    changing = np.zeros(true.shape, bool)
    for down in range(3):
        for right in range(3):
            changing[down : down + 2 * len(cells) : 2, right : right + 2 * cells.shape[1] : 2] |= (
                cells
            )
    assert 0.1 < changing.mean() < 0.9
    # its slope is 4 a unit, and a pixel 0.01 units: an interpolated one moves no line by 0.1 px
    np.testing.assert_allclose(nodes[changing], true[changing], atol=0.1 * 0.04)
    own = np.abs(nodes - true)[1::2, 1::2] < 1e-5  # the middles of cells
    assert own[cells].all()


def test_painting_does_not_depend_on_what_was_painted_before() -> None:
    grid = NodeGrid(200, 150, VIEWPORT, 4)
    painter = BandPainter(grid, COLORS)
    for radius, sharpness in ((0.5, 9.0), (1.2, 0.1), (0.9, 40.0), (0.5, 9.0)):
        nodes = grid.sample(disc(radius, sharpness), 25)
        one, two = blank(150, 200), blank(150, 200)
        painter.paint(nodes, one)
        BandPainter(grid, COLORS).paint(nodes, two)
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("bands", [2, 25, 256])
@pytest.mark.parametrize("colormap", ["Spectral", "PuOr", "RdYlBu", "cividis"])
def test_bands_are_those_of_contourf(bands: int, colormap: str) -> None:
    probability = np.linspace(0.0005, 0.9995, 2000)
    logits = np.log(probability / (1 - probability)).astype(np.float32)
    painted = load_style("dark", colormap).band_colors(bands)[band_levels(logits, bands)]
    axes = Figure().add_subplot()
    contours = axes.contourf(
        np.arange(2000), [0, 1], np.tile(probability, (2, 1)), np.linspace(0, 1, bands + 1),
        cmap=colormap,
    )  # fmt: skip
    expected = np.rint(255 * np.array(contours.get_facecolor()))[:, :3]
    band = np.minimum((probability * bands).astype(int), bands - 1)
    inside = np.abs(probability * bands - np.rint(probability * bands)) > 1e-3
    np.testing.assert_array_equal(painted[inside], expected[band][inside])


def test_certain_probabilities_have_the_end_colours() -> None:
    logits = np.array([-1e30, 1e30, -np.inf, np.inf], np.float32)
    np.testing.assert_array_equal(band_levels(logits, 25), [0, 24, 0, 24])


def line(grid: NodeGrid, predict: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    return find_isoline(grid, grid.sample(predict, 25), predict)


def stroke(grid: NodeGrid) -> Stroke:
    return Stroke(
        grid.width, grid.height, core_px=2.0, halo_px=5.0, core=(0, 0, 0), halo=(255, 255, 255)
    )


def test_isoline_runs_where_the_logit_is_zero_and_keeps_its_width() -> None:
    grid = NodeGrid(400, 300, VIEWPORT, 4)
    canvas = blank(300, 400, 128)
    stroke(grid).draw(line(grid, disc(1.0)), canvas)
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
    assert (canvas[away > 3.3][:, :3] == 128).all()


@given(st.lists(st.tuples(*[st.floats(-20, 120)] * 4), min_size=1, max_size=8))
@example([(0.0, 0.0, 0.0, 1e-308)])
@settings(max_examples=60, deadline=None)
def test_strokes_shade_by_the_distance_to_the_nearest_piece(
    ends: list[tuple[float, float, float, float]],
) -> None:
    pieces = np.array(ends).reshape(-1, 2, 2)
    canvas = blank(90, 100, 128)
    Stroke(100, 90, core_px=2.2, halo_px=4.8, core=(0, 0, 0), halo=(255, 255, 255)).draw(
        pieces, canvas
    )
    yy, xx = np.meshgrid(np.arange(90) + 0.5, np.arange(100) + 0.5, indexing="ij")
    place = np.stack([xx, yy], axis=-1)[:, :, None]
    along = pieces[:, 1] - pieces[:, 0]
    share = ((place - pieces[:, 0]) * along).sum(-1) / np.maximum((along**2).sum(-1), 1e-12)
    nearest = pieces[:, 0] + np.clip(share, 0, 1)[..., None] * along
    distance = np.hypot(*np.moveaxis(place - nearest, -1, 0)).min(-1)
    halo, core = np.clip(2.9 - distance, 0, 1), np.clip(1.6 - distance, 0, 1)
    expected = (128 + (255 - 128) * halo) * (1 - core)
    assert np.abs(canvas[..., 0] - expected).max() <= 1


def test_strokes_do_not_depend_on_what_was_drawn_before() -> None:
    grid = NodeGrid(200, 150, VIEWPORT, 4)
    used = stroke(grid)
    used.draw(line(grid, disc(0.5)), blank(150, 200, 90))
    one, two = (blank(150, 200, 90) for _ in range(2))
    used.draw(line(grid, disc(1.0)), one)
    stroke(grid).draw(line(grid, disc(1.0)), two)
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("value", [-1.0, 0.0, 1.0])
def test_a_constant_field_has_no_line(value: float) -> None:
    grid = NodeGrid(60, 40, VIEWPORT, 4)
    pieces = line(grid, lambda places: np.full(len(places), value, np.float32))
    assert pieces.shape == (0, 2, 2)
    canvas = blank(40, 60, 90)
    stroke(grid).draw(pieces, canvas)
    assert (canvas[..., :3] == 90).all()


def test_separate_lines_are_not_joined_and_straight_ones_are_long() -> None:
    grid = NodeGrid(400, 300, VIEWPORT, 4)
    pieces = line(grid, lambda places: np.abs(places[:, 0] - 0.5) - np.float32(1.0))
    assert set(np.round(pieces[..., 0].ravel())) == {100, 300}
    assert (np.ptp(pieces[..., 0], axis=1) < 0.1).all()
    assert len(pieces) < 12
    for x in (100, 300):
        side = pieces[np.abs(pieces[:, 0, 0] - x) < 1]
        covered = np.abs(side[:, 1, 1] - side[:, 0, 1]).sum()
        assert covered >= 300


def test_a_kink_between_nodes_is_kept() -> None:
    grid = NodeGrid(400, 300, VIEWPORT, 8)

    def corner(places: np.ndarray) -> np.ndarray:
        return (np.minimum(places[:, 0] - 0.513, 0.487 - places[:, 1])).astype(np.float32)

    pieces = line(grid, corner)
    x, y = (0.513 + 1.5) * 100, (2.0 - 0.487) * 100
    nearest = np.hypot(pieces[..., 0] - x, pieces[..., 1] - y).min()
    assert nearest <= 3


def test_agg_and_stroke_agree_on_a_polyline() -> None:
    points = np.array([[20, 80], [60, 20.5], [100, 70], [150, 65.2]])
    canvas = blank(100, 170, 255)
    Stroke(170, 100, core_px=3.0, halo_px=3.0, core=(0, 0, 0), halo=(255, 255, 255)).draw(
        np.stack([points[:-1], points[1:]], axis=1), canvas
    )
    figure = Figure(figsize=(1.7, 1.0), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 170), ylim=(100, 0))
    axes.set_axis_off()
    axes.plot(*points.T, "k", lw=3 * 0.72, solid_joinstyle="round", solid_capstyle="round")
    drawing = FigureCanvasAgg(figure)
    drawing.draw()
    difference = np.abs(np.asarray(drawing.buffer_rgba())[..., 0].astype(int) - canvas[..., 0])
    assert difference.max() <= 60  # two ways to shade an edge pixel
    assert difference.mean() <= 0.6
