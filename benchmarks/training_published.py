"""The network as an article publishes it: float64, (units, samples), a dictionary of parameters.

Written for reading, with a formula a line and a new array for each; a yardstick, not an opponent.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np


def initial(sizes: list[int], seed: int) -> dict[str, np.ndarray]:
    rng = np.random.RandomState(seed)
    parameters = {}
    for layer, (inputs, units) in enumerate(zip(sizes, sizes[1:], strict=False), start=1):
        parameters[f"W{layer}"] = rng.randn(units, inputs) * 0.1
        parameters[f"b{layer}"] = rng.randn(units, 1) * 0.1
    return parameters


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def relu(z):
    return np.maximum(0, z)


def sigmoid_backward(da, z):
    s = sigmoid(z)
    return da * s * (1 - s)


def relu_backward(da, z):
    dz = np.array(da, copy=True)
    dz[z <= 0] = 0
    return dz


def forward(x, parameters, layers):
    memory, a = {}, x
    for layer in range(1, layers + 1):
        memory[f"A{layer - 1}"] = a
        z = np.dot(parameters[f"W{layer}"], a) + parameters[f"b{layer}"]
        memory[f"Z{layer}"] = z
        a = sigmoid(z) if layer == layers else relu(z)
    return a, memory


def cost(p, y):
    samples = p.shape[1]
    value = -1 / samples * (np.dot(y, np.log(p).T) + np.dot(1 - y, np.log(1 - p).T))
    return float(np.squeeze(value))


def accuracy(p, y):
    classes = np.copy(p)
    classes[classes > 0.5] = 1
    classes[classes <= 0.5] = 0
    return float((classes == y).all(axis=0).mean())


def backward(p, y, memory, parameters, layers):
    samples, gradients = y.shape[1], {}
    da = -(np.divide(y, p) - np.divide(1 - y, 1 - p))
    for layer in range(layers, 0, -1):
        slope = sigmoid_backward if layer == layers else relu_backward
        dz = slope(da, memory[f"Z{layer}"])
        gradients[f"W{layer}"] = np.dot(dz, memory[f"A{layer - 1}"].T) / samples
        gradients[f"b{layer}"] = np.sum(dz, axis=1, keepdims=True) / samples
        da = np.dot(parameters[f"W{layer}"].T, dz)
    return gradients


def update(parameters, gradients, learning_rate):
    for name in parameters:
        parameters[name] -= learning_rate * gradients[name]


def train(x, y, sizes, *, epochs, batch_size, seed=2, learning_rate=0.01):
    """Train on (samples, features); give what `epochs` epochs had for loss and accuracy."""
    parameters, layers = initial(sizes, seed), len(sizes) - 1
    columns, labels = x.T, y.reshape(1, -1).astype(float)
    losses, accuracies = [], []
    for batches in _epochs(columns, labels, epochs, batch_size, seed):
        loss_sum, hits = 0.0, 0.0
        for batch_x, batch_y in batches:
            p, memory = forward(batch_x, parameters, layers)
            loss_sum += cost(p, batch_y) * batch_y.shape[1]
            hits += accuracy(p, batch_y) * batch_y.shape[1]
            update(parameters, backward(p, batch_y, memory, parameters, layers), learning_rate)
        losses.append(loss_sum / len(y))
        accuracies.append(hits / len(y))
    return losses, accuracies


def _epochs(x, y, epochs, batch_size, seed) -> Iterator[list]:
    samples = x.shape[1]
    if batch_size >= samples:
        for _ in range(epochs):
            yield [(x, y)]
        return
    rng = np.random.RandomState(seed)
    for _ in range(epochs):
        order = rng.permutation(samples)
        cuts = [order[start : start + batch_size] for start in range(0, samples, batch_size)]
        yield [(x[:, chosen], y[:, chosen]) for chosen in cuts]
