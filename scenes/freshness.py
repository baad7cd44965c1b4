"""Whether a finished file still is what a scene asks for, told by what is kept beside it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from epochreel.scenes.film_record import FilmRecord, read_record, sidecar_path
from epochreel.scenes.keys import changed_parts, film_key

__all__ = ["find_made", "reason_to_make"]


def find_made(folder: Path, name: PurePosixPath) -> FilmRecord | None:
    """Find what is known of a file that was made before; nothing if it isn't there.

    A file without a record isn't trusted: a run may have been killed between the two.
    """
    path = folder / name
    # a place where nothing can be is told of when it is to be written to
    record = read_record(sidecar_path(path)) if os.path.exists(path) else None
    return record if record is not None and record.key else None


def reason_to_make(
    folder: Path, name: PurePosixPath, record: FilmRecord | None, parts: Mapping[str, str]
) -> str | None:
    """Say why a file must be made, if it must.

    It is up to date when it is as it was made (its length and time say so, or else its digest), and
    was made of the same parts.

    Parameters
    ----------
    folder : Path
        The output folder.
    name : PurePosixPath
        Of the file, under it.
    record : FilmRecord or None
        Of :func:`find_made`.
    parts : mapping
        Of :func:`~epochreel.scenes.keys.film_parts`.

    Returns
    -------
    str or None
        ``None`` where it is up to date.
    """
    path = folder / name
    if record is None:
        return "not known how it was made" if os.path.exists(path) else "new"
    if record.key != film_key(parts):
        return changed_parts(record.parts, parts) or "changed"
    if not record.file.matches(path):
        return "file changed"
    if record.poster is not None and not (folder / record.poster).is_file():
        return "poster missing"
    return None
