"""What it costs to film a Keras training: the published callback against the recorder."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import pyplot as plt

from benchmarks.measuring import in_turn, machine, publish, table
from epochreel.nn import make_dataset

SIZES = [2, 25, 50, 50, 25, 1]
EPOCHS = 200  # of the article's training
DRAWN = 15  # of them, timed where each is drawn: they all take as long
ROUNDS = 3
TIMES_AS_FAST = 20.0
MOST_MS = 1.0

DATA = make_dataset("moons", samples=1000, noise=0.2, seed=100)
GRID = np.meshgrid(np.linspace(-1.5, 2.5, 100), np.linspace(-1.0, 2.0, 100))
POINTS = np.column_stack([axis.ravel() for axis in GRID]).astype(np.float32)


def build(keras: Any) -> Any:
    """The article's network, compiled, and trained for an epoch so that all else is too."""
    keras.utils.set_random_seed(2)
    hidden = [keras.layers.Dense(width, activation="relu") for width in SIZES[1:-1]]
    layers = [keras.Input((2,)), *hidden, keras.layers.Dense(1, activation="sigmoid")]
    model = keras.Sequential(layers)
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    fit(model, 1, [])
    model.predict(POINTS, verbose=0)
    return model


def fit(model: Any, epochs: int, callbacks: list[Any]) -> None:
    x, y = DATA.x_train.astype(np.float32), DATA.y_train.astype(np.float32)
    model.fit(x, y, batch_size=32, epochs=epochs, verbose=0, callbacks=callbacks)


def published(keras: Any, folder: Path) -> Any:
    """Predict on a grid and save a figure of it, after each epoch."""

    class Plot(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            found = self.model.predict(POINTS, verbose=0).reshape(GRID[0].shape)
            with plt.style.context("dark_background"):
                figure = plt.figure(figsize=(16, 12))
                axes = plt.gca()
                axes.set(xlabel="$X_1$", ylabel="$X_2$")
                axes.set_title(f"Keras Model - It: {epoch:05}", fontsize=30)
                axes.contourf(*GRID, found, 25, alpha=1, cmap="Spectral")
                axes.contour(*GRID, found, levels=[0.5], cmap="Greys")
                axes.scatter(
                    *DATA.x_test.T, c=DATA.y_test, s=100, cmap="Spectral", edgecolors="black"
                )
                plt.savefig(folder / f"{epoch:05}.png")
                plt.close(figure)

    return Plot()


def cost_of_a_snapshot(recorder_class: Any, model: Any, path: Path) -> tuple[float, float]:
    """Measure what the recorder adds to an epoch, and what ``get_weights`` takes, in ms."""
    spent: list[float] = []
    weights: list[float] = []

    class Timed(recorder_class):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            # in turn: what reads the weights first makes it cheap for the other
            if epoch % 2:
                weights.append(_milliseconds(self.model.get_weights))
                super().on_epoch_end(epoch, logs)
            else:
                spent.append(_milliseconds(lambda: super(Timed, self).on_epoch_end(epoch, logs)))

    fit(model, 200, [Timed(path)])
    return statistics.mean(spent), statistics.mean(weights)


def _milliseconds(run: Callable[[], object]) -> float:
    began = time.process_time()
    run()
    return (time.process_time() - began) * 1000


def main() -> None:
    os.environ.setdefault("KERAS_BACKEND", "jax")
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})  # before Keras, whose backends count them
    try:
        measure()
    finally:
        os.sched_setaffinity(0, cores)


def measure() -> None:
    import keras

    from epochreel.nn import KerasRecorder

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = build(keras)
        runs = {
            "no film": lambda: fit(model, EPOCHS, []),
            "predicting and drawing in the callback, as published": lambda: fit(
                model, DRAWN, [published(keras, folder)]
            ),
            "KerasRecorder": lambda: fit(model, EPOCHS, [KerasRecorder(folder / "run.reel")]),
        }
        fit(model, 2, [KerasRecorder(folder / "warm.reel")])
        times = in_turn(runs, ROUNDS, time.process_time)
        spent, weights = cost_of_a_snapshot(KerasRecorder, model, folder / "cost.reel")
    plain, drawn, recorded = times.values()
    epochs = [plain / EPOCHS, drawn / DRAWN, recorded / EPOCHS]
    rows = [
        [name, f"{epoch * 1000:.1f}", f"{epoch / epochs[-1]:.2f}"]
        for name, epoch in zip(times, epochs, strict=True)
    ]
    ratio, beyond = epochs[1] / epochs[2], spent - weights
    checks = [
        [
            "training with capture, × as fast as the published way", f"{ratio:.0f}",
            f"≥ {TIMES_AS_FAST:g}", "yes" if ratio >= TIMES_AS_FAST else "no",
        ],
        [
            "a snapshot beyond `get_weights`, ms", f"{beyond:.2f}", f"≤ {MOST_MS:g}",
            "yes" if beyond <= MOST_MS else "no",
        ],
    ]  # fmt: skip
    publish(
        "frameworks",
        "Filming a Keras training",
        f"The network {'-'.join(map(str, SIZES))} on 900 samples in batches of 32, Keras on "
        f"{keras.backend.backend()}, a snapshot after each of {EPOCHS} epochs; tied to one core.\n"
        f"Processor time, medians of {ROUNDS} runs in turn; compiled before. The published way "
        f"predicts on 10 000 points and draws 1600×1200; {DRAWN} epochs of it are timed.\n"
        f"{machine(['numpy', 'keras', 'jax', 'matplotlib'])}.\n\n"
        + table(["", "ms an epoch", "with the recorder = 1"], rows)
        + f"\n\n`get_weights` takes {weights:.2f} ms, the recorder {spent:.2f} ms a snapshot: "
        "reading the variables, folding, and its share of writing the file (means of 100).\n\n"
        + table(["", "measured", "asked", "met"], checks),
    )
