"""A neural network, its training, and what is kept of it."""

from __future__ import annotations

from epochreel.nn.dataset import Dataset, Viewport
from epochreel.nn.errors import EpochreelError, InvalidInputError
from epochreel.nn.recording import FunctionRecording, Recording

__all__ = [
    "Dataset",
    "EpochreelError",
    "FunctionRecording",
    "InvalidInputError",
    "Recording",
    "Viewport",
]
