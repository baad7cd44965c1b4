"""Classifiers of scikit-learn that are chains of dense layers: an MLP, behind scalers or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

import numpy as np

from epochreel.nn.dense_stack import Activation, Dense, NotDense, Scale, Step

__all__ = ["estimator_steps", "read_estimator"]

ACTIVATIONS: Mapping[str, str] = {
    "identity": "linear",
    "logistic": "sigmoid",
    "tanh": "tanh",
    "relu": "relu",
    "softmax": "softmax",
}
"""scikit-learn's name → ours."""


def estimator_steps(estimator: Any) -> list[Any]:
    """List the steps of a pipeline that do something, or the estimator alone."""
    pipeline: Any = import_module("sklearn.pipeline")
    if not isinstance(estimator, pipeline.Pipeline):
        return [estimator]
    steps: list[Any] = [step for _, step in estimator.steps]
    return [step for step in steps if step is not None and step != "passthrough"]


def read_estimator(estimator: Any) -> list[Step]:
    """Describe a fitted classifier as a chain.

    Parameters
    ----------
    estimator : MLPClassifier, or Pipeline of scalers and an MLPClassifier

    Returns
    -------
    list of steps
        Their arrays are the estimator's own, which go on changing.

    Raises
    ------
    NotDense
        For any other.
    """
    *before, last = estimator_steps(estimator)
    # the very class: one derived from it may do anything
    if type(last) is not import_module("sklearn.neural_network").MLPClassifier:
        raise NotDense(f"it is a {type(last).__name__}")
    chain: list[Step] = []
    preprocessing: Any = import_module("sklearn.preprocessing")
    for step in before:
        name = type(step).__name__
        if name not in SCALERS or type(step) is not getattr(preprocessing, name):
            raise NotDense(f"it has the step {name}")
        chain.append(SCALERS[name](step))
    return [*chain, *_layers(last)]


def _layers(model: Any) -> Iterator[Step]:
    if model.out_activation_ == "logistic" and model.n_outputs_ > 1:
        raise NotDense("it has several labels for each sample")
    last = len(model.coefs_) - 1
    for index, (weight, bias) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
        yield Dense(weight, bias)
        yield Activation(ACTIVATIONS[model.out_activation_ if index == last else model.activation])


def _standard(scaler: Any) -> Scale:
    return _centred(scaler.mean_ if scaler.with_mean else None, scaler.scale_, scaler)


def _robust(scaler: Any) -> Scale:
    return _centred(scaler.center_, scaler.scale_, scaler)


def _max_abs(scaler: Any) -> Scale:
    if getattr(scaler, "clip", False):
        raise NotDense("its MaxAbsScaler clips")
    return _centred(None, scaler.scale_, scaler)


def _min_max(scaler: Any) -> Scale:
    if scaler.clip:
        raise NotDense("its MinMaxScaler clips")
    return Scale(np.asarray(scaler.scale_, np.float64), np.asarray(scaler.min_, np.float64))


def _centred(center: Any, scale: Any, scaler: Any) -> Scale:
    """Give (x − center) / scale, either of which may be left out."""
    features = scaler.n_features_in_
    factor = np.ones(features) if scale is None else 1 / np.asarray(scale, np.float64)
    shift = np.zeros(features) if center is None else -np.asarray(center, np.float64) * factor
    return Scale(factor, shift)


SCALERS: Mapping[str, Callable[[Any], Scale]] = {
    "StandardScaler": _standard,
    "RobustScaler": _robust,
    "MaxAbsScaler": _max_abs,
    "MinMaxScaler": _min_max,
}
"""Class → what it does to each feature."""
