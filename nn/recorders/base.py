"""A recorder for any training: it is told now and then, and writes a file that grows."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from math import nan
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from epochreel.nn.architecture import LayerSpec
from epochreel.nn.dataset import Dataset, Viewport
from epochreel.nn.errors import (
    InvalidInputError,
    OutputError,
    RecordingError,
    look_up,
    unknown_name,
    whole_number,
)
from epochreel.nn.grid_recording import OUTPUTS
from epochreel.nn.losses import LOSSES
from epochreel.nn.measuring import measure, splits, usual_loss
from epochreel.nn.recorders.kinds import GridKind, ParameterKind, Predict, SnapshotKind
from epochreel.nn.recorders.samples import Samples, as_dataset
from epochreel.nn.recording import Provenance, Unit
from epochreel.nn.recording_file import (
    METRICS,
    REPORTED,
    ROWS,
    UNMEASURED,
    SavedRecording,
    load_recording,
)
from epochreel.nn.recording_header import dataset_arrays, make_header
from epochreel.nn.recording_writer import RecordingWriter

__all__ = ["Recorder"]

KEYS = {
    "loss": "train_loss",
    "accuracy": "train_accuracy",
    "val_loss": "test_loss",
    "val_accuracy": "test_accuracy",
}
"""What a framework reports → the metric that it is."""

UNFINISHED = "still running, or killed"


class Recorder:
    """Writes snapshots of any training into a file, which is a whole recording at every moment.

    >>> with Recorder("run.reel", data=(X, y)) as recorder:
    ...     for step in range(1000):
    ...         train_step()
    ...         recorder.capture(step + 1, predict=model)

    Parameters
    ----------
    path : path
        What stands there is replaced by the first capture.
    name : str
        What the model is to be called.
    data, test_data : (X, y), optional
        The points of the film, and what metrics are measured on: X (samples, features); y whole
        numbers from 0, or one column for each class.
    feature_names, class_names : sequence of str, optional
    viewport : Viewport or (x_min, x_max, y_min, y_max), optional
        What of the plane is filmed; by default the range of the samples and a margin.
    resolution : (int, int)
        Columns and rows of the grid over the viewport, for models that are captured by their
        predictions; it goes on for a twentieth of that beyond each side.
    unit : "update" or "epoch"
        What a film's counter counts.
    loss : str, optional
        A name of :data:`epochreel.nn.losses.LOSSES`, for metrics that are measured from parameters;
        by default the cross-entropy that goes with the outputs.
    outputs : "probabilities" or "logits"
        What ``predict`` gives.
    provenance : mapping, optional
        Where it comes from, such as ``{"seed": 2}``; the script's name and versions are added.

    Raises
    ------
    InvalidInputError
        For what can't be so, at once.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        name: str = "Model",
        data: Samples | None = None,
        test_data: Samples | None = None,
        feature_names: Sequence[str] | None = None,
        class_names: Sequence[str] | None = None,
        viewport: Viewport | tuple[float, float, float, float] | None = None,
        resolution: tuple[int, int] = (240, 180),
        unit: Unit = "update",
        loss: str | None = None,
        outputs: Literal["probabilities", "logits"] = "probabilities",
        provenance: Provenance | None = None,
    ) -> None:
        self._path = Path(path).absolute()
        if not self._path.parent.is_dir() or self._path.is_dir():
            raise InvalidInputError(
                f"path: must be a file in a folder that is there, got {str(path)!r}"
            )
        if unit not in ("update", "epoch"):
            raise unknown_name("unit", unit, ("update", "epoch"))
        if outputs not in OUTPUTS:
            raise unknown_name("outputs", outputs, OUTPUTS)
        if loss is not None:
            look_up("loss", loss, LOSSES)
        self._name, self._loss, self._outputs = name, loss, outputs
        self._unit: Unit = unit
        self._resolution = _resolution(resolution)
        self._known: dict[str, Any] = {
            "train": data,
            "test": test_data,
            "feature_names": None if feature_names is None else tuple(feature_names),
            "class_names": None if class_names is None else tuple(class_names),
            "viewport": Viewport(*viewport) if isinstance(viewport, tuple) else viewport,
        }
        self._dataset = as_dataset(**self._known)
        script = Path(sys.argv[0]).name if sys.argv else ""
        self._provenance = {**({"script": script} if script else {}), **(provenance or {})}
        self._kind: SnapshotKind | None = None
        self._writer: RecordingWriter | None = None
        self._series: dict[str, list[float]] = {"updates": [], "epochs": [], "seconds": []}
        self._stopped: str | None = UNFINISHED
        self._ended: str | None = None  # why nothing is taken any more
        self._closed = False
        self.begin()

    def begin(self) -> None:
        """Let the time of the training begin now, rather than when this was made."""
        self._began = monotonic()
        self.overhead_s = 0.0
        """Seconds spent in here since then; they are no part of the training's."""

    def __enter__(self) -> Self:
        """Begin."""
        self.begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file; an error that ends the training is told in it."""
        self.close(stopped=None if kind is None else kind.__name__)

    def capture(
        self,
        update: int,
        *,
        parameters: ArrayLike | None = None,
        architecture: Sequence[LayerSpec] | None = None,
        predict: Predict | None = None,
        epoch: float | None = None,
        seconds: float | None = None,
        **reported: float,
    ) -> None:
        """Take a snapshot.

        Parameters
        ----------
        update : int
            Updates done; 0 is untrained. More each time.
        parameters : (parameters,) array of float32
            Of a network of dense layers, as :attr:`Network.flat` has them.
        architecture : sequence of LayerSpec
            Goes with the parameters; the same each time.
        predict : callable
            Instead of the two: takes points, (points, 2) of float32, gives the probability of class
            1, (points,) or (points, 1), or one column for each class.
        epoch : float, optional
            Epochs done; by default as many as at the capture before.
        seconds : float, optional
            Time of training so far; by default since the beginning, less that spent in here.
        **reported : float
            ``loss``, ``accuracy``, ``val_loss``, ``val_accuracy`` as the framework reports them;
            for the film where they can't be measured.

        Raises
        ------
        InvalidInputError
        RecordingError
            After it was closed.
        OutputError
            If nothing at all can be written there. If that fails later, it is a warning, and the
            recording ends; the training needn't.
        """
        entered = monotonic()
        try:
            if self._closed:
                raise RecordingError(f"{self._path}: is closed; nothing can be captured any more")
            if self._ended is None:
                at = entered - self._began - self.overhead_s if seconds is None else seconds
                row = self._take(update, parameters, architecture, predict, epoch, at, reported)
                if row is not None and self._kind is not None:
                    self._write(self._kind, row)
        finally:
            self.overhead_s += monotonic() - entered

    def close(self, stopped: str | None = None) -> None:
        """Measure what wasn't yet, and finish the file. Closing again does nothing.

        Parameters
        ----------
        stopped : str, optional
            Why the training ended early.
        """
        if self._closed:
            return
        self._closed = True
        if self._writer is None or self._kind is None:
            return
        if isinstance(self._kind, ParameterKind):
            self._writer.flush()
            measured = measure(
                self._kind.architecture, self._writer.rows(), self._dataset, self._loss or ""
            )
            self._series |= {METRICS + key: list(values) for key, values in measured.items()}
        self._stopped = self._ended or stopped
        self._writer.close()
        self._writer = None

    def recording(self) -> SavedRecording:
        """Load what was recorded, once it is closed.

        Raises
        ------
        RecordingError
            Before that, and if nothing was captured.
        """
        if not self._closed:
            raise RecordingError(f"{self._path}: must be closed before it is a recording")
        if self._kind is None or not self._series["updates"]:
            why = f": {self._ended}" if self._ended else ""
            raise RecordingError(f"{self._path}: nothing was captured{why}")
        return load_recording(self._path)

    @property
    def dataset(self) -> Dataset:
        """The samples, as far as they are known."""
        return self._dataset

    def _take(
        self,
        update: int,
        parameters: ArrayLike | None,
        architecture: Sequence[LayerSpec] | None,
        predict: Predict | None,
        epoch: float | None,
        seconds: float,
        reported: Mapping[str, float],
    ) -> NDArray[np.float32] | None:
        """Check everything, then note all but the row; none if the training has diverged."""
        updates = self._series["updates"]
        number = whole_number("update", update, 0)
        if updates and number <= updates[-1]:
            raise InvalidInputError(
                f"update: must be greater than {updates[-1]}, that of the capture before, "
                f"got {number}"
            )
        for key in reported:
            if key not in KEYS:
                raise unknown_name("capture", key, KEYS)
        if (parameters is None) == (predict is None):
            raise InvalidInputError(
                "capture: must be given either parameters, with their architecture, or predict"
            )
        kind = self._kind or self._make_kind(architecture)
        given: Any = predict if isinstance(kind, GridKind) else parameters
        if given is None:
            raise InvalidInputError("capture: must be given the same kind of thing each time")
        if isinstance(kind, ParameterKind) and tuple(architecture or ()) != kind.architecture:
            raise InvalidInputError("architecture: must be given, the same each time")
        row = kind.take(given)
        if self._kind is None:
            features = kind.architecture[0].input_dim if isinstance(kind, ParameterKind) else 2
            self._dataset = as_dataset(**self._known, features=features, classes=kind.outputs)
            self._loss = self._loss or usual_loss(kind.outputs)
            kind.check(self._dataset, self._loss)
        if not np.isfinite(row).all():
            what = "parameters" if isinstance(kind, ParameterKind) else "predictions"
            self._ended = f"{what} are not finite at update {number}"
            return None
        measured = kind.measure(given, self._dataset)
        self._kind = kind
        before = self._series["epochs"][-1] if updates else 0.0
        self._note("updates", number)
        self._note("epochs", before if epoch is None else float(epoch))
        self._note("seconds", float(seconds))
        for key, value in measured.items():
            self._note(METRICS + key, value)
        for key, value in reported.items():
            self._note(REPORTED + KEYS[key], float(value))
        return row

    def _make_kind(self, architecture: Sequence[LayerSpec] | None) -> SnapshotKind:
        if architecture is not None:
            return ParameterKind(architecture)
        if self._known["viewport"] is None and not splits(self._dataset):
            raise InvalidInputError("viewport: must be given where there is no data")
        return GridKind(self._dataset.viewport, self._resolution, self._outputs)

    def _note(self, name: str, value: float) -> None:
        """Note a number of the present snapshot; where there was none before, there is NaN."""
        series = self._series.setdefault(name, [])
        present = len(self._series["updates"]) - (name != "updates")
        series.extend([nan] * (present - len(series)))
        series.append(value)

    def _write(self, kind: SnapshotKind, row: NDArray[np.float32]) -> None:
        first = self._writer is None
        if self._writer is None:
            self._writer = self._open(kind)
        try:
            self._writer.append(row)
        except OutputError as err:
            self._writer, self._ended = None, str(err)
            if first:
                self._series = {"updates": []}
                raise
            warnings.warn(
                f"{err}; the recording ends there, the training goes on", RuntimeWarning, 4
            )

    def _open(self, kind: SnapshotKind) -> RecordingWriter:
        entry = kind.entry()
        self._header = make_header(
            entry,
            name=self._name,
            dataset=self._dataset,
            unit=self._unit,
            link="sigmoid" if kind.outputs == 1 else "softmax",
            stopped=None,
            provenance=self._provenance,
        )
        fixed = dataset_arrays(self._dataset)
        return RecordingWriter(self._path, ROWS[entry["kind"]], kind.row, fixed, self._describe)

    def _describe(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Say all of the file but its rows, as it is now."""
        count = len(self._series["updates"])
        for series in self._series.values():
            series.extend([nan] * (count - len(series)))
        arrays = {
            name: np.array(values, np.int64 if name == "updates" else np.float64)
            for name, values in self._series.items()
        }
        header = {**self._header, "stopped": self._stopped}
        if self._stopped == UNFINISHED and isinstance(self._kind, ParameterKind):
            header[UNMEASURED] = self._loss
        return header, arrays


def _resolution(given: tuple[int, int]) -> tuple[int, int]:
    try:
        columns, rows = given
    except (TypeError, ValueError):
        raise InvalidInputError(
            f"resolution: must be two numbers, columns and rows, got {given!r}"
        ) from None
    return whole_number("resolution", columns, 2), whole_number("resolution", rows, 2)
