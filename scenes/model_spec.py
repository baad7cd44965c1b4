"""A ``[[models]]`` table: what is trained, how, and what of it is kept."""

from __future__ import annotations

from typing import Annotated, Any, Self, cast

from pydantic import BeforeValidator, Field, model_validator

from epochreel.nn import activations, initializers
from epochreel.nn.losses import LOSSES
from epochreel.scenes import limits
from epochreel.scenes.engines import ENGINES, MODEL_NAMES
from epochreel.scenes.messages import count, describe, did_you_mean
from epochreel.scenes.training_spec import (
    DEFAULT_LAYERS,
    DEFAULT_LOSS,
    CaptureSpec,
    EarlyStoppingSpec,
    OptimizerSpec,
    RegularizationSpec,
    Steps,
    dropout_rates,
    known,
    last_activations,
)
from epochreel.scenes.values import Entries, Name, Seed, SomeEntries, Spec, problem

__all__ = ["CaptureSpec", "LayerSpec", "ModelSpec", "OptimizerSpec"]

Units = Annotated[int, Field(ge=1, le=limits.MAX_UNITS)]


def _batch_size(value: Any) -> Any:
    if isinstance(value, str) and value == "full":
        return value
    whole = value if isinstance(value, int) and not isinstance(value, bool) else 0
    if not 1 <= whole <= limits.MAX_SAMPLES:
        raise problem(
            f"must be 'full' or a whole number from 1 to {limits.MAX_SAMPLES}, "
            f"got {describe(value)}{did_you_mean(value, ['full'])}"
        )
    return value


class LayerSpec(Spec):
    """One entry of ``architecture``."""

    input_dim: Units
    output_dim: Units
    activation: Annotated[str, known(activations.ACTIVATIONS)]


class ModelSpec(Spec):
    """One model and its training; :mod:`epochreel.scenes.planning` settles what is left out."""

    name: Name = MODEL_NAMES["numpy"]
    engine: Annotated[str, known(ENGINES)] = "numpy"
    layers: Annotated[Entries[Units], Field(max_length=limits.MAX_LAYERS)] | None = None
    architecture: Annotated[SomeEntries[LayerSpec], Field(max_length=limits.MAX_LAYERS)] | None = (
        None
    )
    activation: Annotated[str, known(activations.ACTIVATIONS)] | None = None
    initializer: Annotated[str, known(initializers.INITIALIZERS)] | None = None
    loss: Annotated[str, known(LOSSES)] | None = None
    optimizer: OptimizerSpec = OptimizerSpec()
    regularization: RegularizationSpec = RegularizationSpec()
    dropout: Annotated[float | tuple[float, ...], BeforeValidator(dropout_rates)] = 0.0
    early_stopping: EarlyStoppingSpec | None = None
    batch_size: Annotated[int | str, BeforeValidator(_batch_size)] | None = None
    iterations: Steps | None = None
    epochs: Steps | None = None
    capture: CaptureSpec = CaptureSpec()
    seed: Seed = 2

    @model_validator(mode="before")
    @classmethod
    def _named_after_its_engine(cls, table: Any) -> Any:
        if isinstance(table, dict) and "name" not in table:
            given = cast("dict[str, Any]", table)
            engine = given.get("engine")
            if isinstance(engine, str) and engine in MODEL_NAMES:
                return {**given, "name": MODEL_NAMES[engine]}
        return cast("Any", table)

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if self.iterations is not None and self.epochs is not None:
            raise problem(
                f"can't be given beside iterations = {self.iterations}; give one of them",
                ("epochs",),
            )
        return self

    @model_validator(mode="after")
    def _one_shape(self) -> Self:
        if self.architecture is None:
            return self
        for key in ("layers", "activation"):
            if getattr(self, key) is not None:
                raise problem("can't be given beside architecture, which says it too", (key,))
        _check_chain(self.architecture)
        _check_last(self.architecture, self.loss)
        return self

    @model_validator(mode="after")
    def _dropout_of_each_layer(self) -> Self:
        if self.architecture is not None:
            hidden = len(self.architecture) - 1
        else:
            hidden = len(self.layers if self.layers is not None else DEFAULT_LAYERS)
        if isinstance(self.dropout, tuple) and len(self.dropout) != hidden:
            raise problem(
                f"must have {count(hidden, 'entry', 'entries')}, one for each hidden layer, "
                f"got {describe(self.dropout)}",
                ("dropout",),
            )
        return self


def _check_chain(entries: tuple[LayerSpec, ...]) -> None:
    for index in range(1, len(entries)):
        before, here = entries[index - 1].output_dim, entries[index].input_dim
        if here != before:
            raise problem(
                f"must be {before}, the output_dim of the entry before, got {here}",
                ("architecture", index, "input_dim"),
            )


def _check_last(entries: tuple[LayerSpec, ...], loss: str | None) -> None:
    """Refuse a last entry whose outputs the loss doesn't take, or can't be shown."""
    last = len(entries) - 1
    units, activation = entries[last].output_dim, entries[last].activation
    if activation == "linear" and loss in (None, "mean_squared_error"):
        return  # what a regression has, and only that: refused where the data are known
    kind = loss or ("categorical_crossentropy" if activation == "softmax" else DEFAULT_LOSS)
    if LOSSES[kind].one_output and units != 1:
        raise problem(
            f"must be 1 in the last entry, the probability of class 1, got {count(units, 'unit')}",
            ("architecture", last, "output_dim"),
        )
    allowed = last_activations(kind, units)
    if activation not in allowed:
        raise problem(
            f"must be {' or '.join(map(describe, allowed))} in the last entry, "
            f"got {describe(activation)}",
            ("architecture", last, "activation"),
        )
