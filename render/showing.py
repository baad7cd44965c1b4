"""What a notebook shows of films and figures: a video, a picture, without being asked."""

from __future__ import annotations

import base64
import io
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec

from epochreel.nn.errors import InvalidInputError
from epochreel.render.text import DPI

if TYPE_CHECKING:
    from epochreel.render.film import Film

__all__ = [
    "LONGEST_SIDE_PX",
    "MOST_BYTES",
    "ShownAxes",
    "ShownFigure",
    "film_html",
    "own_figure",
    "panel_figure",
]

LONGEST_SIDE_PX = 800
"""A film is shown at most so large: what is in a notebook is saved with it."""

MOST_BYTES = 6_000_000
"""A longer video isn't put into a notebook; its last moment is, and how to write the film."""


class ShownFigure(Figure):
    """A Matplotlib figure that a notebook shows, also where nobody has imported pyplot."""

    def _repr_png_(self) -> bytes:
        return _png(self)


class ShownAxes(Axes):
    """Axes that a notebook shows by their figure."""

    def _repr_png_(self) -> bytes:
        return _png(self.get_figure(root=True))


def _png(figure: Any) -> bytes:
    from PIL import Image

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    stream = io.BytesIO()
    Image.fromarray(np.asarray(canvas.buffer_rgba())[:, :, :3]).save(stream, format="PNG")
    return stream.getvalue()


def film_html(film: Film) -> str:
    """Make a video of a film, small enough for a notebook, as HTML that needs no other file.

    Parameters
    ----------
    film : Film

    Returns
    -------
    str
        A ``video`` with its first picture as poster; where it would be too long, the last moment as
        a picture and a line that says so.
    """
    from epochreel.render.output import write_film

    scale = min(1.0, LONGEST_SIDE_PX / max(film.size))
    width, height = (max(16, 2 * round(side * scale / 2)) for side in film.size)
    small = film.variant(size=(width, height), timeline=film.plan)
    words = escape(film.title or ", ".join(film.recordings), quote=True)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        write_film(small, path)
        if path.stat().st_size > MOST_BYTES:
            picture = _picture(small, len(small) - 1)
            return (
                f'<img width="{width}" alt="{words}" src="data:image/png;base64,{picture}">'
                f"<div>The last moment of a film of {film.duration_s:.1f} s, too long to be shown "
                "here; write it with <code>write_film(film, path)</code>.</div>"
            )
        video = base64.b64encode(path.read_bytes()).decode("ascii")
    return (
        f'<video controls loop muted playsinline width="{width}" height="{height}" '
        f'aria-label="{words}" poster="data:image/png;base64,{_picture(small, 0)}">'
        f'<source type="video/mp4" src="data:video/mp4;base64,{video}"></video>'
    )


def _picture(film: Film, index: int) -> str:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(film.frame(index).pixels[:, :, :3]).save(stream, format="PNG", optimize=True)
    return base64.b64encode(stream.getvalue()).decode("ascii")


def own_figure(size: tuple[int, int]) -> Any:
    """Make an empty figure of a size in pixels, for :meth:`Film.still`."""
    figure = ShownFigure(figsize=(size[0] / DPI, size[1] / DPI), dpi=DPI)
    FigureCanvasAgg(figure)
    return figure


def panel_figure(axes: Any) -> tuple[Any, tuple[int, int]]:
    """Make a figure within a figure in the place of some axes.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        They become invisible; what is drawn lies where they are now.

    Returns
    -------
    figure : matplotlib.figure.SubFigure
    size : tuple of int
        Its size in pixels of :data:`~epochreel.render.text.DPI`.

    Raises
    ------
    InvalidInputError
        For axes that are too small to draw on.
    """
    parent = axes.figure
    box = axes.get_position()
    across, down = parent.bbox.width / parent.dpi, parent.bbox.height / parent.dpi
    size = round(box.width * across * DPI), round(box.height * down * DPI)
    if min(size) < 16:
        raise InvalidInputError(
            f"ax: must be at least a quarter of an inch wide and high, got {size[0] / DPI:.2f} by "
            f"{size[1] / DPI:.2f}"
        )
    # a figure within a figure stands in a grid only: here the middle one of nine cells
    grid = GridSpec(
        3, 3, figure=parent,
        width_ratios=[box.x0 + 1e-9, box.width, 1 - box.x1 + 1e-9],
        height_ratios=[1 - box.y1 + 1e-9, box.height, box.y0 + 1e-9],
    )  # fmt: skip
    axes.set_axis_off()
    return parent.add_subfigure(grid[1, 1]), size
