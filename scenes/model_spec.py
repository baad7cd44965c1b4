"""A ``[[models]]`` table: what is trained, how, and what of it is kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from epochreel.nn import activations, initializers, optimizers
from epochreel.scenes import limits
from epochreel.scenes.engines import ENGINES
from epochreel.scenes.messages import count, describe, did_you_mean
from epochreel.scenes.values import Entries, Name, Seed, SomeEntries, Spec, choice, problem

__all__ = ["CAPTURE_UNITS", "CaptureSpec", "LayerSpec", "ModelSpec", "OptimizerSpec"]

CAPTURE_UNITS = ("update", "epoch")

Units = Annotated[int, Field(ge=1, le=limits.MAX_UNITS)]
Steps = Annotated[int, Field(ge=1, le=limits.MAX_ITERATIONS)]


def _known(names: Iterable[str]) -> Any:
    return choice(lambda: names)


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


class OptimizerSpec(Spec):
    """How the parameters are moved."""

    kind: Annotated[str, _known(optimizers.OPTIMIZERS)] = "sgd"
    learning_rate: float = Field(default=0.01, ge=0, le=1e6)


class CaptureSpec(Spec):
    """Which moments of a training are kept; the first and the last always are."""

    every: Steps | None = None
    unit: Annotated[str, _known(CAPTURE_UNITS)] | None = None


class LayerSpec(Spec):
    """One entry of ``architecture``."""

    input_dim: Units
    output_dim: Units
    activation: Annotated[str, _known(activations.ACTIVATIONS)]


class ModelSpec(Spec):
    """One model and its training; :mod:`epochreel.scenes.planning` settles what is left out."""

    name: Name = "NumPy Model"
    engine: Annotated[str, _known(ENGINES)] = "numpy"
    layers: Annotated[Entries[Units], Field(max_length=limits.MAX_LAYERS)] | None = None
    architecture: Annotated[SomeEntries[LayerSpec], Field(max_length=limits.MAX_LAYERS)] | None = (
        None
    )
    activation: Annotated[str, _known(activations.ACTIVATIONS)] | None = None
    initializer: Annotated[str, _known(initializers.INITIALIZERS)] | None = None
    optimizer: OptimizerSpec = OptimizerSpec()
    batch_size: Annotated[int | str, BeforeValidator(_batch_size)] | None = None
    iterations: Steps | None = None
    epochs: Steps | None = None
    capture: CaptureSpec = CaptureSpec()
    seed: Seed = 2

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
        return self


def _check_chain(entries: tuple[LayerSpec, ...]) -> None:
    if entries[0].input_dim != 2:
        raise problem(
            f"must be 2, one for each feature of the data, got {entries[0].input_dim}",
            ("architecture", 0, "input_dim"),
        )
    for index in range(1, len(entries)):
        before, here = entries[index - 1].output_dim, entries[index].input_dim
        if here != before:
            raise problem(
                f"must be {before}, the output_dim of the entry before, got {here}",
                ("architecture", index, "input_dim"),
            )
    last = len(entries) - 1
    if entries[last].output_dim != 1:
        raise problem(
            f"must be 1 in the last entry, the probability of class 1, "
            f"got {count(entries[last].output_dim, 'unit')}",
            ("architecture", last, "output_dim"),
        )
    if entries[last].activation != "sigmoid":
        raise problem(
            f"must be 'sigmoid' in the last entry, got {describe(entries[last].activation)}",
            ("architecture", last, "activation"),
        )
