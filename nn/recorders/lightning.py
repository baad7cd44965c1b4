"""A recorder for PyTorch Lightning, under either of its two names."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from math import isfinite
from os import PathLike
from typing import Any

import numpy as np

from epochreel.nn.errors import InvalidInputError, RecordingError
from epochreel.nn.recorders.every import parse_every
from epochreel.nn.recorders.torch import TorchRecorder
from epochreel.nn.recorders.torch_layers import to_numpy
from epochreel.nn.recording import Recording

__all__ = ["LightningRecorder"]

PACKAGES = ("lightning.pytorch", "pytorch_lightning")


def _bases() -> tuple[Any, ...]:
    """Give the ``Callback`` of each name that is installed: a trainer takes only its own."""
    found = [name for name in PACKAGES if find_spec(name.partition(".")[0]) is not None]
    return tuple(import_module(name).Callback for name in found or PACKAGES[:1])


class LightningRecorder(*_bases()):  # pyright: ignore[reportUntypedBaseClass]
    """Records a training by Lightning's ``Trainer``, as :class:`TorchRecorder` does any.

    >>> Trainer(callbacks=[LightningRecorder("run.reel", every="epoch")]).fit(module, loader)

    Parameters
    ----------
    path : path-like
        The file, ``run.reel``. One recorder records one ``fit``.
    every : str or int
        How often a snapshot is kept, beside the untrained module and the last: ``"epoch"``, a
        number of epochs, ``"batch"``, or a number with its unit: ``"5 epochs"``, ``"50 batches"``.
        A batch is one step of the optimiser.
    module : str
        Name of the attribute that is the model, such as ``"net"``; by default the whole
        ``LightningModule``, whose ``forward`` then gives what is filmed.
    **options
        As of :class:`TorchRecorder`. Without ``data`` the samples are those of the loader that the
        trainer was given, where its dataset is a ``TensorDataset`` of features and classes.

    Raises
    ------
    InvalidInputError
    """

    def __init__(
        self,
        path: str | PathLike[str],
        every: str | int = "epoch",
        *,
        module: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]
        self._path, self._module, self._options = path, module, options
        self._every, self._unit = parse_every(every)
        self._recorder: TorchRecorder | None = None

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Keep the untrained module."""
        if not trainer.is_global_zero:
            return
        if self._recorder is not None:
            raise InvalidInputError(
                f"path: {self._path} has the training of an earlier fit; "
                "make another LightningRecorder for this one"
            )
        model = pl_module if self._module is None else getattr(pl_module, self._module, None)
        options: dict[str, Any] = {
            "name": type(pl_module).__name__,
            "unit": self._unit,
            "data": _samples(trainer.train_dataloader),
            "test_data": _samples(trainer.val_dataloaders),
        }
        self._before = int(trainer.global_step)
        self._recorder = TorchRecorder(model, self._path, **{**options, **self._options})

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Keep a snapshot if one is due."""
        if self._recorder is None:
            return
        before, updates = self._recorder.updates, int(trainer.global_step) - self._before
        if updates == before:  # gradients are being accumulated
            return
        due = self._unit == "update" and updates // self._every > before // self._every
        share = (batch_idx + 1) / trainer.num_training_batches
        epoch = trainer.current_epoch + (share if isfinite(share) else 0.0)
        reported = _reported(trainer.callback_metrics) if due else {}
        self._recorder.advance(updates, epoch=epoch, **reported)
        if due:
            self._recorder.capture()

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Keep a snapshot if one is due."""
        if self._recorder is None:
            return
        epoch = int(trainer.current_epoch) + 1
        reported = _reported(trainer.callback_metrics)
        self._recorder.advance(self._recorder.updates, epoch=epoch, **reported)
        if self._unit == "epoch" and epoch % self._every == 0:
            self._recorder.capture()

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Keep the last update, and close the file."""
        if self._recorder is not None:
            early = trainer.should_stop and trainer.current_epoch < (trainer.max_epochs or 0)
            self._recorder.close(
                f"it was stopped in epoch {trainer.current_epoch}" if early else None
            )

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Close the file; an update may be half done."""
        if self._recorder is not None:
            self._recorder.__exit__(type(exception), exception, exception.__traceback__)

    def recording(self) -> Recording:
        """Load what was recorded, once ``fit`` is over."""
        if self._recorder is None:
            raise RecordingError(f"{self._path}: nothing was recorded yet")
        return self._recorder.recording()


def _samples(loader: Any) -> tuple[Any, Any] | None:
    """Take features and classes out of a loader, if they are there as two tensors."""
    tensors = getattr(getattr(loader, "dataset", None), "tensors", ())
    if len(tensors) != 2:
        return None
    x, y = map(to_numpy, tensors)
    labels = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    whole = labels.ndim == 1 and np.isfinite(labels).all() and not (labels % 1).any()
    return (x, labels) if x.ndim == 2 and whole and (labels >= 0).all() else None


def _reported(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Take loss and accuracy from what was logged, whatever they are called."""
    found: dict[str, float] = {}
    for key, value in metrics.items():
        split = "val_" if key.startswith("val") else ""
        if key.endswith("loss"):
            found.setdefault(f"{split}loss", float(value))
        elif key.endswith(("acc", "accuracy")):
            found.setdefault(f"{split}accuracy", float(value))
    return found
