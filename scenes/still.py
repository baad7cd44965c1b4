"""One moment of a scene as a picture: trained as for a film, then drawn once."""

from __future__ import annotations

from pathlib import Path

from epochreel.nn.errors import InvalidInputError, unknown_name
from epochreel.nn.recording import Recording
from epochreel.render import STILLS, STYLES, write_still
from epochreel.render.moments import parse_at
from epochreel.scenes import limits
from epochreel.scenes.building import build_film
from epochreel.scenes.executors import one_blas_thread
from epochreel.scenes.preparing import PreparedScene
from epochreel.scenes.progress import Reporter
from epochreel.scenes.tasks import TrainingJob, train_model

__all__ = ["make_still", "parse_size"]


def parse_size(text: str) -> tuple[int, int]:
    """Read a size such as ``1600x1200``.

    Raises
    ------
    InvalidInputError
    """
    parts = text.lower().replace("×", "x").split("x")
    if len(parts) == 2 and all(part.isascii() and part.isdigit() for part in parts):
        size = int(parts[0]), int(parts[1])
        if all(low <= side <= high for side, (low, high) in zip(size, limits.SIZE_PX, strict=True)):
            return size
    (least_width, width), (least_height, height) = limits.SIZE_PX
    raise InvalidInputError(
        f"size: must be like '1600x1200', from {least_width}x{least_height} to {width}x{height} "
        f"px, got {text!r}"
    )


def make_still(
    scene: PreparedScene,
    path: Path,
    *,
    at: str,
    size: tuple[int, int] | None = None,
    style: str | None = None,
    reporter: Reporter,
) -> tuple[int, int]:
    """Train a scene's models and write one moment of its first film.

    Parameters
    ----------
    scene : PreparedScene
    path : Path
        Ends in ``.png``, ``.svg`` or ``.pdf``.
    at : str
        Which moment; see :func:`~epochreel.render.moments.parse_at`.
    size : tuple of int, optional
        Width and height in pixels; those of the scene's first output when left out.
    style : str, optional
        The scene's when left out.
    reporter : Reporter

    Returns
    -------
    tuple of int
        Width and height in pixels.

    Raises
    ------
    InvalidInputError
        For an unknown ending, style or moment; all but a moment past the end before any training.
    """
    if path.suffix.lower() not in STILLS:
        raise unknown_name("output: file name's ending", path.suffix.lower(), STILLS)
    if not path.parent.is_dir():
        raise InvalidInputError(f"output: must be in a folder that is there, got {str(path)!r}")
    parse_at(at)
    if style is not None and style not in STYLES:
        raise unknown_name("style", style, STYLES)
    spec = scene.file.scene
    if style is not None:
        spec = spec.model_copy(update={"style": style})
    output = spec.outputs[0]
    if size is not None:
        output = output.model_copy(update={"size": size})
    recordings: dict[str, Recording] = {}
    with one_blas_thread():
        for plan in scene.plans:
            job = TrainingJob(f"training {plan.name}", plan, scene.dataset, spec.data.standardize)
            recordings[plan.name] = train_model(job, reporter)
        film = build_film(spec, recordings, output)
        for note in film.notes:
            reporter.note(note)
        write_still(film, path, at=at)
    return film.size
