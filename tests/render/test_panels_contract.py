"""What every panel promises, whatever it shows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from panel_samples import SAMPLES, film_of, panel_of, recordings_of

from epochreel.nn.errors import InvalidInputError
from epochreel.render import STYLES, Film, Timeline, load_style
from epochreel.render.areas import Arrangement
from epochreel.render.panels import PANELS, EmptyPanel, PanelDrawing, VectorDrawing
from epochreel.render.text import points
from epochreel.scenes.panel_specs import PANEL_SPECS

SIZES = [(1600, 1200), (800, 600), (480, 480)]


def test_every_kind_has_a_sample_and_a_schema() -> None:
    assert set(SAMPLES) == set(PANELS) == set(PANEL_SPECS)


@pytest.mark.parametrize("kind", PANELS)
def test_a_schema_gives_what_the_panel_takes(kind: str) -> None:
    spec = PANEL_SPECS[kind](**{}).settled(("Model",))
    assert spec.kind == kind
    panel = type(panel_of(kind))(**spec.options())
    assert set(panel.models) <= {"Model"}
    assert (type(spec).__doc__ or "").strip().endswith(".")


@pytest.mark.parametrize("kind", PANELS)
@pytest.mark.parametrize("style", STYLES)
def test_it_paints_within_its_cell_and_the_same_whatever_was_there(kind: str, style: str) -> None:
    film = film_of(kind, (800, 600), style)
    cell = film.layout.slots[0].cell
    drawing = _drawing(film)
    first, last = film.timeline.moments[0], film.timeline.moments[-1]
    canvas = film._set.under.copy()
    outside = np.ones(canvas.shape[:2], bool)
    outside[cell.top : cell.bottom, cell.left : cell.right] = False
    drawing.draw(canvas, first)
    assert (canvas[outside] == film._set.under[outside]).all()
    assert (canvas[:, :, 3] == 255).all()
    fresh = canvas.copy()
    drawing.draw(canvas, last)
    assert (canvas != fresh).any(), "nothing changes from the first moment to the last"
    drawing.draw(canvas, first)
    np.testing.assert_array_equal(canvas, fresh)


@pytest.mark.parametrize("kind", PANELS)
@pytest.mark.parametrize("size", SIZES)
def test_no_text_is_clipped_or_too_small_to_read(kind: str, size: tuple[int, int]) -> None:
    film = film_of(kind, size)
    width, height = size
    with film.style.context():
        for index in (0, len(film) // 2, len(film) - 1):
            figure = film.artists(index)
            canvas = FigureCanvasAgg(figure)
            canvas.draw()
            written = _written(figure)
            assert written
            for text in written:
                box = text.get_window_extent(canvas.get_renderer())
                assert box.x0 >= -1, text.get_text()
                assert box.x1 <= width + 1, text.get_text()
                assert box.y0 >= -1, text.get_text()
                assert box.y1 <= height + 1, text.get_text()
                assert text.get_fontsize() >= points(0.016 * min(size)) - 0.01, text.get_text()


@pytest.mark.parametrize("kind", PANELS)
def test_words_don_t_stand_on_one_another(kind: str) -> None:
    film = film_of(kind, (800, 600))
    with film.style.context():
        figure = film.artists(len(film) - 1)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        boxes = [
            (text.get_text(), text.get_window_extent(canvas.get_renderer()).padded(-2))
            for text in _written(figure)
        ]
    clashes = [
        (one, other)
        for index, (one, box) in enumerate(boxes)
        for other, second in boxes[index + 1 :]
        if box.overlaps(second)
    ]
    assert not clashes


@pytest.mark.parametrize("kind", PANELS)
@pytest.mark.parametrize("style", STYLES)
def test_vectors_show_what_the_film_shows(kind: str, style: str) -> None:
    film = film_of(kind, (800, 600), style)
    assert isinstance(_drawing(film), VectorDrawing)
    index = len(film) - 1
    painted = film.frame(index).pixels[:, :, :3].astype(int)
    with film.style.context():
        figure = film.artists(index)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        drawn = np.asarray(canvas.buffer_rgba())[:, :, :3].astype(int)
    # half a pixel of shift on the edges of letters and lines, nothing else
    assert (np.abs(painted - drawn).max(axis=-1) > 96).mean() < 0.02


@pytest.mark.parametrize("kind", PANELS)
def test_it_stands_beside_others_in_any_place(kind: str) -> None:
    recordings = recordings_of(kind)
    film = Film(
        recordings,
        [EmptyPanel(), panel_of(kind), panel_of(kind)],
        size=(1280, 720),
        style=load_style("light"),
        timeline=Timeline.build(recordings),
        title="Three",
        arrangement=Arrangement.of_areas(["A A B", "C C C"], row_weights=[2, 1]),
    )
    cells = [slot.cell for slot in film.layout.slots]
    for index, cell in enumerate(cells):
        assert cell.left >= 0 <= cell.top
        assert cell.right <= 1280
        assert cell.bottom <= 720
        body = film.layout.slots[index].body
        assert body.top >= cell.top
        assert body.bottom <= cell.bottom
        assert body.height > 0.45 * cell.height
    assert cells[0].bottom < cells[2].top
    assert cells[0].right < cells[1].left
    assert film.frame(0).pixels.shape == (720, 1280, 4)


@pytest.mark.parametrize("kind", PANELS)
def test_a_model_that_isn_t_there_is_refused(kind: str) -> None:
    recordings = recordings_of(kind)
    panel = panel_of(kind)
    key = "model" if hasattr(panel, "model") else "models"
    wrong = replace(panel, **{key: "Modle" if key == "model" else ("Modle",)})
    with pytest.raises(InvalidInputError, match="Modle"):
        Film(
            recordings,
            [wrong],
            size=(800, 600),
            style=load_style("dark"),
            timeline=Timeline.build(recordings),
        )


def test_every_kind_is_in_the_docs() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "panels.md").read_text(encoding="utf-8")
    assert not [kind for kind in PANELS if f"## `{kind}`" not in page]


def _written(figure: Any) -> list[Any]:
    """All lines of text that are shown; tick labels of Matplotlib's own never are."""
    texts = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
    return [text for text in texts if text.get_text().strip()]


def _drawing(film: Film) -> PanelDrawing:
    return film._set.drawings[0]
