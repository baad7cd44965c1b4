"""An oracle that shares nothing with the product, and data to try things on."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from recording_files import trained

from epochreel.nn.dataset import Dataset
from epochreel.nn.datasets import make_dataset
from epochreel.nn.recording import ParameterRecording

LAMBDA, ALPHA = 1.0507009873554805, 1.6732632423543772
PHI = np.vectorize(lambda z: math.erfc(-z / math.sqrt(2)) / 2)


def exp_below(z):
    return np.exp(np.minimum(z, 0))


FORWARD = {
    "relu": lambda z: np.where(z > 0, z, 0.0),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.2 * z),
    "elu": lambda z: np.where(z > 0, z, exp_below(z) - 1),
    "selu": lambda z: LAMBDA * np.where(z > 0, z, ALPHA * (exp_below(z) - 1)),
    "gelu": lambda z: z * PHI(z),
    "silu": lambda z: z / (1 + np.exp(-z)),
    "softplus": lambda z: np.log(1 + np.exp(z)),
    "tanh": lambda z: (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z)),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "linear": lambda z: z,
    "softmax": lambda z: np.exp(z) / np.exp(z).sum(axis=0),
}
SLOPE = {
    "relu": lambda z: np.where(z > 0, 1.0, 0.0),
    "leaky_relu": lambda z: np.where(z > 0, 1.0, 0.2),
    "elu": lambda z: np.where(z > 0, 1.0, exp_below(z)),
    "selu": lambda z: LAMBDA * np.where(z > 0, 1.0, ALPHA * exp_below(z)),
    "gelu": lambda z: PHI(z) + z * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi),
    "silu": lambda z: (1 + z * (1 - FORWARD["sigmoid"](z))) * FORWARD["sigmoid"](z),
    "softplus": lambda z: FORWARD["sigmoid"](z),
    "tanh": lambda z: 1 - FORWARD["tanh"](z) ** 2,
    "sigmoid": lambda z: FORWARD["sigmoid"](z) * (1 - FORWARD["sigmoid"](z)),
    "linear": np.ones_like,
}
"""Of those that work on each unit alone: all but softmax."""


class Oracle:
    """The published network, slow and plain: float64, (units, samples), a dict of parameters."""

    def __init__(self, parameters: dict, activation: str = "relu") -> None:
        self.layers = len(parameters) // 2
        self.activation = activation
        self.parameters = {
            name: np.array(values, dtype=np.float64).reshape(len(values), -1)
            for name, values in parameters.items()
        }

    def forward(self, x):
        memory, a = {}, x.T
        for layer in range(1, self.layers + 1):
            z = self.parameters[f"W{layer}"] @ a + self.parameters[f"b{layer}"]
            memory[f"A{layer - 1}"], memory[f"Z{layer}"] = a, z
            a = FORWARD["sigmoid" if layer == self.layers else self.activation](z)
        return a, memory

    def loss(self, x, y) -> float:
        p, _ = self.forward(x)
        return float(-np.mean(y * np.log(p[0]) + (1 - y) * np.log(1 - p[0])))

    def accuracy(self, x, y) -> float:
        return float(np.mean((self.forward(x)[0][0] > 0.5) == y))

    def gradients(self, x, y) -> dict:
        p, memory = self.forward(x)
        da = -(y / p - (1 - y) / (1 - p))
        gradients = {}
        for layer in range(self.layers, 0, -1):
            slope = SLOPE["sigmoid" if layer == self.layers else self.activation]
            dz = da * slope(memory[f"Z{layer}"])
            gradients[f"W{layer}"] = dz @ memory[f"A{layer - 1}"].T / len(x)
            gradients[f"b{layer}"] = dz.sum(axis=1, keepdims=True) / len(x)
            da = self.parameters[f"W{layer}"].T @ dz
        return gradients

    def step(self, x, y, learning_rate: float) -> None:
        for name, gradient in self.gradients(x, y).items():
            self.parameters[name] = self.parameters[name] - learning_rate * gradient

    def named(self) -> dict:
        """Give the parameters with biases (units,)."""
        return {
            name: values[:, 0] if name[0] == "b" else values
            for name, values in self.parameters.items()
        }

    def epoch(self, x, y, batch_size: int, order) -> Iterator[tuple]:
        """Cut the samples, in some order, into batches; the last may be short."""
        for start in range(0, len(x), batch_size):
            chosen = order[start : start + batch_size]
            yield x[chosen], y[chosen]


@pytest.fixture(scope="session")
def oracle() -> type[Oracle]:
    return Oracle


@pytest.fixture(scope="session")
def forward() -> dict:
    return FORWARD


@pytest.fixture(params=SLOPE)
def elementwise(request) -> str:
    """Each activation that works on each unit alone."""
    return request.param


@pytest.fixture(scope="session")
def moons() -> Dataset:
    return make_dataset("moons", samples=200, noise=0.2, seed=100)


@pytest.fixture(scope="module")
def recording() -> ParameterRecording:
    return trained()


@pytest.fixture(scope="module")
def content(recording, tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("recording") / "small.reel"
    recording.save(path)
    return path.read_bytes()
