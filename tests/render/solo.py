"""Films of one panel, read back, and networks with a narrow last layer to film."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from epochreel.nn import Network, NetworkRecorder, make_dataset, train
from epochreel.nn.optimizers import Adam
from epochreel.nn.recording import ParameterRecording, Recording
from epochreel.render import Film, Timeline, load_style
from epochreel.render.panels import Panel


def film(
    recordings: Mapping[str, Recording], panel: Panel, style: str = "dark",
    size: tuple[int, int] = (400, 300), **timing: Any,
) -> Film:  # fmt: skip
    timeline = Timeline.build(recordings, **timing)
    return Film(recordings, [panel], size=size, style=load_style(style), timeline=timeline)


def texts(ready: Film, index: int = 0) -> list[str]:
    with ready.style.context():
        figure = ready.artists(index)
    written = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
    return [text.get_text() for text in written if text.get_text().strip()]


def lines(ready: Film, index: int) -> list[Any]:
    """What the drawing has painted with lines and markers, as artists."""
    with ready.style.context():
        return list(ready.artists(index).axes[-1].lines)


def bottleneck(layers: list[int], classes: int = 2, snapshots: int = 4) -> ParameterRecording:
    kind = "moons" if classes == 2 else "blobs"
    extra = {} if classes == 2 else {"classes": classes}
    data, rng = make_dataset(kind, samples=90, seed=3, **extra), np.random.default_rng(0)
    several = layers[-1] > 1
    network = Network(
        layers, activation="tanh", output_activation="softmax" if several else "sigmoid",
        initializer="glorot_uniform", rng=rng,
    )  # fmt: skip
    loss = "categorical_crossentropy" if several else "binary_crossentropy"
    recorder = NetworkRecorder("Model", data, every=10, loss=loss)
    train(
        network, data.x_train, data.y_train, optimizer=Adam(0.05), iterations=10 * snapshots,
        rng=rng, callbacks=[recorder], loss=loss,
    )  # fmt: skip
    return recorder.recording()
