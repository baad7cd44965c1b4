"""A neural network, its training, and what is kept of it."""

from __future__ import annotations

from typing import Any

from epochreel.nn import recorders
from epochreel.nn.callbacks import Callback, Progress, StopTraining, TrainingState
from epochreel.nn.capture import Adaptive, Every, Listed, Spaced
from epochreel.nn.dataset import Dataset, Target, Viewport
from epochreel.nn.datasets import make_dataset
from epochreel.nn.early_stopping import EarlyStopping
from epochreel.nn.errors import EpochreelError, InvalidInputError
from epochreel.nn.grid_recording import Grid, GridRecording
from epochreel.nn.history import History
from epochreel.nn.network import Network
from epochreel.nn.optimizers import SGD, Adagrad, Adam, AdamW, Lion, Momentum, Nesterov, RMSprop
from epochreel.nn.racing import train_together
from epochreel.nn.recorder import NetworkRecorder, evaluate
from epochreel.nn.recorders.base import Recorder
from epochreel.nn.recording import FunctionRecording, ParameterRecording, Recording
from epochreel.nn.recording_file import load_recording
from epochreel.nn.schedules import (
    Constant,
    CosineDecay,
    ExponentialDecay,
    PiecewiseConstant,
    StepDecay,
    WarmUp,
)
from epochreel.nn.step_arrays import activation_curves, step_arrays
from epochreel.nn.training import train

__all__ = [
    "SGD",
    "Adaptive",
    "Callback",
    "Dataset",
    "EarlyStopping",
    "EpochreelError",
    "Every",
    "FunctionRecording",
    "Grid",
    "GridRecording",
    "History",
    "InvalidInputError",
    "Network",
    "ParameterRecording",
    "Progress",
    "NetworkRecorder",
    "Recorder",
    "Recording",
    "StopTraining",
    "Target",
    "TrainingState",
    "Viewport",
    "activation_curves",
    "evaluate",
    "load_recording",
    "make_dataset",
    "step_arrays",
    "train",
    "train_together",
    "Adagrad",
    "Adam",
    "AdamW",
    "Lion",
    "Listed",
    "Momentum",
    "Nesterov",
    "RMSprop",
    "Constant",
    "CosineDecay",
    "ExponentialDecay",
    "PiecewiseConstant",
    "Spaced",
    "StepDecay",
    "WarmUp",
]


def __getattr__(name: str) -> Any:
    # recorders that need a framework, imported on use
    if name not in recorders.RECORDERS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(recorders, name)
