"""PyTorch modules that are chains of dense layers at inference, and modules put to rest.

PyTorch is never imported at the top: a module that is handed in has brought it along.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from epochreel.nn.activations import LeakyReLU
from epochreel.nn.dense_stack import (
    Activation,
    Dense,
    NotDense,
    Scale,
    Step,
    batch_normalization,
)
from epochreel.nn.errors import InvalidInputError

__all__ = ["Chain", "at_rest", "predict", "read_modules", "to_numpy"]

Read: TypeAlias = Callable[[Any], Step | None]


class Chain(NamedTuple):
    """What reads a module's layers, and what its outputs are.

    Attributes
    ----------
    read : callable
        Gives the steps, with the numbers that the layers have now.
    ends_in_probabilities : bool
        Whether the last of them is a sigmoid or a softmax.
    """

    read: Callable[[], list[Step]]
    ends_in_probabilities: bool


ACTIVATIONS: Mapping[str, str] = {
    "ReLU": "relu",
    "LeakyReLU": "leaky_relu",
    "ELU": "elu",
    "SELU": "selu",
    "GELU": "gelu",
    "SiLU": "silu",
    "Softplus": "softplus",
    "Tanh": "tanh",
    "Sigmoid": "sigmoid",
    "Softmax": "softmax",
}
"""Module → our name; PyTorch's functions are called by the second, too."""

CONSTANTS: Mapping[str, tuple[tuple[str, object, tuple[object, ...]], ...]] = {
    "leaky_relu": (("negative_slope", 0.01, (LeakyReLU.negative_slope,)),),
    "elu": (("alpha", 1.0, (1.0,)),),
    "gelu": (("approximate", "none", ("none",)),),
    "softplus": (("beta", 1.0, (1.0,)), ("threshold", 20.0, (20.0,))),
    "softmax": (("dim", None, (1, -1)),),
    "log_softmax": (("dim", None, (1, -1)),),
}
"""Activation → what it may be set to: name, PyTorch's default, the values that are as ours."""

RESTING = ("Dropout", "AlphaDropout", "FeatureAlphaDropout", "Identity", "Flatten")
"""Modules that do nothing to a row of features at inference."""

RESTING_FUNCTIONS = ("dropout", "alpha_dropout", "feature_alpha_dropout", "flatten", "contiguous")
BLOCK = 8192  # points predicted at a time: the layers of any model may be large
RESHAPING = ("squeeze", "getitem", "view", "reshape")
"""What may be done to the outputs; that it changes nothing but their shape is tried out."""


def to_numpy(tensor: Any) -> NDArray[Any]:
    """Give a tensor's numbers, from any device; they may share its memory."""
    torch: Any = import_module("torch")
    tensor = tensor.detach().cpu()
    if tensor.dtype not in (torch.float32, torch.float64):
        tensor = tensor.float()
    return tensor.numpy()


def read_modules(model: Any) -> Chain:
    """Find the chain of layers of a module.

    Parameters
    ----------
    model : torch.nn.Module
        A Sequential, or any whose ``forward`` can be traced and sends its input through one layer
        after the other.

    Returns
    -------
    Chain

    Raises
    ------
    NotDense
        For a module that isn't a chain, or has a layer that isn't known here.
    """
    fx: Any = import_module("torch.fx")
    tracer = fx.Tracer()
    if tracer.is_leaf_module(model, ""):  # it would be taken apart, being the root
        model = import_module("torch.nn").Sequential(model)
    try:
        nodes = list(tracer.trace(model).nodes)
    except Exception as err:  # its code can't be followed, for whatever reason
        reason = (str(err).splitlines() or [""])[0]
        raise NotDense(f"its forward can't be traced: {reason}") from err
    if [node.op for node in nodes].count("placeholder") != 1 or nodes[0].op != "placeholder":
        raise NotDense("it has several inputs")
    readers: list[tuple[str, Read]] = []
    names: list[str] = []
    for before, node in zip(nodes, nodes[1:], strict=False):
        arguments = [*node.args, *node.kwargs.values()]
        if node.args[:1] != (before,) or any(isinstance(a, fx.Node) for a in arguments[1:]):
            raise NotDense("it isn't a chain of layers")
        if node.op == "output":
            break
        if names and names[-1] in ("log_softmax", *RESHAPING) and node.op == "call_module":
            raise NotDense(f"it goes on behind {names[-1]}")
        if node.op == "call_module":
            name, read = _module_reader(model.get_submodule(node.target))
            target = str(node.target)
        else:
            name, read = _function_reader(node)
            target = ""
        readers.append((target, read))
        names.append(name)
    telling = [name for name in names if name not in RESHAPING and name]

    def read_all() -> list[Step]:
        # by name each time: a layer may be replaced by another while it is trained
        steps = [read(model.get_submodule(target)) for target, read in readers]
        return [step for step in steps if step is not None]

    return Chain(read_all, telling[-1:] in (["sigmoid"], ["softmax"]))


