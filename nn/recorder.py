"""The callback that turns a training into a recording."""

from __future__ import annotations

import numpy as np

from epochreel.nn.architecture import Architecture
from epochreel.nn.callbacks import Callback, TrainingState
from epochreel.nn.capture import Adaptive, Capture, Every, Path
from epochreel.nn.dataset import Dataset, IntArray
from epochreel.nn.errors import (
    InvalidInputError,
    RecordingError,
    look_up,
    unknown_name,
    whole_number,
)
from epochreel.nn.losses import LOSSES, make_loss
from epochreel.nn.measuring import evaluate, gradient_norms, learning_rates, measure
from epochreel.nn.recording import Link, ParameterRecording, Unit
from epochreel.nn.schedules import Rate

__all__ = ["NetworkRecorder", "evaluate"]


class NetworkRecorder(Callback):
    """Keeps the parameters of some updates, always of the untrained network and of the last update.

    During training it only copies; metrics are computed when the recording is asked for.

    Parameters
    ----------
    name : str
        What the model is to be called.
    dataset : Dataset
        What it learns from, and is measured on.
    every : int
        A snapshot is kept every so many updates or epochs.
    capture : Every, Listed, Spaced or Adaptive, optional
        Which snapshots are kept, instead of ``every``.
    unit : "update" or "epoch"
        What these count, and a film's counter.
    loss : str
        A name of :data:`epochreel.nn.losses.LOSSES`, for the metrics.
    gradient_norm : bool
        Record the norm of the gradient of the full training loss; see
        :func:`~epochreel.nn.measuring.gradient_norms`.
    learning_rate : float or Schedule, optional
        Record what this gives for the update that follows on each snapshot.

    Raises
    ------
    InvalidInputError
        When a training begins, also for a network whose outputs say nothing of what is learned:
        a linear one under the mean squared error for classes, any other for a regression.
    """

    def __init__(
        self,
        name: str,
        dataset: Dataset,
        *,
        every: int = 50,
        capture: Capture | None = None,
        unit: Unit = "update",
        loss: str = "binary_crossentropy",
        gradient_norm: bool = False,
        learning_rate: Rate | None = None,
    ) -> None:
        if unit not in ("update", "epoch"):
            raise unknown_name("unit", unit, ("update", "epoch"))
        self._name, self._dataset = name, dataset
        self._capture: Capture = capture or Every(whole_number("every", every))
        self._unit: Unit = unit
        look_up("loss", loss, LOSSES)
        self._loss = loss
        self._gradient_norm, self._learning_rate = gradient_norm, learning_rate
        # back to the hook that does nothing, which isn't called: 1 % of an epoch of 29 batches
        if unit == "epoch":
            self.on_iteration_end = super().on_iteration_end
        else:
            self.on_epoch_end = super().on_epoch_end
        self._stopped: str | None = None
        self._count = 0

    def on_train_begin(self, state: TrainingState) -> None:
        """Make room for all snapshots, and take the untrained one."""
        self._architecture: Architecture = state.network.architecture
        self._link: Link = _link(self._loss, self._architecture, self._dataset)
        per_unit = state.iterations_per_epoch if self._unit == "epoch" else 1
        total = -(-state.total_iterations // per_unit)
        self._path: Path | None = None
        if isinstance(self._capture, Adaptive):
            self._path = Path(self._capture.count)
            due = self._capture.visits(total)
            room = min(self._path.room, len(due))
        else:
            due = self._capture.due(total)
            room = len(due)
        self._schedule: list[int] = np.minimum(due * per_unit, state.total_iterations).tolist()
        room += 1  # for the last update of a training that ends early
        self._parameters = np.empty((room, len(state.parameters)), np.float32)
        self._updates = np.empty(room, np.int64)
        self._epochs = np.empty(room)
        self._seconds = np.empty(room)
        self._count, self._next, self._stopped = 0, 0, None
        self._visit(state)

    def on_iteration_end(self, state: TrainingState) -> None:
        """Take a snapshot if one is due."""
        if state.iteration == self._due:
            self._visit(state)

    def on_epoch_end(self, state: TrainingState) -> None:
        """Take a snapshot if one is due."""
        if state.iteration == self._due:
            self._visit(state)

    def on_train_end(self, state: TrainingState) -> None:
        """Take the last update, unless it was taken."""
        self._stopped = state.stopped
        if state.iteration > self._updates[self._count - 1]:
            self._take(state)
            if self._path is not None:
                self._path.end(state.parameters, state.iteration)
        if self._path is not None:
            self._keep(self._path.thin())

    def _visit(self, state: TrainingState) -> None:
        """Do what is due, and settle when the next is."""
        self._next += 1
        self._due = self._schedule[self._next] if self._next < len(self._schedule) else -1
        if self._path is None:
            self._take(state)
        elif self._path.step(state.parameters, state.iteration):
            self._take(state)
            if self._path.full:
                self._keep(self._path.thin())

    def _take(self, state: TrainingState) -> None:
        count = self._count
        self._parameters[count] = state.parameters
        self._updates[count] = state.iteration
        self._epochs[count] = state.epoch
        self._seconds[count] = state.seconds
        self._count += 1

    def _keep(self, chosen: IntArray) -> None:
        self._count = len(chosen)
        for rows in (self._parameters, self._updates, self._epochs, self._seconds):
            rows[: self._count] = rows[chosen]

    def recording(self) -> ParameterRecording:
        """Evaluate the snapshots, and hand them over.

        Returns
        -------
        ParameterRecording
            Of a training that diverged, up to the last snapshot with a finite loss.

        Raises
        ------
        RecordingError
            Before a training, or if even the untrained network has no finite loss.
        """
        if not self._count:
            raise RecordingError(f"{self._name}: can't be recorded before it is trained")
        metrics = measure(
            self._architecture, self._parameters[: self._count], self._dataset, self._loss
        )
        finite = np.isfinite(self._parameters[: self._count]).all(axis=1)
        for values in metrics.values():
            finite &= np.isfinite(values)
        count = self._count if finite.all() else int(finite.argmin())
        if not count:
            raise RecordingError(f"{self._name}: has no finite loss even before it is trained")
        kept = self._parameters[:count]
        if self._gradient_norm:
            metrics["gradient_norm"] = gradient_norms(
                self._architecture, kept, self._dataset, self._loss
            )
        if self._learning_rate is not None:
            metrics["learning_rate"] = learning_rates(self._learning_rate, self._updates[:count])
        return ParameterRecording(
            name=self._name,
            dataset=self._dataset,
            updates=self._updates[:count],
            epochs=self._epochs[:count],
            seconds=self._seconds[:count],
            unit=self._unit,
            metrics={key: values[:count] for key, values in metrics.items()},
            stopped=self._stopped,
            link=self._link,
            architecture=self._architecture,
            parameters=kept,
        )


def _link(name: str, architecture: Architecture, dataset: Dataset) -> Link:
    """Say what turns logits into something like probabilities, or into numbers.

    A hinge's score has none; but its sign, or which is the greatest, is the class, as of logits.
    """
    last = architecture[-1]
    make_loss(name, last.activation, last.output_dim)
    linear = name == "mean_squared_error" and last.activation == "linear"
    if dataset.task == "regression":
        if not linear or last.output_dim != 1:
            raise InvalidInputError(
                "network: must end in 1 linear unit under mean_squared_error to learn a "
                f"regression, got {last.output_dim} of {last.activation} under {name}"
            )
        return "identity"
    if linear:
        raise InvalidInputError(
            "network: must end in sigmoid or softmax units to be recorded, got linear ones"
        )
    link: Link = "sigmoid" if last.output_dim == 1 else "softmax"
    return link
