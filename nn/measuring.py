"""Loss and accuracy of what was kept: of networks, of parameters in a row, of any predictions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from epochreel.nn.architecture import Architecture, parameter_count
from epochreel.nn.dataset import Dataset, FloatArray, Labels
from epochreel.nn.losses import make_loss
from epochreel.nn.network import Network, Pass, mean_loss
from epochreel.nn.schedules import Rate, Schedule

__all__ = [
    "determination",
    "evaluate",
    "evaluate_logits",
    "gradient_norms",
    "learning_rates",
    "loss_of_task",
    "measure",
    "splits",
    "usual_loss",
]


def usual_loss(outputs: int) -> str:
    """Name the cross-entropy that goes with a number of outputs."""
    return "binary_crossentropy" if outputs == 1 else "categorical_crossentropy"


def loss_of_task(dataset: Dataset, outputs: int) -> str:
    """Name the loss that predictions of some data are judged by where none is known."""
    return "mean_squared_error" if dataset.task == "regression" else usual_loss(outputs)


def splits(dataset: Dataset) -> Mapping[str, tuple[FloatArray, Labels]]:
    """Give the samples and labels of each split that has any, by name."""
    found = {
        "train": (dataset.x_train, dataset.y_train),
        "test": (dataset.x_test, dataset.y_test),
    }
    return {name: split for name, split in found.items() if len(split[1])}


def evaluate_logits(
    logits: NDArray[Any], y: Labels, loss: str, activation: str
) -> tuple[float, float]:
    """Compute the mean loss and the accuracy of logits, (samples, outputs), in float64."""
    outputs = logits.shape[1]
    kind = make_loss(loss, activation, outputs)
    values = logits.T.astype(np.float64)  # (outputs, samples)
    with np.errstate(all="ignore"):
        value, accuracy = mean_loss(kind, values[None], kind.encode(y, outputs)[None])
    return float(value[0]), float(accuracy[0])


def evaluate(
    network: Network, x: FloatArray, y: Labels, loss: str = "binary_crossentropy"
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


def determination(loss: FloatArray, y: Labels) -> FloatArray:
    """Compute R² = 1 − mean squared error / variance of y: 1 is perfect, 0 is no better than ȳ."""
    return 1 - loss / np.var(y)


def measure(
    architecture: Architecture, parameters: Iterable[NDArray[Any]], dataset: Dataset, loss: str
) -> dict[str, FloatArray]:
    """Compute ``train_loss``, ``train_accuracy`` and the same of ``test`` of vectors of parameters.

    Of a regression ``train_r2`` instead of an accuracy, if y isn't the same everywhere.

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
    metrics = {name: np.array(values) for name, values in found.items()}
    if dataset.task == "regression":
        for split, (_, y) in splits(dataset).items():
            del metrics[f"{split}_accuracy"]
            if np.var(y) > 0:
                metrics[f"{split}_r2"] = determination(metrics[f"{split}_loss"], y)
    return metrics


def gradient_norms(
    architecture: Architecture, parameters: Iterable[NDArray[Any]], dataset: Dataset, loss: str
) -> FloatArray:
    """Compute ‖∂L/∂θ‖ at vectors of parameters, (snapshots,): L over all training samples.

    It is computed afterwards, in float64, and of the loss alone: without penalties, without
    dropout. So it is what full-batch descent would follow there, and no batch's own.
    """
    last = architecture[-1]
    kind = make_loss(loss, last.activation, last.output_dim)
    x = np.vstack([dataset.x_train.T, np.ones(len(dataset.x_train))])  # (features + 1, samples)
    y = kind.encode(dataset.y_train, last.output_dim)
    flat = np.zeros(parameter_count(architecture))
    gradient = np.zeros_like(flat)
    run = Pass(architecture, flat, gradient, x.shape[1])
    to_delta = kind.differential(run.logits)
    found: list[float] = []
    with np.errstate(all="ignore"):
        for snapshot in parameters:
            np.copyto(flat, snapshot)
            run.forward(x)
            run.backward(x, y, to_delta)
            found.append(float(np.sqrt(gradient @ gradient)))
    return np.array(found)


def learning_rates(rate: Rate, updates: Iterable[int]) -> FloatArray:
    """Give the learning rate of the update that follows on so many updates, (snapshots,)."""
    if not isinstance(rate, Schedule):
        return np.array([float(rate) for _ in updates])
    return np.array([rate(int(update)) for update in updates])
