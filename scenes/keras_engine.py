"""The engine that trains with Keras 3: its own layers, losses, optimisers and ``fit``."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import fields, replace
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from epochreel.nn.activations import Array
from epochreel.nn.architecture import parameter_blocks
from epochreel.nn.dataset import Dataset
from epochreel.nn.errors import MissingPackageError
from epochreel.nn.history import not_finite
from epochreel.nn.losses import make_loss
from epochreel.nn.network import Network
from epochreel.nn.optimizers import OPTIMIZERS, Optimizer
from epochreel.nn.recorders.keras_layers import to_numpy
from epochreel.nn.recording import ParameterRecording
from epochreel.nn.schedules import (
    CosineDecay,
    ExponentialDecay,
    PiecewiseConstant,
    Rate,
    Schedule,
    StepDecay,
    WarmUp,
)
from epochreel.scenes.framework_training import FrameworkTraining, initial_network
from epochreel.scenes.planning import TrainingPlan

__all__ = ["KERAS_OPTIMIZERS", "SETTINGS", "build_optimizer", "build_schedule", "train_model"]

BACKENDS = ("jax", "torch", "tensorflow")
"""What Keras may compute with, in the order in which it is looked for."""

KERAS_OPTIMIZERS = {
    "sgd": "SGD",
    "momentum": "SGD",
    "nesterov": "SGD",
    "rmsprop": "RMSprop",
    "adagrad": "Adagrad",
    "adam": "Adam",
    "adamw": "AdamW",
    "lion": "Lion",
}
"""Name → Keras's class, whose settings have the same names as ours but for :data:`SETTINGS`."""

SETTINGS = {
    "clip_norm": "clipnorm",
    "global_clip_norm": "global_clipnorm",
    "clip_value": "clipvalue",
}


