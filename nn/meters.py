"""How far each layer's parameters are moved, measured while they are."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import sqrt

import numpy as np

from epochreel.nn.activations import Array
from epochreel.nn.architecture import Architecture, variable_slices
from epochreel.nn.dataset import FloatArray
from epochreel.nn.stepping import Stepper

__all__ = ["METERS", "Meter"]

METERS = ("gradient_norm", "update_ratio")
"""What can be measured of each layer."""


class Meter:
    """Measures updates, one in so many.

    Parameters
    ----------
    architecture : tuple of LayerSpec
    parameters : (parameters,) array
        Those of the network; only read.
    asked : collection of str
        Names of :data:`METERS`: ``gradient_norm`` is √Σ g² over a layer's weights and biases, of
        the loss with its penalty, before clipping; ``update_ratio`` is √Σ (Δw)² / √Σ w² over its
        weights, Δw being all that the update changes. It is infinite where all weights are 0.
    every : int
        The first of so many updates is measured.
    """

    def __init__(
        self, architecture: Architecture, parameters: Array, asked: Collection[str], every: int
    ) -> None:
        slices = variable_slices(architecture)
        self._parameters = parameters
        self._weights = slices[::2]
        self._layers = [
            slice(weights.start, biases.stop)
            for weights, biases in zip(slices[::2], slices[1::2], strict=True)
        ]
        self._asked, self._every = asked, every
        self._rows: dict[str, list[list[float]]] = {name: [] for name in METERS if name in asked}

    def around(self, to_step: Stepper) -> Stepper:
        """Put the measurement around an optimiser."""
        rows, parameters = self._rows, self._parameters
        norms, ratios = rows.get("gradient_norm"), rows.get("update_ratio")
        before, done = np.empty_like(parameters), 0

        def step(gradient: Array) -> None:
            nonlocal done
            done += 1
            if (done - 1) % self._every:
                to_step(gradient)
                return
            if norms is not None:
                norms.append(_lengths(gradient, self._layers))
            if ratios is None:
                to_step(gradient)
                return
            weights = _lengths(parameters, self._weights)
            np.copyto(before, parameters)
            to_step(gradient)
            np.subtract(before, parameters, before)  # what the optimiser decayed by itself
            np.add(before, gradient, before)
            moved = _lengths(before, self._weights)
            ratios.append([_ratio(*pair) for pair in zip(moved, weights, strict=True)])

        return step

    def series(self) -> Mapping[str, FloatArray]:
        """Give what was measured, (measurements, layers) of each name asked for."""
        layers = len(self._layers)
        return {name: np.array(rows).reshape(-1, layers) for name, rows in self._rows.items()}


def _lengths(vector: Array, parts: Sequence[slice]) -> list[float]:
    return [sqrt(vector[part].dot(vector[part])) for part in parts]


def _ratio(moved: float, length: float) -> float:
    if length:
        return moved / length
    return float("inf") if moved else 0.0
