"""Models in scikit-learn: its ``MLPClassifier``, trained through ``partial_fit``."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from epochreel.nn.architecture import parameter_blocks
from epochreel.nn.dataset import Dataset
from epochreel.nn.history import not_finite
from epochreel.nn.network import Network
from epochreel.nn.optimizers import SGD, Adam
from epochreel.nn.recorders.sklearn import interruptible
from epochreel.nn.recording import ParameterRecording
from epochreel.scenes.framework_training import FrameworkTraining, initial_network
from epochreel.scenes.planning import TrainingPlan

__all__ = ["SKLEARN_ACTIVATIONS", "train_model"]

SKLEARN_ACTIVATIONS = {
    "relu": "relu",
    "tanh": "tanh",
    "sigmoid": "logistic",
    "linear": "identity",
}
"""Our name → scikit-learn's."""

TINY = 1e-300
"""A learning rate that moves nothing; 0 isn't allowed."""


def train_model(
    plan: TrainingPlan, dataset: Dataset, on_update: Callable[[int], None]
) -> ParameterRecording:
    """Train an ``MLPClassifier``; see :class:`epochreel.scenes.engines.Engine`."""
    network = initial_network(plan)
    # a generator, not a seed, with which every call of partial_fit would shuffle alike
    rng = np.random.RandomState(plan.seed)
    x, y = dataset.x_train.astype(np.float32), dataset.y_train
    model = _build(plan, network, x, y, rng)

    def read(flat: Any) -> None:
        blocks = parameter_blocks(network.architecture, flat)
        for block, weight, bias in zip(blocks, model.coefs_, model.intercepts_, strict=True):
            block[:-1] = weight
            block[-1] = bias

    training = FrameworkTraining(plan, dataset, network, read, on_update)
    training.begin()
    with interruptible():
        _train(plan, model, x, y, rng, training)
    finished = training.stopped or training.iteration == training.total_iterations
    return training.end(None if finished else not_finite(training.iteration + 1))


def _train(
    plan: TrainingPlan, model: Any, x: Any, y: Any, rng: Any, training: FrameworkTraining
) -> None:
    by_epoch = _whole_epochs(plan, len(x))
    going = True
    while going:
        if by_epoch:
            going = _fit(model, x, y) and training.go_on(training.iterations_per_epoch)
            continue
        size = plan.batch_size or len(x)
        order = rng.permutation(len(x))
        for start in range(0, len(x), size):
            chosen = order[start : start + size]
            model.set_params(batch_size=len(chosen), alpha=2 * plan.l2 * len(chosen))
            going = _fit(model, x[chosen], y[chosen]) and training.go_on()
            if not going:
                break


def _build(plan: TrainingPlan, network: Network, x: Any, y: Any, rng: Any) -> Any:
    """Make a classifier that has a network's parameters and has made no step yet."""
    neural_network: Any = import_module("sklearn.neural_network")
    optimizer = plan.optimizer
    options: dict[str, Any] = {}
    if isinstance(optimizer, SGD):
        momentum = optimizer.momentum
        options = {"momentum": momentum, "nesterovs_momentum": optimizer.nesterov and momentum > 0}
    elif isinstance(optimizer, Adam):
        options = {
            "beta_1": optimizer.beta_1,
            "beta_2": optimizer.beta_2,
            "epsilon": optimizer.epsilon,
        }
    hidden = [layer.output_dim for layer in plan.layers[:-1]]
    model = neural_network.MLPClassifier(
        hidden,
        activation=SKLEARN_ACTIVATIONS[plan.layers[0].activation] if hidden else "relu",
        solver="sgd" if isinstance(optimizer, SGD) else "adam",
        learning_rate_init=TINY,
        # its penalty is alpha / (2 samples of the batch) · Σ w²
        alpha=2 * plan.l2 * (plan.batch_size or len(x)),
        batch_size=plan.batch_size or len(x),
        random_state=rng,
        max_iter=1,
        n_iter_no_change=plan.updates + 1,
        **options,
    )
    with warnings.catch_warnings():  # one step isn't enough, it says
        warnings.simplefilter("ignore")
        model.fit(x, y)
    blocks = parameter_blocks(network.architecture, network.flat)
    for block, weight, bias in zip(blocks, model.coefs_, model.intercepts_, strict=True):
        weight[...] = block[:-1]
        bias[...] = block[-1]
    # what made the first step remembers it; without it the next call begins anew, from here
    del model._optimizer
    return model.set_params(learning_rate_init=optimizer.learning_rate)


def _fit(model: Any, x: Any, y: Any) -> bool:
    """Make the updates of one call; say whether the model is still finite."""
    with np.errstate(all="ignore"):  # what overflows is told by its result
        try:
            model.partial_fit(x, y)
        except ValueError:
            if all(np.isfinite(weight).all() for weight in (*model.coefs_, *model.intercepts_)):
                raise
            return False
    return True


def _whole_epochs(plan: TrainingPlan, samples: int) -> bool:
    """Whether scikit-learn may go through an epoch by itself.

    Not where something is kept within it, or where a short last batch has a penalty of its own.
    """
    size = plan.batch_size or samples
    whole = plan.batch_size is None or (plan.unit == "epoch" and plan.iterations is None)
    return whole and not (plan.l2 and samples % size)
