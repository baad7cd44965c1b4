"""Lines, markers and words that change from frame to frame, drawn by Agg itself.

A panel says once what a moment looks like, in :meth:`InkDrawing.paint`. For a film that goes
straight into the frame's pixels; for SVG and PDF the same calls leave Matplotlib's artists. What
never changes doesn't belong here: it is drawn once, on the stage.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, IdentityTransform

from epochreel.render.layout import Rect
from epochreel.render.pixels import pack
from epochreel.render.stage import Stage, rgb
from epochreel.render.style import Color
from epochreel.render.text import DPI, WordMasks, font_properties, points
from epochreel.render.timeline import Moment

__all__ = ["AggInk", "ArtistInk", "Ink", "InkDrawing"]

Points = npt.NDArray[np.floating[Any]]
Colors = npt.NDArray[np.floating[Any]]


class Ink(Protocol):
    """What a panel can draw with. Places are pixels from its rectangle's upper left corner."""

    def line(self, places: Points, width_px: float, color: Color, *, alpha: float = 1.0) -> None:
        """Draw a line through (points, 2) places; it is parted where one isn't finite."""
        ...

    def lines(self, segments: Points, widths_px: Points, colors: Colors) -> None:
        """Draw (lines, points, 2) lines of (lines,) widths in (lines, 4) colours, RGBA in 0..1."""
        ...

    def markers(
        self,
        places: Points,
        size_px: float,
        fill: Color,
        ring: Color,
        *,
        marker: str = "o",
        ring_px: float = 1.0,
        alpha: float = 1.0,
    ) -> None:
        """Draw the same marker at (points, 2) places."""
        ...

    def discs(
        self, places: Points, radii_px: Points, fills: Colors, ring: Color, ring_px: float
    ) -> None:
        """Draw discs of (points,) radii in (points, 4) colours."""
        ...

    def polygons(
        self, corners: Points, fills: Colors, *, edge: Color | None = None, edge_px: float = 0.0
    ) -> None:
        """Fill (polygons, corners, 2) polygons with (polygons, 4) colours."""
        ...

    def image(self, pixels: npt.NDArray[np.uint8], left: int, top: int) -> None:
        """Lay down an opaque picture, (height, width, 3 or 4), pixel by pixel."""
        ...

    def text(
        self,
        x: float,
        baseline: float,
        text: str,
        size_px: float,
        color: Color,
        *,
        weight: str = "normal",
        align: str = "left",
    ) -> None:
        """Write a line; the font's figures are tabular, so aligned right a number holds still."""
        ...


class InkDrawing:
    """Base of the drawings whose changing part is painted with :class:`Ink`.

    Parameters
    ----------
    rect : Rect
        Where it paints, in pixels of the frame.
    ground : Color
        What it paints on.
    """

    def __init__(self, rect: Rect, ground: Color) -> None:
        self._rect = rect
        self._ink = AggInk(rect, ground)

    def rest_on(self, under: npt.NDArray[np.uint8]) -> None:
        """Paint over what of the frame never changes, instead of on plain ground."""
        self._ink.rest_on(under)

    @abstractmethod
    def paint(self, ink: Ink, moment: Moment) -> None:
        """Say what a moment looks like."""

    def draw(self, canvas: npt.NDArray[np.uint8], moment: Moment) -> None:
        """Paint it into a frame."""
        self._ink.clear()
        self.paint(self._ink, moment)
        self._ink.store(canvas)

    def draw_artists(self, stage: Stage, moment: Moment) -> None:
        """Add Matplotlib's artists of it to the stage."""
        self.paint(ArtistInk(stage, self._rect), moment)


