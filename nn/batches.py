"""Training samples in the shape the network takes them in, cut into batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from epochreel.nn.activations import Array
from epochreel.nn.architecture import check_points
from epochreel.nn.dropout import Drop
from epochreel.nn.errors import InvalidInputError, real_number
from epochreel.nn.initializers import Rng
from epochreel.nn.losses import Loss, ToDelta, weighted
from epochreel.nn.network import Network, Pass

__all__ = ["Batch", "Batches", "Samples", "check_samples"]


class Batch(NamedTuple):
    """One batch: views of the samples, which stay while the samples in them are shuffled."""

    run: Pass
    to_delta: ToDelta
    x: Array  # (inputs + 1, samples), the last row is 1
    y: Array  # (outputs, samples)
    span: tuple[slice, slice]  # where in an array (outputs, samples) of an epoch it stands


class Batches:
    """All samples, and the batches of an epoch.

    Parameters
    ----------
    network : Network
    samples : Samples
    loss : Loss
    batch_size : int or None
        The last batch of an epoch is short where this doesn't divide the samples. ``None``, or
        more than there are samples, is one batch of all.
    rng : Generator or RandomState, optional
        Draws the order of each epoch; without it, or with one batch of all, the order stays.
    drops : sequence of Drop or None
        Dropout after each hidden layer.

    Attributes
    ----------
    gradient : (parameters,) array
        Where all batches write it.
    y : (outputs, samples) array
        What outputs are compared with, in the order of this epoch.
    weights : (samples,) array or None
        Of each sample, in the same order.
    size, sizes : int, (batches,) array
        Samples of a batch, and of each.
    """

    def __init__(
        self,
        network: Network,
        samples: Samples,
        loss: Loss,
        batch_size: int | None,
        rng: Rng | None = None,
        drops: Sequence[Drop | None] = (),
    ) -> None:
        count, dtype = len(samples.x), network.flat.dtype
        self.size = size = min(batch_size or count, count)
        self.gradient = np.zeros_like(network.flat)
        self._rng = rng if size < count else None
        self._x = np.column_stack([samples.x, np.ones(count, dtype)])
        self._y, self._weights = samples.y, samples.weights
        # what is shuffled is always taken from the order it came in, into arrays made once
        self._x_epoch, self.y = self._x.copy(), self._y.copy()
        self.weights = None if self._weights is None else self._weights.copy()
        # one full batch is worth turning: a product of rows that are contiguous takes 2 % less
        columns = np.ascontiguousarray(self._x.T) if size == count else self._x_epoch.T
        runs: dict[int, tuple[Pass, ToDelta]] = {}
        self.batches: list[Batch] = []
        for start in range(0, count, size):
            part = slice(start, min(start + size, count))
            length = part.stop - part.start
            if length not in runs:
                run = Pass(network.architecture, network.flat, self.gradient, length, drops)
                runs[length] = (run, loss.differential(run.logits))
            run, to_delta = runs[length]
            if self.weights is not None:
                to_delta = weighted(to_delta, self.weights[part])
            span = (slice(None), part)
            self.batches.append(Batch(run, to_delta, columns[:, part], self.y[span], span))
        self.sizes = np.array([batch.x.shape[1] for batch in self.batches])

    def move(self, x: Array, y: Array) -> None:
        """Keep the samples of an epoch elsewhere: those of several networks stand side by side.

        Parameters
        ----------
        x : (samples, inputs + 1) array
        y : (outputs, samples) array
        """
        np.copyto(x, self._x_epoch)
        np.copyto(y, self.y)
        self._x_epoch, self.y = x, y
        self.batches = [
            batch._replace(x=x.T[:, batch.span[1]], y=y[batch.span]) for batch in self.batches
        ]

    def shuffle(self) -> None:
        """Begin an epoch: draw its order, and put the samples in it."""
        if self._rng is None:
            return
        order = self._rng.permutation(len(self._x))
        # mode="clip": "raise" would take through a buffer, though nothing here is out of range
        np.take(self._x, order, axis=0, out=self._x_epoch, mode="clip")
        np.take(self._y, order, axis=1, out=self.y, mode="clip")
        if self._weights is not None and self.weights is not None:
            np.take(self._weights, order, out=self.weights, mode="clip")


class Samples(NamedTuple):
    """Samples that were checked, of the network's dtype."""

    x: Array  # (samples, inputs)
    y: Array  # (outputs, samples), as the loss compares outputs with
    weights: Array | None = None  # (samples,)


