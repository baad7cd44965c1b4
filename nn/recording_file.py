"""A recording as a file, and back: docs/recording-format.md describes it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, cast, get_args

import numpy as np
from numpy.typing import NDArray

from epochreel.nn.array_file import Stored, write_arrays
from epochreel.nn.array_reader import read_arrays
from epochreel.nn.dataset import Dataset
from epochreel.nn.errors import InvalidInputError, RecordingError
from epochreel.nn.fields import Fields
from epochreel.nn.grid_recording import GridRecording
from epochreel.nn.measuring import measure
from epochreel.nn.recording import Link, ParameterRecording, Unit
from epochreel.nn.recording_header import (
    DATASET,
    SPLITS,
    architecture_entry,
    dataset_arrays,
    fingerprint,
    grid_entry,
    make_header,
    read_architecture,
    read_grid,
    read_target,
    read_viewport,
    version_for,
)
from epochreel.nn.rows import Rows

__all__ = [
    "METRICS",
    "REPORTED",
    "ROWS",
    "SERIES",
    "UNMEASURED",
    "SavedRecording",
    "fingerprint",
    "load_recording",
    "save_recording",
]

T = TypeVar("T", NDArray[Any], Rows)
SavedRecording: TypeAlias = ParameterRecording | GridRecording

SERIES = ("updates", "epochs", "seconds")
METRICS = "metrics/"
REPORTED = "reported/"
UNMEASURED = "unmeasured"
ROWS = {"parameters": "parameters", "grid": "predictions"}
"""Kind of recording → the array that stays in its file."""
TYPES: Mapping[str, type[np.generic]] = {
    "updates": np.int64,
    "dataset/y_train": np.int64,
    "dataset/y_test": np.int64,
    "parameters": np.float32,
    "predictions": np.float32,
}
"""Type of the arrays that aren't float64."""


def save_recording(
    recording: SavedRecording, path: str | PathLike[str], *, durable: bool = True
) -> None:
    """Write a recording into one file, beside its target, renamed when it is whole.

    Parameters
    ----------
    recording : ParameterRecording or GridRecording
    path : path
        What stood there before is replaced, or stays whole.
    durable : bool
        Whether the file is there after a power cut, too: that takes the time of the disk.

    Raises
    ------
    InvalidInputError
        For names that aren't Unicode text.
    OutputError
        If the file can't be written.
    """
    kind = (
        grid_entry(recording.grid)
        if isinstance(recording, GridRecording)
        else architecture_entry(recording.architecture)
    )
    header = make_header(
        kind,
        name=recording.name,
        dataset=recording.dataset,
        unit=recording.unit,
        link=recording.link,
        stopped=recording.stopped,
        provenance=recording.provenance,
    )
    arrays: dict[str, Stored] = {name: getattr(recording, name) for name in SERIES}
    arrays |= {METRICS + name: values for name, values in recording.metrics.items()}
    arrays |= dataset_arrays(recording.dataset)
    rows = ROWS[kind["kind"]]
    arrays[rows] = getattr(recording, rows)
    version = version_for(recording.dataset)
    write_arrays(Path(path), header, arrays, version=version, durable=durable)


def load_recording(path: str | PathLike[str]) -> SavedRecording:
    """Read a recording from its file.

    Its snapshots stay there: they are checked now, and read when they are looked at.

    Parameters
    ----------
    path : path

    Returns
    -------
    ParameterRecording or GridRecording
        Its snapshots predict, bit for bit, what those of the one that was saved did. Of a training
        that was killed, those up to about a second before.

    Raises
    ------
    RecordingError
        For a file that can't be read, isn't a recording, is truncated, damaged, or of a newer
        version of the format; in one line, that begins with the path.
    """
    header, arrays, rows = read_arrays(Path(path), ROWS.values())
    try:
        return _recording(header, arrays, rows)
    except RecordingError as err:
        raise RecordingError(f"{path}: {_one_line(err)}") from err
    except InvalidInputError as err:  # a recording, a dataset, an architecture that can't be
        raise RecordingError(f"{path}: is damaged: {_one_line(err)}") from err


def _recording(
    header: Fields, arrays: Mapping[str, NDArray[Any]], rows: Mapping[str, Rows]
) -> SavedRecording:
    kind = header.text("kind")
    if kind not in ROWS:
        known = " and ".join(map(repr, ROWS))
        raise RecordingError(f"holds {kind!r:.60}; this Epochreel reads {known}")
    unit, link = header.text("unit"), header.text("link")
    if unit not in get_args(Unit) or link not in get_args(Link):
        raise RecordingError(f"is damaged: unit and link can't be {unit!r:.20} and {link!r:.20}")
    data, provenance = header.fields("dataset"), header.fields("provenance")
    target = read_target(data, arrays)
    if (link == "identity") != (target is not None):
        raise RecordingError(f"is damaged: link can't be {link!r} of such data")
    labels = {"dataset/y_train", "dataset/y_test"} if target is not None else set[str]()
    dataset = Dataset(
        name=data.text("name"),
        feature_names=data.texts("feature_names"),
        class_names=data.texts("class_names"),
        target=target,
        viewport=read_viewport(data),
        **{name: _array(arrays, DATASET + name, labels) for name in SPLITS},
    )
    if data.text("sha256") != fingerprint(dataset):
        raise RecordingError("is damaged: its dataset doesn't match its fingerprint")
    common: dict[str, Any] = {
        "name": header.text("name"),
        "dataset": dataset,
        "unit": cast(Unit, unit),
        "link": cast(Link, link),
        "stopped": header.text_or_none("stopped"),
        "metrics": _last_known(_series(arrays, REPORTED)) | _series(arrays, METRICS),
        "provenance": {name: provenance.text_or_whole(name) for name in provenance},
        **{name: _array(arrays, name) for name in SERIES},
    }
    stored = _array(rows, ROWS[kind])
    if kind == "grid":
        return GridRecording(grid=read_grid(header), predictions=stored, **common)
    architecture = read_architecture(header)
    recording = ParameterRecording(architecture=architecture, parameters=stored, **common)
    if UNMEASURED not in header:
        return recording
    # the training is running, or was killed: metrics are computed when it is closed
    measured = measure(architecture, stored, dataset, header.text(UNMEASURED))
    common["metrics"] |= measured
    return ParameterRecording(architecture=architecture, parameters=stored, **common)


def _series(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    return {
        name.removeprefix(prefix): _array(arrays, name)
        for name in arrays
        if name.startswith(prefix)
    }


def _last_known(series: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Let what a framework reported now and then count until it reports again."""
    filled: dict[str, NDArray[Any]] = {}
    for name, values in series.items():
        places = np.where(np.isnan(values), 0, np.arange(len(values)))
        filled[name] = values[np.maximum.accumulate(places)]
    return filled


def _array(arrays: Mapping[str, T], name: str, real: Collection[str] = ()) -> T:
    """Take an array; those named in `real` are float64 whatever they usually are."""
    if name not in arrays:
        raise RecordingError(f"is damaged: arrays.{name!r} is missing in its header")
    array, kind = arrays[name], np.float64 if name in real else TYPES.get(name, np.float64)
    if array.dtype != kind:
        raise RecordingError(f"is damaged: {name} must be {np.dtype(kind)}, got {array.dtype}")
    return array


def _one_line(reason: object) -> str:
    """Escape what a hostile file could put into a message, and cut it short."""
    text = str(reason)
    shown = text if len(text) <= 300 else text[:299] + "…"
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in shown
    )
