"""The training loop: batches in, updates of the network out, and word to the callbacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import TypeAlias

import numpy as np

from epochreel.nn.activations import Array
from epochreel.nn.batches import Batches, Samples
from epochreel.nn.callbacks import Callback, StopTraining, TrainingState, overridden
from epochreel.nn.dataset import FloatArray
from epochreel.nn.early_stopping import EarlyStopping, Watch
from epochreel.nn.history import History, LossLog, not_finite
from epochreel.nn.losses import Loss
from epochreel.nn.meters import METERS, Meter
from epochreel.nn.network import Network, Pass, mean_loss, update
from epochreel.nn.regularization import Penalty
from epochreel.nn.stepping import Stepper

__all__ = ["Extras", "Run"]

Hook: TypeAlias = Callable[[TrainingState], None]
HOOKS = tuple(
    f"{part}_{end}" for part in ("train", "epoch", "iteration") for end in ("begin", "end")
)


@dataclass(frozen=True)
class Extras:
    """What a training may have beside batches and an optimiser; what isn't there costs nothing.

    Attributes
    ----------
    metrics : tuple of str
        What is to be recorded.
    each_batch : bool
        Whether of each batch, or of each epoch.
    penalty : Penalty or None
    validation : Samples or None
    early_stopping : EarlyStopping or None
    """

    metrics: tuple[str, ...]
    each_batch: bool
    penalty: Penalty | None
    validation: Samples | None
    early_stopping: EarlyStopping | None
    costs: list[float] = field(default_factory=list[float])  # of the parameters, at each update

    @property
    def monitor(self) -> str:
        """What early stopping watches, or nothing."""
        return self.early_stopping.monitor if self.early_stopping else ""

    @property
    def logged(self) -> bool:
        """Whether logits of the batches are to be kept for loss and accuracy."""
        return not {"loss", "accuracy"}.isdisjoint({*self.metrics, self.monitor})


class Run:
    """One training while it goes on."""

    def __init__(
        self,
        network: Network,
        batches: Batches,
        loss: Loss,
        to_step: Stepper,
        total: int,
        extras: Extras,
    ) -> None:
        self.network, self.batches, self.loss, self.extras = network, batches, loss, extras
        self.total = total
        self.per_epoch = len(batches.batches)
        each_batch = extras.each_batch or self.per_epoch == 1
        self.meter: Meter | None = None
        if not set(METERS).isdisjoint(extras.metrics):
            every = 1 if each_batch else self.per_epoch
            self.meter = Meter(network.architecture, network.flat, extras.metrics, every)
            to_step = self.meter.around(to_step)
        if extras.penalty is not None:
            to_step = extras.penalty.before(to_step, extras.costs)
        self.stepper = to_step
        self.log: LossLog | None = None
        if extras.logged:
            epochs = -(-total // self.per_epoch)
            self.log = LossLog(loss, batches, epochs, extras.costs, each_batch=each_batch)
        self.validate: Callable[[], tuple[float, float]] | None = None
        if extras.validation is not None:
            self.validate = _validation(network, extras.validation, loss, extras.penalty)
        self.validated: list[tuple[float, float]] = []
        self.watch: Watch | None = None
        if extras.early_stopping is not None:
            self.watch = Watch(extras.early_stopping, network.flat)
        self.parameters = network.flat.view()
        self.parameters.flags.writeable = False
        self.iteration = 0
        self.stopped: str | None = None
        self.began = perf_counter()
        self.state: TrainingState = _State(self)
        self.hooks: dict[str, list[Hook]] = {name: [] for name in HOOKS}

    def train(self, callbacks: Sequence[Callback]) -> History:
        """Go through the life cycle."""
        # what overflows is found by its result; a warning would say less, and not where
        with np.errstate(all="ignore"):
            try:
                self.begin(callbacks)
                self.go_on()
            except StopTraining as stop:
                self.stopped = str(stop)
            return self.finish()

    def begin(self, callbacks: Sequence[Callback]) -> None:
        """Take the callbacks, and tell them."""
        self.hooks = {name: overridden(callbacks, f"on_{name}") for name in HOOKS}
        self.began = perf_counter()
        self.call("train_begin")

    def finish(self) -> History:
        """Tell the callbacks, and sum up."""
        metrics = self._metrics()
        for hook in self.hooks["train_end"]:
            try:
                hook(self.state)
            except StopTraining as stop:
                self.stopped = self.stopped or str(stop)
        return History(
            metrics=metrics,
            updates=self.iteration,
            epochs=self.state.epoch,
            seconds=self.state.seconds,
            stopped=self.stopped,
            restored=self.watch.restore() if self.watch is not None else None,
        )

    def go_on(self) -> None:
        """Train from the beginning of an epoch to the end."""
        iteration_begin, iteration_end = self.hooks["iteration_begin"], self.hooks["iteration_end"]
        flat, gradient = self.network.flat, self.batches.gradient
        to_step, batches = self.stepper, self.batches.batches
        zeros = np.zeros_like(flat)
        while self.iteration < self.total:
            logits = self.begin_epoch()
            for run, to_delta, x, y, span in batches[: self.total - self.iteration]:
                if iteration_begin:
                    self.call("iteration_begin")
                z = run.forward(x)
                if logits is not None:
                    logits[span] = z
                run.backward(x, y, to_delta)
                update(flat, gradient, to_step)
                self.iteration += 1
                # 0 · θ is 0 unless one of θ is NaN or infinite: 0.5 µs, np.isfinite takes 1.5
                if flat.dot(zeros) != 0:
                    raise StopTraining(not_finite(self.iteration))
                if iteration_end:
                    self.call("iteration_end")
            self.end_epoch()

    def begin_epoch(self) -> Array | None:
        """Draw its order, and tell the callbacks; give the place to put its logits, if any."""
        self.batches.shuffle()
        self.call("epoch_begin")
        return self.log.next_row() if self.log is not None else None

    def end_epoch(self) -> None:
        """Judge an epoch, if it is whole, and tell the callbacks."""
        if self.iteration % self.per_epoch == 0:
            enough = self._assess()
            self.call("epoch_end")
            if enough and self.iteration < self.total:
                raise StopTraining(enough)

    def call(self, hook: str) -> None:
        """Call one hook of all callbacks."""
        for bound in self.hooks[hook]:
            bound(self.state)

    def _assess(self) -> str | None:
        """Validate after an epoch; say why to stop, if early stopping says so."""
        if self.validate is not None:
            self.validated.append(self.validate())
        if self.watch is None:
            return None
        monitor = self.extras.monitor
        if monitor.startswith("val_"):
            values = self.validated[-1]
        elif self.log is not None:
            values = self.log.latest()
        else:
            return None
        return self.watch.see(values[monitor.endswith("accuracy")], self.iteration)

    def _metrics(self) -> dict[str, FloatArray]:
        metrics: dict[str, FloatArray] = {}
        asked = self.extras.metrics
        rows = None
        if self.log is not None:
            logged = self.log.finish(self.iteration)
            metrics |= {name: values for name, values in logged.items() if name in asked}
            rows = len(logged["loss"])
            if self.log.not_finite_at is not None:
                self.stopped = not_finite(self.log.not_finite_at)
        if self.meter is not None:
            metrics |= {name: values[:rows] for name, values in self.meter.series().items()}
        if self.validate is not None:
            values = np.array(self.validated).reshape(-1, 2).T
            metrics |= {"val_loss": values[0], "val_accuracy": values[1]}
        return metrics


def _validation(
    network: Network, samples: Samples, loss: Loss, penalty: Penalty | None
) -> Callable[[], tuple[float, float]]:
    """Make what computes loss, with its penalty, and accuracy of some samples."""
    x, y = samples.x, samples.y
    run = Pass(network.architecture, network.flat, np.zeros_like(network.flat), len(x))
    run.x[:-1] = x.T

    def measure() -> tuple[float, float]:
        value, accuracy = mean_loss(loss, run.forward(run.x)[None], y[None])
        cost = penalty.cost() if penalty is not None else 0.0
        return float(value[0]) + cost, float(accuracy[0])

    return measure


class _State:
    """What hooks may see of a run; see :class:`TrainingState`."""

    __slots__ = ("_run",)

    def __init__(self, run: Run) -> None:
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
