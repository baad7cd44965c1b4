"""Models in PyTorch: its own modules, losses and optimisers, in the plain loop of its tutorials."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np

from epochreel.nn.activations import LeakyReLU
from epochreel.nn.architecture import parameter_blocks
from epochreel.nn.dataset import Dataset
from epochreel.nn.losses import make_loss
from epochreel.nn.network import Network
from epochreel.nn.optimizers import OPTIMIZERS
from epochreel.nn.recording import ParameterRecording
from epochreel.nn.schedules import Schedule
from epochreel.scenes.framework_training import FrameworkTraining, initial_network
from epochreel.scenes.planning import TrainingPlan

__all__ = ["TORCH_OPTIMIZERS", "train_model"]

Made = Callable[[Any, Any], Any]

ACTIVATIONS: Mapping[str, Callable[[Any], Any]] = {
    "relu": lambda nn: nn.ReLU(),
    "leaky_relu": lambda nn: nn.LeakyReLU(LeakyReLU.negative_slope),
    "elu": lambda nn: nn.ELU(),
    "selu": lambda nn: nn.SELU(),
    "gelu": lambda nn: nn.GELU(),
    "silu": lambda nn: nn.SiLU(),
    "softplus": lambda nn: nn.Softplus(),
    "tanh": lambda nn: nn.Tanh(),
    "sigmoid": lambda nn: nn.Sigmoid(),
    "linear": lambda nn: nn.Identity(),
    "softmax": lambda nn: nn.Softmax(dim=1),
}
"""Name → its module, with the constants of :mod:`epochreel.nn.activations`."""

LOSSES: Mapping[str, Callable[[Any, Any], Callable[[Any, Any], Any]]] = {
    "binary_crossentropy": lambda torch, f: torch.nn.BCEWithLogitsLoss(),
    "categorical_crossentropy": lambda torch, f: torch.nn.CrossEntropyLoss(),
    "mean_squared_error": lambda torch, f: lambda z, y: torch.nn.functional.mse_loss(f(z), y),
    "hinge": lambda torch, f: lambda z, y: (1 - y * f(z)).clamp(min=0).mean(),
}
"""Name → a function of the last layer's sums and the targets, given its activation f."""


def _sgd(torch: Any, parameters: Any, plan: Any) -> Any:
    nesterov = plan.nesterov and plan.momentum > 0
    return torch.optim.SGD(parameters, momentum=plan.momentum, nesterov=nesterov)


def _adam(torch: Any, parameters: Any, plan: Any) -> Any:
    return torch.optim.Adam(parameters, betas=(plan.beta_1, plan.beta_2), eps=plan.epsilon)


def _rmsprop(torch: Any, parameters: Any, plan: Any) -> Any:
    return torch.optim.RMSprop(parameters, alpha=plan.rho, eps=plan.epsilon)


def _adagrad(torch: Any, parameters: Any, plan: Any) -> Any:
    start = plan.initial_accumulator_value
    return torch.optim.Adagrad(parameters, initial_accumulator_value=start, eps=plan.epsilon)


TORCH_OPTIMIZERS: Mapping[str, Callable[[Any, Any, Any], Any]] = {
    "sgd": _sgd,
    "momentum": _sgd,
    "nesterov": _sgd,
    "rmsprop": _rmsprop,
    "adagrad": _adagrad,
    "adam": _adam,
    "adamw": _adam,
}
"""Name → PyTorch's own, but for its learning rate, which is set before each step."""


def train_model(
    plan: TrainingPlan, dataset: Dataset, on_update: Callable[[int], None]
) -> ParameterRecording:
    """Train a model in PyTorch; see :class:`epochreel.scenes.engines.Engine`."""
    torch: Any = import_module("torch")
    network = initial_network(plan)
    with _alone(torch, plan.seed):
        model = _build(torch, plan, network)
        views = [parameter.detach().numpy() for parameter in model.parameters()]

        def read(flat: Any) -> None:
            # the layout of one vector: weights (inputs, units), the biases under them
            blocks = parameter_blocks(network.architecture, flat)
            for block, weight, bias in zip(blocks, views[::2], views[1::2], strict=True):
                block[:-1] = weight.T
                block[-1] = bias

        training = FrameworkTraining(plan, dataset, network, read, on_update)
        _train(torch, plan, dataset, model, training)
        return training.end()


