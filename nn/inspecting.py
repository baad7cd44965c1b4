"""What goes on inside a network: its layers one by one, and losses of many networks at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from epochreel.nn.activations import activate
from epochreel.nn.architecture import Architecture, check_points, parameter_blocks, parameter_count
from epochreel.nn.dataset import Dataset, FloatArray
from epochreel.nn.measuring import evaluate_logits, loss_of_task
from epochreel.nn.network import Network

__all__ = ["layer_outputs", "losses_of", "weights_and_biases"]


def weights_and_biases(
    architecture: Architecture, flat: NDArray[np.float32]
) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """View a vector of parameters layer by layer.

    Returns
    -------
    list of (weights, biases)
        Arrays of shape (units, inputs) and (units,).
    """
    blocks = parameter_blocks(architecture, flat)
    return [(block[:-1].T, block[-1]) for block in blocks]


def layer_outputs(
    architecture: Architecture, flat: NDArray[np.float32], points: NDArray[np.floating[Any]]
) -> list[NDArray[np.float32]]:
    """Compute what each layer makes of some points.

    Returns
    -------
    list of (points, units) array
        Of each hidden layer and of the last one, after its activation.
    """
    a = check_points(points, architecture).astype(np.float32).T  # (inputs, points)
    outputs: list[NDArray[np.float32]] = []
    layers = zip(architecture, weights_and_biases(architecture, flat), strict=True)
    with np.errstate(all="ignore"):  # what overflows there is what the network says there
        for spec, (weights, biases) in layers:
            a = activate(spec.activation, weights @ a + biases[:, None])
            outputs.append(np.ascontiguousarray(a.T))
    return outputs


def losses_of(
    architecture: Architecture, vectors: NDArray[np.float32], dataset: Dataset
) -> FloatArray:
    """Compute the mean cross-entropy of many networks over the training samples.

    Of a regression, the mean squared error.

    Parameters
    ----------
    architecture : tuple of LayerSpec
    vectors : (networks, parameters) array
    dataset : Dataset

    Returns
    -------
    (networks,) array of float64
        Not finite where a network overflows.
    """
    last = architecture[-1]
    loss, x, y = loss_of_task(dataset, last.output_dim), dataset.x_train, dataset.y_train
    network = Network.from_vector(architecture, np.empty(parameter_count(architecture), np.float32))
    found = np.empty(len(vectors))
    for index, vector in enumerate(vectors):
        np.copyto(network.flat, vector)
        found[index] = evaluate_logits(network.logits(x), y, loss, last.activation)[0]
    return found
