"""A neural network, its training, and what is kept of it."""

from __future__ import annotations

from epochreel.nn.callbacks import Callback, Progress, StopTraining, TrainingState
from epochreel.nn.capture import Adaptive, Every, Listed, Spaced
from epochreel.nn.dataset import Dataset, Viewport
from epochreel.nn.datasets import make_dataset
from epochreel.nn.early_stopping import EarlyStopping
from epochreel.nn.errors import EpochreelError, InvalidInputError
from epochreel.nn.history import History
from epochreel.nn.network import Network
from epochreel.nn.optimizers import SGD, Adagrad, Adam, AdamW, Lion, Momentum, Nesterov, RMSprop
from epochreel.nn.racing import train_together
from epochreel.nn.recorder import NetworkRecorder, evaluate
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
    "History",
    "InvalidInputError",
    "Network",
    "ParameterRecording",
    "Progress",
    "NetworkRecorder",
    "Recording",
    "StopTraining",
    "TrainingState",
    "Viewport",
    "evaluate",
    "load_recording",
    "make_dataset",
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
