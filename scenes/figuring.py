"""Figures of a scene as files, each with its sidecar; for ``epochreel figures``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from epochreel.nn.errors import InvalidInputError, OutputError, unknown_name
from epochreel.render.looks import STYLES
from epochreel.render.writers import WRITERS
from epochreel.scenes.figure_data import FigureData
from epochreel.scenes.figure_words import WORDS, Words
from epochreel.scenes.filenames import shown_path
from epochreel.scenes.preparing import PreparedScene
from epochreel.scenes.progress import Reporter, Task
from epochreel.scenes.whole_files import write_atomically

if TYPE_CHECKING:
    from epochreel.render.style import Style

__all__ = [
    "FIGURE_FORMATS",
    "FILMED",
    "FigureFile",
    "FigureWishes",
    "check_wishes",
    "describe_figures",
    "draw",
    "make_figures",
]

WIDTHS = ("column", "slide", "blog")
"""Those of :data:`epochreel.render.figures.sheet.WIDTHS`, without loading Matplotlib."""

FIGURE_FORMATS = ("svg", "pdf", "png")
"""What a figure is written as when nothing else is asked for."""

FILMED = ("blueprint",)
"""Figures that are films as well."""

_FILM_FORMATS = tuple(suffix[1:] for suffix in WRITERS if suffix != "/")
_MEDIA_TYPES = {
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "png": "image/png",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "gif": "image/gif",
    "webp": "image/webp",
    "apng": "image/apng",
}
_VERSIONS = ("epochreel", "numpy", "matplotlib", "fonttools")


@dataclass(frozen=True)
class FigureWishes:
    """Which figures, and how; all of them as SVG, PDF and PNG when left out."""

    names: tuple[str, ...] = ()
    formats: tuple[str, ...] = FIGURE_FORMATS
    style: str = "light"
    width: str = "blog"
    model: str | None = None


@dataclass(frozen=True)
class FigureFile:
    """A finished figure, its size in pixels and how long its file is."""

    path: Path
    size_px: tuple[int, int]
    bytes: int


def check_wishes(wishes: FigureWishes, folder: Path) -> FigureWishes:
    """Check what is asked for before anything is loaded, and name all figures where none is.

    Raises
    ------
    InvalidInputError
    """
    for name in wishes.names:
        if name not in WORDS:
            raise unknown_name("figure", name, WORDS)
    for form in wishes.formats:
        if form not in (*FIGURE_FORMATS, *_FILM_FORMATS):
            raise unknown_name("format", form, (*FIGURE_FORMATS, *_FILM_FORMATS))
        for name in wishes.names:
            if form in _FILM_FORMATS and name not in FILMED:
                raise InvalidInputError(
                    f"format: {form!r} is a film's, and only 'blueprint' has one, got {name!r}"
                )
    if not wishes.formats:
        raise InvalidInputError("format: must be at least one, got none")
    if wishes.style not in STYLES:
        raise unknown_name("style", wishes.style, STYLES)
    if wishes.width not in WIDTHS:
        raise unknown_name("width", wishes.width, WIDTHS)
    blocked = next((one for one in (folder, *folder.parents) if one.exists()), folder)
    if not blocked.is_dir():
        raise InvalidInputError(f"output: must be a folder, got the file {str(blocked)!r}")
    names = tuple(dict.fromkeys(wishes.names or WORDS))
    return replace(wishes, names=names, formats=tuple(dict.fromkeys(wishes.formats)))


def make_figures(
    scene: PreparedScene, folder: Path, wishes: FigureWishes, *, reporter: Reporter
) -> list[FigureFile]:
    """Draw figures of a scene and write them, each with a sidecar.

    Parameters
    ----------
    scene : PreparedScene
        Only models that a figure needs are trained.
    folder : Path
        Made if it isn't there.
    wishes : FigureWishes
    reporter : Reporter

    Returns
    -------
    list of FigureFile

    Raises
    ------
    InvalidInputError
        For what isn't there, before anything is trained; for what a recording can't show.
    OutputError
        When a file can't be written.
    """
    wishes = check_wishes(wishes, folder)
    data = FigureData(scene, wishes.model, reporter)
    from epochreel.render.style import load_style

    style = load_style(wishes.style, scene.file.scene.colormap)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: can't be made: {error.strerror}") from error
    wanted = [
        (name, form)
        for name in wishes.names
        for form in wishes.formats
        if form in FIGURE_FORMATS or name in FILMED
    ]
    words_of = {name: WORDS[name](data) for name, _ in wanted}  # trains whatever must be
    made: list[FigureFile] = []
    reporter.start(Task("figures", "drawing figures", len(wanted), "file"))
    for done, (name, form) in enumerate(wanted):
        words = words_of[name]
        path = folder / f"{name}.{form}"
        size = _write(data, name, form, path, style, wishes.width, words)
        digest = _sidecar(path, name, form, size, wishes, data, words)
        made.append(FigureFile(path, size, digest))
        reporter.advance("figures", done + 1)
    reporter.finish("figures")
    return made


def _write(
    data: FigureData, name: str, form: str, path: Path, style: Style, width: str, words: Words
) -> tuple[int, int]:
    if form in _FILM_FORMATS:
        from epochreel.render.figures.lighting import BlueprintFilm, write_blueprint

        film = BlueprintFilm(data.arrays, style=style, width=width)
        key, done = f"film {form}", 0

        def advance(frames: int) -> None:
            nonlocal done
            done += frames
            data.reporter.advance(key, done)

        label = f"rendering {path.name}"
        data.reporter.start(Task(key, label, film.frame_count, "frame"))
        try:
            write_blueprint(film, path, on_frame=advance)
        finally:
            data.reporter.finish(key)
        return film.size
    from epochreel.render.figures.saving import save_figure

    with style.context():
        figure = draw(name, data, style=style, width=width).figure
    return save_figure(figure, path, style, title=name.replace("_", " "), alt=words.alt)


def draw(name: str, data: FigureData, **look: Any) -> Any:
    """Draw one figure of a scene; `look` is ``ax``, ``style`` and ``width``.

    Returns
    -------
    matplotlib.axes.Axes
    """
    from epochreel.render.figures import FIGURES

    module, _, function = FIGURES[name].partition(":")
    subject, options = _SUBJECTS[name](data)
    return getattr(import_module(module), function)(subject, **options, **look)


_SUBJECTS: Mapping[str, Callable[[FigureData], tuple[Any, dict[str, Any]]]] = {
    "architecture": lambda data: (data.network, {"feature_names": data.dataset.feature_names}),
    "blueprint": lambda data: (data.arrays, {}),
    "unit": lambda data: (data.layered, {"unit": data.strongest_unit()}),
    "shapes": lambda data: (data.network, {}),
    "layer_steps": lambda data: (data.arrays, {"layer": min(2, len(data.plan.layers))}),
    "activations": lambda data: (data.curves, {}),
    "dataset": lambda data: (data.dataset, {}),
    "curves": lambda data: (data.recordings, {}),
    "strip": lambda data: (data.reels, {}),
    "comparison": lambda data: (data.table, {}),
}


def _sidecar(
    path: Path, name: str, form: str, size: tuple[int, int], wishes: FigureWishes,
    data: FigureData, words: Words,
) -> int:  # fmt: skip
    """Write what is known of a file beside it; give the file's length."""
    content = path.read_bytes()
    document: dict[str, Any] = {
        "format": "epochreel figure",
        "version": 1,
        "path": path.name,
        "kind": "film" if form in _FILM_FORMATS else "figure",
        "figure": name,
        "media_type": _MEDIA_TYPES[form],
        "scene": data.scene.file.name,
        "style": wishes.style,
        "width_for": wishes.width,
        "width": size[0],
        "height": size[1],
        "alt": words.alt,
        "caption": words.caption,
        "versions": _versions(_VERSIONS),
        "file": {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()},
    }
    text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    write_atomically(path.with_name(f"{path.name}.json"), text.encode())
    return len(content)


def _versions(packages: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def describe_figures(files: Sequence[FigureFile]) -> list[str]:
    """Sum up what was made, a line for each file."""
    paths = [shown_path(file.path) for file in files]
    longest = max(map(len, paths), default=0)
    return [
        f"{path.ljust(longest)}  {file.size_px[0]}×{file.size_px[1]} px  {file.bytes / 1e3:.1f} kB"
        for path, file in zip(paths, files, strict=True)
    ]
