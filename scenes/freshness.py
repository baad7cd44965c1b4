"""Whether a finished file still is what a scene asks for, told by what is kept beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from epochreel.scenes.film_record import read_record, sidecar_path
from epochreel.scenes.keys import changed_parts, film_key

__all__ = ["reason_to_make"]


def reason_to_make(folder: Path, name: PurePosixPath, parts: Mapping[str, str]) -> str | None:
    """Say why a file must be made, if it must.

    It is up to date when it is there as it was made (its length and time say so, or else its
    digest), and its record says that it was made of the same parts. A file without a record isn't
    trusted, nor is one that a killed run has put into its place and couldn't record any more.

    Parameters
    ----------
    folder : Path
        The output folder.
    name : PurePosixPath
        Of the file, under it.
    parts : mapping
        Of :func:`~epochreel.scenes.keys.film_parts`.

    Returns
    -------
    str or None
        ``None`` where it is up to date.
    """
    path = folder / name
    if not path.exists():
        return "new"
    record = read_record(sidecar_path(path))
    if record is None or not record.key:
        return "not known how it was made"
    if record.key != film_key(parts):
        return changed_parts(record.parts, parts) or "changed"
    if not record.file.matches(path):
        return "file changed"
    if record.poster is not None and not (folder / record.poster).is_file():
        return "poster missing"
    return None
