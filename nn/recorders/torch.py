"""A recorder for PyTorch's plain training loops."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from os import PathLike
from time import monotonic
from types import TracebackType
from typing import Any, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from epochreel.nn.activations import activate
from epochreel.nn.dataset import Viewport
from epochreel.nn.dense_stack import Activation, Folded, NotDense, fold
from epochreel.nn.errors import InvalidInputError, unknown_name, whole_number
from epochreel.nn.network import Network
from epochreel.nn.recorders.base import Recorder
from epochreel.nn.recorders.torch_layers import Chain, at_rest, predict, read_modules, to_numpy
from epochreel.nn.recording import Provenance, Recording, Unit

__all__ = ["TorchRecorder"]

torch: Any = import_module("torch")

Outputs: TypeAlias = Literal["logits", "probabilities"]

TRIAL_POINTS = 64
TOLERANCE = 1e-5
"""How far probabilities may be from a module's own for it to be recorded as its parameters."""

log = logging.getLogger(__name__)


class TorchRecorder:
    """Records the training of a module into a file, from which films are made without PyTorch.

    >>> with TorchRecorder(model, "run.reel", data=(X, y)) as recorder:
    ...     for step in range(1000):
    ...         ...  # loss.backward(), optimizer.step()
    ...         recorder.step(loss=loss)

    A chain of dense layers is kept as its parameters; of any other module, its predictions over the
    viewport, in evaluation mode. The training's result is the same, to the last bit, as without.

    Parameters
    ----------
    model : torch.nn.Module
        On any device. Takes (samples, features), gives (samples,), (samples, 1) or a column for
        each class.
    path : path-like
        The file, ``run.reel``. The untrained module is kept at once.
    every : int
        A snapshot is kept every so many steps, and of the last.
    name : str
        What the model is to be called.
    data, test_data : (features, labels), optional
        The samples that the film shows and that loss and accuracy are measured on; arrays or
        tensors, labels 0, 1, … or one-hot.
    outputs : "logits" or "probabilities", optional
        What the module gives; by default probabilities where its last layer is a sigmoid or a
        softmax, and logits elsewhere.
    feature_names, class_names, viewport, resolution, unit, loss, provenance
        As in :class:`epochreel.nn.recorders.Recorder`.

    Raises
    ------
    InvalidInputError
        For an argument that can't be used, or a module that can't be filmed.
    """

    def __init__(
        self,
        model: Any,
        path: str | PathLike[str],
        *,
        every: int = 1,
        name: str = "PyTorch Model",
        data: tuple[Any, Any] | None = None,
        test_data: tuple[Any, Any] | None = None,
        outputs: Outputs | None = None,
        feature_names: Sequence[str] | None = None,
        class_names: Sequence[str] | None = None,
        viewport: Viewport | tuple[float, float, float, float] | None = None,
        resolution: tuple[int, int] = (240, 180),
        unit: Unit = "update",
        loss: str | None = None,
        provenance: Provenance | None = None,
    ) -> None:
        if not isinstance(model, torch.nn.Module):
            raise InvalidInputError(f"model: must be a torch.nn.Module, got {type(model).__name__}")
        if outputs not in (None, "logits", "probabilities"):
            raise unknown_name("outputs", outputs, ("logits", "probabilities"))
        self._model, self._every = _unwrapped(model), whole_number("every", every)
        if any(torch.nn.parameter.is_lazy(tensor) for tensor in self._model.parameters()):
            raise InvalidInputError("model: must have been run once, as it has lazy layers")
        self._chain, self._ending = _chain(self._model, outputs, scores=loss == "hinge")
        probabilities = _ends_in_probabilities(self._model, self._chain)
        self._recorder = Recorder(
            path,
            name=name,
            data=_arrays(data),
            test_data=_arrays(test_data),
            feature_names=feature_names,
            class_names=class_names,
            viewport=viewport,
            resolution=resolution,
            unit=unit,
            loss=loss,
            outputs=outputs or ("probabilities" if probabilities else "logits"),
            provenance={"torch": torch.__version__, **(provenance or {})},
        )
        self.updates = 0
        """Steps so far."""
        self._captured, self._epoch = -1, 0.0
        self._reported: dict[str, Any] = {}
        self._closed = False
        self.capture()
        self._recorder.begin()

    def step(self, *, epoch: float | None = None, **reported: Any) -> None:
        """Take notice of an update; keep a snapshot if one is due.

        Parameters
        ----------
        epoch : float, optional
            Epochs done; by default as many as before.
        **reported : float or tensor
            ``loss``, ``accuracy``, ``val_loss``, ``val_accuracy``, for the film where there is no
            ``data`` to measure them on.
        """
        self.advance(self.updates + 1, epoch=epoch, **reported)
        if self.updates % self._every == 0:
            self.capture()

    def advance(self, updates: int, *, epoch: float | None = None, **reported: Any) -> None:
        """Take notice of updates, without keeping a snapshot; see :meth:`step`.

        Parameters
        ----------
        updates : int
            Done so far in all.
        epoch : float, optional
        **reported : float or tensor
        """
        self.updates = updates
        if epoch is not None:
            self._epoch = float(epoch)
        # not the graph behind them, which would stay in memory until the next step
        self._reported = {
            key: value.detach() if isinstance(value, torch.Tensor) else value
            for key, value in reported.items()
        }

    def close(self, stopped: str | None = None) -> None:
        """Keep the last update, and finish the file. Closing again does nothing.

        Parameters
        ----------
        stopped : str, optional
            Why the training ended early.
        """
        if not self._closed:
            self.capture()
        self._closed = True
        self._recorder.close(stopped)

    def recording(self) -> Recording:
        """Load what was recorded, once it is closed."""
        return self._recorder.recording()

    def __enter__(self) -> Self:
        """Let the time of the training begin now."""
        self._recorder.begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file; after an error without an update that may be half done."""
        if kind is None:
            self.close()
        else:
            self._closed = True
            self._recorder.close(kind.__name__)

    def capture(self) -> None:
        """Keep a snapshot of the module as it is, unless that was done since the last step."""
        if self._captured == self.updates:
            return
        entered = monotonic()
        self._captured = self.updates
        reported: dict[str, Any] = {key: float(value) for key, value in self._reported.items()}
        snapshot: dict[str, Any] = {"predict": partial(predict, self._model)}
        if self._chain is not None:
            snapshot = fold([*self._chain.read(), *self._ending])._asdict()
        self._recorder.overhead_s += monotonic() - entered
        self._recorder.capture(self.updates, epoch=self._epoch, **snapshot, **reported)


def _unwrapped(model: Any) -> Any:
    """Take a module out of what compiles or distributes it."""
    model = getattr(model, "_orig_mod", model)  # torch.compile's
    nn = torch.nn
    if isinstance(model, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
        return model.module
    return model


def _arrays(pair: tuple[Any, Any] | None) -> tuple[Any, Any] | None:
    """Convert tensors; what else there is, is looked at by the recorder itself."""
    if pair is None or len(pair) != 2:
        return pair
    x, y = (to_numpy(value) if isinstance(value, torch.Tensor) else value for value in pair)
    return x, y


def _ends_in_probabilities(model: Any, chain: Chain | None) -> bool:
    if chain is not None:
        return chain.ends_in_probabilities
    *_, last = model.modules()
    return isinstance(last, (torch.nn.Sigmoid, torch.nn.Softmax))


def _chain(
    model: Any, outputs: Outputs | None, *, scores: bool
) -> tuple[Chain | None, list[Activation]]:
    """Find the chain of layers to record, and what turns its outputs into probabilities.

    A hinge's scores stay what they are.
    """
    try:
        with at_rest(model):
            chain = read_modules(model)
        last = fold(chain.read()).architecture[-1]
        link = "sigmoid" if last.output_dim == 1 else "softmax"
        wanted = outputs or ("probabilities" if chain.ends_in_probabilities else "logits")
        if wanted == "logits" and last.activation == "linear":
            ending = [] if scores else [Activation(link)]
        elif wanted == "probabilities" and last.activation == link:
            ending = []
        else:
            raise NotDense(f"it ends in {last.activation} units, which give no {wanted}")
        _try_out(model, fold([*chain.read(), *ending]), wanted)
    except NotDense as why:
        log.warning("%s: recorded as predictions on a grid, since %s", type(model).__name__, why)
        return None, []
    return chain, ending


def _try_out(model: Any, folded: Folded, outputs: Outputs) -> None:
    """Compare with the module's own outputs, once: code of its own may do what nobody sees."""
    inputs, last = folded.architecture[0].input_dim, folded.architecture[-1]
    points = np.random.default_rng(0).uniform(-2, 2, (TRIAL_POINTS, inputs)).astype(np.float32)
    given: NDArray[Any] = predict(model, points)
    if given.size != TRIAL_POINTS * last.output_dim:
        raise NotDense(f"its outputs have the shape {given.shape}")
    values = given.reshape(TRIAL_POINTS, -1).astype(np.float64)
    if outputs == "logits":
        values = activate(last.activation, values.T).T
    logits = Network.from_vector(*folded).logits(points).astype(np.float64)
    replayed = activate(last.activation, logits.T).T
    if not np.allclose(replayed, values, rtol=0, atol=TOLERANCE, equal_nan=True):
        raise NotDense("it gives other outputs than its layers")
