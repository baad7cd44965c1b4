"""Colours of numbers below and above zero: of weights, and of what units make of their inputs.

They are two of the style's own colour map, so that what speaks for class 1 has the colours of its
side of the field.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from epochreel.nn.dataset import FloatArray
from epochreel.render.style import Color, Style

__all__ = ["Signs", "luminance", "weight_lines"]

_BELOW, _ABOVE = 0.17, 0.88
"""Where on the colour map they are: not at its ends, which are dark."""

_FAINTEST = 0.03
"""Weights below this part of the scale can't be seen, and aren't drawn."""

_LEAST_CONTRAST = 3.0
"""Of a mark against the ground it is drawn on (WCAG 2.1, 1.4.11)."""


@dataclass(frozen=True, eq=False)
class Signs:
    """Three colours, (3,) RGB in 0..1: below zero, zero, above zero."""

    below: FloatArray
    zero: FloatArray
    above: FloatArray

    @classmethod
    def of_style(cls, style: Style) -> Signs:
        """Take them from a style's colour map, lifted from its ground where they'd sink into it."""
        ground, ink = _unit(style.ground), _unit(style.ink)
        below, above = (
            _lifted(np.asarray(style.colormap(place), float)[:3], ground, ink)
            for place in (_BELOW, _ABOVE)
        )
        return cls(below, 0.93 * ground + 0.07 * ink, above)

    def mixed(
        self, values: npt.NDArray[np.floating[Any]], zero: FloatArray | None = None
    ) -> FloatArray:
        """Colour numbers from −1 to 1, (numbers,), as (numbers, 3) RGB in 0..1.

        Parameters
        ----------
        values : (numbers,) array
            Those beyond count as −1 and 1; what isn't a number counts as 0.
        zero : (3,) array, optional
            The colour of nothing, where it isn't :attr:`zero`.
        """
        middle = self.zero if zero is None else zero
        share = np.clip(np.nan_to_num(values, posinf=1.0, neginf=-1.0), -1, 1)[:, None]
        ends = np.where(share < 0, self.below, self.above)
        return middle + np.abs(share) * (ends - middle)

    def table(self, entries: int) -> npt.NDArray[np.uint8]:
        """Make a table of colours from −1 to 1, (entries, 4) RGBA."""
        colors = np.rint(255 * self.mixed(np.linspace(-1, 1, entries)))
        return np.column_stack([colors, np.full(entries, 255)]).astype(np.uint8)

    @staticmethod
    def bytes_of(color: FloatArray) -> Color:
        """Give one of the colours in 0..255."""
        red, green, blue = (round(255 * float(channel)) for channel in color)
        return red, green, blue


def weight_lines(
    sizes: npt.NDArray[np.floating[Any]],
    widest_px: float,
    line_px: float,
    signs: Signs,
    ground: FloatArray,
) -> tuple[npt.NDArray[np.intp], FloatArray, FloatArray]:
    """Say how weights are drawn as lines: colour by sign, width by size.

    Parameters
    ----------
    sizes : (weights,) array
        Parts of the greatest weight.
    widest_px, line_px : float
        Width of the line of the greatest, and of the thinnest.
    signs : Signs
    ground : (3,) array
        What the faint ones sink into.

    Returns
    -------
    order : (lines,) array
        Which of the weights can be seen, the greatest last and so on top.
    widths : (lines,) array
    colors : (lines, 4) array
    """
    strength = np.minimum(np.abs(sizes), 1.5).astype(float)
    order = np.argsort(strength, kind="stable")
    order = order[np.searchsorted(strength[order], _FAINTEST) :]
    strength = strength[order]
    # mixed with the ground rather than transparent: faint ones lie beneath, none shines through
    tint = np.minimum(0.2 + 0.8 * strength**0.6, 1.0) * np.sign(sizes[order])
    colors = np.column_stack([signs.mixed(tint, ground), np.ones(len(order))])
    return order, np.maximum(0.6 * line_px, strength * widest_px), colors


def luminance(color: FloatArray) -> float:
    """Relative luminance of (3,) RGB in 0..1 (WCAG 2.1)."""
    linear = np.where(color <= 0.04045, color / 12.92, ((color + 0.055) / 1.055) ** 2.4)
    return float(linear @ np.array([0.2126, 0.7152, 0.0722]))


def _lifted(color: FloatArray, ground: FloatArray, ink: FloatArray) -> FloatArray:
    shares = np.linspace(0, 1, 21)
    mixes = [(1 - share) * color + share * ink for share in shares]
    return next(mix for mix in mixes if _contrast(mix, ground) >= _LEAST_CONTRAST)


def _contrast(one: FloatArray, other: FloatArray) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _unit(color: Color) -> FloatArray:
    return np.array(color) / 255
