"""One palette for a whole film, and the way from RGB to its indices."""

from __future__ import annotations

from collections.abc import Iterable
from sys import byteorder

import numpy as np
import numpy.typing as npt
from PIL import Image

from epochreel.render.pixels import pack, unpack

__all__ = ["MOST_COLORS", "PaletteMap", "make_palette"]

MOST_COLORS = 255
"""One index of the 256 is left for "as before"."""

_EXACT_SHARE = 2e-4
"""A colour that fills more than this part of the sampled pixels is kept to the last digit."""


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
        for value, count in zip(*_counted(pack(frame)), strict=True):
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


def _counted(pixels: npt.NDArray[np.uint32]) -> tuple[list[int], list[int]]:
    """Give each value, ascending, and how often it comes.

    Pixels are mostly like their neighbours: to sort the runs, with their lengths in the lower bits,
    takes a fifth of the time of sorting all.
    """
    flat = pixels.reshape(-1)
    starts = np.flatnonzero(np.concatenate([[True], flat[1:] != flat[:-1]]))
    lengths = np.diff(starts, append=flat.size).astype(np.uint64)
    runs = np.sort((flat[starts].astype(np.uint64) << np.uint64(32)) | lengths)
    values = runs >> np.uint64(32)
    first = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
    return values[first].tolist(), np.add.reduceat(runs & np.uint64(0xFFFFFFFF), first).tolist()


class PaletteMap:
    """Finds the nearest colour of a palette for any pixel.

    Colours are told apart by 6 bits a channel, through a table that is filled as they come: 6 ms
    for 1600×1200 pixels against 250 ms for a search per pixel, and no 0.1 s for colours that never
    come.

    Parameters
    ----------
    palette : ndarray of uint8, shape (colors, 3)
        At most 255; earlier colours win where two are too close to tell apart.
    """

    def __init__(self, palette: npt.NDArray[np.uint8]) -> None:
        self._palette = palette.astype(np.float32)
        self._table = np.full(1 << 22, _UNKNOWN, np.uint8)  # by the upper bits of packed pixels
        indices = np.arange(len(palette), dtype=np.uint8)
        self._table[_keys(pack(palette))[::-1]] = indices[::-1]

    def indices(self, frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Map RGB or RGBA pixels, (…, 3 or 4), to indices into the palette, (…)."""
        return self.of_packed(pack(frame))

    def of_packed(self, pixels: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint8]:
        """Map pixels from :func:`pack`, (…), to indices into the palette, (…)."""
        keys = _keys(pixels)
        found = np.take(self._table, keys)
        if found.size and found.max() == _UNKNOWN:
            unknown = np.unique(keys[found == _UNKNOWN])
            # the bits that were left out are half set, for a colour amid those of one key
            middles = unpack((unknown.astype(np.uint32) << _DROPPED) | _HALF)[:, :3]
            self._table[unknown] = self._nearest(middles)
            found = np.take(self._table, keys)
        return found

    def _nearest(self, colors: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Measure all distances, a few thousand colours at a time: (n, 3) → indices, (n,).

        Squares of whole numbers below 256 and their sums are exact in float32.
        """
        own = (self._palette**2).sum(axis=1)
        found = np.empty(len(colors), np.uint8)
        for start in range(0, len(colors), 4096):
            some = np.s_[start : start + 4096]
            # without the colours' own squares, which are alike for the whole palette
            found[some] = (own - colors[some].astype(np.float32) @ (2 * self._palette.T)).argmin(
                axis=1
            )
        return found


_UNKNOWN = 255
_DROPPED = 2 if byteorder == "little" else 10
"""Bits of a packed pixel below those that make its key; where alpha is the lowest, that too."""

_UPPER = pack(np.array([[0xFC, 0xFC, 0xFC, 0]], np.uint8))[0]
_HALF = pack(np.array([[2, 2, 2, 0]], np.uint8))[0]


def _keys(pixels: npt.NDArray[np.uint32]) -> npt.NDArray[np.intp]:
    return ((pixels & _UPPER) >> _DROPPED).astype(np.intp)


def _colors(values: list[int]) -> npt.NDArray[np.uint8]:
    return unpack(np.asarray(values, np.uint32))[:, :3]
