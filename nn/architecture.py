"""The layers of a network, and where in its one vector of parameters each layer's stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from epochreel.nn.activations import ACTIVATIONS, Array
from epochreel.nn.errors import InvalidInputError, look_up, unknown_name, whole_number
from epochreel.nn.initializers import INITIALIZERS, Rng

__all__ = [
    "Architecture",
    "LayerSpec",
    "architecture_from_entries",
    "architecture_from_sizes",
    "check_chain",
    "check_points",
    "check_vector",
    "draw_parameters",
    "named_parameters",
    "parameter_blocks",
    "parameter_count",
    "store_parameters",
    "variable_slices",
]

DTYPES = (np.dtype(np.float32), np.dtype(np.float64))


@dataclass(frozen=True)
class LayerSpec:
    """One layer: how many inputs, how many units, which activation.

    Parameters
    ----------
    input_dim, output_dim : int
        At least 1.
    activation : str
        A name of :data:`epochreel.nn.activations.ACTIVATIONS`.

    Raises
    ------
    InvalidInputError
    """

    input_dim: int
    output_dim: int
    activation: str

    def __post_init__(self) -> None:
        """Check each of the three."""
        for name in ("input_dim", "output_dim"):
            object.__setattr__(self, name, whole_number(name, getattr(self, name)))
        look_up("activation", self.activation, ACTIVATIONS)


Architecture = tuple[LayerSpec, ...]


def architecture_from_sizes(
    sizes: Sequence[int], activation: str, output_activation: str
) -> Architecture:
    """Describe a chain of layers by the widths between them: ``[2, 25, 1]`` has two layers."""
    if len(sizes) < 2:
        raise InvalidInputError(
            f"sizes: must have at least 2 entries, inputs and outputs, got {list(sizes)}"
        )
    hidden = [activation] * (len(sizes) - 2)
    return tuple(map(LayerSpec, sizes, sizes[1:], [*hidden, output_activation]))


def architecture_from_entries(entries: Sequence[Mapping[str, Any]]) -> Architecture:
    """Describe layers by entries of ``input_dim``, ``output_dim`` and ``activation``."""
    keys = ("input_dim", "output_dim", "activation")
    specs: list[LayerSpec] = []
    for index, entry in enumerate(entries):
        for key in entry:
            if key not in keys:
                raise unknown_name(f"layers[{index}]", key, keys)
        for key in keys:
            if key not in entry:
                raise InvalidInputError(f"layers[{index}].{key}: is missing")
        try:
            specs.append(LayerSpec(**entry))
        except InvalidInputError as err:
            raise InvalidInputError(f"layers[{index}].{err}") from err
    return check_chain(specs)


def check_chain(specs: Sequence[LayerSpec]) -> Architecture:
    """Refuse layers that don't fit one another."""
    if not specs:
        raise InvalidInputError("layers: must have at least one entry, got none")
    for index in range(1, len(specs)):
        before, here = specs[index - 1].output_dim, specs[index].input_dim
        if before != here:
            raise InvalidInputError(
                f"layers[{index}].input_dim: must be {before}, the output_dim of the layer before, "
                f"got {here}"
            )
    return tuple(specs)


def parameter_count(architecture: Architecture) -> int:
    """Count the weights and biases."""
    return sum((spec.input_dim + 1) * spec.output_dim for spec in architecture)


def check_vector(architecture: Architecture, vector: Array) -> Array:
    """Refuse a vector that doesn't hold an architecture's parameters."""
    count = parameter_count(architecture)
    if vector.shape != (count,) or vector.dtype not in DTYPES or not vector.flags.c_contiguous:
        raise InvalidInputError(
            f"parameters: must be {count} contiguous numbers of float32 or float64, "
            f"got shape {vector.shape} of {vector.dtype}"
        )
    return vector