def train_model(
    plan: TrainingPlan, dataset: Dataset, on_update: Callable[[int], None]
) -> ParameterRecording:
    """Train a model in Keras; see :class:`epochreel.scenes.engines.Engine`."""
    keras = _import_keras()
    network = initial_network(plan)
    with _generators_left_alone():
        keras.utils.set_random_seed(plan.seed)
        model = _build(keras, plan, network)
        # early stopping is Keras's own
        own = replace(plan, early_stopping=None)
        training = FrameworkTraining(own, dataset, network, _reader(model, network), on_update)
        stopping = _early_stopping(keras, plan)
        follower = _follower(keras, plan, training, stopping)
        last = plan.layers[-1]
        loss = make_loss(plan.loss, last.activation, last.output_dim)

        def samples(x: Array, y: Any) -> tuple[Array, Array]:
            targets = loss.encode(y, last.output_dim).T
            return x.astype(np.float32), np.ascontiguousarray(targets, np.float32)

        monitor = plan.early_stopping.monitor if plan.early_stopping is not None else ""
        validated = monitor.startswith("val_")
        try:
            model.fit(
                *samples(dataset.x_train, dataset.y_train),
                batch_size=plan.batch_size or len(dataset.y_train),
                epochs=-(-plan.updates // training.iterations_per_epoch),
                validation_data=samples(dataset.x_test, dataset.y_test) if validated else None,
                verbose=0,
                # the follower first: what early stopping restores isn't the last update
                callbacks=[follower, *([stopping] if stopping is not None else [])],
            )
        except RuntimeError:  # PyTorch refuses to compute the loss of what isn't finite
            network.flat[:] = training.parameters
            if np.isfinite(network.logits(dataset.x_train)).all():
                raise
            return training.end(not_finite(training.iteration + 1))
        return follower.recording


def _import_keras() -> Any:
    """Import Keras, with the backend that ``KERAS_BACKEND`` names, or the first installed."""
    if "KERAS_BACKEND" not in os.environ:
        found = [backend for backend in BACKENDS if find_spec(backend) is not None]
        if not found:
            raise MissingPackageError(
                f"engine 'keras': needs {', '.join(BACKENDS[:-1])} or {BACKENDS[-1]}; "
                "pip install 'epochreel[keras]'"
            )
        os.environ["KERAS_BACKEND"] = found[0]
    return import_module("keras")


@contextmanager
def _generators_left_alone() -> Generator[None]:
    """Leave the generators of Python and NumPy, which a seed for Keras sets too, as they were."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 -- it is Keras's
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002


def _build(keras: Any, plan: TrainingPlan, network: Network) -> Any:
    """Make the model, compiled, with a network's parameters."""
    model = keras.Sequential([keras.Input((plan.layers[0].input_dim,))])
    for layer, rate in zip(plan.layers, (*plan.dropout, 0.0), strict=True):
        price = keras.regularizers.L1L2(plan.l1, plan.l2) if plan.l1 or plan.l2 else None
        model.add(keras.layers.Dense(layer.output_dim, layer.activation, kernel_regularizer=price))
        if rate:
            model.add(keras.layers.Dropout(rate))
    blocks = parameter_blocks(network.architecture, network.flat)
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    for layer, block in zip(dense, blocks, strict=True):
        layer.set_weights([block[:-1], block[-1]])
    model.compile(build_optimizer(keras, plan.optimizer), plan.loss, metrics=_metrics(keras, plan))
    return model


def _metrics(keras: Any, plan: TrainingPlan) -> list[Any]:
    """Ask for the accuracy where early stopping watches it."""
    if plan.early_stopping is None or not plan.early_stopping.monitor.endswith("accuracy"):
        return []
    if plan.loss != "hinge" or plan.outputs > 1:
        return ["accuracy"]

    def accuracy(y: Any, outputs: Any) -> Any:  # of labels of −1 and 1
        return keras.ops.equal(y > 0, outputs > 0)

    return [accuracy]


def _reader(model: Any, network: Network) -> Callable[[Array], None]:
    sync = getattr(model, "jax_state_sync", lambda: None)
    variables = [
        part for layer in model.layers if layer.weights for part in (layer.kernel, layer.bias)
    ]

    def read(flat: Array) -> None:
        sync()  # on JAX, variables are behind within an epoch
        blocks = parameter_blocks(network.architecture, flat)
        for block, kernel, bias in zip(blocks, variables[::2], variables[1::2], strict=True):
            block[:-1] = to_numpy(kernel)
            block[-1] = to_numpy(bias)

    return read


def _early_stopping(keras: Any, plan: TrainingPlan) -> Any:
    table = plan.early_stopping
    if table is None:
        return None
    return keras.callbacks.EarlyStopping(
        table.monitor,
        min_delta=table.min_delta,
        patience=table.patience,
        restore_best_weights=table.restore_best,
        mode="max" if table.monitor.endswith("accuracy") else "min",
    )


def _follower(keras: Any, plan: TrainingPlan, training: FrameworkTraining, stopping: Any) -> Any:
    """Make the callback that tells `training` of updates, and ends ``fit`` when it is time to."""
    per_epoch = training.iterations_per_epoch

    class Follower(keras.callbacks.Callback):
        recording: ParameterRecording

        def on_train_begin(self, logs: object = None) -> None:
            training.begin()

        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            if not training.go_on(per_epoch):
                self.model.stop_training = True

        def on_train_end(self, logs: object = None) -> None:
            stopped = None
            if stopping is not None and stopping.stopped_epoch:
                best = (stopping.best_epoch + 1) * per_epoch
                stopped = f"{stopping.monitor} is no better since update {best}"
            self.recording = training.end(stopped)

    class BatchFollower(Follower):
        def on_train_batch_end(self, batch: int, logs: object = None) -> None:
            if not training.go_on():
                self.model.stop_training = True

        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            pass

    # told of batches, Keras waits for each: only where they are asked for
    by_epoch = plan.unit == "epoch" and plan.updates % per_epoch == 0
    return Follower() if by_epoch else BatchFollower()


def build_optimizer(keras: Any, optimizer: Optimizer) -> Any:
    """Make Keras's optimiser of the same kind and settings."""
    kind = next(name for name, known in OPTIMIZERS.items() if known is type(optimizer))
    settings = {
        SETTINGS.get(field.name, field.name): getattr(optimizer, field.name)
        for field in fields(optimizer)
    }
    settings["learning_rate"] = build_schedule(keras, optimizer.learning_rate)
    return getattr(keras.optimizers, KERAS_OPTIMIZERS[kind])(**settings)


def build_schedule(keras: Any, rate: Rate) -> Any:
    """Make Keras's learning rate: a number, or a schedule of its own."""
    decays = keras.optimizers.schedules
    match rate:
        case WarmUp():
            return _warm_up(keras, rate)
        case ExponentialDecay():
            return decays.ExponentialDecay(
                rate.learning_rate, rate.decay_steps, rate.decay_rate,
                staircase=isinstance(rate, StepDecay),
            )  # fmt: skip
        case CosineDecay():
            return decays.CosineDecay(rate.learning_rate, rate.decay_steps, rate.alpha)
        case PiecewiseConstant():
            return decays.PiecewiseConstantDecay(list(rate.boundaries), list(rate.values))
        case Schedule():
            return rate(0)  # constant
        case _:
            return rate


def _warm_up(keras: Any, rate: WarmUp) -> Any:
    """Make a rise to any schedule; Keras itself warms up to a cosine only."""
    ops, then = keras.ops, build_schedule(keras, rate.schedule)

    def after(step: Any) -> Any:
        return then(step) if callable(then) else then

    class Rise(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step: Any) -> Any:
            step = ops.cast(step, "float32")
            rise = rate.start + step / rate.steps * (after(0.0) - rate.start)
            return ops.where(step < rate.steps, rise, after(ops.maximum(step - rate.steps, 0.0)))

    return Rise()
