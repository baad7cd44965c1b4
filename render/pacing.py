"""How fast a film goes through a training: where its moments lie among the snapshots."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import log1p
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from epochreel.nn.dataset import FloatArray, Viewport
from epochreel.nn.recording import Recording
from epochreel.render.alignment import Track

__all__ = ["PACES", "Walk", "coarse_grid", "field_steps"]

MOST_STATIONS = 2000
"""Change is measured between at most so many snapshots: a second's work at worst."""

_GRID = (32, 24)

Walk: TypeAlias = Callable[[FloatArray], FloatArray]
"""From positions of the leading model, (stations,), to how far the field went between them."""


def _inverse(values: FloatArray, series: FloatArray, positions: FloatArray) -> FloatArray:
    return np.asarray(np.interp(values, series, positions), np.float64)


def _linear(alpha: FloatArray, track: Track, walk: Walk) -> FloatArray:
    first, last = float(track.updates[0]), float(track.updates[-1])
    return _inverse(first + alpha * (last - first), track.updates, track.positions)


def _log(alpha: FloatArray, track: Track, walk: Walk) -> FloatArray:
    first, last = log1p(float(track.updates[0])), log1p(float(track.updates[-1]))
    return _inverse(np.expm1(first + alpha * (last - first)), track.updates, track.positions)


def _snapshots(alpha: FloatArray, track: Track, walk: Walk) -> FloatArray:
    return alpha * (len(track) - 1)


def _even_change(alpha: FloatArray, track: Track, walk: Walk) -> FloatArray:
    count = min(len(track), MOST_STATIONS)
    stations = np.rint(np.linspace(0, len(track) - 1, count))
    walked = np.concatenate([[0.0], np.cumsum(walk(stations))])
    if not walked[-1]:  # nothing ever moves
        return _snapshots(alpha, track, walk)
    return _inverse(alpha * float(walked[-1]), walked, stations)


PACES: Mapping[str, Callable[[FloatArray, Track, Walk], FloatArray]] = MappingProxyType(
    {"snapshots": _snapshots, "linear": _linear, "log": _log, "even_change": _even_change}
)
"""From shares of the way, (moments,), to positions of the leading model, (moments,)."""


def coarse_grid(viewport: Viewport) -> NDArray[np.float32]:
    """Points spread over a viewport, (768, 2): enough to see how much a field changes."""
    x = np.linspace(viewport.x_min, viewport.x_max, _GRID[0], dtype=np.float32)
    y = np.linspace(viewport.y_min, viewport.y_max, _GRID[1], dtype=np.float32)
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def field_steps(
    recordings: Mapping[str, Recording], positions: Mapping[str, FloatArray]
) -> FloatArray:
    """Measure how much the fields change from moment to moment.

    Parameters
    ----------
    recordings : mapping
        Recording by model name.
    positions : mapping of (moments,) arrays
        Where each model stands; each position is predicted once.

    Returns
    -------
    (moments - 1,) array
        Mean absolute difference of probabilities over the viewport, of several models the largest.
    """
    steps = [_steps(recording, positions[name]) for name, recording in recordings.items()]
    return np.max(steps, axis=0)


def _steps(recording: Recording, positions: FloatArray) -> FloatArray:
    points = coarse_grid(recording.dataset.viewport)
    steps = np.zeros(max(len(positions) - 1, 0))
    before = _probabilities(recording, float(positions[0]), points)
    for index, position in enumerate(positions[1:]):
        if position == positions[index]:
            continue  # a model that has ended stays
        after = _probabilities(recording, float(position), points)
        # a field that is nowhere a number has not moved
        steps[index] = np.nan_to_num(np.abs(after - before)).mean()
        before = after
    return steps


def _probabilities(
    recording: Recording, position: float, points: NDArray[np.float32]
) -> NDArray[np.floating[Any]]:
    logits = recording.logits(position, points).astype(np.float64)
    if recording.link == "sigmoid":
        return 0.5 + 0.5 * np.tanh(0.5 * logits)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
