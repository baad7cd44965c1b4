"""The callback that records a Keras training: ``model.fit(…, callbacks=[KerasRecorder(…)])``."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from os import PathLike
from time import monotonic
from typing import Any, Literal, TypeAlias
from weakref import finalize

import numpy as np
from numpy.typing import ArrayLike, NDArray

from epochreel.nn.architecture import LayerSpec
from epochreel.nn.dataset import Viewport
from epochreel.nn.dense_stack import Activation, NotDense, Step, fold
from epochreel.nn.errors import InvalidInputError, RecordingError, unknown_name
from epochreel.nn.losses import make_loss
from epochreel.nn.recorders.base import Recorder
from epochreel.nn.recorders.every import parse_every
from epochreel.nn.recorders.keras_fit import Samples, find_samples, to_samples
from epochreel.nn.recorders.keras_layers import Reader, read_layers, to_numpy
from epochreel.nn.recording import Provenance, Recording, Unit

__all__ = ["KerasRecorder"]

keras: Any = import_module("keras")

Outputs: TypeAlias = Literal["logits", "probabilities"]

LOSSES: Mapping[str, str] = {
    "bce": "binary_crossentropy",
    "binary_crossentropy": "binary_crossentropy",
    "categorical_crossentropy": "categorical_crossentropy",
    "sparse_categorical_crossentropy": "categorical_crossentropy",
    "hinge": "hinge",
    "mse": "mean_squared_error",
    "mean_squared_error": "mean_squared_error",
}
"""Name in Keras → ours."""

log = logging.getLogger(__name__)


class KerasRecorder(keras.callbacks.Callback):  # pyright: ignore[reportUntypedBaseClass]
    """Records a training into a file, from which films are made without Keras.

    A chain of dense layers is kept as its parameters; of any other model, its predictions over the
    viewport. The training's result is the same, to the last bit, as without a recorder.

    Parameters
    ----------
    path : path-like
        The file, ``run.reel``.
    every : str or int
        How often a snapshot is kept, beside the untrained model and the last: ``"epoch"``, a number
        of epochs, ``"batch"``, or a number with its unit: ``"5 epochs"``, ``"50 batches"``.
    name : str
        What the model is to be called; by default what Keras calls it.
    data : (features, labels), optional
        The samples that the film shows and that loss and accuracy are measured on: by default those
        that ``fit`` was called with, where these are arrays of features and of classes: 0, 1, …,
        −1 and 1, or one-hot.
    test_data : (features, labels), optional
        By default the ``validation_data`` of ``fit``.
    outputs : "logits" or "probabilities", optional
        What the model gives; by default as its loss says with ``from_logits``.
    feature_names, class_names, viewport, resolution, provenance
        As in :class:`epochreel.nn.recorders.Recorder`.

    Raises
    ------
    InvalidInputError
        At once for an argument that can't be used, and when the training begins for a model that
        can't be filmed.

    Notes
    -----
    A ``fit`` that is interrupted leaves a file of what there was. One recorder records one ``fit``.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        every: str | int = "epoch",
        *,
        name: str | None = None,
        data: tuple[ArrayLike, ArrayLike] | None = None,
        test_data: tuple[ArrayLike, ArrayLike] | None = None,
        outputs: Outputs | None = None,
        feature_names: Sequence[str] | None = None,
        class_names: Sequence[str] | None = None,
        viewport: Viewport | tuple[float, float, float, float] | None = None,
        resolution: tuple[int, int] = (240, 180),
        provenance: Provenance | None = None,
    ) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]
        if outputs not in (None, "logits", "probabilities"):
            raise unknown_name("outputs", outputs, ("logits", "probabilities"))
        self._path, self._name = path, name
        self._outputs: Outputs | None = outputs
        self._every, unit = parse_every(every)
        self._unit: Unit = unit
        self._data, self._test_data = _given("data", data), _given("test_data", test_data)
        self._options: dict[str, Any] = {
            "feature_names": feature_names,
            "class_names": class_names,
            "viewport": viewport,
            "resolution": resolution,
            "provenance": provenance,
        }
        self._recorder: Recorder | None = None
        if self._unit == "epoch":
            # back to the hook that does nothing: with any other, Keras waits for every batch
            self.on_train_batch_end = super().on_train_batch_end  # pyright: ignore[reportUnknownMemberType]

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Find out what is trained on what, and begin the recording."""
        del logs
        if self._recorder is not None:
            raise InvalidInputError(
                f"path: {self._path} has the training of an earlier fit; "
                "make another KerasRecorder for this one"
            )
        model = self.model
        train, test = find_samples(model)
        loss, from_logits = _loss(model)
        scores = from_logits or loss == "hinge"
        outputs: Outputs = self._outputs or ("logits" if scores else "probabilities")
        self._read, self._ending, last = _chain(model, loss, outputs)
        self._probabilities = outputs == "probabilities"
        if last is None:
            _check_plane(model)
            units = self._predict(np.zeros((1, 2), np.float32)).shape[-1]
        else:
            units = last.output_dim
        self._updates, self._kept, self._epoch = 0, -1, 0.0
        self._before = _iterations(model)
        self._recorder = Recorder(
            self._path,
            name=self._name or str(model.name),
            data=self._data or _of_classes(train, units),
            test_data=self._test_data or _of_classes(test, units),
            unit=self._unit,
            loss=None if last is None else _measured(loss, last),
            outputs=outputs,
            **self._options,
        )
        # a fit that ends by an error tells its callbacks nothing
        self._closing = finalize(self, self._recorder.close, "the training was interrupted")

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Keep the untrained model; note where the epoch begins."""
        self._begun, self._epoch = self._updates, float(epoch)
        if self._kept < 0:
            self._keep(logs)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Keep a snapshot if one is due; Keras may do several batches at a time."""
        before, self._updates = self._updates, self._begun + batch + 1
        steps = self.params.get("steps")
        self._epoch = int(self._epoch) + ((batch + 1) / steps if steps else 0.0)
        if self._updates // self._every > before // self._every:
            self._keep(logs)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Keep a snapshot if one is due, or if no other will come."""
        self._epoch = epoch + 1.0
        if self._unit == "epoch":
            self._updates = max(self._updates + 1, _iterations(self.model) - self._before)
            last = epoch + 1 == self.params.get("epochs") or self.model.stop_training
            if last or (epoch + 1) % self._every == 0:
                self._keep(logs)

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Keep the last update, and close the file."""
        if self._recorder is None:
            return
        self._keep(logs)
        ended = self.model.stop_training and self._epoch < self.params.get("epochs", 0)
        self._closing.detach()
        self._recorder.close(f"it was stopped in epoch {int(self._epoch)}" if ended else None)

    def recording(self) -> Recording:
        """Load what was recorded, once ``fit`` is over."""
        if self._recorder is None:
            raise RecordingError(f"{self._path}: nothing was recorded yet")
        return self._recorder.recording()

    def _keep(self, logs: Mapping[str, Any] | None) -> None:
        if self._recorder is None or self._updates == self._kept:
            return
        self._kept = self._updates
        reported: Any = _reported(logs or {})
        if self._read is None:
            self._recorder.capture(
                self._updates, epoch=self._epoch, predict=self._predict, **reported
            )
            return
        entered = monotonic()
        if hasattr(self._model, "jax_state_sync"):  # within an epoch, JAX's variables are behind
            self._model.jax_state_sync()
        architecture, parameters = fold([*self._read(), *self._ending])
        self._recorder.overhead_s += monotonic() - entered
        self._recorder.capture(
            self._updates,
            epoch=self._epoch,
            architecture=architecture,
            parameters=parameters,
            **reported,
        )

    def _predict(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Call the model: ``predict`` takes long, and on torch it draws from the generator."""
        with _no_gradients():
            values = to_numpy(self.model(points, training=False))
        return np.clip(values, 0, 1) if self._probabilities else values


