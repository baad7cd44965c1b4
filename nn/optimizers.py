"""How far to go: each optimiser turns a gradient into the step that is taken against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Protocol, TypeAlias

import numpy as np

from epochreel.nn.activations import Array
from epochreel.nn.errors import InvalidInputError

__all__ = ["OPTIMIZERS", "SGD", "Optimizer", "Stepper"]

Stepper: TypeAlias = Callable[[Array], None]
"""Turns a gradient vector into the step to take, in place."""


class Optimizer(Protocol):
    """An optimiser's settings; what it remembers from step to step belongs to one training."""

    def start(self, parameters: Array) -> Stepper:
        """Begin a training.

        Parameters
        ----------
        parameters : (parameters,) array
            Gives the number and the dtype; isn't changed.

        Returns
        -------
        Stepper
        """
        ...


@dataclass(frozen=True)
class SGD:
    """Gradient descent: step = learning rate · gradient.

    Parameters
    ----------
    learning_rate : float
        Finite and ≥ 0.

    Source: ``keras.optimizers.SGD``, whose learning rate is 0.01 as well.
    """

    learning_rate: float = 0.01

    def __post_init__(self) -> None:
        """Check the learning rate."""
        check_learning_rate(self.learning_rate)

    def start(self, parameters: Array) -> Stepper:
        """Begin a training; nothing is remembered."""
        # an array of no dimensions: a Python number would be converted at every step, 0.25 µs
        with np.errstate(over="ignore"):  # a rate past float32 diverges, and is told so
            rate = np.array(self.learning_rate, dtype=parameters.dtype)

        def step(gradient: Array) -> None:
            np.multiply(gradient, rate, gradient)

        return step


def check_learning_rate(rate: float) -> None:
    """Refuse what can't be a learning rate."""
    if not (isfinite(rate) and rate >= 0):
        raise InvalidInputError(f"learning_rate: must be finite and ≥ 0, got {rate:g}")


OPTIMIZERS: Mapping[str, type[SGD]] = {"sgd": SGD}
"""Name → class; each is made with ``learning_rate``."""
