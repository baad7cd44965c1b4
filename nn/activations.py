"""What a layer does to its sums: each activation, and what it does to a gradient on its way back.

An activation is made for two arrays of one layer, (units, samples), and works in them: ``forward``
turns the sums Z into activations A, ``backward`` multiplies the gradient by f′(Z). Whatever else it
needs is made once, with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from math import pi, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ACTIVATIONS",
    "ELU",
    "GELU",
    "SELU",
    "Activation",
    "Array",
    "LeakyReLU",
    "Linear",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "activate",
    "share_slopes",
]

Array = NDArray[np.floating[Any]]


class Activation:
    """Base of all: f(z) = z.

    Parameters
    ----------
    a : (units, samples) array
        Holds Z before ``forward`` and A after it.
    delta : (units, samples) array
        Holds ∂L/∂A before ``backward`` and ∂L/∂Z after it.

    Attributes
    ----------
    z : (units, samples) array
        Where ``forward`` finds Z: ``a`` itself, unless units are dropped.
    """

    def __init__(self, a: Array, delta: Array) -> None:
        self.z, self.a, self.delta = a, a, delta

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
        self.finds_slope = True

    def forward(self) -> None:
        """Replace Z by A."""
        np.maximum(self.a, self.zeros, out=self.a)

    def backward(self) -> None:
        """Multiply by f′.

        The bits of A ≥ 0, read as a whole number, are 0 exactly where A is, so f′ is the lesser of
        them and 1; and a whole number times 0 or 1 has the bits of none or all of δ. That takes
        half the time of comparing floats and multiplying by what comes of it.
        """
        if self.finds_slope:
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


class ELU(Activation):
    """f(z) = z for z > 0 and exp(z) − 1 elsewhere; f′(z) = 1, and exp(z) = f(z) + 1.

    Source: ``keras.activations.elu``, whose α is 1; Clevert et al., 2015.
    """

    def __init__(self, a: Array, delta: Array) -> None:
        super().__init__(a, delta)
        self.zeros, self.one = np.zeros_like(a), np.ones((), a.dtype)
        self.scratch = np.empty_like(a)

    def forward(self) -> None:
        """Replace Z by A, the sum of what is above 0 and of what is below."""
        np.minimum(self.a, self.zeros, out=self.scratch)
        np.expm1(self.scratch, self.scratch)
        np.maximum(self.a, self.zeros, out=self.a)
        np.add(self.a, self.scratch, self.a)

    def backward(self) -> None:
        """Multiply by min(A, 0) + 1."""
        np.minimum(self.a, self.zeros, out=self.scratch)
        np.add(self.scratch, self.one, self.scratch)
        np.multiply(self.delta, self.scratch, self.delta)


class SELU(Activation):
    """f(z) = λ z for z > 0 and λ α (exp(z) − 1) elsewhere; f′(z) = λ, and f(z) + λ α.

    Source: ``keras.activations.selu``; α and λ are those of Klambauer et al., 2017, section 2.
    """

    alpha, scale = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946

    def __init__(self, a: Array, delta: Array) -> None:
        super().__init__(a, delta)
        self.zeros, self.scratch = np.zeros_like(a), np.empty_like(a)
        self.positive, self.fall = np.empty(a.shape, dtype=bool), np.empty_like(a)
        self.up = np.array(self.scale, a.dtype)
        self.down = np.array(self.scale * self.alpha, a.dtype)
        self.step = np.array(self.scale * self.alpha - self.scale, a.dtype)

    def forward(self) -> None:
        """Replace Z by A."""
        np.minimum(self.a, self.zeros, out=self.scratch)
        np.expm1(self.scratch, self.scratch)
        np.multiply(self.scratch, self.down, self.scratch)
        np.maximum(self.a, self.zeros, out=self.a)
        np.multiply(self.a, self.up, self.a)
        np.add(self.a, self.scratch, self.a)

    def backward(self) -> None:
        """Multiply by min(A, 0) + λ α, less λ α − λ where A > 0; a mask takes 5 times as long."""
        np.greater(self.a, self.zeros, self.positive)
        np.multiply(self.positive, self.step, self.fall)
        np.minimum(self.a, self.zeros, out=self.scratch)
        np.add(self.scratch, self.down, self.scratch)
        np.subtract(self.scratch, self.fall, self.scratch)
        np.multiply(self.delta, self.scratch, self.delta)


class GELU(Activation):
    """f(z) = z Φ(z), Φ being the normal distribution; f′(z) = Φ(z) + z φ(z), φ its density.

    Source: ``keras.activations.gelu``, by default not the approximation by tanh; Hendrycks and
    Gimpel, 2016. Φ(z) = (1 + erf(z / √2)) / 2, computed so that nothing cancels where z < 0.
    """

    def __init__(self, a: Array, delta: Array) -> None:
        super().__init__(a, delta)
        # here, as only this one needs it: SciPy's special functions take 0.1 s to load
        self.ndtr: Callable[[Array, Array], Array] = import_module("scipy.special").ndtr
        self.sums, self.phi, self.scratch = np.zeros_like(a), np.zeros_like(a), np.empty_like(a)
        self.minus_half = np.array(-0.5, a.dtype)
        self.peak = np.array(1 / sqrt(2 * pi), a.dtype)

    def forward(self) -> None:
        """Replace Z by A; Z and Φ(Z) are needed on the way back."""
        np.copyto(self.sums, self.a)
        self.ndtr(self.a, self.phi)
        np.multiply(self.a, self.phi, self.a)

    def backward(self) -> None:
        """Multiply by Φ + Z φ."""
        np.multiply(self.sums, self.sums, self.scratch)
        np.multiply(self.scratch, self.minus_half, self.scratch)
        np.exp(self.scratch, self.scratch)
        np.multiply(self.scratch, self.peak, self.scratch)
        np.multiply(self.scratch, self.sums, self.scratch)
        np.add(self.scratch, self.phi, self.scratch)
        np.multiply(self.delta, self.scratch, self.delta)


class SiLU(Activation):
    """f(z) = z σ(z), f′(z) = σ(z) + f(z) (1 − σ(z)).

    Source: ``keras.activations.silu``, also called swish; Ramachandran et al., 2017.
    """

    def __init__(self, a: Array, delta: Array) -> None:
        super().__init__(a, delta)
        self.one = np.ones((), a.dtype)
        self.sigmoid, self.scratch = np.zeros_like(a), np.empty_like(a)

    def forward(self) -> None:
        """Replace Z by A; σ(Z) is needed on the way back."""
        np.negative(self.a, self.sigmoid)
        np.exp(self.sigmoid, self.sigmoid)
        np.add(self.sigmoid, self.one, self.sigmoid)
        np.reciprocal(self.sigmoid, self.sigmoid)
        np.multiply(self.a, self.sigmoid, self.a)

    def backward(self) -> None:
        """Multiply by σ + A (1 − σ)."""
        np.subtract(self.one, self.sigmoid, self.scratch)
        np.multiply(self.scratch, self.a, self.scratch)
        np.add(self.scratch, self.sigmoid, self.scratch)
        np.multiply(self.delta, self.scratch, self.delta)


class Softplus(Activation):
    """f(z) = log(1 + exp(z)), f′(z) = σ(z) = 1 − exp(−f(z)).

    Source: ``keras.activations.softplus``; written as max(z, 0) + log(1 + exp(−|z|)), it is exact
    for every z.
    """

    def __init__(self, a: Array, delta: Array) -> None:
        super().__init__(a, delta)
        self.zeros, self.scratch = np.zeros_like(a), np.empty_like(a)

    def forward(self) -> None:
        """Replace Z by A."""
        np.abs(self.a, self.scratch)
        np.negative(self.scratch, self.scratch)
        np.exp(self.scratch, self.scratch)
        np.log1p(self.scratch, self.scratch)
        np.maximum(self.a, self.zeros, out=self.a)
        np.add(self.a, self.scratch, self.a)

    def backward(self) -> None:
        """Multiply by −(exp(−A) − 1)."""
        np.negative(self.a, self.scratch)
        np.expm1(self.scratch, self.scratch)
        np.negative(self.scratch, self.scratch)
        np.multiply(self.delta, self.scratch, self.delta)


class Softmax(Activation):
    """f(z) = exp(z) / Σ exp(z), the sum being over the units of a sample; meant for the last layer.

    ∂L/∂z = f (∂L/∂f − Σ f ∂L/∂f).

    Source: ``keras.activations.softmax``; the largest z is subtracted first, so nothing overflows.
    """

    def __init__(self, a: Array, delta: Array) -> None:
        super().__init__(a, delta)
        self.scratch = np.empty_like(a)

    def forward(self) -> None:
        """Replace Z by A."""
        np.subtract(self.a, self.a.max(axis=-2, keepdims=True), self.a)
        np.exp(self.a, self.a)
        np.divide(self.a, self.a.sum(axis=-2, keepdims=True), self.a)

    def backward(self) -> None:
        """Replace ∂L/∂A by ∂L/∂Z; each depends on all units."""
        np.multiply(self.delta, self.a, self.scratch)
        np.subtract(self.delta, self.scratch.sum(axis=-2, keepdims=True), self.delta)
        np.multiply(self.delta, self.a, self.delta)


ACTIVATIONS: Mapping[str, type[Activation]] = {
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "elu": ELU,
    "selu": SELU,
    "gelu": GELU,
    "silu": SiLU,
    "softplus": Softplus,
    "tanh": Tanh,
    "sigmoid": Sigmoid,
    "linear": Linear,
    "softmax": Softmax,
}
"""Name → class."""


def share_slopes(layers: Sequence[Activation], a: Array) -> Callable[[], object]:
    """Let layers that are all ReLU find their f′ at once: 3 operations less, 4 % of a batch of 32.

    Parameters
    ----------
    layers : sequence of Activation
    a : (…, rows, samples) array
        Holds A of all, a row that isn't theirs after each.

    Returns
    -------
    callable
        To be called before the first ``backward``.
    """
    own = [layer for layer in layers if type(layer) is ReLU]
    if len(own) < len(layers):
        return _nothing
    bits = a.view(np.dtype(f"u{a.itemsize}"))
    ones, slope, start = np.ones_like(bits), np.empty_like(bits), 0
    for layer in own:
        layer.finds_slope, units = False, layer.a.shape[-2]
        layer.slope = slope[..., start : start + units, :]
        start += units + 1
    return partial(np.minimum, bits, ones, out=slope)


def _nothing() -> None:
    pass


def activate(name: str, z: Array) -> Array:
    """Apply an activation to a copy of (…, units, samples)."""
    a = z.copy()
    ACTIVATIONS[name](a, a).forward()
    return a