def parameter_blocks(architecture: Architecture, vector: Array) -> tuple[Array, ...]:
    """View one vector as a block for each layer.

    Parameters
    ----------
    architecture : tuple of LayerSpec
    vector : (parameters,) array

    Returns
    -------
    tuple of (inputs + 1, units) array
        Weights, and in the last row the biases. They share the vector's memory.
    """
    blocks: list[Array] = []
    start = 0
    for spec in architecture:
        stop = start + (spec.input_dim + 1) * spec.output_dim
        blocks.append(vector[start:stop].reshape(spec.input_dim + 1, spec.output_dim))
        start = stop
    return tuple(blocks)


def variable_slices(architecture: Architecture) -> tuple[slice, ...]:
    """Say where in the one vector W1, b1, W2, b2, … stand; each is in one piece."""
    slices: list[slice] = []
    start = 0
    for spec in architecture:
        for length in (spec.input_dim * spec.output_dim, spec.output_dim):
            slices.append(slice(start, start + length))
            start += length
    return tuple(slices)


def named_parameters(blocks: Sequence[Array]) -> dict[str, Array]:
    """View blocks as ``{"W1": (units, inputs), "b1": (units,), …}``."""
    named: dict[str, Array] = {}
    for number, block in enumerate(blocks, start=1):
        named[f"W{number}"] = block[:-1].T
        named[f"b{number}"] = block[-1]
    return named


def draw_parameters(
    initializer: str, rng: Rng, architecture: Architecture, dtype: DTypeLike
) -> Array:
    """Draw one vector of parameters: of each layer in turn the weights, then the biases."""
    draw = look_up("initializer", initializer, INITIALIZERS)
    try:
        known = np.dtype(dtype) in DTYPES
    except TypeError:
        known = False
    if not known:
        raise unknown_name("dtype", getattr(dtype, "__name__", dtype), map(str, DTYPES))
    vector = np.empty(parameter_count(architecture), dtype)
    for spec, block in zip(architecture, parameter_blocks(architecture, vector), strict=True):
        weights, biases = draw(rng, spec.input_dim, spec.output_dim)
        block[:-1] = weights.T
        block[-1] = biases
    return vector


def store_parameters(parameters: Mapping[str, ArrayLike], views: Mapping[str, Array]) -> None:
    """Copy ``{"W1", "b1", …}`` into the views of a network, all or nothing.

    Biases may also be columns, (units, 1).

    Raises
    ------
    InvalidInputError
        For keys that are missing or unknown, other shapes, numbers that aren't finite.
    """
    for name in parameters:
        if name not in views:
            raise unknown_name("parameters", name, views)
    arrays: dict[str, Array] = {}
    for name, view in views.items():
        if name not in parameters:
            raise InvalidInputError(
                f"parameters: must have all of {', '.join(views)}, got no {name}"
            )
        array = _numbers(f"parameters.{name}", parameters[name], view.dtype)
        if view.ndim == 1 and array.shape == (*view.shape, 1):
            array = array[:, 0]
        if array.shape != view.shape:
            raise InvalidInputError(
                f"parameters.{name}: must have shape {view.shape}, got {array.shape}"
            )
        if not np.isfinite(array).all():
            raise InvalidInputError(f"parameters.{name}: must be finite in {view.dtype}")
        arrays[name] = array
    for name, array in arrays.items():
        views[name][...] = array


def check_points(points: ArrayLike, architecture: Architecture, name: str = "points") -> Array:
    """Refuse what isn't an array of a column for each input."""
    array = _numbers(name, points)
    inputs = architecture[0].input_dim
    if array.ndim != 2 or array.shape[1] != inputs:
        raise InvalidInputError(
            f"{name}: must have {inputs} columns, one for each input, got shape {array.shape}"
        )
    return array


def _numbers(name: str, values: ArrayLike, dtype: DTypeLike | None = None) -> Array:
    with np.errstate(over="ignore"):  # too great for float32: said by the caller
        try:
            array = np.asarray(values) if dtype is None else np.asarray(values, dtype)
            return array if array.dtype.kind == "f" else array.astype(np.float64)
        except (TypeError, ValueError):
            raise InvalidInputError(f"{name}: must be an array of numbers") from None
