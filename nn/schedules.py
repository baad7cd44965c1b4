"""How the learning rate changes as a training goes on: a function of the updates done so far."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import cos, floor, inf, pi
from typing import TypeAlias, cast

from epochreel.nn.errors import InvalidInputError, real_number, whole_number

__all__ = [
    "SCHEDULES",
    "Constant",
    "CosineDecay",
    "ExponentialDecay",
    "PiecewiseConstant",
    "Rate",
    "Schedule",
    "StepDecay",
    "WarmUp",
    "check_learning_rate",
]


class Schedule:
    """Base of all: gives the learning rate of each update. It remembers nothing."""

    def __call__(self, update: int) -> float:
        """Give the learning rate of an update.

        Parameters
        ----------
        update : int
            Updates done before it: 0 for the first, as Keras counts.
        """
        raise NotImplementedError


Rate: TypeAlias = float | Schedule
"""A learning rate: one number, or a schedule."""


def check_learning_rate(rate: object, name: str = "learning_rate") -> None:
    """Refuse what can't be a learning rate."""
    if not isinstance(rate, Schedule):
        real_number(name, rate)


@dataclass(frozen=True)
class Constant(Schedule):
    """The same learning rate for all updates."""

    learning_rate: float

    def __post_init__(self) -> None:
        """Check it."""
        real_number("learning_rate", self.learning_rate)

    def __call__(self, update: int) -> float:
        """Give the learning rate of an update."""
        del update
        return self.learning_rate


@dataclass(frozen=True)
class ExponentialDecay(Schedule):
    """learning rate · decay_rate^(update / decay_steps).

    Parameters
    ----------
    learning_rate : float
        Of the first update.
    decay_steps : int
        After so many updates it has been multiplied by ``decay_rate``.
    decay_rate : float
        Finite and ≥ 0.

    Source: ``keras.optimizers.schedules.ExponentialDecay``.
    """

    learning_rate: float
    decay_steps: int
    decay_rate: float

    def __post_init__(self) -> None:
        """Check each."""
        real_number("learning_rate", self.learning_rate)
        whole_number("decay_steps", self.decay_steps)
        real_number("decay_rate", self.decay_rate)

    def __call__(self, update: int) -> float:
        """Give the learning rate of an update."""
        return self._after(update / self.decay_steps)

    def _after(self, periods: float) -> float:
        try:
            return self.learning_rate * self.decay_rate**periods
        except OverflowError:  # a rate that grows without end; the training then diverges
            return inf if self.learning_rate else 0.0


@dataclass(frozen=True)
class StepDecay(ExponentialDecay):
    """learning rate · decay_rate^⌊update / decay_steps⌋, by default a tenth at each step.

    Source: ``keras.optimizers.schedules.ExponentialDecay(…, staircase=True)``.
    """

    decay_rate: float = 0.1

    def __call__(self, update: int) -> float:
        """Give the learning rate of an update."""
        return self._after(floor(update / self.decay_steps))


@dataclass(frozen=True)
class PiecewiseConstant(Schedule):
    """One learning rate up to the first boundary, another up to the next, and so on.

    Parameters
    ----------
    boundaries : sequence of int
        Strictly increasing; the update that equals a boundary still has the rate before it.
    values : sequence of float
        Learning rates, one more than there are boundaries.

    Source: ``keras.optimizers.schedules.PiecewiseConstantDecay``.
    """

    boundaries: Sequence[int]
    values: Sequence[float]

    def __post_init__(self) -> None:
        """Check each, and keep them where nobody changes them."""
        boundaries = tuple(whole_number("boundaries", bound, 0) for bound in self.boundaries)
        values = tuple(self.values)
        if any(low >= high for low, high in zip(boundaries, boundaries[1:], strict=False)):
            raise InvalidInputError(
                f"boundaries: must be strictly increasing, got {list(boundaries)}"
            )
        if len(values) != len(boundaries) + 1:
            raise InvalidInputError(
                f"values: must have one more entry than boundaries, {len(boundaries) + 1}, "
                f"got {len(values)}"
            )
        for value in values:
            real_number("values", value)
        object.__setattr__(self, "boundaries", boundaries)
        object.__setattr__(self, "values", values)

    def __call__(self, update: int) -> float:
        """Give the learning rate of an update."""
        return self.values[bisect_left(self.boundaries, update)]


@dataclass(frozen=True)
class CosineDecay(Schedule):
    """Half a wave of cosine from the learning rate down to ``alpha`` times it, which then stays.

    Parameters
    ----------
    learning_rate : float
        Of the first update.
    decay_steps : int
        Updates until the last rate is reached.
    alpha : float
        From 0 to 1.

    Source: ``keras.optimizers.schedules.CosineDecay``; Loshchilov and Hutter, 2016, equation 5.
    """

    learning_rate: float
    decay_steps: int
    alpha: float = 0.0

    def __post_init__(self) -> None:
        """Check each."""
        real_number("learning_rate", self.learning_rate)
        whole_number("decay_steps", self.decay_steps)
        real_number("alpha", self.alpha, at_most=1)

    def __call__(self, update: int) -> float:
        """Give the learning rate of an update."""
        share = min(update, self.decay_steps) / self.decay_steps
        return self.learning_rate * ((1 - self.alpha) * 0.5 * (1 + cos(pi * share)) + self.alpha)


@dataclass(frozen=True)
class WarmUp(Schedule):
    """A straight rise from ``start`` to where another schedule begins, then that schedule.

    Parameters
    ----------
    schedule : Schedule or float
        What follows; it begins with its own update 0 when the rise is over.
    steps : int
        Updates of the rise: update u < steps has start + u / steps · (schedule(0) − start).
    start : float
        Learning rate of the first update.

    Source: around a :class:`CosineDecay` it is ``keras.optimizers.schedules.CosineDecay(start, …,
    warmup_target=learning_rate, warmup_steps=steps)``; Goyal et al., 2017, section 2.2.
    """

    schedule: Rate
    steps: int
    start: float = 0.0

    def __post_init__(self) -> None:
        """Check each; a number becomes a constant."""
        check_learning_rate(self.schedule, "schedule")
        if not isinstance(self.schedule, Schedule):
            object.__setattr__(self, "schedule", Constant(self.schedule))
        whole_number("steps", self.steps)
        real_number("start", self.start)

    def __call__(self, update: int) -> float:
        """Give the learning rate of an update."""
        schedule = cast("Schedule", self.schedule)
        if update >= self.steps:
            return schedule(update - self.steps)
        return self.start + update / self.steps * (schedule(0) - self.start)


SCHEDULES: Mapping[str, type[Schedule]] = {
    "constant": Constant,
    "step": StepDecay,
    "piecewise": PiecewiseConstant,
    "exponential": ExponentialDecay,
    "cosine": CosineDecay,
    "warm_up": WarmUp,
}
"""Name → class."""
