"""What became of each file of a run: made, up to date, failed, or left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Literal

from epochreel.scenes.film_record import DataRecord, ModelRecord
from epochreel.scenes.loading import SceneFile
from epochreel.scenes.schema import OutputSpec

__all__ = ["Artifact", "Outcome", "Report", "Status"]

Status = Literal["made", "up to date", "failed", "left out"]


@dataclass(frozen=True)
class Artifact:
    """A finished file.

    Attributes
    ----------
    path : Path
    size_px : tuple of int
        Width and height.
    duration_s : float
    frames : int
        Holds included.
    bytes : int
        Length of the file, or of a folder's files in all, linked ones counted once.
    scores : mapping
        Accuracy of each model at its last snapshot, by name; of a regression R².
    score : {"accuracy", "R²"}
        Which of the two.
    split : "test" or "train"
        What that was measured on; the training data where there is no test split.
    notes : tuple of str
        What a viewer should know, such as a training that stopped early, or how a file fits.
    at : str or None
        Which moment a still shows; its duration is 0 s.
    data : DataRecord or None
        What was learned, and `models`: how each training went. Of recordings that were trained
        elsewhere nothing.
    poster : bytes or None
        A PNG that stands for a file that browsers don't show as a picture; only for whoever is told
        of the file at once, not in a :class:`Report`.
    """

    path: Path
    size_px: tuple[int, int]
    duration_s: float
    frames: int
    bytes: int
    scores: Mapping[str, float]
    score: Literal["accuracy", "R²"]
    split: Literal["test", "train"]
    notes: tuple[str, ...] = ()
    at: str | None = None
    data: DataRecord | None = None
    models: tuple[ModelRecord, ...] = ()
    poster: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Outcome:
    """What became of one file.

    Attributes
    ----------
    scene : SceneFile
    output : OutputSpec
    name : PurePosixPath
        Under the output folder, with ``-preview`` where it is one.
    status : "made", "up to date", "failed" or "left out"
        Left out is what wasn't begun, or not finished, when a run stopped early.
    artifact : Artifact or None
        Of a file that is there.
    error : str or None
        Why it failed, in one line.
    seconds : float
        Work on it, wherever that ran. A training that serves several files counts for the first.
    reason : str
        Why it was to be made: ``new``, ``style changed``.
    traceback : str
        Of what nobody had foreseen; else empty.
    """

    scene: SceneFile
    output: OutputSpec
    name: PurePosixPath
    status: Status
    artifact: Artifact | None = None
    error: str | None = None
    seconds: float = 0.0
    reason: str = ""
    traceback: str = ""

    def without_poster(self) -> Outcome:
        """Give what is kept of it: a batch would hold a picture of every file else."""
        if self.artifact is None or self.artifact.poster is None:
            return self
        return replace(self, artifact=replace(self.artifact, poster=None))


@dataclass(frozen=True)
class Report:
    """What became of all files of a run, in the order of the scenes and of their outputs.

    `others` is what went wrong beside them, a line each.
    """

    outcomes: Sequence[Outcome]
    others: tuple[str, ...] = ()

    @property
    def artifacts(self) -> list[Artifact]:
        """The files that are there, made or up to date."""
        return [outcome.artifact for outcome in self.outcomes if outcome.artifact is not None]

    @property
    def failed(self) -> list[Outcome]:
        """The files that failed."""
        return [outcome for outcome in self.outcomes if outcome.status == "failed"]

    @property
    def errors(self) -> list[str]:
        """Why, each once: a training that failed has failed several files."""
        return list(
            dict.fromkeys([*(outcome.error or "" for outcome in self.failed), *self.others])
        )

    @property
    def exit_code(self) -> int:
        """0, or 1 when any failed, or something beside them did."""
        return 1 if self.failed or self.others else 0