def _module_reader(module: Any) -> tuple[str, Read]:
    """Say what a module is called here, empty for one that does nothing, and what reads it."""
    nn: Any = import_module("torch.nn")
    kind = type(module).__name__
    # the very class: one derived from it may do anything
    if type(module) is not getattr(nn, kind, None):
        raise NotDense(f"it has the layer {kind}")
    if kind == "Linear":
        return "linear", _linear
    if kind == "BatchNorm1d":
        if module.running_mean is None:
            raise NotDense("its BatchNorm1d has no running statistics")
        return "batch_norm", _batch_normalization
    if kind in RESTING:
        return "", _nothing
    if kind == "LogSoftmax":
        _check_constants("log_softmax", lambda name, default: getattr(module, name))
        return "log_softmax", _nothing
    if kind in ACTIVATIONS:
        name = ACTIVATIONS[kind]
        _check_constants(name, lambda key, default: getattr(module, key))
        return name, _activation(name)
    raise NotDense(f"it has the layer {kind}")


def _function_reader(node: Any) -> tuple[str, Read]:
    name = str(node.target if node.op == "call_method" else getattr(node.target, "__name__", ""))
    if node.op not in ("call_method", "call_function"):
        raise NotDense(f"it uses {node.target} itself")
    if name in RESTING_FUNCTIONS:
        return "", _nothing
    if name in RESHAPING:
        return name, _nothing
    if name in ACTIVATIONS.values() or name == "log_softmax":
        given = list(node.args[1:])

        def value(key: str, default: object) -> object:
            if key in node.kwargs:
                return node.kwargs[key]
            return given.pop(0) if given else default

        _check_constants(name, value)
        return name, _nothing if name == "log_softmax" else _activation(name)
    raise NotDense(f"it has the function {name}")


def _check_constants(name: str, value: Callable[[str, object], object]) -> None:
    for key, default, allowed in CONSTANTS.get(name, ()):
        came = value(key, default)
        if came not in allowed:
            raise NotDense(f"its {name} has {key} = {came!r}")


def _linear(module: Any) -> Step:
    bias = None if module.bias is None else to_numpy(module.bias)
    return Dense(to_numpy(module.weight).T, bias)


def _batch_normalization(module: Any) -> Scale:
    return batch_normalization(
        to_numpy(module.running_mean),
        to_numpy(module.running_var),
        1.0 if module.weight is None else to_numpy(module.weight),
        0.0 if module.bias is None else to_numpy(module.bias),
        module.eps,
    )


def _activation(name: str) -> Read:
    step = Activation(name)
    return lambda module: step


def _nothing(module: Any) -> None:
    del module


@contextmanager
def at_rest(model: Any) -> Generator[None]:
    """Let a module predict without a trace.

    Each of its modules is in evaluation mode, and has its own mode back afterwards; no gradients
    are noted, and what is drawn is given back to the generators.
    """
    torch: Any = import_module("torch")
    modules = list(model.modules())
    modes = [module.training for module in modules]
    devices = {tensor.device for tensor in model.parameters() if tensor.device.type == "cuda"}
    with torch.random.fork_rng(devices=list(devices)), torch.no_grad():
        try:
            for module in modules:
                module.training = False
            yield
        finally:
            for module, mode in zip(modules, modes, strict=True):
                module.training = mode


def predict(model: Any, points: NDArray[np.float32]) -> NDArray[Any]:
    """Predict from points, (points, features), as the module would at inference."""
    torch: Any = import_module("torch")
    numbers = (tensor for tensor in model.parameters() if tensor.is_floating_point())
    kind = next(numbers, torch.empty(0))
    outputs: list[NDArray[Any]] = []
    with at_rest(model):
        for start in range(0, len(points), BLOCK):
            block = torch.from_numpy(points[start : start + BLOCK].copy())
            given = model(block.to(kind.device, kind.dtype))
            if not isinstance(given, torch.Tensor):
                raise InvalidInputError(f"model: must give one tensor, got {type(given).__name__}")
            outputs.append(to_numpy(given))
    return np.concatenate(outputs)
