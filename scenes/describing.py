"""The words of ``epochreel info``: what is in a recording, at a glance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from epochreel.nn.architecture import parameter_count
from epochreel.nn.errors import RecordingError, SceneError
from epochreel.nn.recording import ParameterRecording
from epochreel.nn.recording_file import SavedRecording, fingerprint, load_recording
from epochreel.scenes.messages import count, printable

__all__ = ["describe_recording", "sparkline"]

BLOCKS = "▁▂▃▄▅▆▇█"
LINE = 40
"""Characters of a sparkline at most."""


def describe_recording(reel: str) -> list[str]:
    """Say what is in a recording.

    Parameters
    ----------
    reel : str
        Its path.

    Returns
    -------
    list of str
        The path and the model's name, then a line for each thing.

    Raises
    ------
    SceneError
        If it can't be read.
    """
    try:
        recording = load_recording(reel)
        length = Path(reel).stat().st_size
    except RecordingError as error:
        raise SceneError(str(error)) from error
    except OSError as error:
        raise SceneError(f"{printable(reel)}: can't be read: {error.strerror}") from error
    rows = [("kind", _kind(recording)), ("snapshots", _snapshots(recording))]
    rows.append(("updates", _span(recording.updates)))
    if recording.epochs[-1]:
        rows.append(("epochs", _span(recording.epochs)))
    rows.append(("training", f"{recording.seconds[-1]:.3g} s"))
    if recording.stopped is not None:
        rows.append(("stopped", printable(recording.stopped)))
    rows += [
        (printable(key.replace("_", " ")), f"{values[0]:.4g} → {values[-1]:.4g}")
        for key, values in recording.metrics.items()
    ]
    loss = next((key for key in ("train_loss", "test_loss") if key in recording.metrics), None)
    if loss is not None:
        words = loss.replace("_", " ")
        rows.append(
            ("", f"{sparkline(recording.metrics[loss])}  {words} from snapshot to snapshot")
        )
    rows += [("data", _data(recording)), ("viewport", _viewport(recording))]
    rows += [(printable(key), printable(str(value))) for key, value in recording.provenance.items()]
    rows.append(("file", f"{length / 1e6:.2f} MB"))
    width = max(len(label) for label, _ in rows)
    head = f"{printable(reel)}: {printable(recording.name)}"
    return [head, *(f"  {label.ljust(width)}  {text}" for label, text in rows)]


def sparkline(values: NDArray[np.float64]) -> str:
    """Draw numbers as a row of blocks, the lowest to the highest; a space where there is none."""
    pieces = np.array_split(values, min(LINE, len(values)))
    means = np.array([piece[np.isfinite(piece)].mean() if np.isfinite(piece).any() else np.nan
                      for piece in pieces])  # fmt: skip
    known = means[np.isfinite(means)]
    if not len(known):
        return " " * len(means)
    low, extent = known.min(), known.max() - known.min()
    steps = (means - low) / (extent or 1.0) * (len(BLOCKS) - 1)
    return "".join(" " if np.isnan(step) else BLOCKS[round(float(step))] for step in steps)


def _kind(recording: SavedRecording) -> str:
    if not isinstance(recording, ParameterRecording):
        grid = recording.grid
        return (
            f"predictions on {grid.columns}×{grid.rows} points, "
            f"{count(recording.predictions.shape[1], 'output')}"
        )
    layers = recording.architecture
    sizes = "-".join(map(str, [layers[0].input_dim, *(layer.output_dim for layer in layers)]))
    activations = ", ".join(dict.fromkeys(layer.activation for layer in layers))
    return f"parameters of {sizes}, {activations}, {count(parameter_count(layers), 'parameter')}"


def _snapshots(recording: SavedRecording) -> str:
    return f"{len(recording)}, counted by {recording.unit}"


def _span(counts: NDArray[np.generic]) -> str:
    return f"{counts[0]:g} to {counts[-1]:g}" if len(counts) > 1 else f"{counts[0]:g}"


def _data(recording: SavedRecording) -> str:
    data = recording.dataset
    if not len(data.y_train) + len(data.y_test):
        return "samples weren't kept"
    named = data.class_names if data.target is None else (data.target.name,)
    names = ", ".join(printable(name) for name in named)
    return (
        f"{printable(data.name)}, {count(len(data.y_train), 'training sample')}, "
        f"{len(data.y_test)} for testing, of {names}; SHA-256 {fingerprint(data)[:12]}…"
    )


def _viewport(recording: SavedRecording) -> str:
    view = recording.dataset.viewport
    data = recording.dataset
    names = (data.feature_names[0], data.feature_names[-1] if not data.target else data.target.name)
    return (
        f"{printable(names[0])} {view.x_min:g} to {view.x_max:g}, "
        f"{printable(names[-1])} {view.y_min:g} to {view.y_max:g}"
    )
