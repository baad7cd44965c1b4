"""A first scene for somebody to change."""

from __future__ import annotations

from pathlib import Path

from epochreel.nn.errors import SceneError
from epochreel.scenes.library import STARTER
from epochreel.scenes.messages import printable

__all__ = ["write_starter"]


def write_starter(path: Path, *, force: bool = False) -> None:
    """Write the commented starter scene.

    Parameters
    ----------
    path : Path
    force : bool
        Replace a file that is there.

    Raises
    ------
    SceneError
        When the file is there already, or can't be written.
    """
    text = STARTER.read_text(encoding="utf-8")
    try:
        with path.open("w" if force else "x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise SceneError(f"{printable(str(path))}: is already there; --force replaces it") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        shown = printable(str(path))
        raise SceneError(
            f"{shown}: can't be written: {(reason or 'not a file name').lower()}"
        ) from None
