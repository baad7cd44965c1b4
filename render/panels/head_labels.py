"""Labels that go with moving heads: near their own, never on one another, without jumps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from epochreel.nn.dataset import FloatArray
from epochreel.render.ink import Ink
from epochreel.render.style import Color, TypeScale
from epochreel.render.text import shorten, text_width

__all__ = ["HeadLabels", "label_tracks", "spread"]


_GLIDE = 4
"""Moments before and after over which a label glides where it has to make room."""
_TOLERATED = 0.2
"""By how much of a line a label may stand on the wrong side of another before they change."""


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move numbers, in their order, as little as keeps them `gap` apart within two bounds.

    Least squares: groups that touch stand around the mean of what they want.
    """
    groups: list[tuple[float, int]] = []  # the mean of wanted − own offset, and how many
    for index, place in enumerate(wanted):
        mean, count = place - index * gap, 1
        while groups and groups[-1][0] > mean:
            before, many = groups.pop()
            mean = (before * many + mean * count) / (many + count)
            count += many
        groups.append((mean, count))
    offsets = [mean for mean, count in groups for _ in range(count)]
    last = high - (len(offsets) - 1) * gap
    return [max(low, min(offset, last)) + index * gap for index, offset in enumerate(offsets)]


def label_tracks(heads: FloatArray, gap: float, low: float, high: float) -> FloatArray:
    """Find where labels stand at each moment of a film.

    Parameters
    ----------
    heads : (moments, labels) array
        Rows of the heads.
    gap : float
        Between two labels.
    low, high : float
        First and last row.

    Returns
    -------
    (moments, labels) array
        Where two heads cross, their labels glide past one another; in the first and the last moment
        and wherever nothing crosses, they are `gap` apart.
    """
    moments, count = heads.shape
    if count < 2 or not moments:
        return np.clip(heads, low, max(low, high))
    placed = np.empty_like(heads)
    # backwards, so that heads that start together are in the order in which they part
    order = [int(index) for index in np.argsort(heads[-1], kind="stable")]
    for moment in reversed(range(moments)):
        _settle(order, heads[moment], _TOLERATED * gap)
        placed[moment, order] = spread(heads[moment, order].tolist(), gap, low, high)
    moved = placed - heads
    smooth = np.empty_like(moved)
    for moment in range(moments):
        reach = min(_GLIDE, moment, moments - 1 - moment)
        smooth[moment] = moved[moment - reach : moment + reach + 1].mean(axis=0)
    return np.clip(heads + smooth, low, max(low, high))


def _settle(order: list[int], rows: FloatArray, tolerated: float) -> None:
    """Exchange neighbours that have come to stand the wrong way round by more than a little."""
    changed = True
    while changed:
        changed = False
        for place in range(len(order) - 1):
            above, below = order[place], order[place + 1]
            if rows[above] > rows[below] + tolerated:
                order[place], order[place + 1] = below, above
                changed = True


@dataclass(frozen=True, eq=False)
class HeadLabels:
    """Names and values at the right of moving heads.

    Attributes
    ----------
    names : mapping
        Name of each label that there is room for, by the number of its curve; may be empty text.
    width : float
        Pixels that a label takes at the right of its head.
    one_line : bool
        Whether the value stands beside the name, rather than beneath it.
    height_px : int
        Of the panel's body.
    size_px : float
        Of the type.
    """

    names: Mapping[int, str]
    width: float
    one_line: bool
    height_px: int
    size_px: float

    @classmethod
    def of(
        cls,
        named: Sequence[tuple[int, str]],
        widest: str,
        width_px: int,
        height_px: int,
        sizes: TypeScale,
    ) -> HeadLabels:
        """Settle how labels are set in a body of some size.

        Parameters
        ----------
        named : sequence of (key, name)
            The first ones are kept where there is no room for all.
        widest : str
            A value as wide as any.
        width_px, height_px : int
        sizes : TypeScale
        """
        size = sizes.small
        names = {key: shorten(name, 0.3 * width_px, size) for key, name in named}
        longest = max((text_width(name, size) for name in names.values()), default=0.0)
        value = text_width(widest, size, "semibold")
        beside = longest + bool(longest) * 0.45 * size + value
        one_line = beside <= 0.26 * width_px or not longest
        room = max(1, int(height_px / (size * (1.25 if one_line else 2.5))))
        shown = dict(list(names.items())[:room])
        return cls(
            shown,
            0.9 * size + (beside if one_line else max(longest, value)),
            one_line,
            height_px,
            size,
        )

    @property
    def _gap(self) -> float:
        return self.size_px * (1.25 if self.one_line else 2.5)

    def place(self, heads: Sequence[Mapping[int, float]]) -> FloatArray:
        """Find the rows of all labels, (moments, labels), from those of the heads."""
        rows = np.array([[each[key] for key in self.names] for each in heads])
        rows = rows.reshape(len(heads), len(self.names))
        return label_tracks(rows, self._gap, self._gap / 2, self.height_px - self._gap / 2)

    def rows(self, tracks: FloatArray, index: int, heads: Mapping[int, float]) -> dict[int, float]:
        """Give the row of each label at a moment of the film."""
        keys = [key for key in self.names if key in heads]
        if index < len(tracks) and len(keys) == len(self.names):
            return dict(zip(keys, tracks[index].tolist(), strict=True))
        keys.sort(key=lambda key: heads[key])
        wanted = [heads[key] for key in keys]
        placed = spread(wanted, self._gap, self._gap / 2, self.height_px - self._gap / 2)
        return dict(zip(keys, placed, strict=True))

    def write(
        self, ink: Ink, key: int, x: float, row: float, value: str, color: Color, ground: Color
    ) -> None:
        """Write a label at the right of its head, on a plate that lets a little through."""
        size, name = self.size_px, self.names[key]
        left, right = x + 0.75 * size, x + self.width - 0.1 * size
        half = 0.58 * size if self.one_line else 1.18 * size
        corners = [
            [left - 0.2 * size, row - half],
            [right + 0.1 * size, row - half],
            [right + 0.1 * size, row + half],
            [left - 0.2 * size, row + half],
        ]
        plate = np.array([[*(channel / 255 for channel in ground), 0.8]])
        ink.polygons(np.array([corners]), plate)
        if self.one_line:
            ink.text(left, row + 0.35 * size, name, size, color)
            ink.text(right, row + 0.35 * size, value, size, color, weight="semibold", align="right")
        else:
            ink.text(left, row - 0.25 * size, name, size, color)
            ink.text(left, row + 0.95 * size, value, size, color, weight="semibold")
