"""A price on large weights, added to the loss."""

from __future__ import annotations

import numpy as np

from epochreel.nn.activations import Array
from epochreel.nn.architecture import Architecture, variable_slices
from epochreel.nn.stepping import Stepper

__all__ = ["Penalty"]


class Penalty:
    """l1 Σ |w| + l2 Σ w² over the weights of all layers; biases cost nothing.

    Parameters
    ----------
    architecture : tuple of LayerSpec
    parameters : (parameters,) array
        Those of the network; only read.
    l1, l2 : float

    Source: ``keras.regularizers.L1L2`` as the ``kernel_regularizer`` of each layer. The derivative
    is l1 sign(w) + 2 l2 w.
    """

    def __init__(self, architecture: Architecture, parameters: Array, l1: float, l2: float) -> None:
        self._parameters = parameters
        self._scratch = np.empty_like(parameters)
        weights = np.zeros_like(parameters)  # 1 for weights, 0 for biases
        for part in variable_slices(architecture)[::2]:
            weights[part] = 1
        self._l1 = (l1 * weights).astype(parameters.dtype) if l1 else None
        self._l2 = (l2 * weights).astype(parameters.dtype) if l2 else None

    def add_to(self, gradient: Array) -> float:
        """Add the derivative to a gradient.

        Returns
        -------
        float
            What the parameters cost.
        """
        parameters, scratch, cost = self._parameters, self._scratch, 0.0
        if self._l2 is not None:
            np.multiply(parameters, self._l2, scratch)
            cost += float(parameters.dot(scratch))
            np.add(gradient, scratch, gradient)
            np.add(gradient, scratch, gradient)
        if self._l1 is not None:
            np.sign(parameters, scratch)
            np.multiply(scratch, self._l1, scratch)
            cost += float(parameters.dot(scratch))
            np.add(gradient, scratch, gradient)
        return cost

    def cost(self) -> float:
        """Compute what the parameters cost."""
        return self.add_to(np.zeros_like(self._parameters))

    def before(self, to_step: Stepper, costs: list[float]) -> Stepper:
        """Put the derivative before an optimiser; each update's cost is appended to a list."""

        def step(gradient: Array) -> None:
            costs.append(self.add_to(gradient))
            to_step(gradient)

        return step
