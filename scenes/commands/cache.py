"""``epochreel cache``: the recordings that are kept, so that restyling needs no training."""

from __future__ import annotations

from typing import Annotated

import typer

from epochreel.scenes.commands import app, examples
from epochreel.scenes.guarding import guarded

__all__ = ["cache"]


@app.command(epilog=examples("cache", "cache --prune 500MB", "cache --clear"))
def cache(
    prune: Annotated[
        str | None,
        typer.Option(
            "--prune", metavar="SIZE", help="Remove the least recently used, down to this: 2GB."
        ),
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Remove all recordings.")] = False,
) -> None:
    """Show where recordings of trainings are kept, how many, and how large they are.

    The folder may be deleted at any time: what is missing is trained again. EPOCHREEL_CACHE names
    another one, EPOCHREEL_CACHE_SIZE how large it may get (2GB).
    """
    with guarded():
        from epochreel.nn.errors import InvalidInputError
        from epochreel.scenes.cache import RecordingCache, cache_folder, cache_limit
        from epochreel.scenes.file_lengths import parse_length, refuse_length, shown_length
        from epochreel.scenes.messages import count, printable

        if prune is not None and clear:
            raise InvalidInputError("--clear: can't be given beside --prune; give one of them")
        reason = None if prune is None else refuse_length(prune, bounded=False)
        if reason:
            raise InvalidInputError(f"--prune: {reason}, got {prune!r}")
        limit = cache_limit()
        recordings = RecordingCache(cache_folder(), limit)
        if clear:
            usage = recordings.clear()
            print(f"removed {count(usage.recordings, 'recording')}, {shown_length(usage.bytes)}")
            return
        usage = recordings.usage() if prune is None else recordings.prune(parse_length(prune))
        print(printable(str(recordings.folder)))
        print(
            f"{count(usage.recordings, 'recording')}, {shown_length(usage.bytes)} "
            f"of at most {shown_length(limit)}"
        )
