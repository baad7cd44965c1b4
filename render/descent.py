"""A plane through the space of all parameters, the paths of trainings in it, the loss on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from epochreel.nn.dataset import FloatArray, Viewport
from epochreel.nn.recording import Layered, Recording
from epochreel.render.principal import principal

__all__ = ["MOST_SAMPLES", "DescentPlane", "LossGrid", "find_plane", "loss_grid"]

MOST_SAMPLES = 2000
"""The loss on the plane is of at most so many training samples."""

_MOST_NUMBERS = 8_000_000
"""The plane is found from at most so many parameters at a time, 64 MB of them."""

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DescentPlane:
    """Where the paths are drawn.

    Attributes
    ----------
    centre : (parameters,) array
        What stands at (0, 0).
    directions : (2, parameters) array
        What one step to the right, and one upwards, adds to the parameters.
    paths : sequence of (snapshots, 2) array
        Each training's snapshots, projected onto the plane.
    explained : float
        Share of the paths' variance that lies in the plane, from 0 to 1.
    """

    centre: Vector
    directions: Vector
    paths: tuple[FloatArray, ...]
    explained: float


def find_plane(recordings: Sequence[Recording], directions: str, seed: int) -> DescentPlane:
    """Lay a plane through trainings of one architecture.

    Parameters
    ----------
    recordings : sequence of Recording
        They know their layers, all the same ones.
    directions : {"pca", "random"}
        The principal components of all snapshots, of length 1 each; or random ones in which each
        unit's weights, with its bias, are as long as the final network's.
    seed : int
        Of the random ones.

    Notes
    -----
    Of one training the plane passes through its last snapshot, so that the loss there is the
    network's own; of several through the mean of their last ones.

    Source: H. Li, Z. Xu, G. Taylor, C. Studer, T. Goldstein, "Visualizing the Loss Landscape of
    Neural Nets", NeurIPS 2018: filter-normalised directions, and PCA of a trajectory.
    """
    layers = [cast(Layered, recording) for recording in recordings]
    ends = [
        layered.vector(len(recording) - 1).astype(np.float64)
        for layered, recording in zip(layers, recordings, strict=True)
    ]
    centre = np.mean(ends, axis=0)
    if directions == "random":
        basis = _filter_normalised(layers[0], centre, np.random.default_rng(seed))
    else:
        some = _some_snapshots(recordings, layers, len(centre))
        found = principal(some, 2).directions
        basis = _completed(found, len(centre), np.random.default_rng(seed))
    inverse = np.linalg.pinv(basis.T)  # (2, parameters): the nearest point of the plane
    paths: list[FloatArray] = []
    rest = total = 0.0
    mean = _mean(recordings, layers)
    for layered, recording in zip(layers, recordings, strict=True):
        path = np.empty((len(recording), 2))
        for index in range(len(recording)):
            vector = layered.vector(index)
            path[index] = inverse @ (vector - centre)
            away = vector - mean
            total += float(away @ away)
            rest += float(((away - (inverse @ away) @ basis) ** 2).sum())
        paths.append(path)
    explained = 1 - rest / total if total else 1.0
    return DescentPlane(centre, basis, tuple(paths), max(0.0, explained))


@dataclass(frozen=True, eq=False)
class LossGrid:
    """The loss on a part of the plane.

    Attributes
    ----------
    view : Viewport
    losses : (rows, columns) array
        From the lower left; not finite where a network overflows.
    """

    view: Viewport
    losses: FloatArray


def loss_grid(
    recording: Recording, plane: DescentPlane, *, nodes: int, least: float, shape: float
) -> LossGrid:
    """Compute the loss around the paths.

    Parameters
    ----------
    recording : Recording
        Any of those the plane was found for.
    plane : DescentPlane
    nodes : int
        Along each side.
    least : float
        So far from the centre it reaches at least, in steps of the plane's directions.
    shape : float
        Height over width of the picture. Where the paths leave room, a step is as long upwards as
        to the right, but never so that they shrink to a line.
    """
    view = _view_of(np.concatenate(plane.paths), least, shape)
    x = np.linspace(view.x_min, view.x_max, nodes)
    y = np.linspace(view.y_min, view.y_max, nodes)
    layered = cast(Layered, recording)
    losses = np.empty((nodes, nodes))
    for row, up in enumerate(y):
        start = plane.centre + up * plane.directions[1]
        vectors = (start + x[:, None] * plane.directions[0]).astype(np.float32)
        with np.errstate(all="ignore"):
            losses[row] = layered.losses(vectors, most=MOST_SAMPLES)
    return LossGrid(view, losses)


_MARGIN = 0.16
_STRETCH = 2.5
"""The narrower side is drawn at most so many times as large as the other: more would tell of
valleys that aren't there."""


def _view_of(places: FloatArray, least: float, shape: float) -> Viewport:
    low, high = places.min(axis=0), places.max(axis=0)
    middle, half = (low + high) / 2, (high - low) / 2 * (1 + 2 * _MARGIN)
    if least:
        low, high = np.minimum(middle - half, -least), np.maximum(middle + half, least)
        middle, half = (low + high) / 2, (high - low) / 2
    half = np.maximum(half, max(1e-6, float(half.max()) * 1e-3))
    width, height = float(half[0]), float(half[1])
    width = max(width, height / shape / _STRETCH)
    height = max(height, width * shape / _STRETCH)
    return Viewport(
        float(middle[0] - width), float(middle[0] + width),
        float(middle[1] - height), float(middle[1] + height),
    )  # fmt: skip


def _some_snapshots(
    recordings: Sequence[Recording], layers: Sequence[Layered], parameters: int
) -> Vector:
    """Take snapshots of all trainings, evenly, as many as memory allows."""
    total = sum(map(len, recordings))
    share = min(1.0, max(_MOST_NUMBERS / (parameters * total), 4 / total))
    rows: list[npt.NDArray[Any]] = []
    for recording, layered in zip(recordings, layers, strict=True):
        count = max(2, round(share * len(recording)))
        chosen = np.unique(np.linspace(0, len(recording) - 1, count).astype(np.intp))
        rows += [layered.vector(int(index)) for index in chosen]
    return np.array(rows, np.float64)


def _mean(recordings: Sequence[Recording], layers: Sequence[Layered]) -> Vector:
    total: Any = 0.0
    for recording, layered in zip(recordings, layers, strict=True):
        for index in range(len(recording)):
            total = total + layered.vector(index).astype(np.float64)
    return total / sum(map(len, recordings))


def _completed(found: Vector, parameters: int, rng: np.random.Generator) -> Vector:
    """Add random directions across those there are, where the paths have fewer than two."""
    basis = [row for row in found if np.linalg.norm(row) > 0.5]
    while len(basis) < 2:
        drawn = rng.normal(size=parameters)
        for row in basis:
            drawn -= (drawn @ row) * row
        basis.append(drawn / np.linalg.norm(drawn))
    return np.array(basis)


def _filter_normalised(layered: Layered, end: Vector, rng: np.random.Generator) -> Vector:
    """Draw two directions, each unit's part as long as the unit's own parameters."""
    directions: list[Vector] = []
    for _ in range(2):
        drawn = rng.normal(size=len(end))
        start = 0
        for layer in layered.architecture:
            # a row for each input and one of biases, a column for each unit
            shape = layer.input_dim + 1, layer.output_dim
            stop = start + shape[0] * shape[1]
            part, own = drawn[start:stop].reshape(shape), end[start:stop].reshape(shape)
            part *= np.linalg.norm(own, axis=0) / np.linalg.norm(part, axis=0)
            start = stop
        directions.append(drawn)
    return np.array(directions)
