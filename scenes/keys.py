"""What things are made of, as short texts: equal keys, equal recordings or films.

Keys are computed from what a scene says, from what its CSV file holds, and from what does the work:
the versions of packages and a digest of Epochreel's own source. Nothing is made for it, no data
either, so a run with nothing to do stays short.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any

from epochreel.nn.errors import SceneError
from epochreel.scenes.data_spec import CsvData, DataSpec
from epochreel.scenes.messages import printable
from epochreel.scenes.model_spec import ModelSpec
from epochreel.scenes.schema import OutputSpec, Scene

__all__ = ["changed_parts", "digest_of", "film_key", "film_parts", "recording_key"]

TRAINING_KEYS = frozenset(
    {
        "optimizer",
        "regularization",
        "dropout",
        "early_stopping",
        "batch_size",
        "iterations",
        "epochs",
        "capture",
        "loss",
        "seed",
    }
)
"""Keys of a model's table that say how it is trained; the others say what it is."""

TRAINING_SOURCES = (
    "scenes/building.py",
    "scenes/data_spec.py",
    "scenes/engines.py",
    "scenes/framework_training.py",
    "scenes/*_engine.py",
    "scenes/optimizing.py",
    "scenes/planning.py",
    "scenes/tasks.py",
    "scenes/training_spec.py",
)
"""What settles a training beside all of ``nn``."""

FILM_SOURCES = ("scenes/schema.py", "scenes/*_spec.py", "scenes/panel_specs/*.py")
"""What settles a film beside these, and all of ``render``."""

NOT_SHOWN = frozenset({"description", "sweep"})
"""Keys of a scene that no film shows."""

TRAINING_PACKAGES = ("epochreel", "numpy", "scikit-learn")
ENGINE_PACKAGES: Mapping[str, tuple[str, ...]] = {
    "keras": ("keras", "jax", "jaxlib", "torch", "tensorflow"),
    "torch": ("torch",),
}
FILM_PACKAGES = ("matplotlib", "pillow", "av", "imageio", "scipy")

_BLOCK = 1 << 20


def recording_key(data: DataSpec, model: ModelSpec, measures: tuple[str, ...] = ()) -> str:
    """Tell a training from all that would give another recording.

    Not part of it: what the model is called, where a CSV file is, and the viewport, which is only
    looked through.

    Parameters
    ----------
    data : DataSpec
    model : ModelSpec
    measures : tuple of str
        What is recorded of it beside loss and accuracy, because a panel shows it.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    SceneError
        When its CSV file can't be read.
    """
    return digest_of(
        {
            "data": _data(data, {"viewport"}),
            "model": model.model_dump(mode="json", exclude={"name"}),
            "measures": measures,
            "made by": _training_versions(model.engine),
        }
    )


def film_parts(scene: Scene, output: OutputSpec, *, preview: bool = False) -> dict[str, str]:
    """Digest what a file is made of, part by part, so that it can be said what has changed.

    Parameters
    ----------
    scene : Scene
    output : OutputSpec
        Which of its files; what it is called doesn't count, but for the ending.
    preview : bool

    Returns
    -------
    dict of str
        ``data``, ``models`` (their names and order), ``model:…`` and ``training:…`` of each,
        ``style`` with its colours, ``panels``, ``output``, ``versions``, and each other key of the
        scene.

    Raises
    ------
    SceneError
        When its CSV file can't be read.
    """
    parts: dict[str, Any] = {"data": _data(scene.data), "models": [m.name for m in scene.models]}
    for model in scene.models:
        table = model.model_dump(mode="json", exclude={"name"})
        for part, training in (("model", False), ("training", True)):
            parts[f"{part}:{model.name}"] = {
                key: table[key] for key in table if (key in TRAINING_KEYS) is training
            }
    file = PurePosixPath(output.file)
    parts["panels"] = [panel.model_dump(mode="json") for panel in scene.shown]
    parts["style"] = [scene.style, scene.colormap]
    others = {*parts, *NOT_SHOWN, "colormap", "outputs"}
    parts |= scene.model_dump(mode="json", exclude=others)  # those that come later, too
    parts["output"] = [
        output.model_dump(mode="json", exclude={"file"}),
        file.suffix.lower() or output.file[-1:],
        preview,
    ]
    engines = sorted({model.engine for model in scene.models})
    parts["versions"] = [_film_versions(), [_training_versions(engine) for engine in engines]]
    return {name: digest_of(part) for name, part in parts.items()}