def check_samples(
    x: ArrayLike,
    y: ArrayLike,
    network: Network,
    loss: Loss,
    *,
    class_weight: Mapping[int, float] | None = None,
    sample_weight: ArrayLike | None = None,
    name: str = "",
) -> Samples:
    """Refuse what can't be trained on.

    Parameters
    ----------
    x : (samples, inputs) array
    y : (samples,) or (samples, 1) array
        Labels; for some losses also (samples, outputs) numbers.
    network : Network
    loss : Loss
    class_weight : mapping, optional
        Class → factor of its samples' loss; 1 where it isn't named.
    sample_weight : (samples,) array, optional
        Factor of each sample's loss.
    name : str
        What stands before the names of the arguments in a message.

    Returns
    -------
    Samples

    Raises
    ------
    InvalidInputError

    Source: ``keras.Model.fit`` for the weights: they weigh the sum of the losses, which is divided
    by the number of samples, not by the sum of the weights.
    """
    dtype, outputs = network.flat.dtype, network.architecture[-1].output_dim
    given, labels = check_points(x, network.architecture, f"{name}x"), np.asarray(y)
    with np.errstate(over="ignore"):  # too great for float32: said below
        features = given.astype(dtype)
    count = len(features)
    if not count:
        raise InvalidInputError(f"{name}x: must have at least one sample, got none")
    if not np.isfinite(features).all():
        row = int(np.flatnonzero(~np.isfinite(features).all(axis=1))[0])
        came = given[row].tolist()
        raise InvalidInputError(f"{name}x: must be finite in {dtype}, got {came} in row {row}")
    if labels.shape == (count, 1):
        labels = labels[:, 0]
    if labels.shape not in ((count,), (count, outputs)):
        raise InvalidInputError(
            f"{name}y: must have one label for each of {count} samples, got shape {labels.shape}"
        )
    try:
        encoded = loss.encode(labels, outputs)
    except InvalidInputError as err:
        raise InvalidInputError(f"{name}{err}") from None
    with np.errstate(over="ignore"):
        weights = _check_weights(labels, class_weight, sample_weight, dtype)
        targets = np.ascontiguousarray(encoded, dtype)
    if not np.isfinite(targets).all():
        raise InvalidInputError(f"{name}y: must be finite in {dtype}")
    return Samples(features, targets, weights)


def _check_weights(
    labels: NDArray[Any],
    class_weight: Mapping[int, float] | None,
    sample_weight: ArrayLike | None,
    dtype: np.dtype[Any],
) -> Array | None:
    if class_weight is not None and sample_weight is not None:
        raise InvalidInputError("sample_weight: can't be given beside class_weight")
    if class_weight is not None:
        known = set(np.unique(labels).tolist())
        for label, weight in class_weight.items():
            if label not in known:
                listing = ", ".join(f"{each:g}" for each in sorted(known))
                raise InvalidInputError(
                    f"class_weight: must name classes of y, {listing}, got {label!r}"
                )
            real_number(f"class_weight[{label}]", weight)
        return np.array([class_weight.get(label, 1.0) for label in labels.tolist()], dtype)
    if sample_weight is None:
        return None
    try:
        weights = np.asarray(sample_weight, np.float64)
    except (TypeError, ValueError):
        raise InvalidInputError("sample_weight: must be an array of numbers") from None
    if weights.shape != (len(labels),):
        raise InvalidInputError(
            f"sample_weight: must have one number for each of {len(labels)} samples, "
            f"got shape {weights.shape}"
        )
    weights = weights.astype(dtype)
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise InvalidInputError("sample_weight: must be finite and ≥ 0")
    return weights
