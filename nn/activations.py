"""What a layer does to its sums: each activation, and what it does to a gradient on its way back.

An activation is made for two arrays of one layer, (units, samples), and works in them: ``forward``
turns the sums Z into activations A, ``backward`` multiplies the gradient by f′(Z). Whatever else it
needs is made once, with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ACTIVATIONS", "Activation", "Array", "LeakyReLU", "Linear", "ReLU", "Sigmoid", "Tanh"]

Array = NDArray[np.floating[Any]]


class Activation:
    """Base of all: f(z) = z.

    Parameters
    ----------
    a : (units, samples) array
        Holds Z before ``forward`` and A after it.
    delta : (units, samples) array
        Holds ∂L/∂A before ``backward`` and ∂L/∂Z after it.
    """

    def __init__(self, a: Array, delta: Array) -> None:
        self.a, self.delta = a, delta

    def forward(self) -> None:
        """Replace Z by A = f(Z)."""

    def backward(self) -> None:
        """Replace ∂L/∂A by ∂L/∂Z = ∂L/∂A ∘ f′(Z)."""


class Linear(Activation):
    """f(z) = z, f′(z) = 1."""


class ReLU(Activation):
    """f(z) = max(z, 0); f′(z) = 1 for z > 0 and 0 elsewhere, at 0 too."""

    def __init__(self, a: Array, delta: Array) -> None:
        super().__init__(a, delta)
        # an array of zeros, not 0: two arrays are compared 4 times as fast as an array and a number
        self.zeros = np.zeros_like(a)
        whole = np.dtype(f"u{a.itemsize}")
        self.a_bits, self.delta_bits = a.view(whole), delta.view(whole)
        self.ones = np.ones_like(self.a_bits)
        self.slope = np.empty_like(self.a_bits)

    def forward(self) -> None:
        """Replace Z by A."""
        np.maximum(self.a, self.zeros, out=self.a)

    def backward(self) -> None:
        """Multiply by f′.

        The bits of A ≥ 0, read as a whole number, are 0 exactly where A is, so f′ is the lesser of
        them and 1; and a whole number times 0 or 1 has the bits of none or all of δ. That takes
        half the time of comparing floats and multiplying by what comes of it.
        """
        np.minimum(self.a_bits, self.ones, out=self.slope)
        np.multiply(self.delta_bits, self.slope, self.delta_bits)


class LeakyReLU(Activation):
    """f(z) = z for z > 0 and 0.2 z elsewhere.

    Source: ``keras.activations.leaky_relu`` of Keras 3, whose ``negative_slope`` is 0.2 (the layer
    ``keras.layers.LeakyReLU`` has 0.3).
    """

    negative_slope = 0.2

    def __init__(self, a: Array, delta: Array) -> None:
        super().__init__(a, delta)
        self.zeros = np.zeros_like(a)
        self.slope = np.full_like(a, self.negative_slope)
        self.scratch = np.empty_like(a)
        self.positive = np.empty(a.shape, dtype=bool)

    def forward(self) -> None:
        """Replace Z by A; as the slope is below 1, the greater of z and 0.2 z is meant."""
        np.multiply(self.a, self.slope, self.scratch)
        np.maximum(self.a, self.scratch, out=self.a)

    def backward(self) -> None:
        """Multiply by f′, the greater of (A > 0) and 0.2."""
        np.greater(self.a, self.zeros, self.positive)
        np.maximum(self.positive, self.slope, out=self.scratch)
        np.multiply(self.delta, self.scratch, self.delta)


class Sigmoid(Activation):
    """f(z) = 1 / (1 + exp(−z)), f′(z) = f(z) (1 − f(z))."""

    def __init__(self, a: Array, delta: Array) -> None:
        super().__init__(a, delta)
        self.one = np.ones((), a.dtype)
        self.scratch = np.empty_like(a)

    def forward(self) -> None:
        """Replace Z by A; exp may overflow to ∞, whose reciprocal is the 0 that is meant."""
        np.negative(self.a, self.a)
        np.exp(self.a, self.a)
        np.add(self.a, self.one, self.a)
        np.reciprocal(self.a, self.a)

    def backward(self) -> None:
        """Multiply by A − A²."""
        np.multiply(self.a, self.a, self.scratch)
        np.subtract(self.a, self.scratch, self.scratch)
        np.multiply(self.delta, self.scratch, self.delta)


class Tanh(Activation):
    """f(z) = tanh(z), f′(z) = 1 − f(z)²."""

    def __init__(self, a: Array, delta: Array) -> None:
        super().__init__(a, delta)
        self.one = np.ones((), a.dtype)
        self.scratch = np.empty_like(a)

    def forward(self) -> None:
        """Replace Z by A."""
        np.tanh(self.a, self.a)

    def backward(self) -> None:
        """Multiply by 1 − A²."""
        np.multiply(self.a, self.a, self.scratch)
        np.subtract(self.one, self.scratch, self.scratch)
        np.multiply(self.delta, self.scratch, self.delta)


ACTIVATIONS: Mapping[str, type[Activation]] = {
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "tanh": Tanh,
    "sigmoid": Sigmoid,
    "linear": Linear,
}
"""Name → class."""
