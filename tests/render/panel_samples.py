"""Recordings and options that every kind of panel can be tried with; a line for each kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from epochreel.nn import Network, NetworkRecorder, make_dataset, train
from epochreel.nn.optimizers import Adam
from epochreel.nn.recording import ParameterRecording, Recording
from epochreel.render import Film, Timeline, load_style
from epochreel.render.panels import PANELS, Panel


@dataclass(frozen=True)
class Sample:
    """How a kind is tried: names of recordings, of what data, options for its panel."""

    models: tuple[str, ...] = ("Model",)
    data: str = "moons"
    options: Mapping[str, Any] = field(default_factory=dict)


SAMPLES: Mapping[str, Sample] = {
    "boundary": Sample(options={"model": "Model"}),
    "confusion": Sample(options={"model": "Model"}),
    "scoreboard": Sample(models=("Model", "Other"), options={"models": ("Model", "Other")}),
    "curves": Sample(models=("Model", "Other"), options={"models": ("Model", "Other")}),
    "fit": Sample(data="sine", options={"model": "Model"}),
    "hidden_units": Sample(options={"model": "Model"}),
    "network": Sample(options={"model": "Model", "sample": 3, "numbers": True}),
    "weights": Sample(options={"model": "Model"}),
    "landscape": Sample(models=("Model", "Other"), options={"models": ("Model", "Other")}),
    "representation": Sample(options={"model": "Model"}),
    "surface": Sample(options={"model": "Model"}),
}


@cache
def trained(
    name: str = "Model", *, seed: int = 1, iterations: int = 120, data: str = "moons"
) -> ParameterRecording:
    """A small network with 7 snapshots from untrained to good."""
    learned, rng = make_dataset(data, samples=120, seed=100), np.random.default_rng(seed)
    regression = learned.task == "regression"
    network = Network(
        [learned.features, 8, 6, 1], initializer="glorot_uniform", rng=rng, dtype=np.float64,
        output_activation="linear" if regression else "sigmoid",
    )  # fmt: skip
    loss = "mean_squared_error" if regression else "binary_crossentropy"
    recorder = NetworkRecorder(
        name, learned, every=iterations // 6, loss=loss, gradient_norm=True, learning_rate=0.05
    )
    train(
        network, learned.x_train, learned.y_train,
        loss=loss, optimizer=Adam(0.05), iterations=iterations,
        rng=rng, callbacks=[recorder],
    )  # fmt: skip
    return recorder.recording()


def panel_of(kind: str) -> Panel:
    module, _, name = PANELS[kind].partition(":")
    return getattr(import_module(module), name)(**SAMPLES[kind].options)


def recordings_of(kind: str) -> dict[str, Recording]:
    sample = SAMPLES[kind]
    return {
        name: trained(name, seed=1 + index, data=sample.data)
        for index, name in enumerate(sample.models)
    }


def film_of(kind: str, size: tuple[int, int], style: str = "dark", **options: Any) -> Film:
    recordings = recordings_of(kind)
    return Film(
        recordings,
        [panel_of(kind)],
        size=size,
        style=load_style(style),
        timeline=Timeline.build(recordings, fps=20, hold_last_s=0.5),
        title="A film of one panel",
        **options,
    )
