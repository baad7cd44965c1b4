"""What training makes small, and how it changes with the last layer's sums Z.

Everything starts from Z, not from the outputs f(Z), so that nothing is lost where those saturate.
Arrays have the shape (…, outputs, samples).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from epochreel.nn.activations import ACTIVATIONS, Array, activate
from epochreel.nn.errors import InvalidInputError, look_up

__all__ = [
    "LOSSES",
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "Hinge",
    "Loss",
    "MeanSquaredError",
    "ToDelta",
    "make_loss",
    "weighted",
]

ToDelta: TypeAlias = Callable[[Array, Array, Array], None]
"""``to_delta(logits, y, out)`` writes ∂L/∂Z of a batch, L being the mean over its samples."""


class Loss:
    """Base of all: a loss of outputs f(Z).

    Parameters
    ----------
    activation : str
        The f of the last layer.
    """

    output_activations: tuple[str, ...]
    """What the last layer may have; the first is what it usually has."""
    one_output = False
    """Whether the last layer must have one unit."""

    def __init__(self, activation: str) -> None:
        self.activation = activation

    def encode(self, y: NDArray[Any], outputs: int) -> NDArray[np.float64]:
        """Turn labels into what outputs are compared with.

        Parameters
        ----------
        y : (samples,) array
            The class of each sample, from 0.
        outputs : int

        Returns
        -------
        (outputs, samples) array

        Raises
        ------
        InvalidInputError
            For labels that this loss doesn't know.
        """
        return one_hot(y, outputs)

    def differential(self, logits: Array) -> ToDelta:
        """Make what computes ∂L/∂Z of batches.

        Parameters
        ----------
        logits : (…, outputs, samples) array
            Gives shape and dtype of the batches.
        """
        raise NotImplementedError

    def values(self, logits: Array, y: Array) -> Array:
        """Compute the loss of each sample, (…, samples)."""
        raise NotImplementedError

    def hits(self, logits: Array, y: Array) -> NDArray[np.bool_]:
        """Say of each sample whether its class is predicted, (…, samples).

        Of several outputs the greatest is it; f never changes which one that is.
        """
        if logits.shape[-2] > 1:
            return np.equal(logits.argmax(axis=-2), y.argmax(axis=-2))
        return np.equal(self.is_second(logits), y > 0.5)[..., 0, :]

    def is_second(self, logits: Array) -> NDArray[np.bool_]:
        """Say where a single output means class 1."""
        return logits > 0


class BinaryCrossentropy(Loss):
    """−y log σ(z) − (1 − y) log(1 − σ(z)), for labels y of 0 and 1.

    Source: written as max(z, 0) − y z + log(1 + exp(−|z|)), it is exact for every z, as in
    ``tf.nn.sigmoid_cross_entropy_with_logits``; its derivative is σ(z) − y.
    """

    output_activations = ("sigmoid",)
    one_output = True

    def encode(self, y: NDArray[Any], outputs: int) -> NDArray[np.float64]:
        """Take labels of 0 and 1 as they are."""
        _allow(y, (0, 1))
        return y[None].astype(np.float64)

    def differential(self, logits: Array) -> ToDelta:
        """Write (σ(Z) − Y) / samples.

        Sigmoid and cross-entropy are differentiated together: nothing is divided by a probability
        that may be 0, and it takes a third of the passes over the data.
        """
        # arrays without dimensions: a Python number is converted at each use, 0.25 µs
        one, share = _numbers(logits.dtype, 1, 1 / logits.shape[-1])

        def to_delta(logits: Array, y: Array, out: Array) -> None:
            np.negative(logits, out)
            np.exp(out, out)  # may overflow to ∞, whose reciprocal is the 0 that is meant
            np.add(out, one, out)
            np.reciprocal(out, out)
            np.subtract(out, y, out)
            np.multiply(out, share, out)

        return to_delta

    def values(self, logits: Array, y: Array) -> Array:
        """Compute the loss of each sample."""
        z, y = logits[..., 0, :], y[..., 0, :]
        loss = np.abs(z)
        np.negative(loss, out=loss)
        np.exp(loss, out=loss)
        np.log1p(loss, out=loss)
        # first the two that cancel exactly: added one by one they would round the small term away
        loss += np.maximum(z, 0) - z * y
        return loss


class CategoricalCrossentropy(Loss):
    """−log softmax(z)[y], for labels y from 0 to outputs − 1.

    Source: ``keras.losses.SparseCategoricalCrossentropy``. Its derivative is softmax(z) − Y, with Y
    of 1 for the sample's class and 0 elsewhere.
    """

    output_activations = ("softmax",)

    def differential(self, logits: Array) -> ToDelta:
        """Write (softmax(Z) − Y) / samples; both are differentiated together, as of two classes."""
        (share,) = _numbers(logits.dtype, 1 / logits.shape[-1])
        row = np.empty_like(logits[..., :1, :])

        def to_delta(logits: Array, y: Array, out: Array) -> None:
            np.max(logits, axis=-2, out=row, keepdims=True)
            np.subtract(logits, row, out)
            np.exp(out, out)
            np.sum(out, axis=-2, out=row, keepdims=True)
            np.divide(out, row, out)
            np.subtract(out, y, out)
            np.multiply(out, share, out)

        return to_delta

    def values(self, logits: Array, y: Array) -> Array:
        """Compute (max z − z[y]) + log(1 + Σ exp(z − max z)), without the greatest z in the sum.

        So a loss far smaller than the rounding of 1 is kept.
        """
        below = logits - logits.max(axis=-2, keepdims=True)
        missing = np.where(y > 0.5, below, 0).sum(axis=-2)
        greatest = logits.argmax(axis=-2, keepdims=True)
        np.exp(below, below)
        np.put_along_axis(below, greatest, 0, axis=-2)
        return np.log1p(below.sum(axis=-2)) - missing


class _OfOutputs(Loss):
    """A loss of the outputs themselves, a mean over them; f is differentiated after it."""

    def differential(self, logits: Array) -> ToDelta:
        """Compute ∂L/∂A of the outputs A, and from it ∂L/∂Z, as for any other layer."""
        (share,) = _numbers(logits.dtype, 1 / (logits.shape[-2] * logits.shape[-1]))
        a, delta = np.zeros_like(logits), np.zeros_like(logits)
        f = ACTIVATIONS[self.activation](a, delta)
        slope = self.slope(a)

        def to_delta(logits: Array, y: Array, out: Array) -> None:
            np.copyto(a, logits)
            f.forward()
            slope(a, y, delta)
            np.multiply(delta, share, delta)
            f.backward()
            np.copyto(out, delta)

        return to_delta

    def slope(self, a: Array) -> ToDelta:
        """Make what writes the derivative of one output's loss; ``a`` gives size and dtype."""
        raise NotImplementedError


