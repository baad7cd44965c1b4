"""Frames and files: Epochreel against the published way, a new figure for every frame."""

from __future__ import annotations

import tempfile
from pathlib import Path

import imageio.v3 as iio
import matplotlib
import numpy as np
from matplotlib import pyplot as plt

from benchmarks.measuring import in_turn, machine, publish, table
from epochreel.nn import Network, ParameterRecording, Recorder, make_dataset, train
from epochreel.nn.optimizers import SGD
from epochreel.render import BoundaryPanel, Film, Timeline, load_style, write_film

SIZE = (1600, 1200)
FRAMES = 200
PUBLISHED = 12
"""Frames drawn the published way, as many as anybody wants to wait for; its rate doesn't change."""


def recording() -> ParameterRecording:
    """Train the Keras recipe: its field has a shape from the first epochs on."""
    dataset = make_dataset("moons", samples=1000, noise=0.2, seed=100)
    rng = np.random.default_rng(2)
    network = Network(
        [2, 25, 50, 50, 25, 1], activation="relu", initializer="glorot_uniform", rng=rng
    )
    recorder = Recorder("Benchmark", dataset, every=1, unit="epoch")
    train(
        network,
        dataset.x_train,
        dataset.y_train,
        optimizer=SGD(0.01),
        epochs=200,
        batch_size=32,
        rng=rng,
        callbacks=[recorder],
    )
    return recorder.recording()


def published(found: ParameterRecording, folder: Path) -> None:
    """Predict on a grid, draw a new figure, save a PNG: once per frame; then one film of them."""
    x, y = np.meshgrid(np.arange(-1.5, 2.5, 0.01), np.arange(-1.0, 2.0, 0.01))
    points = np.column_stack([x.ravel(), y.ravel()]).astype(np.float32)
    for index in range(PUBLISHED):
        snapshot = len(found) - PUBLISHED + index
        probability = 1 / (1 + np.exp(-found.logits(snapshot, points)[:, 0]))
        with plt.style.context("dark_background"):
            figure = plt.figure(figsize=(16, 12))
            axes = plt.gca()
            axes.set(xlabel="$X_1$", ylabel="$X_2$")
            axes.set_title(f"NumPy Model - It: {snapshot:05}", fontsize=30)
            plt.contourf(x, y, probability.reshape(x.shape), 25, alpha=1, cmap="Spectral")
            plt.contour(x, y, probability.reshape(x.shape), levels=[0.5], cmap="Greys")
            plt.scatter(
                *found.dataset.x_test.T,
                c=found.dataset.y_test,
                s=100,
                cmap="Spectral",
                edgecolors="black",
            )
            plt.savefig(folder / f"{index:05}.png")
            plt.close(figure)
    with iio.imopen(folder / "published.mp4", "w", plugin="pyav") as out:
        out.init_video_stream("libx264", fps=20)
        for index in range(PUBLISHED):
            out.write_frame(iio.imread(folder / f"{index:05}.png")[:, :, :3])


def film(found: ParameterRecording) -> Film:
    recordings = {"Benchmark": found}
    timeline = Timeline.build(recordings, fps=20, max_frames=FRAMES)
    return Film(
        recordings, [BoundaryPanel("Benchmark")], size=SIZE, style=load_style("dark"),
        timeline=timeline,
    )  # fmt: skip


def main() -> None:
    matplotlib.use("agg")
    found = recording()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ready = film(found)
        ready.frame(0)
        times = in_turn(
            {
                "published": lambda: published(found, folder),
                "frames": lambda: sum(frame.repeats for frame in ready),
                "mp4": lambda: write_film(film(found), folder / "film.mp4"),
                "gif": lambda: write_film(film(found), folder / "film.gif"),
            },
            rounds=3,
        )
    rows = [
        [label, f"{times['published'] / PUBLISHED / (times[key] / FRAMES):.1f} ×"]
        for key, label in (
            ("frames", "drawing alone, raw frames"),
            ("mp4", "scene to MP4, set-up included"),
            ("gif", "scene to GIF, set-up included"),
        )
    ]
    text = (
        f"{FRAMES} frames of {SIZE[0]}×{SIZE[1]}, dark boundary scene, one core; frames/s against "
        f"the published way's, measured on {PUBLISHED} frames in the same run (it writes an MP4).\n"
        f"{machine(['numpy', 'matplotlib', 'av', 'pillow'])}.\n\n"
        + table(["", "against a new figure per frame"], rows)
    )
    publish("film", "Film: frames and files", text)
