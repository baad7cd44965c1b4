"""Loss and accuracy of a training, computed for many updates at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from epochreel.nn.activations import Array
from epochreel.nn.batches import Batches
from epochreel.nn.callbacks import StopTraining
from epochreel.nn.dataset import FloatArray
from epochreel.nn.losses import Loss
from epochreel.nn.meters import METERS
from epochreel.nn.network import mean_loss

__all__ = ["METRICS", "History", "LossLog", "not_finite"]

BLOCK = 1 << 16
"""Logits kept before losses are computed: 256 kB of float32, which stay in the cache."""


METRICS = ("loss", "accuracy", *METERS)
"""What of a training can be recorded."""


@dataclass(frozen=True, eq=False)
class History:
    """What a training was like.

    Attributes
    ----------
    metrics : mapping
        What was asked for, each an array of float64 with a row for each iteration or epoch:
        ``loss`` and ``accuracy``, (rows,); ``gradient_norm`` and ``update_ratio``, (rows, layers);
        with validation data ``val_loss`` and ``val_accuracy``, (epochs,).

        Loss and accuracy are those before an update. For an epoch of mini-batches they are the mean
        over its samples, each taken just before the update it was part of, as Keras reports them;
        an epoch that isn't finished counts as far as it is. The loss has its penalty in it. What is
        measured of layers is, of an epoch, that of its first update. Validation is after an epoch.
    updates : int
        Updates done.
    epochs : float
        Epochs done.
    seconds : float
        Time it took, callbacks included.
    stopped : str or None
        Why it ended early.
    restored : int or None
        After which update the network was as it is now, if early stopping went back.
    """

    metrics: Mapping[str, FloatArray]
    updates: int
    epochs: float
    seconds: float
    stopped: str | None
    restored: int | None = None

    @property
    def loss(self) -> FloatArray:
        """The loss, (rows,); empty if it wasn't asked for."""
        return self.metrics.get("loss", np.empty(0))

    @property
    def accuracy(self) -> FloatArray:
        """The accuracy, (rows,); empty if it wasn't asked for."""
        return self.metrics.get("accuracy", np.empty(0))


def not_finite(update: int) -> str:
    """Say that a training diverged."""
    return f"loss is not finite at update {update}"


class LossLog:
    """Keeps the logits of whole epochs, and computes what they say of the loss now and then.

    Parameters
    ----------
    loss : Loss
    batches : Batches
    epochs : int
        Rows to expect.
    costs : list of float
        What the parameters cost at each update so far, where there is a penalty.
    each_batch : bool
        Give a row for each batch, instead of for each epoch.
    """

    def __init__(
        self, loss: Loss, batches: Batches, epochs: int, costs: list[float], *, each_batch: bool
    ) -> None:
        outputs, samples = batches.y.shape
        rows = max(1, min(epochs, BLOCK // (samples * outputs)))
        self._loss, self._batches, self._costs = loss, batches, costs
        self._logits = np.empty((rows, outputs, samples), batches.y.dtype)
        self._y = np.empty_like(self._logits)
        weights = batches.weights
        self._weights = None if weights is None else np.empty((rows, samples), weights.dtype)
        self._each_batch = each_batch
        self._rows = 0  # begun and not yet computed
        self._losses: list[FloatArray] = []
        self._accuracies: list[FloatArray] = []
        self._epochs = 0
        self.not_finite_at: int | None = None
        """After which update the loss was not finite; known only once it was computed."""

    def next_row(self) -> Array:
        """Begin an epoch.

        Returns
        -------
        (outputs, samples) array
            Where its logits are to be written.

        Raises
        ------
        StopTraining
            If a loss that was computed now isn't finite.
        """
        if self._rows == len(self._logits):
            self._empty()
        self._y[self._rows] = self._batches.y
        if self._weights is not None:
            self._weights[self._rows] = self._batches.weights
        self._rows += 1
        return self._logits[self._rows - 1]

    def latest(self) -> tuple[float, float]:
        """Compute loss and accuracy of the epoch that has just been finished.

        Raises
        ------
        StopTraining
            If its loss isn't finite.
        """
        self._empty()
        batches = len(self._batches.batches) if self._each_batch else 1
        shares = self._batches.sizes / self._batches.sizes.sum() if batches > 1 else np.ones(1)
        loss, accuracy = self._losses[-1][-batches:], self._accuracies[-1][-batches:]
        return float(loss @ shares), float(accuracy @ shares)

    def _empty(self) -> None:
        self._compute(self._rows)
        self._rows = 0
        if self.not_finite_at is not None:
            raise StopTraining(not_finite(self.not_finite_at))

    def finish(self, iterations: int) -> dict[str, FloatArray]:
        """Compute what is left.

        Parameters
        ----------
        iterations : int
            Updates of the whole training; those of an epoch that isn't finished make the last row.

        Returns
        -------
        dict
            ``loss`` and ``accuracy``, (rows,) arrays of float64 up to the last finite loss.
        """
        epochs, batches = divmod(iterations, len(self._batches.batches))
        whole = epochs - self._epochs
        self._compute(whole)
        if batches:
            self._compute(whole + 1, whole, batches)
        nothing = np.empty(0)
        return {
            "loss": np.concatenate([nothing, *self._losses]),
            "accuracy": np.concatenate([nothing, *self._accuracies]),
        }

    def _compute(self, stop: int, start: int = 0, batches: int | None = None) -> None:
        """Compute some epochs, of the last perhaps only some batches."""
        if self.not_finite_at is not None or start == stop:
            return
        sizes, per_epoch = self._batches.sizes[:batches], len(self._batches.batches)
        edges = np.concatenate([[0], np.cumsum(sizes)])
        if not self._each_batch:
            edges = edges[[0, -1]]
        losses, accuracies = np.empty((2, stop - start, len(edges) - 1))
        for column in range(len(edges) - 1):
            seen = slice(edges[column], edges[column + 1])
            weights = None if self._weights is None else self._weights[start:stop, seen]
            losses[:, column], accuracies[:, column] = mean_loss(
                self._loss, self._logits[start:stop, :, seen], self._y[start:stop, :, seen], weights
            )
        if self._costs:
            first = self._epochs * per_epoch
            count = (stop - start) * len(sizes)
            costs = np.reshape(self._costs[first : first + count], (stop - start, len(sizes)))
            losses += costs if self._each_batch else (costs @ sizes / sizes.sum())[:, None]
        flat = losses.ravel()
        finite = np.isfinite(flat)
        rows = len(flat) if finite.all() else int(finite.argmin())
        self._losses.append(flat[:rows])
        self._accuracies.append(accuracies.ravel()[:rows])
        if rows == len(flat):
            self._epochs += stop - start
        else:
            epoch = rows // losses.shape[1]
            batch = self._first_bad(start + epoch, int(edges[-1]))
            self.not_finite_at = (self._epochs + epoch) * per_epoch + batch

    def _first_bad(self, row: int, seen: int) -> int:
        """Find the first batch of an epoch that has a sample without a finite loss."""
        logits, y = self._logits[row, :, :seen], self._y[row, :, :seen]
        return int(np.isfinite(self._loss.values(logits, y)).argmin()) // self._batches.size
