"""Training samples in the shape the network takes them in, cut into batches."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from epochreel.nn.activations import Array
from epochreel.nn.architecture import check_points
from epochreel.nn.errors import InvalidInputError
from epochreel.nn.initializers import Rng
from epochreel.nn.losses import Loss
from epochreel.nn.network import Network, Pass

__all__ = ["Batch", "Batches", "check_samples"]


class Batch(NamedTuple):
    """One batch: views of the samples, which stay while the samples in them are shuffled."""

    run: Pass
    loss: Loss
    x: Array  # (inputs + 1, samples), the last row is 1
    y: Array  # (1, samples)
    span: slice  # which samples of the epoch


class Batches:
    """All samples, and the batches of an epoch.

    Parameters
    ----------
    network : Network
    x : (samples, inputs) array
    y : (samples,) array
    loss : subclass of Loss
    batch_size : int or None
        The last batch of an epoch is short where this doesn't divide the samples. ``None``, or
        more than there are samples, is one batch of all.
    rng : Generator or RandomState, optional
        Draws the order of each epoch; without it, or with one batch of all, the order stays.

    Attributes
    ----------
    gradient : (parameters,) array
        Where all batches write it.
    y : (samples,) array
        Labels in the order of this epoch.
    """

    def __init__(
        self,
        network: Network,
        x: Array,
        y: Array,
        loss: type[Loss],
        batch_size: int | None,
        rng: Rng | None,
    ) -> None:
        samples, dtype = len(x), network.flat.dtype
        size = min(batch_size or samples, samples)
        self.size = size
        self.gradient = np.zeros_like(network.flat)
        self._rng = rng if size < samples else None
        self._x = np.column_stack([x, np.ones(samples, dtype)])
        self._y = y
        # what is shuffled is always taken from the order it came in, into arrays made once
        self._x_epoch = self._x.copy()
        self.y = self._y.copy()
        # one full batch is worth turning: a product of rows that are contiguous takes 2 % less
        columns = np.ascontiguousarray(self._x.T) if size == samples else self._x_epoch.T
        runs: dict[int, tuple[Pass, Loss]] = {}
        self.batches: list[Batch] = []
        for start in range(0, samples, size):
            span = slice(start, min(start + size, samples))
            length = span.stop - start
            if length not in runs:
                run = Pass(network.architecture, network.flat, self.gradient, length)
                runs[length] = (run, loss(length, dtype))
            self.batches.append(Batch(*runs[length], columns[:, span], self.y[None, span], span))

    def shuffle(self) -> None:
        """Begin an epoch: draw its order, and put the samples in it."""
        if self._rng is None:
            return
        order = self._rng.permutation(len(self._y))
        # mode="clip": "raise" would take through a buffer, though nothing here is out of range
        np.take(self._x, order, axis=0, out=self._x_epoch, mode="clip")
        np.take(self._y, order, out=self.y, mode="clip")


def check_samples(
    x: ArrayLike, y: ArrayLike, network: Network, loss: type[Loss]
) -> tuple[Array, Array]:
    """Refuse what can't be trained on.

    Parameters
    ----------
    x : (samples, inputs) array
    y : (samples,) or (samples, 1) array of 0 and 1
    network : Network
    loss : subclass of Loss

    Returns
    -------
    x, y : array of the network's dtype
    """
    dtype, last = network.flat.dtype, network.architecture[-1]
    given, labels = check_points(x, network.architecture, "x"), np.asarray(y)
    with np.errstate(over="ignore"):  # too great for float32: said below
        features = given.astype(dtype)
    if not len(features):
        raise InvalidInputError("x: must have at least one sample, got none")
    if not np.isfinite(features).all():
        row = int(np.flatnonzero(~np.isfinite(features).all(axis=1))[0])
        came = given[row].tolist()
        raise InvalidInputError(f"x: must be finite in {dtype}, got {came} in row {row}")
    if labels.shape == (len(features), 1):
        labels = labels[:, 0]
    if labels.shape != (len(features),):
        raise InvalidInputError(
            f"y: must have one label for each of {len(features)} samples, got shape {labels.shape}"
        )
    if not np.isin(labels, (0, 1)).all():
        wrong = labels[~np.isin(labels, (0, 1))][0]
        raise InvalidInputError(f"y: must be 0 or 1, got {wrong!s}")
    if last.output_dim != 1 or last.activation != loss.output_activation:
        raise InvalidInputError(
            f"network: must end in 1 {loss.output_activation} unit for this loss, "
            f"got {last.output_dim} of {last.activation}"
        )
    return features, labels.astype(dtype)
