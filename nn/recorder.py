"""The callback that turns a training into a recording."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from epochreel.nn.architecture import Architecture
from epochreel.nn.callbacks import Callback, TrainingState
from epochreel.nn.dataset import Dataset, FloatArray, IntArray
from epochreel.nn.errors import RecordingError, unknown_name, whole_number
from epochreel.nn.losses import make_loss
from epochreel.nn.network import Network, mean_loss
from epochreel.nn.recording import ParameterRecording, Unit

__all__ = ["Recorder", "evaluate"]


class Recorder(Callback):
    """Keeps the parameters of some updates: the untrained ones, every so many, and the last.

    During training it only copies; metrics are computed when the recording is asked for.

    Parameters
    ----------
    name : str
        What the model is to be called.
    dataset : Dataset
        What it learns from, and is measured on.
    every : int
        A snapshot is kept every so many updates or epochs.
    unit : "update" or "epoch"

    Raises
    ------
    InvalidInputError
    """

    def __init__(
        self, name: str, dataset: Dataset, *, every: int = 50, unit: Unit = "update"
    ) -> None:
        if unit not in ("update", "epoch"):
            raise unknown_name("unit", unit, ("update", "epoch"))
        self._name, self._dataset = name, dataset
        self._every = whole_number("every", every)
        self._unit: Unit = unit
        # back to the hook that does nothing, which isn't called: 1 % of an epoch of 29 batches
        if unit == "epoch":
            self.on_iteration_end = super().on_iteration_end
        else:
            self.on_epoch_end = super().on_epoch_end
        self._stopped: str | None = None
        self._count = 0

    def on_train_begin(self, state: TrainingState) -> None:
        """Make room for all snapshots, and take the untrained one."""
        per_unit = state.iterations_per_epoch if self._unit == "epoch" else 1
        self._step = self._every * per_unit
        snapshots = 1 + -(-state.total_iterations // self._step)
        self._architecture: Architecture = state.network.architecture
        self._parameters = np.empty((snapshots, len(state.parameters)), np.float32)
        self._updates = np.empty(snapshots, np.int64)
        self._epochs = np.empty(snapshots)
        self._seconds = np.empty(snapshots)
        self._count, self._stopped = 0, None
        self._take(state)

    def on_iteration_end(self, state: TrainingState) -> None:
        """Take a snapshot if one is due."""
        if state.iteration == self._due:
            self._take(state)

    def on_epoch_end(self, state: TrainingState) -> None:
        """Take a snapshot if one is due."""
        if state.iteration == self._due:
            self._take(state)

    def on_train_end(self, state: TrainingState) -> None:
        """Take the last update, unless it was taken."""
        self._stopped = state.stopped
        if state.iteration > self._updates[self._count - 1]:
            self._take(state)

    def _take(self, state: TrainingState) -> None:
        count = self._count
        self._parameters[count] = state.parameters
        self._updates[count] = state.iteration
        self._epochs[count] = state.epoch
        self._seconds[count] = state.seconds
        self._due = (state.iteration // self._step + 1) * self._step
        self._count += 1

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
        metrics = self._evaluate(self._parameters[: self._count])
        finite = np.isfinite(self._parameters[: self._count]).all(axis=1)
        for values in metrics.values():
            finite &= np.isfinite(values)
        count = self._count if finite.all() else int(finite.argmin())
        if not count:
            raise RecordingError(f"{self._name}: has no finite loss even before it is trained")
        return ParameterRecording(
            name=self._name,
            dataset=self._dataset,
            updates=self._updates[:count],
            epochs=self._epochs[:count],
            seconds=self._seconds[:count],
            unit=self._unit,
            metrics={key: values[:count] for key, values in metrics.items()},
            stopped=self._stopped,
            architecture=self._architecture,
            parameters=self._parameters[:count],
        )

    def _evaluate(self, parameters: NDArray[np.float32]) -> dict[str, FloatArray]:
        data = self._dataset
        splits = {"train": (data.x_train, data.y_train), "test": (data.x_test, data.y_test)}
        splits = {name: split for name, split in splits.items() if len(split[1])}
        metrics = {
            f"{split}_{metric}": np.empty(len(parameters))
            for split in splits
            for metric in ("loss", "accuracy")
        }
        network = Network.from_vector(self._architecture, np.empty_like(parameters[0]))
        for index, snapshot in enumerate(parameters):
            np.copyto(network.flat, snapshot)
            for split, (x, y) in splits.items():
                loss, accuracy = evaluate(network, x, y)
                metrics[f"{split}_loss"][index] = loss
                metrics[f"{split}_accuracy"][index] = accuracy
        return metrics


def evaluate(
    network: Network, x: FloatArray, y: IntArray, loss: str = "binary_crossentropy"
) -> tuple[float, float]:
    """Compute the mean loss, without penalties, and the accuracy over some samples.

    Parameters
    ----------
    network : Network
    x : (samples, inputs) array
    y : (samples,) array
        The class of each, from 0.
    loss : str
        A name of :data:`epochreel.nn.losses.LOSSES`.

    Returns
    -------
    loss, accuracy : float
        Computed in float64 from the network's own logits.
    """
    last = network.architecture[-1]
    kind = make_loss(loss, last.activation, last.output_dim)
    logits = network.logits(x).T.astype(np.float64)  # (outputs, samples)
    with np.errstate(all="ignore"):
        value, accuracy = mean_loss(kind, logits[None], kind.encode(y, last.output_dim)[None])
    return float(value[0]), float(accuracy[0])
