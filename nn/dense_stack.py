"""Chains of layers of any framework, folded into the dense layers of our own network.

A batch normalisation at inference, a standardisation or a rescaling is x ∘ s + t. Right behind a
dense layer, that layer takes it in; elsewhere the dense layer that follows does::

    (x W + b) ∘ s + t = x (W ∘ s) + (b ∘ s + t)
    (x ∘ s + t) W + b = x (s ∘ W) + (b + t W)

What finds no layer to go into becomes one: diag(s) and t. What does nothing at inference, like
dropout, is left out by who describes the chain.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from epochreel.nn.activations import ACTIVATIONS
from epochreel.nn.architecture import Architecture, LayerSpec, parameter_blocks, parameter_count
from epochreel.nn.dataset import FloatArray
from epochreel.nn.errors import EpochreelError

__all__ = [
    "Activation",
    "Dense",
    "Folded",
    "NotDense",
    "Scale",
    "Step",
    "batch_normalization",
    "fold",
]


class NotDense(EpochreelError):  # noqa: N818 -- says what a model is, not what is wrong
    """A model that isn't a chain of dense layers; the text says why."""


@dataclass(frozen=True, eq=False)
class Dense:
    """x W + b.

    Parameters
    ----------
    weight : (inputs, units) array
    bias : (units,) array or None
    """

    weight: NDArray[Any]
    bias: NDArray[Any] | None = None


@dataclass(frozen=True, eq=False)
class Scale:
    """x ∘ s + t, feature by feature.

    Parameters
    ----------
    scale, shift : (features,) array, or () array for all features alike
        Both of one shape.
    """

    scale: FloatArray
    shift: FloatArray


@dataclass(frozen=True)
class Activation:
    """f(x).

    Parameters
    ----------
    name : str
        A name of :data:`epochreel.nn.activations.ACTIVATIONS`, with the constants it has there.
    """

    name: str


Step: TypeAlias = Dense | Scale | Activation


class Folded(NamedTuple):
    """What a chain comes to.

    Attributes
    ----------
    architecture : tuple of LayerSpec
    parameters : (parameters,) array of float32
        As :attr:`epochreel.nn.Network.flat`; the caller's own.
    """

    architecture: Architecture
    parameters: NDArray[np.float32]


def batch_normalization(
    mean: ArrayLike, variance: ArrayLike, gamma: ArrayLike, beta: ArrayLike, epsilon: float
) -> Scale:
    """Give γ (x − mean) / √(variance + ε) + β as a :class:`Scale`.

    Parameters
    ----------
    mean, variance : (features,) array
        The moving ones, as at inference.
    gamma, beta : (features,) array, or a number
    epsilon : float
    """
    middle, spread = np.asarray(mean, np.float64), np.asarray(variance, np.float64)
    scale = np.asarray(gamma, np.float64) / np.sqrt(spread + epsilon)
    return Scale(scale, np.asarray(beta, np.float64) - middle * scale)


def fold(steps: Iterable[Step]) -> Folded:
    """Fold a chain into dense layers, with the numbers that it has now.

    Parameters
    ----------
    steps : iterable of Dense, Scale or Activation
        From the inputs to the outputs, at least one of them dense.

    Returns
    -------
    Folded
        What is folded is computed in float64; a weight that isn't touched is copied as it is.

    Raises
    ------
    NotDense
        For a chain without a dense layer, of layers that don't fit one another, or with an
        activation that we don't have.
    """
    layers = _Layers()
    for step in steps:
        layers.add(step)
    layers.settle()
    if not layers.dense:
        raise NotDense("it has no dense layer")
    architecture = tuple(
        LayerSpec(len(layer.weight), layer.weight.shape[1], activation)
        for layer, activation in zip(layers.dense, layers.activations, strict=True)
    )
    parameters = np.empty(parameter_count(architecture), np.float32)
    blocks = parameter_blocks(architecture, parameters)
    with np.errstate(over="ignore"):  # a training that diverges: infinite, as in the framework
        for layer, block in zip(layers.dense, blocks, strict=True):
            block[:-1] = layer.weight
            block[-1] = 0 if layer.bias is None else layer.bias
    return Folded(architecture, parameters)


class _Layers:
    """The dense layers so far, the activation of each, and what waits for the next one."""

    def __init__(self) -> None:
        self.dense: list[Dense] = []
        self.activations: list[str] = []
        self.waiting: Scale | None = None
        self.width: int | None = None

    def add(self, step: Step) -> None:
        if isinstance(step, Activation):
            self._activate(step.name)
        elif isinstance(step, Dense):
            if step.weight.ndim != 2 or (
                step.bias is not None and step.bias.shape != step.weight.shape[1:]
            ):
                raise NotDense("a layer's weights aren't a matrix")
            self._fits(len(step.weight))
            self._append(step if self.waiting is None else _before(self.waiting, step))
        else:
            if step.scale.ndim > 1 or step.shift.shape != step.scale.shape:
                raise NotDense("a scale isn't one number for each feature")
            if step.scale.ndim:
                self._fits(len(step.scale))
            self._scale(step)

    def settle(self) -> None:
        """Make a layer of what waits."""
        if self.waiting is not None:
            self._append(_before(self.waiting, self._identity()))

    def _activate(self, name: str) -> None:
        if name not in ACTIVATIONS:
            raise NotDense(f"it has the activation {name!r}")
        if name == "linear":
            return
        self.settle()
        if not self.dense or self.activations[-1] != "linear":
            self._append(self._identity())
        self.activations[-1] = name

    def _scale(self, step: Scale) -> None:
        if self.waiting is not None:
            self.waiting = Scale(
                self.waiting.scale * step.scale, self.waiting.shift * step.scale + step.shift
            )
        elif self.dense and self.activations[-1] == "linear":
            self.dense[-1] = _behind(self.dense[-1], step)
        else:
            self.waiting = step

    def _identity(self) -> Dense:
        if self.width is None:
            raise NotDense("nothing says how many inputs it has")
        return Dense(np.eye(self.width))

    def _append(self, layer: Dense) -> None:
        self.dense.append(layer)
        self.activations.append("linear")
        self.waiting, self.width = None, layer.weight.shape[1]

    def _fits(self, width: int) -> None:
        if self.width not in (None, width):
            raise NotDense(f"a layer of {width} inputs follows one of {self.width} units")
        self.width = width


def _behind(layer: Dense, step: Scale) -> Dense:
    bias = 0.0 if layer.bias is None else layer.bias
    return Dense(layer.weight * step.scale, bias * step.scale + step.shift)


def _before(step: Scale, layer: Dense) -> Dense:
    weight = layer.weight.astype(np.float64)
    scale, shift = np.broadcast_arrays(step.scale, step.shift, weight[:, 0])[:2]
    bias = 0.0 if layer.bias is None else layer.bias
    return Dense(scale[:, None] * weight, bias + shift @ weight)
