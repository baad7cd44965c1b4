"""What is in an output folder, in one file for programs: ``manifest.json``.

It is made anew of the sidecars that are there, so runs add up, and what is gone is dropped.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from epochreel.nn.errors import InvalidInputError
from epochreel.render.writers import STILLS, WRITERS
from epochreel.scenes.film_record import (
    FOLDER_SUFFIX,
    POSTER_SUFFIX,
    DataRecord,
    FilmRecord,
    ModelRecord,
    SceneRecord,
    read_record,
    write_atomically,
)
from epochreel.scenes.messages import printable, quoted
from epochreel.scenes.snippets import make_snippets

__all__ = ["MANIFEST", "Collection", "FilmedScene", "collect_films", "write_if_changed"]

MANIFEST = "manifest.json"
FORMAT, VERSION = "epochreel manifest", 1

_ENDINGS = tuple(f"{suffix}.json" for suffix in (*WRITERS, *STILLS) if suffix != "/")


@dataclass(frozen=True)
class FilmedScene:
    """A scene and the files that were made of it.

    Attributes
    ----------
    id : str
        Unique in its folder.
    scene, data, models, split, versions
        What all of its files have in common.
    films : tuple of FilmRecord
        With paths as they are now; what shows most comes first.
    """

    id: str
    scene: SceneRecord
    data: DataRecord
    models: tuple[ModelRecord, ...]
    split: str
    versions: Mapping[str, str]
    films: tuple[FilmRecord, ...]


@dataclass(frozen=True)
class Collection:
    """What is in an output folder; `notes` says what was passed over."""

    scenes: tuple[FilmedScene, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def films(self) -> tuple[FilmRecord, ...]:
        """All files of all scenes."""
        return tuple(film for scene in self.scenes for film in scene.films)

    def manifest(self) -> bytes:
        """Write it as JSON; the same films give the same bytes."""
        document = {
            "format": FORMAT,
            "version": VERSION,
            "scenes": [_scene_entry(scene) for scene in self.scenes],
        }
        return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"


def collect_films(folder: Path) -> Collection:
    """Read all sidecars below a folder whose files are there and still the same.

    Hidden folders are passed over, and links aren't followed.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    Collection
        In the order of the scenes' names.

    Raises
    ------
    InvalidInputError
        When the folder isn't there.
    """
    if not folder.is_dir():
        raise InvalidInputError(f"{printable(str(folder))}: must be a folder that is there")
    groups: dict[str, list[FilmRecord]] = {}
    notes: list[str] = []
    for sidecar in _sidecars(folder):
        record = read_record(sidecar)
        place = sidecar.with_name(_shown_by(sidecar.name))
        if record is None or not place.exists():
            continue
        if not record.file.matches(place):
            name = quoted(place.relative_to(folder).as_posix())
            notes.append(f"{name} has changed since it was made; it is left out of the gallery")
            continue
        moved = _placed(record, folder, place)
        common = moved.model_dump_json(include={"scene", "data", "models", "split", "versions"})
        groups.setdefault(common, []).append(moved)
    return Collection(_with_ids(groups.values()), tuple(notes))


def write_if_changed(path: Path, content: bytes) -> bool:
    """Write a file unless it says the same already; tell whether it was written.

    Raises
    ------
    OutputError
        When it can't be written.
    """
    try:
        if path.read_bytes() == content:
            return False
    except OSError:
        pass
    write_atomically(path, content)
    return True


def _sidecars(folder: Path) -> Iterator[Path]:
    """Find what has a sidecar's name, in a fixed order."""
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.lower().endswith((*_ENDINGS, FOLDER_SUFFIX)) and not name.startswith("."):
                yield Path(root, name)


def _shown_by(sidecar: str) -> str:
    return sidecar.removesuffix(FOLDER_SUFFIX).removesuffix(".json")


def _placed(record: FilmRecord, folder: Path, place: Path) -> FilmRecord:
    """Give a record the paths that hold where its file is now, seen from the folder."""
    relative = place.relative_to(folder).as_posix()
    path = f"{relative}/" if record.kind == "frames" else relative
    poster = _placed_poster(record, path)
    if poster is not None and not (folder / poster).is_file():
        poster = None
    if path == record.path and poster == record.poster:
        return record
    snippets = make_snippets(
        path,
        size_px=(record.width, record.height),
        poster=poster,
        alt=record.alt,
        caption=record.caption,
        frames=record.frames,
        duration_s=record.duration_s,
    )
    return record.model_copy(update={"path": path, "poster": poster, "snippets": snippets})


def _placed_poster(record: FilmRecord, path: str) -> str | None:
    # a sidecar that somebody sends may name any file; only the places that posters have are taken
    if record.poster is None:
        return None
    if record.kind == "frames":
        return f"{path}{PurePosixPath(record.poster).name}"
    return path if record.poster == record.path else path + POSTER_SUFFIX


def _with_ids(groups: Iterable[list[FilmRecord]]) -> tuple[FilmedScene, ...]:
    ordered = sorted(groups, key=lambda films: _natural(films[0].scene))
    scenes: list[FilmedScene] = []
    taken: dict[str, int] = {}
    for films in ordered:
        first = films[0]
        number = taken[first.scene.id] = taken.get(first.scene.id, 0) + 1
        scenes.append(
            FilmedScene(
                id=first.scene.id if number == 1 else f"{first.scene.id}-{number}",
                scene=first.scene,
                data=first.data,
                models=first.models,
                split=first.split,
                versions=first.versions,
                films=tuple(sorted(films, key=_rank)),
            )
        )
    return tuple(scenes)


def _natural(scene: SceneRecord) -> list[Any]:
    """Sort by names as people do: moons-2 before moons-10."""
    parts = [re.split(r"([0-9]+)", text.casefold()) for text in (scene.name, scene.path)]
    return [[int(part) if part.isdecimal() else part for part in text] for text in parts]


def _rank(film: FilmRecord) -> tuple[Any, ...]:
    """Sort films before stills, whole ones before previews, what plays best first."""
    order, suffix = [*WRITERS, *STILLS], PurePosixPath(film.path).suffix.lower()
    place = order.index(suffix) if suffix in order else len(order)
    return film.preview, ("film", "still", "frames").index(film.kind), place, film.path


def _scene_entry(scene: FilmedScene) -> dict[str, Any]:
    record = scene.scene
    return {
        "id": scene.id,
        **record.model_dump(mode="json", exclude={"id"}),
        "data": scene.data.model_dump(mode="json"),
        "models": [model.model_dump(mode="json") for model in scene.models],
        "split": scene.split,
        "versions": dict(scene.versions),
        "files": [_file_entry(film) for film in scene.films],
    }


def _file_entry(film: FilmRecord) -> dict[str, Any]:
    # without the time of the file, which a copy doesn't keep, equal films give equal manifests
    return {
        "path": film.path,
        "kind": film.kind,
        "media_type": film.media_type,
        "preview": film.preview,
        "hash": film.key,
        "bytes": film.file.bytes,
        "sha256": film.file.sha256,
        "width": film.width,
        "height": film.height,
        "duration_s": film.duration_s,
        "frames": film.frames,
        "at": film.at,
        "poster": film.poster,
        "alt": film.alt,
        "caption": film.caption,
        "snippets": film.snippets.model_dump(mode="json"),
        "notes": list(film.notes),
    }
