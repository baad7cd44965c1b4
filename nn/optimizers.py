"""How far to go: each optimiser turns a gradient into the step that is taken against it.

Below, g is the gradient, θ the parameters, η the learning rate, t the number of the update from 1.
All of it is done for all parameters at once, in arrays that are made when a training begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from math import sqrt

import numpy as np

from epochreel.nn.activations import Array
from epochreel.nn.errors import real_number
from epochreel.nn.schedules import Rate
from epochreel.nn.stepping import Optimizer, Stepper

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Lion",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "RMSprop",
    "Stepper",
]

LEAST_EPSILON = 1e-30
"""Where a gradient has always been 0, 0 would be divided by 0; less than this is 0 in float32."""


@dataclass(frozen=True)
class SGD(Optimizer):
    """Gradient descent: step = η g; with momentum μ, v ← μ v + η g and step = v.

    Nesterov's way, step = μ v + η g, with the v that has just been computed.

    Parameters
    ----------
    learning_rate : float or Schedule
    momentum : float
        From 0 to 1.
    nesterov : bool
    **options
        As in :class:`Optimizer`.

    Source: ``keras.optimizers.SGD``, its defaults too; Keras's velocity is −v.
    """

    learning_rate: Rate = 0.01
    momentum: float = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        """Check the settings."""
        super().__post_init__()
        real_number("momentum", self.momentum, at_most=1)

    def rule(self, parameters: Array, rate: Array) -> Stepper:
        """Make the formula; without momentum nothing is remembered."""

        def step(gradient: Array) -> None:
            np.multiply(gradient, rate, gradient)

        if not self.momentum:
            return step
        momentum = np.array(self.momentum, parameters.dtype)
        v, scratch = np.zeros_like(parameters), np.empty_like(parameters)

        def heavy_ball(gradient: Array) -> None:
            np.multiply(gradient, rate, gradient)
            np.multiply(v, momentum, v)
            np.add(v, gradient, v)
            np.copyto(gradient, v)

        def look_ahead(gradient: Array) -> None:
            np.multiply(gradient, rate, gradient)
            np.multiply(v, momentum, v)
            np.add(v, gradient, v)
            np.multiply(v, momentum, scratch)
            np.add(gradient, scratch, gradient)

        return look_ahead if self.nesterov else heavy_ball


@dataclass(frozen=True)
class Momentum(SGD):
    """:class:`SGD` with a momentum of 0.9. Source: Polyak, 1964."""

    momentum: float = 0.9


@dataclass(frozen=True)
class Nesterov(SGD):
    """:class:`SGD` with Nesterov's momentum of 0.9. Source: Sutskever et al., 2013."""

    momentum: float = 0.9
    nesterov: bool = True


@dataclass(frozen=True)
class RMSprop(Optimizer):
    """v ← ρ v + (1 − ρ) g²; step = η g / √(v + ε).

    Source: ``keras.optimizers.RMSprop``, which adds ε under the root; without its momentum, and not
    centred, as by default there.
    """

    rho: float = 0.9
    epsilon: float = 1e-7

    def __post_init__(self) -> None:
        """Check the settings."""
        super().__post_init__()
        real_number("rho", self.rho, at_most=1)
        real_number("epsilon", self.epsilon, at_least=LEAST_EPSILON)

    def rule(self, parameters: Array, rate: Array) -> Stepper:
        """Make the formula."""
        v, scratch = np.zeros_like(parameters), np.empty_like(parameters)
        rho, rest, epsilon = _numbers(parameters, self.rho, 1 - self.rho, self.epsilon)

        def step(gradient: Array) -> None:
            np.multiply(gradient, gradient, scratch)
            np.multiply(scratch, rest, scratch)
            np.multiply(v, rho, v)
            np.add(v, scratch, v)
            np.add(v, epsilon, scratch)
            np.sqrt(scratch, scratch)
            np.multiply(gradient, rate, gradient)
            np.divide(gradient, scratch, gradient)

        return step


@dataclass(frozen=True)
class Adagrad(Optimizer):
    """a ← a + g²; step = η g / √(a + ε).

    Source: ``keras.optimizers.Adagrad``; Duchi et al., 2011.
    """

    initial_accumulator_value: float = 0.1
    epsilon: float = 1e-7

    def __post_init__(self) -> None:
        """Check the settings."""
        super().__post_init__()
        real_number("initial_accumulator_value", self.initial_accumulator_value)
        real_number("epsilon", self.epsilon, at_least=LEAST_EPSILON)

    def rule(self, parameters: Array, rate: Array) -> Stepper:
        """Make the formula."""
        a = np.full_like(parameters, self.initial_accumulator_value)
        scratch = np.empty_like(parameters)
        (epsilon,) = _numbers(parameters, self.epsilon)

        def step(gradient: Array) -> None:
            np.multiply(gradient, gradient, scratch)
            np.add(a, scratch, a)
            np.add(a, epsilon, scratch)
            np.sqrt(scratch, scratch)
            np.multiply(gradient, rate, gradient)
            np.divide(gradient, scratch, gradient)

        return step