def _train(
    torch: Any, plan: TrainingPlan, dataset: Dataset, model: Any, training: FrameworkTraining
) -> None:
    last = plan.layers[-1]
    targets = make_loss(plan.loss, last.activation, last.output_dim).encode(
        dataset.y_train, last.output_dim
    )
    x = torch.from_numpy(dataset.x_train.astype(np.float32))
    y = torch.from_numpy(np.ascontiguousarray(targets.T, np.float32))
    loss_of = LOSSES[plan.loss](torch, ACTIVATIONS[last.activation](torch.nn))
    parameters = list(model.parameters())
    weights = parameters[::2]
    kind = next(name for name, known in OPTIMIZERS.items() if known is type(plan.optimizer))
    optimizer = TORCH_OPTIMIZERS[kind](torch, parameters, plan.optimizer)
    clip = _clip(torch, plan, parameters)
    size = plan.batch_size or len(x)
    going = True
    training.begin()
    while going:
        order = torch.randperm(len(x)) if size < len(x) else None
        for start in range(0, len(x), size):
            chosen = slice(None) if order is None else order[start : start + size]
            loss = loss_of(model(x[chosen]), y[chosen])
            if plan.l1:
                loss = loss + plan.l1 * sum(weight.abs().sum() for weight in weights)
            if plan.l2:
                loss = loss + plan.l2 * sum(weight.square().sum() for weight in weights)
            optimizer.zero_grad()
            loss.backward()
            clip()
            rate = _rate(plan, training.iteration)
            optimizer.param_groups[0]["lr"] = rate
            _decay(torch, plan, parameters, rate)
            optimizer.step()
            going = training.go_on()
            if not going:
                break


def _build(torch: Any, plan: TrainingPlan, network: Network) -> Any:
    """Make the module without its last activation, with a network's parameters."""
    modules: list[Any] = []
    blocks = parameter_blocks(network.architecture, network.flat)
    for index, (layer, block) in enumerate(zip(plan.layers, blocks, strict=True)):
        linear = torch.nn.Linear(layer.input_dim, layer.output_dim)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(block[:-1].T.copy()))
            linear.bias.copy_(torch.from_numpy(block[-1].copy()))
        modules.append(linear)
        if index < len(plan.layers) - 1:
            modules.append(ACTIVATIONS[layer.activation](torch.nn))
            if plan.dropout[index]:
                modules.append(torch.nn.Dropout(plan.dropout[index]))
    return torch.nn.Sequential(*modules)


def _rate(plan: TrainingPlan, update: int) -> float:
    rate = plan.optimizer.learning_rate
    return rate(update) if isinstance(rate, Schedule) else rate


def _decay(torch: Any, plan: TrainingPlan, parameters: list[Any], rate: float) -> None:
    """Let parameters decay as ``torch.optim.AdamW`` does, whatever the optimiser."""
    if plan.optimizer.weight_decay:
        with torch.no_grad():
            for parameter in parameters:
                parameter.mul_(1 - rate * plan.optimizer.weight_decay)


def _clip(torch: Any, plan: TrainingPlan, parameters: list[Any]) -> Callable[[], None]:
    settings, utils = plan.optimizer, torch.nn.utils

    def clip() -> None:
        if settings.clip_value is not None:
            utils.clip_grad_value_(parameters, settings.clip_value)
        if settings.global_clip_norm is not None:
            utils.clip_grad_norm_(parameters, settings.global_clip_norm)
        if settings.clip_norm is not None:
            for parameter in parameters:
                utils.clip_grad_norm_([parameter], settings.clip_norm)

    return clip


@contextmanager
def _alone(torch: Any, seed: int) -> Generator[None]:
    """Seed PyTorch's generator, and leave it and its threads afterwards as they were.

    One thread: matrices this small gain nothing from more, and several trainings may run at once.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)
