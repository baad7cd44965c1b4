"""What a layer does to its sums: each activation, and what it does to a gradient on its way back.

An activation is made for the buffer of one layer, (units, samples), and works in it: ``forward``
turns the sums Z that stand there into activations A, ``backward`` multiplies a gradient by f′(Z) in
place. Whatever else it needs is made once, with it.
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
    buffer : (units, samples) array
        Holds Z before ``forward`` and A after it.
    """

    def __init__(self, buffer: Array) -> None:
        self.buffer = buffer

    def forward(self) -> None:
        """Replace Z by A = f(Z) in the buffer."""

    def backward(self, delta: Array) -> None:
        """Turn ∂L/∂A into ∂L/∂Z = ∂L/∂A ∘ f′(Z), in place.

        Parameters
        ----------
        delta : (units, samples) array
        """


class Linear(Activation):
    """f(z) = z, f′(z) = 1."""


class ReLU(Activation):
    """f(z) = max(z, 0); f′(z) = 1 for z > 0 and 0 elsewhere, at 0 too."""

    def __init__(self, buffer: Array) -> None:
        super().__init__(buffer)
        # an array of zeros, not 0: two arrays are compared 4 times as fast as an array and a number
        self.zeros = np.zeros_like(buffer)
        self.whole = np.dtype(f"u{buffer.itemsize}")
        self.bits = buffer.view(self.whole)
        self.ones = np.ones_like(self.bits)
        self.slope = np.empty_like(self.bits)

    def forward(self) -> None:
        """Replace Z by A."""
        np.maximum(self.buffer, self.zeros, out=self.buffer)

    def backward(self, delta: Array) -> None:
        """Multiply by f′.

        The bits of A ≥ 0, read as a whole number, are 0 exactly where A is, so f′ is the lesser of
        them and 1; and a whole number times 0 or 1 has the bits of none or all of δ. That takes
        half the time of comparing floats and multiplying by what comes of it.
        """
        bits = delta.view(self.whole)
        np.minimum(self.bits, self.ones, out=self.slope)
        np.multiply(bits, self.slope, bits)


class LeakyReLU(Activation):
    """f(z) = z for z > 0 and 0.2 z elsewhere.

    Source: ``keras.activations.leaky_relu`` of Keras 3, whose ``negative_slope`` is 0.2 (the layer
    ``keras.layers.LeakyReLU`` has 0.3).
    """

    negative_slope = 0.2

    def __init__(self, buffer: Array) -> None:
        super().__init__(buffer)
        self.zeros = np.zeros_like(buffer)
        self.slope = np.full_like(buffer, self.negative_slope)
        self.scratch = np.empty_like(buffer)
        self.positive = np.empty(buffer.shape, dtype=bool)

    def forward(self) -> None:
        """Replace Z by A; as the slope is below 1, the greater of z and 0.2 z is meant."""
        np.multiply(self.buffer, self.slope, out=self.scratch)
        np.maximum(self.buffer, self.scratch, out=self.buffer)

    def backward(self, delta: Array) -> None:
        """Multiply by f′, the greater of (A > 0) and 0.2."""
        np.greater(self.buffer, self.zeros, out=self.positive)
        np.maximum(self.positive, self.slope, out=self.scratch)
        np.multiply(delta, self.scratch, out=delta)


class Sigmoid(Activation):
    """f(z) = 1 / (1 + exp(−z)), f′(z) = f(z) (1 − f(z))."""

    def __init__(self, buffer: Array) -> None:
        super().__init__(buffer)
        self.scratch = np.empty_like(buffer)

    def forward(self) -> None:
        """Replace Z by A; exp may overflow to ∞, whose reciprocal is the 0 that is meant."""
        np.negative(self.buffer, out=self.buffer)
        np.exp(self.buffer, out=self.buffer)
        np.add(self.buffer, 1, out=self.buffer)
        np.reciprocal(self.buffer, out=self.buffer)

    def backward(self, delta: Array) -> None:
        """Multiply by A − A²."""
        np.multiply(self.buffer, self.buffer, out=self.scratch)
        np.subtract(self.buffer, self.scratch, out=self.scratch)
        np.multiply(delta, self.scratch, out=delta)


class Tanh(Activation):
    """f(z) = tanh(z), f′(z) = 1 − f(z)²."""

    def __init__(self, buffer: Array) -> None:
        super().__init__(buffer)
        self.scratch = np.empty_like(buffer)

    def forward(self) -> None:
        """Replace Z by A."""
        np.tanh(self.buffer, out=self.buffer)

    def backward(self, delta: Array) -> None:
        """Multiply by 1 − A²."""
        np.multiply(self.buffer, self.buffer, out=self.scratch)
        np.subtract(1, self.scratch, out=self.scratch)
        np.multiply(delta, self.scratch, out=delta)


ACTIVATIONS: Mapping[str, type[Activation]] = {
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "tanh": Tanh,
    "sigmoid": Sigmoid,
    "linear": Linear,
}
"""Name → class."""
