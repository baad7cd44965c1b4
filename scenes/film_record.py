"""What is known of a finished file, kept beside it as JSON: the sidecar.

A sidecar is written after its file has its final name, so whoever finds one may trust that the file
was whole when it was written; its :class:`~epochreel.scenes.whole_files.Fingerprint` tells whether
it still is the same. The manifest and the gallery are made of sidecars alone.
"""

from __future__ import annotations

from pathlib import Path, PurePath, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from epochreel.render.writers import format_of
from epochreel.scenes.whole_files import Fingerprint, write_atomically

__all__ = [
    "FOLDER_SUFFIX",
    "POSTER_SUFFIX",
    "DataRecord",
    "FilmRecord",
    "Fingerprint",
    "ModelRecord",
    "SceneRecord",
    "Snippets",
    "needs_poster",
    "poster_name",
    "read_record",
    "sidecar_path",
    "write_atomically",
    "write_record",
]

POSTER_SUFFIX = ".poster.png"
FOLDER_SUFFIX = ".frames.json"
_MAX_BYTES = 32_000_000


class Record(BaseModel):
    """Base of what sidecars hold: immutable; keys of a later version are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class SceneRecord(Record):
    """Which scene a file was made of.

    Attributes
    ----------
    id : str
        Equal for the files of one scene, different where its text, path or variant differs.
    name : str
        Of the variant, or of the scene file without its suffix.
    path : str
        Of the scene file, as it was given.
    source : str
        The scene file's text.
    variant : str or None
        Which of the scenes that a file with a ``[sweep]`` is.
    resolved : str or None
        TOML of the scene as it was made, where ``[sweep]`` or ``--set`` changed what `source` says.
    document : dict or None
        The same as a document.
    title, description : str or None
    style, colormap : str
    """

    id: Annotated[str, Field(pattern=r"^[0-9a-z]{1,64}$")]
    name: str
    path: str
    source: str
    variant: str | None = None
    resolved: str | None = None
    document: dict[str, Any] | None = None
    title: str | None = None
    description: str | None = None
    style: str
    colormap: str


class DataRecord(Record):
    """What was learned: the kind of data, what it is called, how many samples, its seeds."""

    kind: str
    name: str
    train_samples: int
    test_samples: int
    classes: int
    seed: int | None = None
    split_seed: int


class ModelRecord(Record):
    """One model and how its training went.

    Attributes
    ----------
    layers : tuple of int
        Inputs, then the units of each layer.
    first, last : mapping
        Loss and accuracy on each split, at the first and at the last snapshot.
    stopped : str or None
        Why the training ended early.
    """

    name: str
    engine: str
    layers: tuple[int, ...] = ()
    parameters: int | None = None
    optimizer: str | None = None
    batch_size: int | None = None
    seed: int | None = None
    updates: int
    epochs: float
    snapshots: int
    first: dict[str, float | None]
    last: dict[str, float | None]
    stopped: str | None = None

    def accuracy(self, split: str) -> float | None:
        """Give the accuracy at the end, as a share of 1; ``None`` where it wasn't measured."""
        return self.last.get(f"{split}_accuracy")

    def determination(self, split: str) -> float | None:
        """Give R² at the end; ``None`` of what isn't a regression."""
        return self.last.get(f"{split}_r2")


class Snippets(Record):
    """Ready to be pasted: into a web page, a README, a paper."""

    html: str
    markdown: str
    latex: str


class FilmRecord(Record):
    """All that is known of one finished file.

    Attributes
    ----------
    path : str
        Under the output folder, parts joined by ``/``; a folder of frames ends in one.
    kind : "film", "still" or "frames"
    media_type : str
    scene, data, models
    split : "test" or "train"
        What accuracies are said of.
    key : str
        What the file was made from, as one digest.
    parts : mapping
        The same by part, so that one can say what has changed.
    versions : mapping
        Of Epochreel and of the packages that decide what bytes come out.
    file : Fingerprint
    width, height : int
        In pixels.
    duration_s : float
        0 for a still.
    frames : int
    at : str or None
        Which moment a still shows.
    preview : bool
    poster : str or None
        A picture of the last moment, as `path` is given; a still's own path where browsers show it.
    alt, caption : str
    snippets : Snippets
    notes : tuple of str
        What a viewer should know.
    """

    format: Literal["epochreel film"] = "epochreel film"
    version: Literal[1] = 1
    path: str
    kind: Literal["film", "still", "frames"]
    media_type: str
    scene: SceneRecord
    data: DataRecord
    models: tuple[ModelRecord, ...]
    split: Literal["test", "train"]
    key: str = ""
    parts: dict[str, str] = Field(default_factory=dict[str, str])
    versions: dict[str, str] = Field(default_factory=dict[str, str])
    file: Fingerprint
    width: int
    height: int
    duration_s: float
    frames: int
    at: str | None = None
    preview: bool = False
    poster: str | None = None
    alt: str
    caption: str
    snippets: Snippets
    notes: tuple[str, ...] = ()


def sidecar_path(path: PurePosixPath | Path) -> Path:
    """Say where the sidecar of a file stands: ``a.mp4.json``, of a folder ``a.frames.json``."""
    suffix = FOLDER_SUFFIX if format_of(path) == "/" else ".json"
    return Path(path.with_name(path.name + suffix))


def needs_poster(path: PurePath) -> bool:
    """Tell whether a picture must be made to stand for a file: not where it is one itself.

    Of a folder of frames, one of them does.
    """
    return format_of(path) not in {".png", ".svg", "/"}


def poster_name(name: PurePath) -> str:
    """Name the poster of a film, beside it: ``a.mp4.poster.png``."""
    return name.name + POSTER_SUFFIX


def read_record(path: Path) -> FilmRecord | None:
    """Read a sidecar.

    Returns
    -------
    FilmRecord or None
        ``None`` where there is none, or one that is damaged, another program's or of a version that
        this one doesn't know.
    """
    try:
        with path.open("rb") as stream:
            text = stream.read(_MAX_BYTES + 1)
        if len(text) > _MAX_BYTES:
            return None
        record = FilmRecord.model_validate_json(text)
    except (OSError, ValidationError):
        return None
    return record if record.model_fields_set >= _MARKS else None


_MARKS = {"format", "version"}


def write_record(record: FilmRecord, folder: Path) -> Path:
    """Write a sidecar beside its file.

    Parameters
    ----------
    record : FilmRecord
    folder : Path
        The output folder, which `record.path` is under.

    Returns
    -------
    Path
        The sidecar's place.

    Raises
    ------
    OutputError
        When it can't be written; an older one stays as it was.
    """
    place = sidecar_path(folder / PurePosixPath(record.path))
    write_atomically(place, record.model_dump_json(indent=1).encode() + b"\n")
    return place
