"""What trains a model: one function per engine, imported on use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Protocol, cast

from epochreel.nn.dataset import Dataset
from epochreel.nn.recording import ParameterRecording
from epochreel.scenes.planning import TrainingPlan

__all__ = ["ENGINES", "MODEL_NAMES", "PACKAGES", "Engine", "load_engine"]

ENGINES: Mapping[str, str] = {
    "numpy": "epochreel.scenes.numpy_engine:train_model",
    "keras": "epochreel.scenes.keras_engine:train_model",
    "torch": "epochreel.scenes.torch_engine:train_model",
    "sklearn": "epochreel.scenes.sklearn_engine:train_model",
}
"""Name → where it lives. What each can't do: :data:`epochreel.scenes.engine_limits.LIMITS`."""

MODEL_NAMES: Mapping[str, str] = {
    "numpy": "NumPy Model",
    "keras": "Keras Model",
    "torch": "PyTorch Model",
    "sklearn": "scikit-learn Model",
}
"""Name → what a model is called that has no name of its own."""

PACKAGES: Mapping[str, tuple[str, str]] = {
    "keras": ("keras", "Keras 3; pip install 'epochreel[keras]'"),
    "torch": ("torch", "PyTorch; pip install 'epochreel[torch]'"),
}
"""Name → the package it needs beside what is always installed, and how to come by it."""


class Engine(Protocol):
    """Train what a plan says, and record it."""

    def __call__(
        self, plan: TrainingPlan, dataset: Dataset, on_update: Callable[[int], None]
    ) -> ParameterRecording:
        """Train.

        Parameters
        ----------
        plan : TrainingPlan
        dataset : Dataset
        on_update : callable
            Handed the number of updates done, a few times a second; may raise to end the training.

        Returns
        -------
        ParameterRecording
            Also of a training that stopped early; it says why.
        """
        ...


def load_engine(name: str) -> Engine:
    """Import an engine by its name in :data:`ENGINES`."""
    module, _, function = ENGINES[name].partition(":")
    return cast("Engine", getattr(import_module(module), function))
