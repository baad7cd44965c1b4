"""What a scene comes to in numbers: how long each model is trained, and how much of it is kept.

Everything that was left out of a model's table is settled here, so that ``check`` and the training
can't disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Literal

from epochreel.nn.capture import Adaptive, Capture, Every, Listed, Spaced
from epochreel.nn.early_stopping import EarlyStopping
from epochreel.nn.optimizers import Optimizer
from epochreel.nn.schedules import Rate
from epochreel.scenes.optimizing import build_optimizer
from epochreel.scenes.training_spec import DEFAULT_LAYERS, DEFAULT_LOSS, last_activations

if TYPE_CHECKING:
    from epochreel.scenes.model_spec import ModelSpec

__all__ = ["Layer", "TrainingPlan", "plan_training"]

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
    name, engine, initializer, loss : str
    layers : tuple of Layer
    optimizer : Optimizer
        With its learning rate, or its schedule.
    l1, l2 : float
        Penalties.
    dropout : tuple of float
        Of each hidden layer.
    early_stopping : EarlyStopping or None
    batch_size : int or None
        Samples of a batch; ``None`` for all of them.
    iterations, epochs : int or None
        The length of the training; exactly one is given.
    updates : int
        How many updates that is.
    capture : Every, Listed, Spaced or Adaptive
        Which snapshots are kept.
    unit : "update" or "epoch"
        What these count.
    snapshots : int
        How many that gives, with the untrained and the final one.
    seed : int
    measures : tuple of str
        What is recorded of each beside loss and accuracy: ``gradient_norm``, ``learning_rate``.
    """

    name: str
    engine: str
    layers: tuple[Layer, ...]
    initializer: str
    loss: str
    optimizer: Optimizer
    l1: float
    l2: float
    dropout: tuple[float, ...]
    early_stopping: EarlyStopping | None
    batch_size: int | None
    iterations: int | None
    epochs: int | None
    updates: int
    capture: Capture
    unit: Literal["update", "epoch"]
    snapshots: int
    seed: int
    measures: tuple[str, ...] = ()

    @property
    def regression(self) -> bool:
        """Whether its output is a number, not a probability."""
        return self.loss == "mean_squared_error" and self.layers[-1].activation == "linear"

    @property
    def recorded_rate(self) -> Rate | None:
        """The learning rate, if it is to be recorded."""
        return self.optimizer.learning_rate if "learning_rate" in self.measures else None

    @property
    def every(self) -> int | None:
        """Updates or epochs from one snapshot to the next, where they are regular."""
        return self.capture.every if isinstance(self.capture, Every) else None

    @property
    def outputs(self) -> int:
        """Units of the last layer."""
        return self.layers[-1].output_dim

    @property
    def parameter_count(self) -> int:
        """Number of weights and biases."""
        return sum((layer.input_dim + 1) * layer.output_dim for layer in self.layers)

    @property
    def unit_count(self) -> int:
        """Number of units of all layers."""
        return sum(layer.output_dim for layer in self.layers)


def plan_training(
    spec: ModelSpec, train_samples: int, classes: int = 2, features: int = 2
) -> TrainingPlan:
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
    classes : int
        Number of classes of the data. More than two have an output each; 0 is a regression.
    features : int
        Number of features of the data.

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
    capture = _capture(spec, updates / per_unit)
    layers, loss = _layers(spec, classes, features)
    hidden = len(layers) - 1
    dropout = spec.dropout if isinstance(spec.dropout, tuple) else (spec.dropout,) * hidden
    return TrainingPlan(
        name=spec.name,
        engine=spec.engine,
        layers=layers,
        initializer=spec.initializer or ("normal" if size == "full" else "glorot_uniform"),
        loss=loss,
        optimizer=build_optimizer(spec.optimizer, updates),
        l1=spec.regularization.l1,
        l2=spec.regularization.l2,
        dropout=dropout,
        early_stopping=_early_stopping(spec),
        batch_size=batch_size,
        iterations=iterations,
        epochs=epochs,
        updates=updates,
        capture=capture,
        unit=unit,
        snapshots=_snapshots(capture, ceil(updates / per_unit)),
        seed=spec.seed,
    )


def _unit(spec: ModelSpec, *, by_epoch: bool) -> Literal["update", "epoch"]:
    if spec.capture.unit is None:
        return "epoch" if by_epoch else "update"
    return "epoch" if spec.capture.unit == "epoch" else "update"


def _capture(spec: ModelSpec, units: float) -> Capture:
    capture = spec.capture
    if capture.updates is not None:
        return Listed(capture.updates)
    if capture.count is not None:
        if capture.spacing == "adaptive":
            return Adaptive(capture.count)
        logarithmic = capture.spacing == "logarithmic"
        return Spaced(capture.count, "logarithmic" if logarithmic else "linear")
    return Every(capture.every or max(1, int(units / SNAPSHOTS + 0.5)))


def _snapshots(capture: Capture, units: int) -> int:
    """Count what is kept of so many updates or epochs, without listing it: they may be many."""
    if isinstance(capture, Every):
        return 1 + ceil(units / capture.every)
    if isinstance(capture, Listed):
        return len(capture.due(units))
    return min(capture.count, units + 1)


def _early_stopping(spec: ModelSpec) -> EarlyStopping | None:
    table = spec.early_stopping
    if table is None:
        return None
    return EarlyStopping(table.monitor, table.patience, table.min_delta, table.restore_best)


def _layers(spec: ModelSpec, classes: int, features: int) -> tuple[tuple[Layer, ...], str]:
    """Settle the layers and the loss."""
    outputs = 1 if classes == 2 and spec.loss != "categorical_crossentropy" else classes or 1
    usual = "mean_squared_error" if not classes else DEFAULT_LOSS
    if spec.architecture is not None:
        layers = tuple(
            Layer(entry.input_dim, entry.output_dim, entry.activation)
            for entry in spec.architecture
        )
        softmax = layers[-1].activation == "softmax"
        return layers, spec.loss or ("categorical_crossentropy" if softmax else usual)
    loss = spec.loss or (usual if outputs == 1 else "categorical_crossentropy")
    hidden = spec.layers if spec.layers is not None else DEFAULT_LAYERS
    sizes = (features, *hidden, outputs)
    last = last_activations(loss, outputs)[0] if classes else "linear"
    activations = (spec.activation or "relu",) * len(hidden) + (last,)
    return tuple(map(Layer, sizes, sizes[1:], activations)), loss
