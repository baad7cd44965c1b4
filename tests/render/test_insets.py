"""Insets: a plate above its host and the host's points, and nothing changed beyond it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from panel_samples import trained

from epochreel.nn.errors import InvalidInputError
from epochreel.render import Film, Timeline, load_style
from epochreel.render.areas import CORNERS, Arrangement, Inset
from epochreel.render.looks import STYLES
from epochreel.render.panels.boundary import BoundaryPanel
from epochreel.render.panels.confusion import ConfusionPanel

HOST = BoundaryPanel("Model", show_points="both", mark_errors=True)
GRID = Arrangement.of_areas(["A"])


def film(*insets: Inset, panels=(), style: str = "dark", size=(800, 600)) -> Film:
    recordings = {"Model": trained()}
    return Film(
        recordings,
        [HOST, *panels],
        size=size,
        style=load_style(style),
        timeline=Timeline.build(recordings),
        arrangement=replace(GRID, insets=insets),
    )


@pytest.mark.parametrize("corner", CORNERS)
def test_only_what_is_beneath_the_plate_changes(corner) -> None:
    with_inset = film(Inset(0, corner, 0.4, 0.4), panels=[ConfusionPanel("Model")])
    without = film()
    assert with_inset.layout.slots[0] == without.layout.slots[0]
    host, cell = without.layout.slots[0].body, with_inset.layout.slots[1].cell
    assert cell.width == pytest.approx(0.4 * host.width, abs=1)
    assert cell.height == pytest.approx(0.4 * host.height, abs=1)
    down, across = corner.split(" ")
    assert (cell.left - host.left < host.width / 2) == (across == "left")
    assert (cell.top - host.top < host.height / 2) == (down == "upper")
    assert host.left < cell.left
    assert cell.right < host.right
    for index in (0, len(without) - 1):
        one, other = with_inset.frame(index).pixels, without.frame(index).pixels
        differs = (one != other).any(axis=-1)
        outside = differs.copy()
        outside[cell.top : cell.bottom, cell.left : cell.right] = False
        assert not outside.any()
        assert differs[cell.top : cell.bottom, cell.left : cell.right].mean() > 0.9


def test_no_point_of_the_host_shows_through_the_plate() -> None:
    made = film(Inset(0, "lower left", 0.6, 0.6), panels=[ConfusionPanel("Model")])
    cell, body = made.layout.slots[1].cell, made.layout.slots[1].body
    pixels = made.frame(3).pixels[:, :, :3]
    ground = load_style("dark").ground
    # the margin around the inset's own plot has words in it and plain ground, no colour
    margin = pixels[body.bottom + 2 : cell.bottom - 3, cell.left + 3 : cell.right - 3].astype(int)
    assert (margin == ground).all(axis=-1).mean() > 0.6
    assert (np.ptp(margin, axis=-1) < 30).all()


def test_a_boundary_may_be_an_inset_with_its_points_and_crosses() -> None:
    inner = BoundaryPanel("Model", numbers=(), mark_errors=True, title="Zoom")
    made = film(Inset(0, "upper right", 0.5, 0.5), panels=[inner])
    first, last = made.frame(0).pixels, made.frame(len(made) - 1).pixels
    body = made.layout.slots[1].body
    box = np.s_[body.top : body.bottom, body.left : body.right]
    assert (first[box] != last[box]).any(axis=-1).mean() > 0.1


def test_frames_drawn_over_one_another_are_those_drawn_afresh() -> None:
    made = film(Inset(0), panels=[ConfusionPanel("Model")])
    for index, frame in enumerate(made):
        np.testing.assert_array_equal(frame.pixels, made.frame(index).pixels)


@pytest.mark.parametrize("style", STYLES)
def test_vectors_show_the_same(style: str) -> None:
    made = film(Inset(0, "lower right", 0.45, 0.45), panels=[ConfusionPanel("Model")], style=style)
    painted = made.frame(4).pixels[:, :, :3].astype(int)
    with made.style.context():
        canvas = FigureCanvasAgg(made.artists(4))
        canvas.draw()
    drawn = np.asarray(canvas.buffer_rgba())[:, :, :3].astype(int)
    assert (np.abs(painted - drawn).max(axis=-1) > 96).mean() < 0.02
    cell = made.layout.slots[1].cell
    box = np.s_[cell.top : cell.bottom, cell.left : cell.right]
    assert (np.abs(painted - drawn)[box].max(axis=-1) > 96).mean() < 0.04


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"corner": "middle"}, "corner: must be one of .*got 'middle'"),
        ({"width": 0}, "width: must be > 0 and ≤ 0.9, got 0"),
        ({"height": 1.5}, "height: must be > 0 and ≤ 0.9, got 1.5"),
    ],
)
def test_what_can_t_be_is_refused(options, message) -> None:
    with pytest.raises(InvalidInputError, match=message):
        Inset(0, **options)


def test_a_host_must_be_in_the_areas() -> None:
    with pytest.raises(InvalidInputError, match=r"insets\[0\].on: must be one of 1 panels"):
        replace(GRID, insets=(Inset(1),))


def test_every_inset_needs_a_panel() -> None:
    with pytest.raises(InvalidInputError, match="a place for each of 1 panels, got 2"):
        film(Inset(0))
