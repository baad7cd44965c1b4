"""Tables within a ``[[models]]`` table: how a model is trained, and what of it is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Annotated, Any, Self, cast

from pydantic import Field, model_validator

from epochreel.nn import optimizers
from epochreel.nn.capture import SPACINGS
from epochreel.nn.early_stopping import MONITORS
from epochreel.nn.losses import LOSSES
from epochreel.scenes import limits
from epochreel.scenes.messages import describe, did_you_mean
from epochreel.scenes.values import Entries, SomeEntries, Spec, choice, problem

__all__ = [
    "CAPTURE_UNITS",
    "DEFAULT_LAYERS",
    "DEFAULT_LOSS",
    "CaptureSpec",
    "EarlyStoppingSpec",
    "OptimizerSpec",
    "SCHEDULE_KEYS",
    "RegularizationSpec",
    "ScheduleSpec",
    "Steps",
    "dropout_rates",
    "known",
    "last_activations",
]

CAPTURE_UNITS = ("update", "epoch")
DEFAULT_LAYERS = (25, 50, 50, 25)
DEFAULT_LOSS = "binary_crossentropy"

Steps = Annotated[int, Field(ge=1, le=limits.MAX_ITERATIONS)]
Moment = Annotated[int, Field(ge=0, le=limits.MAX_ITERATIONS)]
Rate = Annotated[float, Field(ge=0, le=1e6)]
Share = Annotated[float, Field(ge=0, le=1)]
BelowOne = Annotated[float, Field(ge=0, lt=1)]
Bound = Annotated[float, Field(gt=0, le=1e12)]


def known(names: Iterable[str]) -> Any:
    """Accept only the names of a table."""
    return choice(lambda: names)


def _only_these(spec: Spec, kind: str, keys: Iterable[str]) -> None:
    """Refuse keys that a table has, but not for its kind."""
    allowed = [key for key in type(spec).model_fields if key in {"kind", *keys}]
    for key in spec.model_fields_set:
        if key not in allowed:
            raise problem(
                f"unknown key for kind {describe(kind)}{did_you_mean(key, allowed)} "
                f"(allowed: {', '.join(allowed)})",
                (key,),
            )


def _not_beside(spec: Spec, keys: Iterable[str], why: str = "give one of them") -> None:
    given = [key for key in keys if getattr(spec, key) is not None]
    if len(given) > 1:
        raise problem(f"can't be given beside {given[0]}; {why}", (given[1],))


def _required(spec: Spec, kind: str, keys: Iterable[str]) -> None:
    for key in keys:
        if getattr(spec, key) is None:
            raise problem(f"must be given for kind {describe(kind)}", (key,))


SCHEDULE_KEYS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "constant": ((), ()),
    "step": (("decay_steps",), ("decay_rate",)),
    "exponential": (("decay_steps", "decay_rate"), ()),
    "cosine": ((), ("decay_steps", "alpha")),
    "piecewise": (("boundaries", "values"), ()),
}
"""Kind → keys it must have, keys it may have; all may have those of a warm-up."""


class ScheduleSpec(Spec):
    """How the learning rate changes, from the optimiser's own; all counts are updates."""

    kind: Annotated[str, known(SCHEDULE_KEYS)] = "constant"
    decay_steps: Steps | None = None
    decay_rate: Annotated[float, Field(ge=0, le=10)] | None = None
    alpha: Share | None = None
    boundaries: Annotated[SomeEntries[Moment], Field(max_length=1000)] | None = None
    values: Annotated[SomeEntries[Rate], Field(max_length=1001)] | None = None
    warm_up_steps: Steps | None = None
    warm_up_start: Rate | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        must, may = SCHEDULE_KEYS[self.kind]
        _only_these(self, self.kind, (*must, *may, "warm_up_steps", "warm_up_start"))
        _required(self, self.kind, must)
        if self.warm_up_start is not None and self.warm_up_steps is None:
            raise problem("must be given beside warm_up_start", ("warm_up_steps",))
        if self.boundaries is not None and self.values is not None:
            _check_increasing(self.boundaries, "boundaries")
            if len(self.values) != len(self.boundaries) + 1:
                raise problem(
                    f"must have {len(self.boundaries) + 1} entries, one more than boundaries, "
                    f"got {describe(self.values)}",
                    ("values",),
                )
        return self


