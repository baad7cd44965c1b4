"""The arrays of one training step: what they are called, their shapes, the memory they take.

All of it is read off the arrays that a training works with, which are laid out here as they are
there, so that a picture of them can't be wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from epochreel.nn.activations import ACTIVATIONS, Array, activate
from epochreel.nn.architecture import Architecture, named_parameters, variable_slices
from epochreel.nn.dataset import FloatArray
from epochreel.nn.errors import whole_number
from epochreel.nn.network import Network, Pass

if TYPE_CHECKING:
    from epochreel.nn.optimizers import Optimizer

__all__ = ["Curve", "LayerArrays", "StepArrays", "activation_curves", "step_arrays"]

Shape = tuple[int, ...]


@dataclass(frozen=True)
class LayerArrays:
    """Shapes of one layer's arrays; samples stand in columns.

    Attributes
    ----------
    activation : str
    inputs, outputs : tuple of int
        Of A of the layer before and of its own, (units, samples); Z is in its place.
    weights, biases : tuple of int
        (units, inputs) and (units,); their gradients are alike.
    deltas : tuple of int
        Of ∂L/∂Z, (units, samples).
    parameters : int
        How many weights and biases.
    """

    activation: str
    inputs: Shape
    outputs: Shape
    weights: Shape
    biases: Shape
    deltas: Shape
    parameters: int


@dataclass(frozen=True)
class StepArrays:
    """The arrays of one training step.

    Attributes
    ----------
    architecture : tuple of LayerSpec
    layers : tuple of LayerArrays
    samples : int
        Of a batch.
    dtype : str
    optimizer : str
        What takes the step.
    memory : mapping
        Bytes by what they are for: parameters, gradient, optimizer, batch, activations, deltas, and
        scratch, which activations need on their way.
    """

    architecture: Architecture
    layers: tuple[LayerArrays, ...]
    samples: int
    dtype: str
    optimizer: str
    memory: Mapping[str, int]

    @property
    def parameters(self) -> int:
        """Number of weights and biases."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def bytes(self) -> int:
        """Memory of it all."""
        return sum(self.memory.values())


def step_arrays(
    network: Network, *, samples: int, optimizer: Optimizer | None = None
) -> StepArrays:
    """Lay out the arrays of a training step, and look at them.

    Parameters
    ----------
    network : Network
        Isn't changed.
    samples : int
        Size of a batch.
    optimizer : Optimizer, optional
        Plain gradient descent when left out.

    Returns
    -------
    StepArrays

    Raises
    ------
    InvalidInputError
        For a batch without samples.
    """
    from epochreel.nn.optimizers import SGD

    samples = whole_number("samples", samples)
    chosen = SGD() if optimizer is None else optimizer
    architecture, parameters = network.architecture, network.flat.copy()
    gradient = np.zeros_like(parameters)
    step = Pass(architecture, parameters, gradient, samples)
    names, slopes = named_parameters(step.weights), named_parameters(step.gradients)
    a = [step.x[:-1], *(layer.a for layer in step.hidden), step.logits]
    layers = tuple(
        LayerArrays(
            spec.activation, a[i].shape, a[i + 1].shape, slopes[f"W{i + 1}"].shape,
            slopes[f"b{i + 1}"].shape, step.deltas[i].shape,
            names[f"W{i + 1}"].size + names[f"b{i + 1}"].size,
        )
        for i, spec in enumerate(architecture)
    )  # fmt: skip
    stepper = chosen.start(parameters, variable_slices(architecture))
    groups = {
        "parameters": [parameters],
        "gradient": [gradient],
        "optimizer": list(_held(stepper)),
        "batch": [step.x, np.empty_like(step.logits)],  # and what the outputs should be
        "activations": [layer.a for layer in step.hidden] + [step.logits],
        "deltas": list(step.deltas),
        "scratch": [
            *(kept for layer in step.hidden for kept in vars(layer).values()),
            *_held(step.find_slopes),
        ],
    }
    return StepArrays(
        architecture, layers, samples, str(parameters.dtype), type(chosen).__name__, _sizes(groups)
    )


def _sizes(groups: Mapping[str, list[Any]]) -> dict[str, int]:
    """Count each piece of memory once, for whoever comes first."""
    seen: set[int] = set()
    sizes: dict[str, int] = {}
    for name, kept in groups.items():
        sizes[name] = 0
        for one in kept:
            if not isinstance(one, np.ndarray):
                continue
            whole = _whole(cast("NDArray[Any]", one))
            if id(whole) not in seen:
                seen.add(id(whole))
                sizes[name] += whole.nbytes
    return sizes


def _whole(array: NDArray[Any]) -> NDArray[Any]:
    """Find the array whose memory a view looks at."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def _held(function: Any) -> Iterator[Any]:
    """Find what a function remembers from call to call, also through functions that it calls."""
    cells = getattr(function, "__closure__", None) or ()
    remembered = [cell.cell_contents for cell in cells]
    if isinstance(function, partial):
        remembered = [*function.args, *function.keywords.values()]
    for kept in remembered:
        if isinstance(kept, np.ndarray):
            yield kept
        elif callable(kept):
            yield from _held(kept)


@dataclass(frozen=True, eq=False)
class Curve:
    """An activation over its sums.

    Attributes
    ----------
    z, f, slope : (points,) array
        The sums, f(z) and f′(z).
    note : str
        What else must be said: of which unit it is.
    """

    z: FloatArray
    f: FloatArray
    slope: FloatArray
    note: str = ""


def activation_curves(low: float = -4.0, high: float = 4.0, points: int = 321) -> dict[str, Curve]:
    """Compute every activation and its derivative, forward and backward as a training does.

    Parameters
    ----------
    low, high : float
        Range of z.
    points : int

    Returns
    -------
    dict
        Curve by name of the activation. Softmax depends on all units of a sample: it is that of z
        beside one 0, and the derivative is by its own z.
    """
    z = np.linspace(low, high, whole_number("points", points, 2))
    curves: dict[str, Curve] = {}
    for name, kind in ACTIVATIONS.items():
        sums: Array = np.stack([z, np.zeros_like(z)]) if name == "softmax" else z[None]
        a, delta = sums.copy(), np.zeros_like(sums)
        delta[0] = 1.0
        layer = kind(a, delta)
        layer.forward()
        layer.backward()
        note = "of z beside 0" if name == "softmax" else ""
        curves[name] = Curve(z, activate(name, sums)[0], delta[0], note)
    return curves
