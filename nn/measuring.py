"""Loss and accuracy of what was kept: of networks, of parameters in a row, of any predictions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from epochreel.nn.architecture import Architecture, parameter_count
from epochreel.nn.dataset import Dataset, FloatArray, IntArray
from epochreel.nn.losses import make_loss
from epochreel.nn.network import Network, mean_loss

__all__ = ["evaluate", "evaluate_logits", "measure", "splits", "usual_loss"]


def usual_loss(outputs: int) -> str:
    """Name the cross-entropy that goes with a number of outputs."""
    return "binary_crossentropy" if outputs == 1 else "categorical_crossentropy"


def splits(dataset: Dataset) -> Mapping[str, tuple[FloatArray, IntArray]]:
    """Give the samples and labels of each split that has any, by name."""
    found = {
        "train": (dataset.x_train, dataset.y_train),
        "test": (dataset.x_test, dataset.y_test),
    }
    return {name: split for name, split in found.items() if len(split[1])}


def evaluate_logits(
    logits: NDArray[Any], y: IntArray, loss: str, activation: str
) -> tuple[float, float]:
    """Compute the mean loss and the accuracy of logits, (samples, outputs), in float64."""
    outputs = logits.shape[1]
    kind = make_loss(loss, activation, outputs)
    values = logits.T.astype(np.float64)  # (outputs, samples)
    with np.errstate(all="ignore"):
        value, accuracy = mean_loss(kind, values[None], kind.encode(y, outputs)[None])
    return float(value[0]), float(accuracy[0])


def evaluate(
    network: Network, x: FloatArray, y: IntArray, loss: str = "binary_crossentropy"
) -> tuple[float, float]:
    """Compute the mean loss, without penalties, and the accuracy over some samples.

    Parameters
    ----------
    network : Network
    x : (samples, inputs) array
    y : (samples,) array
        The class of each, from 0.
    loss : str
        A name of :data:`epochreel.nn.losses.LOSSES`.

    Returns
    -------
    loss, accuracy : float
        Computed in float64 from the network's own logits.
    """
    return evaluate_logits(network.logits(x), y, loss, network.architecture[-1].activation)


def measure(
    architecture: Architecture, parameters: Iterable[NDArray[Any]], dataset: Dataset, loss: str
) -> dict[str, FloatArray]:
    """Compute ``train_loss``, ``train_accuracy`` and the same of ``test`` of vectors of parameters.

    Parameters
    ----------
    architecture : tuple of LayerSpec
    parameters : iterable of (parameters,) array
        One after the other, so they needn't be in memory.
    dataset : Dataset
        A split without samples isn't measured.
    loss : str
        A name of :data:`epochreel.nn.losses.LOSSES`.

    Returns
    -------
    dict
        Name → (snapshots,) array.
    """
    found: dict[str, list[float]] = {
        f"{split}_{metric}": [] for split in splits(dataset) for metric in ("loss", "accuracy")
    }
    network = Network.from_vector(architecture, np.empty(parameter_count(architecture), np.float32))
    for snapshot in parameters:
        np.copyto(network.flat, snapshot)
        for split, (x, y) in splits(dataset).items():
            value, accuracy = evaluate(network, x, y, loss)
            found[f"{split}_loss"].append(value)
            found[f"{split}_accuracy"].append(accuracy)
    return {name: np.array(values) for name, values in found.items()}
