"""The surface: what it shows, what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import RecordingMaker
from solo import bottleneck, film, lines, texts

from epochreel.nn.errors import InvalidInputError
from epochreel.render import Film
from epochreel.render.panels.surface import SurfacePanel
from epochreel.render.solid import walls_shown
from epochreel.render.stage import rgb


def constant(snapshot: int, points: np.ndarray) -> np.ndarray:
    return np.full((len(points), 1), 0.3, np.float32)


def test_a_still_camera_holds_still_and_a_turning_one_turns(make_recording: RecordingMaker) -> None:
    recordings = {"Disc": make_recording(function=constant)}
    still = film(recordings, SurfacePanel("Disc", turn=0.0))
    body = still.layout.slots[0].body

    def plot(ready: Film, index: int) -> np.ndarray:
        pixels = ready.frame(index).pixels
        return pixels[body.top : body.bottom, body.left : body.right].copy()

    np.testing.assert_array_equal(plot(still, 0), plot(still, len(still) - 1))
    turning = film(recordings, SurfacePanel("Disc", turn=40.0))
    first, last = plot(turning, 0), plot(turning, len(turning) - 1)
    assert (first != last).any(axis=-1).mean() > 0.1
    there = film(recordings, SurfacePanel("Disc", azimuth=10.0, turn=0.0))
    scale = turning._set.drawings[0]._camera, there._set.drawings[0]._camera
    assert scale[0].azimuth - 20.0 == scale[1].azimuth


def test_walls_and_names_fade_where_they_change_sides(make_recording: RecordingMaker) -> None:
    def shown(azimuth: float, turn: float) -> list[float]:
        places = np.linspace(azimuth - turn / 2, azimuth + turn / 2, 181)
        return [walls_shown(place, azimuth - turn / 2, azimuth + turn / 2) for place in places]

    assert set(shown(30.0, 40.0)) == {1.0}
    assert set(shown(90.0, 0.0)) == {1.0}  # held still, nothing changes sides
    assert set(shown(110.0, 40.0)) == {1.0}  # it only sets out there
    crossing = shown(95.0, 60.0)
    assert crossing[0] == crossing[-1] == 1.0
    assert min(crossing) < 0.05
    assert max(np.abs(np.diff(crossing))) < 0.05, "it must not jump"
    around = np.array(shown(45.0, 360.0))
    assert ((around[1:-1] < around[:-2]) & (around[1:-1] <= around[2:])).sum() == 4
    near = shown(89.0, 4.0)
    assert near[0] == near[-1] == 1.0


def test_names_have_gone_when_a_wall_is_edge_on(make_recording: RecordingMaker) -> None:
    recordings = {"Disc": make_recording(function=constant)}
    panel = SurfacePanel("Disc", azimuth=90.0, turn=40.0, show_points="none")
    ready = film(recordings, panel, fps=10, frames=41)
    middle, last = 20, 40
    assert len(ready) == last + 1
    body = ready.layout.slots[0].body
    ground = np.array(rgb(ready.style.ground)) * 255

    def written(index: int) -> int:
        pixels = ready.frame(index).pixels[body.top : body.bottom, body.left : body.right, :3]
        corner = pixels[-body.height // 8 :]  # beneath the box, where only names stand
        return int((np.abs(corner - ground).max(axis=-1) > 60).sum())

    assert written(last) > 20
    assert written(middle) < written(last) / 4


def test_a_surface_has_the_colours_of_its_heights(make_recording: RecordingMaker) -> None:
    recordings = {"Disc": make_recording(function=constant)}
    ready = film(recordings, SurfacePanel("Disc", bands=5, show_points="none", turn=0.0))
    body = ready.layout.slots[0].body
    pixels = ready.frame(0).pixels[body.top : body.bottom, body.left : body.right, :3]
    middle = pixels[body.height // 2 - 8 : body.height // 2, body.width // 2].astype(float)
    expected = ready.style.band_colors(5)[2].astype(float)  # 1 / (1 + e^-0.3) = 0.57
    cosine = middle @ expected / np.linalg.norm(middle, axis=1) / np.linalg.norm(expected)
    assert (cosine > 0.999).all()


def test_a_surface_stands_on_labelled_axes(make_recording: RecordingMaker) -> None:
    ready = film({"Disc": make_recording()}, SurfacePanel("Disc"), size=(800, 600))
    written = texts(ready)
    assert {"X₁", "X₂", "0", "0.5", "1"} <= set(written)
    assert "height: probability of class 1; stems: each point's error" in written
    assert not [text for text in texts(film({"Disc": make_recording()},
        SurfacePanel("Disc", show_points="none"))) if "stems" in text]  # fmt: skip


def test_points_stand_at_their_class_and_stems_end_on_the_surface(
    make_recording: RecordingMaker,
) -> None:
    recordings = {"Disc": make_recording(function=constant)}
    ready = film(recordings, SurfacePanel("Disc", turn=0.0))
    drawing = ready._set.drawings[0]
    data = recordings["Disc"].dataset
    drawn = {group.height: len(group.x) for group in drawing._points}
    assert drawn == {0.0: int((data.y_test == 0).sum()), 1.0: int((data.y_test == 1).sum())}
    height = 1 / (1 + np.exp(-0.3))
    shown = lines(ready, 0)
    camera = drawing._camera
    view = data.viewport
    one = data.x_test[data.y_test == 1]
    x = 2 * (one[:, 0] - view.x_min) / view.width - 1
    y = 2 * (one[:, 1] - view.y_min) / view.height - 1
    foot = camera.project(x, y, np.full(len(x), height))
    top = camera.project(x, y, np.ones(len(x)))
    places = np.concatenate([line.get_xydata() for line in shown])
    for expected in (*foot, *top):
        assert np.nanmin(np.abs(places - expected).sum(axis=1)) < 1e-3


def test_what_is_no_number_leaves_a_hole(make_recording: RecordingMaker) -> None:
    def half(snapshot: int, points: np.ndarray) -> np.ndarray:
        return np.where(points[:, :1] > 0.5, np.nan, 1.0 + snapshot).astype(np.float32)

    ready = film({"Disc": make_recording(function=half)}, SurfacePanel("Disc"))
    nothing = film(
        {"Disc": make_recording(function=lambda s, p: np.full((len(p), 1), np.nan, np.float32))},
        SurfacePanel("Disc"),
    )
    whole = film({"Disc": make_recording(function=constant)}, SurfacePanel("Disc"))
    painted = [
        (ready.frame(0).pixels != nothing.frame(0).pixels).any(axis=-1).sum()
        for ready in (ready, whole)
    ]
    assert 0.2 * painted[1] < painted[0] < 0.8 * painted[1]


def test_a_surface_of_three_classes_is_refused() -> None:
    recordings = {"Model": bottleneck([2, 6, 3], classes=3)}
    with pytest.raises(InvalidInputError, match=r"^panels: 'surface' needs two classes, .* has 3$"):
        film(recordings, SurfacePanel("Model")).frame(0)