def _given(argument: str, pair: Any) -> Samples | None:
    """Convert samples that a user gave; unlike found ones, they must be usable."""
    if pair is None:
        return None
    samples = to_samples(*map(np.asarray, pair)) if len(pair) == 2 else None
    if samples is None:
        raise InvalidInputError(
            f"{argument}: must be features, an array of a row for each sample, and as many classes "
            "(0, 1, …, or one-hot)"
        )
    return samples


def _of_classes(samples: Samples | None, units: int) -> Samples | None:
    """Leave out samples of classes that a model has no outputs for: it learns something else."""
    return samples if samples is not None and samples[1].max() < max(2, units) else None


def _loss(model: Any) -> tuple[str | None, bool]:
    """Say by which of our losses a model is trained, if by one, and whether it takes logits."""
    loss = getattr(model, "loss", None)
    kind = loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind).lower()
    return LOSSES.get(name), bool(getattr(loss, "from_logits", False))


def _chain(
    model: Any, loss: str | None, outputs: Outputs
) -> tuple[Reader | None, list[Step], LayerSpec | None]:
    """Find the chain of layers to record, what is put behind it for probabilities, its last."""
    try:
        read = read_layers(model)
        ending = _ending(fold(read()).architecture[-1], loss, outputs)
        return read, ending, fold([*read(), *ending]).architecture[-1]
    except NotDense as why:
        log.warning("%s: recorded as predictions on a grid, since %s", model.name, why)
        return None, [], None


def _measured(loss: str | None, last: LayerSpec) -> str | None:
    """Say by what a film's loss is measured: the training's, if we have that for such a layer."""
    try:
        make_loss(loss or "", last.activation, last.output_dim)
    except InvalidInputError:
        return None
    return loss


def _check_plane(model: Any) -> None:
    """Refuse a model that takes no points of a plane."""
    shape = model.input_shape if getattr(model, "inputs", None) else (None, 2)
    if shape != (None, 2):
        raise InvalidInputError(
            f"model: must take 2 features to be filmed by its predictions, got inputs of {shape}"
        )


def _ending(last: LayerSpec, loss: str | None, outputs: Outputs) -> list[Step]:
    to_probabilities = "sigmoid" if last.output_dim == 1 else "softmax"
    if loss == "hinge" and last.activation in ("linear", "tanh"):
        return []
    if outputs == "logits" and last.activation == "linear":
        return [Activation(to_probabilities)]
    if outputs == "logits" or last.activation != to_probabilities:
        raise NotDense(f"it ends in {last.activation} units, which give no {outputs}")
    return []


def _iterations(model: Any) -> int:
    """Count the updates of a model's optimiser, 0 where it has none of its own."""
    iterations = getattr(getattr(model, "optimizer", None), "iterations", None)
    return 0 if iterations is None else int(to_numpy(iterations))


def _reported(logs: Mapping[str, Any]) -> dict[str, float]:
    """Take loss and accuracy from what Keras reports, whatever its accuracy is called."""
    found: dict[str, float] = {}
    for key, value in logs.items():
        split = "val_" if key.startswith("val_") else ""
        metric = key.removeprefix("val_")
        if metric == "loss":
            found[key] = float(value)
        elif metric == "acc" or metric.endswith("accuracy"):
            found.setdefault(f"{split}accuracy", float(value))
    return found


def _no_gradients() -> AbstractContextManager[object]:
    if keras.backend.backend() == "torch":
        return import_module("torch").no_grad()
    return nullcontext()
