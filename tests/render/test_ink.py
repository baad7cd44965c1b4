"""Ink is Agg's own: the same pixels as Matplotlib draws, and the same words for vectors."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from epochreel.render import load_style
from epochreel.render.ink import AggInk, ArtistInk, Ink
from epochreel.render.layout import Rect, lay_out
from epochreel.render.stage import Stage

SIZE = (400, 300)
RED, WHITE, GROUND = (230, 60, 60), (250, 250, 250), (13, 17, 25)
PLACES = np.array([[20.0, 30.0], [200.5, 60.25], [380.0, 280.0]])


def line(ink: Ink) -> None:
    ink.line(PLACES, 3.0, RED)


def parted(ink: Ink) -> None:
    ink.line(np.array([[10, 10], [90, 90], [np.nan, np.nan], [200, 90], [300, 10]]), 2.0, RED)


def lines(ink: Ink) -> None:
    segments = np.stack([PLACES[:-1], PLACES[1:]], axis=1)
    ink.lines(segments, np.array([1.0, 5.0]), np.array([[1, 0, 0, 1], [0, 1, 0, 0.5]]))


def markers(ink: Ink) -> None:
    ink.markers(PLACES, 14.0, RED, WHITE, marker="D", ring_px=2.0)


def discs(ink: Ink) -> None:
    fills = np.array([[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 1, 1.0]])
    ink.discs(PLACES, np.array([8.0, 12.0, 16.0]), fills, WHITE, 1.5)


def polygons(ink: Ink) -> None:
    squares = np.array([[[10, 10], [60, 10], [60, 60], [10, 60.0]]]) + [[[0, 0]], [[80, 40]]]
    ink.polygons(squares, np.array([[1, 0, 0, 1], [0, 0, 1, 0.5]]), edge=WHITE, edge_px=2.0)


def text(ink: Ink) -> None:
    ink.text(200, 150, "0.125 Layer", 24.0, WHITE, weight="semibold", align="center")


@pytest.mark.parametrize("draw", [line, parted, lines, markers, discs, polygons, text])
def test_ink_is_drawn_as_matplotlib_draws_it(draw) -> None:
    rect = Rect(0, 0, *SIZE)
    ink = AggInk(rect, GROUND)
    ink.clear()
    draw(ink)
    ours = np.zeros((SIZE[1], SIZE[0], 4), np.uint8)
    ink.store(ours)
    style = load_style("dark")
    with style.context():
        layout = lay_out(SIZE, 1, tick_width=0, header=False, subtitles=False, strip=False)
        stage = Stage.create(style, layout, {})
        draw(ArtistInk(stage, rect))
        canvas = FigureCanvasAgg(stage.under)
        canvas.draw()
    theirs = np.asarray(canvas.buffer_rgba())
    assert (ours[:, :, :3] != GROUND).any()
    apart = np.abs(ours.astype(int) - theirs).max(axis=-1)
    # text and markers of a plot sit on whole pixels, half of one beside where they are meant
    assert (apart > 40).mean() < (0.01 if draw in (text, markers) else 0.0005)


def test_it_paints_in_its_own_rectangle_only() -> None:
    rect = Rect(100, 50, 80, 60)
    ink = AggInk(rect, GROUND)
    ink.clear()
    ink.line(np.array([[-500.0, -500.0], [500.0, 500.0]]), 30.0, RED)
    ink.text(70, 30, "cut off at the right", 20.0, WHITE)
    ink.text(-20, 2, "and at the upper left", 20.0, WHITE)
    canvas = np.full((300, 400, 4), 7, np.uint8)
    ink.store(canvas)
    outside = np.ones(canvas.shape[:2], bool)
    outside[50:110, 100:180] = False
    assert (canvas[outside] == 7).all()
    assert (canvas[50:110, 100:180, 3] == 255).all()


def test_it_lays_over_what_never_changes() -> None:
    rect = Rect(10, 20, 30, 40)
    under = np.random.default_rng(1).integers(0, 256, (100, 100, 4), dtype=np.uint8)
    under[:, :, 3] = 255
    ink = AggInk(rect, GROUND)
    ink.rest_on(under)
    for _ in range(2):
        ink.clear()
        canvas = np.zeros_like(under)
        ink.store(canvas)
        np.testing.assert_array_equal(canvas[20:60, 10:40], under[20:60, 10:40])
        ink.line(np.array([[0.0, 0.0], [30.0, 40.0]]), 5.0, RED)


def test_many_words_don_t_grow_for_ever() -> None:
    ink = AggInk(Rect(0, 0, 60, 40), GROUND)
    for number in range(4200):
        ink.text(0, 30, str(number), 12.0, WHITE)
    assert len(ink._words._masks) <= 4001
