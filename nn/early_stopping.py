"""When to end a training that has stopped getting better."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np

from epochreel.nn.activations import Array
from epochreel.nn.errors import InvalidInputError, look_up, real_number, whole_number

__all__ = ["MONITORS", "EarlyStopping", "Watch"]

MONITORS = {"loss": -1, "accuracy": 1, "val_loss": -1, "val_accuracy": 1}
"""What can be watched → which way is better."""


@dataclass(frozen=True)
class EarlyStopping:
    """End a training after some epochs without improvement.

    Parameters
    ----------
    monitor : str
        ``loss``, ``accuracy``, ``val_loss`` or ``val_accuracy``.
    patience : int
        The training ends after so many epochs, at least one, that are no better than the best.
    min_delta : float
        What is better by no more than this is no improvement.
    restore_best : bool
        Go back to the parameters at the end of the best epoch when the training is over, however it
        ended.

    Source: ``keras.callbacks.EarlyStopping``, which doesn't restore by default.
    """

    monitor: str = "val_loss"
    patience: int = 0
    min_delta: float = 0.0
    restore_best: bool = True

    def __post_init__(self) -> None:
        """Check each."""
        look_up("monitor", self.monitor, MONITORS)
        whole_number("patience", self.patience, 0)
        real_number("min_delta", self.min_delta)
        if not isinstance(self.restore_best, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidInputError(f"restore_best: must be a bool, got {self.restore_best!r}")


class Watch:
    """Follows one training for an :class:`EarlyStopping`.

    Parameters
    ----------
    settings : EarlyStopping
    parameters : (parameters,) array
        Those of the network.
    """

    def __init__(self, settings: EarlyStopping, parameters: Array) -> None:
        self._settings, self._parameters = settings, parameters
        self._kept = np.empty_like(parameters)
        self._best, self._waited, self._epochs = -inf, 0, 0
        self.best_update: int | None = None

    def see(self, value: float, update: int) -> str | None:
        """Take the value at the end of an epoch; say why to stop, if it is time to."""
        settings = self._settings
        goodness = MONITORS[settings.monitor] * value
        self._epochs += 1
        self._waited += 1
        if goodness - settings.min_delta > self._best:
            self._best, self._waited = goodness, 0
            self.best_update = update
            np.copyto(self._kept, self._parameters)
        elif self._waited >= settings.patience and self._epochs > 1:
            return f"{settings.monitor} is no better since update {self.best_update}"
        return None

    def restore(self) -> int | None:
        """Go back to the best parameters, if that was asked for; say of which update."""
        if not self._settings.restore_best or self.best_update is None:
            return None
        np.copyto(self._parameters, self._kept)
        return self.best_update
