"""Weights on their lines and biases in their units, as far as there is room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from epochreel.nn.dataset import FloatArray
from epochreel.render.ink import Ink
from epochreel.render.panels.columns import Columns
from epochreel.render.panels.signs import luminance
from epochreel.render.panels.units import Places
from epochreel.render.style import Style, TypeScale
from epochreel.render.text import text_width

__all__ = ["Numbering"]

_DIGITS = 0.81
"""Size of numbers amid the drawing, over that of the smallest text elsewhere: 1.66 % of a frame."""

_ENOUGH = 0.6
"""So great a share of a layer's lines must have room for a number."""

_DENSEST = 0.3
"""So great a part of the room between two columns may be numbers."""

_MOST_NUMBERS = 100
"""In a layer."""


@dataclass(frozen=True, eq=False)
class Numbering:
    """Weights on their lines and biases in their units, as far as there is room.

    Attributes
    ----------
    lines : (written,) array
        Which of the lines have a number.
    middles : (written, 2) array
        Middles of these numbers.
    plates : (written, 4, 2) array
        What lies beneath them, so that they read on crossing lines.
    biases : (units, 2) array
        Middles of the biases' numbers, or none of them where there is no room.
    beneath : bool
        Whether they stand beneath their discs, which are too small for them.
    size_px : float
    decimals : int
    """

    units: Sequence[Places]
    lines: Places
    middles: FloatArray
    plates: FloatArray
    biases: FloatArray
    beneath: bool
    size_px: float
    decimals: int

    @classmethod
    def place(
        cls,
        columns: Columns,
        weights: Sequence[npt.NDArray[np.floating[Any]]],
        top: float,
        scale: TypeScale,
    ) -> Numbering:
        """Find room for numbers, for the greatest weights at the end first.

        Parameters
        ----------
        columns : Columns
        weights : sequence of (units, inputs) array
            Those of the end.
        top : float
            The greatest number ever.
        scale : TypeScale
        """
        size_px = _DIGITS * scale.small
        decimals = 2 if top < 9.995 else 1 if top < 99.95 else 0
        widest = text_width(f"\N{MINUS SIGN}{top:.{decimals}f}", size_px)
        half = np.array([widest / 2 + 0.2 * size_px, 0.55 * size_px])
        segments = columns.segments()
        sizes = np.abs(np.concatenate([part.T.ravel() for part in weights]))
        lines: list[int] = []
        middles: list[FloatArray] = []
        first = 0
        for part in weights:
            own = first + np.argsort(-sizes[first : first + part.size], kind="stable")
            first += part.size
            found = _room_for(segments, own, half, columns.radius)
            # a few numbers that hide the lines of the others say less than none
            if len(found) >= _ENOUGH * part.size and _airy(segments[own], len(found), half):
                lines.extend(found)
                middles.extend(found.values())
        corners = half * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1.0]])
        placed = np.array(middles).reshape(-1, 2)
        biases, beneath = _room_for_biases(columns, widest, size_px)
        return cls(
            columns.units,
            np.array(lines, np.intp),
            placed,
            placed[:, None] + corners,
            biases,
            beneath,
            size_px,
            decimals,
        )

    def write(
        self,
        ink: Ink,
        weights: Sequence[npt.NDArray[np.floating[Any]]],
        biases: Sequence[npt.NDArray[np.floating[Any]]],
        fills: FloatArray,
        style: Style,
    ) -> None:
        """Write the numbers of a moment, each where it always stands.

        Parameters
        ----------
        ink : Ink
        weights, biases : sequence of array
            Shown weights, (units, inputs), and all biases, (units,), of each layer.
        fills : (shown, 3) array
            Colours of the units, inputs first.
        style : Style
        """
        drop = 0.35 * self.size_px
        ground = np.array([*style.ground, 255]) / 255
        ink.polygons(self.plates, np.tile(ground, (len(self.plates), 1)))
        numbers = np.concatenate([part.T.ravel() for part in weights])[self.lines]
        for (x, y), number in zip(self.middles, numbers, strict=True):
            ink.text(x, y + drop, self._text(number), self.size_px, style.ink, align="center")
        if not len(self.biases):
            return
        shown = [part[units] for part, units in zip(biases, self.units[1:], strict=True)]
        colors = fills[len(self.units[0]) :]
        together: FloatArray = np.concatenate(shown).astype(np.float64)
        for (x, y), number, fill in zip(self.biases, together, colors, strict=True):
            shade = (17, 21, 29) if luminance(fill) > 0.18 else (245, 246, 248)
            if self.beneath:
                shade = style.muted
            ink.text(x, y + drop, self._text(number), self.size_px, shade, align="center")

    def _text(self, number: float) -> str:
        text = f"{number:.{self.decimals}f}"
        if not text.strip("-0."):
            text = text.removeprefix("-")
        return text.replace("-", "\N{MINUS SIGN}")


def _airy(segments: FloatArray, numbers: int, half: FloatArray) -> bool:
    """Tell whether so many numbers leave the lines between two columns to be seen."""
    width, height = np.ptp(segments.reshape(-1, 2), axis=0)
    return bool(numbers * 4 * half[0] * half[1] <= _DENSEST * width * max(height, 2 * half[1]))


def _room_for(
    segments: FloatArray, lines: Places, half: FloatArray, radius: float
) -> dict[int, FloatArray]:
    """Find a place on each line that no number before it has, as far as there is one.

    Parameters
    ----------
    segments : (all lines, 2, 2) array
    lines : (lines,) array
        Those of a layer, the most important first.
    half : (2,) array
        Half of a number's width and height.
    radius : float
        Of the discs between which they stand.
    """
    found: dict[int, FloatArray] = {}
    for line in lines[:_MOST_NUMBERS]:
        start, end = segments[line]
        taken = np.array(list(found.values())).reshape(-1, 2)
        for share in (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8):
            middle = start + share * (end - start)
            beside = min(middle[0] - start[0], end[0] - middle[0]) - 0.4 * radius
            if beside >= half[0] and not (np.abs(taken - middle) < 2.1 * half).all(axis=1).any():
                found[int(line)] = middle
                break
    return found


def _room_for_biases(columns: Columns, widest: float, size_px: float) -> tuple[FloatArray, bool]:
    """Find a place for each bias: in its disc, or else beneath it, or else nowhere."""
    middles = np.concatenate(columns.places[1:])
    if widest <= 1.85 * columns.radius:
        return middles, False
    apart = min(
        (float(np.diff(places[:, 1]).min()) for places in columns.places[1:] if len(places) > 1),
        default=np.inf,
    )
    if apart - 2 * columns.radius < 1.05 * size_px:
        return np.zeros((0, 2)), False
    beneath = middles + np.array([0.0, columns.radius + 0.6 * size_px])
    # what stands beside an output begins where its disc ends
    beneath[-len(columns.places[-1]) :, 0] -= max(0.0, widest / 2 - columns.radius)
    return beneath, True
