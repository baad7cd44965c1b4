"""Surfaces seen from aside, against rays followed one by one."""

from __future__ import annotations

from math import cos, radians, sin

import numpy as np
import pytest

from epochreel.render.pixels import pack
from epochreel.render.relief import SHADES, Relief
from epochreel.render.solid import TALL, Camera, HeightField, zero_line

NODES = 41
AXIS = np.linspace(-1, 1, NODES)
BANDS = 10
COLORS = np.array([[20 * band + 40, 7 * band, 250 - 20 * band] for band in range(BANDS)], np.uint8)


def bump(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return 8 * (0.5 - np.hypot(x - 0.1, y + 0.2))


def waves(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return 5 * np.sin(4 * x) * np.cos(3 * y)


def camera(azimuth: float = 35.0, size: tuple[int, int] = (160, 120)) -> Camera:
    return Camera.fitting(size, azimuth, 0.0, 30.0, (6, 6, 6))


def painted(view: Camera, logits: np.ndarray, size: tuple[int, int] = (160, 120)) -> np.ndarray:
    canvas = np.zeros((size[1], size[0], 4), np.uint8)
    canvas[..., 3] = 255
    Relief(COLORS).paint(canvas, view, logits, np.full(logits.shape, 0.9))
    return canvas


def followed(view: Camera, field: HeightField, size: tuple[int, int]) -> np.ndarray:
    """Follow the ray of each pixel from the front and give the height it meets; NaN: none."""
    turn, tilt = radians(view.azimuth), radians(view.elevation)
    found = np.full((size[1], size[0]), np.nan)
    away = np.linspace(-1.5, 1.5, 3001)
    for row in range(size[1]):
        for column in range(0, size[0], 3):
            across = (column + 0.5 - view.x) / view.scale
            x = across * cos(turn) + away * sin(turn)
            y = away * cos(turn) - across * sin(turn)
            ray = ((view.y - row - 0.5) / view.scale - away * sin(tilt)) / (TALL * cos(tilt))
            gap = ray - field.at(x, y)
            inside = np.isfinite(gap)
            met = np.flatnonzero(inside[:-1] & inside[1:] & ((gap[:-1] > 0) != (gap[1:] > 0)))
            if len(met):
                found[row, column] = ray[met[0]]
    return found


@pytest.mark.parametrize("field", [bump, waves])
@pytest.mark.parametrize("azimuth", [35.0, 200.0])
def test_it_shows_what_rays_meet(field, azimuth: float) -> None:
    view, size = camera(azimuth), (160, 120)
    logits = field(*np.meshgrid(AXIS, AXIS))
    canvas = painted(view, logits)
    met = followed(view, HeightField(1 / (1 + np.exp(-logits))), size)
    shown = pack(canvas)
    relief = Relief(COLORS)
    table = {int(color): index % BANDS for index, color in enumerate(relief._colors)}
    agree = wrong = 0
    for row in range(size[1]):
        for column in range(0, size[0], 3):
            band = table.get(int(shown[row, column]))
            if band is None:  # ground, or mixed on an outline
                continue
            near = met[max(0, row - 1) : row + 2, column] * BANDS
            if np.nanmin(np.abs(near - band - 0.5), initial=99) <= 0.9:
                agree += 1
            else:
                wrong += 1
    assert agree > 1500
    assert wrong < 0.02 * agree
    # and where no ray meets it there is ground, but for smoothed outlines
    ground = (canvas[..., :3] == 0).all(axis=-1)[:, ::3]
    assert (ground != np.isnan(met[:, ::3])).mean() < 0.02


def test_a_level_surface_has_one_colour_at_its_height() -> None:
    view = camera(0.0)
    canvas = painted(view, np.zeros((NODES, NODES)))
    left, top = view.project(np.array([-1.0]), np.array([1.0]), np.array([0.5]))[0]
    right, bottom = view.project(np.array([1.0]), np.array([-1.0]), np.array([0.5]))[0]
    inside = canvas[int(top) + 2 : int(bottom) - 1, int(left) + 2 : int(right) - 1]
    assert len({tuple(color) for color in inside.reshape(-1, 4)}) == 1
    assert (canvas[: int(top) - 1, :, :3] == 0).all()
    assert (canvas[int(bottom) + 2 :, :, :3] == 0).all()


def test_light_and_shade_come_from_the_shades() -> None:
    view = camera()
    dark, light = (np.zeros((120, 160, 4), np.uint8) for _ in range(2))
    logits = np.zeros((NODES, NODES))
    Relief(COLORS).paint(dark, view, logits, np.zeros_like(logits))
    Relief(COLORS).paint(light, view, logits, np.ones_like(logits))
    assert dark[60, 80, :3].sum() < 0.6 * light[60, 80, :3].sum()
    assert len(Relief(COLORS)._colors) == SHADES * BANDS


def test_beside_what_is_no_number_nothing_is_painted() -> None:
    view = camera(0.0)
    logits = np.zeros((NODES, NODES))
    whole = (painted(view, logits)[..., :3] > 0).any(axis=-1)
    logits[:, 25:] = np.nan
    part = (painted(view, logits)[..., :3] > 0).any(axis=-1)
    edge = view.project(AXIS[[25]], np.zeros(1), np.full(1, 0.5))[0, 0]
    assert not part[:, int(edge) + 1 :].any()
    np.testing.assert_array_equal(part[:, : int(edge) - 6], whole[:, : int(edge) - 6])
    assert not (painted(view, np.full((NODES, NODES), np.nan))[..., :3] > 0).any()


@pytest.mark.parametrize("logit", [1e30, -1e30, np.inf, -np.inf])
def test_certainty_has_the_last_colour(logit: float) -> None:
    canvas = painted(camera(), np.full((NODES, NODES), logit))
    middle = canvas[..., :3].reshape(-1, 3)
    middle = middle[middle.any(axis=1)]
    expected = COLORS[-1 if logit > 0 else 0]
    ratio = np.median(middle.astype(float) @ expected / (expected.astype(float) @ expected))
    np.testing.assert_allclose(np.median(middle, axis=0), np.rint(ratio * expected), atol=2)


def test_the_box_fits_while_it_turns() -> None:
    size = (300, 200)
    view = Camera.fitting(size, 20.0, 70.0, 28.0, (30, 4, 16))
    x, y, z = (axis.ravel() for axis in np.meshgrid([-1.0, 1.0], [-1.0, 1.0], [0.0, 1.0]))
    for azimuth in np.linspace(-50, 90, 57):
        places = view.turned(float(azimuth)).project(x, y, z)
        assert places[:, 0].min() >= 30 - 1e-6
        assert places[:, 0].max() <= 270 + 1e-6
        assert places[:, 1].min() >= 4 - 1e-6
        assert places[:, 1].max() <= 184 + 1e-6


@pytest.mark.parametrize("azimuth", [0.0, 35.0, 130.0, 250.0])
def test_a_line_of_sight_is_one_place_of_the_picture(azimuth: float) -> None:
    view = camera(azimuth)
    toward = view.towards
    start, far = np.array([0.1, -0.2, 0.3]), 0.4
    seen = [
        view.project(*(np.array([value]) for value in place))[0]
        for place in (
            start, (start[0] + far * toward[0], start[1] + far * toward[1], 0.3 + far * view.climb)
        )
    ]  # fmt: skip
    np.testing.assert_allclose(seen[0], seen[1], atol=1e-9)


def test_a_wall_hides_what_is_behind_it_only() -> None:
    view = camera(0.0)  # seen along the second axis
    heights = np.zeros((NODES, NODES))
    heights[18:23] = 1.0
    x, y = np.zeros(3), np.array([0.4, -0.6, 0.95])
    hidden = HeightField(heights).hides(view, x, y, np.array([0.05, 0.05, 1.0]))
    assert hidden.tolist() == [True, False, False]
    below = HeightField(np.full((NODES, NODES), 0.7)).hides(
        view, np.zeros(1), np.zeros(1), np.zeros(1)
    )
    assert below.all()


def test_the_zero_line_of_a_disc_is_its_rim() -> None:
    x, y = np.meshgrid(AXIS, AXIS)
    pieces = zero_line(0.6 - np.hypot(x, y), AXIS, AXIS)
    np.testing.assert_allclose(np.hypot(pieces[..., 0], pieces[..., 1]), 0.6, atol=2e-3)
    length = np.linalg.norm(pieces[:, 1] - pieces[:, 0], axis=1).sum()
    assert length == pytest.approx(2 * np.pi * 0.6, rel=0.01)
    assert not len(zero_line(np.ones((NODES, NODES)), AXIS, AXIS))
    assert not len(zero_line(np.full((NODES, NODES), np.nan), AXIS, AXIS))
