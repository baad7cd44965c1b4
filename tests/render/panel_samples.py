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
    """How a kind is tried: names of recordings, options for its panel."""

    models: tuple[str, ...] = ("Model",)
    options: Mapping[str, Any] = field(default_factory=dict)


SAMPLES: Mapping[str, Sample] = {
    "boundary": Sample(options={"model": "Model"}),
    "confusion": Sample(options={"model": "Model"}),
    "scoreboard": Sample(models=("Model", "Other"), options={"models": ("Model", "Other")}),
    "hidden_units": Sample(options={"model": "Model"}),
    "network": Sample(options={"model": "Model", "sample": 3, "numbers": True}),
    "weights": Sample(options={"model": "Model"}),
    "landscape": Sample(models=("Model", "Other"), options={"models": ("Model", "Other")}),
    "representation": Sample(options={"model": "Model"}),
    "surface": Sample(options={"model": "Model"}),
}


@cache
def trained(name: str = "Model", *, seed: int = 1, iterations: int = 120) -> ParameterRecording:
    """A small network on moons, with 7 snapshots from untrained to good."""
    data, rng = make_dataset("moons", samples=120, seed=100), np.random.default_rng(seed)
    network = Network([2, 8, 6, 1], initializer="glorot_uniform", rng=rng, dtype=np.float64)
    recorder = NetworkRecorder(name, data, every=iterations // 6)
    train(
        network, data.x_train, data.y_train, optimizer=Adam(0.05), iterations=iterations,
        rng=rng, callbacks=[recorder],
    )  # fmt: skip
    return recorder.recording()


def panel_of(kind: str) -> Panel:
    module, _, name = PANELS[kind].partition(":")
    return getattr(import_module(module), name)(**SAMPLES[kind].options)


def recordings_of(kind: str) -> dict[str, Recording]:
    return {name: trained(name, seed=1 + index) for index, name in enumerate(SAMPLES[kind].models)}


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
