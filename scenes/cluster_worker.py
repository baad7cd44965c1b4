"""What a cluster's worker does with a task: run it alone, and give back what it has made.

A worker may be another machine. A film is made in a folder of its own, so a worker that was given
up and lives on can't spoil what the next one makes of the same task. Then it is moved beside its
target, where the worker sees the folder that the main process waits at, or else sent.
"""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from epochreel.nn.errors import OutputError, RenderError
from epochreel.nn.grid_recording import GridRecording
from epochreel.nn.recording import ParameterRecording, Recording
from epochreel.nn.rows import Rows
from epochreel.scenes.attempting import Attempted
from epochreel.scenes.progress import PipeReporter, Reporter, Task
from epochreel.scenes.tasks import FilmJob, TrainingJob

__all__ = [
    "TOKEN",
    "WIRE_BYTES",
    "Delivery",
    "Parcel",
    "Piece",
    "arrived_bytes",
    "portable",
    "portable_job",
    "refuse_versions",
    "run_parcel",
    "unpack_files",
    "versions",
]

TOKEN = ".token"
"""File in a hidden folder of targets; a worker that reads the run's own word there shares it."""

WIRE_BYTES = 256 * 2**20
"""What a film may have that isn't written into a shared folder: it is held in memory thrice."""

INTERVAL_S = 1.0
"""Between two words of a task on how far it is: each passes through the scheduler."""

_TOLD = ("numpy", "matplotlib", "av", "pillow", "scikit-learn", "scipy")
"""Packages that decide about bytes."""

_ALONE = threading.Lock()
"""Matplotlib, and what a worker keeps between tasks, bear one thread."""


@dataclass(frozen=True)
class Parcel:
    """A task on its way.

    Attributes
    ----------
    work : bytes
        Pickled: a function and its job. It is opened when the versions are known to agree.
    topic : str
        Where its progress is told.
    token : str
        What stands in the token file beside a film's target.
    versions : mapping
        Those of the main process.
    """

    work: bytes
    topic: str
    token: str
    versions: Mapping[str, str]


@dataclass(frozen=True)
class Piece:
    """A file that was sent: its name in a folder, its bytes or which earlier piece it links to."""

    name: str
    data: bytes = b""
    link: str | None = None


@dataclass(frozen=True)
class Delivery:
    """What comes of a task: its result, and the film it made where that isn't in its place.

    Attributes
    ----------
    result : object
    bytes : int or None
        Length of the film that was moved to its place.
    pieces : tuple of Piece or None
        A film that was sent: one file, or those of a folder, when `folder`.
    folder : bool
    """

    result: Any
    bytes: int | None = None
    pieces: tuple[Piece, ...] | None = None
    folder: bool = False


@cache
def versions() -> Mapping[str, str]:
    """List what must agree between the main process and its workers, or had better."""
    found = {"Python": ".".join(platform.python_version_tuple()[:2])}
    for package in ("epochreel", *_TOLD):
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # run from a folder, without an installation
            found[package] = "unknown"
    return found


def refuse_versions(where: str, mine: Mapping[str, str], theirs: Mapping[str, str]) -> str | None:
    """Say in which version a worker differs, if it can't work so.

    Parameters
    ----------
    where : str
        The worker.
    mine, theirs : mapping
        As :func:`versions` gives them.
    """
    for name in ("Python", "epochreel"):
        if mine[name] != theirs.get(name):
            shown = "Epochreel" if name == "epochreel" else name
            return (
                f"worker {where}: has {shown} {theirs.get(name)}, this is {mine[name]}; "
                "install the same on both"
            )
    return None


def run_parcel(parcel: Parcel) -> Delivery:
    """Run one task on a worker.

    Raises
    ------
    EpochreelError
        Whatever goes wrong, and when the worker's versions are others.
    """
    distributed: Any = import_module("distributed")
    worker = distributed.get_worker()
    problem = refuse_versions(worker.address, parcel.versions, versions())
    if problem:
        raise RenderError(problem)
    task, job = import_module("distributed.protocol.pickle").loads(parcel.work)
    key = worker.get_current_task()

    def tell(method: str, arguments: tuple[Any, ...]) -> None:
        plain = [vars(value) if isinstance(value, Task) else value for value in arguments]
        worker.log_event(parcel.topic, {"method": method, "arguments": plain, "key": key})

    reporter = PipeReporter(tell, lambda: _is_cancelled(worker, key), INTERVAL_S)
    tell("begun", ())
    try:
        with _ALONE, _one_thread():
            if isinstance(job, FilmJob):
                return _make_film(task, job, reporter, parcel.token)
            return Delivery(portable(task(job, reporter)))
    finally:
        tell("over", ())


