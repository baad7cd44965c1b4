"""From a finished file to its sidecar: what was made, of what, how it went, how to show it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import metadata
from math import isfinite
from pathlib import Path, PurePosixPath
from platform import python_version
from typing import Literal

from epochreel.nn.errors import OutputError, RenderError
from epochreel.nn.recording import Recording
from epochreel.render.writers import STILLS, format_of
from epochreel.scenes.alt_text import alt_text, caption
from epochreel.scenes.data_spec import GeneratedData
from epochreel.scenes.engines import PACKAGES
from epochreel.scenes.film_record import (
    DataRecord,
    FilmRecord,
    Fingerprint,
    ModelRecord,
    SceneRecord,
    needs_poster,
    poster_name,
    write_atomically,
    write_record,
)
from epochreel.scenes.loading import SceneFile
from epochreel.scenes.messages import printable
from epochreel.scenes.outcomes import Artifact
from epochreel.scenes.preparing import PreparedScene
from epochreel.scenes.snippets import MEDIA_TYPES, make_snippets
from epochreel.scenes.toml_text import to_toml

__all__ = ["data_record", "make_record", "model_records", "scene_record", "write_sidecar"]

_ALWAYS = ("epochreel", "numpy", "scipy", "scikit-learn", "matplotlib", "pillow", "imageio", "av")


def data_record(scene: PreparedScene) -> DataRecord:
    """Say what a scene's models learn from."""
    spec, dataset = scene.file.scene.data, scene.dataset
    return DataRecord(
        kind=spec.kind,
        name=printable(dataset.name),
        train_samples=len(dataset.y_train),
        test_samples=len(dataset.y_test),
        classes=len(dataset.class_names),
        seed=spec.seed if isinstance(spec, GeneratedData) else None,
        split_seed=spec.split_seed,
    )


def model_records(
    scene: PreparedScene, recordings: Mapping[str, Recording]
) -> tuple[ModelRecord, ...]:
    """Say how the trainings of a scene went."""
    return tuple(
        ModelRecord(
            name=plan.name,
            engine=plan.engine,
            layers=(plan.layers[0].input_dim, *(layer.output_dim for layer in plan.layers)),
            parameters=plan.parameter_count,
            optimizer=spec.optimizer.kind,
            batch_size=plan.batch_size,
            seed=plan.seed,
            updates=int(recordings[plan.name].updates[-1]),
            epochs=float(recordings[plan.name].epochs[-1]),
            snapshots=len(recordings[plan.name]),
            first=_numbers(recordings[plan.name], 0),
            last=_numbers(recordings[plan.name], -1),
            stopped=recordings[plan.name].stopped,
        )
        for spec, plan in zip(scene.file.scene.models, scene.plans, strict=False)
    )


def make_record(
    file: SceneFile,
    artifact: Artifact,
    folder: Path,
    *,
    preview: bool = False,
    key: str = "",
    parts: Mapping[str, str] | None = None,
) -> FilmRecord:
    """Put together all that is known of a finished file, and read it once for its digest.

    Parameters
    ----------
    file : SceneFile
    artifact : Artifact
    folder : Path
        The output folder.
    preview : bool
    key : str
        What it was made from, as one digest.
    parts : mapping, optional
        The same by part.

    Raises
    ------
    OSError
        When the file can't be read.
    """
    data, models = artifact.data, artifact.models
    if data is None:
        raise RenderError(f"{artifact.path}: nothing is known of its data")
    relative = PurePosixPath(artifact.path.relative_to(folder).as_posix())
    suffix = format_of(relative)
    kind: Literal["film", "still", "frames"]
    kind = "frames" if suffix == "/" else "still" if suffix in STILLS else "film"
    path = f"{relative}/" if suffix == "/" else str(relative)
    scene, split = file.scene, artifact.split
    poster = _poster(relative, artifact)
    alt = alt_text(kind, data, models, split=split, at=artifact.at, panels=scene.shown)
    words = caption(file.name, scene.title, scene.description, data, models, split=split)
    return FilmRecord(
        path=path,
        kind=kind,
        media_type=MEDIA_TYPES[suffix],
        scene=scene_record(file),
        data=data,
        models=tuple(models),
        split=split,
        key=key,
        parts=dict(parts or {}),
        versions=_versions(tuple(sorted({model.engine for model in models}))),
        file=Fingerprint.of(artifact.path),
        width=artifact.size_px[0],
        height=artifact.size_px[1],
        duration_s=artifact.duration_s,
        frames=artifact.frames,
        at=artifact.at,
        preview=preview,
        poster=poster,
        alt=alt,
        caption=words,
        snippets=make_snippets(
            path,
            size_px=artifact.size_px,
            poster=poster,
            alt=alt,
            caption=words,
            frames=artifact.frames,
            duration_s=artifact.duration_s,
        ),
        notes=artifact.notes,
    )


def write_sidecar(
    file: SceneFile,
    artifact: Artifact,
    folder: Path,
    *,
    preview: bool = False,
    key: str = "",
    parts: Mapping[str, str] | None = None,
) -> FilmRecord:
    """Write a file's poster, then its sidecar: whoever finds the second may trust the first.

    Parameters are those of :func:`make_record`.

    Raises
    ------
    OutputError
        When either can't be written, or the file not be read.
    """
    try:
        record = make_record(file, artifact, folder, preview=preview, key=key, parts=parts)
    except OSError as error:
        raise OutputError(f"{artifact.path}: can't be read again: {error.strerror}") from error
    if artifact.poster is not None:
        place = artifact.path.with_name(poster_name(artifact.path))
        write_atomically(place, artifact.poster)
    write_record(record, folder)
    return record


def scene_record(file: SceneFile) -> SceneRecord:
    """Say which scene it was, with its text."""
    changed = file.variant is not None or bool(file.settings)
    resolved = f"# {printable(file.label)}, as it was made\n{to_toml(file.document)}"
    shown = printable(file.shown)
    content = [file.name, shown, file.text, resolved if changed else ""]
    digest = hashlib.sha256(json.dumps(content).encode())
    scene = file.scene
    return SceneRecord(
        id=digest.hexdigest()[:12],
        name=printable(file.name),
        path=shown,
        source=file.text,
        variant=file.variant,
        resolved=resolved if changed else None,
        document=dict(file.document) if changed else None,
        title=scene.title,
        description=scene.description,
        style=scene.style,
        colormap=scene.colormap,
    )


def _poster(relative: PurePosixPath, artifact: Artifact) -> str | None:
    if format_of(relative) == "/":
        return f"{relative}/{artifact.frames - 1:05d}.png"
    if not needs_poster(relative):
        return str(relative)
    return None if artifact.poster is None else str(relative.with_name(poster_name(relative)))


def _numbers(recording: Recording, snapshot: int) -> dict[str, float | None]:
    values = {name: float(series[snapshot]) for name, series in recording.metrics.items()}
    # a training that diverges ends in numbers that JSON doesn't have
    return {name: value if isfinite(value) else None for name, value in values.items()}


@cache
def _versions(engines: Sequence[str]) -> dict[str, str]:
    packages = [*_ALWAYS, *(PACKAGES[engine][0] for engine in engines if engine in PACKAGES)]
    found = {"python": python_version()}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
