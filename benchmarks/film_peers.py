"""The same film by the ways people have: a new figure per frame, and Matplotlib's own animation.

Both predict on the grid that the published code predicts on, with a network that is as fast as
Epochreel's own, and draw what the published code draws.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
from matplotlib import animation
from matplotlib import pyplot as plt

from epochreel.nn import ParameterRecording

FPS = 20


class Fields:
    """Probabilities of a recording on the published grid."""

    def __init__(self, recording: ParameterRecording) -> None:
        self.recording = recording
        self.x, self.y = np.meshgrid(np.arange(-1.5, 2.5, 0.01), np.arange(-1.0, 2.0, 0.01))
        self.points = np.column_stack([self.x.ravel(), self.y.ravel()]).astype(np.float32)

    def probability(self, snapshot: int) -> np.ndarray:
        logits = self.recording.logits(snapshot, self.points)[:, 0]
        return (1 / (1 + np.exp(-logits))).reshape(self.x.shape)

    def draw(self, axes: Any, snapshot: int) -> None:
        dataset, probability = self.recording.dataset, self.probability(snapshot)
        axes.set_title(f"NumPy Model - It: {snapshot:05}", fontsize=30)
        axes.contourf(self.x, self.y, probability, 25, alpha=1, cmap="Spectral")
        axes.contour(self.x, self.y, probability, levels=[0.5], cmap="Greys")
        axes.scatter(
            *dataset.x_test.T, c=dataset.y_test, s=100, cmap="Spectral", edgecolors="black"
        )


def as_published(recording: ParameterRecording, snapshots: range, path: Path) -> None:
    """Draw a new figure, save a PNG: once per frame; then one film of them."""
    fields, stills = Fields(recording), []
    for snapshot in snapshots:
        with plt.style.context("dark_background"):
            figure = plt.figure(figsize=(16, 12))
            axes = plt.gca()
            axes.set(xlabel="$X_1$", ylabel="$X_2$")
            fields.draw(axes, snapshot)
            stills.append(path.with_name(f"{snapshot:05}.png"))
            plt.savefig(stills[-1])
            plt.close(figure)
    pictures = [iio.imread(still)[:, :, :3] for still in stills]
    if path.suffix == ".gif":
        iio.imwrite(path, pictures, duration=1000 / FPS, loop=0)
        return
    with iio.imopen(path, "w", plugin="pyav") as out:
        out.init_video_stream("libx264", fps=FPS)
        for picture in pictures:
            out.write_frame(picture)


def func_animation(recording: ParameterRecording, snapshots: range, path: Path) -> None:
    """Let Matplotlib redraw one figure, and write it through its own writer.

    Its MP4 writer needs a program beside Python, which may not be there; what it pipes into it, raw
    frames, then goes to the same encoder through imageio.
    """
    fields = Fields(recording)
    with plt.style.context("dark_background"):
        figure, axes = plt.subplots(figsize=(16, 12))

        def frame(snapshot: int) -> list[Any]:
            axes.clear()
            axes.set(xlabel="$X_1$", ylabel="$X_2$")
            fields.draw(axes, snapshot)
            return []

        film = animation.FuncAnimation(figure, frame, frames=snapshots, cache_frame_data=False)
        writer = animation.PillowWriter(FPS) if path.suffix == ".gif" else _Mp4Writer(FPS)
        film.save(path, writer=writer)
        plt.close(figure)


class _Mp4Writer(animation.AbstractMovieWriter):
    def setup(self, fig: Any, outfile: Any, dpi: float | None = None) -> None:
        super().setup(fig, outfile, dpi)
        self._out = iio.imopen(outfile, "w", plugin="pyav")
        self._out.init_video_stream("libx264", fps=FPS)

    def grab_frame(self, **_: Any) -> None:
        canvas = self.fig.canvas
        canvas.draw()
        self._out.write_frame(np.asarray(canvas.buffer_rgba())[:, :, :3])

    def finish(self) -> None:
        self._out.close()
