"""What a network starts from: each initialiser draws one layer's weights, then its biases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import sqrt
from typing import TypeAlias

import numpy as np

from epochreel.nn.dataset import FloatArray

__all__ = ["INITIALIZERS", "Initializer", "Rng", "glorot_uniform", "normal", "zeros"]

Rng: TypeAlias = np.random.Generator | np.random.RandomState
Initializer: TypeAlias = Callable[[Rng, int, int], tuple[FloatArray, FloatArray]]


def normal(rng: Rng, inputs: int, units: int) -> tuple[FloatArray, FloatArray]:
    """Draw weights and biases from 0.1 · N(0, 1).

    Parameters
    ----------
    rng : Generator or RandomState
        ``RandomState(2)`` draws what ``np.random.seed(2)`` and ``np.random.randn`` draw.
    inputs, units : int

    Returns
    -------
    weights : (units, inputs) array
    biases : (units,) array

    Source: the published NumPy network draws ``randn(units, inputs) * 0.1``, then
    ``randn(units, 1) * 0.1``, layer by layer.
    """
    weights = 0.1 * rng.standard_normal((units, inputs))
    return weights, 0.1 * rng.standard_normal(units)


def glorot_uniform(rng: Rng, inputs: int, units: int) -> tuple[FloatArray, FloatArray]:
    """Draw weights from U(−l, l) with l = √(6 / (inputs + units)); biases are zero.

    Source: Glorot and Bengio, 2010, equation 16; ``keras.initializers.GlorotUniform``.
    """
    limit = sqrt(6 / (inputs + units))
    return rng.uniform(-limit, limit, (units, inputs)), np.zeros(units)


def zeros(rng: Rng, inputs: int, units: int) -> tuple[FloatArray, FloatArray]:
    """Start from nothing; all units of a layer then stay alike."""
    del rng
    return np.zeros((units, inputs)), np.zeros(units)


INITIALIZERS: Mapping[str, Initializer] = {
    "normal": normal,
    "glorot_uniform": glorot_uniform,
    "zeros": zeros,
}
"""Name → function."""
