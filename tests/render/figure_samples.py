"""One small subject for every figure."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from epochreel.nn import (
    SGD,
    Network,
    NetworkRecorder,
    ParameterRecording,
    activation_curves,
    make_dataset,
    step_arrays,
    train,
)
from epochreel.render import figures
from epochreel.render.bars import Bar, BarColumn, BarRow

SIZES = [2, 12, 9, 1]


def make_network() -> Network:
    return Network(SIZES, initializer="glorot_uniform", rng=np.random.default_rng(5))


@cache
def make_recording() -> ParameterRecording:
    data = make_dataset("moons", samples=120, noise=0.2, seed=1, test_fraction=0.25)
    network, rng = make_network(), np.random.default_rng(6)
    recorder = NetworkRecorder("Moons", data, every=1, unit="epoch")
    train(network, data.x_train, data.y_train, optimizer=SGD(0.1), epochs=12, batch_size=16,
          rng=rng, callbacks=[recorder])  # fmt: skip
    return recorder.recording()


def bar(value: float) -> Bar:
    return Bar(value, 0.9 * value, 1.1 * value, f"{value:.3f}")


TABLE = SimpleNamespace(
    rows=(BarRow("NumPy Model", "7 parameters"), BarRow("Keras Model", "7 parameters")),
    columns=(
        BarColumn("seconds", ("",), ((bar(2.0),), (bar(6.0),))),
        BarColumn("accuracy", ("test", "train"), ((bar(0.5), bar(0.6)),) * 2, 1.0),
        BarColumn("loss", ("test", "train"), ((bar(0.1), bar(0.2)),) * 2),
    ),
    note="moons, 90 training samples; medians of 3 trainings, seeds 1 to 3, one at a time",
)


@cache
def subjects() -> dict[str, Any]:
    network, recording = make_network(), make_recording()
    arrays = step_arrays(network, samples=90)
    return {
        "architecture": network,
        "blueprint": arrays,
        "unit": recording,
        "shapes": network,
        "layer_steps": arrays,
        "activations": activation_curves(),
        "dataset": recording.dataset,
        "curves": recording,
        "strip": recording,
        "comparison": TABLE,
    }


def draw(name: str, **look: Any) -> Any:
    return getattr(figures, name)(subjects()[name], **look)


def texts(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.texts]