class OptimizerSpec(Spec):
    """How the parameters are moved; what is left out is as in Keras."""

    kind: Annotated[str, known(optimizers.OPTIMIZERS)] = "sgd"
    learning_rate: Rate | None = None
    schedule: ScheduleSpec | None = None
    momentum: Share | None = None
    nesterov: bool | None = None
    rho: BelowOne | None = None
    beta_1: BelowOne | None = None
    beta_2: BelowOne | None = None
    epsilon: Annotated[float, Field(ge=1e-30, le=1)] | None = None
    initial_accumulator_value: Rate | None = None
    weight_decay: Rate | None = None
    clip_norm: Bound | None = None
    global_clip_norm: Bound | None = None
    clip_value: Bound | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        settings = fields(optimizers.OPTIMIZERS[self.kind])
        _only_these(self, self.kind, ("schedule", *(field.name for field in settings)))
        _not_beside(self, ("clip_norm", "global_clip_norm", "clip_value"))
        piecewise = self.schedule is not None and self.schedule.values is not None
        if piecewise and self.learning_rate is not None:
            raise problem(
                "can't be given beside the values of a piecewise schedule", ("learning_rate",)
            )
        return self


class RegularizationSpec(Spec):
    """A price on weights: l1 Σ |w| + l2 Σ w², added to the loss."""

    l1: Rate = 0.0
    l2: Rate = 0.0


class EarlyStoppingSpec(Spec):
    """When to end before time; ``val_…`` is measured on the test split."""

    monitor: Annotated[str, known(MONITORS)] = "val_loss"
    patience: Moment
    min_delta: Rate = 0.0
    restore_best: bool = True


class CaptureSpec(Spec):
    """Which moments of a training are kept; the first and the last always are."""

    every: Steps | None = None
    updates: Annotated[Entries[Moment], Field(max_length=limits.MAX_FRAMES)] | None = None
    count: Annotated[int, Field(ge=2, le=limits.MAX_FRAMES)] | None = None
    spacing: Annotated[str, known(SPACINGS)] | None = None
    unit: Annotated[str, known(CAPTURE_UNITS)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        _not_beside(self, ("every", "updates", "count"))
        if self.spacing is not None and self.count is None:
            raise problem("must be given beside spacing", ("count",))
        if self.updates is not None:
            if self.unit == "epoch":
                raise problem("can't be 'epoch' beside updates", ("unit",))
            _check_increasing(self.updates, "updates")
        return self


def _check_increasing(numbers: tuple[int, ...], key: str) -> None:
    for index in range(1, len(numbers)):
        if numbers[index] <= numbers[index - 1]:
            raise problem(
                f"must be greater than {numbers[index - 1]}, the entry before, "
                f"got {numbers[index]}",
                (key, index),
            )


def dropout_rates(value: Any) -> Any:
    """Accept a rate, or an array of rates."""
    rates = cast("list[Any]", value) if isinstance(value, (list, tuple)) else [value]
    for index, rate in enumerate(rates):
        number = isinstance(rate, (int, float)) and not isinstance(rate, bool)
        if not (number and 0 <= rate < 1):
            where = (index,) if isinstance(value, (list, tuple)) else ()
            raise problem(f"must be a number ≥ 0 and < 1, got {describe(rate)}", where)
    if isinstance(value, (list, tuple)):
        return tuple(map(float, rates))
    return float(value)


def last_activations(loss: str, units: int) -> list[str]:
    """Say what the last layer may have; the first is what it has by default.

    Nothing linear under the mean squared error, whose outputs couldn't be shown as probabilities.
    """
    of_units = "softmax" if units > 1 else "sigmoid"
    allowed = LOSSES[loss].output_activations
    return [of_units] if loss == "mean_squared_error" else list(allowed)