def film_key(parts: Mapping[str, str]) -> str:
    """Tell a file from all that would be another; 64 hexadecimal digits."""
    return digest_of(dict(parts))


def changed_parts(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Say in words which parts of a film differ.

    Parameters
    ----------
    before, now : mapping
        Of :func:`film_parts`.

    Returns
    -------
    str
        Such as ``"style and title changed"``; empty where nothing differs.
    """
    names = [name for name in now if before.get(name) != now[name]]
    names += [name for name in before if name not in now]
    if "models" in names:  # which models there are says it all
        names = [name for name in names if ":" not in name or name in before and name in now]
    what = list(dict.fromkeys(_in_words(name) for name in names))
    if not what:
        return ""
    listed = what[0] if len(what) == 1 else f"{', '.join(what[:-1])} and {what[-1]}"
    return f"{listed} changed"


def _in_words(part: str) -> str:
    kind, _, model = part.partition(":")
    if kind == "training":
        return f"training of '{printable(model)}'"
    if kind == "model":
        return f"model '{printable(model)}'"
    return {"models": "the models' names", "versions": "Epochreel or a package it uses"}.get(
        part, printable(part)
    )


def digest_of(value: Any) -> str:
    """Digest what JSON can hold; 64 hexadecimal digits."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(text.encode()).hexdigest()


def _data(data: DataSpec, exclude: set[str] | None = None) -> dict[str, Any]:
    table = data.model_dump(mode="json", exclude=exclude)
    if isinstance(data, CsvData):
        path = Path(data.path)
        table["path"] = [path.stem, _content(path)] if exclude is None else _content(path)
    return table


def _content(path: Path) -> str:
    try:
        status = path.stat()
        return _file_digest(path, status.st_size, status.st_mtime_ns)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SceneError(f"{printable(str(path))}: can't be read: {reason}") from None


@lru_cache(maxsize=1024)
def _file_digest(path: Path, _size: int, _mtime_ns: int) -> str:
    digest = sha256()
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


@lru_cache
def _training_versions(engine: str) -> dict[str, str]:
    """Say what a training is made with; rounding differs from one processor to another."""
    found = _versions((*TRAINING_PACKAGES, *ENGINE_PACKAGES.get(engine, ())))
    found["python"] = ".".join(map(str, sys.version_info[:2]))
    found["machine"] = f"{platform.system()} {platform.machine()}"
    found["source"] = _source_digest(("nn/**/*.py", *TRAINING_SOURCES))
    if engine == "keras":
        found["backend"] = os.environ.get("KERAS_BACKEND", "")
    return found


@lru_cache
def _film_versions() -> dict[str, str]:
    found = _versions(FILM_PACKAGES)
    found["source"] = _source_digest(("render/**/*.*", *TRAINING_SOURCES, *FILM_SOURCES))
    return found


def _versions(packages: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = ""
    return found


@lru_cache
def _source_digest(patterns: tuple[str, ...]) -> str:
    """Digest the program itself: what was made by another one is made again."""
    digest = sha256()
    for part, folder in _folders().items():
        for pattern in patterns:
            if pattern.startswith(f"{part}/"):
                for path in sorted(folder.glob(pattern.removeprefix(f"{part}/"))):
                    if "__pycache__" not in path.parts and path.is_file():
                        digest.update(f"{part}/{path.relative_to(folder).as_posix()}\0".encode())
                        digest.update(path.read_bytes())
    return digest.hexdigest()


def _folders() -> dict[str, Path]:
    folders: dict[str, Path] = {}
    for part in ("nn", "render", "scenes"):
        spec = find_spec(f"epochreel.{part}")
        if spec is not None and spec.origin is not None:
            folders[part] = Path(spec.origin).parent
    return folders
