"""Every loss and activation, with penalties, class weights and early stopping, as in real Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from epochreel.nn.activations import ACTIVATIONS, activate
from epochreel.nn.datasets import make_dataset
from epochreel.nn.early_stopping import EarlyStopping
from epochreel.nn.losses import LOSSES
from epochreel.nn.network import Network
from epochreel.nn.optimizers import SGD
from epochreel.nn.training import train

EPOCHS, BATCH = 34, 32  # 180 samples: 6 updates an epoch, 204 in all
PAIRS = [
    ("binary_crossentropy", "sigmoid", 1),
    ("categorical_crossentropy", "softmax", 3),
    ("mean_squared_error", "linear", 1),
    ("mean_squared_error", "sigmoid", 1),
    ("hinge", "linear", 1),
    ("hinge", "tanh", 1),
]
THEIR_NAME = {"categorical_crossentropy": "sparse_categorical_crossentropy"}


def test_every_loss_is_here() -> None:
    assert {loss for loss, _, _ in PAIRS} == set(LOSSES)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name: str) -> None:
    z = np.linspace(-6, 6, 60, dtype=np.float32).reshape(3, 20)
    theirs = np.asarray(getattr(keras.activations, name)(z.T)).T
    np.testing.assert_allclose(activate(name, z.copy()), theirs, atol=1e-6)


@pytest.mark.parametrize(
    "options", [{}, {"l1": 0.003, "l2": 0.01}, {"class_weight": {0: 2.0, 1: 0.5}}], ids=str
)
@pytest.mark.parametrize("activation", ["tanh", "gelu", "selu"])
@pytest.mark.parametrize(("loss", "output", "outputs"), PAIRS)
def test_losses(loss, output, outputs, activation, options, twin) -> None:
    classes = max(2, outputs)
    data = make_dataset("blobs", samples=200, seed=1, classes=classes, noise=1.5)
    sizes = [2, 8, 8, outputs]
    rng = np.random.default_rng(3)
    network = Network(sizes, activation, output, "lecun_normal", rng=rng)
    weights = dict(options.get("class_weight", {}))
    theirs, ours = {}, dict(options)
    if weights:
        ours["class_weight"] = theirs["class_weight"] = {
            k: weights.get(k, 1.0) for k in range(classes)
        }
    penalty = {key: options[key] for key in ("l1", "l2") if key in options}
    layers = {"kernel_regularizer": keras.regularizers.L1L2(**penalty)} if penalty else {}
    model = twin(network, **layers).model
    model.compile(optimizer=keras.optimizers.SGD(0.05), loss=THEIR_NAME.get(loss, loss))
    test = data.x_test.astype(np.float32), data.y_test.astype(np.float32)
    fit = model.fit(
        data.x_train.astype(np.float32),
        data.y_train.astype(np.float32),
        batch_size=BATCH,
        epochs=EPOCHS,
        shuffle=False,
        verbose=0,
        validation_data=test,
        **theirs,
    )
    history = train(
        network,
        data.x_train,
        data.y_train,
        loss=loss,
        optimizer=SGD(0.05),
        epochs=EPOCHS,
        batch_size=BATCH,
        shuffle=False,
        validation_data=(data.x_test, data.y_test),
        **ours,
    )
    for (name, mine), yours in zip(network.parameters().items(), model.get_weights(), strict=True):
        mine = mine.T if name.startswith("W") else mine
        # a class weight of 2 doubles the steps, and with them what rounding adds up to
        np.testing.assert_allclose(mine, yours, rtol=0, atol=2e-6 if weights else 1e-6)
    np.testing.assert_allclose(history.loss, fit.history["loss"], rtol=0, atol=2e-6)
    validation = history.metrics["val_loss"]
    np.testing.assert_allclose(validation, fit.history["val_loss"], rtol=0, atol=2e-6)


@pytest.mark.parametrize(("patience", "min_delta"), [(0, 0.0), (2, 0.0), (3, 0.01)])
def test_early_stopping(patience: int, min_delta: float, twin) -> None:
    data = make_dataset("moons", samples=200, seed=1)
    rng = np.random.default_rng(3)
    network = Network([2, 8, 8, 1], "tanh", initializer="glorot_uniform", rng=rng)
    model = twin(network).model
    model.compile(optimizer=keras.optimizers.SGD(1.5), loss="binary_crossentropy")
    stop = keras.callbacks.EarlyStopping(
        patience=patience, min_delta=min_delta, restore_best_weights=True
    )
    fit = model.fit(
        data.x_train.astype(np.float32),
        data.y_train.astype(np.float32),
        batch_size=BATCH,
        epochs=60,
        shuffle=False,
        verbose=0,
        validation_data=(data.x_test.astype(np.float32), data.y_test.astype(np.float32)),
        callbacks=[stop],
    )
    history = train(
        network,
        data.x_train,
        data.y_train,
        optimizer=SGD(1.5),
        epochs=60,
        batch_size=BATCH,
        shuffle=False,
        validation_data=(data.x_test, data.y_test),
        early_stopping=EarlyStopping(patience=patience, min_delta=min_delta),
    )
    assert history.epochs == len(fit.history["loss"])
    for (name, mine), yours in zip(network.parameters().items(), model.get_weights(), strict=True):
        mine = mine.T if name.startswith("W") else mine
        np.testing.assert_allclose(mine, yours, rtol=0, atol=2e-5)