@dataclass(frozen=True)
class Adam(Optimizer):
    """m ← m + (1 − β₁)(g − m); v ← v + (1 − β₂)(g² − v); step = α m / (√v + ε).

    α = η √(1 − β₂ᵗ) / (1 − β₁ᵗ).

    Source: ``keras.optimizers.Adam``; Kingma and Ba, 2014, the formula before section 2.1 (its ε is
    "epsilon hat"). Without AMSGrad, as by default in Keras.
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7

    def __post_init__(self) -> None:
        """Check the settings."""
        super().__post_init__()
        real_number("beta_1", self.beta_1, below=1)
        real_number("beta_2", self.beta_2, below=1)
        real_number("epsilon", self.epsilon, at_least=LEAST_EPSILON)

    def rule(self, parameters: Array, rate: Array) -> Stepper:
        """Make the formula."""
        m, v = np.zeros_like(parameters), np.zeros_like(parameters)
        scratch, alpha = np.empty_like(parameters), np.empty_like(rate)
        rest_1, rest_2, epsilon = _numbers(
            parameters, 1 - self.beta_1, 1 - self.beta_2, self.epsilon
        )
        # as Keras rounds them: 0.999 of float32 makes 1 − β₂ᵗ greater by 1.3e-5 of it
        beta_1, beta_2 = (beta.item() for beta in _numbers(parameters, self.beta_1, self.beta_2))
        power_1 = power_2 = 1.0

        def step(gradient: Array) -> None:
            nonlocal power_1, power_2
            power_1 *= beta_1
            power_2 *= beta_2
            alpha[()] = rate.item() * sqrt(1 - power_2) / (1 - power_1)
            np.subtract(gradient, m, scratch)
            np.multiply(scratch, rest_1, scratch)
            np.add(m, scratch, m)
            np.multiply(gradient, gradient, scratch)
            np.subtract(scratch, v, scratch)
            np.multiply(scratch, rest_2, scratch)
            np.add(v, scratch, v)
            np.sqrt(v, scratch)
            np.add(scratch, epsilon, scratch)
            np.multiply(m, alpha, gradient)
            np.divide(gradient, scratch, gradient)

        return step


@dataclass(frozen=True)
class AdamW(Adam):
    """:class:`Adam` whose parameters decay on their own, not through the gradient.

    Source: ``keras.optimizers.AdamW``, whose weight decay is 0.004 as well; Loshchilov and Hutter,
    2017.
    """

    _: KW_ONLY
    weight_decay: float | None = 0.004


@dataclass(frozen=True)
class Lion(Optimizer):
    """step = η sign(β₁ m + (1 − β₁) g); then m ← β₂ m + (1 − β₂) g.

    Source: ``keras.optimizers.Lion``; Chen et al., 2023.
    """

    beta_1: float = 0.9
    beta_2: float = 0.99

    def __post_init__(self) -> None:
        """Check the settings."""
        super().__post_init__()
        real_number("beta_1", self.beta_1, at_most=1)
        real_number("beta_2", self.beta_2, at_most=1)

    def rule(self, parameters: Array, rate: Array) -> Stepper:
        """Make the formula."""
        m = np.zeros_like(parameters)
        scratch, sought = np.empty_like(parameters), np.empty_like(parameters)
        beta_1, rest_1, beta_2, rest_2 = _numbers(
            parameters, self.beta_1, 1 - self.beta_1, self.beta_2, 1 - self.beta_2
        )

        def step(gradient: Array) -> None:
            np.multiply(m, beta_1, sought)
            np.multiply(gradient, rest_1, scratch)
            np.add(sought, scratch, sought)
            np.sign(sought, sought)
            np.multiply(gradient, rest_2, scratch)
            np.multiply(sought, rate, gradient)
            np.multiply(m, beta_2, m)
            np.add(m, scratch, m)

        return step


def _numbers(parameters: Array, *values: float) -> tuple[Array, ...]:
    return tuple(np.array(value, parameters.dtype) for value in values)


OPTIMIZERS: Mapping[str, type[Optimizer]] = {
    "sgd": SGD,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "rmsprop": RMSprop,
    "adagrad": Adagrad,
    "adam": Adam,
    "adamw": AdamW,
    "lion": Lion,
}
"""Name → class; each is made with ``learning_rate`` and its own settings, all by keyword."""