class AggInk:
    """Paints into a picture of its own, which is then copied into the frame.

    Parameters
    ----------
    rect : Rect
    color : Color
        What it is cleared to.
    """

    def __init__(self, rect: Rect, color: Color) -> None:
        self._rect = rect
        # as single numbers: four bytes a pixel, one by one, take ten times as long to clear
        self._ground = pack(np.array((*color, 255), np.uint8))
        # Agg counts upwards; its renderer flips, so that all here is in pixels downwards
        self._agg: Any = RendererAgg(rect.width, rect.height, DPI)
        self._pixels = np.asarray(self._agg.buffer_rgba())
        self._pixels.flags.writeable = True
        self._flip = Affine2D().scale(1, -1).translate(0, rect.height)
        self._still = IdentityTransform()
        self._words = WordMasks()

    @property
    def pixels(self) -> npt.NDArray[np.uint8]:
        """What is painted so far, (height, width, 4)."""
        return self._pixels

    def clear(self) -> None:
        """Take everything away."""
        self._pixels.view(np.uint32)[:, :, 0] = self._ground

    def rest_on(self, under: npt.NDArray[np.uint8]) -> None:
        """Clear to a part of `under`, (height, width, 4), from now on."""
        rect = self._rect
        self._ground = pack(under[rect.top : rect.bottom, rect.left : rect.right].copy())

    def store(self, canvas: npt.NDArray[np.uint8]) -> None:
        """Copy into a frame, (height, width, 4)."""
        rect = self._rect
        canvas[rect.top : rect.bottom, rect.left : rect.right] = self._pixels

    def line(self, places: Points, width_px: float, color: Color, *, alpha: float = 1.0) -> None:
        """See :meth:`Ink.line`."""
        gc = self._gc(color, width_px, alpha)
        self._agg.draw_path(gc, Path(places), self._flip, None)

    def lines(self, segments: Points, widths_px: Points, colors: Colors) -> None:
        """See :meth:`Ink.lines`."""
        if len(segments):
            self._collection([Path(line) for line in segments], [], colors, widths_px)

    def markers(
        self,
        places: Points,
        size_px: float,
        fill: Color,
        ring: Color,
        *,
        marker: str = "o",
        ring_px: float = 1.0,
        alpha: float = 1.0,
    ) -> None:
        """See :meth:`Ink.markers`."""
        style = MarkerStyle(marker)
        shape: Any = style.get_transform() + Affine2D().scale(size_px)
        gc = self._gc(ring, ring_px, alpha)
        self._agg.draw_markers(
            gc, style.get_path(), shape, Path(places), self._flip, (*rgb(fill), alpha)
        )

    def discs(
        self, places: Points, radii_px: Points, fills: Colors, ring: Color, ring_px: float
    ) -> None:
        """See :meth:`Ink.discs`."""
        if not len(places):
            return
        paths = _circles(places, radii_px)
        edges: Any = np.tile((*rgb(ring), 1.0), (len(paths), 1)) if ring_px else []
        self._collection(paths, fills, edges, np.full(len(paths), ring_px))

    def polygons(
        self, corners: Points, fills: Colors, *, edge: Color | None = None, edge_px: float = 0.0
    ) -> None:
        """See :meth:`Ink.polygons`."""
        if not len(corners):
            return
        closed = np.concatenate([corners, corners[:, :1]], axis=1)
        edges: Any = [] if edge is None else np.tile((*rgb(edge), 1.0), (len(corners), 1))
        paths = [Path(polygon) for polygon in closed]
        self._collection(paths, fills, edges, np.full(len(paths), edge_px))

    def image(self, pixels: npt.NDArray[np.uint8], left: int, top: int) -> None:
        """See :meth:`Ink.image`."""
        height, width, channels = pixels.shape
        self._pixels[top : top + height, left : left + width, :channels] = pixels

    def text(
        self,
        x: float,
        baseline: float,
        text: str,
        size_px: float,
        color: Color,
        *,
        weight: str = "normal",
        align: str = "left",
    ) -> None:
        """See :meth:`Ink.text`."""
        self._words.stamp(self._pixels, x, baseline, text, size_px, color, weight, align)

    def _gc(self, color: Color, width_px: float, alpha: float) -> Any:
        gc = self._agg.new_gc()
        gc.set_foreground((*rgb(color), alpha), isRGBA=True)
        gc.set_linewidth(points(width_px))
        gc.set_antialiased(True)
        gc.set_joinstyle("round")
        gc.set_capstyle("round")
        gc.set_snap(False)
        return gc

    def _collection(self, paths: list[Path], fills: Any, edges: Any, widths_px: Points) -> None:
        gc = self._gc((0, 0, 0), 1.0, 1.0)
        count = len(paths)
        self._agg.draw_path_collection(
            gc,
            self._flip,
            paths,
            np.empty((0, 3, 3)),
            np.zeros((1, 2)),
            self._still,
            np.asarray(fills, float).reshape(-1, 4),
            np.asarray(edges, float).reshape(-1, 4),
            points(1.0) * np.asarray(widths_px, float) if len(edges) else np.zeros(count),
            [(0, None)],
            np.ones(count, np.uint8),
            [None],
            "screen",
        )


