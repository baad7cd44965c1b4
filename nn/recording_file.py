"""A recording as a file, and back: docs/recording-format.md describes it."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from os import PathLike
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
from numpy.typing import NDArray

from epochreel.nn.architecture import LayerSpec, check_chain
from epochreel.nn.array_file import read_arrays, write_arrays
from epochreel.nn.dataset import Dataset, Viewport
from epochreel.nn.errors import InvalidInputError, RecordingError
from epochreel.nn.fields import Fields
from epochreel.nn.recording import Link, ParameterRecording, Unit

__all__ = ["fingerprint", "load_recording", "save_recording"]

KIND = "parameters"
SERIES = ("updates", "epochs", "seconds")
SPLITS = ("x_train", "y_train", "x_test", "y_test")
SIDES = ("x_min", "x_max", "y_min", "y_max")
METRICS = "metrics/"
DATASET = "dataset/"
KINDS: Mapping[str, type[np.generic]] = {
    "updates": np.int64,
    "dataset/y_train": np.int64,
    "dataset/y_test": np.int64,
    "parameters": np.float32,
}
"""Type of the arrays that aren't float64."""


def fingerprint(dataset: Dataset) -> str:
    """Compute SHA-256 over shapes and values of all samples, as hexadecimal digits."""
    digest = sha256()
    for name in SPLITS:
        array: NDArray[Any] = getattr(dataset, name)
        little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        digest.update(f"{name} {little.dtype.str} {little.shape}\n".encode())
        digest.update(little.tobytes())
    return digest.hexdigest()


def save_recording(recording: ParameterRecording, path: str | PathLike[str]) -> None:
    """Write a recording into one file, beside its target, renamed when it is whole.

    Parameters
    ----------
    recording : ParameterRecording
    path : path
        What stood there before is replaced, or stays whole.

    Raises
    ------
    InvalidInputError
        For names that aren't Unicode text.
    OutputError
        If the file can't be written.
    """
    data = recording.dataset
    header: dict[str, Any] = {
        "kind": KIND,
        "name": recording.name,
        "unit": recording.unit,
        "stopped": recording.stopped,
        "link": recording.link,
        "architecture": [
            {
                "input_dim": spec.input_dim,
                "output_dim": spec.output_dim,
                "activation": spec.activation,
            }
            for spec in recording.architecture
        ],
        "dataset": {
            "name": data.name,
            "feature_names": list(data.feature_names),
            "class_names": list(data.class_names),
            "viewport": {side: float(getattr(data.viewport, side)) for side in SIDES},
            "sha256": fingerprint(data),
        },
        "provenance": {**_versions(), **recording.provenance},
    }
    arrays: dict[str, NDArray[Any]] = {name: getattr(recording, name) for name in SERIES}
    arrays |= {METRICS + name: values for name, values in recording.metrics.items()}
    arrays |= {DATASET + name: getattr(data, name) for name in SPLITS}
    arrays["parameters"] = recording.parameters
    write_arrays(Path(path), header, arrays)


def load_recording(path: str | PathLike[str]) -> ParameterRecording:
    """Read a recording from its file.

    Parameters
    ----------
    path : path

    Returns
    -------
    ParameterRecording
        Its snapshots predict, bit for bit, what those of the one that was saved did.

    Raises
    ------
    RecordingError
        For a file that can't be read, isn't a recording, is truncated, damaged, or of a newer
        version of the format; in one line, that begins with the path.
    """
    header, arrays = read_arrays(Path(path))
    try:
        return _recording(header, arrays)
    except RecordingError as err:
        raise RecordingError(f"{path}: {_one_line(err)}") from err
    except InvalidInputError as err:  # a recording, a dataset, an architecture that can't be
        raise RecordingError(f"{path}: is damaged: {_one_line(err)}") from err


def _recording(header: Fields, arrays: Mapping[str, NDArray[Any]]) -> ParameterRecording:
    kind = header.text("kind")
    if kind != KIND:
        raise RecordingError(f"holds {kind!r:.60}; this Epochreel reads {KIND!r}")
    unit, link = header.text("unit"), header.text("link")
    if unit not in get_args(Unit) or link not in get_args(Link):
        raise RecordingError(f"is damaged: unit and link can't be {unit!r:.20} and {link!r:.20}")
    data, provenance = header.fields("dataset"), header.fields("provenance")
    view = data.fields("viewport")
    dataset = Dataset(
        name=data.text("name"),
        feature_names=data.texts("feature_names"),
        class_names=data.texts("class_names"),
        viewport=Viewport(*(view.number(side) for side in SIDES)),
        **{name: _array(arrays, DATASET + name) for name in SPLITS},
    )
    if data.text("sha256") != fingerprint(dataset):
        raise RecordingError("is damaged: its dataset doesn't match its fingerprint")
    layers = header.each("architecture")
    return ParameterRecording(
        name=header.text("name"),
        dataset=dataset,
        unit=cast(Unit, unit),
        link=cast(Link, link),
        stopped=header.text_or_none("stopped"),
        metrics={
            name.removeprefix(METRICS): _array(arrays, name)
            for name in arrays
            if name.startswith(METRICS)
        },
        architecture=check_chain(
            [
                LayerSpec(
                    layer.whole("input_dim"), layer.whole("output_dim"), layer.text("activation")
                )
                for layer in layers
            ]
        ),
        parameters=_array(arrays, "parameters"),
        provenance={name: provenance.text_or_whole(name) for name in provenance},
        **{name: _array(arrays, name) for name in SERIES},
    )


def _array(arrays: Mapping[str, NDArray[Any]], name: str) -> NDArray[Any]:
    if name not in arrays:
        raise RecordingError(f"is damaged: arrays.{name!r} is missing in its header")
    array, kind = arrays[name], KINDS.get(name, np.float64)
    if array.dtype != kind:
        raise RecordingError(f"is damaged: {name} must be {np.dtype(kind)}, got {array.dtype}")
    return array


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


def _one_line(reason: object) -> str:
    """Escape what a hostile file could put into a message, and cut it short."""
    text = str(reason)
    shown = text if len(text) <= 300 else text[:299] + "…"
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in shown
    )
