"""Where recordings are kept for another run: nowhere, unless somebody says so."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from epochreel.nn.recording import Recording
from epochreel.scenes.data_spec import DataSpec
from epochreel.scenes.model_spec import ModelSpec

__all__ = ["NullStore", "RecordingStore"]


class RecordingStore(Protocol):
    """Keeps recordings by what they came from. None of its methods raises for a user's disk."""

    def key(self, data: DataSpec, model: ModelSpec) -> str:
        """Name what a recording of this training depends on: equal keys, equal recordings."""
        ...

    def find(self, plan_key: str) -> Recording | None:
        """Give a recording that was kept, if it is there and whole."""
        ...

    def keep(self, plan_key: str, recording: Recording) -> None:
        """Keep a recording."""
        ...

    def path_for(self, plan_key: str) -> Path | None:
        """Say in which file a worker may leave a recording; nowhere where nothing is kept."""
        ...


class NullStore:
    """Keeps nothing."""

    def key(self, data: DataSpec, model: ModelSpec) -> str:
        """Name nothing."""
        return ""

    def find(self, plan_key: str) -> Recording | None:
        """Find nothing."""
        return None

    def keep(self, plan_key: str, recording: Recording) -> None:
        """Forget."""

    def path_for(self, plan_key: str) -> Path | None:
        """Want no file."""
        return None