class ArtistInk:
    """Leaves Matplotlib's artists on a stage.

    Parameters
    ----------
    stage : Stage
    rect : Rect
    """

    def __init__(self, stage: Stage, rect: Rect) -> None:
        self._stage, self._rect = stage, rect
        self._axes: Any = stage.axes(rect)
        self._axes.set_axis_off()
        self._axes.set_xlim(0, rect.width)
        self._axes.set_ylim(rect.height, 0)
        self._order = 0

    def line(self, places: Points, width_px: float, color: Color, *, alpha: float = 1.0) -> None:
        """See :meth:`Ink.line`."""
        self._axes.plot(
            *np.asarray(places).T,
            color=rgb(color),
            alpha=alpha,
            linewidth=points(width_px),
            solid_capstyle="round",
            solid_joinstyle="round",
            zorder=self._next(),
        )

    def lines(self, segments: Points, widths_px: Points, colors: Colors) -> None:
        """See :meth:`Ink.lines`."""
        widths = [points(width) for width in np.asarray(widths_px)]
        self._add(LineCollection(list(segments), linewidths=widths, colors=colors))

    def markers(
        self,
        places: Points,
        size_px: float,
        fill: Color,
        ring: Color,
        *,
        marker: str = "o",
        ring_px: float = 1.0,
        alpha: float = 1.0,
    ) -> None:
        """See :meth:`Ink.markers`."""
        self._axes.plot(
            *np.asarray(places).T,
            linestyle="none",
            marker=marker,
            markersize=points(size_px),
            markerfacecolor=rgb(fill),
            markeredgecolor=rgb(ring),
            markeredgewidth=points(ring_px),
            alpha=alpha,
            zorder=self._next(),
        )

    def discs(
        self, places: Points, radii_px: Points, fills: Colors, ring: Color, ring_px: float
    ) -> None:
        """See :meth:`Ink.discs`."""
        paths = _circles(places, radii_px)
        edges = rgb(ring) if ring_px else "none"
        self._add(
            PathCollection(paths, facecolors=fills, edgecolors=edges, linewidths=points(ring_px))
        )

    def polygons(
        self, corners: Points, fills: Colors, *, edge: Color | None = None, edge_px: float = 0.0
    ) -> None:
        """See :meth:`Ink.polygons`."""
        edges = "none" if edge is None else rgb(edge)
        self._add(
            PolyCollection(
                list(corners), facecolors=fills, edgecolors=edges, linewidths=points(edge_px)
            )
        )

    def image(self, pixels: npt.NDArray[np.uint8], left: int, top: int) -> None:
        """See :meth:`Ink.image`."""
        height, width = pixels.shape[:2]
        extent = (left, left + width, top + height, top)
        self._axes.imshow(
            pixels, extent=extent, interpolation="none", aspect="auto", zorder=self._next()
        )
        self._axes.set_xlim(0, self._rect.width)
        self._axes.set_ylim(self._rect.height, 0)

    def text(
        self,
        x: float,
        baseline: float,
        text: str,
        size_px: float,
        color: Color,
        *,
        weight: str = "normal",
        align: str = "left",
    ) -> None:
        """See :meth:`Ink.text`."""
        self._axes.text(
            x,
            baseline,
            text,
            fontproperties=font_properties(size_px, weight),
            color=rgb(color),
            ha=align,
            va="baseline",
            parse_math=False,
            zorder=self._next(),
        )

    def _add(self, collection: Any) -> None:
        collection.set_zorder(self._next())
        self._axes.add_collection(collection, autolim=False)

    def _next(self) -> int:
        """Later artists lie above earlier ones, whatever they are."""
        self._order += 1
        return self._order


def _circles(places: Points, radii_px: Points) -> list[Path]:
    """Make every vertex of every circle at once: a transform each costs more than drawing it."""
    circle: Any = Path.unit_circle()
    vertices = circle.vertices[None] * np.asarray(radii_px)[:, None, None]
    vertices = vertices + np.asarray(places)[:, None]
    return [Path(corners, circle.codes) for corners in vertices]
