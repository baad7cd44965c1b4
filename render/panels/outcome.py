"""The field of a whole network, as a part of a panel that shows more than that."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from epochreel.nn.recording import Recording
from epochreel.render.field import BandPainter, NodeGrid
from epochreel.render.hatching import Hatching, finite
from epochreel.render.ink import Ink
from epochreel.render.isoline import find_isoline
from epochreel.render.layout import FrameLayout, Rect
from epochreel.render.panels.tiles import CoarseGrid
from epochreel.render.predicting import margin
from epochreel.render.stroke import Stroke
from epochreel.render.style import Style

__all__ = ["Outcome"]

_BANDS = 25
_STEP = 4


class Outcome:
    """Paints probabilities over the plane, as the boundary panel has them.

    Of two classes it is the probability of one and its 0.5 line, of more a blend of their colours.

    Parameters
    ----------
    recording : Recording
        Of two features.
    rect : Rect
        A square, seen from what is painted on.
    style : Style
    layout : FrameLayout
    """

    def __init__(self, recording: Recording, rect: Rect, style: Style, layout: FrameLayout) -> None:
        self._recording, self._rect = recording, rect
        line = layout.scale.line
        viewport = recording.dataset.viewport
        self._grid = NodeGrid(rect.width, rect.height, viewport, _STEP)
        self._field = BandPainter(self._grid, style.band_colors(_BANDS))
        self._hatching = Hatching(self._grid, style, layout.scale)
        self._stroke = Stroke(
            rect.width, rect.height, core_px=1.8 * line, halo_px=4.0 * line, core=style.isoline,
            halo=style.halo,
        )  # fmt: skip
        self._coarse = CoarseGrid(viewport, rect.width)
        self._colors = style.class_colors(recording.dataset.classes) / np.float32(255)

    def paint(self, ink: Ink, snapshot: float) -> None:
        """Paint a moment."""
        outputs = self._recording.logits(0, self._coarse.points[:1]).shape[1]
        (self._blend if outputs > 2 else self._bands)(ink, snapshot)

    def _bands(self, ink: Ink, snapshot: float) -> None:
        unknown = False

        def raw(places: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
            with np.errstate(over="ignore", invalid="ignore"):
                return margin(self._recording.logits(snapshot, places))

        def predict(places: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
            nonlocal unknown
            logits = raw(places)
            unknown = unknown or bool(np.isnan(logits).any())
            return finite(logits)

        rect = self._rect
        box = np.empty((rect.height, rect.width, 4), np.uint8)
        nodes = self._grid.sample(predict, _BANDS)
        self._field.paint(nodes, box)
        line = find_isoline(self._grid, nodes, predict)
        if unknown:
            line = self._hatching.draw(raw, box, line)
        self._stroke.draw(line, box)
        ink.image(box, rect.left, rect.top)

    def _blend(self, ink: Ink, snapshot: float) -> None:
        with np.errstate(over="ignore", invalid="ignore"):
            logits = finite(self._recording.logits(snapshot, self._coarse.points))
        spread = self._coarse.upscaled(logits)  # (classes, side, side)
        shares = np.exp(spread - spread.max(axis=0))
        shares /= shares.sum(axis=0)
        colors = np.tensordot(shares, self._colors, axes=(0, 0))
        pixels = np.full((*colors.shape[:2], 4), 255, np.uint8)
        pixels[:, :, :3] = np.rint(255 * colors)
        ink.image(pixels, self._rect.left, self._rect.top)
