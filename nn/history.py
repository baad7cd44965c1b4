"""Loss and accuracy of a training, computed for many updates at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from epochreel.nn.activations import Array
from epochreel.nn.batches import Batches
from epochreel.nn.callbacks import StopTraining
from epochreel.nn.dataset import FloatArray
from epochreel.nn.losses import Loss
from epochreel.nn.network import mean_loss

__all__ = ["History", "LossLog", "not_finite"]

BLOCK = 1 << 16
"""Logits kept before losses are computed: 256 kB of float32, which stay in the cache."""


@dataclass(frozen=True, eq=False)
class History:
    """What a training was like.

    Attributes
    ----------
    loss, accuracy : (rows,) array of float64
        Of full batches a row is an iteration, its values those before its update. Of mini-batches
        a row is an epoch, its values the mean over its samples, each taken just before the update
        it was part of, as Keras reports them; an epoch that isn't finished counts as far as it is.
    updates : int
        Updates done.
    epochs : float
        Epochs done.
    seconds : float
        Time it took, callbacks included.
    stopped : str or None
        Why it ended early.
    """

    loss: FloatArray
    accuracy: FloatArray
    updates: int
    epochs: float
    seconds: float
    stopped: str | None


def not_finite(update: int) -> str:
    """Say that a training diverged."""
    return f"loss is not finite at update {update}"


class LossLog:
    """Keeps the logits of whole epochs, and computes what they say of the loss now and then.

    Parameters
    ----------
    loss : subclass of Loss
    batches : Batches
    epochs : int
        Rows to expect.
    """

    def __init__(self, loss: type[Loss], batches: Batches, epochs: int) -> None:
        samples = len(batches.y)
        rows = max(1, min(epochs, BLOCK // samples))
        self._loss, self._batches = loss, batches
        self._logits = np.empty((rows, samples), batches.y.dtype)
        self._y = np.empty_like(self._logits)
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
        (samples,) array
            Where its logits are to be written.

        Raises
        ------
        StopTraining
            If a loss that was computed now isn't finite.
        """
        if self._rows == len(self._logits):
            self._compute(self._rows)
            self._rows = 0
            if self.not_finite_at is not None:
                raise StopTraining(not_finite(self.not_finite_at))
        self._y[self._rows] = self._batches.y
        self._rows += 1
        return self._logits[self._rows - 1]

    def finish(self, iterations: int) -> tuple[FloatArray, FloatArray]:
        """Compute what is left.

        Parameters
        ----------
        iterations : int
            Updates of the whole training; those of an epoch that isn't finished make the last row.

        Returns
        -------
        loss, accuracy : (rows,) array of float64
            Up to the last finite loss.
        """
        epochs, batches = divmod(iterations, len(self._batches.batches))
        whole = epochs - self._epochs
        self._compute(whole)
        if batches:
            self._compute(whole + 1, whole, batches * self._batches.size)
        nothing = np.empty(0)
        return (
            np.concatenate([nothing, *self._losses]),
            np.concatenate([nothing, *self._accuracies]),
        )

    def _compute(self, stop: int, start: int = 0, seen: int | None = None) -> None:
        if self.not_finite_at is not None or start == stop:
            return
        logits, y = self._logits[start:stop, :seen], self._y[start:stop, :seen]
        loss, accuracy = mean_loss(self._loss, logits, y)
        finite = np.isfinite(loss)
        rows = len(loss) if finite.all() else int(finite.argmin())
        self._losses.append(loss[:rows])
        self._accuracies.append(accuracy[:rows])
        self._epochs += rows
        if rows < len(loss):
            values = self._loss.values(logits[rows], y[rows])
            batch = int(np.isfinite(values).argmin()) // self._batches.size
            self.not_finite_at = self._epochs * len(self._batches.batches) + batch
