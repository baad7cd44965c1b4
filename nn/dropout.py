"""Units that are left out at random while a network is trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from epochreel.nn.activations import ACTIVATIONS, Activation, Array
from epochreel.nn.errors import InvalidInputError, real_number
from epochreel.nn.initializers import Rng

__all__ = ["Drop", "DropOut", "check_dropout", "hidden_activation"]


class Drop(NamedTuple):
    """How likely a unit is left out, and what draws it."""

    rate: float
    rng: Rng


class DropOut(Activation):
    """An activation of which each output is set to 0 with a probability, the others scaled up.

    So their sum stays what it is expected to be, and nothing changes for predictions.

    Parameters
    ----------
    name : str
        The activation before it.
    a, delta : (units, samples) array
        As of any :class:`Activation`, but Z is elsewhere, in :attr:`z`.
    drop : Drop

    Source: ``keras.layers.Dropout``; Srivastava et al., 2014, "inverted".
    """

    def __init__(self, name: str, a: Array, delta: Array, drop: Drop) -> None:
        super().__init__(a, delta)
        # an array of its own: the activation needs its A on the way back as it was before
        self.z = np.zeros(a.shape, a.dtype)
        self.activation = ACTIVATIONS[name](self.z, delta)
        self.drop = drop
        self.rate = np.array(drop.rate, a.dtype)
        self.scale = np.array(1 / (1 - drop.rate), a.dtype)
        self.draws, self.kept = np.empty(a.shape, a.dtype), np.empty(a.shape, dtype=bool)

    def forward(self) -> None:
        """Draw which units are kept, and write A."""
        self.activation.forward()
        rng = self.drop.rng
        if isinstance(rng, np.random.Generator):
            rng.random(dtype=self.draws.dtype.type, out=self.draws)
        else:
            np.copyto(self.draws, rng.random_sample(self.draws.shape))
        np.greater_equal(self.draws, self.rate, self.kept)
        np.multiply(self.kept, self.scale, self.draws)
        np.multiply(self.z, self.draws, self.a)

    def backward(self) -> None:
        """Pass the gradient of what was kept."""
        np.multiply(self.delta, self.draws, self.delta)
        self.activation.backward()


def hidden_activation(name: str, a: Array, delta: Array, drop: Drop | None) -> Activation:
    """Make the activation of a hidden layer, with or without dropout after it."""
    return ACTIVATIONS[name](a, delta) if drop is None else DropOut(name, a, delta, drop)


def check_dropout(
    dropout: float | Sequence[float], hidden: int, rng: Rng | None
) -> tuple[Drop | None, ...]:
    """Settle the dropout of each hidden layer.

    Parameters
    ----------
    dropout : float or sequence of float
        Of all hidden layers, or of each; at least 0 and below 1.
    hidden : int
        Number of hidden layers.
    rng : Generator, RandomState or None

    Returns
    -------
    tuple of Drop or None
        One entry for each hidden layer, or none at all without any dropout.

    Raises
    ------
    InvalidInputError
    """
    rates = [dropout] * hidden if isinstance(dropout, (str, int, float)) else list(dropout)
    if len(rates) != hidden:
        raise InvalidInputError(
            f"dropout: must have one rate for each of {hidden} hidden layers, got {len(rates)}"
        )
    for rate in rates:
        real_number("dropout", rate, below=1)
    if not any(rates):
        return ()
    if rng is None:
        raise InvalidInputError("rng: must be given to drop units, got None")
    return tuple(Drop(rate, rng) if rate else None for rate in rates)
