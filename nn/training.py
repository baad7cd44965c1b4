"""The training loop: batches in, updates of the network out, and word to the callbacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter

import numpy as np
from numpy.typing import ArrayLike

from epochreel.nn.activations import Array
from epochreel.nn.architecture import variable_slices
from epochreel.nn.batches import Batches, check_samples
from epochreel.nn.callbacks import (
    Callback,
    CallbackLike,
    StopTraining,
    TrainingState,
    as_callback,
    overridden,
)
from epochreel.nn.errors import InvalidInputError, look_up, whole_number
from epochreel.nn.history import History, LossLog, not_finite
from epochreel.nn.initializers import Rng
from epochreel.nn.losses import LOSSES, Loss
from epochreel.nn.network import Network, update
from epochreel.nn.optimizers import OPTIMIZERS, Optimizer

__all__ = ["train"]


def train(
    network: Network,
    x: ArrayLike,
    y: ArrayLike,
    *,
    loss: str = "binary_crossentropy",
    optimizer: Optimizer | str = "sgd",
    epochs: int | None = None,
    iterations: int | None = None,
    batch_size: int | None = None,
    shuffle: bool = True,
    rng: Rng | None = None,
    callbacks: Sequence[CallbackLike] = (),
) -> History:
    """Train a network in place.

    Parameters
    ----------
    network : Network
    x : (samples, inputs) array
    y : (samples,) array of 0 and 1
    loss : str
        A name of :data:`epochreel.nn.losses.LOSSES`.
    optimizer : Optimizer or str
        ``SGD(0.01)``, or a name of :data:`epochreel.nn.optimizers.OPTIMIZERS`.
    epochs, iterations : int
        How long: passes over the samples, or updates. One of the two.
    batch_size : int or None
        Samples of an update; the last batch of an epoch may be short. ``None`` is all samples.
    shuffle : bool
        Draw a new order of the samples for each epoch of mini-batches.
    rng : numpy.random.Generator or numpy.random.RandomState
        Draws it; not needed for full batches.
    callbacks : sequence
        :class:`Callback` objects, or functions ``callback(iteration, parameters)`` that are called
        after each update. NumPy's warnings of overflow and the like are off while they run.

    Returns
    -------
    History

    Raises
    ------
    InvalidInputError
        For anything that can't be trained on, before the network is touched.

    Notes
    -----
    The training ends early if a callback raises :class:`StopTraining`, or if parameters or the loss
    become NaN or infinite; the history says so, and that is no error.
    """
    loss_class = look_up("loss", loss, LOSSES)
    if isinstance(optimizer, str):
        optimizer = look_up("optimizer", optimizer, OPTIMIZERS)()
    features, labels = check_samples(x, y, network, loss_class)
    if batch_size is not None:
        batch_size = whole_number("batch_size", batch_size)
    if not shuffle:
        rng = None
    elif rng is None and batch_size is not None and batch_size < len(features):
        raise InvalidInputError("rng: must be given to shuffle mini-batches, got None")
    batches = Batches(network, features, labels, loss_class, batch_size, rng)
    total = _total_iterations(epochs, iterations, len(batches.batches))
    run = _Run(network, batches, loss_class, optimizer, total)
    return run.train([as_callback(given) for given in callbacks])


def _total_iterations(epochs: int | None, iterations: int | None, per_epoch: int) -> int:
    if (epochs is None) == (iterations is None):
        raise InvalidInputError(
            f"epochs, iterations: must be one of the two, got {epochs} and {iterations}"
        )
    if epochs is not None:
        return whole_number("epochs", epochs) * per_epoch
    return whole_number("iterations", iterations)


class _Run:
    """One training while it goes on."""

    def __init__(
        self,
        network: Network,
        batches: Batches,
        loss: type[Loss],
        optimizer: Optimizer,
        total: int,
    ) -> None:
        self.network, self.batches = network, batches
        self.stepper = optimizer.start(network.flat, variable_slices(network.architecture))
        self.total = total
        self.per_epoch = len(batches.batches)
        self.log = LossLog(loss, batches, -(-total // self.per_epoch))
        self.parameters = network.flat.view()
        self.parameters.flags.writeable = False
        self.iteration = 0
        self.stopped: str | None = None
        self.began = perf_counter()

    def train(self, callbacks: Sequence[Callback]) -> History:
        """Go through the life cycle."""
        state: TrainingState = _State(self)
        self.began = perf_counter()
        # what overflows is found by its result; a warning would say less, and not where
        with np.errstate(all="ignore"):
            try:
                _call(overridden(callbacks, "on_train_begin"), state)
                self._iterate(callbacks, state)
            except StopTraining as stop:
                self.stopped = str(stop)
            losses, accuracies = self.log.finish(self.iteration)
            if self.log.not_finite_at is not None:
                self.stopped = not_finite(self.log.not_finite_at)
            for hook in overridden(callbacks, "on_train_end"):
                try:
                    hook(state)
                except StopTraining as stop:
                    self.stopped = self.stopped or str(stop)
        return History(
            loss=losses,
            accuracy=accuracies,
            updates=self.iteration,
            epochs=state.epoch,
            seconds=state.seconds,
            stopped=self.stopped,
        )

    def _iterate(self, callbacks: Sequence[Callback], state: TrainingState) -> None:
        epoch_begin, epoch_end, iteration_begin, iteration_end = (
            overridden(callbacks, f"on_{hook}")
            for hook in ("epoch_begin", "epoch_end", "iteration_begin", "iteration_end")
        )
        flat, gradient = self.network.flat, self.batches.gradient
        to_step, batches = self.stepper, self.batches.batches
        zeros = np.zeros_like(flat)
        while self.iteration < self.total:
            self.batches.shuffle()
            _call(epoch_begin, state)
            logits = self.log.next_row()
            for run, loss, x, y, span in batches[: self.total - self.iteration]:
                if iteration_begin:
                    _call(iteration_begin, state)
                logits[span] = run.forward(x)
                run.backward(x, y, loss)
                update(flat, gradient, to_step)
                self.iteration += 1
                # 0 · θ is 0 unless one of θ is NaN or infinite: 0.5 µs, np.isfinite takes 1.5
                if flat.dot(zeros) != 0:
                    raise StopTraining(not_finite(self.iteration))
                if iteration_end:
                    _call(iteration_end, state)
            if self.iteration % self.per_epoch == 0:
                _call(epoch_end, state)


def _call(hooks: Sequence[Callable[[TrainingState], None]], state: TrainingState) -> None:
    for hook in hooks:
        hook(state)


class _State:
    """What hooks may see of a run; see :class:`TrainingState`."""

    __slots__ = ("_run",)

    def __init__(self, run: _Run) -> None:
        self._run = run

    @property
    def iteration(self) -> int:
        return self._run.iteration

    @property
    def epoch(self) -> float:
        return self._run.iteration / self._run.per_epoch

    @property
    def total_iterations(self) -> int:
        return self._run.total

    @property
    def iterations_per_epoch(self) -> int:
        return self._run.per_epoch

    @property
    def seconds(self) -> float:
        return perf_counter() - self._run.began

    @property
    def parameters(self) -> Array:
        return self._run.parameters

    @property
    def network(self) -> Network:
        return self._run.network

    @property
    def stopped(self) -> str | None:
        return self._run.stopped
