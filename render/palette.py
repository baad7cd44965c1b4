"""One palette for a whole film, and the way from RGB to its indices."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import spatial  # pyright: ignore[reportMissingTypeStubs]

from epochreel.render.pixels import pack, unpack

__all__ = ["MOST_COLORS", "PaletteMap", "make_palette"]

MOST_COLORS = 255
"""One index of the 256 is left for "as before"."""

_EXACT_SHARE = 2e-4
"""A colour that fills more than this part of the sampled pixels is kept to the last digit."""

_BITS = 6


def make_palette(
    frames: Iterable[npt.NDArray[np.uint8]], colors: int = MOST_COLORS
) -> npt.NDArray[np.uint8]:
    """Choose colours that serve all given frames.

    Parameters
    ----------
    frames : iterable of ndarray of uint8, shape (height, width, 4)
    colors : int
        How many there may be, at most 255.

    Returns
    -------
    ndarray of uint8, shape (colors, 3)
        At most so many: those that fill areas, most frequent first, then a median cut through
        the shades between them (edges of text, rings and lines).
    """
    counts: dict[int, int] = {}
    for frame in frames:
        values, found = np.unique(pack(frame), return_counts=True)
        for value, count in zip(values.tolist(), found.tolist(), strict=True):
            counts[value] = counts.get(value, 0) + count
    total = sum(counts.values())
    ranked = sorted(counts, key=lambda value: (-counts[value], value))
    if len(ranked) <= colors:
        return _colors(ranked)
    exact = [
        value
        for value in ranked[: 160 * colors // MOST_COLORS]
        if counts[value] >= _EXACT_SHARE * total
    ]
    others = ranked[len(exact) :]
    # each shade once, weighted a little by its area, so that rare but visible edges are served
    weights = np.ceil(np.sqrt([counts[value] for value in others])).astype(np.intp)
    shades = np.repeat(_colors(others), weights, axis=0)[None]
    cut = Image.fromarray(shades).quantize(
        colors - len(exact), method=Image.Quantize.MEDIANCUT, kmeans=1
    )
    chosen = np.asarray(cut.getpalette(), np.uint8).reshape(-1, 3)[: colors - len(exact)]
    return np.concatenate([_colors(exact), chosen])


class PaletteMap:
    """Finds the nearest colour of a palette for any pixel.

    Parameters
    ----------
    palette : ndarray of uint8, shape (colors, 3)
        Earlier colours win where two are too close to tell apart.
    """

    def __init__(self, palette: npt.NDArray[np.uint8]) -> None:
        # A table over 6 bits a channel: 6 ms for 1600×1200 against 250 ms for a search per pixel.
        shift = 8 - _BITS
        axis = (np.arange(1 << _BITS) << shift) + (1 << shift) // 2
        red, green, blue = np.meshgrid(axis, axis, axis, indexing="ij")
        bins = np.column_stack([red.ravel(), green.ravel(), blue.ravel()])
        tree: Any = spatial.KDTree(palette)
        self._table: npt.NDArray[np.uint8] = tree.query(bins)[1].astype(np.uint8)
        keys = self._keys(palette)
        for index in range(len(palette) - 1, -1, -1):
            self._table[keys[index]] = index

    def indices(self, frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Map RGB or RGBA pixels, (…, 3 or 4), to indices into the palette, (…)."""
        return np.take(self._table, self._keys(frame))

    @staticmethod
    def _keys(colors: npt.NDArray[np.uint8]) -> npt.NDArray[np.int32]:
        shift = 8 - _BITS
        reduced = (colors >> shift).astype(np.int32)
        keys = reduced[..., 0] << (2 * _BITS)
        keys |= reduced[..., 1] << _BITS
        keys |= reduced[..., 2]
        return keys


def _colors(values: list[int]) -> npt.NDArray[np.uint8]:
    return unpack(np.asarray(values, np.uint32))[:, :3]
