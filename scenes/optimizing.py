"""From the table of an optimiser to the optimiser."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from epochreel.nn.optimizers import OPTIMIZERS, Optimizer
from epochreel.nn.schedules import (
    CosineDecay,
    ExponentialDecay,
    PiecewiseConstant,
    Rate,
    StepDecay,
    WarmUp,
)
from epochreel.scenes.training_spec import OptimizerSpec, ScheduleSpec

__all__ = ["build_optimizer"]


def build_optimizer(spec: OptimizerSpec, updates: int) -> Optimizer:
    """Make the optimiser that a table asks for.

    Parameters
    ----------
    spec : OptimizerSpec
    updates : int
        Length of the training, which a cosine without ``decay_steps`` takes.
    """
    kind = OPTIMIZERS[spec.kind]
    names = [field.name for field in fields(kind)]
    options: dict[str, Any] = {
        name: getattr(spec, name) for name in names if getattr(spec, name) is not None
    }
    if spec.schedule is not None:
        rate = spec.learning_rate
        default: Any = kind().learning_rate
        options["learning_rate"] = _schedule(
            spec.schedule, default if rate is None else rate, updates
        )
    return kind(**options)


def _schedule(spec: ScheduleSpec, rate: float, updates: int) -> Rate:
    warm_up = spec.warm_up_steps or 0
    schedule: Rate = rate
    if spec.kind == "step" and spec.decay_steps is not None:
        decay_rate = {} if spec.decay_rate is None else {"decay_rate": spec.decay_rate}
        schedule = StepDecay(rate, spec.decay_steps, **decay_rate)
    elif spec.kind == "exponential" and spec.decay_steps is not None:
        schedule = ExponentialDecay(rate, spec.decay_steps, spec.decay_rate or 0.0)
    elif spec.kind == "cosine":
        steps = spec.decay_steps or max(1, updates - warm_up)
        schedule = CosineDecay(rate, steps, spec.alpha or 0.0)
    elif spec.boundaries is not None and spec.values is not None:
        schedule = PiecewiseConstant(spec.boundaries, spec.values)
    return WarmUp(schedule, warm_up, spec.warm_up_start or 0.0) if warm_up else schedule
