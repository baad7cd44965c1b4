"""The network: forward, loss, backward and update, in the order of the mathematics.

Samples stand in columns. A layer takes A, (inputs, samples), and has a block [W; b] of its weights,
(inputs, units), and under them its biases, (1, units)::

    forward    Z = Wᵀ A + b = [W; b]ᵀ [A; 1]     A of the next layer = f(Z)
    loss       L = mean over the samples of a function of the last Z and Y
    backward   δ = ∂L/∂Z                          of the last layer: (σ(Z) − Y) / samples
               ∂L/∂[W; b] = [A; 1] δᵀ
               δ of the layer before = W δ ∘ f′(Z)
    update     θ ← θ − step(∂L/∂θ)                of gradient descent: learning rate · ∂L/∂θ

What makes it fast, measured on 2-25-50-50-25-1 with batches of 900 and of 32:

- float32: half the memory of float64, and twice the numbers in each instruction.
- All arrays are made once; every operation is told where its result goes by its last argument
  (by keyword, ``out=``, it takes 0.05 µs more, in all 4 % of an iteration of 32).
- All parameters are one vector, so is their gradient: an update is two passes, a snapshot a copy.
- A row of ones under A takes the bias into the product, and its gradient into the gradient's.
- Samples in columns: Z is written right above its row of ones, without gaps: 8 % less than in rows.
- ``a.dot(b, out)``: ``np.dot`` takes 0.15 µs longer to begin, 7 % of an iteration of 32, and
  ``np.matmul`` 0.5 µs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from epochreel.nn.activations import Array, activate, share_slopes
from epochreel.nn.architecture import (
    Architecture,
    architecture_from_entries,
    architecture_from_sizes,
    check_chain,
    check_points,
    check_vector,
    draw_parameters,
    named_parameters,
    parameter_blocks,
    store_parameters,
)
from epochreel.nn.dataset import FloatArray
from epochreel.nn.dropout import Drop, hidden_activation
from epochreel.nn.initializers import Rng
from epochreel.nn.losses import Loss, ToDelta
from epochreel.nn.optimizers import Stepper

__all__ = ["Network", "Pass", "mean_loss", "update"]

BLOCK = 512  # points predicted at a time: what lies between layers stays in the cache, 20 % less
GRAIN = 64  # with 256, a sixth of what a film predicts was padding


class Pass:
    """One batch on its way up the layers and back down: all the arrays that this takes.

    Parameters
    ----------
    architecture : tuple of LayerSpec
    parameters : (parameters,) array, read by ``forward`` and ``backward``, not copied
    gradient : (parameters,) array, written by ``backward``
    samples : int, the size of the batch
    drops : sequence of Drop or None, for each hidden layer that has dropout
    """

    def __init__(
        self, architecture: Architecture, parameters: Array, gradient: Array, samples: int,
        drops: Sequence[Drop | None] = (),
    ) -> None:  # fmt: skip
        dtype, widths = parameters.dtype, [spec.output_dim for spec in architecture]
        hidden = range(len(architecture) - 1)
        self.weights = w = parameter_blocks(architecture, parameters)
        self.gradients = g = parameter_blocks(architecture, gradient)
        self.x = np.ones((architecture[0].input_dim + 1, samples), dtype)
        block = np.ones((sum(widths[:-1]) + len(hidden), samples), dtype)
        a = np.split(block, np.cumsum([width + 1 for width in widths[:-1]]))
        self.deltas = d = [np.empty((width, samples), dtype) for width in widths]
        drop, names = drops or [None for _ in hidden], [spec.activation for spec in architecture]
        self.hidden = f = [hidden_activation(names[i], a[i][:-1], d[i], drop[i]) for i in hidden]
        self.find_slopes = share_slopes(f, block)
        self.logits = np.empty((widths[-1], samples), dtype)
        # what meets what stays the same from batch to batch: both ways are laid out once
        self._up = [(w[i].T, f[i].z, f[i], a[i]) for i in hidden]
        self._down = [
            (a[i], d[i + 1], d[i + 1].T, g[i + 1], w[i + 1][:-1], d[i], f[i])
            for i in reversed(hidden)
        ]

    def forward(self, x: Array) -> Array:
        """Carry a batch up to the last layer's Z.

        Parameters
        ----------
        x : (inputs + 1, samples) array, whose last row is 1

        Returns
        -------
        (outputs, samples) array
            The logits; the next call overwrites them.
        """
        a = x
        for block_t, z, f, a_next in self._up:
            block_t.dot(a, z)  # Z = [W; b]ᵀ [A; 1]
            f.forward()  # A = f(Z), in its place
            a = a_next
        return self.weights[-1].T.dot(a, self.logits)

    def backward(self, x: Array, y: Array, to_delta: ToDelta) -> None:
        """Compute the gradient, after ``forward`` of the same batch.

        Parameters
        ----------
        x, y : (inputs + 1, samples) and (outputs, samples) array
        to_delta : callable
            Made by :meth:`Loss.differential`.
        """
        to_delta(self.logits, y, self.deltas[-1])  # δ = ∂L/∂Z
        self.find_slopes()  # f′ of all layers, if they are all ReLU
        for a, delta, delta_t, gradient, weights, delta_below, f in self._down:
            a.dot(delta_t, gradient)  # ∂L/∂[W; b] = [A; 1] δᵀ
            weights.dot(delta, delta_below)  # ∂L/∂A = W δ
            f.backward()  # δ = ∂L/∂A ∘ f′(Z)
        x.dot(self.deltas[0].T, self.gradients[0])


def mean_loss(
    loss: Loss, logits: Array, y: Array, weights: Array | None = None
) -> tuple[FloatArray, FloatArray]:
    """Compute L, and the accuracy, from the logits of many updates at a time, for speed.

    Parameters
    ----------
    loss : Loss
    logits, y : (updates, outputs, samples) array
    weights : (updates, samples) array, optional

    Returns
    -------
    loss, accuracy : (updates,) array of float64
    """
    values = loss.values(logits, y) if weights is None else loss.values(logits, y) * weights
    hits = np.count_nonzero(loss.hits(logits, y), axis=-1)
    return values.mean(axis=-1, dtype=np.float64), hits / logits.shape[-1]


def update(parameters: Array, gradient: Array, to_step: Stepper) -> None:
    """Take one step; the gradient becomes that step."""
    to_step(gradient)
    np.subtract(parameters, gradient, parameters)  # θ ← θ − step


class Network:
    """A chain of dense layers; all its parameters are one vector.

    Parameters
    ----------
    sizes : sequence of int
        Widths from the inputs to the outputs: ``[2, 25, 50, 50, 25, 1]``.
    activation, output_activation : str
        Of all layers but the last, and of the last.
    initializer : str
        A name of :data:`epochreel.nn.initializers.INITIALIZERS`.
    rng : numpy.random.Generator or numpy.random.RandomState
        Draws the parameters: layer by layer the weights (units, inputs), then the biases.
    dtype : dtype
        float32 or float64.
    """

    architecture: Architecture
    flat: Array  # (parameters,)
    _passes: dict[int, Pass]  # the arrays of predictions, by their number of points

    def __init__(
        self, sizes: Sequence[int], activation: str = "relu", output_activation: str = "sigmoid",
        initializer: str = "normal", *, rng: Rng, dtype: DTypeLike = np.float32,
    ) -> None:  # fmt: skip
        self.architecture = architecture_from_sizes(sizes, activation, output_activation)
        self._passes = {}
        self.flat = draw_parameters(initializer, rng, self.architecture, dtype)

    @classmethod
    def from_layers(
        cls,
        layers: Sequence[Mapping[str, Any]],
        initializer: str = "normal",
        *,
        rng: Rng,
        dtype: DTypeLike = np.float32,
    ) -> Self:
        """Build from entries of ``input_dim``, ``output_dim`` and ``activation``."""
        architecture = architecture_from_entries(layers)
        return cls.from_vector(architecture, draw_parameters(initializer, rng, architecture, dtype))

    @classmethod
    def from_vector(cls, architecture: Architecture, flat: Array) -> Self:
        """Build around a vector of parameters, which isn't copied."""
        network = cls.__new__(cls)
        network.architecture = check_chain(architecture)
        network._passes = {}
        network.flat = check_vector(network.architecture, flat)
        return network

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy what was learned, not views that would part from it."""
        return type(self).from_vector, (self.architecture, self.flat.copy())

    @property
    def parameter_count(self) -> int:
        """Number of weights and biases."""
        return len(self.flat)

    def views(self) -> dict[str, Array]:
        """View the parameters as ``{"W1": (units, inputs), "b1": (units,), …}``."""
        return named_parameters(parameter_blocks(self.architecture, self.flat))

    def parameters(self) -> dict[str, Array]:
        """Copy the parameters, named as in :meth:`views`."""
        return {name: view.copy() for name, view in self.views().items()}

    def load(self, parameters: Mapping[str, ArrayLike]) -> None:
        """Take over parameters named as in :meth:`views`; none of them if one is wrong."""
        store_parameters(parameters, self.views())

    def logits(self, points: ArrayLike) -> Array:
        """Compute the last Z of (points, inputs) as a new array, (points, outputs)."""
        x = check_points(points, self.architecture)
        logits = np.empty((len(x), self.architecture[-1].output_dim), self.flat.dtype)
        with np.errstate(all="ignore"):  # what overflows there is what the network says there
            for start in range(0, len(x), BLOCK):
                rows = x[start : start + BLOCK]
                size = -(-len(rows) // GRAIN) * GRAIN  # eight sizes: a pass takes 0.3 ms to lay out
                if size not in self._passes:
                    unused = np.empty_like(self.flat)
                    self._passes[size] = Pass(self.architecture, self.flat, unused, size)
                run = self._passes[size]
                run.x[:-1, : len(rows)] = rows.T
                logits[start : start + size] = run.forward(run.x).T[: len(rows)]
        return logits

    def predict(self, points: ArrayLike) -> Array:
        """Compute the outputs, (points, outputs): the last layer's activation of the logits."""
        logits = self.logits(points)
        with np.errstate(all="ignore"):
            return activate(self.architecture[-1].activation, logits.T).T
