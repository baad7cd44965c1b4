"""A training in the loop of a framework, recorded as one of ours is."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from time import perf_counter

import numpy as np

from epochreel.nn.activations import Array
from epochreel.nn.callbacks import Callback, Progress
from epochreel.nn.dataset import Dataset
from epochreel.nn.early_stopping import Watch
from epochreel.nn.history import not_finite
from epochreel.nn.network import Network
from epochreel.nn.recorder import NetworkRecorder, evaluate
from epochreel.nn.recording import ParameterRecording
from epochreel.scenes.planning import TrainingPlan

__all__ = ["FrameworkTraining", "initial_network"]


def initial_network(plan: TrainingPlan) -> Network:
    """Build the network that every engine starts from: a seed gives the same one to each."""
    layers = [
        {
            "input_dim": layer.input_dim,
            "output_dim": layer.output_dim,
            "activation": layer.activation,
        }
        for layer in plan.layers
    ]
    rng = np.random.default_rng(plan.seed)
    return Network.from_layers(layers, initializer=plan.initializer, rng=rng)


class FrameworkTraining:
    """Follows a training that a framework makes; it is its own :class:`TrainingState`.

    What happens here takes no time of the training's own: :attr:`seconds` leaves it out.

    Parameters
    ----------
    plan : TrainingPlan
    dataset : Dataset
    network : Network
        Of the plan's layers; its parameters are overwritten by what ``read`` finds.
    read : callable
        Copies the framework's parameters into a vector, laid out as :attr:`Network.flat`. It is
        called only for what is kept or judged.
    on_update : callable
        As :class:`epochreel.scenes.engines.Engine` is handed it.

    Attributes
    ----------
    iteration : int
        Updates done.
    total_iterations, iterations_per_epoch : int
    seconds : float
        Of the training, until the last update.
    stopped : str or None
        Why it ended early.
    """

    def __init__(
        self,
        plan: TrainingPlan,
        dataset: Dataset,
        network: Network,
        read: Callable[[Array], object],
        on_update: Callable[[int], None],
    ) -> None:
        samples = len(dataset.y_train)
        self.network = network
        self.iteration, self.seconds = 0, 0.0
        self.total_iterations = plan.updates
        self.iterations_per_epoch = (
            1 if plan.batch_size is None else ceil(samples / plan.batch_size)
        )
        self.stopped: str | None = None
        self._plan, self._dataset, self._read = plan, dataset, read
        self._read_at = -1
        self._recorder = NetworkRecorder(
            plan.name, dataset, capture=plan.capture, unit=plan.unit, loss=plan.loss,
            gradient_norm="gradient_norm" in plan.measures, learning_rate=plan.recorded_rate,
        )  # fmt: skip
        self._hooks: list[Callback] = [
            self._recorder,
            Progress(lambda done, total: on_update(done)),
        ]
        stopping = plan.early_stopping
        self._watch = None if stopping is None else Watch(stopping, network.flat)
        self._began = self._apart = 0.0

    @property
    def epoch(self) -> float:
        """Epochs done."""
        return self.iteration / self.iterations_per_epoch

    @property
    def parameters(self) -> Array:
        """Those of the framework's model now, (parameters,)."""
        self._refresh()
        return self.network.flat

    def begin(self) -> None:
        """Keep the untrained model, and start the clock."""
        for hook in self._hooks:
            hook.on_train_begin(self)
        self._began, self._apart = perf_counter(), 0.0

    def go_on(self, updates: int = 1) -> bool:
        """Take notice of updates that were made, within one epoch; say whether to make more.

        More than one at a time, up to a whole epoch, where only epochs are kept.
        """
        now = perf_counter()
        self.seconds = now - self._began - self._apart
        self.iteration += updates
        for hook in self._hooks:
            hook.on_iteration_end(self)
        if self.iteration % self.iterations_per_epoch == 0:
            for hook in self._hooks:
                hook.on_epoch_end(self)
            self._judge()
        if self._read_at == self.iteration and not np.isfinite(self.network.flat).all():
            self.stopped = not_finite(self.iteration)
        self._apart += perf_counter() - now
        return self.stopped is None and self.iteration < self.total_iterations

    def end(self, stopped: str | None = None) -> ParameterRecording:
        """Keep the last update, and hand over what was kept."""
        self.stopped = self.stopped or stopped
        for hook in self._hooks:
            hook.on_train_end(self)
        return self._recorder.recording()

    def _refresh(self) -> None:
        if self._read_at != self.iteration:
            with np.errstate(over="ignore"):  # float64 past float32: infinite, and told so
                self._read(self.network.flat)
            self._read_at = self.iteration

    def _judge(self) -> None:
        """Let early stopping see the end of an epoch, measured then and there on a whole split."""
        if self._watch is None or self._plan.early_stopping is None:
            return
        monitor, data = self._plan.early_stopping.monitor, self._dataset
        x, y = data.x_train, data.y_train
        if monitor.startswith("val_"):
            x, y = data.x_test, data.y_test
        self._refresh()
        loss, accuracy = evaluate(self.network, x, y, self._plan.loss)
        value = accuracy if monitor.endswith("accuracy") else loss + self._penalty()
        enough = self._watch.see(value, self.iteration)
        if self.iteration < self.total_iterations:
            self.stopped = enough

    def _penalty(self) -> float:
        plan = self._plan
        weights = [value for key, value in self.network.views().items() if key.startswith("W")]
        return sum(
            plan.l1 * float(np.abs(weight).sum()) + plan.l2 * float(np.square(weight).sum())
            for weight in weights
        )
