"""Panels of every kind against the boundary panel alone: how many frames a second they draw."""

from __future__ import annotations

import time
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.film import recording
from benchmarks.measuring import in_turn, machine, publish, table
from epochreel.nn import NetworkRecorder, ParameterRecording, make_dataset, train
from epochreel.nn.network import Network
from epochreel.nn.optimizers import SGD
from epochreel.render import Film, Timeline, load_style
from epochreel.render.panels import PANELS

SIZES = ((1600, 1200), (800, 600))
FRAMES = 60
ROUNDS = 5

KINDS: Mapping[str, Mapping[str, Any]] = {
    "boundary": {},
    "boundary, three classes": {},
    "confusion": {},
    "curves": {},
    "fit": {},
    "hidden_units": {},
    "landscape": {},
    "network": {},
    "network, numbers": {"numbers": True, "sample": 0},
    "representation": {},
    "representation, trails": {"trails": True},
    "scoreboard": {},
    "surface": {},
    "weights": {},
    'weights, view = "matrix"': {"view": "matrix"},
}
"""What is measured, and its options; the kind is the first word."""


OTHERS: Mapping[str, tuple[str, Mapping[str, Any], str, str]] = {
    "boundary, three classes": ("blobs", {"classes": 3}, "softmax", "categorical_crossentropy"),
    "fit": ("sine", {}, "linear", "mean_squared_error"),
}
"""What shows another training: its data, their options, the last activation and the loss."""


def other(name: str) -> ParameterRecording:
    """Train what a panel shows that isn't for two classes: as long, and as large."""
    kind, options, activation, loss = OTHERS[name]
    dataset = make_dataset(kind, samples=1000, seed=100, **options)
    rng = np.random.default_rng(2)
    network = Network(
        [dataset.features, 25, 50, 50, 25, max(1, dataset.classes)], activation="relu",
        output_activation=activation, initializer="glorot_uniform", rng=rng,
    )  # fmt: skip
    recorder = NetworkRecorder("Benchmark", dataset, every=1, unit="epoch", loss=loss)
    train(
        network, dataset.x_train, dataset.y_train, loss=loss, optimizer=SGD(0.01), epochs=200,
        batch_size=32, rng=rng, callbacks=[recorder],
    )  # fmt: skip
    return recorder.recording()


def film(found: ParameterRecording, name: str, size: tuple[int, int]) -> Film:
    kind = name.partition(",")[0]
    module, _, panel = PANELS[kind].partition(":")
    made = getattr(import_module(module), panel)
    one = "model" in made.__dataclass_fields__
    model = {"model": "Benchmark"} if one else {"models": ("Benchmark",)}
    ready = Film(
        {"Benchmark": found},
        [made(**model, **KINDS[name])],
        size=size,
        style=load_style("dark"),
        timeline=Timeline.build({"Benchmark": found}, fps=20, max_frames=FRAMES),
    )
    ready.frame(0)  # what is drawn once isn't measured
    return ready


def draw(ready: Film) -> int:
    return sum(frame.repeats for frame in ready)


def main() -> None:
    usual = recording()
    found = {name: other(name) if name in OTHERS else usual for name in KINDS}
    rows: dict[str, list[str]] = {name: [] for name in KINDS}
    for size in SIZES:
        films = {name: film(found[name], name, size) for name in KINDS}
        runs = {name: (lambda ready=ready: draw(ready)) for name, ready in films.items()}
        # on the clock of this process: others may be at work beside it
        times = in_turn(runs, ROUNDS, time.process_time)
        for name, seconds in times.items():
            ratio = times["boundary"] / seconds
            rows[name] += [f"{len(films[name]) / seconds:.0f}", f"{ratio:.2f}"]
    head = ["panel"]
    for width, height in SIZES:
        head += [f"frames/s at {width}×{height}", "of the boundary's"]
    text = table(head, [[f"`{name}`", *cells] for name, cells in rows.items()])
    note = (
        "Drawing only, one core. The network is 2-25-50-50-25-1, trained for 200 epochs; with "
        "three outputs for three classes, and one input for a fit."
    )
    publish("panels", "Panels", f"{note} {machine(['numpy', 'matplotlib'])}.\n\n{text}")


if __name__ == "__main__":
    main()
