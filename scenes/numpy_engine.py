"""The engine that comes with Epochreel: its own network, in NumPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from epochreel.nn.callbacks import Progress
from epochreel.nn.dataset import Dataset
from epochreel.nn.network import Network
from epochreel.nn.recorder import NetworkRecorder
from epochreel.nn.recording import ParameterRecording
from epochreel.nn.training import train
from epochreel.scenes.planning import TrainingPlan

__all__ = ["train_model"]


def train_model(
    plan: TrainingPlan, dataset: Dataset, on_update: Callable[[int], None]
) -> ParameterRecording:
    """Train a model with the NumPy network; see :class:`epochreel.scenes.engines.Engine`."""
    # one generator for both, so that one seed in the scene settles the start and the batches
    rng = np.random.default_rng(plan.seed)
    layers = [
        {
            "input_dim": layer.input_dim,
            "output_dim": layer.output_dim,
            "activation": layer.activation,
        }
        for layer in plan.layers
    ]
    network = Network.from_layers(layers, initializer=plan.initializer, rng=rng)
    recorder = NetworkRecorder(
        plan.name, dataset, capture=plan.capture, unit=plan.unit, loss=plan.loss,
        gradient_norm="gradient_norm" in plan.measures, learning_rate=plan.recorded_rate,
    )  # fmt: skip
    monitor = plan.early_stopping.monitor if plan.early_stopping is not None else ""
    validated = monitor.startswith("val_")
    train(
        network,
        dataset.x_train,
        dataset.y_train,
        loss=plan.loss,
        optimizer=plan.optimizer,
        epochs=plan.epochs,
        iterations=plan.iterations,
        batch_size=plan.batch_size,
        rng=rng,
        l1=plan.l1,
        l2=plan.l2,
        dropout=plan.dropout,
        validation_data=(dataset.x_test, dataset.y_test) if validated else None,
        early_stopping=plan.early_stopping,
        callbacks=[recorder, Progress(lambda done, total: on_update(done))],
    )
    return recorder.recording()