def _one_thread() -> Any:
    # here, since a worker that only tells its versions needn't load it
    from epochreel.scenes.executors import one_blas_thread

    return one_blas_thread()


def _is_cancelled(worker: Any, key: Any) -> bool:
    """Tell whether nobody waits for a task any more, as far as the worker knows."""
    try:
        state = worker.state.tasks.get(key)
    except AttributeError:  # another Dask; the task goes on to its end
        return False
    return state is None or state.state == "cancelled"


def _make_film(
    task: Callable[[FilmJob, Reporter], Any], job: FilmJob, reporter: Reporter, token: str
) -> Delivery:
    shared = _shared_room(job.path.parent, token)
    room = shared or Path(tempfile.mkdtemp(prefix="epochreel-"))
    made = room / job.path.name
    try:
        result = task(replace(job, path=made), reporter)
        if isinstance(result, Attempted) and result.failure is not None:
            return Delivery(result)
        if shared is None:
            return Delivery(result, pieces=_pack(made, job.label), folder=made.is_dir())
        return Delivery(result, bytes=_move(made, job.path))
    finally:
        shutil.rmtree(room, ignore_errors=True)


def _shared_room(folder: Path, token: str) -> Path | None:
    """Make a folder beside a film's target, if this machine sees the same folder."""
    try:
        if (folder / TOKEN).read_text(encoding="ascii") != token:
            return None
        return Path(tempfile.mkdtemp(prefix=".worker-", dir=folder))
    except (OSError, ValueError):  # not there, not ours to write in, not text
        return None


def _move(made: Path, target: Path) -> int:
    try:
        size = arrived_bytes(made)
        if target.is_dir():  # the same film, of a worker that was given up
            shutil.rmtree(target)
        os.replace(made, target)
    except OSError as error:
        raise OutputError(f"{target.name}: can't be written: {error.strerror}") from error
    return size


def arrived_bytes(path: Path) -> int:
    """Count the bytes of a film, or of all files of a folder; 0 while it isn't there."""
    try:
        files = list(path.iterdir()) if path.is_dir() else [path]
        return sum(file.stat().st_size for file in files)
    except OSError:
        return 0


def _pack(made: Path, label: str) -> tuple[Piece, ...]:
    files = sorted(made.iterdir()) if made.is_dir() else [made]
    size = 0
    first: dict[int, str] = {}
    pieces: list[Piece] = []
    for file in files:
        status = file.stat()
        earlier = first.get(status.st_ino)
        # frames that are equal are one file with several names
        if earlier is not None and status.st_nlink > 1:
            pieces.append(Piece(file.name, link=earlier))
            continue
        size += status.st_size
        if size > WIRE_BYTES:
            raise OutputError(
                f"{label}: is larger than the {WIRE_BYTES >> 20} MiB that a worker sends; let it "
                "write into a folder that it shares with this machine"
            )
        first[status.st_ino] = file.name
        pieces.append(Piece(file.name, file.read_bytes()))
    return tuple(pieces)


def unpack_files(delivery: Delivery, path: Path) -> None:
    """Write a film that was sent.

    Parameters
    ----------
    delivery : Delivery
    path : Path
        Where it belongs.

    Raises
    ------
    OutputError
    """
    try:
        if not delivery.folder:
            (piece,) = delivery.pieces or (Piece(path.name),)
            path.write_bytes(piece.data)
            return
        path.mkdir()
        for piece in delivery.pieces or ():
            # nothing that a worker says leads out of the folder
            target = path / Path(piece.name).name
            if piece.link is None:
                target.write_bytes(piece.data)
            else:
                _link(path / Path(piece.link).name, target)
    except OSError as error:
        raise OutputError(f"{path.name}: can't be written: {error.strerror}") from error


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without links
        shutil.copyfile(source, target)


def portable(result: Any) -> Any:
    """Put the rows of a recording that stay in a file into memory, so that they travel.

    A file that two machines share has another number on each, by which a recording would take it
    for a file that was replaced.
    """
    if isinstance(result, Attempted):
        return replace(result, value=portable(result.value))
    if isinstance(result, ParameterRecording) and isinstance(result.parameters, Rows):
        return replace(result, parameters=result.parameters.__array__())
    if isinstance(result, GridRecording) and isinstance(result.predictions, Rows):
        return replace(result, predictions=result.predictions.__array__())
    return result


def portable_job(job: Any) -> Any:
    """Make a job that needs no file of this machine."""
    if isinstance(job, TrainingJob):
        return replace(job, path=None)
    if not isinstance(job, FilmJob):
        return job
    recordings: dict[str, Recording] = {
        name: portable(recording) for name, recording in job.recordings.items()
    }
    return replace(job, recordings=recordings)
