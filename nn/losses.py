"""What training makes small: functions of the logits, so that nothing is lost in saturation."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import DTypeLike, NDArray

from epochreel.nn.activations import Array

__all__ = ["LOSSES", "BinaryCrossentropy", "Loss"]


class Loss:
    """A loss together with the output activation that it is differentiated with.

    Parameters
    ----------
    samples : int
        Size of the batches it is to be differentiated for.
    dtype : dtype
    """

    output_activation: str
    """The activation that the last layer must have."""

    def __init__(self, samples: int, dtype: DTypeLike) -> None:
        # arrays without dimensions: a Python number is converted at each use, 0.25 µs
        self.one = np.array(1, dtype)
        self.share = np.array(1 / samples, dtype)

    def delta(self, logits: Array, y: Array, out: Array) -> None:
        """Write ∂L/∂Z of the last layer, L being the mean over the samples.

        Parameters
        ----------
        logits, y, out : (outputs, samples) array
        """
        raise NotImplementedError

    @staticmethod
    def values(logits: Array, y: Array) -> Array:
        """Compute the loss of each sample; the two arrays have any shapes that broadcast."""
        raise NotImplementedError

    @staticmethod
    def hits(logits: Array, y: Array) -> NDArray[np.bool_]:
        """Say of each sample whether its class is predicted."""
        raise NotImplementedError


class BinaryCrossentropy(Loss):
    """−y log σ(z) − (1 − y) log(1 − σ(z)), for labels y of 0 and 1.

    Source: written as max(z, 0) − y z + log(1 + exp(−|z|)), it is exact for every z, as in
    ``tf.nn.sigmoid_cross_entropy_with_logits``; its derivative is σ(z) − y.
    """

    output_activation = "sigmoid"

    def delta(self, logits: Array, y: Array, out: Array) -> None:
        """Write (σ(Z) − Y) / samples.

        Sigmoid and cross-entropy are differentiated together: nothing is divided by a probability
        that may be 0, and it takes a third of the passes over the data.
        """
        np.negative(logits, out)
        np.exp(out, out)  # may overflow to ∞, whose reciprocal is the 0 that is meant
        np.add(out, self.one, out)
        np.reciprocal(out, out)
        np.subtract(out, y, out)
        np.multiply(out, self.share, out)

    @staticmethod
    def values(logits: Array, y: Array) -> Array:
        """Compute the loss of each sample."""
        loss = np.abs(logits)
        np.negative(loss, out=loss)
        np.exp(loss, out=loss)
        np.log1p(loss, out=loss)
        # first the two that cancel exactly: added one by one they would round the small term away
        loss += np.maximum(logits, 0) - logits * y
        return loss

    @staticmethod
    def hits(logits: Array, y: Array) -> NDArray[np.bool_]:
        """Compare the more probable class, 1 where z > 0, with the label."""
        return np.equal(logits > 0, y > 0.5)


LOSSES: Mapping[str, type[Loss]] = {"binary_crossentropy": BinaryCrossentropy}
"""Name → class."""