class MeanSquaredError(_OfOutputs):
    """Mean over the outputs of (f(z) − y)², for numbers y, or labels.

    Labels of one output are its numbers, 0 and 1; of several, the class's own number is 1.

    Source: ``keras.losses.MeanSquaredError``.
    """

    output_activations = ("linear", "sigmoid", "softmax")

    def encode(self, y: NDArray[Any], outputs: int) -> NDArray[np.float64]:
        """Take numbers as they are, (samples,) or (samples, outputs)."""
        if outputs > 1 and y.ndim == 1:
            return one_hot(y, outputs)
        try:
            numbers = y.astype(np.float64)
        except (TypeError, ValueError):
            raise InvalidInputError("y: must be an array of numbers") from None
        if not np.isfinite(numbers).all():
            raise InvalidInputError(f"y: must be finite, got {numbers[~np.isfinite(numbers)][0]}")
        return numbers.reshape(-1, outputs).T

    def slope(self, a: Array) -> ToDelta:
        """Make 2 (A − Y)."""
        (two,) = _numbers(a.dtype, 2)

        def write(a: Array, y: Array, out: Array) -> None:
            np.subtract(a, y, out)
            np.multiply(out, two, out)

        return write

    def values(self, logits: Array, y: Array) -> Array:
        """Compute the loss of each sample."""
        return np.square(activate(self.activation, logits) - y).mean(axis=-2)

    def is_second(self, logits: Array) -> NDArray[np.bool_]:
        """Say where the output is nearer to 1 than to 0."""
        return activate(self.activation, logits) > 0.5


