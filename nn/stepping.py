"""What optimisers have in common: learning rate, weight decay, clipping, and how they begin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TypeAlias

import numpy as np

from epochreel.nn.activations import Array
from epochreel.nn.clipping import Clip, check_clipping, make_clip
from epochreel.nn.errors import real_number
from epochreel.nn.schedules import Rate, Schedule, check_learning_rate

__all__ = ["Optimizer", "Stepper"]

Stepper: TypeAlias = Callable[[Array], None]
"""Turns a gradient vector into the step to take, in place."""


@dataclass(frozen=True)
class Optimizer:
    """Base of all: the settings; what is remembered from step to step belongs to one training.

    Parameters
    ----------
    learning_rate : float or Schedule
        Finite and ≥ 0.
    weight_decay : float or None
        Before each step θ ← θ − weight_decay · η · θ, for all parameters, biases too.
    clip_norm : float or None
        Scale the gradient of each weight matrix and each bias vector down to this norm.
    global_clip_norm : float or None
        Scale the whole gradient down to this norm.
    clip_value : float or None
        Clip each number of the gradient to ± this.

    Raises
    ------
    InvalidInputError
        Also where more than one of the three ways to clip is given.

    Source: ``keras/src/optimizers/base_optimizer.py`` of Keras 3, ``_clip_gradients`` and
    ``_apply_weight_decay``; the gradient is clipped, then the parameters decay, then they step.
    """

    learning_rate: Rate = 0.001
    _: KW_ONLY
    weight_decay: float | None = None
    clip_norm: float | None = None
    global_clip_norm: float | None = None
    clip_value: float | None = None

    def __post_init__(self) -> None:
        """Check what all have in common."""
        check_learning_rate(self.learning_rate)
        if self.weight_decay is not None:
            real_number("weight_decay", self.weight_decay)
        check_clipping(self.clip_norm, self.global_clip_norm, self.clip_value)

    def start(self, parameters: Array, variables: Sequence[slice] | None = None) -> Stepper:
        """Begin a training.

        Parameters
        ----------
        parameters : (parameters,) array
            Those of the network; weight decay changes them, nothing else does.
        variables : sequence of slice, optional
            Where each weight matrix and bias vector stands, for ``clip_norm``; all is one without.

        Returns
        -------
        Stepper
        """
        schedule = self.learning_rate if isinstance(self.learning_rate, Schedule) else None
        with np.errstate(over="ignore"):  # a rate past float32 diverges, and is told so
            # an array of no dimensions: a Python number is converted at every step, 0.25 µs
            rate = np.array(0 if schedule else self.learning_rate, parameters.dtype)
        rule = self.rule(parameters, rate)
        clip = make_clip(self.clip_norm, self.global_clip_norm, self.clip_value, variables)
        decay = self._decay(parameters, rate)
        if clip is None and decay is None and schedule is None:
            return rule  # what isn't asked for costs nothing
        return _in_turn(clip, schedule, rate, decay, rule)

    def rule(self, parameters: Array, rate: Array) -> Stepper:
        """Make the optimiser's own formula.

        Parameters
        ----------
        parameters : (parameters,) array
            Gives the number and the dtype; isn't changed.
        rate : () array
            The learning rate of the step that is being taken.

        Returns
        -------
        Stepper
        """
        raise NotImplementedError

    def _decay(self, parameters: Array, rate: Array) -> Callable[[], None] | None:
        if not self.weight_decay:
            return None
        decay, scratch = np.array(self.weight_decay, parameters.dtype), np.empty_like(parameters)

        def shrink() -> None:
            np.multiply(parameters, decay, scratch)
            np.multiply(scratch, rate, scratch)
            np.subtract(parameters, scratch, parameters)

        return shrink


def _in_turn(
    clip: Clip | None,
    schedule: Schedule | None,
    rate: Array,
    decay: Callable[[], None] | None,
    rule: Stepper,
) -> Stepper:
    done = 0

    def step(gradient: Array) -> None:
        nonlocal done
        if clip is not None:
            clip(gradient)
        if schedule is not None:
            rate[()] = schedule(done)
            done += 1
        if decay is not None:
            decay()
        rule(gradient)

    return step
