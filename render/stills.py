"""One moment of a film as a picture: PNG as the film has it, SVG and PDF with vectors.

In SVG and PDF, text, axes, points and the 0.5 line are vectors; the field is an image of the
frame's resolution. What only paints (isn't a :class:`~epochreel.render.panels.VectorDrawing`) is an
image in its place.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import matplotlib
import numpy as np
import numpy.typing as npt

from epochreel.nn.errors import OutputError, unknown_name
from epochreel.render.film import Film
from epochreel.render.moments import moment_at
from epochreel.render.writers import STILLS
from epochreel.render.writers.atomic import partial_path

__all__ = ["write_still"]

# without dates, and with names counted from a fixed start, bytes repeat
_METADATA: Mapping[str, Mapping[str, None]] = {
    ".svg": {"Date": None},
    ".pdf": {"CreationDate": None},
}


def write_still(film: Film, path: Path, *, at: str = "last") -> None:
    """Write one moment of a film as a picture.

    Parameters
    ----------
    film : Film
    path : Path
        Ends in ``.png``, ``.svg`` or ``.pdf``; its folder must exist. The same moment gives the
        same bytes.
    at : str
        Which moment; see :func:`~epochreel.render.moments.parse_at`.

    Raises
    ------
    InvalidInputError
        For an unknown ending, or a moment that isn't in the film.
    OutputError
        When the file can't be written.
    """
    suffix = path.suffix.lower()
    if suffix not in STILLS:
        raise unknown_name(f"{path.name}: file name's ending", suffix, STILLS)
    index = moment_at(film, at)
    partial = partial_path(path)
    try:
        if suffix == ".png":
            _write_png(film.frame(index).pixels, partial)
        else:
            _write_vectors(film, index, partial, suffix)
        os.replace(partial, path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"{path}: can't be written: {reason}") from error
    finally:
        partial.unlink(missing_ok=True)


def _write_png(pixels: npt.NDArray[np.uint8], path: Path) -> None:
    from PIL import Image

    Image.fromarray(pixels[:, :, :3]).save(path, format="PNG")


def _write_vectors(film: Film, index: int, path: Path, suffix: str) -> None:
    mpl: Any = matplotlib
    fixed = {"svg.hashsalt": "epochreel", "pdf.fonttype": 42, "image.composite_image": False}
    with film.style.context(), mpl.rc_context(fixed):
        figure = film.artists(index)
        options = cast("dict[str, Any]", {"format": suffix[1:], "metadata": _METADATA[suffix]})
        figure.savefig(path, **options)
