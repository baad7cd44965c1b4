"""Curves over a training: what range they take, and their lines up to any moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from epochreel.nn.dataset import FloatArray
from epochreel.render.panels.plotting import Scale

__all__ = ["GrowingLine", "value_scale"]

_USUAL = 98
"""Percentile of a curve above which a value may be a spike …"""
_SPIKE = 2.0
"""… if it is so many times as far up."""


def value_scale(curves: Sequence[FloatArray], metric: str, *, log: bool) -> tuple[Scale, bool]:
    """Choose the axis of all curves of a plot, once for the whole film.

    Parameters
    ----------
    curves : sequence of (snapshots,) arrays
    metric : str
        ``accuracy`` and ``r2`` end at 1; all but ``r2`` begin at 0 or above.
    log : bool

    Returns
    -------
    scale : Scale
    cut : bool
        Whether spikes go past its end. The start of a curve is never taken for one.
    """
    finite = [values[np.isfinite(values) & ((values > 0) | (not log))] for values in curves]
    finite = [values for values in finite if len(values)]
    if not finite:
        return Scale(0.1 if log else 0.0, 1.0, log), False
    low = min(float(values.min()) for values in finite)
    high = max(float(values.max()) for values in finite)
    if log:
        low = max(low, 1e-12 * high)
        room = max((high / low) ** 0.04, 1.05)
        return Scale(low / room, high * room, log=True), False
    if metric == "accuracy":
        return Scale(max(0.0, min(low, 0.95) - 0.02), 1.0), False
    if metric == "r2":
        return Scale(min(max(low, -1.0), 0.9), 1.0), low < -1.0
    usual = max(float(np.percentile(values, _USUAL)) for values in finite)
    start = max(float(values[0]) for values in finite)
    bound = max(start, low + _SPIKE * (usual - low))
    cut = high > 1.5 * bound > 0
    high = max(start, usual + 0.2 * (usual - low)) if cut else high
    low = 0.0 if low < 0.4 * high or metric == "learning_rate" else low - 0.05 * (high - low)
    # a curve that never changes still has an axis
    return Scale(low, high + 0.04 * (high - low) if high > low else low + (abs(low) or 1.0)), cut


@dataclass(frozen=True, eq=False)
class GrowingLine:
    """A line through the places of snapshots, as far as a training has come.

    Attributes
    ----------
    snapshots : (points,) array
        At which snapshot each place is reached; increasing.
    places : (points, 2) array
        In pixels.
    dashes : tuple of two such arrays, or None
        The same line in dashes, which are parted by places that are NaN; they stay where they are
        while it grows.
    early : tuple of two such arrays
        Where its head stands before the first place: a logarithmic axis has none for update 0,
        so it waits at the first one's side, at its own height.
    """

    snapshots: FloatArray
    places: FloatArray
    dashes: tuple[FloatArray, FloatArray] | None
    early: tuple[FloatArray, FloatArray]

    @classmethod
    def through(cls, places: FloatArray, *, dash_px: float = 0.0) -> GrowingLine:
        """Make it.

        Parameters
        ----------
        places : (snapshots, 2) array
            Those that aren't finite are left out.
        dash_px : float
            Length of a dash; 0 draws through.
        """
        known = np.flatnonzero(np.isfinite(places).all(axis=1))
        kept = known[_outline(places[known])]
        snapshots, found = kept.astype(np.float64), places[kept]
        dashes = _dashes(snapshots, found, dash_px) if dash_px else None
        rows = places[: int(known[0]) if len(known) else 0, 1]
        before = np.flatnonzero(np.isfinite(rows))
        waiting = np.column_stack(
            [np.full(len(before), found[0, 0] if len(found) else 0.0), rows[before]]
        )
        return cls(snapshots, found, dashes, (before.astype(np.float64), waiting))

    def head(self, snapshot: float) -> FloatArray | None:
        """Where it has come to, (2,). None if it has no places."""
        if not len(self.places):
            return None
        times = np.concatenate([self.early[0], self.snapshots])
        places = np.concatenate([self.early[1], self.places])
        return np.array([np.interp(snapshot, times, places[:, axis]) for axis in (0, 1)])

    def until(self, snapshot: float) -> FloatArray:
        """Give what there is of it at a snapshot, (points, 2)."""
        times, places = self.dashes or (self.snapshots, self.places)
        count = int(np.searchsorted(times, snapshot, side="right"))
        past, head = places[:count], self.head(snapshot)
        # in the middle of a piece: it goes as far as the head
        going_on = 0 < count < len(places) and np.isfinite(places[count - 1 : count + 1]).all()
        if going_on and head is not None and times[count - 1] < snapshot:
            return np.vstack([past, head])
        return past


def _outline(places: FloatArray) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Of places closer than pixels, keep those of each column that can be seen."""
    if len(places) < 2:
        return np.arange(len(places))
    columns = np.floor(places[:, 0]).astype(np.int64)
    edges = np.flatnonzero(np.diff(columns, prepend=columns[0] - 1, append=columns[-1] + 1))
    if len(edges) > len(places) / 4:
        return np.arange(len(places))
    kept: set[int] = {len(places) - 1}
    for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        rows = places[start:stop, 1]
        kept |= {start, stop - 1, start + int(rows.argmin()), start + int(rows.argmax())}
    return np.array(sorted(kept))


def _dashes(
    snapshots: FloatArray, places: FloatArray, dash_px: float
) -> tuple[FloatArray, FloatArray]:
    """Cut a line into dashes by its length; between them are gaps of the same length."""
    if not len(places):
        return snapshots, places
    steps = np.hypot(*np.diff(places, axis=0).T) if len(places) > 1 else np.empty(0)
    along = np.concatenate([[0.0], np.cumsum(steps)])[: len(places)]
    length = float(along[-1])
    cuts = np.arange(0.0, length, dash_px)
    # a place that is passed at once (steps of 0) has one time only: the last
    all_along = np.union1d(along, cuts)
    where = np.column_stack([np.interp(all_along, along, places[:, axis]) for axis in (0, 1)])
    when = np.interp(all_along, along, snapshots)
    piece = np.floor(all_along / dash_px + 1e-9).astype(np.int64)
    times, found = list[FloatArray](), list[FloatArray]()
    for start in range(0, len(cuts), 2):
        inside = (piece == start) | (np.isclose(all_along, (start + 1) * dash_px))
        if inside.any():
            times += [when[inside], when[inside][-1:]]
            found += [where[inside], np.full((1, 2), np.nan)]
    if not times:
        return snapshots, places
    return np.concatenate(times), np.concatenate(found)
