"""Strokes: straight pieces drawn pixel by pixel at their exact distance.

That gives round joins, smooth edges and the same width everywhere without a path renderer: 1.6 ms
for the line of a 1434×943 field, and the pixels beside it are never touched.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from epochreel.render.isoline import Pieces
from epochreel.render.pixels import pack, unpack
from epochreel.render.text import points

__all__ = ["Stroke"]

_STEPS = 4096
"""Distances from the middle of a stroke to its edge that are told apart."""


class Stroke:
    """Draws straight pieces with a core and a halo.

    Parameters
    ----------
    width, height : int
        Size of the box in pixels.
    core_px, halo_px : float
        Width of the core, and of core and halo together, in pixels.
    core, halo : tuple of int
        RGB in 0..255.
    """

    def __init__(
        self,
        width: int,
        height: int,
        *,
        core_px: float,
        halo_px: float,
        core: tuple[int, int, int],
        halo: tuple[int, int, int],
    ) -> None:
        self._width, self._height = width, height
        self._core_radius, self._halo_radius = core_px / 2, halo_px / 2
        self._core = np.asarray((*core, 255), np.float32)
        self._halo = np.asarray((*halo, 255), np.float32)
        self._distance = np.full(width * height, np.inf, np.float32)
        # the colours within, by distance: a mixture for each pixel took a quarter longer
        self._per_px = np.float32(_STEPS / max(self._halo_radius, 0.5))
        middles = (np.arange(_STEPS, dtype=np.float32) + np.float32(0.5)) / self._per_px
        nothing = np.zeros((_STEPS, 4), np.float32)
        self._within = pack(np.rint(self._mixed(nothing, middles)).astype(np.uint8))

    def draw(self, pieces: Pieces, canvas: npt.NDArray[np.uint8]) -> None:
        """Draw pieces, (pieces, 2, 2) in pixels, into `canvas`, ``uint8`` (height, width, 4)."""
        if not len(pieces):
            return
        index, distance = self._near(pieces)
        # of the pieces near a pixel, the nearest counts
        np.minimum.at(self._distance, index, distance)
        nearest = np.flatnonzero(distance == self._distance[index])
        self._distance[index] = np.inf
        index, distance = index[nearest], distance[nearest]
        row = index // self._width
        column = index - row * self._width
        pixels = canvas.view(np.uint32)[:, :, 0]
        # what lies beneath shows only at the halo's edge
        colors = np.take(self._within, (distance * self._per_px).astype(np.intp), mode="clip")
        edge = np.flatnonzero(distance > self._halo_radius - 0.5)
        below = unpack(pixels[row[edge], column[edge]]).astype(np.float32)
        colors[edge] = pack(np.rint(self._mixed(below, distance[edge])).astype(np.uint8))
        pixels[row, column] = colors

    def _mixed(
        self, below: npt.NDArray[np.float32], distance: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32]:
        """Lay halo and core over colours, (pixels, 4)."""
        halo = np.clip(self._halo_radius + 0.5 - distance, 0, 1)[:, None]
        core = np.clip(self._core_radius + 0.5 - distance, 0, 1)[:, None]
        mixed = below.copy()
        mixed += (self._halo - mixed) * halo
        mixed += (self._core - mixed) * core
        return mixed

    def add_path(self, axes: Any, pieces: Pieces) -> None:
        """Add the same as vectors to axes that count in pixels: halo, then core."""
        follows = np.zeros(len(pieces), bool)
        follows[1:] = (pieces[1:, 0] == pieces[:-1, 1]).all(axis=1)
        vertices = pieces.reshape(-1, 2)
        codes = np.full(len(vertices), Path.LINETO, np.uint8)
        codes[::2][~follows] = Path.MOVETO
        path = Path(vertices, codes)
        for radius, color in ((self._halo_radius, self._halo), (self._core_radius, self._core)):
            axes.add_patch(
                PathPatch(
                    path,
                    facecolor="none",
                    edgecolor=color / 255,
                    linewidth=points(2 * radius),
                    capstyle="round",
                    joinstyle="round",
                )
            )

    def _near(self, pieces: Pieces) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        """List the pixels within reach of each piece: flat index and distance.

        Along its longer direction a piece is walked pixel by pixel, and at each step the pixels
        across it are measured. A pixel near several pieces is listed several times.
        """
        reach = self._halo_radius + 0.5
        # float32 has 1/4000 px left at 4000 px, and takes two thirds of the time
        start = pieces[:, 0].astype(np.float32)
        along = pieces[:, 1].astype(np.float32) - start
        steep = np.abs(along[:, 1]) > np.abs(along[:, 0])
        # of each piece: coordinate along its longer direction, and across it
        lead, cross = np.where(steep, along.T[::-1], along.T)
        origin, side = np.where(steep, start.T[::-1], start.T)
        first = np.floor(np.minimum(origin, origin + lead) - reach).astype(np.int32)
        steps = np.ceil(np.maximum(origin, origin + lead) + reach).astype(np.int32) - first
        square = np.maximum(lead * lead + cross * cross, np.float32(1e-12))
        piece = np.repeat(np.arange(len(pieces)), steps)
        nth = np.arange(len(piece)) - np.repeat(np.cumsum(steps) - steps, steps)
        # (steps,) pixel along the longer direction
        main: npt.NDArray[np.int32] = first[piece] + nth.astype(np.int32)
        limit = np.where(steep, np.int32(self._height), np.int32(self._width))
        inside = np.flatnonzero((main >= 0) & (main < limit[piece]))
        piece, main = piece[inside], main[inside]
        lead, cross, side, steep = lead[piece], cross[piece], side[piece], steep[piece]
        from_main = main.astype(np.float32) + np.float32(0.5) - origin[piece]
        share = np.clip(from_main / np.where(np.abs(lead) < 1e-9, np.float32(1), lead), 0, 1)
        # across, a line at 45° reaches √2 as far as an even one
        half = int(np.ceil(reach * np.sqrt(2))) + 1
        centre: npt.NDArray[np.int32] = np.floor(side + share * cross).astype(np.int32)
        across = centre[:, None] + np.arange(-half, half + 1, dtype=np.int32)
        from_side = across.astype(np.float32)
        from_side += (np.float32(0.5) - side)[:, None]
        over = np.float32(1) / square[piece]
        share = from_side * (cross * over)[:, None]
        share += (from_main * lead * over)[:, None]
        np.clip(share, 0, 1, out=share)
        from_side -= share * cross[:, None]
        share *= -lead[:, None]
        share += from_main[:, None]
        from_side *= from_side
        share *= share
        share += from_side
        near = share < np.float32(reach * reach)
        # as unsigned numbers, those below zero are beyond any limit
        limit = np.where(steep, np.uint32(self._width), np.uint32(self._height))
        near &= across.view(np.uint32) < limit[:, None]
        chosen = np.flatnonzero(near)
        step = chosen // near.shape[1]
        width = np.int32(self._width)
        index = np.where(steep, main * width, main)[step]
        index += np.where(steep, np.int32(1), width)[step] * across.ravel()[chosen]
        return index, np.sqrt(share.ravel()[chosen])
