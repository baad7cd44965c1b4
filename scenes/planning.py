"""What a scene comes to in numbers: how long each model is trained, and how much of it is kept.

Everything that was left out of a model's table is settled here, so that ``check`` and the training
can't disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from epochreel.scenes.model_spec import ModelSpec

__all__ = ["Layer", "TrainingPlan", "plan_training"]

DEFAULT_LAYERS = (25, 50, 50, 25)
DEFAULT_ITERATIONS = 10_000
DEFAULT_EPOCHS = 200
DEFAULT_BATCH = 32
SNAPSHOTS = 200
"""How many snapshots a training gives when its scene doesn't say."""


@dataclass(frozen=True)
class Layer:
    """One layer: its inputs, its units, its activation."""

    input_dim: int
    output_dim: int
    activation: str


@dataclass(frozen=True)
class TrainingPlan:
    """A model's training with nothing left open; equal plans on equal data give equal recordings.

    Attributes
    ----------
    name, engine, initializer, optimizer : str
    layers : tuple of Layer
    learning_rate : float
    batch_size : int or None
        Samples of a batch; ``None`` for all of them.
    iterations, epochs : int or None
        The length of the training; exactly one is given.
    updates : int
        How many updates that is.
    every : int
    unit : "update" or "epoch"
        A snapshot is kept every so many of these.
    snapshots : int
        How many that gives, with the untrained and the final one.
    seed : int
    """

    name: str
    engine: str
    layers: tuple[Layer, ...]
    initializer: str
    optimizer: str
    learning_rate: float
    batch_size: int | None
    iterations: int | None
    epochs: int | None
    updates: int
    every: int
    unit: Literal["update", "epoch"]
    snapshots: int
    seed: int

    @property
    def parameter_count(self) -> int:
        """Number of weights and biases."""
        return sum((layer.input_dim + 1) * layer.output_dim for layer in self.layers)

    @property
    def unit_count(self) -> int:
        """Number of units of all layers."""
        return sum(layer.output_dim for layer in self.layers)


def plan_training(spec: ModelSpec, train_samples: int) -> TrainingPlan:
    """Settle what a model's table left open.

    Given neither a batch size nor a length, the training is the published NumPy one (full batch,
    10 000 iterations, from small normal parameters); given ``epochs`` or a batch size alone, the
    rest is as in the published Keras one (batches of 32, 200 epochs, Glorot's uniform start). About
    200 snapshots are kept, counted in epochs where the training is.

    Parameters
    ----------
    spec : ModelSpec
    train_samples : int
        Number of samples of the training split.

    Returns
    -------
    TrainingPlan
    """
    size = spec.batch_size
    if size is None:
        size = DEFAULT_BATCH if spec.epochs is not None else "full"
    batch_size = None if isinstance(size, str) or size >= train_samples else size
    per_epoch = 1 if batch_size is None else ceil(train_samples / batch_size)

    iterations, epochs = spec.iterations, spec.epochs
    if iterations is None and epochs is None:
        if size == "full":
            iterations = DEFAULT_ITERATIONS
        else:
            epochs = DEFAULT_EPOCHS
    updates = iterations if iterations is not None else (epochs or 0) * per_epoch

    unit = _unit(spec, by_epoch=epochs is not None)
    per_unit = per_epoch if unit == "epoch" else 1
    every = spec.capture.every or max(1, int(updates / per_unit / SNAPSHOTS + 0.5))
    return TrainingPlan(
        name=spec.name,
        engine=spec.engine,
        layers=_layers(spec),
        initializer=spec.initializer or ("normal" if size == "full" else "glorot_uniform"),
        optimizer=spec.optimizer.kind,
        learning_rate=spec.optimizer.learning_rate,
        batch_size=batch_size,
        iterations=iterations,
        epochs=epochs,
        updates=updates,
        every=every,
        unit=unit,
        snapshots=1 + ceil(updates / (every * per_unit)),
        seed=spec.seed,
    )


def _unit(spec: ModelSpec, *, by_epoch: bool) -> Literal["update", "epoch"]:
    if spec.capture.unit is None:
        return "epoch" if by_epoch else "update"
    return "epoch" if spec.capture.unit == "epoch" else "update"


def _layers(spec: ModelSpec) -> tuple[Layer, ...]:
    if spec.architecture is not None:
        return tuple(
            Layer(entry.input_dim, entry.output_dim, entry.activation)
            for entry in spec.architecture
        )
    hidden = spec.layers if spec.layers is not None else DEFAULT_LAYERS
    sizes = (2, *hidden, 1)
    activations = (spec.activation or "relu",) * len(hidden) + ("sigmoid",)
    return tuple(map(Layer, sizes, sizes[1:], activations))
