"""What the header of a recording's file says, beside its arrays."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from epochreel.nn.architecture import Architecture, LayerSpec, check_chain
from epochreel.nn.dataset import Dataset, Target, Viewport
from epochreel.nn.errors import RecordingError
from epochreel.nn.fields import Fields
from epochreel.nn.grid_recording import Grid
from epochreel.nn.recording import Link, Provenance, Unit

__all__ = [
    "DATASET",
    "SPLITS",
    "architecture_entry",
    "dataset_arrays",
    "fingerprint",
    "grid_entry",
    "make_header",
    "read_architecture",
    "read_grid",
    "read_target",
    "read_viewport",
    "version_for",
]

SPLITS = ("x_train", "y_train", "x_test", "y_test")
SIDES = ("x_min", "x_max", "y_min", "y_max")
DATASET = "dataset/"
TRUTH = "dataset/truth"


def fingerprint(dataset: Dataset) -> str:
    """Compute SHA-256 over shapes and values of all samples, as hexadecimal digits."""
    digest = sha256()
    for name in SPLITS:
        array: NDArray[Any] = getattr(dataset, name)
        little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        digest.update(f"{name} {little.dtype.str} {little.shape}\n".encode())
        digest.update(little.tobytes())
    return digest.hexdigest()


def make_header(
    kind: Mapping[str, Any],
    *,
    name: str,
    dataset: Dataset,
    unit: Unit,
    link: Link,
    stopped: str | None,
    provenance: Provenance,
) -> dict[str, Any]:
    """Say all that isn't in arrays.

    Parameters
    ----------
    kind : mapping
        ``kind`` and what goes with it: :func:`architecture_entry` or :func:`grid_entry`.
    name, dataset, unit, link, stopped, provenance
        As in :class:`~epochreel.nn.recording.ParameterRecording`.
    """
    return {
        **kind,
        "name": name,
        "unit": unit,
        "stopped": stopped,
        "link": link,
        "dataset": {
            "name": dataset.name,
            "feature_names": list(dataset.feature_names),
            "class_names": list(dataset.class_names),
            **_target_entry(dataset),
            "viewport": _viewport_entry(dataset.viewport),
            "sha256": fingerprint(dataset),
        },
        "provenance": {**_versions(), **provenance},
    }


def dataset_arrays(dataset: Dataset) -> dict[str, NDArray[Any]]:
    """Name the arrays of a dataset."""
    arrays: dict[str, NDArray[Any]] = {DATASET + name: getattr(dataset, name) for name in SPLITS}
    if dataset.target is not None and dataset.target.truth is not None:
        arrays[TRUTH] = dataset.target.truth
    return arrays


def version_for(dataset: Dataset) -> int:
    """Say of which version of the format a file with some data is: 1 knows only classes."""
    return 1 if dataset.target is None else 2


def _target_entry(dataset: Dataset) -> dict[str, Any]:
    target = dataset.target
    if target is None:
        return {}
    noise = None if target.noise is None else float(target.noise)
    return {"target": {"name": target.name, "noise": noise}}


def read_target(data: Fields, arrays: Mapping[str, NDArray[Any]]) -> Target | None:
    """Take what a regression is to predict; data of classes have no such entry."""
    if "target" not in data:
        return None
    entry = data.fields("target")
    truth = arrays.get(TRUTH)
    if truth is not None and truth.dtype != np.float64:
        raise RecordingError(f"is damaged: {TRUTH} must be float64, got {truth.dtype}")
    return Target(name=entry.text("name"), truth=truth, noise=entry.number_or_none("noise"))


def architecture_entry(architecture: Architecture) -> dict[str, Any]:
    """Describe snapshots that are parameters."""
    layers = [
        {
            "input_dim": spec.input_dim,
            "output_dim": spec.output_dim,
            "activation": spec.activation,
        }
        for spec in architecture
    ]
    return {"kind": "parameters", "architecture": layers}


def read_architecture(header: Fields) -> Architecture:
    """Take the layers."""
    return check_chain(
        [
            LayerSpec(layer.whole("input_dim"), layer.whole("output_dim"), layer.text("activation"))
            for layer in header.each("architecture")
        ]
    )


def grid_entry(grid: Grid) -> dict[str, Any]:
    """Describe snapshots that are predictions on a grid."""
    entry = {"viewport": _viewport_entry(grid.viewport), "columns": grid.columns, "rows": grid.rows}
    return {"kind": "grid", "grid": entry}


def read_grid(header: Fields) -> Grid:
    """Take the grid."""
    grid = header.fields("grid")
    return Grid(read_viewport(grid), grid.whole("columns"), grid.whole("rows"))


def _viewport_entry(viewport: Viewport) -> dict[str, float]:
    return {side: float(getattr(viewport, side)) for side in SIDES}


def read_viewport(entry: Fields) -> Viewport:
    """Take the ``viewport`` of an entry."""
    view = entry.fields("viewport")
    return Viewport(*(view.number(side) for side in SIDES))


def _versions() -> dict[str, str | int]:
    try:
        own = version("epochreel")
    except PackageNotFoundError:
        own = "unknown"
    return {
        "epochreel": own,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": platform.machine(),
    }
