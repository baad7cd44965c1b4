"""What notebooks show of films, and films on Matplotlib's axes."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import av
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from epochreel.nn.errors import InvalidInputError
from epochreel.render import BoundaryPanel, Film, Timeline, load_style, showing, write_still


@pytest.fixture
def film(make_recording) -> Film:
    recordings = {"A & B": make_recording("A & B")}
    return Film(
        recordings,
        [BoundaryPanel("A & B")],
        size=(1200, 900),
        style=load_style("light"),
        timeline=Timeline.build(recordings, fps=10, hold_last_s=0.5),
    )


def pictures(html: str) -> list[np.ndarray]:
    found = re.findall(r"data:image/png;base64,([^\"]+)", html)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))) for data in found]


def test_a_film_is_a_video_that_needs_no_other_file(film: Film) -> None:
    html = film._repr_html_()
    assert html.startswith("<video controls")
    assert 'aria-label="A &amp; B"' in html
    assert 'src="http' not in html
    data = re.findall(r"data:video/mp4;base64,([^\"]+)", html)
    with av.open(io.BytesIO(base64.b64decode(data[0]))) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (800, 600)
        assert stream.frames == film.frame_count
    small = film.variant(size=(800, 600), timeline=film.plan)
    (poster,) = pictures(html)
    np.testing.assert_array_equal(poster, small.frame(0).pixels[:, :, :3])


def test_what_is_too_long_is_a_picture_and_says_so(
    film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(showing, "MOST_BYTES", 1000)
    html = film._repr_html_()
    assert "<video" not in html
    assert "too long to be shown here" in html
    small = film.variant(size=(800, 600), timeline=film.plan)
    (picture,) = pictures(html)
    np.testing.assert_array_equal(picture, small.frame(len(small) - 1).pixels[:, :, :3])


def test_a_still_is_a_matplotlib_figure(film: Film, tmp_path: Path) -> None:
    figure = film.still("update:100")
    assert isinstance(figure, Figure)
    with Image.open(io.BytesIO(figure._repr_png_())) as picture:
        shown = np.asarray(picture).astype(int)
    assert shown.shape == (900, 1200, 3)
    frame = film.frame(2).pixels[:, :, :3].astype(int)
    assert np.abs(shown - frame).mean() < 3
    figure.savefig(tmp_path / "a.svg")
    write_still(film, tmp_path / "b.svg", at="update:100")
    for name in "ab":
        assert "<svg" in (tmp_path / f"{name}.svg").read_text(encoding="utf-8")
    with pytest.raises(InvalidInputError, match="at: must be"):
        film.still("never")


def test_a_film_is_drawn_in_the_place_of_axes(film: Film) -> None:
    figure = Figure(figsize=(12, 4), dpi=64)
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    assert film.draw(right, at="last") is right
    assert not right.axison
    assert left.axison
    pixels = np.asarray(figure.canvas.buffer_rgba()) if figure.canvas.draw() else None
    pixels = np.asarray(figure.canvas.buffer_rgba())[:, :, :3]
    box = right.get_window_extent()
    height = pixels.shape[0]
    inside = pixels[
        round(height - box.y1) + 1 : round(height - box.y0) - 1,
        round(box.x0) + 1 : round(box.x1) - 1,
    ]
    alone = film.variant(size=(round(box.width), round(box.height)), timeline=film.plan).still(
        "last"
    )
    expected = np.asarray(Image.open(io.BytesIO(alone._repr_png_())))[1:-1, 1:-1]
    rows, columns = min(len(inside), len(expected)), min(inside.shape[1], expected.shape[1])
    difference = inside[:rows, :columns].astype(int) - expected[:rows, :columns].astype(int)
    assert np.abs(difference).mean() < 6  # half a pixel apart at most
    outside = pixels.copy()
    outside[:, round(box.x0) - 1 :] = 255
    assert (outside[:, round(left.get_window_extent().x1) + 8 :] == 255).all()


def test_axes_that_are_too_small_are_refused(film: Film) -> None:
    figure = Figure(figsize=(4, 4))
    axes = figure.add_axes((0.1, 0.1, 0.02, 0.5))
    with pytest.raises(InvalidInputError, match="ax: must be at least a quarter of an inch"):
        film.draw(axes)
