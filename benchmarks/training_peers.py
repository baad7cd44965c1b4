"""The same jobs in Keras on JAX, PyTorch and scikit-learn; a peer that isn't installed is left out.

Each gives a function ``run(epochs)`` that trains so long and returns the last epoch's accuracy, or
``None`` where it doesn't report one. What is compiled is compiled before.
"""

from __future__ import annotations

import importlib.util
import os
import warnings
from collections.abc import Callable

import numpy as np

Run = Callable[[int], float | None]


def keras_on_jax(x, y, sizes, batch_size: int, *, at_once: bool = False) -> Run | None:
    if not (importlib.util.find_spec("keras") and importlib.util.find_spec("jax")):
        return None
    os.environ["KERAS_BACKEND"] = "jax"
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    import keras

    if keras.backend.backend() != "jax":
        return None
    keras.utils.set_random_seed(2)
    hidden = [keras.layers.Dense(width, activation="relu") for width in sizes[1:-1]]
    model = keras.Sequential(
        [keras.Input((sizes[0],)), *hidden, keras.layers.Dense(1, activation="sigmoid")]
    )
    model.compile(
        optimizer=keras.optimizers.SGD(0.01),
        loss="binary_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=-(-len(x) // batch_size) if at_once else 1,
    )
    whole = batch_size >= len(x)

    def run(epochs: int) -> float:
        history = model.fit(
            x, y, batch_size=batch_size, epochs=epochs, verbose=0, shuffle=not whole
        )
        return history.history["accuracy"][-1]

    run(2)
    return run


def torch_eager(x, y, sizes, batch_size: int) -> Run | None:
    if not importlib.util.find_spec("torch"):
        return None
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(2)
    layers: list = []
    for inputs, units in zip(sizes, sizes[1:], strict=False):
        layers += [torch.nn.Linear(inputs, units), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    features, labels = torch.from_numpy(x), torch.from_numpy(y[:, None])
    criterion = torch.nn.BCEWithLogitsLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    whole = batch_size >= len(x)

    def run(epochs: int) -> float:
        share = 0.0
        for _ in range(epochs):
            order = None if whole else torch.randperm(len(x))
            loss_sum, hits = 0.0, 0.0
            for start in range(0, len(x), batch_size):
                if order is None:
                    batch_x, batch_y = features, labels
                else:
                    chosen = order[start : start + batch_size]
                    batch_x, batch_y = features[chosen], labels[chosen]
                logits = model(batch_x)
                loss = criterion(logits, batch_y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                loss_sum += loss.item() * len(batch_y)
                hits += ((logits > 0) == (batch_y > 0.5)).sum().item()
            share = hits / len(x)
        return share

    run(2)
    return run


def scikit_learn(x, y, sizes, batch_size: int) -> Run:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    def run(epochs: int) -> None:
        model = MLPClassifier(
            hidden_layer_sizes=tuple(sizes[1:-1]), activation="relu", solver="sgd", alpha=0,
            batch_size=min(batch_size, len(x)), learning_rate_init=0.01, momentum=0,
            nesterovs_momentum=False, shuffle=batch_size < len(x), random_state=2,
            max_iter=epochs, tol=0, n_iter_no_change=epochs + 1,
        )  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(x, y.astype(np.int64))
        if len(model.loss_curve_) != epochs or model.coefs_[0].dtype != x.dtype:
            raise RuntimeError("MLPClassifier didn't do the job it was given")

    return run
