"""What a snapshot is: parameters that can be replayed, or predictions on a grid."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from epochreel.nn.architecture import LayerSpec, check_chain, parameter_count
from epochreel.nn.dataset import Dataset, Viewport
from epochreel.nn.errors import InvalidInputError
from epochreel.nn.grid_recording import Grid, as_logits
from epochreel.nn.losses import make_loss
from epochreel.nn.measuring import evaluate_logits, splits, usual_loss
from epochreel.nn.recording_header import architecture_entry, grid_entry

__all__ = ["GridKind", "ParameterKind", "Predict", "SnapshotKind"]

Predict: TypeAlias = Callable[[NDArray[np.float32]], ArrayLike]
"""Takes points, (points, 2) of float32, and says something of each class at each."""

MARGIN = 0.05
"""Of the viewport's size, captured beyond each edge: a film draws to the very edge and past it."""


class SnapshotKind(Protocol):
    """How the snapshots of one recording are taken."""

    row: tuple[int, ...]
    outputs: int

    def entry(self) -> dict[str, Any]:
        """Describe it in the header."""
        ...

    def take(self, given: Any) -> NDArray[np.float32]:
        """Turn what was given into a row, perhaps not finite."""
        ...

    def check(self, dataset: Dataset, loss: str) -> None:
        """Refuse samples, or a loss, that don't go with the model."""
        ...

    def measure(self, given: Any, dataset: Dataset) -> Mapping[str, float]:
        """Compute metrics now, if that is the time for it."""
        ...


class ParameterKind:
    """Parameters of a network of dense layers; nothing is predicted while they are taken."""

    def __init__(self, architecture: Sequence[LayerSpec]) -> None:
        self.architecture = check_chain(architecture)
        self.outputs = self.architecture[-1].output_dim
        self.row = (parameter_count(self.architecture),)

    def entry(self) -> dict[str, Any]:
        """Describe it in the header."""
        return architecture_entry(self.architecture)

    def take(self, given: ArrayLike) -> NDArray[np.float32]:
        """Check a vector of parameters."""
        array = np.asarray(given)
        if array.shape != self.row or array.dtype.kind != "f":
            raise InvalidInputError(
                f"parameters: must be {self.row[0]} numbers of floating point, "
                f"got shape {array.shape} of {array.dtype}"
            )
        with np.errstate(over="ignore"):  # what float32 can't hold is noticed as infinite
            return array.astype(np.float32, copy=False)

    def check(self, dataset: Dataset, loss: str) -> None:
        """Refuse samples, or a loss, that don't go with the network."""
        inputs = self.architecture[0].input_dim
        if dataset.features != inputs:
            raise InvalidInputError(
                f"data: must have {inputs} features, one for each input of the network, "
                f"got {dataset.features}"
            )
        if splits(dataset):
            make_loss(loss, self.architecture[-1].activation, self.outputs)

    def measure(self, given: object, dataset: Dataset) -> Mapping[str, float]:
        """Leave it for later: it would cost more than the capture."""
        return {}


class GridKind:
    """Predictions on a grid, and metrics measured through them at once."""

    def __init__(self, viewport: Viewport, resolution: tuple[int, int], outputs: str) -> None:
        self.grid = _grown(viewport, resolution)
        self._points = self.grid.points()
        self._given = outputs
        self.row = ()
        self.outputs = 0

    def entry(self) -> dict[str, Any]:
        """Describe it in the header."""
        return grid_entry(self.grid)

    def take(self, given: Predict) -> NDArray[np.float32]:
        """Predict at all points of the grid."""
        logits = as_logits(given(self._points.copy()), len(self._points), self._given)
        outputs = logits.shape[1]
        if self.outputs not in (0, outputs):
            raise InvalidInputError(
                f"predict: must give as many columns each time, got {outputs} after {self.outputs}"
            )
        self.outputs = outputs
        self.row = (outputs, self.grid.rows, self.grid.columns)
        with np.errstate(over="ignore"):
            return np.ascontiguousarray(logits.T, np.float32).reshape(self.row)

    def check(self, dataset: Dataset, loss: str) -> None:
        """Refuse samples that have other than two features."""
        if dataset.features != 2:
            raise InvalidInputError(
                f"data: must have 2 features for a model that is captured by its predictions, "
                f"got {dataset.features}"
            )

    def measure(self, given: Predict, dataset: Dataset) -> Mapping[str, float]:
        """Compute loss and accuracy on each split."""
        found: dict[str, float] = {}
        for split, (x, y) in splits(dataset).items():
            logits = as_logits(given(x.astype(np.float32)), len(x), self._given)
            activation = "sigmoid" if logits.shape[1] == 1 else "softmax"
            value, accuracy = evaluate_logits(logits, y, usual_loss(logits.shape[1]), activation)
            found |= {f"{split}_loss": value, f"{split}_accuracy": accuracy}
        return found


def _grown(viewport: Viewport, resolution: tuple[int, int]) -> Grid:
    """Lay a grid with so many columns and rows over a viewport, and more around it, as dense."""
    more = tuple(round(2 * MARGIN * (count - 1)) for count in resolution)
    across = (more[0] / 2) * viewport.width / (resolution[0] - 1)
    up = (more[1] / 2) * viewport.height / (resolution[1] - 1)
    around = Viewport(
        viewport.x_min - across, viewport.x_max + across, viewport.y_min - up, viewport.y_max + up
    )
    return Grid(around, resolution[0] + more[0], resolution[1] + more[1])
