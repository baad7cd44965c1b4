"""What fills a plot over two features: the probability of one class against another, or of many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from epochreel.render.class_field import ClassPainter, find_borders, sample_classes
from epochreel.render.field import BandPainter, NodeGrid
from epochreel.render.hatching import Hatching, finite
from epochreel.render.isoline import Pieces, find_isoline
from epochreel.render.predicting import margin
from epochreel.render.style import Style, TypeScale

__all__ = ["ManyClasses", "PlaneField", "TwoClasses", "field_of"]

Logits = Callable[[npt.NDArray[np.floating[Any]]], npt.NDArray[np.float32]]
"""Logits (points, outputs) at points (points, 2) of the plane."""


_MUTED = 0.14
"""Of the way to white, so that points lead."""


class PlaneField(Protocol):
    """Paints what a model predicts."""

    def paint(self, logits: Logits, box: npt.NDArray[np.uint8]) -> Pieces:
        """Paint a plot, (height, width, 4), and find the borders between classes."""
        ...


def field_of(
    grid: NodeGrid, outputs: int, classes: int, bands: int, style: Style, scale: TypeScale
) -> PlaneField:
    """Choose how a model of so many outputs is painted: with one or two it is of two classes."""
    if outputs > 2:
        colors = style.class_colors(max(classes, outputs))
        muted = np.rint(colors + _MUTED * (255.0 - colors)).astype(np.uint8)
        return ManyClasses(grid, muted, bands, style, scale)
    return TwoClasses(grid, bands, style, scale)


class TwoClasses:
    """The probability of class 1, and the line where it is 0.5."""

    def __init__(self, grid: NodeGrid, bands: int, style: Style, scale: TypeScale) -> None:
        self._grid, self._bands = grid, bands
        self._painter = BandPainter(grid, style.band_colors(bands))
        self._hatching = Hatching(grid, style, scale)

    def paint(self, logits: Logits, box: npt.NDArray[np.uint8]) -> Pieces:
        """See :meth:`PlaneField.paint`."""
        grid, unknown = self._grid, False

        def raw(places: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
            # what overflows is drawn as what it is: a probability of 0 or 1, or none
            with np.errstate(over="ignore", invalid="ignore"):
                return margin(logits(places))

        def predict(places: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
            nonlocal unknown
            found = raw(places)
            unknown = unknown or bool(np.isnan(found).any())
            return finite(found)

        nodes = grid.sample(predict, self._bands)
        self._painter.paint(nodes, box)
        line = find_isoline(grid, nodes, predict)
        return self._hatching.draw(raw, box, line) if unknown else line


class ManyClasses:
    """The colours of all classes, mixed by probability, and the borders between them."""

    def __init__(
        self,
        grid: NodeGrid,
        colors: npt.NDArray[np.uint8],
        bands: int,
        style: Style,
        scale: TypeScale,
    ) -> None:
        self._grid, self._bands = grid, bands
        self._painter = ClassPainter(grid, colors, bands)
        self._hatching = Hatching(grid, style, scale)

    def paint(self, logits: Logits, box: npt.NDArray[np.uint8]) -> Pieces:
        """See :meth:`PlaneField.paint`."""
        grid, unknown = self._grid, False

        def raw(places: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
            with np.errstate(over="ignore", invalid="ignore"):
                return np.ascontiguousarray(logits(places).T)

        def predict(places: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
            nonlocal unknown
            found = raw(places)
            unknown = unknown or bool(np.isnan(found).any())
            return finite(found)

        def any_of(places: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
            return raw(places).sum(axis=0) * 0  # not a number where one of them isn't

        nodes = sample_classes(grid, predict, self._bands)
        self._painter.paint(nodes, box)
        line = find_borders(grid, nodes, predict)
        return self._hatching.draw(any_of, box, line) if unknown else line
