"""Keras models that are chains of dense layers at inference, and what else is asked of a model.

Keras is never imported here: a model that is handed in has brought it along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from epochreel.nn.activations import ACTIVATIONS, ELU, LeakyReLU
from epochreel.nn.dense_stack import (
    Activation,
    Dense,
    NotDense,
    Scale,
    Step,
    batch_normalization,
)

__all__ = ["Reader", "read_layers", "to_numpy"]

Reader: TypeAlias = Callable[[], list[Step]]
"""Reads what a model's layers are now, as steps from the inputs to the outputs."""


def read_layers(model: Any) -> Reader:
    """Find the chain of layers of a model.

    Parameters
    ----------
    model : keras.Model
        Built.

    Returns
    -------
    Reader
        To be called at each snapshot; it copies nothing but what Keras itself copies.

    Raises
    ------
    NotDense
        For a model that isn't a chain, or has a layer that isn't one of :data:`STEPS`.
    """
    keras = import_module("keras")
    layers = list(_layers(keras, model))
    shape: Any = model.input_shape
    if not isinstance(shape, tuple) or len(shape) != 2:  # pyright: ignore[reportUnknownArgumentType]
        raise NotDense(f"its inputs are {shape} and not a row of features for each sample")
    chain = [(_reader(keras, layer), layer) for layer in layers]

    def read() -> list[Step]:
        return [step for steps, layer in chain for step in steps(layer)]

    return read


def _layers(keras: Any, model: Any) -> Iterator[Any]:
    """Go through the layers in their order, also those of models within a model."""
    for layer in _own_layers(keras, model):
        if isinstance(layer, keras.Model):
            yield from _layers(keras, layer)
        else:
            yield layer


def _own_layers(keras: Any, model: Any) -> list[Any]:
    kind = cast("Any", type(model))
    functional: Any = next((base for base in kind.__mro__ if base.__name__ == "Functional"), None)
    if isinstance(model, keras.Sequential) and kind.call is keras.Sequential.call:
        return list(model.layers)
    if functional is None or kind.call is not functional.call:
        raise NotDense("it computes its outputs by code of its own")
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise NotDense("it has several inputs or outputs")
    layers: list[Any] = []
    tensor = model.outputs[0]
    while tensor is not model.inputs[0]:
        layer, node_index, _ = tensor._keras_history
        node = layer._inbound_nodes[node_index]
        if len(node.input_tensors) != 1:
            raise NotDense("it isn't a chain of layers")
        if any(value is not None for value in node.arguments.kwargs.values()):
            raise NotDense(f"its layer {layer.name!r} is called with options")
        layers.append(layer)
        tensor = node.input_tensors[0]
    return layers[::-1]


def _reader(keras: Any, layer: Any) -> Callable[[Any], Iterator[Step]]:
    kind = type(layer).__name__
    if kind not in STEPS or getattr(keras.layers, kind, None) is not type(layer):
        raise NotDense(f"it has the layer {kind}")
    if layer.compute_dtype not in ("float32", "float64"):
        raise NotDense(f"its layer {layer.name!r} computes in {layer.compute_dtype}")
    return STEPS[kind]


def _dense(layer: Any) -> Iterator[Step]:
    if layer.quantization_mode is not None:
        raise NotDense(f"its layer {layer.name!r} is quantised")
    yield Dense(to_numpy(layer.kernel), None if layer.bias is None else to_numpy(layer.bias))
    yield from _activation(layer)


def _activation(layer: Any) -> Iterator[Step]:
    """Name the function a layer ends with; one that is a layer itself speaks for itself."""
    keras, function = import_module("keras"), layer.activation
    if isinstance(function, keras.layers.Layer):
        yield from _reader(keras, function)(function)
        return
    for name in ACTIVATIONS:
        if function is getattr(keras.activations, name):
            yield Activation(name)
            return
    if function is not None:
        raise NotDense(f"it has the activation {getattr(function, '__name__', function)!r}")


def _batch_normalization(layer: Any) -> Iterator[Step]:
    if layer.axis not in (-1, 1):
        raise NotDense(f"its layer {layer.name!r} normalises another axis than the features")
    yield batch_normalization(
        to_numpy(layer.moving_mean),
        to_numpy(layer.moving_variance),
        to_numpy(layer.gamma) if layer.scale else 1.0,
        to_numpy(layer.beta) if layer.center else 0.0,
        layer.epsilon,
    )


def _normalization(layer: Any) -> Iterator[Step]:
    keras = import_module("keras")
    mean = to_numpy(layer.mean).astype(np.float64).ravel()
    variance = to_numpy(layer.variance).astype(np.float64).ravel()
    deviation = np.maximum(np.sqrt(variance), keras.config.epsilon())
    if layer.invert:
        yield Scale(*_alike(deviation, mean))
    else:
        yield Scale(*_alike(1 / deviation, -mean / deviation))


def _rescaling(layer: Any) -> Iterator[Step]:
    yield Scale(*_alike(np.asarray(layer.scale), np.asarray(layer.offset)))


def _relu(layer: Any) -> Iterator[Step]:
    if layer.max_value is not None or layer.threshold:
        raise NotDense(f"its layer {layer.name!r} has a threshold or a greatest value")
    yield _leaky(layer.negative_slope)


def _leaky_relu(layer: Any) -> Iterator[Step]:
    yield _leaky(layer.negative_slope)


def _leaky(slope: float) -> Activation:
    if slope == 0:
        return Activation("relu")
    if slope != LeakyReLU.negative_slope:
        raise NotDense(f"it has a LeakyReLU with a slope of {slope:g}, not of 0.2")
    return Activation("leaky_relu")


def _elu(layer: Any) -> Iterator[Step]:
    if layer.alpha != 1:
        raise NotDense(f"it has an {ELU.__name__} with an alpha of {layer.alpha:g}, not of 1")
    yield Activation("elu")


def _softmax(layer: Any) -> Iterator[Step]:
    if layer.axis not in (-1, 1):
        raise NotDense(f"its layer {layer.name!r} goes along another axis than the features")
    yield Activation("softmax")


def _nothing(layer: Any) -> Iterator[Step]:
    """Give what has no effect at inference."""
    del layer
    yield from ()


def to_numpy(variable: Any) -> NDArray[Any]:
    """Read a variable or a tensor of any backend; what comes may share its memory."""
    # not by Keras's convert_to_numpy, as NumPy 2 warns about what it does
    value = getattr(variable, "value", variable)
    return np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)


def _alike(scale: Any, shift: Any) -> tuple[Any, Any]:
    """Give both one shape: (features,), or () where there is only one number."""
    scale, shift = np.broadcast_arrays(np.squeeze(scale), np.squeeze(shift))
    return scale.astype(np.float64), shift.astype(np.float64)


STEPS: Mapping[str, Callable[[Any], Iterator[Step]]] = {
    "Dense": _dense,
    "BatchNormalization": _batch_normalization,
    "Normalization": _normalization,
    "Rescaling": _rescaling,
    "Activation": _activation,
    "ReLU": _relu,
    "LeakyReLU": _leaky_relu,
    "ELU": _elu,
    "Softmax": _softmax,
    "ActivityRegularization": _nothing,
    "AlphaDropout": _nothing,
    "Dropout": _nothing,
    "Flatten": _nothing,  # of what is flat already
    "GaussianDropout": _nothing,
    "GaussianNoise": _nothing,
    "Identity": _nothing,
    "InputLayer": _nothing,
}
"""Name in ``keras.layers`` → what it is at inference."""
