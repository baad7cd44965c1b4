"""Units that are dead: of ReLU, and zero for every training point, so that nothing moves them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from epochreel.nn.dataset import FloatArray
from epochreel.nn.recording import Layered

__all__ = ["DeadUnits"]

_FIRST = 256
"""Points that are tried first: most units answer to some of them, so the rest needn't be tried."""

_BLOCK = 8192


class DeadUnits:
    """Finds them, moment by moment.

    Parameters
    ----------
    model : Layered
    x : (samples, features) array
        All training points.
    """

    def __init__(self, model: Layered, x: FloatArray) -> None:
        self._model = model
        self._sizes = [spec.output_dim for spec in model.architecture]
        hidden = len(self._sizes) - 1
        self._mortal = [
            index < hidden and spec.activation == "relu"
            for index, spec in enumerate(model.architecture)
        ]
        # spread over all, so that the first few are of every part of the data
        order = np.argsort(np.arange(len(x)) % max(1, len(x) // _FIRST), kind="stable")
        self._x = x[order]

    def __call__(self, snapshot: float) -> list[npt.NDArray[np.bool_]]:
        """Tell of each layer's units, (units,), which are dead; none where there is no ReLU."""
        dead = [
            np.full(size, mortal and len(self._x) > 0)
            for size, mortal in zip(self._sizes, self._mortal, strict=True)
        ]
        start, stop = 0, _FIRST
        while start < len(self._x) and any(units.any() for units in dead):
            outputs = self._model.activations(snapshot, self._x[start:stop])
            for units, output in zip(dead, outputs, strict=True):
                units &= (output == 0).all(axis=0)
            start, stop = stop, stop + _BLOCK
        return dead