class Hinge(_OfOutputs):
    """Mean over the outputs of max(1 − y f(z), 0), for y of −1 and 1: the class is f(z)'s sign.

    Labels are converted: those of one output may be 0 and 1, or −1 and 1; of several outputs the
    class's own has 1 and the others −1.

    Source: ``keras.losses.Hinge``. Its derivative is −y where y f(z) < 1, and 0 elsewhere.
    """

    output_activations = ("linear", "tanh")

    def encode(self, y: NDArray[Any], outputs: int) -> NDArray[np.float64]:
        """Turn classes into −1 and 1."""
        if outputs > 1:
            return 2 * one_hot(y, outputs) - 1
        _allow(y, (0, 1) if (y == 0).any() else (-1, 1))
        return np.where(y[None] > 0, 1.0, -1.0)

    def slope(self, a: Array) -> ToDelta:
        """Make −Y where Y A < 1."""
        (one,) = _numbers(a.dtype, 1)
        within = np.empty(a.shape, dtype=bool)

        def write(a: Array, y: Array, out: Array) -> None:
            np.multiply(a, y, out)
            np.less(out, one, within)
            np.multiply(y, within, out)
            np.negative(out, out)

        return write

    def values(self, logits: Array, y: Array) -> Array:
        """Compute the loss of each sample."""
        return np.maximum(1 - y * activate(self.activation, logits), 0).mean(axis=-2)


def one_hot(y: NDArray[Any], outputs: int) -> NDArray[np.float64]:
    """Write classes, (samples,), as (outputs, samples) of 0 and 1."""
    _allow(y, range(outputs))
    return (np.arange(outputs)[:, None] == y).astype(np.float64)


def _allow(y: NDArray[Any], labels: tuple[int, ...] | range) -> None:
    if y.ndim != 1:
        raise InvalidInputError(f"y: must be one label for each sample, got shape {y.shape}")
    wrong = y[~np.isin(y, labels)]
    if len(wrong):
        words = f"{labels[0]} or {labels[1]}" if len(labels) == 2 else f"0 to {labels[-1]}"
        raise InvalidInputError(f"y: must be {words}, got {wrong[0]!s}")


def _numbers(dtype: DTypeLike, *values: float) -> tuple[Array, ...]:
    return tuple(np.array(value, dtype) for value in values)


def weighted(to_delta: ToDelta, weights: Array) -> ToDelta:
    """Weigh the samples of a batch, (samples,); L is Σ weight · loss / samples, as in Keras."""

    def weigh(logits: Array, y: Array, out: Array) -> None:
        to_delta(logits, y, out)
        np.multiply(out, weights, out)

    return weigh


LOSSES: Mapping[str, type[Loss]] = {
    "binary_crossentropy": BinaryCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "mean_squared_error": MeanSquaredError,
    "hinge": Hinge,
}
"""Name → class; each is made with the last layer's activation."""


def make_loss(name: str, activation: str, outputs: int) -> Loss:
    """Make a loss for a last layer.

    Raises
    ------
    InvalidInputError
        For a name that isn't known, or a layer that doesn't fit.
    """
    kind = look_up("loss", name, LOSSES)
    allowed = kind.output_activations
    if activation not in allowed or (kind.one_output and outputs != 1):
        units = "1 " if kind.one_output else ""
        raise InvalidInputError(
            f"network: must end in {units}{' or '.join(allowed)} unit{'' if units else 's'} for "
            f"{name}, got {outputs} of {activation}"
        )
    if activation == "softmax" and outputs == 1:
        raise InvalidInputError("network: must end in 2 softmax units or more, 1 is always 1")
    return kind(activation)
