"""Where recordings are kept for another run: nowhere, unless somebody says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Protocol

from epochreel.nn.dataset import Dataset
from epochreel.nn.grid_recording import GridRecording
from epochreel.nn.recording import ParameterRecording, Recording
from epochreel.scenes.data_spec import DataSpec
from epochreel.scenes.model_spec import ModelSpec

__all__ = ["NullStore", "RecordingStore", "as_named"]


class RecordingStore(Protocol):
    """Keeps recordings by what they came from. None of its methods raises for a user's disk.

    `alone` says that the seconds of a training are shown: nothing else may have run beside it.
    """

    def key(self, data: DataSpec, model: ModelSpec, measures: tuple[str, ...] = ()) -> str:
        """Name what a recording of this training depends on: equal keys, equal recordings.

        Empty where nothing is kept.
        """
        ...

    def find(self, plan_key: str, *, alone: bool = False) -> Recording | None:
        """Give a recording that was kept, if it is there and whole; its model may have any name."""
        ...

    def path_for(self, plan_key: str, *, alone: bool = False) -> Path | None:
        """Say in which file a worker is to leave a recording; none where it hands it over."""
        ...

    def keep(self, plan_key: str, recording: Recording, *, alone: bool = False) -> None:
        """Keep a recording, which a worker may have left in its file."""
        ...

    def drop(self, plan_key: str, *, alone: bool = False) -> None:
        """Forget a recording that this run needs no more; what is kept for others stays."""
        ...


class NullStore:
    """Keeps nothing."""

    def key(self, data: DataSpec, model: ModelSpec, measures: tuple[str, ...] = ()) -> str:
        """Name nothing."""
        return ""

    def find(self, plan_key: str, *, alone: bool = False) -> Recording | None:
        """Find nothing."""
        return None

    def path_for(self, plan_key: str, *, alone: bool = False) -> Path | None:
        """Want no file."""
        return None

    def keep(self, plan_key: str, recording: Recording, *, alone: bool = False) -> None:
        """Forget."""

    def drop(self, plan_key: str, *, alone: bool = False) -> None:
        """Have nothing to forget."""


def as_named(recording: Recording, name: str, dataset: Dataset) -> Recording:
    """Show a recording as a scene does that may call its model otherwise, and look elsewhere.

    Equal trainings are one, whatever they are called and what of the plane is shown.
    """
    if not isinstance(recording, ParameterRecording | GridRecording):
        return recording
    shown = recording.dataset
    if shown.viewport == dataset.viewport and shown.name == dataset.name:
        dataset = shown
    if recording.name == name and dataset is shown:
        return recording
    return replace(recording, name=name, dataset=dataset)
