"""What a training leaves behind: snapshots, their metrics, and how to predict from each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from os import PathLike
from types import MappingProxyType
from typing import Any, Literal, Protocol, TypeAlias, cast, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from epochreel.nn.architecture import Architecture, parameter_count
from epochreel.nn.dataset import Dataset, FloatArray, IntArray, Viewport, read_only
from epochreel.nn.errors import InvalidInputError
from epochreel.nn.inspecting import layer_outputs, losses_of, weights_and_biases
from epochreel.nn.network import Network
from epochreel.nn.rows import Rows

__all__ = [
    "FunctionRecording",
    "Gridded",
    "Layered",
    "Link",
    "ParameterRecording",
    "Provenance",
    "Recording",
    "Snapshots",
    "Unit",
    "reached",
    "stored_rows",
]

Unit: TypeAlias = Literal["update", "epoch"]
Link: TypeAlias = Literal["sigmoid", "softmax", "identity"]
Provenance: TypeAlias = Mapping[str, str | int]


class Recording(Protocol):
    """The snapshots of one training; all that a film needs to know of a model."""

    @property
    def name(self) -> str:
        """What the model is called."""
        ...

    @property
    def dataset(self) -> Dataset:
        """What it learned from."""
        ...

    @property
    def updates(self) -> IntArray:
        """Updates done at each snapshot, (snapshots,), strictly increasing; 0 is untrained."""
        ...

    @property
    def epochs(self) -> FloatArray:
        """Epochs done at each snapshot, (snapshots,); not whole within an epoch."""
        ...

    @property
    def seconds(self) -> FloatArray:
        """Training time until each snapshot, (snapshots,), in seconds."""
        ...

    @property
    def unit(self) -> Unit:
        """What the capture counted in; a film's counter shows this."""
        ...

    @property
    def metrics(self) -> Mapping[str, FloatArray]:
        """Of each snapshot, (snapshots,): ``train_loss``, ``train_accuracy``, the same of ``test``.

        The two of ``test`` are absent where there is no test split. Of a regression ``train_r2``
        and ``test_r2`` instead of accuracies. Where they were asked for, ``gradient_norm`` and
        ``learning_rate``.
        """
        ...

    @property
    def stopped(self) -> str | None:
        """Why the training ended early; ``None`` where it is complete."""
        ...

    @property
    def link(self) -> Link:
        """What turns logits into probabilities; of a regression they are the predictions."""
        ...

    def logits(self, snapshot: float, points: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Predict, before the link.

        Parameters
        ----------
        snapshot : float
            Which snapshot, from 0. Between two whole numbers a model is between two snapshots: its
            parameters are interpolated, or its logits where it has none.
        points : (points, features) array

        Returns
        -------
        (points, outputs) array of float32
            The caller's own.
        """
        ...

    def __len__(self) -> int:
        """Return the number of snapshots."""
        ...


@runtime_checkable
class Gridded(Protocol):
    """A recording that knows its predictions on a grid only."""

    def shortfall(self, viewport: Viewport, size_px: tuple[int, int]) -> str | None:
        """Say what a picture of `viewport`, so many pixels wide and high, can't show."""
        ...


@runtime_checkable
class Layered(Protocol):
    """A recording that knows the layers of its model, not only its predictions."""

    @property
    def architecture(self) -> Architecture:
        """Its dense layers, from the inputs to the outputs."""
        ...

    def vector(self, snapshot: float) -> NDArray[np.float32]:
        """Give all parameters at a snapshot, or between two; (parameters,), the caller's own."""
        ...

    def layers(self, snapshot: float) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """Give weights, (units, inputs), and biases, (units,), of each layer."""
        ...

    def activations(
        self, snapshot: float, points: NDArray[np.floating[Any]]
    ) -> list[NDArray[np.float32]]:
        """Compute what each layer makes of points, (points, units) after its activation."""
        ...

    def losses(self, vectors: NDArray[np.float32], *, most: int | None = None) -> FloatArray:
        """Compute the cross-entropy on the training data of (networks, parameters) vectors.

        Of a regression, the mean squared error. On at most so many of its samples, evenly taken,
        where `most` says so.
        """
        ...


def reached(counts: NDArray[Any], snapshot: float) -> int:
    """Whole updates or epochs done at a snapshot, or between two.

    Parameters
    ----------
    counts : (snapshots,) array
        Those done at each snapshot.
    snapshot : float
        Which snapshot, from 0; 3.25 is a quarter of the way from 3 to 4.

    Returns
    -------
    int
        Rounded down: what isn't finished doesn't count.
    """
    before = int(snapshot)
    if before == snapshot:
        return int(counts[before])
    done = counts[before] + (snapshot - before) * (counts[before + 1] - counts[before])
    return int(done + 1e-6)  # 499.9999999 is rounding, not an unfinished update


def _thinned(dataset: Dataset, most: int | None) -> Dataset:
    """Take at most so many training samples, evenly."""
    count = len(dataset.y_train)
    if most is None or count <= most:
        return dataset
    chosen = np.linspace(0, count - 1, most).astype(np.intp)
    return replace(dataset, x_train=dataset.x_train[chosen], y_train=dataset.y_train[chosen])


def stored_rows(
    name: str, rows: NDArray[np.float32] | Rows, shape: tuple[int, ...]
) -> NDArray[np.float32] | Rows:
    """Copy an array that a recording keeps, or leave it in its file; check it either way.

    Raises
    ------
    InvalidInputError
        For another shape, and numbers that aren't finite.
    """
    stored = rows if isinstance(rows, Rows) else read_only(rows, np.float32)
    if stored.shape != shape:
        raise InvalidInputError(f"{name}: must have shape {shape}, got {stored.shape}")
    if not (stored.finite if isinstance(stored, Rows) else np.isfinite(stored).all()):
        raise InvalidInputError(f"{name}: must be finite")
    return stored


@dataclass(frozen=True, eq=False, kw_only=True)
class Snapshots:
    """What every recording here knows of its snapshots; arrays are copied and read-only."""

    name: str
    dataset: Dataset
    updates: IntArray
    epochs: FloatArray
    seconds: FloatArray
    unit: Unit
    metrics: Mapping[str, FloatArray]
    stopped: str | None = None
    link: Link = "sigmoid"

    def __post_init__(self) -> None:
        """Copy, check, and forbid writing."""
        updates = read_only(self.updates, np.int64)
        if updates.ndim != 1 or not len(updates):
            raise InvalidInputError(
                f"updates: must be one number for each of at least one snapshot, "
                f"got shape {updates.shape}"
            )
        if updates[0] < 0 or (np.diff(updates) <= 0).any():
            raise InvalidInputError("updates: must be ≥ 0 and strictly increasing")
        series = {"epochs": self.epochs, "seconds": self.seconds, **self.metrics}
        copies = {name: read_only(values, np.float64) for name, values in series.items()}
        for name, values in copies.items():
            if values.shape != updates.shape:
                raise InvalidInputError(
                    f"{name}: must be one number for each of {len(updates)} snapshots, "
                    f"got shape {values.shape}"
                )
        if self.unit not in ("update", "epoch"):
            raise InvalidInputError(f"unit: must be 'update' or 'epoch', got {self.unit!r}")
        object.__setattr__(self, "updates", updates)
        object.__setattr__(self, "epochs", copies.pop("epochs"))
        object.__setattr__(self, "seconds", copies.pop("seconds"))
        object.__setattr__(self, "metrics", MappingProxyType(copies))

    def __len__(self) -> int:
        """Return the number of snapshots."""
        return len(self.updates)

    def __getstate__(self) -> dict[str, Any]:
        """Give pickle a plain dict of metrics; it can't take a read-only one."""
        return {**self.__dict__, "metrics": dict(self.metrics)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore from pickle, which forgets what is read-only."""
        for value in (*state.values(), *state["metrics"].values()):
            if isinstance(value, np.ndarray):
                value.flags.writeable = False
        self.__dict__.update(state, metrics=MappingProxyType(state["metrics"]))

    def check(self, snapshot: float) -> None:
        """Refuse a snapshot that isn't there."""
        if not 0 <= snapshot <= len(self.updates) - 1:
            raise InvalidInputError(
                f"snapshot: must be from 0 to {len(self.updates) - 1}, got {snapshot}"
            )


@dataclass(frozen=True, eq=False, kw_only=True)
class FunctionRecording(Snapshots):
    """A recording whose snapshots are a function: for tests, and for models without parameters.

    Parameters
    ----------
    name, dataset, updates, epochs, seconds, unit, metrics, stopped, link
        As in :class:`Recording`.
    function : callable
        ``function(snapshot, points)`` gives logits of shape (points, outputs).
    """

    function: Callable[[int, NDArray[Any]], NDArray[Any]]

    def logits(self, snapshot: float, points: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Predict, before the link; see :meth:`Recording.logits`."""
        self.check(snapshot)
        before, share = int(snapshot), snapshot - int(snapshot)
        low = np.array(self.function(before, points), dtype=np.float32)
        if not share:
            return low
        high = np.array(self.function(before + 1, points), dtype=np.float32)
        # certainty has infinite logits, between which there is nothing: the nearer one counts
        finite = np.isfinite(low) & np.isfinite(high)
        mixed = low if share < 0.5 else high
        mixed[finite] = (1 - share) * low[finite] + share * high[finite]
        return mixed


@dataclass(frozen=True, eq=False, kw_only=True)
class ParameterRecording(Snapshots):
    """A recording whose snapshots are the parameters of a :class:`Network`.

    It keeps arrays to predict with, so threads can't share one; a pickled one leaves them behind.

    Parameters
    ----------
    name, dataset, updates, epochs, seconds, unit, metrics, stopped, link
        As in :class:`Recording`.
    architecture : tuple of LayerSpec
    parameters : (snapshots, parameters) array of float32, or Rows
        Each row as :attr:`Network.flat`. Rows stay in their file.
    provenance : mapping
        Where it comes from: ``{"seed": 2}``, if it is known. A file adds the versions it was
        written with, and what was loaded keeps them.
    """

    architecture: Architecture
    parameters: NDArray[np.float32] | Rows
    provenance: Provenance = field(default_factory=dict[str, str | int])

    def __post_init__(self) -> None:
        """Copy, check, and forbid writing."""
        super().__post_init__()
        expected = (len(self.updates), parameter_count(self.architecture))
        parameters = stored_rows("parameters", self.parameters, expected)
        object.__setattr__(self, "parameters", parameters)
        object.__setattr__(self, "provenance", MappingProxyType(dict(self.provenance)))

    def save(self, path: str | PathLike[str]) -> None:
        """Write it into one file; see :func:`epochreel.nn.recording_file.save_recording`."""
        # here, since a file is read into the class that stands here
        from epochreel.nn.recording_file import save_recording

        save_recording(cast(Any, self), path)

    def network(self, snapshot: int) -> Network:
        """Build the network as it was at a snapshot, (float32), free to be changed."""
        self.check(snapshot)
        return Network.from_vector(self.architecture, self.parameters[snapshot].copy())

    def logits(self, snapshot: float, points: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Predict, before the link; see :meth:`Recording.logits`."""
        self._fill(snapshot, self._predictor.flat)
        return self._predictor.logits(points)

    def vector(self, snapshot: float) -> NDArray[np.float32]:
        """Give all parameters; see :meth:`Layered.vector`."""
        flat = np.empty(parameter_count(self.architecture), np.float32)
        self._fill(snapshot, flat)
        return flat

    def layers(self, snapshot: float) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """Give weights and biases; see :meth:`Layered.layers`."""
        return weights_and_biases(self.architecture, self.vector(snapshot))

    def activations(
        self, snapshot: float, points: NDArray[np.floating[Any]]
    ) -> list[NDArray[np.float32]]:
        """Compute what each layer gives; see :meth:`Layered.activations`."""
        return layer_outputs(self.architecture, self.vector(snapshot), points)

    def losses(self, vectors: NDArray[np.float32], *, most: int | None = None) -> FloatArray:
        """Compute losses; see :meth:`Layered.losses`."""
        return losses_of(self.architecture, vectors, _thinned(self.dataset, most))

    def _fill(self, snapshot: float, flat: NDArray[np.float32]) -> None:
        self.check(snapshot)
        before, share = int(snapshot), snapshot - int(snapshot)
        np.copyto(flat, self.parameters[before])
        if share:
            flat *= 1 - share
            flat += np.float32(share) * self.parameters[before + 1]

    @cached_property
    def _predictor(self) -> Network:
        return self.network(0)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is only there to predict with."""
        state = {**super().__getstate__(), "provenance": dict(self.provenance)}
        state.pop("_predictor", None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore from pickle."""
        super().__setstate__({**state, "provenance": MappingProxyType(state["provenance"])})
