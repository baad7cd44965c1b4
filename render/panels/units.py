"""Which units of a network are shown, where wide layers are abridged, and how great numbers get."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from epochreel.nn.dataset import FloatArray
from epochreel.nn.recording import Layered

__all__ = ["Places", "choose_units", "greatest", "labels_of", "shown_weights", "spread"]

Places = npt.NDArray[np.intp]

_MOST_LOOKED_AT = 60
"""Snapshots that a scale is settled from, spread over the whole training."""


def spread(snapshots: int, most: int = _MOST_LOOKED_AT) -> list[int]:
    """Choose at most so many snapshots, the first and the last among them."""
    places = np.linspace(0, snapshots - 1, min(snapshots, most))
    return sorted({round(float(place)) for place in places})


def choose_units(model: Layered, last: float, most: Sequence[int]) -> list[Places]:
    """Choose what is shown of the inputs and of each layer: once, for the whole film.

    Where there are more, those are shown whose weights are greatest at the end: the length of what
    comes in times the length of what goes out.

    Parameters
    ----------
    model : Layered
    last : float
        The last snapshot.
    most : sequence of int
        How many there is room for, of the inputs and of each layer.

    Returns
    -------
    list of (shown,) array
        Numbers of the units, ascending.
    """
    layers = [weights.astype(np.float64) for weights, _ in model.layers(last)]
    lengths = [np.linalg.norm(layers[0], axis=0)]
    for index, weights in enumerate(layers):
        length = np.linalg.norm(weights, axis=1)
        if index + 1 < len(layers):
            length = length * np.linalg.norm(layers[index + 1], axis=0)
        lengths.append(length)
    return [
        np.sort(np.argsort(-length, kind="stable")[:room])
        for length, room in zip(lengths, most, strict=True)
    ]


def shown_weights(
    layers: Iterable[tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]],
    units: Sequence[Places],
) -> list[npt.NDArray[np.float32]]:
    """Take the weights between the units that are shown, (units, inputs) of each layer."""
    return [
        weights[np.ix_(here, before)]
        for (weights, _), before, here in zip(layers, units[:-1], units[1:], strict=True)
    ]


def greatest(arrays: Iterable[npt.NDArray[np.floating[Any]]], share: float = 1.0) -> float:
    """Find the greatest size of some numbers, or the one that so great a share doesn't exceed.

    Never 0, so that it can be divided by.
    """
    sizes: FloatArray = np.abs(np.concatenate([array.ravel() for array in arrays])).astype(float)
    sizes = sizes[np.isfinite(sizes)]
    if not len(sizes):
        return 1.0
    found = float(np.quantile(sizes, share)) or float(sizes.max())
    return found or 1.0


def labels_of(model: Layered, units: Sequence[Places]) -> list[tuple[str, str]]:
    """Say how many units there are, and what they are: of the inputs and of each layer."""
    sizes = [model.architecture[0].input_dim, *(spec.output_dim for spec in model.architecture)]
    kinds = ["inputs", *(spec.activation for spec in model.architecture)]
    kinds[0] = "input" if sizes[0] == 1 else "inputs"
    counts = [
        str(size) if size == len(shown) else f"{len(shown)} of {size}"
        for size, shown in zip(sizes, units, strict=True)
    ]
    return list(zip(counts, kinds, strict=True))
