"""Show what is in an output folder: the manifest for programs, the gallery for people."""

from __future__ import annotations

from pathlib import Path

from epochreel.scenes.filenames import shown_path
from epochreel.scenes.gallery import INDEX, gallery_page
from epochreel.scenes.manifest import FORMAT, MANIFEST, collect_films, write_if_changed
from epochreel.scenes.messages import printable

__all__ = ["show_films"]

_MARKS = {MANIFEST: f'"{FORMAT}"'.encode(), INDEX: b'<meta name="generator" content="Epochreel">'}
_HEAD_BYTES = 2000


def show_films(folder: Path) -> list[str]:
    """Write the manifest and the gallery of a folder, from its films' sidecars.

    Where there are no films and never were any, nothing is written.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    list of str
        What was passed over or left as it is, in a line each.

    Raises
    ------
    InvalidInputError
        When the folder isn't there.
    OutputError
        When a file can't be written.
    """
    films = collect_films(folder)
    notes = list(films.notes)
    for name, content in ((MANIFEST, films.manifest()), (INDEX, gallery_page(films))):
        path = folder / name
        if not films.scenes and not path.exists():
            continue  # nothing to show, and nothing that shows what isn't there any more
        if _is_foreign(path):
            shown = printable(shown_path(path))
            notes.append(f"{shown}: isn't Epochreel's, so it is left as it is")
        else:
            write_if_changed(path, content)
    return notes


def _is_foreign(path: Path) -> bool:
    """Tell whether somebody else's file, or a folder, is in a place of ours."""
    try:
        with path.open("rb") as file:
            return _MARKS[path.name] not in file.read(_HEAD_BYTES)
    except FileNotFoundError:
        return False
    except OSError:
        return True
