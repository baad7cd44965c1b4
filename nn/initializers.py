"""What a network starts from: each initialiser draws one layer's weights, then its biases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from math import sqrt
from typing import TypeAlias

import numpy as np

from epochreel.nn.dataset import FloatArray

__all__ = [
    "INITIALIZERS",
    "Initializer",
    "Rng",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "lecun_uniform",
    "normal",
    "orthogonal",
    "zeros",
]

TRUNCATED_DEVIATION = 0.87962566103423978
"""Standard deviation of a standard normal distribution that is cut off at ± 2."""

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
    return _uniform(rng, inputs, units, sqrt(6 / (inputs + units)))


def glorot_normal(rng: Rng, inputs: int, units: int) -> tuple[FloatArray, FloatArray]:
    """Draw weights from a truncated normal of variance 2 / (inputs + units); biases are zero.

    Source: ``keras.initializers.GlorotNormal``.
    """
    return _truncated_normal(rng, inputs, units, sqrt(2 / (inputs + units)))


def he_uniform(rng: Rng, inputs: int, units: int) -> tuple[FloatArray, FloatArray]:
    """Draw weights from U(−l, l) with l = √(6 / inputs); biases are zero.

    Source: He et al., 2015, equation 10; ``keras.initializers.HeUniform``.
    """
    return _uniform(rng, inputs, units, sqrt(6 / inputs))


def he_normal(rng: Rng, inputs: int, units: int) -> tuple[FloatArray, FloatArray]:
    """Draw weights from a truncated normal of variance 2 / inputs; biases are zero.

    Source: He et al., 2015, equation 10; ``keras.initializers.HeNormal``.
    """
    return _truncated_normal(rng, inputs, units, sqrt(2 / inputs))


def lecun_uniform(rng: Rng, inputs: int, units: int) -> tuple[FloatArray, FloatArray]:
    """Draw weights from U(−l, l) with l = √(3 / inputs); biases are zero.

    Source: LeCun et al., 1998, section 4.6; ``keras.initializers.LecunUniform``.
    """
    return _uniform(rng, inputs, units, sqrt(3 / inputs))


def lecun_normal(rng: Rng, inputs: int, units: int) -> tuple[FloatArray, FloatArray]:
    """Draw weights from a truncated normal of variance 1 / inputs; biases are zero.

    Source: LeCun et al., 1998, section 4.6; ``keras.initializers.LecunNormal``. It is what SELU is
    meant to start from.
    """
    return _truncated_normal(rng, inputs, units, sqrt(1 / inputs))


def orthogonal(rng: Rng, inputs: int, units: int) -> tuple[FloatArray, FloatArray]:
    """Draw weights whose rows, or columns where they are fewer, are orthonormal; biases are zero.

    Source: Saxe et al., 2013; ``keras.initializers.Orthogonal``: Q of a QR decomposition of normal
    numbers, with the signs of R's diagonal, so that all orthogonal matrices are as likely.
    """
    q, r = np.linalg.qr(rng.standard_normal((max(inputs, units), min(inputs, units))))
    q *= np.where(np.diag(r) < 0, -1.0, 1.0)
    return (q if units >= inputs else q.T), np.zeros(units)


def _uniform(rng: Rng, inputs: int, units: int, limit: float) -> tuple[FloatArray, FloatArray]:
    return rng.uniform(-limit, limit, (units, inputs)), np.zeros(units)


def _truncated_normal(
    rng: Rng, inputs: int, units: int, deviation: float
) -> tuple[FloatArray, FloatArray]:
    """Draw from a normal distribution cut off at two of its standard deviations.

    Source: ``VarianceScaling`` in ``keras/src/initializers/random_initializers.py``; the normal one
    is widened so that what is left has the deviation that is asked for.
    """
    # here, because few need it: SciPy's special functions take 0.1 s to load
    special = import_module("scipy.special")
    edge = special.ndtr(-2.0)
    draws: FloatArray = special.ndtri(rng.uniform(edge, 1 - edge, (units, inputs)))
    return draws * (deviation / TRUNCATED_DEVIATION), np.zeros(units)


def zeros(rng: Rng, inputs: int, units: int) -> tuple[FloatArray, FloatArray]:
    """Start from nothing; all units of a layer then stay alike."""
    del rng
    return np.zeros((units, inputs)), np.zeros(units)


INITIALIZERS: Mapping[str, Initializer] = {
    "normal": normal,
    "glorot_uniform": glorot_uniform,
    "glorot_normal": glorot_normal,
    "he_uniform": he_uniform,
    "he_normal": he_normal,
    "lecun_uniform": lecun_uniform,
    "lecun_normal": lecun_normal,
    "orthogonal": orthogonal,
    "zeros": zeros,
}
"""Name → function."""
